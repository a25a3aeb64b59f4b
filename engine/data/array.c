#include "engine/data/array.h"

#include "engine/base/error.h"
#include "engine/base/memory.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sets the count, or refuses dimensions of 0 and arrays that no memory could hold. */
static rnl_status measure(rnl_array *array)
{
    char shape[RNL_SHAPE_TEXT];
    rnl_shape_text(shape, array->shape, array->rank);
    size_t bytes = array->type.size;
    bool fits = true;
    for (size_t i = 0; i < array->rank; ++i) {
        if (array->shape[i] == 0)
            return rnl_fail(RNL_BAD_DATA, "%s: expected dimensions of at least 1, got %s",
                            array->path, shape);
        fits = fits && !__builtin_mul_overflow(bytes, array->shape[i], &bytes);
    }
    if (!fits || bytes > PTRDIFF_MAX)
        return rnl_fail(RNL_BAD_DATA, "%s: expected dimensions that fit in memory, got %s",
                        array->path, shape);
    array->count = bytes / array->type.size;
    return RNL_OK;
}

/* A byte of deflate makes at most this many: 2 bits stand for 258. */
#define INFLATION_LIMIT 1032

/* Sets the count; refuses dimensions that the file's size does not fit. */
static rnl_status check_size(rnl_array *array, const rnl_input_stream *stream, uint64_t header)
{
    char shape[RNL_SHAPE_TEXT];
    rnl_shape_text(shape, array->shape, array->rank);
    RNL_TRY(measure(array));
    const size_t bytes = array->count * array->type.size;
    const bool direct = rnl_stream_plain(stream);
    if (direct ? header + bytes != stream->size : bytes / INFLATION_LIMIT > stream->size)
        return rnl_fail(RNL_BAD_DATA, "%s: expected %llu bytes for %s elements of %s, got %s%llu",
                        stream->path, (unsigned long long)(header + bytes), shape, array->type.name,
                        direct ? "" : "a gzip file of ", (unsigned long long)stream->size);
    return RNL_OK;
}

/* Reads what a checked header announces, and nothing may come behind it.  Reading on to the end
 * also makes zlib verify its checksum. */
static rnl_status read_elements(rnl_array *array, const rnl_input_stream *stream)
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

/* Reads the header, which must fit the file, plain or compressed by gzip, before anything is
 * allocated, and the elements if they are asked for. */
static rnl_status read_file(rnl_array *array, rnl_array_header *header, const char *path,
                            bool elements)
{
    rnl_input_stream stream;
    uint64_t bytes = 0;
    *array = (rnl_array){.path = path};
    RNL_TRY(rnl_stream_open(&stream, path));
    rnl_status status = header(array, &stream, &bytes);
    array->begin = bytes;
    if (status == RNL_OK)
        status = check_size(array, &stream, bytes);
    array->plain = status == RNL_OK && rnl_stream_plain(&stream);
    if (status == RNL_OK && elements)
        status = read_elements(array, &stream);
    rnl_stream_close(&stream);
    return status;
}

rnl_status rnl_array_open(rnl_array *array, rnl_array_header *header, const char *path)
{
    return read_file(array, header, path, false);
}

static uint64_t bits_at(const rnl_array *array, size_t i)
{
    const size_t size = array->type.size;
    const unsigned char *bytes = array->bytes + i * size;
    uint64_t bits = 0;
    for (size_t k = 0; k < size; ++k)
        bits = bits << 8 | bytes[array->type.big_endian ? k : size - 1 - k];
    return bits;
}

double rnl_half_of_bits(uint64_t bits)
{
    const int exponent = (int)(bits >> 10 & 31), mantissa = (int)(bits & 1023);
    double size = exponent == 0 ? (double)mantissa : (double)(mantissa + 1024);
    for (int i = exponent == 0 ? 1 : exponent; i < 25; ++i)
        size /= 2;
    for (int i = 25; i < exponent; ++i)
        size *= 2;
    if (exponent == 31)
        size = mantissa == 0 ? (double)__builtin_inff() : (double)__builtin_nanf("");
    return bits >> 15 & 1 ? -size : size;
}

static double float_of_bits(uint64_t bits, size_t size)
{
    const uint32_t low = (uint32_t)bits;
    float narrow;
    double wide;
    memcpy(&narrow, &low, sizeof narrow);
    memcpy(&wide, &bits, sizeof wide);
    return size == 2 ? rnl_half_of_bits(bits) : size == 4 ? (double)narrow : wide;
}

/* Sign-extends what has fewer than 8 bytes. */
static int64_t signed_of_bits(uint64_t bits, size_t size)
{
    const unsigned unused = 64 - 8 * (unsigned)size;
    return (int64_t)(bits << unused) >> unused;
}

static double element_at(const rnl_array *array, size_t i)
{
    const uint64_t bits = bits_at(array, i);
    switch (array->type.kind) {
    case RNL_UNSIGNED:
        return (double)bits;
    case RNL_SIGNED:
        return (double)signed_of_bits(bits, array->type.size);
    default:
        return float_of_bits(bits, array->type.size);
    }
}

/* Where the file keeps an element that is the `index`-th in row-major order. */
static size_t place_of(const rnl_array *array, size_t index)
{
    if (!array->first_index_fastest)
        return index;
    size_t place = 0, stride = array->count;
    for (size_t d = array->rank; d-- > 0; index /= array->shape[d]) {
        stride /= array->shape[d];
        place += index % array->shape[d] * stride;
    }
    return place;
}

static rnl_status take_bytes(rnl_dataset *dataset, rnl_array *array)
{
    dataset->element = RNL_UINT8;
    if (!array->first_index_fastest) {
        dataset->inputs = array->bytes;
        array->bytes = NULL;
        return RNL_OK;
    }
    unsigned char *inputs;
    RNL_TRY(rnl_allocate_rows(&inputs, array->path, 1, array->count, 1));
    for (size_t i = 0; i < array->count; ++i)
        inputs[i] = array->bytes[place_of(array, i)];
    dataset->inputs = inputs;
    return RNL_OK;
}

/* float32 holds every number of the type. */
static bool is_narrow(rnl_number_type type)
{
    return type.kind == RNL_FLOATING ? type.size <= sizeof(float) : type.size <= 2;
}

rnl_status rnl_array_number(const rnl_array *array, size_t i, double *number)
{
    const size_t columns = array->count / array->shape[0];
    *number = element_at(array, place_of(array, i));
    if (!isfinite(*number))
        return rnl_fail_not_a_number(array->path, array->first + i / columns, i % columns, *number);
    if (!isfinite((float)*number))
        return rnl_fail(RNL_BAD_DATA,
                        "%s: row %zu, column %zu: expected a number within float32, got %g",
                        array->path, array->first + i / columns, i % columns, *number);
    return RNL_OK;
}

static rnl_status to_floats(const rnl_array *array, float **floats)
{
    double number;
    RNL_TRY(rnl_allocate_rows(floats, array->path, 1, array->count, sizeof **floats));
    for (size_t i = 0; i < array->count; ++i) {
        RNL_TRY(rnl_array_number(array, i, &number));
        (*floats)[i] = (float)number;
    }
    return RNL_OK;
}

static rnl_status to_doubles(const rnl_array *array, double **doubles)
{
    RNL_TRY(rnl_allocate_rows(doubles, array->path, 1, array->count, sizeof **doubles));
    for (size_t i = 0; i < array->count; ++i)
        RNL_TRY(rnl_array_number(array, i, &(*doubles)[i]));
    return RNL_OK;
}

static rnl_status take_wide_inputs(rnl_dataset *dataset, const rnl_array *array)
{
    double *inputs = NULL;
    const rnl_status status = to_doubles(array, &inputs);
    const bool narrow = status == RNL_OK && rnl_narrow(&inputs, array->count);
    dataset->element = narrow ? RNL_FLOAT32 : RNL_FLOAT64;
    dataset->inputs = inputs;
    return status;
}

/* Rows along the first dimension. */
static void take_shape(rnl_dataset *dataset, const rnl_array *array)
{
    dataset->rows = array->shape[0];
    dataset->features = array->count / array->shape[0];
    /* Rows of a single number: a shape of its own, so that every row has one. */
    dataset->rank = array->rank > 1 ? array->rank - 1 : 1;
    dataset->shape[0] = 1;
    for (size_t i = 1; i < array->rank; ++i)
        dataset->shape[i - 1] = array->shape[i];
}

/* What inputs are kept as: uint8 stays as it is, all else becomes float32, or where it is to be
 * scaled and float32 does not hold it, float64. */
static rnl_element element_of(const rnl_array *array, bool wide)
{
    if (array->type.kind == RNL_UNSIGNED && array->type.size == 1)
        return RNL_UINT8;
    return wide && !is_narrow(array->type) ? RNL_FLOAT64 : RNL_FLOAT32;
}

/* Tests if inputs can be read row by row later, when it is known which of them are held.  A wide
 * array is kept as floats where they hold all of its numbers, those of dropped rows, too. */
static bool can_wait(const rnl_array *array, const rnl_loading *loading)
{
    return loading->job && array->plain && !array->first_index_fastest &&
           array->shape[0] <= UINT32_MAX &&
           !(loading->classes && element_of(array, loading->wide_inputs) == RNL_FLOAT64);
}

/* Leaves the inputs in the file. */
static rnl_status leave_inputs(rnl_dataset *dataset, const rnl_array *array, bool wide)
{
    take_shape(dataset, array);
    dataset->element = element_of(array, wide);
    RNL_TRY(rnl_allocate_rows(&dataset->origins, array->path, dataset->rows, 1,
                              sizeof *dataset->origins));
    for (size_t i = 0; i < dataset->rows; ++i)
        dataset->origins[i] = i;
    return RNL_OK;
}

/* uint8 inputs are taken over. */
static rnl_status take_inputs(rnl_dataset *dataset, rnl_array *array, bool wide)
{
    take_shape(dataset, array);
    const rnl_element element = element_of(array, wide);
    if (element == RNL_UINT8)
        return take_bytes(dataset, array);
    if (element == RNL_FLOAT64)
        return take_wide_inputs(dataset, array);
    float *inputs = NULL;
    const rnl_status status = to_floats(array, &inputs);
    dataset->element = RNL_FLOAT32;
    dataset->inputs = inputs;
    return status;
}

static rnl_status take_labels(rnl_dataset *dataset, const rnl_array *array)
{
    RNL_TRY(rnl_allocate_rows(&dataset->labels, array->path, array->count, 1, sizeof(int32_t)));
    for (size_t i = 0; i < array->count; ++i) {
        const double label = element_at(array, i);
        if (!(label >= 0 && label <= INT32_MAX && label == floor(label)))
            return rnl_fail(RNL_BAD_DATA, "%s: row %zu: expected a class number from 0, got %g%s",
                            array->path, i, label,
                            isfinite(label) && label != floor(label)
                                ? " (values need a loss such as mean_squared_error)"
                                : "");
        dataset->labels[i] = (int32_t)label;
    }
    return RNL_OK;
}

static rnl_status take_values(rnl_dataset *dataset, const rnl_array *array, bool wide)
{
    dataset->value_columns = array->count / array->shape[0];
    if (!wide || is_narrow(array->type))
        return to_floats(array, &dataset->values);
    dataset->wide = true;
    RNL_TRY(to_doubles(array, &dataset->wide_values));
    dataset->wide = !rnl_narrow(&dataset->wide_values, array->count);
    return RNL_OK;
}

/* A row of targets for each row of the inputs, which are there already. */
static rnl_status take_targets(rnl_dataset *dataset, const rnl_array *array,
                               const rnl_loading *loading)
{
    const bool single = array->count == array->shape[0];
    const bool labels = single && (array->type.kind != RNL_FLOATING ||
                                   loading->target == RNL_TARGET_CLASS || loading->classes);
    char shape[RNL_SHAPE_TEXT];
    rnl_shape_text(shape, array->shape, array->rank);
    if (array->shape[0] != dataset->rows)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected targets for %zu rows, as many as there are inputs, got %zu",
                        array->path, dataset->rows, array->shape[0]);
    if (loading->target == RNL_TARGET_CLASS && !labels)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected a class number for each row, got %s of %s (a number for each "
                        "class is what categorical_crossentropy takes)",
                        array->path, array->type.name, shape);
    return labels && (loading->target != RNL_TARGET_VALUES || loading->classes)
               ? take_labels(dataset, array)
               : take_values(dataset, array, loading->wide_values);
}

static rnl_status take_weights(rnl_dataset *dataset, const rnl_array *array)
{
    char shape[RNL_SHAPE_TEXT];
    rnl_shape_text(shape, array->shape, array->rank);
    if (array->shape[0] != dataset->rows || array->count != dataset->rows)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected a sample weight for each of %zu rows, got %s numbers",
                        array->path, dataset->rows, shape);
    RNL_TRY(to_floats(array, &dataset->sample_weights));
    return rnl_dataset_check_weights(dataset);
}

/* What becomes of an array. */
typedef enum array_use { INPUTS, TARGETS, SAMPLE_WEIGHTS } array_use;

static rnl_status load_array(rnl_dataset *dataset, rnl_array_header *header, const char *path,
                             array_use use, const rnl_loading *loading)
{
    rnl_array array;
    if (use == INPUTS) {
        RNL_TRY(rnl_array_open(&array, header, path));
        if (can_wait(&array, loading))
            return leave_inputs(dataset, &array, loading->wide_inputs);
    }
    rnl_status status = read_file(&array, header, path, true);
    if (status == RNL_OK)
        status = use == INPUTS    ? take_inputs(dataset, &array, loading->wide_inputs)
                 : use == TARGETS ? take_targets(dataset, &array, loading)
                                  : take_weights(dataset, &array);
    free(array.bytes);
    return status;
}

/* uint8 inputs are kept as they come; all else stands beside what it becomes, 4 bytes each, unless
 * ranks read it row by row. */
static bool add_file(rnl_data_need *need, rnl_array_header *header, const char *path, array_use use,
                     const rnl_loading *loading)
{
    rnl_array array;
    if (!path || rnl_array_open(&array, header, path) != RNL_OK)
        return true;
    const bool wide = use == INPUTS    ? loading->wide_inputs
                      : use == TARGETS ? loading->wide_values
                                       : false;
    const bool bytes = use == INPUTS && element_of(&array, wide) == RNL_UINT8;
    const size_t each = bytes ? 1 : wide ? sizeof(double) : sizeof(float);
    if (use == INPUTS && can_wait(&array, loading))
        return rnl_add_bytes(&need->kept, array.count / rnl_job_count(loading->job), 1, each);
    const size_t as_read = array.count * array.type.size;
    if ((!bytes || array.first_index_fastest) && as_read > need->beside)
        need->beside = as_read;
    return rnl_add_bytes(&need->kept, array.count, 1, each);
}

static bool wants_targets(const rnl_loading *loading)
{
    return !loading->predicting && !loading->without_targets;
}

bool rnl_array_add_need(rnl_data_need *need, rnl_array_header *header, const rnl_array_files *files,
                        const rnl_loading *loading)
{
    return add_file(need, header, files->inputs, INPUTS, loading) &&
           (loading->predicting ||
            (add_file(need, header, wants_targets(loading) ? files->targets : NULL, TARGETS,
                      loading) &&
             add_file(need, header, files->sample_weight, SAMPLE_WEIGHTS, loading)));
}

rnl_status rnl_array_load(rnl_dataset *dataset, rnl_array_header *header,
                          const rnl_array_files *files, const rnl_loading *loading)
{
    const char *inputs = files->inputs;
    const char *targets = wants_targets(loading) ? files->targets : NULL;
    const char *weights = loading->predicting ? NULL : files->sample_weight;
    *dataset = (rnl_dataset){.largest_label = -1};
    if (asprintf(&dataset->name, "%s%s%s%s%s", inputs, targets ? ", " : "", targets ? targets : "",
                 weights ? ", " : "", weights ? weights : "") < 0)
        return rnl_fail_memory(strlen(inputs) + 5);
    rnl_status status = load_array(dataset, header, inputs, INPUTS, loading);
    if (status == RNL_OK && targets)
        status = load_array(dataset, header, targets, TARGETS, loading);
    if (status == RNL_OK && weights)
        status = load_array(dataset, header, weights, SAMPLE_WEIGHTS, loading);
    if (status != RNL_OK)
        rnl_dataset_release(dataset);
    else
        rnl_dataset_measure_labels(dataset);
    return status;
}
