/*
 * Generated sets: spirals, blobs and regression.
 */
#include "engine/data/formats.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static bool same_inputs(const rnl_dataset *a, const rnl_dataset *b)
{
    return a->rows == b->rows && a->features == b->features &&
           memcmp(a->inputs, b->inputs, a->rows * a->features * sizeof(float)) == 0;
}

Test(spirals, depend_on_both_seeds)
{
    const rnl_spirals_parameters first = {.rows = 50, .classes = 3, .noise = 0.1, .turns = 1};
    rnl_spirals_parameters second = first;
    second.seed = 1;
    rnl_dataset a = fixture_spirals(first, 42), b = fixture_spirals(first, 42);
    rnl_dataset c = fixture_spirals(first, 43), d = fixture_spirals(second, 42);
    cr_expect(same_inputs(&a, &b));
    cr_expect_not(same_inputs(&a, &c));
    cr_expect_not(same_inputs(&a, &d));
    rnl_dataset_release(&a);
    rnl_dataset_release(&b);
    rnl_dataset_release(&c);
    rnl_dataset_release(&d);
}

Test(spirals, points_lie_on_the_arm_of_their_class)
{
    enum { ROWS = 1000, CLASSES = 5 };
    const double turns = 1.5;
    rnl_dataset dataset = fixture_spirals(
        (rnl_spirals_parameters){.rows = ROWS, .classes = CLASSES, .turns = turns}, 7);
    cr_expect_eq(dataset.largest_label, CLASSES - 1);
    double mean = 0;
    for (size_t i = 0; i < ROWS; ++i) {
        cr_assert_eq(dataset.labels[i], (int32_t)(i % CLASSES));
        const double x = (double)((const float *)dataset.inputs)[2 * i];
        const double y = (double)((const float *)dataset.inputs)[2 * i + 1];
        const double r = hypot(x, y);
        const double angle = 2 * M_PI * (turns * r + dataset.labels[i] / (double)CLASSES);
        cr_assert_leq(r, 1 + 1e-6);
        cr_assert_float_eq(x, r * cos(angle), 1e-5);
        cr_assert_float_eq(y, r * sin(angle), 1e-5);
        mean += r / ROWS;
    }
    cr_expect_float_eq(mean, 0.5, 5 * sqrt(1.0 / 12 / ROWS));
    rnl_dataset_release(&dataset);
}

Test(spirals, noise_has_its_deviation)
{
    enum { ROWS = 20000 };
    rnl_spirals_parameters parameters = {.rows = ROWS, .classes = 4, .turns = 2};
    rnl_dataset clean = fixture_spirals(parameters, 7);
    parameters.noise = 0.3;
    rnl_dataset noisy = fixture_spirals(parameters, 7);
    double sum = 0, squares = 0;
    for (size_t i = 0; i < 2 * ROWS; ++i) {
        const double distance =
            (double)((const float *)noisy.inputs)[i] - (double)((const float *)clean.inputs)[i];
        sum += distance;
        squares += distance * distance;
    }
    const double deviation = 0.3 / (2 * 4);
    cr_expect_float_eq(sum / (2 * ROWS), 0, 5 * deviation / sqrt(2 * ROWS));
    cr_expect_float_eq(sqrt(squares / (2 * ROWS)) / deviation, 1, 5 / sqrt(4 * ROWS));
    rnl_dataset_release(&clean);
    rnl_dataset_release(&noisy);
}

static void blob_means(double *means, const rnl_dataset *dataset, size_t classes)
{
    for (size_t i = 0; i < dataset->rows; ++i)
        for (size_t j = 0; j < dataset->features; ++j)
            means[(size_t)dataset->labels[i] * dataset->features + j] +=
                (double)((const float *)dataset->inputs)[i * dataset->features + j] *
                (double)classes / (double)dataset->rows;
}

Test(blobs, sets_share_their_centres)
{
    enum { ROWS = 3000, CLASSES = 3, FEATURES = 4 };
    rnl_blobs_parameters parameters = {
        .rows = ROWS, .classes = CLASSES, .features = FEATURES, .spread = 0.2};
    rnl_dataset a, b;
    cr_assert_eq(rnl_blobs_format.load(&a, &parameters, &(const rnl_loading){.seed = 5}), RNL_OK);
    parameters.seed = 9;
    cr_assert_eq(rnl_blobs_format.load(&b, &parameters, &(const rnl_loading){.seed = 5}), RNL_OK);
    cr_expect_not(same_inputs(&a, &b));
    double means[2][CLASSES * FEATURES] = {0}, between = 0;
    blob_means(means[0], &a, CLASSES);
    blob_means(means[1], &b, CLASSES);
    for (size_t i = 0; i < CLASSES * FEATURES; ++i) {
        cr_expect_float_eq(means[0][i], means[1][i], 5 * 0.2 * sqrt(2.0 * CLASSES / ROWS));
        between += fabs(means[0][i] - means[0][(i + FEATURES) % (CLASSES * FEATURES)]);
    }
    cr_expect_gt(between / (CLASSES * FEATURES), 0.3);
    rnl_dataset_release(&a);
    rnl_dataset_release(&b);
}

Test(generated, what_does_not_fit_is_refused_with_its_size)
{
    rnl_dataset dataset;
    const rnl_blobs_parameters large = {
        .rows = UINT32_MAX, .classes = 2, .features = 1 << 16, .spread = 1};
    cr_expect_eq(rnl_blobs_format.load(&dataset, &large, &(const rnl_loading){0}), RNL_NO_MEMORY);
    cr_expect(strstr(rnl_message(), "blobs: needs 1125899.9 GB of memory") != NULL, "%s",
              rnl_message());
}

Test(generated, regression_is_linear_with_noise)
{
    const rnl_regression_parameters quiet = {.rows = 500, .features = 3, .targets = 2};
    rnl_regression_parameters noisy = quiet;
    noisy.noise = 0.5;
    rnl_dataset a, b;
    const rnl_loading loading = {.seed = 3, .target = RNL_TARGET_VALUES};
    cr_assert_eq(rnl_regression_format.load(&a, &quiet, &loading), RNL_OK);
    cr_assert_eq(rnl_regression_format.load(&b, &noisy, &loading), RNL_OK);
    cr_expect_arr_eq(a.inputs, b.inputs, 500 * 3 * sizeof(float));
    const float *x = a.inputs;
    double squares = 0;
    for (size_t i = 0; i < 500; ++i)
        for (size_t k = 0; k < 2; ++k) {
            const double error = (double)b.values[2 * i + k] - (double)a.values[2 * i + k];
            squares += error * error / 1000;
        }
    cr_expect_float_eq(sqrt(squares), 0.5, 0.05);
    /* Linear: the fourth row's target follows from three others by Cramer's rule. */
    double m[3][4];
    for (size_t i = 0; i < 3; ++i)
        for (size_t j = 0; j < 4; ++j)
            m[i][j] = j < 3 ? (double)x[3 * i + j] : (double)a.values[2 * i];
    for (size_t p = 0; p < 3; ++p)
        for (size_t i = 0; i < 3; ++i)
            for (size_t j = 4; i != p && j-- > p;)
                m[i][j] -= m[i][p] / m[p][p] * m[p][j];
    double expected = 0;
    for (size_t j = 0; j < 3; ++j)
        expected += m[j][3] / m[j][j] * (double)x[9 + j];
    cr_expect_float_eq((double)a.values[6], expected, 1e-4);
    rnl_dataset_release(&a);
    rnl_dataset_release(&b);
}
