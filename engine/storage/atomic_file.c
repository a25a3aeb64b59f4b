#include "engine/storage/atomic_file.h"

#include "engine/error.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static rnl_status fail(const rnl_atomic_file *file, const char *action, int error)
{
    return rnl_fail(RNL_IO, "%s: %s failed, %llu bytes needed: %s", file->path, action,
                    (unsigned long long)file->size, strerror(error));
}

static rnl_status create_temporary(rnl_atomic_file *file)
{
    enum { ATTEMPTS = 1000 };
    int error = EEXIST;
    for (int attempt = 0; attempt < ATTEMPTS && error == EEXIST; attempt++) {
        if (asprintf(&file->temporary, "%s.%ld.%d.tmp", file->path, (long)getpid(), attempt) < 0) {
            file->temporary = NULL;
            return rnl_fail_memory(strlen(file->path) + 32);
        }
        file->descriptor = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file->descriptor >= 0)
            return RNL_OK;
        error = errno;
        free(file->temporary);
        file->temporary = NULL;
    }
    return fail(file, "creating a temporary file beside it", error);
}

static rnl_status reserve(const rnl_atomic_file *file)
{
    if (file->size == 0)
        return RNL_OK;
    int error;
    do
        error = posix_fallocate(file->descriptor, 0, (off_t)file->size);
    while (error == EINTR);
    /* A file system may know no reservation; writing will then find out. */
    if (error != 0 && error != EOPNOTSUPP && error != EINVAL && error != ENOSYS)
        return fail(file, "reserving space", error);
    return RNL_OK;
}

rnl_status rnl_atomic_file_open(rnl_atomic_file *file, const char *path, uint64_t size)
{
    *file = (rnl_atomic_file){.path = path, .descriptor = -1, .size = size};
    rnl_status status = create_temporary(file);
    if (status == RNL_OK)
        status = reserve(file);
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

/* The directory of a path, open for syncing. */
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
    if (fsync(file->descriptor) != 0)
        return fail(file, "syncing", errno);
    const int closed = close(file->descriptor);
    const int error = errno;
    file->descriptor = -1;
    return closed != 0 ? fail(file, "closing", error) : RNL_OK;
}

static rnl_status publish(rnl_atomic_file *file, int directory)
{
    if (rename(file->temporary, file->path) != 0)
        return fail(file, "renaming the temporary file", errno);
    free(file->temporary);
    file->temporary = NULL;
    return sync_directory(file->path, directory);
}

rnl_status rnl_atomic_file_commit(rnl_atomic_file *file)
{
    int directory = -1;
    RNL_TRY(open_directory(file->path, &directory));
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
    *file = (rnl_atomic_file){.descriptor = -1};
}

static rnl_status rename_two(const char *fresh, const char *path, const char *previous)
{
    if (rename(path, previous) != 0 && errno != ENOENT)
        return rnl_fail(RNL_IO, "%s: renaming it to %s failed: %s", path, previous,
                        strerror(errno));
    if (rename(fresh, path) != 0)
        return rnl_fail(RNL_IO, "%s: renaming it to %s failed: %s", fresh, path, strerror(errno));
    return RNL_OK;
}

rnl_status rnl_file_rotate(const char *fresh, const char *path)
{
    char *previous;
    if (asprintf(&previous, "%s" RNL_PREVIOUS, path) < 0)
        return rnl_fail_memory(strlen(path) + sizeof RNL_PREVIOUS);
    int directory = -1;
    rnl_status status = open_directory(path, &directory);
    if (status == RNL_OK) {
        status = rename_two(fresh, path, previous);
        if (status == RNL_OK)
            status = sync_directory(path, directory);
        close(directory);
    }
    free(previous);
    return status;
}
