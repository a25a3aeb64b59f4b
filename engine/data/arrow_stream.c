/*
 * An Arrow stream, read to its end.
 */
#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/data/arrow_frame.h"

#include <stdlib.h>
#include <string.h>

static rnl_status fail_stream(const rnl_arrow_frame *frame, struct ArrowArrayStream *stream,
                              int error)
{
    const char *reason = stream->get_last_error ? stream->get_last_error(stream) : NULL;
    return rnl_fail(RNL_BAD_DATA, "%s: the Arrow stream failed: %.200s", frame->source,
                    reason ? reason : strerror(error));
}

/* Takes the array over, which the frame releases. */
static rnl_status add_chunk(rnl_arrow_frame *frame, struct ArrowArray *array)
{
    if (frame->chunk_count == frame->capacity) {
        const rnl_status status =
            rnl_grow(&frame->chunks, frame->source, &frame->capacity, sizeof *frame->chunks);
        if (status != RNL_OK) {
            array->release(array);
            return status;
        }
    }
    rnl_arrow_chunk *chunk = &frame->chunks[frame->chunk_count++];
    *chunk = (rnl_arrow_chunk){.array = *array, .first = frame->rows};
    RNL_TRY(rnl_arrow_check_chunk(frame, &chunk->array));
    chunk->rows = (size_t)chunk->array.length;
    frame->rows += chunk->rows;
    return frame->rows <= UINT32_MAX
               ? RNL_OK
               : rnl_fail(RNL_BAD_DATA, "%s: expected up to 4294967295 rows", frame->source);
}

rnl_status rnl_arrow_frame_read(rnl_arrow_frame *frame, struct ArrowArrayStream *stream,
                                const char *source)
{
    *frame = (rnl_arrow_frame){.source = source};
    if (!stream->release || !stream->get_schema || !stream->get_next)
        return rnl_fail(RNL_BAD_DATA, "%s: expected an Arrow stream that has not been released",
                        source);
    const int error = stream->get_schema(stream, &frame->schema);
    if (error) {
        frame->schema.release = NULL;
        return fail_stream(frame, stream, error);
    }
    RNL_TRY(rnl_arrow_check_schema(frame));
    for (;;) {
        struct ArrowArray array = {0};
        const int failed = stream->get_next(stream, &array);
        if (failed)
            return fail_stream(frame, stream, failed);
        if (!array.release)
            return RNL_OK;
        RNL_TRY(add_chunk(frame, &array));
    }
}

void rnl_arrow_frame_release(rnl_arrow_frame *frame)
{
    for (size_t i = 0; i < frame->chunk_count; ++i)
        frame->chunks[i].array.release(&frame->chunks[i].array);
    free(frame->chunks);
    free(frame->columns);
    rnl_text_index_release(&frame->names);
    if (frame->schema.release)
        frame->schema.release(&frame->schema);
    *frame = (rnl_arrow_frame){0};
}
