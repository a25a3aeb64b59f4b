/*
 * Files that are read from their beginning to their end, plain or compressed by gzip.
 */
#ifndef RNL_ENGINE_STORAGE_INPUT_STREAM_H
#define RNL_ENGINE_STORAGE_INPUT_STREAM_H

#include "runnel/runnel.h"

#include <stdbool.h>

typedef struct rnl_input_stream {
    const char *path;
    uint64_t size; /* on disk */
    struct gzFile_s *file;
} rnl_input_stream;

rnl_status rnl_stream_open(rnl_input_stream *stream, const char *path);
void rnl_stream_close(rnl_input_stream *stream);

/* Reads up to `count` bytes, fewer only where the data end; reading on beyond them also verifies a
 * compressed file's checksum. */
rnl_status rnl_stream_read(const rnl_input_stream *stream, void *bytes, size_t count, size_t *got);

/* Goes to a byte of the data: at once in a plain file. */
rnl_status rnl_stream_seek(const rnl_input_stream *stream, uint64_t position);

/* The file is not compressed; known after the first read. */
bool rnl_stream_plain(const rnl_input_stream *stream);

#endif
