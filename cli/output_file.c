#include "cli/output_file.h"
#include "cli/messages.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_LINKS    40  /* as Linux follows */
#define MOST_ATTEMPTS 100 /* at a temporary name */
#define MOST_OF_NAME  200 /* bytes of it in the temporary one */

static bool complain(const char *path, int error)
{
    rnl_complain("cannot write %s: %s", path, strerror(error));
    return false;
}

/* ---- where it goes --------------------------------------------------------------------------- */

/* The part of a path that names the directory, with its slash. */
static int directory_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (int)(slash + 1 - path) : 0;
}

static char *name_behind(const char *link, const char *given)
{
    char *name = NULL;
    const int length = given[0] == '/' ? 0 : directory_length(link);
    return asprintf(&name, "%.*s%s", length, link, given) < 0 ? NULL : name;
}

/* The last link may lead to a file that is not there yet.  NULL with errno if that fails. */
static char *behind_links(const char *path)
{
    char given[PATH_MAX];
    char *name = strdup(path);
    for (int links = 0; name; ++links) {
        const ssize_t length = readlink(name, given, sizeof given - 1);
        if (length < 0)
            return name;
        given[length] = '\0';
        char *next = links < MOST_LINKS ? name_behind(name, given) : NULL;
        free(name);
        name = next;
        errno = links < MOST_LINKS ? ENOMEM : ELOOP;
    }
    return NULL;
}

static bool same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The standard stream that goes to the file, else -1. */
static int stream_of(const struct stat *about)
{
    struct stat stream;
    for (int i = STDOUT_FILENO; i <= STDERR_FILENO; ++i)
        if (fstat(i, &stream) == 0 && same(about, &stream))
            return i;
    return -1;
}

/* ---- opening --------------------------------------------------------------------------------- */

static int create_temporary(rnl_output_file *output, mode_t mode)
{
    const int directory = directory_length(output->target);
    for (int attempt = 0; attempt < MOST_ATTEMPTS; ++attempt) {
        if (asprintf(&output->temporary, "%.*s%.*s.%ld.%d.tmp", directory, output->target,
                     MOST_OF_NAME, output->target + directory, (long)getpid(), attempt) < 0) {
            output->temporary = NULL;
            return -1;
        }
        const int descriptor =
            open(output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (descriptor >= 0 || errno != EEXIST)
            return descriptor;
        free(output->temporary);
        output->temporary = NULL;
    }
    return -1;
}

/* Opens a file with the permissions of the old one, never readable by more users. */
static int open_beside(rnl_output_file *output, const struct stat *old)
{
    output->target = behind_links(output->path);
    if (!output->target)
        return -1;
    const int descriptor = create_temporary(output, old ? old->st_mode & 0777 : 0666);
    if (descriptor >= 0 && old)
        /* A refusal leaves the permissions that the umask does not take. */
        (void)!fchmod(descriptor, old->st_mode & 0777);
    return descriptor;
}

static int open_as_it_is(const rnl_output_file *output, int stream)
{
    return stream >= 0 ? fcntl(stream, F_DUPFD_CLOEXEC, 0)
                       : open(output->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
}

static int open_any(rnl_output_file *output)
{
    struct stat about;
    if (stat(output->path, &about) != 0)
        return errno == ENOENT ? open_beside(output, NULL) : -1;
    const int stream = stream_of(&about);
    if (stream >= 0 || !S_ISREG(about.st_mode))
        return open_as_it_is(output, stream);
    return open_beside(output, &about);
}

static void release(rnl_output_file *output)
{
    if (output->temporary)
        unlink(output->temporary);
    free(output->temporary);
    free(output->target);
}

/* The stream forgets why a write failed, and may write again behind the gap. */
static ssize_t write_all(void *cookie, const char *bytes, size_t count)
{
    rnl_output_file *output = cookie;
    for (size_t done = 0; done < count && !output->error;) {
        const ssize_t written = write(output->descriptor, bytes + done, count - done);
        if (written > 0)
            done += (size_t)written;
        else if (written == 0 || errno != EINTR)
            output->error = written == 0 ? EIO : errno;
    }
    return output->error ? 0 : (ssize_t)count;
}

bool rnl_output_open(rnl_output_file *output, const char *path)
{
    *output = (rnl_output_file){.path = path};
    fflush(stdout); /* what was printed before stands before */
    output->descriptor = open_any(output);
    if (output->descriptor >= 0)
        output->file = fopencookie(output, "w", (cookie_io_functions_t){.write = write_all});
    if (output->file)
        return true;
    complain(path, errno);
    if (output->descriptor >= 0)
        close(output->descriptor);
    release(output);
    return false;
}

/* ---- closing --------------------------------------------------------------------------------- */

static bool sync_directory(const char *path)
{
    char *name = NULL;
    if (asprintf(&name, "%.*s.", directory_length(path), path) < 0)
        return false;
    const int directory = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(name);
    /* EINVAL: the file system syncs no directories. */
    const bool synced = directory >= 0 && (fsync(directory) == 0 || errno == EINVAL);
    const int error = errno;
    if (directory >= 0)
        close(directory);
    errno = error;
    return synced;
}

static bool publish(rnl_output_file *output)
{
    if (rename(output->temporary, output->target) != 0)
        return false;
    free(output->temporary);
    output->temporary = NULL;
    return sync_directory(output->target);
}

static void note(rnl_output_file *output, bool right)
{
    if (!right && !output->error)
        output->error = errno;
}

bool rnl_output_close(rnl_output_file *output, bool whole)
{
    note(output, fclose(output->file) == 0);
    if (whole && !output->error)
        note(output, !output->temporary || fsync(output->descriptor) == 0);
    note(output, close(output->descriptor) == 0);
    if (whole && !output->error && output->temporary)
        note(output, publish(output));
    if (whole && output->error)
        complain(output->path, output->error);
    release(output);
    return whole && !output->error;
}

/* ---- files that are there -------------------------------------------------------------------- */

bool rnl_output_remove(const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0 || !S_ISREG(about.st_mode))
        return true;
    char *target = behind_links(path);
    const bool removed = target && (unlink(target) == 0 || errno == ENOENT);
    if (!removed)
        rnl_complain("cannot remove %s: %s", path, strerror(errno));
    free(target);
    return removed;
}

static bool complain_input(const char *output)
{
    rnl_complain("%s is read from: it would be replaced by what is made of it", output);
    return true;
}

bool rnl_output_is_input(const char *output, const char *input)
{
    struct stat to, from;
    return input && stat(output, &to) == 0 && S_ISREG(to.st_mode) && stat(input, &from) == 0 &&
           same(&to, &from) && complain_input(output);
}

bool rnl_output_is_data(const char *output, const rnl_config *config)
{
    return rnl_config_reads(config, output) && complain_input(output);
}
