/*
 * IDX: two zero bytes, the type, the number of dimensions, the dimensions as big-endian 32-bit
 * numbers, the elements in row-major order, big-endian.  zlib reads plain and gzip files alike.
 */
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

typedef enum idx_code {
    IDX_UINT8 = 0x08,
    IDX_INT8 = 0x09,
    IDX_INT16 = 0x0b,
    IDX_INT32 = 0x0c,
    IDX_FLOAT32 = 0x0d,
    IDX_FLOAT64 = 0x0e
} idx_code;

typedef struct idx_type {
    idx_code code;
    const char *name;
    size_t size;
    bool integer;
} idx_type;

static const idx_type types[] = {
    {IDX_UINT8, "uint8", 1, true},      {IDX_INT8, "int8", 1, true},
    {IDX_INT16, "int16", 2, true},      {IDX_INT32, "int32", 4, true},
    {IDX_FLOAT32, "float32", 4, false}, {IDX_FLOAT64, "float64", 8, false},
};

typedef struct idx_array {
    const char *path;
    const idx_type *type;
    size_t rank;
    size_t shape[RNL_MAX_RANK];
    size_t count;         /* of elements */
    unsigned char *bytes; /* the elements as in the file */
} idx_array;

typedef struct idx_stream {
    const char *path;
    uint64_t size; /* on disk */
    gzFile file;
} idx_stream;

static uint64_t big_endian(const unsigned char *bytes, size_t count)
{
    uint64_t number = 0;
    for (size_t i = 0; i < count; i++)
        number = number << 8 | bytes[i];
    return number;
}

static double element_at(const idx_array *array, size_t i)
{
    const size_t size = array->type->size;
    const uint64_t bits = big_endian(array->bytes + i * size, size);
    const uint32_t low = (uint32_t)bits;
    float narrow;
    double wide;
    switch (array->type->code) {
    case IDX_UINT8:
        return (double)bits;
    case IDX_INT8:
        return (int8_t)bits;
    case IDX_INT16:
        return (int16_t)bits;
    case IDX_INT32:
        return (int32_t)bits;
    case IDX_FLOAT32:
        memcpy(&narrow, &low, sizeof narrow);
        return (double)narrow;
    case IDX_FLOAT64:
        memcpy(&wide, &bits, sizeof wide);
        return wide;
    }
    __builtin_unreachable();
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
        if ((unsigned char)types[i].code == code)
            return &types[i];
    return NULL;
}

static rnl_status read_header(const idx_stream *stream, idx_array *array)
{
    unsigned char start[4], dimensions[4 * RNL_MAX_RANK];
    RNL_TRY(read_header_bytes(stream, start, sizeof start));
    array->type = type_of(start[2]);
    array->rank = start[3];
    if (start[0] != 0 || start[1] != 0 || !array->type)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected an IDX file, which begins with two zero bytes and a type "
                        "from 08 to 0e, got the bytes %02x %02x %02x",
                        stream->path, start[0], start[1], start[2]);
    if (array->rank < 1 || array->rank > RNL_MAX_RANK)
        return rnl_fail(RNL_BAD_DATA, "%s: expected 1 to %d dimensions, got %zu", stream->path,
                        RNL_MAX_RANK, array->rank);
    RNL_TRY(read_header_bytes(stream, dimensions, 4 * array->rank));
    for (size_t i = 0; i < array->rank; i++)
        array->shape[i] = (size_t)big_endian(dimensions + 4 * i, 4);
    return RNL_OK;
}

/* Before anything is allocated, the dimensions must fit the size of the file. */
static rnl_status check_dimensions(const idx_stream *stream, idx_array *array)
{
    char shape[RNL_SHAPE_TEXT];
    rnl_shape_text(shape, array->shape, array->rank);
    size_t bytes = array->type->size;
    bool fits = true;
    for (size_t i = 0; i < array->rank; i++) {
        if (array->shape[i] == 0)
            return rnl_fail(RNL_BAD_DATA, "%s: expected dimensions of at least 1, got %s",
                            stream->path, shape);
        fits = fits && !__builtin_mul_overflow(bytes, array->shape[i], &bytes);
    }
    if (!fits || bytes > PTRDIFF_MAX)
        return rnl_fail(RNL_BAD_DATA, "%s: expected dimensions that fit in memory, got %s",
                        stream->path, shape);
    array->count = bytes / array->type->size;
    const uint64_t header = 4 + 4 * array->rank;
    const bool direct = gzdirect(stream->file) != 0;
    if (direct ? header + bytes != stream->size : bytes / INFLATION_LIMIT > stream->size)
        return rnl_fail(RNL_BAD_DATA, "%s: expected %llu bytes for %s elements of %s, got %s%llu",
                        stream->path, (unsigned long long)(header + bytes), shape,
                        array->type->name, direct ? "" : "a gzip file of ",
                        (unsigned long long)stream->size);
    return RNL_OK;
}

/* Reading on to the end also makes zlib verify its checksum. */
static rnl_status read_elements(const idx_stream *stream, idx_array *array)
{
    const size_t bytes = array->count * array->type->size;
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

static rnl_status read_array(idx_array *array, const char *path)
{
    idx_stream stream;
    *array = (idx_array){.path = path};
    RNL_TRY(stream_open(&stream, path));
    rnl_status status = read_header(&stream, array);
    if (status == RNL_OK)
        status = check_dimensions(&stream, array);
    if (status == RNL_OK)
        status = read_elements(&stream, array);
    gzclose(stream.file);
    return status;
}

/* ---- what a dataset makes of it ------------------------------------------------------------ */

static rnl_status take_inputs(rnl_dataset *dataset, idx_array *array)
{
    dataset->rows = array->shape[0];
    dataset->features = array->count / array->shape[0];
    /* Rows of a single number: a shape of its own, so that every row has one. */
    dataset->rank = array->rank > 1 ? array->rank - 1 : 1;
    dataset->shape[0] = 1;
    for (size_t i = 1; i < array->rank; i++)
        dataset->shape[i - 1] = array->shape[i];
    if (array->type->code == IDX_UINT8) {
        dataset->element = RNL_UINT8;
        dataset->inputs = array->bytes;
        array->bytes = NULL;
        return RNL_OK;
    }
    float *inputs = malloc(array->count * sizeof *inputs);
    if (!inputs)
        return rnl_fail_memory(array->count * sizeof *inputs);
    for (size_t i = 0; i < array->count; i++)
        inputs[i] = (float)element_at(array, i);
    dataset->element = RNL_FLOAT32;
    dataset->inputs = inputs;
    return RNL_OK;
}

static rnl_status take_labels(rnl_dataset *dataset, const idx_array *array)
{
    char shape[RNL_SHAPE_TEXT];
    rnl_shape_text(shape, array->shape, array->rank);
    if (array->rank != 1)
        return rnl_fail(RNL_BAD_DATA, "%s: expected class numbers in 1 dimension, got %s",
                        array->path, shape);
    if (!array->type->integer)
        return rnl_fail(RNL_BAD_DATA, "%s: expected class numbers of an integer type, got %s",
                        array->path, array->type->name);
    if (array->count != dataset->rows)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected %zu class numbers, one for each row of inputs, got %zu",
                        array->path, dataset->rows, array->count);
    dataset->labels = malloc(array->count * sizeof *dataset->labels);
    if (!dataset->labels)
        return rnl_fail_memory(array->count * sizeof *dataset->labels);
    for (size_t i = 0; i < array->count; i++) {
        dataset->labels[i] = (int32_t)element_at(array, i);
        if (dataset->labels[i] < 0)
            return rnl_fail(RNL_BAD_DATA, "%s: row %zu: expected a class number from 0, got %d",
                            array->path, i, (int)dataset->labels[i]);
    }
    return RNL_OK;
}

static rnl_status load_inputs(rnl_dataset *dataset, const char *path)
{
    idx_array array;
    rnl_status status = read_array(&array, path);
    if (status == RNL_OK)
        status = take_inputs(dataset, &array);
    free(array.bytes);
    return status;
}

static rnl_status load_labels(rnl_dataset *dataset, const char *path)
{
    idx_array array;
    rnl_status status = read_array(&array, path);
    if (status == RNL_OK)
        status = take_labels(dataset, &array);
    free(array.bytes);
    return status;
}

static rnl_status load(rnl_dataset *dataset, const void *parameters, uint64_t seed)
{
    (void)seed;
    const rnl_idx_parameters *paths = parameters;
    *dataset = (rnl_dataset){0};
    if (asprintf(&dataset->name, "%s, %s", paths->inputs, paths->targets) < 0)
        return rnl_fail_memory(strlen(paths->inputs) + strlen(paths->targets) + 3);
    rnl_status status = load_inputs(dataset, paths->inputs);
    if (status == RNL_OK)
        status = load_labels(dataset, paths->targets);
    if (status != RNL_OK) {
        rnl_dataset_release(dataset);
        return status;
    }
    rnl_dataset_measure_labels(dataset);
    return RNL_OK;
}

const rnl_data_format rnl_idx_format = {.load = load};
