/*
 * Arrays of the caller of any type and order, against plain loops over the same numbers.
 */
#include "engine/data/dataset.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS     5
#define FEATURES 3

static const size_t shape[] = {FEATURES};

/* Whole numbers that every type holds. */
static double number_of(size_t row, size_t column)
{
    return (double)(row * 7 + column * 3 + 1);
}

#define STORE(c_type)                                                                              \
    do {                                                                                           \
        const c_type stored = (c_type)number;                                                      \
        memcpy(to, &stored, sizeof stored);                                                        \
        return sizeof stored;                                                                      \
    } while (false)

/* Halves of whole numbers below 2048: sign 0, exponent by the highest bit. */
static size_t store_half(char *to, double number)
{
    int exponent;
    const double share = frexp(number, &exponent); /* 0.5 up to 1 */
    const uint16_t bits =
        number == 0
            ? 0
            : (uint16_t)((unsigned)(exponent + 14) << 10 | (unsigned)((share * 2 - 1) * 1024));
    memcpy(to, &bits, sizeof bits);
    return sizeof bits;
}

static size_t store(char *to, rnl_type type, double number)
{
    switch (type) {
    case RNL_TYPE_BOOL:
        *to = (char)((int)number % 2 ? 5 : 0);
        return 1;
    case RNL_TYPE_UINT8:
        STORE(uint8_t);
    case RNL_TYPE_UINT16:
        STORE(uint16_t);
    case RNL_TYPE_UINT32:
        STORE(uint32_t);
    case RNL_TYPE_UINT64:
        STORE(uint64_t);
    case RNL_TYPE_INT8:
        STORE(int8_t);
    case RNL_TYPE_INT16:
        STORE(int16_t);
    case RNL_TYPE_INT32:
        STORE(int32_t);
    case RNL_TYPE_INT64:
        STORE(int64_t);
    case RNL_TYPE_FLOAT16:
        return store_half(to, number);
    case RNL_TYPE_FLOAT32:
        STORE(float);
    case RNL_TYPE_FLOAT64:
        STORE(double);
    }
    return 0;
}

static size_t bytes_of(rnl_type type)
{
    char any[8];
    return store(any, type, 0);
}

static double expected(rnl_type type, size_t row, size_t column)
{
    const double number = number_of(row, column);
    return type == RNL_TYPE_BOOL ? (double)((int)number % 2) : number;
}

typedef enum layout { ROW_MAJOR, FORTRAN, GAPS, BACKWARD, UNALIGNED } layout;

/* Lays the numbers out, and says where. */
static rnl_strided lay_out(char *memory, rnl_type type, layout order, ptrdiff_t strides[2])
{
    const ptrdiff_t size = (ptrdiff_t)bytes_of(type);
    strides[0] = size * (order == FORTRAN ? 1 : order == GAPS ? 2 * FEATURES + 1 : FEATURES);
    strides[1] = size * (order == FORTRAN ? ROWS : order == GAPS ? 2 : 1);
    char *first = memory + (order == UNALIGNED ? 1 : 0);
    if (order == BACKWARD) {
        first += (ROWS - 1) * strides[0];
        strides[0] = -strides[0];
    }
    for (ptrdiff_t row = 0; row < ROWS; ++row)
        for (ptrdiff_t column = 0; column < FEATURES; ++column)
            store(first + row * strides[0] + column * strides[1], type,
                  number_of((size_t)row, (size_t)column));
    return (rnl_strided){first, type, strides};
}

static void expect_numbers(rnl_type type, layout order)
{
    static _Alignas(16) char memory[1024];
    ptrdiff_t strides[2];
    const rnl_strided inputs = lay_out(memory, type, order, strides);
    const rnl_rows rows = {ROWS, 1, shape, .inputs = &inputs};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK, "%s", rnl_message());
    for (size_t row = 0; row < ROWS; ++row)
        for (size_t column = 0; column < FEATURES; ++column)
            cr_expect_eq(
                rnl_element_at(data->train.element, data->train.inputs, row * FEATURES + column),
                expected(type, row, column), "type %d, order %d, row %zu, column %zu", (int)type,
                (int)order, row, column);
    rnl_data_free(data);
}

Test(strided, arrays_of_every_type_and_order_are_read)
{
    for (int type = RNL_TYPE_BOOL; type <= RNL_TYPE_FLOAT64; ++type)
        for (int order = ROW_MAJOR; order <= UNALIGNED; ++order)
            expect_numbers((rnl_type)type, (layout)order);
}

/* What the engine reads as it is keeps its place; a dimension of 1 may have any stride. */
Test(strided, plain_arrays_are_borrowed)
{
    static const double x[ROWS][FEATURES] = {{0.1}};
    static const float weights[ROWS] = {1, 1, 1, 1, 1};
    static const ptrdiff_t strides[] = {FEATURES * sizeof(double), 77, sizeof(double)};
    static const size_t image[] = {1, FEATURES};
    const rnl_strided inputs = {x, RNL_TYPE_FLOAT64, strides};
    const rnl_strided factors = {weights, RNL_TYPE_FLOAT32, NULL};
    const rnl_rows rows = {ROWS, 2, image, .inputs = &inputs, .weights = &factors};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK, "%s", rnl_message());
    cr_expect_eq(data->train.inputs, (const void *)x);
    cr_expect_eq(data->train.sample_weights, weights);
    cr_expect(data->train.borrowed.inputs && data->train.borrowed.weights);
    rnl_data_free(data);
}

static rnl_element element_of(rnl_type type, const void *first)
{
    static const ptrdiff_t strides[] = {16, 16};
    const rnl_strided inputs = {first, type, strides};
    const size_t one = 1;
    const rnl_rows rows = {2, 1, &one, .inputs = &inputs};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK, "%s", rnl_message());
    const rnl_element element = data->train.element;
    rnl_data_free(data);
    return element;
}

/* 2^24 + 1 is the first whole number that float lacks. */
Test(strided, numbers_that_float_lacks_stay_doubles)
{
    static const double narrow[] = {0.5, 0, 1e30f, 0}, wide[] = {0.5, 0, 0.1, 0};
    static const int64_t whole[] = {1 << 24, 0, -(1 << 24), 0}, large[] = {0, 0, (1 << 24) + 1, 0};
    static const uint64_t largest[] = {UINT64_MAX, 0, 1, 0};
    cr_expect_eq(element_of(RNL_TYPE_FLOAT64, narrow), RNL_FLOAT32);
    cr_expect_eq(element_of(RNL_TYPE_FLOAT64, wide), RNL_FLOAT64);
    cr_expect_eq(element_of(RNL_TYPE_INT64, whole), RNL_FLOAT32);
    cr_expect_eq(element_of(RNL_TYPE_INT64, large), RNL_FLOAT64);
    cr_expect_eq(element_of(RNL_TYPE_UINT64, largest), RNL_FLOAT32, "2^64 as the nearest double");
    cr_expect_eq(element_of(RNL_TYPE_BOOL, largest), RNL_UINT8);
}

/* A row that is repeated: stride 0. */
Test(strided, targets_and_weights_are_read)
{
    static const double x[1] = {0.25};
    static const int64_t classes[] = {3, 9, 0, 9, 2, 9};
    static const double values[] = {1, 4, 0.1, 2, 5, 0.2, 3, 6, 0.3};
    static const ptrdiff_t repeated[] = {0, 0}, second[] = {2 * sizeof(int64_t)},
                           columns[] = {3 * sizeof(double), 2 * sizeof(double)};
    const size_t one = 1;
    const rnl_strided inputs = {x, RNL_TYPE_FLOAT64, repeated};
    const rnl_strided numbers = {classes, RNL_TYPE_INT64, second};
    const rnl_strided targets = {values, RNL_TYPE_FLOAT64, columns};
    const rnl_strided weights = {classes, RNL_TYPE_INT64, second};
    const rnl_rows train = {3, 1, &one, .inputs = &inputs, .class_numbers = &numbers};
    const rnl_rows test = {3,
                           1,
                           &one,
                           .inputs = &inputs,
                           .target_values = &targets,
                           .value_columns = 2,
                           .weights = &weights};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &train, NULL, &test), RNL_OK, "%s", rnl_message());
    const int32_t expected_classes[] = {3, 0, 2};
    const double expected_values[] = {1, 0.1, 2, 0.2, 3, 0.3};
    for (size_t row = 0; row < 3; ++row) {
        cr_expect_eq(data->train.labels[row], expected_classes[row]);
        cr_expect_eq(data->test.sample_weights[row], (float)expected_classes[row]);
        cr_expect_eq(rnl_element_at(data->train.element, data->train.inputs, row), 0.25);
    }
    cr_expect_eq(data->train.largest_label, 3);
    cr_expect(data->test.wide);
    for (size_t i = 0; i < 6; ++i)
        cr_expect_eq(rnl_dataset_value(&data->test, i), expected_values[i]);
    rnl_data_free(data);
}

/* Enough for several threads, whose shares have no common length. */
Test(strided, large_arrays_are_read_by_several_threads)
{
    enum { MANY = 400001, WIDTH = 5 };
    double *const x = malloc((size_t)MANY * WIDTH * sizeof *x);
    cr_assert_not_null(x);
    for (size_t i = 0; i < (size_t)MANY * WIDTH; ++i)
        x[i] = (double)i + 0.1;
    const ptrdiff_t strides[] = {sizeof *x, MANY * sizeof *x};
    const size_t width = WIDTH;
    const rnl_strided inputs = {x, RNL_TYPE_FLOAT64, strides};
    const rnl_rows rows = {MANY, 1, &width, .inputs = &inputs};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK, "%s", rnl_message());
    cr_assert_eq(data->train.element, RNL_FLOAT64);
    const double *read = data->train.inputs;
    size_t wrong = 0;
    for (size_t row = 0; row < MANY; ++row)
        for (size_t column = 0; column < WIDTH; ++column)
            wrong += read[row * WIDTH + column] != x[column * MANY + row];
    cr_expect_eq(wrong, 0);
    rnl_data_free(data);
    free(x);
}

static void expect_refused(const rnl_rows *rows, const char *words)
{
    rnl_data *data = NULL;
    cr_expect_eq(rnl_data_create(&data, rows, NULL, NULL), RNL_BAD_DATA, "%s", words);
    cr_expect(strstr(rnl_message(), words) != NULL, "%s: %s", words, rnl_message());
}

Test(strided, arrays_that_cannot_be_are_refused)
{
    static const double x[4] = {1, 2, NAN, 4};
    static const float floats[4];
    static const int32_t whole[] = {0, -1};
    static const double halves[] = {0, 0.5}, large[] = {0, 3e9};
    static const ptrdiff_t far[] = {PTRDIFF_MAX, 8}, down[] = {PTRDIFF_MIN, 8},
                           both[] = {PTRDIFF_MAX / 2 + 1, PTRDIFF_MAX / 2 + 1}, gap[] = {8, 16};
    const size_t two = 2, huge = SIZE_MAX / 16;
    const rnl_strided good = {floats, RNL_TYPE_FLOAT32, NULL};
#define WITH(...)   (&(const rnl_strided){__VA_ARGS__})
#define INPUTS(...) (&(const rnl_rows){2, 1, &two, .inputs = WITH(__VA_ARGS__)})
    expect_refused(INPUTS(x, (rnl_type)0, NULL), "inputs: expected an array of an rnl_type");
    expect_refused(INPUTS(x, (rnl_type)13, NULL), "got an unknown type");
    expect_refused(INPUTS(x, (rnl_type)-1, NULL), "got an unknown type");
    expect_refused(INPUTS(NULL, RNL_TYPE_FLOAT64, NULL), "got no array");
    expect_refused(INPUTS(x, RNL_TYPE_FLOAT64, NULL),
                   "training rows: row 1, column 0: expected a finite number, got NaN");
    expect_refused(INPUTS(x, RNL_TYPE_FLOAT64, gap),
                   "row 0, column 1: expected a finite number, got NaN");
    expect_refused(INPUTS(x, RNL_TYPE_FLOAT64, down), "strides that stay within memory");
    expect_refused(INPUTS(x, RNL_TYPE_FLOAT64, both), "strides that stay within memory");
    expect_refused(&(const rnl_rows){3, 1, &two, .inputs = WITH(x, RNL_TYPE_FLOAT64, far)},
                   "strides that stay within memory");
    expect_refused(&(const rnl_rows){2, 1, &huge, .inputs = WITH(x, RNL_TYPE_FLOAT64, NULL)},
                   "that fit in memory");
    expect_refused(&(const rnl_rows){2, 1, &two, .inputs = &good, .floats = floats},
                   "either floats, bytes or doubles");
    expect_refused(&(const rnl_rows){2, 1, &two, .inputs = &good,
                                     .class_numbers = WITH(whole, RNL_TYPE_INT32, NULL)},
                   "training rows: row 1: expected a class number from 0, got -1");
    expect_refused(&(const rnl_rows){2, 1, &two, .inputs = &good,
                                     .class_numbers = WITH(halves, RNL_TYPE_FLOAT64, NULL)},
                   "row 1: expected a class number from 0, got 0.5");
    expect_refused(&(const rnl_rows){2, 1, &two, .inputs = &good,
                                     .class_numbers = WITH(large, RNL_TYPE_FLOAT64, NULL)},
                   "row 1: expected a class number from 0, got 3000000000");
    expect_refused(&(const rnl_rows){2, 1, &two, .inputs = &good,
                                     .weights = WITH(whole, RNL_TYPE_INT32, NULL)},
                   "row 1: expected a finite sample weight of at least 0, got -1");
    expect_refused(
        &(const rnl_rows){2, 1, &two, .inputs = &good, .sample_weights = floats, .weights = &good},
        "expected one array of sample weights, got two");
    expect_refused(&(const rnl_rows){2, 1, &two, .inputs = &good, .values = floats,
                                     .value_columns = 1, .target_values = &good},
                   "either classes or values as targets");
    expect_refused(&(const rnl_rows){2, 1, &two, .inputs = &good, .target_values = &good},
                   "at least 1 column of target values");
}
