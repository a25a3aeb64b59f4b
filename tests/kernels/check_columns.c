/*
 * Learned factors and batch normalization.
 */
#include "tests/kernels/kernel_checks.h"

typedef void factors_forward(const rnl_learned_factors *);
typedef void factors_backward(const rnl_learned_factors_backward *);

/* The factor acts on z below `limit`. */
static void check_factors_below(factors_forward *forward, float limit)
{
    static guarded output;
    static float z[SPACE], slopes[LONGEST];
    flush_denormals();
    for (size_t i = 0; i < SPACE; ++i)
        z[i] = i % 7 == 0 ? 0.0f : random_float(3);
    for (size_t j = 0; j < LONGEST; ++j)
        slopes[j] = random_float(2);
    for (size_t columns = 0; columns <= LONGEST; ++columns) {
        float *y = guarded_start(&output, SPACE);
        forward(&(const rnl_learned_factors){ROWS, columns, {z, STRIDE}, slopes, {y, STRIDE}});
        guarded_check(&output, ROWS, columns, STRIDE);
        for (size_t i = 0; i < ROWS; ++i)
            for (size_t j = 0; j < columns; ++j) {
                const size_t at = i * STRIDE + j;
                cr_assert_eq(y[at], z[at] >= limit ? z[at] : z[at] * slopes[j]);
            }
    }
}

void check_factors_forward(const rnl_kernels *k)
{
    check_factors_below(k->factors_forward, INFINITY);
}

void check_learned_slope_forward(const rnl_kernels *k)
{
    check_factors_below(k->learned_slope_forward, 0);
}

/* ---- batch normalization --------------------------------------------------------------------- */

enum { BATCH_ROWS = 37, BATCH_STRIDE = LONGEST + 3, BATCH_SPACE = BATCH_ROWS * BATCH_STRIDE };

static void fill_batch(float *x, float center)
{
    for (size_t i = 0; i < BATCH_SPACE; ++i)
        x[i] = center + random_float(3);
}

/* In double, of a column of x. */
static void moments_of(const float *x, size_t rows, double *mean, double *variance)
{
    *mean = *variance = 0;
    for (size_t i = 0; i < rows; ++i)
        *mean += (double)x[i * BATCH_STRIDE] / (double)rows;
    for (size_t i = 0; i < rows; ++i) {
        const double difference = (double)x[i * BATCH_STRIDE] - *mean;
        *variance += difference * difference / (double)rows;
    }
}

/* Far from 0, where the mean of the squares less the square of the mean would be lost. */
void check_column_moments(const rnl_kernels *k)
{
    static guarded means, variances;
    static float x[BATCH_SPACE];
    flush_denormals();
    fill_batch(x, 1000);
    for (size_t rows = 1; rows <= BATCH_ROWS; rows += 6)
        for (size_t columns = 0; columns <= LONGEST; ++columns) {
            float *mean = guarded_start(&means, SPACE),
                  *variance = guarded_start(&variances, SPACE);
            k->column_moments(
                &(const rnl_column_moments){rows, columns, {x, BATCH_STRIDE}, mean, variance});
            guarded_check(&means, 1, columns, SPACE);
            guarded_check(&variances, 1, columns, SPACE);
            for (size_t j = 0; j < columns; ++j) {
                double expected, square;
                moments_of(x + j, rows, &expected, &square);
                cr_assert(fabs((double)mean[j] - expected) <= 3e-7 * expected, "mean of %zu rows",
                          rows);
                cr_assert(fabs((double)variance[j] - square) <= 1e-6 * (1 + square),
                          "variance of %zu rows: %g, expected %g", rows, (double)variance[j],
                          square);
            }
        }
}

static void check_factors_backward_below(factors_backward *backward, float limit)
{
    enum { PARTIALS = 3 };
    static guarded output;
    static float z[BATCH_SPACE], upstream[PARTIALS * BATCH_SPACE], delta[BATCH_SPACE],
        slopes[LONGEST];
    flush_denormals();
    fill_batch(z, 0);
    for (size_t j = 0; j < LONGEST; j += 3)
        z[BATCH_STRIDE + j] = 0;
    for (size_t i = 0; i < PARTIALS; ++i)
        fill_batch(upstream + i * BATCH_SPACE, 0);
    for (size_t j = 0; j < LONGEST; ++j)
        slopes[j] = random_float(2);
    for (size_t partials = 1; partials <= PARTIALS; ++partials)
        for (size_t columns = 0; columns <= LONGEST; ++columns) {
            float *gradient = guarded_start(&output, SPACE);
            backward(&(const rnl_learned_factors_backward){
                .rows = BATCH_ROWS,
                .columns = columns,
                .upstream = {upstream, BATCH_STRIDE, partials, BATCH_SPACE},
                .z = {z, BATCH_STRIDE},
                .factors = slopes,
                .delta = {delta, BATCH_STRIDE},
                .gradient = gradient});
            guarded_check(&output, 1, columns, SPACE);
            for (size_t j = 0; j < columns; ++j) {
                double expected = 0;
                for (size_t i = 0; i < BATCH_ROWS; ++i) {
                    const size_t at = i * BATCH_STRIDE + j;
                    float sum = upstream[at];
                    for (size_t p = 1; p < partials; ++p)
                        sum += upstream[p * BATCH_SPACE + at];
                    cr_assert_eq(delta[at], z[at] >= limit ? sum : sum * slopes[j]);
                    expected += z[at] < limit ? (double)sum * (double)z[at] : 0;
                }
                cr_assert(fabs((double)gradient[j] - expected) <= 1e-4, "column %zu", j);
            }
        }
}

void check_factors_backward(const rnl_kernels *k)
{
    check_factors_backward_below(k->factors_backward, INFINITY);
}

void check_learned_slope_backward(const rnl_kernels *k)
{
    check_factors_backward_below(k->learned_slope_backward, 0);
}

/* Statistics and parameters of the columns. */
static float batch_mean[LONGEST], batch_variance[LONGEST], batch_gamma[LONGEST],
    batch_beta[LONGEST];

static void fill_columns(void)
{
    for (size_t j = 0; j < LONGEST; ++j) {
        batch_mean[j] = random_float(1);
        batch_variance[j] = fabsf(random_float(2));
        batch_gamma[j] = random_float(2);
        batch_beta[j] = random_float(1);
    }
}

static double deviation_of(size_t j)
{
    return sqrt((double)batch_variance[j] + 1e-3);
}

void check_normalize(const rnl_kernels *k)
{
    static guarded output;
    static float x[BATCH_SPACE];
    flush_denormals();
    fill_batch(x, 0);
    fill_columns();
    for (int learned = 0; learned < 2; ++learned)
        for (size_t columns = 0; columns <= LONGEST; ++columns) {
            float *y = guarded_start(&output, SPACE);
            k->normalize(&(const rnl_normalize){.rows = ROWS,
                                                .columns = columns,
                                                .x = {x, BATCH_STRIDE},
                                                .mean = batch_mean,
                                                .variance = batch_variance,
                                                .gamma = learned ? batch_gamma : NULL,
                                                .beta = learned ? batch_beta : NULL,
                                                .epsilon = 1e-3f,
                                                .y = {y, STRIDE}});
            guarded_check(&output, ROWS, columns, STRIDE);
            for (size_t i = 0; i < ROWS; ++i)
                for (size_t j = 0; j < columns; ++j) {
                    const double scaled =
                        ((double)x[i * BATCH_STRIDE + j] - (double)batch_mean[j]) / deviation_of(j);
                    const double expected =
                        learned ? (double)batch_gamma[j] * scaled + (double)batch_beta[j] : scaled;
                    cr_assert(fabs((double)y[i * STRIDE + j] - expected) <=
                                  4e-7 * (1 + fabs(scaled)) * 3,
                              "row %zu, column %zu of %zu", i, j, columns);
                }
        }
}

void check_normalize_sums(const rnl_kernels *k)
{
    enum { PARTIALS = 3 };
    static guarded sums, scaled_sums;
    static float x[BATCH_SPACE], upstream[PARTIALS * BATCH_SPACE], dy[BATCH_SPACE];
    flush_denormals();
    fill_batch(x, 0);
    for (size_t i = 0; i < PARTIALS; ++i)
        fill_batch(upstream + i * BATCH_SPACE, 0);
    fill_columns();
    for (size_t partials = 1; partials <= PARTIALS; ++partials)
        for (size_t columns = 0; columns <= LONGEST; ++columns) {
            float *gamma = guarded_start(&scaled_sums, SPACE), *beta = guarded_start(&sums, SPACE);
            k->normalize_sums(&(const rnl_normalize_sums){
                .rows = BATCH_ROWS,
                .columns = columns,
                .upstream = {upstream, BATCH_STRIDE, partials, BATCH_SPACE},
                .x = {x, BATCH_STRIDE},
                .mean = batch_mean,
                .variance = batch_variance,
                .epsilon = 1e-3f,
                .dy = {dy, BATCH_STRIDE},
                .gamma_gradient = gamma,
                .beta_gradient = beta});
            guarded_check(&scaled_sums, 1, columns, SPACE);
            guarded_check(&sums, 1, columns, SPACE);
            for (size_t j = 0; j < columns; ++j) {
                double of_beta = 0, of_gamma = 0;
                for (size_t i = 0; i < BATCH_ROWS; ++i) {
                    const size_t at = i * BATCH_STRIDE + j;
                    float sum = upstream[at];
                    for (size_t p = 1; p < partials; ++p)
                        sum += upstream[p * BATCH_SPACE + at];
                    cr_assert_eq(dy[at], sum);
                    of_beta += (double)sum;
                    of_gamma +=
                        (double)sum * ((double)x[at] - (double)batch_mean[j]) / deviation_of(j);
                }
                cr_assert(fabs((double)beta[j] - of_beta) <= 1e-4, "beta of column %zu", j);
                cr_assert(fabs((double)gamma[j] - of_gamma) <= 3e-6 * BATCH_ROWS / deviation_of(j),
                          "gamma of column %zu: %g, expected %g", j, (double)gamma[j], of_gamma);
            }
        }
}

/* Some of the rows that were measured. */
void check_normalize_backward(const rnl_kernels *k)
{
    enum { MEASURED = ROWS + 3 };
    static guarded output;
    static float x[BATCH_SPACE], dy[SPACE], gamma_gradient[LONGEST], beta_gradient[LONGEST];
    flush_denormals();
    fill_batch(x, 0);
    fill_columns();
    for (size_t i = 0; i < SPACE; ++i)
        dy[i] = random_float(2);
    for (size_t j = 0; j < LONGEST; ++j) {
        gamma_gradient[j] = random_float(3);
        beta_gradient[j] = random_float(3);
    }
    for (int own = 0; own < 2; ++own)
        for (size_t columns = 0; columns <= LONGEST; ++columns) {
            float *dx = guarded_start(&output, SPACE);
            for (size_t i = 0; i < ROWS; ++i)
                memcpy(dx + i * STRIDE, dy + i * STRIDE, columns * sizeof *dx);
            k->normalize_backward(
                &(const rnl_normalize_backward){.rows = ROWS,
                                                .columns = columns,
                                                .measured = MEASURED,
                                                .x = {x, BATCH_STRIDE},
                                                .mean = batch_mean,
                                                .variance = batch_variance,
                                                .gamma = own ? batch_gamma : NULL,
                                                .epsilon = 1e-3f,
                                                .gamma_gradient = own ? gamma_gradient : NULL,
                                                .beta_gradient = own ? beta_gradient : NULL,
                                                .dx = {dx, STRIDE}});
            guarded_check(&output, ROWS, columns, STRIDE);
            for (size_t i = 0; i < ROWS; ++i)
                for (size_t j = 0; j < columns; ++j) {
                    const double d = deviation_of(j), mean = (double)batch_mean[j];
                    const double scaled = ((double)x[i * BATCH_STRIDE + j] - mean) / d;
                    double expected = (double)dy[i * STRIDE + j];
                    if (own)
                        expected -=
                            ((double)beta_gradient[j] + scaled * (double)gamma_gradient[j]) /
                            (double)MEASURED;
                    expected *= (own ? (double)batch_gamma[j] : 1) / d;
                    cr_assert(fabs((double)dx[i * STRIDE + j] - expected) <=
                                  1e-6 * (2 + fabs(scaled)) * 2 / d,
                              "row %zu, column %zu of %zu", i, j, columns);
                }
        }
}
