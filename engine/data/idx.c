/*
 * IDX: two zero bytes, the type, the number of dimensions, the dimensions as big-endian 32-bit
 * numbers, the elements in row-major order, big-endian.  zlib reads plain and gzip files alike.
 */
#include "engine/base/error.h"
#include "engine/data/array.h"
#include "engine/data/content.h"
#include "engine/data/formats.h"

#include <string.h>

#include <stdlib.h>

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
    for (size_t i = 0; i < sizeof types / sizeof *types; ++i)
        if (types[i].code == code)
            return &types[i];
    return NULL;
}

static rnl_status read_header(rnl_array *array, const rnl_input_stream *stream, uint64_t *bytes)
{
    unsigned char start[4], dimensions[4 * RNL_MAX_RANK];
    RNL_TRY(read_header_bytes(stream, start, sizeof start));
    const idx_type *type = type_of(start[2]);
    array->rank = start[3];
    const bool begins_well = start[0] == 0 && start[1] == 0;
    const char *other = begins_well ? NULL : rnl_content_name(start, sizeof start);
    if (!begins_well || !type)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected an IDX file, which begins with two zero bytes and a type "
                        "from 08 to 0e, got %s%s%02x %02x %02x",
                        stream->path, other ? other : "the bytes ",
                        other ? ", which begins with " : "", start[0], start[1], start[2]);
    array->type = type->type;
    if (array->rank < 1 || array->rank > RNL_MAX_RANK)
        return rnl_fail(RNL_BAD_DATA, "%s: expected 1 to %d dimensions, got %zu", stream->path,
                        RNL_MAX_RANK, array->rank);
    RNL_TRY(read_header_bytes(stream, dimensions, 4 * array->rank));
    for (size_t i = 0; i < array->rank; ++i)
        array->shape[i] = big_endian(dimensions + 4 * i);
    *bytes = 4 + 4 * array->rank;
    return RNL_OK;
}

static rnl_status load(rnl_dataset *dataset, const void *parameters, const rnl_loading *loading)
{
    return rnl_array_load(dataset, read_header, parameters, loading);
}

static rnl_status read_held(rnl_dataset *dataset, const void *parameters,
                            const rnl_encoding *encoding)
{
    (void)encoding;
    return rnl_array_read_held(dataset, read_header, parameters);
}

static bool add_need(rnl_data_need *need, const void *parameters, const rnl_loading *loading)
{
    return rnl_array_add_need(need, read_header, parameters, loading);
}

const rnl_data_format rnl_idx_format = {
    .add_need = add_need, .load = load, .read_held = read_held, .list_files = rnl_array_list_files};
