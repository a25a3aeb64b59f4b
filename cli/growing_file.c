#include "cli/growing_file.h"
#include "cli/messages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool rnl_growing_file_open(rnl_growing_file *file, const char *path, int flags)
{
    *file = (rnl_growing_file){.path = path};
    file->descriptor = open(path, O_WRONLY | O_CLOEXEC | flags, 0666);
    return file->descriptor >= 0;
}

/* Memory for what comes is had before anything is written, so that nothing is torn and then lost.
 */
static bool keep(rnl_growing_file *file, const void *bytes, size_t count)
{
    char *kept = realloc(file->kept, file->kept_count + count);
    if (!kept)
        return false;
    memcpy(kept + file->kept_count, bytes, count);
    file->kept = kept;
    file->kept_count += count;
    return true;
}

/* Takes back what was written of something; what cannot be taken back stays. */
static size_t take_back(const rnl_growing_file *file, size_t done)
{
    const off_t end = done > 0 ? lseek(file->descriptor, 0, SEEK_CUR) : -1;
    const off_t start = end - (off_t)done;
    if (end < 0 || ftruncate(file->descriptor, start) != 0)
        return done;
    lseek(file->descriptor, start, SEEK_SET);
    return 0;
}

/* Writes all or nothing: a reader, or a run resumed after a kill, finds no half block. */
static void write_kept(rnl_growing_file *file)
{
    size_t done = 0;
    file->error = 0;
    while (done < file->kept_count && !file->error) {
        const ssize_t count = write(file->descriptor, file->kept + done, file->kept_count - done);
        if (count > 0)
            done += (size_t)count;
        else if (count == 0 || errno != EINTR)
            file->error = count == 0 ? EIO : errno;
    }
    if (file->error)
        done = take_back(file, done);
    file->kept_count -= done;
    if (file->kept_count > 0)
        memmove(file->kept, file->kept + done, file->kept_count);
}

void rnl_growing_file_add(rnl_growing_file *file, const void *bytes, size_t count)
{
    const bool failed_before = file->error != 0;
    if (!keep(file, bytes, count)) {
        file->lost = true;
        return;
    }
    write_kept(file);
    if (file->error && !failed_before)
        rnl_complain("warning: cannot write %s: %s; what belongs there is kept until there is room",
                     file->path, strerror(file->error));
    else if (!file->error && failed_before)
        rnl_complain("%s: all is written again", file->path);
}

bool rnl_growing_file_close(rnl_growing_file *file)
{
    write_kept(file);
    if (file->lost)
        file->error = ENOMEM;
    if (fsync(file->descriptor) != 0 && !file->error && errno != EINVAL)
        file->error = errno;
    if (close(file->descriptor) != 0 && !file->error)
        file->error = errno;
    if (file->error)
        rnl_complain("cannot write %s: %s", file->path, strerror(file->error));
    free(file->kept);
    return !file->error;
}
