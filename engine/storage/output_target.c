#include "engine/storage/output_target.h"

#include "engine/base/error.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_LINKS 40 /* as Linux follows */

static rnl_status fail(const char *path, int error)
{
    return rnl_fail(RNL_IO, "%s: cannot be written: %s", path, strerror(error));
}

/* The name that a link gives, which is relative to the link's directory. */
static char *name_behind(const char *link, const char *given)
{
    const char *slash = strrchr(link, '/');
    char *name = NULL;
    if (given[0] == '/' || !slash)
        return strdup(given);
    return asprintf(&name, "%.*s%s", (int)(slash + 1 - link), link, given) < 0 ? NULL : name;
}

/* The last link may lead to a file that is not there yet. */
static rnl_status follow_links(char **name, const char *path)
{
    char given[PATH_MAX];
    *name = strdup(path);
    for (int links = 0; *name; ++links) {
        const ssize_t length = readlink(*name, given, sizeof given - 1);
        if (length < 0 && (errno == EINVAL || errno == ENOENT))
            return RNL_OK;
        if (length < 0 || links == MOST_LINKS)
            return fail(path, length < 0 ? errno : ELOOP);
        given[length] = '\0';
        char *next = name_behind(*name, given);
        free(*name);
        *name = next;
    }
    return rnl_fail_memory(strlen(path) + 1);
}

static int stream_of(const struct stat *about)
{
    struct stat stream;
    for (int i = STDOUT_FILENO; i <= STDERR_FILENO; ++i)
        if (fstat(i, &stream) == 0 && stream.st_dev == about->st_dev &&
            stream.st_ino == about->st_ino)
            return i;
    return 0;
}

static rnl_status examine(rnl_output_target *target, const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return errno == ENOENT ? RNL_OK : fail(path, errno);
    if (S_ISDIR(about.st_mode))
        return fail(path, EISDIR);
    target->stream = stream_of(&about);
    target->direct = target->stream > 0 || !S_ISREG(about.st_mode);
    target->there = !target->direct;
    target->mode = about.st_mode & 0777;
    return RNL_OK;
}

rnl_status rnl_output_target_find(rnl_output_target *target, const char *path)
{
    *target = (rnl_output_target){0};
    rnl_status status = examine(target, path);
    /* A link of /proc to a pipe has a text that is no path. */
    if (status == RNL_OK && !target->direct)
        status = follow_links(&target->path, path);
    if (status != RNL_OK)
        rnl_output_target_release(target);
    return status;
}

void rnl_output_target_release(rnl_output_target *target)
{
    free(target->path);
    *target = (rnl_output_target){0};
}
