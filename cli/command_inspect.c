#include "cli/commands.h"
#include "cli/inspection_report.h"
#include "cli/messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The file of a run's directory, or the file itself. */
static char *path_of(const char *run)
{
    struct stat status;
    char *path = NULL;
    const bool is_file = stat(run, &status) == 0 && S_ISREG(status.st_mode);
    return asprintf(&path, is_file ? "%s" : "%s/inspect.csv", run) < 0 ? NULL : path;
}

/* The first line of failure.txt beside the file; NULL if there is none. */
static char *failure_beside(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *beside = NULL, *line = NULL;
    size_t size = 0;
    if (asprintf(&beside, "%.*sfailure.txt", slash ? (int)(slash - path + 1) : 0, path) < 0)
        return NULL;
    FILE *file = fopen(beside, "re");
    free(beside);
    if (file && getline(&line, &size, file) > 0)
        line[strcspn(line, "\n")] = '\0';
    else {
        free(line);
        line = NULL;
    }
    if (file)
        fclose(file);
    return line;
}

static int print(const char *path, const rnl_inspected_epoch *epoch, bool last)
{
    if (epoch->epoch == 0)
        printf("%s, before the first step\n\n", path);
    else
        printf("%s, after epoch %zu\n\n", path, epoch->epoch);
    if (!rnl_inspection_print_table(epoch)) {
        rnl_complain("out of memory");
        return RNL_EXIT_FAILURE;
    }
    putchar('\n');
    char *failure = last ? failure_beside(path) : NULL;
    rnl_inspection_print_findings(epoch, failure);
    free(failure);
    return RNL_EXIT_OK;
}

int rnl_command_inspect(const rnl_arguments *arguments)
{
    char *path = path_of(arguments->operands[0]);
    if (!path) {
        rnl_complain("out of memory");
        return RNL_EXIT_FAILURE;
    }
    rnl_inspected_epoch epoch;
    int code = RNL_EXIT_FAILURE;
    if (rnl_inspection_read(&epoch, path, arguments->epoch_given ? &arguments->epoch : NULL)) {
        code = print(path, &epoch, !arguments->epoch_given);
        rnl_inspection_release(&epoch);
    }
    free(path);
    return code;
}
