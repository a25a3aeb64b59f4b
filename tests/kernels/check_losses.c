/*
 * Losses, softmax and the largest column.
 */
#include "tests/kernels/kernel_checks.h"

static void fill_logits(float *z, size_t round)
{
    static const float ranges[] = {1, 10, 100, 1e38f};
    for (size_t i = 0; i < SPACE; ++i)
        z[i] = random_float(ranges[round % 4]);
}

static double log_sum_exp(const float *z, size_t count)
{
    double largest = -INFINITY, sum = 0;
    for (size_t j = 0; j < count; ++j)
        largest = fmax(largest, (double)z[j]);
    for (size_t j = 0; j < count; ++j)
        sum += exp((double)z[j] - largest);
    return largest + log(sum);
}

/* A probability within 4e-7 of its value and 1e-44; errors grow with the spread of the logits, of
 * which z - max is rounded. */
static double probability_bound(double probability, double distance)
{
    return probability * (6e-7 + 6e-8 * fabs(distance)) + 2e-38;
}

void check_softmax(const rnl_kernels *k)
{
    static guarded output;
    static float z[SPACE];
    flush_denormals();
    for (size_t columns = 1; columns <= LONGEST; ++columns) {
        fill_logits(z, columns);
        float *y = guarded_start(&output, SPACE);
        k->softmax(&(const rnl_softmax){ROWS, columns, {z, STRIDE}, {y, STRIDE - 2}});
        guarded_check(&output, ROWS, columns, STRIDE - 2);
        for (size_t i = 0; i < ROWS; ++i)
            for (size_t j = 0; j < columns; ++j) {
                const double distance =
                    (double)z[i * STRIDE + j] - log_sum_exp(z + i * STRIDE, columns);
                cr_assert_float_eq((double)y[i * (STRIDE - 2) + j], exp(distance),
                                   probability_bound(exp(distance), distance));
            }
    }
}

#define SMOOTHING 0.25f

static void check_sparse(const rnl_kernels *k, float smoothing)
{
    const double share = (double)smoothing;
    static guarded output;
    static float z[SPACE];
    flush_denormals();
    for (size_t classes = 1; classes <= LONGEST; ++classes) {
        fill_logits(z, classes);
        int32_t labels[ROWS];
        float loss[ROWS], loss_alone[ROWS];
        for (size_t i = 0; i < ROWS; ++i)
            labels[i] = (int32_t)(random_word() % classes);
        const float scale = 1.0f / 7;
        float *delta = guarded_start(&output, SPACE);
        rnl_loss_rows a = {.rows = ROWS,
                           .columns = classes,
                           .z = {z, STRIDE},
                           .labels = labels,
                           .scale = scale,
                           .smoothing = smoothing,
                           .delta = {delta, STRIDE - 2},
                           .loss = loss};
        k->sparse_cross_entropy(&a);
        guarded_check(&output, ROWS, classes, STRIDE - 2);
        a.delta.values = NULL;
        a.loss = loss_alone;
        k->sparse_cross_entropy(&a);
        cr_assert_arr_eq(loss, loss_alone, sizeof loss);
        for (size_t i = 0; i < ROWS; ++i) {
            const float *row = z + i * STRIDE;
            const double normalizer = log_sum_exp(row, classes);
            double exact = (1 - share) * (normalizer - (double)row[labels[i]]);
            for (size_t j = 0; j < classes; ++j)
                exact += share * (normalizer - (double)row[j]) / (double)classes;
            cr_assert_float_eq((double)loss[i], exact, 3e-7 * fabs(exact) + 1e-6, "%g, not %g",
                               (double)loss[i], exact);
            for (size_t j = 0; j < classes; ++j) {
                const double distance = (double)row[j] - normalizer;
                const double target =
                    (1 - share) * ((size_t)labels[i] == j) + share / (double)classes;
                cr_assert_float_eq(
                    (double)delta[i * (STRIDE - 2) + j], (exp(distance) - target) * (double)scale,
                    (double)scale * probability_bound(exp(distance), distance) + 2e-8);
            }
        }
    }
}

void check_sparse_cross_entropy(const rnl_kernels *k)
{
    check_sparse(k, 0);
    check_sparse(k, SMOOTHING);
    /* A NaN or an infinity anywhere shows in the loss. */
    float row[5] = {1, 3, 3, -1, 3}, loss;
    int32_t label = 4;
    const rnl_loss_rows one = {
        .rows = 1, .columns = 5, .z = {row, 0}, .labels = &label, .scale = 1, .loss = &loss};
    for (size_t at = 0; at < 5; ++at)
        for (size_t bad = 0; bad < 2; ++bad) {
            const float kept = row[at];
            row[at] = bad == 0 ? NAN : INFINITY;
            k->sparse_cross_entropy(&one);
            cr_expect(!isfinite(loss), "class %zu", at);
            row[at] = kept;
        }
}

void check_largest(const rnl_kernels *k)
{
    static float z[SPACE];
    for (size_t columns = 1; columns <= LONGEST; ++columns) {
        int32_t found[ROWS];
        fill_logits(z, columns);
        k->largest(&(const rnl_largest){ROWS, columns, {z, STRIDE}, found});
        for (size_t i = 0; i < ROWS; ++i) {
            size_t best = 0;
            for (size_t j = 0; j < columns; ++j)
                best = z[i * STRIDE + j] > z[i * STRIDE + best] ? j : best;
            cr_assert_eq((size_t)found[i], best);
        }
    }
    float row[5] = {1, 3, 3, -1, 3};
    int32_t found;
    const rnl_largest one = {1, 5, {row, 0}, &found};
    k->largest(&one);
    cr_expect_eq(found, 1, "the lowest of equals");
    for (size_t at = 0; at < 5; ++at) {
        const float kept = row[at];
        row[at] = NAN;
        k->largest(&one);
        cr_expect(found >= 0 && found < 5);
        row[at] = kept;
    }
}

/* The exact loss of a row, and its gradient with respect to each column of z. */
typedef double exact_loss(const float *z, const float *t, size_t columns, double *gradient);

static double exact_cross_entropy(const float *z, const float *t, size_t columns, double *gradient)
{
    const double normalizer = log_sum_exp(z, columns);
    double loss = 0, total = 0;
    for (size_t j = 0; j < columns; ++j) {
        loss += t[j] == 0 ? 0 : (double)t[j] * (normalizer - (double)z[j]);
        total += (double)t[j];
    }
    for (size_t j = 0; j < columns; ++j)
        gradient[j] = exp((double)z[j] - normalizer) * total - (double)t[j];
    return loss;
}

static double exact_binary(const float *z, const float *t, size_t columns, double *gradient)
{
    double loss = 0;
    for (size_t j = 0; j < columns; ++j) {
        const double x = (double)z[j];
        loss += fmax(x, 0) - (double)t[j] * x + log1p(exp(-fabs(x)));
        gradient[j] = (1 / (1 + exp(-x)) - (double)t[j]) / (double)columns;
    }
    return loss / (double)columns;
}

static double exact_squares(const float *z, const float *t, size_t columns, double *gradient)
{
    double loss = 0;
    for (size_t j = 0; j < columns; ++j) {
        const double error = (double)z[j] - (double)t[j];
        loss += error * error;
        gradient[j] = 2 * error / (double)columns;
    }
    return loss / (double)columns;
}

static double exact_absolutes(const float *z, const float *t, size_t columns, double *gradient)
{
    double loss = 0;
    for (size_t j = 0; j < columns; ++j) {
        loss += fabs((double)z[j] - (double)t[j]);
        gradient[j] = (double)((z[j] > t[j]) - (z[j] < t[j])) / (double)columns;
    }
    return loss / (double)columns;
}

#define HUBER_THRESHOLD 1.5f

/* e^2 / 2 where |e| is within the threshold d, else d |e| - d^2 / 2. */
static double exact_huber(const float *z, const float *t, size_t columns, double *gradient)
{
    const double d = (double)HUBER_THRESHOLD;
    double loss = 0;
    for (size_t j = 0; j < columns; ++j) {
        const double error = (double)z[j] - (double)t[j], size = fabs(error);
        loss += size <= d ? error * error / 2 : d * size - d * d / 2;
        gradient[j] = (size <= d ? error : copysign(d, error)) / (double)columns;
    }
    return loss / (double)columns;
}

static double exact_poisson(const float *z, const float *t, size_t columns, double *gradient)
{
    double loss = 0;
    for (size_t j = 0; j < columns; ++j) {
        const double y = (double)z[j], shifted = (double)(z[j] + 1e-7f);
        loss += y - (double)t[j] * log(shifted);
        gradient[j] = (1 - (double)t[j] / shifted) / (double)columns;
    }
    return loss / (double)columns;
}

static double exact_poisson_of_log(const float *z, const float *t, size_t columns, double *gradient)
{
    double loss = 0;
    for (size_t j = 0; j < columns; ++j) {
        loss += exp((double)z[j]) - (double)t[j] * (double)z[j];
        gradient[j] = (exp((double)z[j]) - (double)t[j]) / (double)columns;
    }
    return loss / (double)columns;
}

/* The exact gradients themselves agree with central differences of the exact loss. */
static void check_exact(exact_loss *exact, const float *z, const float *t, size_t columns)
{
    double gradient[LONGEST], unused[LONGEST];
    exact(z, t, columns, gradient);
    float moved[LONGEST];
    memcpy(moved, z, columns * sizeof *moved);
    for (size_t j = 0; j < columns; ++j) {
        const float h = 1.0f / 64;
        moved[j] = z[j] + h;
        const double above = exact(moved, t, columns, unused);
        const double up = (double)moved[j];
        moved[j] = z[j] - h;
        const double slope = (above - exact(moved, t, columns, unused)) / (up - (double)moved[j]);
        moved[j] = z[j];
        cr_assert_float_eq(gradient[j], slope, 1e-3, "%g, not %g", gradient[j], slope);
    }
}

/* With targets smoothed between so many classes; 0: the columns. */
static void check_smoothed_loss(void (*kernel)(const rnl_loss_rows *), exact_loss *exact,
                                float smoothing, size_t classes, bool positive)
{
    static guarded output;
    static float z[SPACE], t[SPACE];
    flush_denormals();
    for (size_t i = 0; i < SPACE; ++i)
        z[i] = positive ? 0.1f + fabsf(random_float(12)) : random_float(12);
    for (size_t columns = 1; columns <= LONGEST; ++columns) {
        for (size_t i = 0; i < SPACE; ++i)
            t[i] = i % 3 == 0 ? 0 : i % 3 == 1 ? 1 : random_float(0.5f) + 0.5f;
        float loss[ROWS], loss_alone[ROWS];
        const float scale = 1.0f / 7;
        float *delta = guarded_start(&output, SPACE);
        rnl_loss_rows a = {.rows = ROWS,
                           .columns = columns,
                           .z = {z, STRIDE},
                           .targets = {t, STRIDE - 1},
                           .scale = scale,
                           .threshold = HUBER_THRESHOLD,
                           .smoothing = smoothing,
                           .delta = {delta, STRIDE - 2},
                           .loss = loss};
        kernel(&a);
        guarded_check(&output, ROWS, columns, STRIDE - 2);
        a.delta.values = NULL;
        a.loss = loss_alone;
        kernel(&a);
        cr_assert_arr_eq(loss, loss_alone, sizeof loss);
        for (size_t i = 0; i < ROWS; ++i) {
            const float *row = z + i * STRIDE;
            const float share = smoothing / (float)(classes > 0 ? classes : columns);
            float targets[LONGEST];
            for (size_t j = 0; j < columns; ++j)
                targets[j] = t[i * (STRIDE - 1) + j] * (1 - smoothing) + share;
            double gradient[LONGEST], size = 0;
            const double expected = exact(row, targets, columns, gradient);
            for (size_t j = 0; j < columns; ++j)
                size += fabs((double)row[j]) / (double)columns;
            cr_assert_float_eq((double)loss[i], expected, 5e-7 * (fabs(expected) + size) + 1e-6,
                               "%zu columns: %g, not %g", columns, (double)loss[i], expected);
            for (size_t j = 0; j < columns; ++j)
                cr_assert_float_eq((double)delta[i * (STRIDE - 2) + j], gradient[j] * (double)scale,
                                   (double)scale * (2e-6 * fabs(gradient[j]) + 5e-7 * (1 + size)));
        }
    }
    const float mild[5] = {0.5f, -1, 2, 0.25f, -3}, above[5] = {0.5f, 1, 2, 0.75f, 3},
                shares[5] = {0, 1, 0.25f, 0.5f, 0};
    check_exact(exact, positive ? above : mild, shares, 5);
}

static void check_target_loss(void (*kernel)(const rnl_loss_rows *), exact_loss *exact)
{
    check_smoothed_loss(kernel, exact, 0, 0, false);
}

void check_cross_entropy(const rnl_kernels *k)
{
    check_target_loss(k->cross_entropy, exact_cross_entropy);
    check_smoothed_loss(k->cross_entropy, exact_cross_entropy, SMOOTHING, 0, false);
    const float z[3] = {0, -INFINITY, 0}, t[3] = {1, 0, 0};
    float loss;
    k->cross_entropy(&(const rnl_loss_rows){
        .rows = 1, .columns = 3, .z = {z, 0}, .targets = {t, 0}, .scale = 1, .loss = &loss});
    cr_expect_float_eq((double)loss, log(2), 1e-6);
}

void check_binary_cross_entropy(const rnl_kernels *k)
{
    check_target_loss(k->binary_cross_entropy, exact_binary);
    check_smoothed_loss(k->binary_cross_entropy, exact_binary, SMOOTHING, 2, false);
    /* The small loss of a sure and right answer keeps its digits. */
    const float z = 20, t = 1;
    float loss;
    k->binary_cross_entropy(&(const rnl_loss_rows){
        .rows = 1, .columns = 1, .z = {&z, 0}, .targets = {&t, 0}, .scale = 1, .loss = &loss});
    cr_expect_float_eq((double)loss, log1p(exp(-20)), 1e-14);
}

/* Loss and slope of one error: an exact 0, one too large to be squared, or no number. */
static void check_error(void (*kernel)(const rnl_loss_rows *), float error, double loss,
                        double slope)
{
    const float target = 0;
    float found[2];
    kernel(&(const rnl_loss_rows){.rows = 1,
                                  .columns = 1,
                                  .z = {&error, 0},
                                  .targets = {&target, 0},
                                  .scale = 1,
                                  .threshold = HUBER_THRESHOLD,
                                  .delta = {&found[1], 0},
                                  .loss = &found[0]});
    expect_near(found[0], loss, 0.5, "loss", (double)error);
    expect_near(found[1], slope, 0.5, "slope", (double)error);
}

void check_squared_error(const rnl_kernels *k)
{
    check_target_loss(k->squared_error, exact_squares);
    check_error(k->squared_error, 0, 0, 0);
    check_error(k->squared_error, -INFINITY, INFINITY, -INFINITY);
    check_error(k->squared_error, NAN, NAN, NAN);
}

void check_absolute_error(const rnl_kernels *k)
{
    check_target_loss(k->absolute_error, exact_absolutes);
    check_error(k->absolute_error, 0, 0, 0);
    check_error(k->absolute_error, -0.0f, 0, 0);
    check_error(k->absolute_error, -1e-40f, 0, 0); /* a denormal is 0 */
    check_error(k->absolute_error, -3e38f, (double)3e38f, -1);
    check_error(k->absolute_error, -INFINITY, INFINITY, -1);
    float loss;
    const float z[2] = {NAN, 1}, t[2] = {1, 1};
    k->absolute_error(&(const rnl_loss_rows){
        .rows = 1, .columns = 2, .z = {z, 0}, .targets = {t, 0}, .scale = 1, .loss = &loss});
    cr_expect(isnan(loss));
}

void check_huber(const rnl_kernels *k)
{
    check_target_loss(k->huber, exact_huber);
    const double d = (double)HUBER_THRESHOLD;
    check_error(k->huber, 0, 0, 0);
    check_error(k->huber, HUBER_THRESHOLD, d * d / 2, d);
    check_error(k->huber, -HUBER_THRESHOLD, d * d / 2, -d);
    check_error(k->huber, -1e38f, d * (double)1e38f, -d);
    check_error(k->huber, -INFINITY, INFINITY, -d);
    check_error(k->huber, NAN, NAN, NAN);
}

void check_poisson(const rnl_kernels *k)
{
    check_smoothed_loss(k->poisson, exact_poisson, 0, 0, true);
    /* 0 is a prediction, a negative number is none. */
    check_error(k->poisson, 0, 0, 1);
    check_error(k->poisson, -1, NAN, 1);
}

void check_poisson_of_log(const rnl_kernels *k)
{
    check_target_loss(k->poisson_of_log, exact_poisson_of_log);
    check_error(k->poisson_of_log, 0, 1, 1);
    check_error(k->poisson_of_log, 200, INFINITY, INFINITY);
    check_error(k->poisson_of_log, -200, 0, 0);
    check_error(k->poisson_of_log, NAN, NAN, NAN);
}

void check_pinball(const rnl_kernels *k)
{
    static guarded output;
    static float z[SPACE], quantiles[LONGEST], t[ROWS];
    flush_denormals();
    for (size_t i = 0; i < SPACE; ++i)
        z[i] = random_float(3);
    for (size_t i = 0; i < ROWS; ++i)
        t[i] = i % 2 ? random_float(3) : z[i * STRIDE];
    for (size_t columns = 1; columns <= LONGEST; ++columns) {
        for (size_t j = 0; j < columns; ++j)
            quantiles[j] = (float)(j + 1) / (float)(columns + 1);
        float loss[ROWS];
        float *delta = guarded_start(&output, SPACE);
        k->pinball(&(const rnl_loss_rows){.rows = ROWS,
                                          .columns = columns,
                                          .z = {z, STRIDE},
                                          .targets = {t, 1},
                                          .scale = 0.5f,
                                          .quantiles = quantiles,
                                          .delta = {delta, STRIDE - 2},
                                          .loss = loss});
        guarded_check(&output, ROWS, columns, STRIDE - 2);
        for (size_t i = 0; i < ROWS; ++i) {
            double expected = 0;
            for (size_t j = 0; j < columns; ++j) {
                const double q = (double)quantiles[j];
                const double error = (double)t[i] - (double)z[i * STRIDE + j];
                expected += fmax(q * error, (q - 1) * error) / (double)columns;
                const double slope = error > 0 ? -q : error < 0 ? 1 - q : 0;
                cr_assert_float_eq((double)delta[i * (STRIDE - 2) + j], slope / 2 / (double)columns,
                                   1e-6 / (double)columns);
            }
            cr_assert_float_eq((double)loss[i], expected, 1e-6 * (1 + expected));
        }
    }
    float bad[2] = {0, NAN}, loss;
    k->pinball(&(const rnl_loss_rows){.rows = 1,
                                      .columns = 2,
                                      .z = {bad, 0},
                                      .targets = {t, 0},
                                      .scale = 1,
                                      .quantiles = quantiles,
                                      .loss = &loss});
    cr_expect(isnan(loss), "%g", (double)loss);
}
