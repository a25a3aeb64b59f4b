/*
 * Rows in the caller's own arrays.
 */
#include "engine/data/dataset.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

Test(arrays, are_borrowed)
{
    static const float x[] = {1, 2, 3, 4, 5, 6};
    static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6};
    static const int32_t classes[] = {2, 0, 1};
    static const size_t shape[] = {2, 1};
    const rnl_rows train = {3, 2, shape, .floats = x, .classes = classes};
    const rnl_rows test = {3, 2, shape, .bytes = bytes, .values = x, .value_columns = 2};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &train, NULL, &test), RNL_OK, "%s", rnl_message());
    cr_expect_eq(rnl_data_rows(data, RNL_TRAIN), 3);
    cr_expect_eq(rnl_data_rows(data, RNL_VALIDATION), 0);
    cr_expect_eq(data->train.inputs, x);
    cr_expect_eq(data->train.features, 2);
    cr_expect_eq(data->train.largest_label, 2);
    cr_expect_eq(data->test.element, RNL_UINT8);
    cr_expect_eq(data->test.values, x);
    rnl_data_free(data);
}

/* float32 holds none of these numbers exactly. */
Test(arrays, of_doubles_are_borrowed_too)
{
    static const double x[] = {1e9 + 0.25, 1e9 + 0.5, 1e9 + 0.75}, y[] = {0.1, 0.2, 0.3};
    static const size_t shape[] = {1};
    const rnl_rows train = {3, 1, shape, .doubles = x, .double_values = y, .value_columns = 1};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &train, NULL, NULL), RNL_OK, "%s", rnl_message());
    cr_expect_eq(data->train.inputs, x);
    cr_expect_eq(data->train.element, RNL_FLOAT64);
    cr_expect_eq(data->train.wide_values, y);
    cr_expect(data->train.wide);
    rnl_data_free(data);
}

static void expect_rows_refused(const rnl_rows *train, const rnl_rows *test, const char *words)
{
    rnl_data *data = NULL;
    cr_expect_eq(rnl_data_create(&data, train, NULL, test), RNL_BAD_DATA, "%s", words);
    cr_expect_null(data);
    cr_expect(strstr(rnl_message(), words) != NULL, "%s", rnl_message());
}

Test(arrays, that_do_not_fit_are_refused)
{
    static const float x[6];
    static const uint8_t bytes[6];
    static const int32_t negative[] = {0, -1};
    static const size_t two[] = {2}, three[] = {3}, zero[] = {0};
    static const double beyond[] = {1, 2, -1e39, 4};
    const rnl_rows good = {2, 1, two, .floats = x};
    expect_rows_refused(&(const rnl_rows){2, 1, two, .doubles = beyond}, NULL,
                        "training rows: row 1, column 0: expected a number within float32, got "
                        "-1e+39");
    expect_rows_refused(&(const rnl_rows){2, 1, two, .value_columns = 0}, NULL,
                        "either floats, bytes or doubles");
    expect_rows_refused(&(const rnl_rows){2, 1, two, .floats = x, .bytes = bytes}, NULL,
                        "either floats, bytes or doubles");
    expect_rows_refused(&(const rnl_rows){2, 1, zero, .floats = x}, NULL, "dimensions of at least");
    expect_rows_refused(&(const rnl_rows){2, 0, two, .floats = x}, NULL, "1 to 8 dimensions");
    expect_rows_refused(&(const rnl_rows){2, 1, two, .floats = x, .classes = negative}, NULL,
                        "training rows: row 1: expected a class number from 0, got -1");
    static const float weights[] = {1, -0.5f}, nans[] = {NAN, 1}, infinite[] = {0, INFINITY};
    expect_rows_refused(&(const rnl_rows){2, 1, two, .floats = x, .sample_weights = weights}, NULL,
                        "training rows: row 1: expected a finite sample weight of at least 0, got "
                        "-0.5");
    expect_rows_refused(&(const rnl_rows){2, 1, two, .floats = x, .sample_weights = nans}, NULL,
                        "row 0: expected a finite sample weight of at least 0, got nan");
    expect_rows_refused(&(const rnl_rows){2, 1, two, .floats = x, .sample_weights = infinite}, NULL,
                        "row 1: expected a finite sample weight of at least 0, got inf");
    expect_rows_refused(&good, &(const rnl_rows){2, 1, three, .floats = x},
                        "test rows: expected rows of 2, as training rows has, got rows of 3");
}
