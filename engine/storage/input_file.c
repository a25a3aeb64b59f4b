#include "engine/storage/input_file.h"

#include "engine/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

rnl_status rnl_input_open(int *descriptor, uint64_t *size, const char *path)
{
    /* Without O_NONBLOCK, opening a named pipe would wait for a writer. */
    const int opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (opened < 0) {
        const bool absent = errno == ENOENT || errno == ENOTDIR;
        return rnl_fail(absent ? RNL_BAD_DATA : RNL_IO, "%s: cannot be opened: %s", path,
                        strerror(errno));
    }
    struct stat about;
    rnl_status status = RNL_OK;
    if (fstat(opened, &about) != 0)
        status = rnl_fail(RNL_IO, "%s: cannot be examined: %s", path, strerror(errno));
    else if (!S_ISREG(about.st_mode))
        status = rnl_fail(RNL_BAD_DATA, "%s: expected a file, got a %s", path,
                          S_ISDIR(about.st_mode) ? "directory" : "pipe, socket or device");
    if (status != RNL_OK) {
        close(opened);
        return status;
    }
    *descriptor = opened;
    *size = (uint64_t)about.st_size;
    return RNL_OK;
}

rnl_status rnl_input_read(int descriptor, const char *path, void *bytes, size_t count,
                          uint64_t position)
{
    char *next = bytes;
    while (count > 0) {
        const ssize_t got = pread(descriptor, next, count, (off_t)position);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return rnl_fail(RNL_IO, "%s: reading failed at byte %llu: %s", path,
                            (unsigned long long)position, strerror(errno));
        if (got == 0)
            return rnl_fail(RNL_BAD_DATA, "%s: expected %zu more bytes at byte %llu, got its end",
                            path, count, (unsigned long long)position);
        next += got;
        position += (uint64_t)got;
        count -= (size_t)got;
    }
    return RNL_OK;
}
