/*
 * What each scaling measures.
 */
#include "engine/data/dataset.h"
#include "engine/kinds/scaling.h"
#include "engine/schema/config.h"
#include "engine/step/gather.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static rnl_scaler measure(const char *scaling, void *parameters, const rnl_dataset *train)
{
    const rnl_choice choice = {.kind = rnl_kind_find(&rnl_scalings, scaling),
                               .parameters = parameters,
                               .place = {"run.yaml", 9, 3, RNL_FROM_FILE}};
    rnl_scaler scaler;
    const rnl_numbers inputs = rnl_dataset_inputs(train);
    cr_assert_eq(rnl_scaler_create(&scaler, &choice, &inputs, NULL), RNL_OK, "%s", rnl_message());
    cr_assert_eq(scaler.features, train->features);
    return scaler;
}

static void expect_scaler(rnl_scaler scaler, const double *centre, const double *scale,
                          double offset)
{
    for (size_t j = 0; j < scaler.features; ++j) {
        cr_expect_eq(scaler.centre[j], centre[j], "centre %zu: %g", j, scaler.centre[j]);
        cr_expect_eq(scaler.scale[j], scale[j], "scale %zu: %g", j, scaler.scale[j]);
        cr_expect_eq(scaler.offset[j], offset, "offset %zu: %g", j, scaler.offset[j]);
    }
    rnl_scaler_release(&scaler);
}

static uint8_t pixels[] = {50, 100, 200, 150, 60, 110};
static const rnl_dataset pixel_rows = {
    .rows = 3, .features = 2, .rank = 1, .shape = {2}, .element = RNL_UINT8, .inputs = pixels};

static float reals[] = {-2, 0.1f, 1, 0.1f, 2, 0.1f, 3, 0.1f};
static const rnl_dataset real_rows = {
    .rows = 4, .features = 2, .rank = 1, .shape = {2}, .element = RNL_FLOAT32, .inputs = reals};

Test(scalers, none_leaves_inputs_alone)
{
    expect_scaler(measure("none", NULL, &pixel_rows), (double[]){0, 0}, (double[]){1, 1}, 0);
}

Test(scalers, range_spans_all_inputs)
{
    double unit[] = {0, 1}, wide[] = {-1, 2};
    expect_scaler(measure("range", unit, &pixel_rows), (double[]){50, 50},
                  (double[]){1.0 / 150, 1.0 / 150}, 0);
    /* -2 .. 3 becomes -1 .. 2 */
    expect_scaler(measure("range", wide, &real_rows), (double[]){-2, -2},
                  (double[]){3.0 / 5, 3.0 / 5}, -1);
}

Test(scalers, range_of_a_constant_is_its_minimum)
{
    double wide[] = {-1, 2};
    uint8_t constant[] = {9, 9, 9, 9};
    const rnl_dataset rows = {
        .rows = 2, .features = 2, .rank = 1, .shape = {2}, .inputs = constant};
    expect_scaler(measure("range", wide, &rows), (double[]){9, 9}, (double[]){0, 0}, -1);
}

Test(scalers, empty_range_is_refused)
{
    double empty[] = {1, 1};
    const rnl_choice choice = {.kind = rnl_kind_find(&rnl_scalings, "range"),
                               .parameters = empty,
                               .place = {"run.yaml", 9, 3, RNL_FROM_FILE}};
    rnl_scaler scaler;
    const rnl_numbers inputs = rnl_dataset_inputs(&pixel_rows);
    cr_expect_eq(rnl_scaler_create(&scaler, &choice, &inputs, NULL), RNL_BAD_CONFIG);
    cr_expect_not_null(strstr(rnl_message(), "run.yaml:9:3"), "%s", rnl_message());
}

Test(scalers, standardize_is_per_feature)
{
    /* -2 1 2 3: mean 1, variance (9 + 0 + 1 + 4) / 4; the constant feature keeps its scale */
    const double deviation = sqrt(3.5);
    expect_scaler(measure("standardize", NULL, &real_rows), (double[]){1, (double)0.1f},
                  (double[]){1 / deviation, 1}, 0);
}

Test(scalers, standardized_bytes_have_mean_0_and_deviation_1)
{
    enum { ROWS = 777, FEATURES = 3 };
    uint8_t *bytes = malloc(ROWS * FEATURES);
    for (size_t i = 0; i < ROWS * FEATURES; ++i)
        bytes[i] = (uint8_t)(i * i % 251 / (1 + i % FEATURES));
    const rnl_dataset rows = {
        .rows = ROWS, .features = FEATURES, .rank = 1, .shape = {FEATURES}, .inputs = bytes};
    rnl_scaler scaler = measure("standardize", NULL, &rows);
    for (size_t j = 0; j < FEATURES; ++j) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < ROWS; ++i) {
            const double x = (bytes[i * FEATURES + j] - scaler.centre[j]) * scaler.scale[j];
            sum += x;
            squares += x * x;
        }
        cr_expect_float_eq(sum / ROWS, 0, 1e-12);
        cr_expect_float_eq(squares / ROWS, 1, 1e-12);
    }
    rnl_scaler_release(&scaler);
    free(bytes);
}

static rnl_byte_scale byte_scale_of(const rnl_kernels *kernels, double centre, double first,
                                    double second, double offset)
{
    double centres[] = {0, centre}, scales[] = {first, second}, offsets[] = {0, offset};
    const rnl_scaler scaler = {2, centres, scales, offsets, NULL};
    return rnl_byte_scale_of(kernels, &scaler);
}

/* Bytes are scaled in float where each is what scaling in double and rounding once gives. */
Test(scalers, bytes_are_scaled_in_float_where_that_is_the_same)
{
    const double pixel = 1.0 / 255;
    size_t found = 0, refused = 0;
    for (rnl_isa isa = RNL_ISA_AVX2; isa <= rnl_isa_detect(); ++isa) {
        const rnl_kernels *kernels = rnl_kernels_of(isa);
        cr_expect_neq(byte_scale_of(kernels, 0, pixel, pixel, 0).high, 0);
        cr_expect_eq(byte_scale_of(kernels, 1, pixel, pixel, 0).high, 0);
        cr_expect_eq(byte_scale_of(kernels, 0, pixel, 2 * pixel, 0).high, 0);
        cr_expect_eq(byte_scale_of(kernels, 0, pixel, pixel, 1).high, 0);
        for (size_t k = 1; k <= 1000; ++k) {
            /* Some lie closer to the middle of two floats than two floats tell. */
            const double middle = 1 + ldexp((double)(2 * k + 1), -24),
                         factor = k % 4 == 0 ? middle + ldexp(1, -50) : 1 / (double)k;
            const rnl_byte_scale scale = byte_scale_of(kernels, 0, factor, factor, 0);
            found += scale.high != 0;
            refused += scale.high == 0;
            for (int byte = 0; byte < 256 && scale.high != 0; ++byte)
                cr_assert_eq(fmaf((float)byte, scale.high, (float)byte * scale.low),
                             (float)(byte * factor), "%d times %a", byte, factor);
        }
    }
    cr_expect(rnl_isa_detect() == RNL_ISA_SCALAR || (found > 700 && refused > 100), "%zu, %zu",
              found, refused);
}
