/*
 * IDX: two zero bytes, the type, the number of dimensions, the dimensions as big-endian 32-bit
 * numbers, the elements in row-major order, big-endian.  zlib reads plain and gzip files alike.
 */
#include "engine/data/array.h"
#include "engine/data/formats.h"
#include "engine/error.h"
#include "engine/storage/input_stream.h"
#include "engine/storage/memory_limit.h"

#include <stdlib.h>

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

static size_t big_endian(const unsigned char bytes[4])
{
    return (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
}

static rnl_status read_header_bytes(const rnl_input_stream *stream, unsigned char *bytes,
                                    size_t count)
{
    size_t got;
    RNL_TRY(rnl_stream_read(stream, bytes, count, &got));
    if (got < count)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected an IDX header, got the end of the file after %llu bytes",
                        stream->path, (unsigned long long)got);
    return RNL_OK;
}

static const idx_type *type_of(unsigned char code)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].code == code)
            return &types[i];
    return NULL;
}

static rnl_status read_header(const rnl_input_stream *stream, rnl_array *array)
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
static rnl_status check_dimensions(const rnl_input_stream *stream, rnl_array *array)
{
    char shape[RNL_SHAPE_TEXT];
    rnl_shape_text(shape, array->shape, array->rank);
    RNL_TRY(rnl_array_measure(array));
    const size_t bytes = array->count * array->type.size;
    const uint64_t header = 4 + 4 * array->rank;
    const bool direct = rnl_stream_plain(stream);
    if (direct ? header + bytes != stream->size : bytes / INFLATION_LIMIT > stream->size)
        return rnl_fail(RNL_BAD_DATA, "%s: expected %llu bytes for %s elements of %s, got %s%llu",
                        stream->path, (unsigned long long)(header + bytes), shape, array->type.name,
                        direct ? "" : "a gzip file of ", (unsigned long long)stream->size);
    return RNL_OK;
}

/* Reading on to the end also makes zlib verify its checksum. */
static rnl_status read_elements(const rnl_input_stream *stream, rnl_array *array)
{
    const size_t bytes = array->count * array->type.size;
    RNL_TRY(rnl_allocate_rows(&array->bytes, array->path, 1, bytes, 1));
    size_t got, beyond = 0;
    char excess;
    RNL_TRY(rnl_stream_read(stream, array->bytes, bytes, &got));
    if (got == bytes)
        RNL_TRY(rnl_stream_read(stream, &excess, 1, &beyond));
    if (got < bytes || beyond > 0)
        return rnl_fail(RNL_BAD_DATA, "%s: expected %zu bytes of elements, got %s%zu", stream->path,
                        bytes, beyond > 0 ? "more than " : "", got);
    return RNL_OK;
}

static rnl_status read_array(rnl_array *array, const char *path)
{
    rnl_input_stream stream;
    *array = (rnl_array){.path = path};
    RNL_TRY(rnl_stream_open(&stream, path));
    rnl_status status = read_header(&stream, array);
    if (status == RNL_OK)
        status = check_dimensions(&stream, array);
    if (status == RNL_OK)
        status = read_elements(&stream, array);
    rnl_stream_close(&stream);
    return status;
}

static rnl_status load(rnl_dataset *dataset, const void *parameters, const rnl_loading *loading)
{
    return rnl_array_load(dataset, read_array, parameters, loading);
}

const rnl_data_format rnl_idx_format = {.load = load};
