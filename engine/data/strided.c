#include "engine/data/strided.h"

#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/data/caller_array.h"

#include <math.h>
#include <stdlib.h>

/* Rows and the dimensions of one. */
#define DIMENSIONS (RNL_MAX_RANK + 1)

/* An array with its dimensions, laid flat. */
typedef struct flat {
    size_t rank;
    size_t shape[DIMENSIONS];
    ptrdiff_t strides[DIMENSIONS];
    ptrdiff_t *offsets;
    rnl_caller_array array;
} flat;

/* Sets the strides of row-major order where none are given. */
static void fill_strides(flat *f, const rnl_strided *given)
{
    ptrdiff_t stride = (ptrdiff_t)rnl_type_bytes(given->type);
    for (size_t d = f->rank; d-- > 0; stride *= (ptrdiff_t)f->shape[d])
        f->strides[d] = given->strides ? given->strides[d] : stride;
}

/* Refuses what would lead out of any memory: no array spans more than PTRDIFF_MAX bytes. */
static rnl_status check_reach(const flat *f, const char *name, const char *what)
{
    ptrdiff_t low = 0, high = 0, reach;
    bool fits = true;
    for (size_t d = 0; d < f->rank; ++d) {
        fits = fits && !__builtin_mul_overflow(f->strides[d], f->shape[d] - 1, &reach);
        fits = fits &&
               !__builtin_add_overflow(reach < 0 ? low : high, reach, reach < 0 ? &low : &high);
    }
    fits = fits && !__builtin_sub_overflow(high, low, &reach);
    return fits ? RNL_OK
                : rnl_fail(RNL_BAD_DATA, "%s: %s: expected strides that stay within memory", name,
                           what);
}

/* Fills in where the columns of a row are. */
static rnl_status find_offsets(flat *f, const char *name)
{
    RNL_TRY(rnl_allocate_rows(&f->offsets, name, f->array.columns, 1, sizeof *f->offsets));
    for (size_t column = 0; column < f->array.columns; ++column) {
        size_t rest = column;
        f->offsets[column] = 0;
        for (size_t d = f->rank; d-- > 1; rest /= f->shape[d])
            f->offsets[column] += (ptrdiff_t)(rest % f->shape[d]) * f->strides[d];
    }
    f->array.offsets = f->offsets;
    return RNL_OK;
}

/* Lays the array flat whose rows have this shape; offsets are freed by the caller. */
static rnl_status lay_flat(flat *f, const rnl_strided *given, const rnl_dataset *dataset,
                           const size_t *shape, size_t rank, const char *what)
{
    const size_t size = rnl_type_bytes(given->type);
    size_t bytes = size, columns = 1;
    *f = (flat){.rank = rank + 1, .shape = {dataset->rows}};
    if (size == 0 || !given->first)
        return rnl_fail(RNL_BAD_DATA, "%s: %s: expected an array of an rnl_type, got %s",
                        dataset->name, what, size == 0 ? "an unknown type" : "no array");
    bool fits = !__builtin_mul_overflow(bytes, dataset->rows, &bytes);
    for (size_t d = 0; d < rank; ++d) {
        f->shape[d + 1] = shape[d];
        columns *= shape[d];
        fits = fits && !__builtin_mul_overflow(bytes, shape[d], &bytes);
    }
    if (!fits || bytes > PTRDIFF_MAX || columns > PTRDIFF_MAX / sizeof *f->offsets)
        return rnl_fail(RNL_BAD_DATA, "%s: %s: expected dimensions that fit in memory",
                        dataset->name, what);
    fill_strides(f, given);
    RNL_TRY(check_reach(f, dataset->name, what));
    f->array = (rnl_caller_array){.type = given->type,
                                  .first = given->first,
                                  .rows = dataset->rows,
                                  .columns = columns,
                                  .row_stride = f->strides[0]};
    return RNL_OK;
}

/* Tests if the numbers lie as the engine reads them: row-major, without gaps, aligned.  The stride
 * of a dimension of 1 does not matter. */
static bool lies_plain(const flat *f)
{
    const size_t size = rnl_type_bytes(f->array.type);
    ptrdiff_t stride = (ptrdiff_t)size;
    bool plain = (uintptr_t)f->array.first % size == 0;
    for (size_t d = f->rank; d-- > 0; stride *= (ptrdiff_t)f->shape[d])
        plain &= f->shape[d] == 1 || f->strides[d] == stride;
    return plain;
}

static bool has_element(rnl_type type, rnl_element element)
{
    return (type == RNL_TYPE_UINT8 && element == RNL_UINT8) ||
           (type == RNL_TYPE_FLOAT32 && element == RNL_FLOAT32) ||
           (type == RNL_TYPE_FLOAT64 && element == RNL_FLOAT64);
}

/* The array itself, or one of the element's type. */
static rnl_status convert(void **numbers, bool *borrowed, flat *f, rnl_element element,
                          const char *name)
{
    void *made = NULL;
    const rnl_caller_array *array = &f->array;
    *borrowed = has_element(array->type, element) && lies_plain(f);
    if (*borrowed) {
        *numbers = (void *)(uintptr_t)array->first;
        return RNL_OK;
    }
    if (!f->offsets)
        RNL_TRY(find_offsets(f, name));
    RNL_TRY(
        rnl_allocate_rows(&made, name, array->rows, array->columns, rnl_element_bytes(element)));
    rnl_caller_array_read_all(array, element, made);
    *numbers = made;
    return RNL_OK;
}

/* The element that an array is kept in: its own where it lies plain, else the smallest. */
static rnl_status choose_element(flat *f, rnl_element *element, const char *name)
{
    *element = RNL_FLOAT64;
    if (f->array.type == RNL_TYPE_FLOAT64 && lies_plain(f))
        return RNL_OK;
    if (!rnl_type_is_narrow(f->array.type))
        RNL_TRY(find_offsets(f, name));
    *element = rnl_caller_array_element(&f->array);
    return RNL_OK;
}

rnl_status rnl_strided_inputs(rnl_dataset *dataset, const rnl_strided *array)
{
    flat f;
    RNL_TRY(lay_flat(&f, array, dataset, dataset->shape, dataset->rank, "inputs"));
    rnl_status status = choose_element(&f, &dataset->element, dataset->name);
    if (status == RNL_OK)
        status = convert(&dataset->inputs, &dataset->borrowed.inputs, &f, dataset->element,
                         dataset->name);
    free(f.offsets);
    return status;
}

rnl_status rnl_strided_values(rnl_dataset *dataset, const rnl_strided *array, size_t columns)
{
    flat f;
    rnl_element element;
    void *values = NULL;
    RNL_TRY(lay_flat(&f, array, dataset, &columns, 1, "target values"));
    rnl_status status = choose_element(&f, &element, dataset->name);
    element = element == RNL_UINT8 ? RNL_FLOAT32 : element;
    if (status == RNL_OK)
        status = convert(&values, &dataset->borrowed.targets, &f, element, dataset->name);
    free(f.offsets);
    dataset->values = values;
    dataset->wide = element == RNL_FLOAT64;
    dataset->value_columns = columns;
    return status;
}

rnl_status rnl_strided_weights(rnl_dataset *dataset, const rnl_strided *array)
{
    flat f;
    void *weights = NULL;
    RNL_TRY(lay_flat(&f, array, dataset, NULL, 0, "sample weights"));
    const rnl_status status =
        convert(&weights, &dataset->borrowed.weights, &f, RNL_FLOAT32, dataset->name);
    free(f.offsets);
    dataset->sample_weights = weights;
    return status;
}

/* Reads a class number by the way of a double, which holds all that may be one. */
static rnl_status read_class(const rnl_caller_array *array, size_t row, const char *name,
                             int32_t *class)
{
    const rnl_caller_array alone = {.type = array->type,
                                    .first = array->first + (ptrdiff_t)row * array->row_stride,
                                    .columns = 1,
                                    .offsets = array->offsets};
    double number;
    rnl_caller_array_read(&alone, 0, 1, RNL_FLOAT64, &number, 1);
    if (!(number >= 0 && number <= INT32_MAX && number == floor(number)))
        return rnl_fail(RNL_BAD_DATA, "%s: row %zu: expected a class number from 0, got %.17g",
                        name, row, number);
    *class = (int32_t)number;
    return RNL_OK;
}

rnl_status rnl_strided_classes(rnl_dataset *dataset, const rnl_strided *array)
{
    flat f;
    static const ptrdiff_t no_offset = 0;
    RNL_TRY(lay_flat(&f, array, dataset, NULL, 0, "class numbers"));
    f.array.offsets = &no_offset;
    RNL_TRY(rnl_allocate_rows(&dataset->labels, dataset->name, dataset->rows, 1, sizeof(int32_t)));
    for (size_t row = 0; row < dataset->rows; ++row)
        RNL_TRY(read_class(&f.array, row, dataset->name, &dataset->labels[row]));
    return RNL_OK;
}
