#include "engine/storage/input_stream.h"

#include "engine/base/error.h"
#include "engine/storage/input_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

rnl_status rnl_stream_open(rnl_input_stream *stream, const char *path)
{
    enum { BUFFER_BYTES = 1 << 17 };
    int descriptor;
    *stream = (rnl_input_stream){.path = path};
    RNL_TRY(rnl_input_open(&descriptor, &stream->size, path));
    stream->file = gzdopen(descriptor, "rb");
    if (!stream->file) {
        close(descriptor);
        return rnl_fail_memory(BUFFER_BYTES);
    }
    gzbuffer(stream->file, BUFFER_BYTES);
    return RNL_OK;
}

void rnl_stream_close(rnl_input_stream *stream)
{
    gzclose(stream->file);
}

/* zlib's text begins with the name it has for the file, which is only a number. */
static rnl_status fail_reading(const rnl_input_stream *stream)
{
    int code;
    const char *text = gzerror(stream->file, &code);
    if (code == Z_ERRNO)
        return rnl_fail(RNL_IO, "%s: reading failed: %s", stream->path, strerror(errno));
    if (code == Z_MEM_ERROR)
        return rnl_fail(RNL_NO_MEMORY, "%s: out of memory while decompressing", stream->path);
    const char *reason = strstr(text, ": ");
    return rnl_fail(RNL_BAD_DATA, "%s: expected whole gzip data, got damaged data: %s",
                    stream->path, reason ? reason + 2 : text);
}

rnl_status rnl_stream_read(const rnl_input_stream *stream, void *bytes, size_t count, size_t *got)
{
    const size_t chunk = 1u << 30; /* gzread counts in int */
    *got = 0;
    while (*got < count) {
        const size_t left = count - *got;
        const int read =
            gzread(stream->file, (char *)bytes + *got, (unsigned)(left < chunk ? left : chunk));
        int code;
        if (read < 0 || (gzerror(stream->file, &code), code != Z_OK && code != Z_STREAM_END))
            return fail_reading(stream);
        if (read == 0)
            break;
        *got += (size_t)read;
    }
    return RNL_OK;
}

rnl_status rnl_stream_seek(const rnl_input_stream *stream, uint64_t position)
{
    return gzseek(stream->file, (z_off_t)position, SEEK_SET) >= 0 ? RNL_OK : fail_reading(stream);
}

bool rnl_stream_plain(const rnl_input_stream *stream)
{
    return gzdirect(stream->file) != 0;
}
