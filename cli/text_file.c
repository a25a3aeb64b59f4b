#include "cli/text_file.h"
#include "cli/messages.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

char *rnl_path_of(const char *directory, const char *name)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s", directory, name) < 0) {
        rnl_complain_memory();
        return NULL;
    }
    return path;
}

char *rnl_run_file(const char *run, const char *name)
{
    struct stat about;
    if (stat(run, &about) != 0 || !S_ISREG(about.st_mode))
        return rnl_path_of(run, name);
    char *path = strdup(run);
    if (!path)
        rnl_complain_memory();
    return path;
}

char *rnl_text_read(const char *path)
{
    char *text = NULL;
    size_t capacity = 0;
    FILE *in = fopen(path, "re");
    const ssize_t length = in ? getdelim(&text, &capacity, '\0', in) : -1;
    if (!in || (length < 0 && !feof(in))) {
        rnl_complain("cannot read %s: %s", path, strerror(errno));
        free(text);
        text = NULL;
    } else if (length < 0) {
        free(text);
        text = strdup("");
    }
    if (in)
        fclose(in);
    return text;
}
