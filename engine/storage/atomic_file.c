#include "engine/storage/atomic_file.h"

#include "engine/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static rnl_status fail(const rnl_atomic_file *file, const char *action, int error)
{
    return rnl_fail(RNL_IO, "%s: %s failed, %llu bytes needed: %s", file->path, action,
                    (unsigned long long)file->size, strerror(error));
}

/* Returns "DIR/NAME.PID.N.tmp"; a long name is cut. */
static char *name_temporary(const char *target, int attempt)
{
    enum { MOST = 200 };
    const char *slash = strrchr(target, '/'), *name = slash ? slash + 1 : target;
    char *temporary = NULL;
    return asprintf(&temporary, "%.*s%.*s.%ld.%d.tmp", (int)(name - target), target, MOST, name,
                    (long)getpid(), attempt) < 0
               ? NULL
               : temporary;
}

/* Never gives more users read permission than the old file does. */
static rnl_status create_temporary(rnl_atomic_file *file)
{
    enum { ATTEMPTS = 1000 };
    const rnl_output_target *target = &file->target;
    int error = EEXIST;
    for (int attempt = 0; attempt < ATTEMPTS && error == EEXIST; ++attempt) {
        file->temporary = name_temporary(target->path, attempt);
        if (!file->temporary)
            return rnl_fail_memory(strlen(target->path) + 32);
        file->descriptor = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                                target->there ? target->mode : 0666);
        if (file->descriptor >= 0 && target->there)
            /* If it is refused, the permissions remain those that the umask leaves. */
            (void)!fchmod(file->descriptor, target->mode);
        if (file->descriptor >= 0)
            return RNL_OK;
        error = errno;
        free(file->temporary);
        file->temporary = NULL;
    }
    return fail(file, "creating a temporary file beside it", error);
}

static rnl_status open_directly(rnl_atomic_file *file)
{
    const int stream = file->target.stream;
    file->descriptor = stream > 0 ? fcntl(stream, F_DUPFD_CLOEXEC, 0)
                                  : open(file->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    return file->descriptor < 0 ? fail(file, "opening", errno) : RNL_OK;
}

static rnl_status reserve(const rnl_atomic_file *file)
{
    if (file->size == 0)
        return RNL_OK;
    int error;
    do
        error = posix_fallocate(file->descriptor, 0, (off_t)file->size);
    while (error == EINTR);
    /* Some file systems cannot reserve space; writing reports a full disk then. */
    if (error != 0 && error != EOPNOTSUPP && error != EINVAL && error != ENOSYS)
        return fail(file, "reserving space", error);
    return RNL_OK;
}

static rnl_status open_temporary(rnl_atomic_file *file)
{
    RNL_TRY(create_temporary(file));
    return reserve(file);
}

rnl_status rnl_atomic_file_open(rnl_atomic_file *file, const char *path, uint64_t size)
{
    *file = (rnl_atomic_file){.path = path, .descriptor = -1, .size = size};
    rnl_status status = rnl_output_target_find(&file->target, path);
    if (status == RNL_OK)
        status = file->target.direct ? open_directly(file) : open_temporary(file);
    if (status != RNL_OK)
        rnl_atomic_file_release(file);
    return status;
}

rnl_status rnl_atomic_file_write(rnl_atomic_file *file, const void *bytes, size_t count)
{
    const char *next = bytes;
    while (count > 0) {
        const ssize_t written = write(file->descriptor, next, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return fail(file, "writing", written < 0 ? errno : EIO);
        next += written;
        count -= (size_t)written;
        file->written += (uint64_t)written;
    }
    return RNL_OK;
}

/* Opens the directory of a path for syncing. */
static rnl_status open_directory(const char *path, int *descriptor)
{
    char *copy = strdup(path);
    if (!copy)
        return rnl_fail_memory(strlen(path) + 1);
    *descriptor = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int error = errno;
    free(copy);
    return *descriptor < 0
               ? rnl_fail(RNL_IO, "%s: opening its directory failed: %s", path, strerror(error))
               : RNL_OK;
}

static rnl_status sync_directory(const char *path, int descriptor)
{
    /* EINVAL: the file system syncs no directories. */
    if (fsync(descriptor) != 0 && errno != EINVAL)
        return rnl_fail(RNL_IO, "%s: syncing its directory failed: %s", path, strerror(errno));
    return RNL_OK;
}

/* A failed fsync is never tried again: Linux marks the pages clean that it could not write. */
static rnl_status flush(rnl_atomic_file *file)
{
    if (file->written != file->size)
        return rnl_fail(RNL_IO, "%s: expected %llu bytes to be written, got %llu", file->path,
                        (unsigned long long)file->size, (unsigned long long)file->written);
    if (file->temporary && fsync(file->descriptor) != 0)
        return fail(file, "syncing", errno);
    const int closed = close(file->descriptor);
    const int error = errno;
    file->descriptor = -1;
    return closed != 0 ? fail(file, "closing", error) : RNL_OK;
}

static rnl_status publish(rnl_atomic_file *file, int directory)
{
    if (rename(file->temporary, file->target.path) != 0)
        return fail(file, "renaming the temporary file", errno);
    free(file->temporary);
    file->temporary = NULL;
    return sync_directory(file->path, directory);
}

rnl_status rnl_atomic_file_commit(rnl_atomic_file *file)
{
    if (file->target.direct)
        return flush(file);
    int directory = -1;
    RNL_TRY(open_directory(file->target.path, &directory));
    rnl_status status = flush(file);
    if (status == RNL_OK)
        status = publish(file, directory);
    close(directory);
    return status;
}

void rnl_atomic_file_release(rnl_atomic_file *file)
{
    if (file->descriptor >= 0)
        close(file->descriptor);
    if (file->temporary)
        unlink(file->temporary);
    free(file->temporary);
    rnl_output_target_release(&file->target);
    *file = (rnl_atomic_file){.descriptor = -1};
}

/* ---- a file and the one before --------------------------------------------------------------- */

/* Refuses a device or a pipe: a rename would replace it. */
static rnl_status check_replaceable(const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0 || S_ISREG(about.st_mode))
        return RNL_OK;
    return rnl_fail(RNL_IO, "%s: expected a file to replace, got a %s", path,
                    S_ISDIR(about.st_mode) ? "directory" : "pipe, socket or device");
}

static rnl_status rename_to(const char *from, const char *to)
{
    if (rename(from, to) != 0)
        return rnl_fail(RNL_IO, "%s: renaming it to %s failed: %s", from, to, strerror(errno));
    return RNL_OK;
}

static rnl_status rotate(const char *fresh, const char *path, const char *previous)
{
    RNL_TRY(check_replaceable(path));
    if (previous && access(path, F_OK) == 0)
        RNL_TRY(rename_to(path, previous));
    return rename_to(fresh, path);
}

static rnl_status rotate_and_sync(const char *fresh, const char *path, const char *previous)
{
    int directory = -1;
    RNL_TRY(open_directory(path, &directory));
    rnl_status status = rotate(fresh, path, previous);
    if (status == RNL_OK)
        status = sync_directory(path, directory);
    close(directory);
    return status;
}

rnl_status rnl_file_rotate(const char *fresh, const char *path, bool keep)
{
    char *previous = NULL;
    rnl_status status = RNL_OK;
    if (keep && asprintf(&previous, "%s" RNL_PREVIOUS, path) < 0) {
        previous = NULL;
        status = rnl_fail_memory(strlen(path) + sizeof RNL_PREVIOUS);
    }
    if (status == RNL_OK)
        status = rotate_and_sync(fresh, path, previous);
    if (status != RNL_OK)
        unlink(fresh);
    free(previous);
    return status;
}
