/*
 * IDX: two zero bytes, the type, the number of dimensions, the dimensions as big-endian 32-bit
 * numbers, the elements in row-major order, big-endian.  zlib reads plain and gzip files alike.
 */
#include "engine/data/array.h"
#include "engine/data/formats.h"
#include "engine/error.h"
#include "engine/storage/input_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* A byte of deflate makes at most this many: 2 bits stand for 258. */
#define INFLATION_LIMIT 1032

typedef struct idx_type {
    unsigned char code;
    rnl_number_type type;
} idx_type;

static const idx_type types[] = {
    {0x08, {RNL_UNSIGNED, 1, true, "uint8"}},   {0x09, {RNL_SIGNED, 1, true, "int8"}},
    {0x0b, {RNL_SIGNED, 2, true, "int16"}},     {0x0c, {RNL_SIGNED, 4, true, "int32"}},
    {0x0d, {RNL_FLOATING, 4, true, "float32"}}, {0x0e, {RNL_FLOATING, 8, true, "float64"}},
};

typedef struct idx_stream {
    const char *path;
    uint64_t size; /* on disk */
    gzFile file;
} idx_stream;

static size_t big_endian(const unsigned char bytes[4])
{
    return (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
}

/* ---- reading ------------------------------------------------------------------------------- */

static rnl_status stream_open(idx_stream *stream, const char *path)
{
    enum { BUFFER_BYTES = 1 << 17 };
    int descriptor;
    *stream = (idx_stream){.path = path};
    RNL_TRY(rnl_input_open(&descriptor, &stream->size, path));
    stream->file = gzdopen(descriptor, "rb");
    if (!stream->file) {
        close(descriptor);
        return rnl_fail_memory(BUFFER_BYTES);
    }
    gzbuffer(stream->file, BUFFER_BYTES);
    return RNL_OK;
}

/* zlib's text begins with the name it has for the file, which is only a number. */
static rnl_status fail_reading(const idx_stream *stream)
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

/* Reads up to `count` bytes, fewer only where the file ends. */
static rnl_status stream_read(const idx_stream *stream, void *bytes, size_t count, size_t *got)
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

static rnl_status read_header_bytes(const idx_stream *stream, unsigned char *bytes, size_t count)
{
    size_t got;
    RNL_TRY(stream_read(stream, bytes, count, &got));
    if (got < count)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected an IDX header, got the end of the file after %llu bytes",
                        stream->path, (unsigned long long)gztell(stream->file));
    return RNL_OK;
}

static const idx_type *type_of(unsigned char code)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].code == code)
            return &types[i];
    return NULL;
}

static rnl_status read_header(const idx_stream *stream, rnl_array *array)
{
    unsigned char start[4], dimensions[4 * RNL_MAX_RANK];
    RNL_TRY(read_header_bytes(stream, start, sizeof start));
    const idx_type *type = type_of(start[2]);
    array->rank = start[3];
    if (start[0] != 0 || start[1] != 0 || !type)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected an IDX file, which begins with two zero bytes and a type "
                        "from 08 to 0e, got the bytes %02x %02x %02x",
                        stream->path, start[0], start[1], start[2]);
    array->type = type->type;
    if (array->rank < 1 || array->rank > RNL_MAX_RANK)
        return rnl_fail(RNL_BAD_DATA, "%s: expected 1 to %d dimensions, got %zu", stream->path,
                        RNL_MAX_RANK, array->rank);
    RNL_TRY(read_header_bytes(stream, dimensions, 4 * array->rank));
    for (size_t i = 0; i < array->rank; i++)
        array->shape[i] = big_endian(dimensions + 4 * i);
    return RNL_OK;
}

/* Before anything is allocated, the dimensions must fit the size of the file. */
static rnl_status check_dimensions(const idx_stream *stream, rnl_array *array)
{
    char shape[RNL_SHAPE_TEXT];
    rnl_shape_text(shape, array->shape, array->rank);
    RNL_TRY(rnl_array_measure(array));
    const size_t bytes = array->count * array->type.size;
    const uint64_t header = 4 + 4 * array->rank;
    const bool direct = gzdirect(stream->file) != 0;
    if (direct ? header + bytes != stream->size : bytes / INFLATION_LIMIT > stream->size)
        return rnl_fail(RNL_BAD_DATA, "%s: expected %llu bytes for %s elements of %s, got %s%llu",
                        stream->path, (unsigned long long)(header + bytes), shape, array->type.name,
                        direct ? "" : "a gzip file of ", (unsigned long long)stream->size);
    return RNL_OK;
}

/* Reading on to the end also makes zlib verify its checksum. */
static rnl_status read_elements(const idx_stream *stream, rnl_array *array)
{
    const size_t bytes = array->count * array->type.size;
    array->bytes = malloc(bytes);
    if (!array->bytes)
        return rnl_fail_memory(bytes);
    size_t got, beyond = 0;
    char excess;
    RNL_TRY(stream_read(stream, array->bytes, bytes, &got));
    if (got == bytes)
        RNL_TRY(stream_read(stream, &excess, 1, &beyond));
    if (got < bytes || beyond > 0)
        return rnl_fail(RNL_BAD_DATA, "%s: expected %zu bytes of elements, got %s%zu", stream->path,
                        bytes, beyond > 0 ? "more than " : "", got);
    return RNL_OK;
}

static rnl_status read_array(rnl_array *array, const char *path)
{
    idx_stream stream;
    *array = (rnl_array){.path = path};
    RNL_TRY(stream_open(&stream, path));
    rnl_status status = read_header(&stream, array);
    if (status == RNL_OK)
        status = check_dimensions(&stream, array);
    if (status == RNL_OK)
        status = read_elements(&stream, array);
    gzclose(stream.file);
    return status;
}

static rnl_status load(rnl_dataset *dataset, const void *parameters, uint64_t seed)
{
    (void)seed;
    const rnl_array_files *files = parameters;
    return rnl_array_load_pair(dataset, read_array, files->inputs, files->targets);
}

const rnl_data_format rnl_idx_format = {.load = load};
