#include "cli/run_directory.h"
#include "cli/messages.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((format(printf, 1, 2))) static char *format_path(const char *format, ...)
{
    char *path = NULL;
    va_list values;
    va_start(values, format);
    if (vasprintf(&path, format, values) < 0)
        path = NULL;
    va_end(values);
    return path;
}

bool rnl_run_directory_name(rnl_run_directory *directory, const char *output, const char *name)
{
    *directory = (rnl_run_directory){.path = output ? format_path("%s", output)
                                                    : format_path("runs/%s", name)};
    if (directory->path) {
        directory->model = format_path("%s/model.safetensors", directory->path);
        directory->history = format_path("%s/history.csv", directory->path);
    }
    if (directory->model && directory->history)
        return true;
    rnl_complain("out of memory");
    return false;
}

void rnl_run_directory_release(rnl_run_directory *directory)
{
    free(directory->path);
    free(directory->model);
    free(directory->history);
}

const char *rnl_run_directory_occupied(const rnl_run_directory *directory)
{
    if (access(directory->model, F_OK) == 0)
        return directory->model;
    if (access(directory->history, F_OK) == 0)
        return directory->history;
    return NULL;
}

/* An existing file in place of the directory is answered like one that cannot be made. */
static int make_one(const char *path)
{
    struct stat status;
    if (mkdir(path, 0777) == 0)
        return 0;
    if (errno != EEXIST || stat(path, &status) != 0)
        return errno;
    return S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
}

bool rnl_run_directory_make(const rnl_run_directory *directory)
{
    char *path = directory->path;
    int error = 0;
    for (char *slash = strchr(path + 1, '/'); slash && !error; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        error = make_one(path);
        *slash = '/';
    }
    if (!error)
        error = make_one(path);
    if (error)
        rnl_complain("cannot make the directory %s: %s", path, strerror(error));
    return !error;
}
