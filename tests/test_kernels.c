/*
 * Every kernel of the list on every instruction set of this processor: each length up to two
 * unrolled blocks and one, rows with a stride, in place where that is allowed, guard words around
 * outputs, special values, and a stated bound against formulas in double.  A kernel without a
 * check_NAME below does not compile.
 */
#include "simd/kernels.h"
#include "simd/philox.h"
#include "tests/ulp.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

/* Two blocks of four vectors of 16 lanes, and one element. */
enum { LONGEST = 129, ROWS = 3, STRIDE = LONGEST + 5, SPACE = ROWS * STRIDE, GUARD = 64 };

static const float special[] = {0.0f,     -0.0f,     1.0f,     -1.0f,     INFINITY,   -INFINITY,
                                NAN,      0x1p-149f, -1e-40f,  0x1p-126f, -0x1p-126f, FLT_MAX,
                                -FLT_MAX, 1e-8f,     -1e-8f,   88.0f,     -88.0f,     -17.5f,
                                89.5f,    -104.5f,   0.34657f, -0.34657f};
enum { SPECIALS = sizeof special / sizeof *special };

static uint32_t state = 1;

static uint32_t random_word(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

/* Between -range and range. */
static float random_float(float range)
{
    return range * ((float)(random_word() >> 8) * 0x1p-23f - 1.0f);
}

/* Every exponent and sign comes up. */
static float random_bits(void)
{
    return float_of_bits(random_word());
}

enum { RANDOM_COLUMNS = 150, RANDOM_STRIDE = 153, RANDOM_SPACE = ROWS * RANDOM_STRIDE };

enum { MOST = RANDOM_SPACE };

/* Memory for outputs, between guard words that only a kernel gone wrong changes. */
typedef struct guarded {
    size_t count;
    uint32_t words[GUARD + MOST + GUARD];
} guarded;

static float *guarded_start(guarded *g, size_t count)
{
    g->count = count;
    for (size_t i = 0; i < GUARD + MOST + GUARD; ++i)
        g->words[i] = 0x7fc0beefu; /* a NaN of our own */
    return (float *)(void *)(g->words + GUARD);
}

/* All words but (rows, columns) of the stride are what they were. */
static void guarded_check(const guarded *g, size_t rows, size_t columns, size_t stride)
{
    for (size_t i = 0; i < GUARD + MOST + GUARD; ++i) {
        const size_t at = i - GUARD;
        const bool inside = i >= GUARD && at / stride < rows && at % stride < columns;
        if (!inside)
            cr_assert_eq(g->words[i], 0x7fc0beefu, "word %zd was written", (ssize_t)at);
    }
}

static void expect_near(float result, double exact, double bound, const char *what, double input)
{
    const double error = ulp_error(result, exact);
    cr_assert(error <= bound, "%s(%a): %a is %g ULP from %a", what, input, (double)result, error,
              exact);
}

/* ---- activations ----------------------------------------------------------------------------- */

typedef void forward_kernel(const rnl_activation_forward *);
typedef void backward_kernel(const rnl_activation_backward *);
typedef double forward_oracle(double z, double alpha);
typedef double slope_oracle(double y, double alpha);

static double linear_oracle(double z, double alpha)
{
    (void)alpha;
    return z;
}

static double relu_oracle(double z, double alpha)
{
    (void)alpha;
    return isnan(z) ? z : z > 0 ? z : 0;
}

static double elu_oracle(double z, double alpha)
{
    return z >= 0 ? z : alpha * expm1(z);
}

/* One row of any length at an offset; every element must come out as it does alone. */
static void check_positions(forward_kernel *kernel, const float *z, float alpha)
{
    float alone[LONGEST], together[LONGEST];
    for (size_t i = 0; i < LONGEST; ++i)
        kernel(&(const rnl_activation_forward){
            .rows = 1, .columns = 1, .z = {z + i, 1}, .y = {alone + i, 1}, .alpha = alpha});
    for (size_t offset = 0; offset < LONGEST; ++offset) {
        kernel(&(const rnl_activation_forward){.rows = 1,
                                               .columns = LONGEST - offset,
                                               .z = {z + offset, LONGEST},
                                               .y = {together + offset, LONGEST},
                                               .alpha = alpha});
        cr_assert_arr_eq(together + offset, alone + offset, (LONGEST - offset) * sizeof(float),
                         "offset %zu", offset);
    }
}

static void check_forward(forward_kernel *kernel, forward_oracle *oracle, const char *name,
                          float alpha, double bound)
{
    static guarded output;
    static float z[SPACE], bias[LONGEST];
    flush_denormals();
    for (size_t i = 0; i < SPACE; ++i)
        z[i] = i < SPECIALS ? special[i] : i % 3 == 0 ? random_bits() : random_float(20);
    for (size_t i = 0; i < LONGEST; ++i)
        bias[i] = random_float(2);
    for (size_t columns = 0; columns <= LONGEST; ++columns)
        for (int with_bias = 0; with_bias < 2; ++with_bias) {
            float *y = guarded_start(&output, SPACE);
            kernel(&(const rnl_activation_forward){.rows = ROWS,
                                                   .columns = columns,
                                                   .z = {z, STRIDE},
                                                   .bias = with_bias ? bias : NULL,
                                                   .y = {y, STRIDE - 2},
                                                   .alpha = alpha});
            guarded_check(&output, ROWS, columns, STRIDE - 2);
            for (size_t i = 0; i < ROWS; ++i)
                for (size_t j = 0; j < columns; ++j) {
                    const float sum = z[i * STRIDE + j] + (with_bias ? bias[j] : 0);
                    expect_near(y[i * (STRIDE - 2) + j],
                                oracle(without_denormal(sum), (double)alpha), bound, name,
                                (double)sum);
                }
        }
    /* In place. */
    float *y = guarded_start(&output, SPACE);
    memcpy(y, z, SPACE * sizeof *y);
    kernel(&(const rnl_activation_forward){
        .rows = 1, .columns = SPACE, .z = {y, SPACE}, .y = {y, SPACE}, .alpha = alpha});
    for (size_t i = 0; i < SPACE; ++i)
        expect_near(y[i], oracle(without_denormal(z[i]), (double)alpha), bound, name, (double)z[i]);
    check_positions(kernel, z, alpha);
}

static double linear_slope(double y, double alpha)
{
    (void)y;
    (void)alpha;
    return 1;
}

static double relu_slope(double y, double alpha)
{
    (void)alpha;
    return y > 0;
}

static double elu_slope(double y, double alpha)
{
    return y > 0 ? 1 : y + alpha;
}

static double hard_sigmoid_slope(double y, double alpha);

/* Where it has no slope, nothing passes, not even what is not finite. */
static bool cuts(slope_oracle *slope)
{
    return slope == relu_slope || slope == hard_sigmoid_slope;
}

/* The sum of partials is that of floats, in their order. */
static void check_backward(backward_kernel *kernel, slope_oracle *slope, const char *name,
                           float alpha, double bound)
{
    enum { PARTIALS = 3, DISTANCE = SPACE + 7 };
    static guarded output;
    static float upstream[PARTIALS * DISTANCE], y[SPACE];
    flush_denormals();
    for (size_t i = 0; i < PARTIALS * DISTANCE; ++i)
        upstream[i] = i < SPECIALS ? special[i] : random_float(3);
    for (size_t i = 0; i < SPACE; ++i)
        y[i] = i % 4 == 0 ? 0.0f : fmaxf(random_float(2), -alpha);
    for (size_t partials = 1; partials <= PARTIALS; ++partials)
        for (size_t columns = 0; columns <= LONGEST; ++columns) {
            float *delta = guarded_start(&output, SPACE);
            kernel(
                &(const rnl_activation_backward){.rows = ROWS,
                                                 .columns = columns,
                                                 .upstream = {upstream, STRIDE, partials, DISTANCE},
                                                 .y = {y, STRIDE - 1},
                                                 .delta = {delta, STRIDE - 2},
                                                 .alpha = alpha});
            guarded_check(&output, ROWS, columns, STRIDE - 2);
            for (size_t i = 0; i < ROWS; ++i)
                for (size_t j = 0; j < columns; ++j) {
                    float sum = upstream[i * STRIDE + j];
                    for (size_t k = 1; k < partials; ++k)
                        sum += upstream[k * DISTANCE + i * STRIDE + j];
                    /* y + alpha is rounded once. */
                    const double f =
                        (double)(float)slope((double)y[i * (STRIDE - 1) + j], (double)alpha);
                    const bool cut = cuts(slope) && f == 0;
                    expect_near(delta[i * (STRIDE - 2) + j], cut ? 0 : without_denormal(sum) * f,
                                bound, name, (double)sum);
                }
        }
    /* delta may be upstream. */
    float *delta = guarded_start(&output, SPACE);
    memcpy(delta, upstream, SPACE * sizeof *delta);
    kernel(&(const rnl_activation_backward){.rows = 1,
                                            .columns = SPACE,
                                            .upstream = {delta, SPACE, 1, 0},
                                            .y = {y, SPACE},
                                            .delta = {delta, SPACE},
                                            .alpha = alpha});
    for (size_t i = 0; i < SPACE; ++i) {
        const double f = (double)(float)slope((double)y[i], (double)alpha);
        const bool cut = cuts(slope) && f == 0;
        expect_near(delta[i], cut ? 0 : without_denormal(upstream[i]) * f, bound, name,
                    (double)upstream[i]);
    }
}

static void check_linear_forward(const rnl_kernels *k)
{
    check_forward(k->linear_forward, linear_oracle, "linear", 0, 0);
}

static void check_relu_forward(const rnl_kernels *k)
{
    check_forward(k->relu_forward, relu_oracle, "relu", 0, 0);
}

/* alpha other than 1 is one more rounding. */
static void check_elu_forward(const rnl_kernels *k)
{
    check_forward(k->elu_forward, elu_oracle, "elu", 1, 1);
    check_forward(k->elu_forward, elu_oracle, "elu", 0.7f, 2.5);
    check_forward(k->elu_forward, elu_oracle, "elu", 0, 0);
}

static void check_linear_backward(const rnl_kernels *k)
{
    check_backward(k->linear_backward, linear_slope, "linear'", 0, 0);
}

static void check_relu_backward(const rnl_kernels *k)
{
    check_backward(k->relu_backward, relu_slope, "relu'", 0, 0);
}

static void check_elu_backward(const rnl_kernels *k)
{
    check_backward(k->elu_backward, elu_slope, "elu'", 1, 0.5);
    check_backward(k->elu_backward, elu_slope, "elu'", 0.3f, 0.5);
}

static double sigmoid_oracle(double z, double alpha)
{
    (void)alpha;
    return z >= 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z));
}

static double tanh_oracle(double z, double alpha)
{
    (void)alpha;
    return tanh(z);
}

static void check_sigmoid_forward(const rnl_kernels *k)
{
    check_forward(k->sigmoid_forward, sigmoid_oracle, "sigmoid", 0, 2);
}

static void check_tanh_forward(const rnl_kernels *k)
{
    check_forward(k->tanh_forward, tanh_oracle, "tanh", 0, 2);
}

static double sigmoid_slope(double y, double alpha)
{
    (void)alpha;
    return y * (1 - y);
}

static double tanh_slope(double y, double alpha)
{
    (void)alpha;
    return (1 - y) * (1 + y);
}

/* Three roundings more than the oracle's. */
static void check_sigmoid_backward(const rnl_kernels *k)
{
    check_backward(k->sigmoid_backward, sigmoid_slope, "sigmoid'", 0, 3.5);
}

static void check_tanh_backward(const rnl_kernels *k)
{
    check_backward(k->tanh_backward, tanh_slope, "tanh'", 0, 3.5);
}

static double leaky_relu_oracle(double z, double alpha)
{
    return z >= 0 ? z : isnan(z) ? z : alpha * z;
}

static double leaky_relu_slope(double y, double alpha)
{
    return y > 0 ? 1 : alpha;
}

static void check_leaky_relu_forward(const rnl_kernels *k)
{
    check_forward(k->leaky_relu_forward, leaky_relu_oracle, "leaky_relu", 0.3f, 0.5);
    check_forward(k->leaky_relu_forward, leaky_relu_oracle, "leaky_relu", 0.01f, 0.5);
}

static void check_leaky_relu_backward(const rnl_kernels *k)
{
    check_backward(k->leaky_relu_backward, leaky_relu_slope, "leaky_relu'", 0.3f, 0.5);
}

static double selu_oracle(double z, double alpha)
{
    (void)alpha;
    return 1.0507009873554805 * (z >= 0 ? z : 1.6732632423543772 * expm1(z));
}

/* With the constants that a float holds: near the limit of y, all but their last bits cancel. */
static double selu_slope(double y, double alpha)
{
    (void)alpha;
    return y > 0 ? (double)1.0507009873554805f : y + (double)1.7580993408473766f;
}

static void check_selu_forward(const rnl_kernels *k)
{
    check_forward(k->selu_forward, selu_oracle, "selu", 0, 2);
}

static void check_selu_backward(const rnl_kernels *k)
{
    check_backward(k->selu_backward, selu_slope, "selu'", 1.7580993f, 0.5);
}

/* Slopes that are kept, of z + bias, within 4e-7. */
static void check_kept(forward_kernel *kernel, slope_oracle *slope, const char *name)
{
    static guarded output;
    static float z[LONGEST], bias[LONGEST], y[LONGEST];
    flush_denormals();
    for (int round = 0; round < 50; ++round)
        for (size_t columns = 0; columns <= LONGEST; ++columns) {
            float *kept = guarded_start(&output, SPACE);
            for (size_t i = 0; i < LONGEST; ++i) {
                z[i] = random_float(round % 2 == 0 ? 3 : 30);
                bias[i] = random_float(1);
            }
            kernel(&(const rnl_activation_forward){.rows = 1,
                                                   .columns = columns,
                                                   .z = {z, 0},
                                                   .bias = bias,
                                                   .y = {y, 0},
                                                   .kept = kept});
            guarded_check(&output, 1, columns, SPACE);
            for (size_t i = 0; i < columns; ++i) {
                const double exact = slope((double)(z[i] + bias[i]), 0);
                cr_assert_float_eq((double)kept[i], exact, 4e-7, "%s'(%g): %g, not %g", name,
                                   (double)(z[i] + bias[i]), (double)kept[i], exact);
            }
        }
}

static double softplus_oracle(double z, double alpha)
{
    (void)alpha;
    return isnan(z) ? z : fmax(z, 0) + log1p(exp(-fabs(z)));
}

static void check_softplus_forward(const rnl_kernels *k)
{
    check_forward(k->softplus_forward, softplus_oracle, "softplus", 0, 3);
    check_kept(k->softplus_forward, sigmoid_oracle, "softplus");
}

static double softsign_oracle(double z, double alpha)
{
    (void)alpha;
    return isinf(z) ? copysign(1, z) : z / (1 + fabs(z));
}

static double softsign_slope(double y, double alpha)
{
    (void)alpha;
    return (1 - fabs(y)) * (1 - fabs(y));
}

static void check_softsign_forward(const rnl_kernels *k)
{
    check_forward(k->softsign_forward, softsign_oracle, "softsign", 0, 2);
}

/* Three roundings more than the oracle's. */
static void check_softsign_backward(const rnl_kernels *k)
{
    check_backward(k->softsign_backward, softsign_slope, "softsign'", 1, 3.5);
}

static double exponential_oracle(double z, double alpha)
{
    (void)alpha;
    return exp(z);
}

static double exponential_slope(double y, double alpha)
{
    (void)alpha;
    return y;
}

static void check_exponential_forward(const rnl_kernels *k)
{
    check_forward(k->exponential_forward, exponential_oracle, "exponential", 0, 1);
}

static void check_kept_backward(const rnl_kernels *k)
{
    check_backward(k->kept_backward, exponential_slope, "exponential'", 0, 0.5);
}

static double hard_sigmoid_oracle(double z, double alpha)
{
    (void)alpha;
    return isnan(z) ? z : fmin(fmax(z + 3, 0), 6) / 6;
}

static double hard_sigmoid_slope(double y, double alpha)
{
    (void)alpha;
    return y > 0 && y < 1 ? 1.0 / 6 : 0;
}

static void check_hard_sigmoid_forward(const rnl_kernels *k)
{
    check_forward(k->hard_sigmoid_forward, hard_sigmoid_oracle, "hard_sigmoid", 0, 2);
}

static void check_hard_sigmoid_backward(const rnl_kernels *k)
{
    check_backward(k->hard_sigmoid_backward, hard_sigmoid_slope, "hard_sigmoid'", 0, 0.5);
}

/* Where the sigmoid is no longer a normal number, 0. */
static double swish_oracle(double z, double alpha)
{
    (void)alpha;
    return isnan(z) ? z : z < -87.33654 ? 0 : z / (1 + exp(-z));
}

static double swish_slope(double z, double alpha)
{
    (void)alpha;
    const double s = sigmoid_oracle(z, 0);
    return s + z * s * (1 - s);
}

static void check_swish_forward(const rnl_kernels *k)
{
    check_forward(k->swish_forward, swish_oracle, "swish", 0, 3);
    check_kept(k->swish_forward, swish_slope, "swish");
}

static double normal_distribution(double z)
{
    return erfc(-z / sqrt(2)) / 2;
}

static double gelu_oracle(double z, double alpha)
{
    (void)alpha;
    return isinf(z) ? (z > 0 ? z : 0) : z * normal_distribution(z);
}

static double gelu_slope(double z, double alpha)
{
    (void)alpha;
    return normal_distribution(z) +
           (isinf(z) ? 0 : z * exp(-z * z / 2) / sqrt(2 * 3.14159265358979323846));
}

/* In ULP down to -5, below that absolutely. */
static void check_gelu_forward(const rnl_kernels *k)
{
    flush_denormals();
    static float z[LONGEST], bias[LONGEST], y[LONGEST];
    for (int round = 0; round < 3000; ++round) {
        for (size_t i = 0; i < LONGEST; ++i)
            z[i] = round == 0 && i < SPECIALS ? special[i]
                   : round % 2 == 0           ? random_float(20)
                                              : random_bits();
        k->gelu_forward(&(const rnl_activation_forward){
            .rows = 1, .columns = LONGEST, .z = {z, 0}, .y = {y, 0}});
        for (size_t i = 0; i < LONGEST; ++i) {
            const double exact = gelu_oracle(without_denormal(z[i]), 0);
            if (z[i] < -5)
                cr_assert_float_eq((double)y[i], exact, 5e-9, "gelu(%g): %g", (double)z[i],
                                   (double)y[i]);
            else
                expect_near(y[i], exact, 2, "gelu", (double)z[i]);
        }
    }
    for (size_t columns = 0; columns <= LONGEST; ++columns) {
        static guarded output;
        float *out = guarded_start(&output, SPACE);
        for (size_t i = 0; i < LONGEST; ++i) {
            z[i] = random_float(4);
            bias[i] = random_float(1);
        }
        k->gelu_forward(&(const rnl_activation_forward){
            .rows = 1, .columns = columns, .z = {z, 0}, .bias = bias, .y = {out, 0}});
        guarded_check(&output, 1, columns, SPACE);
        for (size_t i = 0; i < columns; ++i) {
            const float sum = z[i] + bias[i];
            expect_near(out[i], gelu_oracle((double)sum, 0), 2, "gelu", (double)sum);
        }
    }
    check_positions(k->gelu_forward, z, 0);
    check_kept(k->gelu_forward, gelu_slope, "gelu");
}

/* ---- elementary functions -------------------------------------------------------------------- */

static void check_unary(void (*kernel)(const rnl_unary *), double (*oracle)(double),
                        const char *name, double bound)
{
    static guarded output;
    static float x[SPACE];
    flush_denormals();
    for (size_t i = 0; i < SPACE; ++i)
        x[i] = i < SPECIALS ? special[i] : random_float(100);
    for (size_t count = 0; count <= LONGEST; ++count) {
        float *y = guarded_start(&output, SPACE);
        kernel(&(const rnl_unary){count, x, y});
        guarded_check(&output, 1, count, SPACE);
        for (size_t i = 0; i < count; ++i)
            expect_near(y[i], oracle(without_denormal(x[i])), bound, name, (double)x[i]);
    }
    /* A hundred values of every exponent and sign, in place. */
    for (uint32_t high = 0; high < 512; ++high) {
        float y[100], before[100];
        for (size_t i = 0; i < 100; ++i)
            before[i] = y[i] = float_of_bits(high << 23 | random_word() >> 9);
        kernel(&(const rnl_unary){100, y, y});
        for (size_t i = 0; i < 100; ++i)
            expect_near(y[i], oracle(without_denormal(before[i])), bound, name, (double)before[i]);
    }
}

static void check_exponential(const rnl_kernels *k)
{
    check_unary(k->exponential, exp, "exponential", 1);
}

static void check_logarithm(const rnl_kernels *k)
{
    check_unary(k->logarithm, log, "logarithm", 2);
}

/* ---- losses ---------------------------------------------------------------------------------- */

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

static void check_softmax(const rnl_kernels *k)
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

static void check_sparse_cross_entropy(const rnl_kernels *k)
{
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
            const double exact = normalizer - (double)row[labels[i]];
            cr_assert_float_eq((double)loss[i], exact, 3e-7 * fabs(exact) + 1e-6, "%g, not %g",
                               (double)loss[i], exact);
            for (size_t j = 0; j < classes; ++j) {
                const double distance = (double)row[j] - normalizer;
                const double target = (size_t)labels[i] == j;
                cr_assert_float_eq(
                    (double)delta[i * (STRIDE - 2) + j], (exp(distance) - target) * (double)scale,
                    (double)scale * probability_bound(exp(distance), distance) + 2e-8);
            }
        }
    }
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

static void check_largest(const rnl_kernels *k)
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

static void check_target_loss(void (*kernel)(const rnl_loss_rows *), exact_loss *exact)
{
    static guarded output;
    static float z[SPACE], t[SPACE];
    flush_denormals();
    for (size_t i = 0; i < SPACE; ++i)
        z[i] = random_float(12);
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
                           .delta = {delta, STRIDE - 2},
                           .loss = loss};
        kernel(&a);
        guarded_check(&output, ROWS, columns, STRIDE - 2);
        a.delta.values = NULL;
        a.loss = loss_alone;
        kernel(&a);
        cr_assert_arr_eq(loss, loss_alone, sizeof loss);
        for (size_t i = 0; i < ROWS; ++i) {
            const float *row = z + i * STRIDE, *targets = t + i * (STRIDE - 1);
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
    const float mild[5] = {0.5f, -1, 2, 0.25f, -3}, shares[5] = {0, 1, 0.25f, 0.5f, 0};
    check_exact(exact, mild, shares, 5);
}

static void check_cross_entropy(const rnl_kernels *k)
{
    check_target_loss(k->cross_entropy, exact_cross_entropy);
    const float z[3] = {0, -INFINITY, 0}, t[3] = {1, 0, 0};
    float loss;
    k->cross_entropy(&(const rnl_loss_rows){
        .rows = 1, .columns = 3, .z = {z, 0}, .targets = {t, 0}, .scale = 1, .loss = &loss});
    cr_expect_float_eq((double)loss, log(2), 1e-6);
}

static void check_binary_cross_entropy(const rnl_kernels *k)
{
    check_target_loss(k->binary_cross_entropy, exact_binary);
    /* Of a sure and right answer, the small loss keeps its digits. */
    const float z = 20, t = 1;
    float loss;
    k->binary_cross_entropy(&(const rnl_loss_rows){
        .rows = 1, .columns = 1, .z = {&z, 0}, .targets = {&t, 0}, .scale = 1, .loss = &loss});
    cr_expect_float_eq((double)loss, log1p(exp(-20)), 1e-14);
}

/* Of one error: an exact 0, what is too large to be squared, and what is no number. */
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

static void check_squared_error(const rnl_kernels *k)
{
    check_target_loss(k->squared_error, exact_squares);
    check_error(k->squared_error, 0, 0, 0);
    check_error(k->squared_error, -INFINITY, INFINITY, -INFINITY);
    check_error(k->squared_error, NAN, NAN, NAN);
}

static void check_absolute_error(const rnl_kernels *k)
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

static void check_huber(const rnl_kernels *k)
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

/* ---- updates --------------------------------------------------------------------------------- */

/* In doubles of what the floats hold; each quantity is rounded a few times. */
static void check_update(void (*kernel)(const rnl_update *), bool velocity_used, bool nesterov)
{
    enum { COUNT = 600 };
    static guarded weights_output, velocity_output;
    static float gradients[COUNT], w[COUNT], v[COUNT];
    const float learning_rate = 0.01f, momentum = velocity_used ? 0.9f : 0;
    flush_denormals();
    for (size_t count = 0; count <= LONGEST; ++count) {
        for (size_t i = 0; i < COUNT; ++i)
            gradients[i] = random_float(4);
        for (size_t i = 0; i < COUNT; ++i) {
            w[i] = random_float(1);
            v[i] = random_float(0.1f);
        }
        float *weights = guarded_start(&weights_output, SPACE);
        float *velocity = guarded_start(&velocity_output, SPACE);
        memcpy(weights, w, count * sizeof *w);
        memcpy(velocity, v, count * sizeof *v);
        float check = 1;
        kernel(&(const rnl_update){.count = count,
                                   .weights = weights,
                                   .gradients = gradients,
                                   .velocity = velocity_used ? velocity : NULL,
                                   .learning_rate = learning_rate,
                                   .momentum = momentum,
                                   .check = &check});
        cr_assert_eq(check, 0);
        guarded_check(&weights_output, 1, count, SPACE);
        guarded_check(&velocity_output, 1, count, SPACE);
        for (size_t i = 0; i < count; ++i) {
            const double down = (double)learning_rate * (double)gradients[i];
            const double next = (double)momentum * (double)v[i] - down;
            const double step = !velocity_used ? -down
                                : nesterov     ? (double)momentum * next - down
                                               : next;
            cr_assert_float_eq((double)weights[i], (double)w[i] + step, 2e-7);
            if (velocity_used)
                cr_assert_float_eq((double)velocity[i], next, 1e-7);
        }
    }
}

/* A gradient that is not finite, wherever it stands, and a weight that overflows, are told. */
static void check_told(void (*kernel)(const rnl_update *))
{
    enum { COUNT = 37 };
    for (size_t at = 0; at < COUNT; ++at)
        for (size_t bad = 0; bad < 3; ++bad) {
            float weights[COUNT], gradients[COUNT], velocity[COUNT] = {0}, squares[COUNT] = {0};
            for (size_t i = 0; i < COUNT; ++i) {
                weights[i] = -3e38f;
                gradients[i] = 1e-3f;
            }
            gradients[at] = bad == 0 ? NAN : bad == 1 ? INFINITY : 1e-3f;
            float check = 0;
            kernel(&(const rnl_update){.count = COUNT,
                                       .weights = weights,
                                       .gradients = gradients,
                                       .velocity = velocity,
                                       .squares = squares,
                                       .learning_rate = bad == 2 ? 1e38f : 1e-3f,
                                       .momentum = 0.5f,
                                       .beta_2 = 0.5f,
                                       .epsilon = bad == 2 ? 1e-3f : 1e-7f,
                                       .check = &check});
            const bool overflows = isinf(weights[0]) || isinf(weights[at]);
            cr_assert_eq(isnan(check), bad < 2 || overflows);
        }
}

static void check_sgd_update(const rnl_kernels *k)
{
    check_update(k->sgd_update, false, false);
    check_told(k->sgd_update);
}

static void check_momentum_update(const rnl_kernels *k)
{
    check_update(k->momentum_update, true, false);
    check_told(k->momentum_update);
}

static void check_nesterov_update(const rnl_kernels *k)
{
    check_update(k->nesterov_update, true, true);
    check_told(k->nesterov_update);
}

/* Twenty steps with given gradients against Adam in double, and Adam's first step by its closed
 * form: learning_rate g / (|g| + epsilon sqrt(1 - beta_2) ...), which is nearly learning_rate. */
static void check_adam_update(const rnl_kernels *k)
{
    check_told(k->adam_update);
    enum { COUNT = LONGEST, STEPS = 20 };
    static guarded outputs[3];
    static double w[COUNT], m[COUNT], v[COUNT];
    static float gradients[COUNT];
    const double beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7, learning_rate = 0.01;
    flush_denormals();
    for (size_t count = 0; count <= COUNT; ++count) {
        float *arrays[3];
        for (size_t i = 0; i < 3; ++i) {
            arrays[i] = guarded_start(&outputs[i], SPACE);
            memset(arrays[i], 0, count * sizeof(float));
        }
        memset(w, 0, sizeof w);
        memset(m, 0, sizeof m);
        memset(v, 0, sizeof v);
        for (int t = 1; t <= STEPS; ++t) {
            for (size_t i = 0; i < COUNT; ++i)
                gradients[i] = random_float(1);
            const double rate = learning_rate * sqrt(1 - pow(beta_2, t)) / (1 - pow(beta_1, t));
            float check = 1;
            k->adam_update(&(const rnl_update){.count = count,
                                               .weights = arrays[0],
                                               .gradients = gradients,
                                               .velocity = arrays[1],
                                               .squares = arrays[2],
                                               .learning_rate = (float)rate,
                                               .momentum = (float)beta_1,
                                               .beta_2 = (float)beta_2,
                                               .epsilon = (float)epsilon,
                                               .check = &check});
            cr_assert_eq(check, 0);
            for (size_t i = 0; i < count; ++i) {
                const double g = (double)gradients[i];
                m[i] = beta_1 * m[i] + (1 - beta_1) * g;
                v[i] = beta_2 * v[i] + (1 - beta_2) * g * g;
                w[i] -= rate * m[i] / (sqrt(v[i]) + epsilon);
                cr_assert_float_eq((double)arrays[0][i], w[i], 2e-6, "step %d: %g, not %g", t,
                                   (double)arrays[0][i], w[i]);
                if (t == 1 && fabs(g) > 0.1)
                    cr_assert_float_eq(fabs(w[i]), learning_rate, 1e-4 * learning_rate);
            }
        }
        for (size_t i = 0; i < 3; ++i)
            guarded_check(&outputs[i], 1, count, SPACE);
    }
}

/* One step in double from the state v, s, m, of what the floats hold. */
typedef void exact_update(const rnl_update *a, double g, double *w, double *v, double *s,
                          double *m);

static double exact_mean(double kept, double mean, double x)
{
    return (double)(1 - (float)kept) * (x - mean) + mean;
}

static void exact_adam(const rnl_update *a, double g, double *w, double *v, double *s, double *m)
{
    (void)m;
    *v = exact_mean((double)a->momentum, *v, g);
    *s = exact_mean((double)a->beta_2, *s, g * g);
    *w -= (double)a->learning_rate * *v / (sqrt(*s) + (double)a->epsilon);
}

static void exact_adamw(const rnl_update *a, double g, double *w, double *v, double *s, double *m)
{
    *w -= (double)a->decay * *w;
    exact_adam(a, g, w, v, s, m);
}

static void exact_adamax(const rnl_update *a, double g, double *w, double *v, double *s, double *m)
{
    (void)m;
    *v = exact_mean((double)a->momentum, *v, g);
    *s = fmax((double)a->beta_2 * *s, fabs(g));
    *w -= (double)a->learning_rate * *v / (*s + (double)a->epsilon);
}

static void exact_nadam(const rnl_update *a, double g, double *w, double *v, double *s, double *m)
{
    (void)m;
    *v = exact_mean((double)a->momentum, *v, g);
    *s = exact_mean((double)a->beta_2, *s, g * g);
    *w -= ((double)a->learning_rate * *v + (double)a->gradient_rate * g) /
          ((double)a->root_scale * sqrt(*s) + (double)a->epsilon);
}

static void exact_adagrad(const rnl_update *a, double g, double *w, double *v, double *s, double *m)
{
    (void)v, (void)m;
    *s += g * g;
    *w -= (double)a->learning_rate * g / sqrt(*s + (double)a->epsilon);
}

static void exact_rmsprop(const rnl_update *a, double g, double *w, double *v, double *s, double *m)
{
    *s = exact_mean((double)a->beta_2, *s, g * g);
    double variance = *s;
    if (a->means) {
        *m = exact_mean((double)a->beta_2, *m, g);
        variance = fmax(variance - *m * *m, 0);
    }
    double step = (double)a->learning_rate * g / sqrt(variance + (double)a->epsilon);
    if (a->velocity)
        *v = step += (double)a->momentum * *v;
    *w -= step;
}

/* What is told: as in check_told, and squares that overflow while the weights stay finite. */
static void check_squares_told(void (*kernel)(const rnl_update *), bool squares_overflow)
{
    enum { COUNT = 19 };
    static const float bad[] = {NAN, INFINITY, -INFINITY, 1e30f, 1};
    for (size_t at = 0; at < COUNT; ++at)
        for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
            float w[COUNT], g[COUNT] = {0}, v[COUNT] = {0}, s[COUNT] = {0}, m[COUNT] = {0};
            for (size_t j = 0; j < COUNT; ++j)
                w[j] = 1;
            g[at] = bad[i];
            float check = 1;
            kernel(&(const rnl_update){.count = COUNT,
                                       .weights = w,
                                       .gradients = g,
                                       .velocity = v,
                                       .squares = s,
                                       .means = m,
                                       .learning_rate = 1e-3f,
                                       .gradient_rate = 1e-3f,
                                       .root_scale = 1,
                                       .momentum = 0.5f,
                                       .beta_2 = 0.5f,
                                       .epsilon = 1e-7f,
                                       .check = &check});
            if (i < 3 || (i == 3 && squares_overflow))
                cr_assert(isnan(check), "%zu at %zu", i, at);
            else
                cr_assert_eq(check, 0, "%zu at %zu", i, at);
        }
}

/* From random state, gradients and weights that are also zeros and denormals, at every length: a
 * step is at most 0.12 long, whose rounding and that of the weight allow for 3e-7. */
static void check_against(void (*kernel)(const rnl_update *), exact_update *exact, bool velocity,
                          bool squares, bool means)
{
    static guarded outputs[4];
    static float gradients[LONGEST], start[4][LONGEST];
    const bool used[4] = {true, velocity, squares, means};
    flush_denormals();
    for (size_t count = 0; count <= LONGEST; ++count) {
        float *arrays[4] = {NULL};
        for (size_t i = 0; i < count; ++i) {
            const float g = random_float(1), small = i % 11 == 0 ? 0 : i % 11 == 1 ? 1e-40f : 1;
            gradients[i] = g * small;
            start[0][i] = i % 13 == 0 ? 1e-40f : random_float(1);
            start[1][i] = random_float(0.01f);
            start[3][i] = random_float(1);
            start[2][i] = start[3][i] * start[3][i] + 0.1f + fabsf(random_float(1));
        }
        for (size_t a = 0; a < 4; ++a) {
            arrays[a] = guarded_start(&outputs[a], SPACE);
            memcpy(arrays[a], start[a], count * sizeof(float));
        }
        float check = 1;
        const rnl_update update = {.count = count,
                                   .weights = arrays[0],
                                   .gradients = gradients,
                                   .velocity = used[1] ? arrays[1] : NULL,
                                   .squares = used[2] ? arrays[2] : NULL,
                                   .means = used[3] ? arrays[3] : NULL,
                                   .learning_rate = 0.01f,
                                   .gradient_rate = 0.02f,
                                   .root_scale = 1.5f,
                                   .decay = 0.125f,
                                   .momentum = 0.9f,
                                   .beta_2 = 0.75f,
                                   .epsilon = 1e-3f,
                                   .check = &check};
        kernel(&update);
        cr_assert_eq(check, 0);
        for (size_t a = 0; a < 4; ++a)
            guarded_check(&outputs[a], 1, count, SPACE);
        for (size_t i = 0; i < count; ++i) {
            double now[4];
            for (size_t a = 0; a < 4; ++a)
                now[a] = without_denormal(start[a][i]);
            const double g = without_denormal(gradients[i]);
            exact(&update, g, &now[0], &now[1], &now[2], &now[3]);
            for (size_t a = 0; a < 4; ++a)
                cr_assert_float_eq((double)arrays[a][i], used[a] ? now[a] : (double)start[a][i],
                                   3e-7 * fmax(1, fabs(now[a])), "array %zu: %.9g, not %.9g", a,
                                   (double)arrays[a][i], now[a]);
        }
    }
}

static void check_adamw_update(const rnl_kernels *k)
{
    check_against(k->adamw_update, exact_adamw, true, true, false);
    check_against(k->adam_update, exact_adam, true, true, false);
    check_squares_told(k->adamw_update, true);
}

static void check_adamax_update(const rnl_kernels *k)
{
    check_against(k->adamax_update, exact_adamax, true, true, false);
    check_squares_told(k->adamax_update, false);
}

static void check_nadam_update(const rnl_kernels *k)
{
    check_against(k->nadam_update, exact_nadam, true, true, false);
    check_squares_told(k->nadam_update, true);
}

static void check_adagrad_update(const rnl_kernels *k)
{
    check_against(k->adagrad_update, exact_adagrad, false, true, false);
    check_squares_told(k->adagrad_update, true);
}

static void check_rmsprop_update(const rnl_kernels *k)
{
    check_against(k->rmsprop_update, exact_rmsprop, false, true, false);
    check_squares_told(k->rmsprop_update, true);
}

static void check_rmsprop_momentum_update(const rnl_kernels *k)
{
    check_against(k->rmsprop_momentum_update, exact_rmsprop, true, true, false);
    check_squares_told(k->rmsprop_momentum_update, true);
}

/* Where rounding has left the mean square below the square of the mean, no root of less is taken.
 */
static void check_no_variance(void (*kernel)(const rnl_update *))
{
    const float g = 12345.678f;
    float w = 0, s = 0.999999f * g * g, m = g, v = 0, check = 0;
    kernel(&(const rnl_update){.count = 1,
                               .weights = &w,
                               .gradients = &g,
                               .velocity = &v,
                               .squares = &s,
                               .means = &m,
                               .learning_rate = 1e-6f,
                               .beta_2 = 0.9f,
                               .epsilon = 0.25f,
                               .check = &check});
    cr_assert_eq(check, 0);
    cr_assert_float_eq(w, -2e-6f * g, 1e-8f);
}

static void check_rmsprop_centered_update(const rnl_kernels *k)
{
    check_against(k->rmsprop_centered_update, exact_rmsprop, false, true, true);
    check_squares_told(k->rmsprop_centered_update, true);
    check_no_variance(k->rmsprop_centered_update);
}

static void check_rmsprop_centered_momentum_update(const rnl_kernels *k)
{
    check_against(k->rmsprop_centered_momentum_update, exact_rmsprop, true, true, true);
    check_squares_told(k->rmsprop_centered_momentum_update, true);
    check_no_variance(k->rmsprop_centered_momentum_update);
}

/* g + l1 sign(w) + 2 l2 w with two roundings; each element as it comes out alone. */
static void check_penalty_slope(const rnl_kernels *k)
{
    static guarded output;
    static float weights[LONGEST], gradient[LONGEST];
    const float l1 = 0.3f, l2 = 0.7f;
    flush_denormals();
    for (size_t count = 0; count <= LONGEST; ++count) {
        for (size_t i = 0; i < LONGEST; ++i) {
            weights[i] = i < SPECIALS && count % 2 == 0 ? special[i] : random_float(3);
            gradient[i] = random_float(2);
        }
        float *sum = guarded_start(&output, SPACE);
        memcpy(sum, gradient, count * sizeof *sum);
        k->penalty_slope(&(const rnl_penalty_slope){count, weights, sum, l1, l2});
        guarded_check(&output, 1, count, SPACE);
        for (size_t i = 0; i < count; ++i) {
            const double w = without_denormal(weights[i]), g = (double)gradient[i];
            const double sign = isnan(w) ? w : (double)((w > 0) - (w < 0));
            const double expected = g + (double)l1 * sign + 2 * (double)l2 * w;
            if (isfinite(expected) && fabs(expected) < (double)FLT_MAX)
                cr_assert_float_eq((double)sum[i], expected,
                                   1.2e-7 * (fabs(g) + (double)l1 + 2 * (double)l2 * fabs(w)));
            else
                cr_assert(isnan(expected) ? isnan(sum[i]) : isinf(sum[i]));
            float alone = gradient[i];
            k->penalty_slope(&(const rnl_penalty_slope){1, weights + i, &alone, l1, l2});
            cr_assert(isnan(alone) ? isnan(sum[i]) : alone == sum[i]);
        }
    }
}

static void check_clamp(const rnl_kernels *k)
{
    static guarded output;
    flush_denormals();
    for (size_t count = 0; count <= LONGEST; ++count) {
        float *x = guarded_start(&output, SPACE), before[LONGEST];
        for (size_t i = 0; i < count; ++i)
            x[i] = before[i] = random_float(1);
        k->clamp(&(const rnl_clamp){count, x, 0.25f});
        guarded_check(&output, 1, count, SPACE);
        for (size_t i = 0; i < count; ++i)
            cr_assert_eq(x[i], fminf(fmaxf(before[i], -0.25f), 0.25f));
    }
    float strange[] = {NAN, INFINITY, -INFINITY};
    k->clamp(&(const rnl_clamp){3, strange, 0.25f});
    cr_assert(isnan(strange[0]) && strange[1] == 0.25f && strange[2] == -0.25f);
}

static void check_shrink(const rnl_kernels *k)
{
    static guarded output;
    flush_denormals();
    for (size_t count = 0; count <= LONGEST; ++count) {
        float *w = guarded_start(&output, SPACE), before[LONGEST];
        for (size_t i = 0; i < count; ++i)
            w[i] = before[i] = i % 9 == 0 ? 0.25f : random_float(1);
        k->shrink(&(const rnl_shrink){count, w, 0.25f});
        guarded_check(&output, 1, count, SPACE);
        for (size_t i = 0; i < count; ++i) {
            const float rest = fabsf(before[i]) - 0.25f;
            cr_assert_eq(w[i], rest > 0 ? copysignf(rest, before[i]) : 0);
        }
    }
    float strange[] = {NAN, INFINITY, -INFINITY};
    k->shrink(&(const rnl_shrink){3, strange, 0.25f});
    cr_assert(isnan(strange[0]) && strange[1] == INFINITY && strange[2] == -INFINITY);
}

/* Sixteen roundings of a positive sum at most, then double. */
static void check_sizes(const rnl_kernels *k)
{
    enum { MANY = 5000 };
    static float x[MANY];
    double absolutes, squares;
    flush_denormals();
    for (size_t i = 0; i < MANY; ++i)
        x[i] = i % 50 == 3 ? 1e-40f : random_float(i % 7 == 0 ? 100 : 1);
    for (size_t count = 0; count <= MANY; count += count < 600 ? 1 : 97) {
        double sum = 0, sum_of_squares = 0;
        for (size_t i = 0; i < count; ++i) {
            const double value = without_denormal(x[i]);
            sum += fabs(value);
            sum_of_squares += value * value;
        }
        k->sizes(&(const rnl_sizes){count, x, &absolutes, &squares});
        cr_assert_float_eq(absolutes, sum, 1e-6 * sum, "%zu: %g, not %g", count, absolutes, sum);
        cr_assert_float_eq(squares, sum_of_squares, 1e-6 * sum_of_squares, "%zu: %g, not %g", count,
                           squares, sum_of_squares);
    }
    for (size_t at = 0; at < LONGEST; ++at) {
        x[at] = NAN;
        k->sizes(&(const rnl_sizes){LONGEST, x, &absolutes, &squares});
        cr_assert(isnan(absolutes) && isnan(squares));
        x[at] = -INFINITY;
        k->sizes(&(const rnl_sizes){LONGEST, x, &absolutes, &squares});
        cr_assert(isinf(absolutes) && isinf(squares));
        x[at] = 1;
    }
}

static void check_add_squares(const rnl_kernels *k)
{
    static guarded output;
    float x[LONGEST], before[LONGEST];
    flush_denormals();
    for (size_t count = 0; count <= LONGEST; ++count) {
        for (size_t i = 0; i < LONGEST; ++i) {
            x[i] = i < SPECIALS && count % 2 == 0 ? special[i] : random_float(3);
            before[i] = 1 + random_float(1);
        }
        float *sums = guarded_start(&output, SPACE);
        memcpy(sums, before, count * sizeof *sums);
        k->add_squares(&(const rnl_add_squares){count, x, sums});
        guarded_check(&output, 1, count, SPACE);
        for (size_t i = 0; i < count; ++i) {
            const double value = without_denormal(x[i]);
            expect_near(sums[i], (double)before[i] + value * value, 0.5, "sum", value);
        }
    }
}

static void check_multiply(const rnl_kernels *k)
{
    static guarded output;
    float before[LONGEST], factors[LONGEST];
    flush_denormals();
    for (size_t count = 0; count <= LONGEST; ++count)
        for (int one = 0; one < 2; ++one) {
            for (size_t i = 0; i < LONGEST; ++i) {
                before[i] = i < SPECIALS && count % 2 == 0 ? special[i] : random_float(3);
                factors[i] = random_float(2);
            }
            float *x = guarded_start(&output, SPACE);
            memcpy(x, before, count * sizeof *x);
            k->multiply(&(const rnl_multiply){count, x, factors, one});
            guarded_check(&output, 1, count, SPACE);
            for (size_t i = 0; i < count; ++i)
                expect_near(x[i], without_denormal(before[i]) * (double)factors[one ? 0 : i], 0.5,
                            "product", (double)before[i]);
        }
}

/* ---- rows ------------------------------------------------------------------------------------ */

typedef enum element_kind { BYTES, FLOATS, DOUBLES } element_kind;

/* As a file holds it: numbers around a mean that float32 has no digits left for, too. */
static double gathered(element_kind kind, size_t i)
{
    const double byte = (double)(random_word() & 255);
    if (kind == BYTES)
        return byte;
    const double around = i % 3 == 0 ? 0 : i % 3 == 1 ? 16000000 : 1700000000.25;
    return kind == FLOATS ? (double)(float)(around + byte) : around + byte / 3;
}

static void check_gather(const rnl_kernels *k, element_kind kind)
{
    enum { SOURCE_ROWS = 9 };
    static guarded output;
    static double doubles[SOURCE_ROWS * LONGEST], centre[LONGEST], scale[LONGEST], offset[LONGEST];
    const size_t size = kind == BYTES ? 1 : kind == FLOATS ? sizeof(float) : sizeof(double);
    const uint32_t indices[ROWS] = {8, 0, 5};
    flush_denormals();
    for (size_t features = 1; features <= LONGEST; ++features) {
        /* The source ends with its last row: a read behind it would be seen by a sanitizer. */
        const size_t count = SOURCE_ROWS * features;
        void *source = malloc(count * size);
        for (size_t i = 0; i < count; ++i) {
            doubles[i] = gathered(kind, i);
            if (kind == BYTES)
                ((uint8_t *)source)[i] = (uint8_t)doubles[i];
            else if (kind == FLOATS)
                ((float *)source)[i] = (float)doubles[i];
            else
                ((double *)source)[i] = doubles[i];
        }
        for (size_t j = 0; j < features; ++j) {
            centre[j] = doubles[j] + (double)random_float(5);
            scale[j] = (double)random_float(0.1f) / 3;
            offset[j] = (double)random_float(1) / 3;
        }
        float *x = guarded_start(&output, SPACE);
        const rnl_gather a = {.rows = ROWS,
                              .features = features,
                              .indices = indices,
                              .source = source,
                              .centre = centre,
                              .scale = scale,
                              .offset = offset,
                              .x = {x, STRIDE}};
        (kind == BYTES    ? k->gather_uint8
         : kind == FLOATS ? k->gather_float32
                          : k->gather_float64)(&a);
        guarded_check(&output, ROWS, features, STRIDE);
        for (size_t i = 0; i < ROWS; ++i)
            for (size_t j = 0; j < features; ++j) {
                const double distance = doubles[indices[i] * features + j] - centre[j];
                cr_assert_eq(x[i * STRIDE + j], (float)(distance * scale[j] + offset[j]));
            }
        free(source);
    }
}

static void check_gather_uint8(const rnl_kernels *k)
{
    check_gather(k, BYTES);
}

static void check_gather_float32(const rnl_kernels *k)
{
    check_gather(k, FLOATS);
}

static void check_gather_float64(const rnl_kernels *k)
{
    check_gather(k, DOUBLES);
}

static void check_smooth_clip(const rnl_kernels *k)
{
    static guarded output;
    static float before[SPACE], c[LONGEST];
    flush_denormals();
    for (size_t columns = 1; columns <= LONGEST; ++columns) {
        float *x = guarded_start(&output, SPACE);
        for (size_t j = 0; j < columns; ++j)
            c[j] = j % 3 == 0 ? 0 : 1.0f / (float)(1 + j % 3);
        for (size_t i = 0; i < ROWS; ++i)
            for (size_t j = 0; j < columns; ++j)
                before[i * STRIDE + j] = x[i * STRIDE + j] = random_float(i == 0   ? 3e38f
                                                                          : i == 1 ? 1e4f
                                                                                   : 5);
        k->smooth_clip(&(const rnl_smooth_clip){ROWS, columns, x, STRIDE, c});
        guarded_check(&output, ROWS, columns, STRIDE);
        for (size_t i = 0; i < ROWS; ++i)
            for (size_t j = 0; j < columns; ++j) {
                const double z = (double)before[i * STRIDE + j], part = z * (double)c[j];
                const double expected = z / sqrt(1 + part * part);
                cr_assert_float_eq((double)x[i * STRIDE + j], expected, 3e-7 * fabs(expected));
                cr_assert(c[j] > 0 || x[i * STRIDE + j] == before[i * STRIDE + j]);
            }
    }
}

static void check_column_sums(const rnl_kernels *k)
{
    static guarded output;
    static float x[SPACE];
    flush_denormals();
    for (size_t i = 0; i < SPACE; ++i)
        x[i] = random_float(3);
    for (size_t rows = 1; rows <= ROWS; ++rows)
        for (size_t columns = 0; columns <= LONGEST; ++columns) {
            float *sums = guarded_start(&output, SPACE);
            k->column_sums(&(const rnl_column_sums){rows, columns, {x, STRIDE}, sums});
            guarded_check(&output, 1, columns, SPACE);
            for (size_t j = 0; j < columns; ++j) {
                float sum = x[j];
                for (size_t i = 1; i < rows; ++i)
                    sum += x[i * STRIDE + j];
                cr_assert_eq(sums[j], sum);
            }
        }
}

/* Squares of any vectors, and what is left at their edges. */
static void check_transpose(const rnl_kernels *k)
{
    enum { SIDE = 35, X_STRIDE = SIDE + 3, Y_STRIDE = SIDE + 2 };
    static float x[SIDE * X_STRIDE], y[SIDE * Y_STRIDE], expected[SIDE * Y_STRIDE];
    for (size_t i = 0; i < SIDE * X_STRIDE; ++i)
        x[i] = i % 7 == 0 ? NAN : random_float(3);
    for (size_t rows = 0; rows <= SIDE; ++rows)
        for (size_t columns = 0; columns <= SIDE; ++columns) {
            for (size_t i = 0; i < SIDE * Y_STRIDE; ++i)
                y[i] = expected[i] = (float)i;
            for (size_t i = 0; i < rows; ++i)
                for (size_t j = 0; j < columns; ++j)
                    expected[j * Y_STRIDE + i] = x[i * X_STRIDE + j];
            k->transpose(&(const rnl_transpose){rows, columns, {x, X_STRIDE}, {y, Y_STRIDE}});
            cr_assert_eq(memcmp(y, expected, sizeof y), 0, "%zu x %zu", rows, columns);
        }
}

static void check_add_rows(const rnl_kernels *k)
{
    enum { PARTIALS = 3 };
    static guarded output;
    static float x[PARTIALS * SPACE], addend[SPACE];
    flush_denormals();
    for (size_t i = 0; i < PARTIALS * SPACE; ++i)
        x[i] = random_float(3);
    for (size_t i = 0; i < SPACE; ++i)
        addend[i] = random_float(3);
    for (int added = 0; added < 2; ++added)
        for (size_t partials = 1; partials <= PARTIALS; ++partials)
            for (size_t columns = 0; columns <= LONGEST; ++columns) {
                float *y = guarded_start(&output, SPACE);
                k->add_rows(&(const rnl_add_rows){.rows = ROWS,
                                                  .columns = columns,
                                                  .x = {x, STRIDE, partials, SPACE},
                                                  .addend = {added ? addend : NULL, STRIDE},
                                                  .y = {y, STRIDE}});
                guarded_check(&output, ROWS, columns, STRIDE);
                for (size_t i = 0; i < ROWS; ++i)
                    for (size_t j = 0; j < columns; ++j) {
                        const size_t at = i * STRIDE + j;
                        float sum = x[at];
                        for (size_t p = 1; p < partials; ++p)
                            sum += x[p * SPACE + at];
                        cr_assert_eq(y[at], added ? sum + addend[at] : sum);
                    }
            }
}

/* ---- random numbers -------------------------------------------------------------------------- */

/* The word that the scalar generator gives an element. */
static uint32_t word_of(size_t row, size_t column, size_t word)
{
    const rnl_philox_block counter = {
        {(uint32_t)(column / 64 * 16 + column % 16), (uint32_t)row + 5, 77, 0x04000003}};
    return rnl_philox(0x123456789abcdef, counter).word[word];
}

static double uniform_of(size_t row, size_t column)
{
    return (double)(word_of(row, column, column % 64 / 16) >> 8) * 0x1p-24;
}

static double normal_of(size_t row, size_t column)
{
    const size_t word = column % 64 / 16, first = word & ~(size_t)1;
    const double u = ((double)(word_of(row, column, first) >> 8) + 0.5) * 0x1p-24;
    const double angle =
        2 * 3.14159265358979323846 * ((double)(word_of(row, column, first + 1) >> 8) * 0x1p-24);
    return sqrt(-2 * log(u)) * (word % 2 == 0 ? cos(angle) : sin(angle));
}

typedef void random_kernel(const rnl_random_rows *a);
typedef double random_oracle(const rnl_random_rows *a, double x, size_t row, size_t column);

/* Several inputs, every number of columns; the result of an element is its place's alone. */
static void check_random(random_kernel *kernel, random_oracle *expected, rnl_random_rows a)
{
    enum { PARTIALS = 2 };
    static guarded output;
    static float x[PARTIALS * RANDOM_SPACE], sign[RANDOM_SPACE];
    flush_denormals();
    for (size_t i = 0; i < PARTIALS * RANDOM_SPACE; ++i)
        x[i] = random_float(2);
    for (size_t i = 0; i < RANDOM_SPACE; ++i)
        sign[i] = i % 5 == 0 ? 0.0f : random_float(2);
    a.rows = ROWS;
    a.x = (rnl_partials){x, RANDOM_STRIDE, 1, RANDOM_SPACE};
    a.sign = (rnl_view){sign, RANDOM_STRIDE};
    a.seed = 0x123456789abcdef;
    a.stream = 0x04000003;
    a.step = 77;
    a.first_row = 5;
    for (a.x.count = 1; a.x.count <= PARTIALS; ++a.x.count)
        for (a.columns = 0; a.columns <= RANDOM_COLUMNS; ++a.columns) {
            a.y = (rnl_mutable_view){guarded_start(&output, RANDOM_SPACE), RANDOM_STRIDE};
            kernel(&a);
            guarded_check(&output, ROWS, a.columns, RANDOM_STRIDE);
            for (size_t i = 0; i < ROWS; ++i)
                for (size_t j = 0; j < a.columns; ++j) {
                    const size_t at = i * RANDOM_STRIDE + j;
                    const float sum = a.x.count == 1 ? x[at] : x[at] + x[RANDOM_SPACE + at];
                    const double y = expected(&a, (double)sum, i, j);
                    cr_assert(fabs((double)a.y.values[at] - y) <= 2e-6 * (1 + fabs(y)),
                              "row %zu, column %zu of %zu: %g, expected %g", i, j, a.columns,
                              (double)a.y.values[at], y);
                }
        }
}

static double dropped(const rnl_random_rows *a, double x, size_t row, size_t column)
{
    return uniform_of(row, column) >= (double)a->rate ? (double)a->scale * x + (double)a->offset
                                                      : (double)a->dropped;
}

static void check_drop(const rnl_kernels *k)
{
    check_random(k->drop, dropped,
                 (rnl_random_rows){.rate = 0.4f, .scale = 1.5f, .offset = 0.5f, .dropped = -2});
    check_random(k->drop, dropped, (rnl_random_rows){.rate = 1, .scale = 0});
    check_random(k->drop, dropped, (rnl_random_rows){.rate = 0, .scale = 1});
}

static double sloped(const rnl_random_rows *a, double x, size_t row, size_t column)
{
    const double u = uniform_of(row, column);
    const double slope = (double)a->lower + ((double)a->upper - (double)a->lower) * u;
    return a->sign.values[row * RANDOM_STRIDE + column] >= 0 ? x : slope * x;
}

static void check_random_slope(const rnl_kernels *k)
{
    check_random(k->random_slope, sloped, (rnl_random_rows){.lower = 0.125f, .upper = 0.75f});
}

static double noisy(const rnl_random_rows *a, double x, size_t row, size_t column)
{
    return x + (double)a->scale * normal_of(row, column);
}

static void check_add_noise(const rnl_kernels *k)
{
    check_random(k->add_noise, noisy, (rnl_random_rows){.scale = 0.7f});
}

/* ---- learned slopes -------------------------------------------------------------------------- */

static void check_learned_slope_forward(const rnl_kernels *k)
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
        k->learned_slope_forward(
            &(const rnl_learned_slope){ROWS, columns, {z, STRIDE}, slopes, {y, STRIDE}});
        guarded_check(&output, ROWS, columns, STRIDE);
        for (size_t i = 0; i < ROWS; ++i)
            for (size_t j = 0; j < columns; ++j) {
                const size_t at = i * STRIDE + j;
                cr_assert_eq(y[at], z[at] >= 0 ? z[at] : z[at] * slopes[j]);
            }
    }
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
static void check_column_moments(const rnl_kernels *k)
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

static void check_learned_slope_backward(const rnl_kernels *k)
{
    enum { PARTIALS = 3 };
    static guarded output;
    static float z[BATCH_SPACE], upstream[PARTIALS * BATCH_SPACE], delta[BATCH_SPACE],
        slopes[LONGEST];
    flush_denormals();
    fill_batch(z, 0);
    for (size_t i = 0; i < PARTIALS; ++i)
        fill_batch(upstream + i * BATCH_SPACE, 0);
    for (size_t j = 0; j < LONGEST; ++j)
        slopes[j] = random_float(2);
    for (size_t partials = 1; partials <= PARTIALS; ++partials)
        for (size_t columns = 0; columns <= LONGEST; ++columns) {
            float *gradient = guarded_start(&output, SPACE);
            k->learned_slope_backward(&(const rnl_learned_slope_backward){
                .rows = BATCH_ROWS,
                .columns = columns,
                .upstream = {upstream, BATCH_STRIDE, partials, BATCH_SPACE},
                .z = {z, BATCH_STRIDE},
                .slopes = slopes,
                .delta = {delta, BATCH_STRIDE},
                .slope_gradient = gradient});
            guarded_check(&output, 1, columns, SPACE);
            for (size_t j = 0; j < columns; ++j) {
                double expected = 0;
                for (size_t i = 0; i < BATCH_ROWS; ++i) {
                    const size_t at = i * BATCH_STRIDE + j;
                    float sum = upstream[at];
                    for (size_t p = 1; p < partials; ++p)
                        sum += upstream[p * BATCH_SPACE + at];
                    cr_assert_eq(delta[at], z[at] >= 0 ? sum : sum * slopes[j]);
                    expected += z[at] < 0 ? (double)sum * (double)z[at] : 0;
                }
                cr_assert(fabs((double)gradient[j] - expected) <= 1e-4, "column %zu", j);
            }
        }
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

static void check_normalize(const rnl_kernels *k)
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

static void check_normalize_sums(const rnl_kernels *k)
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

static void check_normalize_backward(const rnl_kernels *k)
{
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
                            (double)ROWS;
                    expected *= (own ? (double)batch_gamma[j] : 1) / d;
                    cr_assert(fabs((double)dx[i * STRIDE + j] - expected) <=
                                  1e-6 * (2 + fabs(scaled)) * 2 / d,
                              "row %zu, column %zu of %zu", i, j, columns);
                }
        }
}

/* ---- a test for each kernel of the list on each instruction set ------------------------------ */

static void check_on(rnl_isa isa, void (*check)(const rnl_kernels *))
{
    const rnl_kernels *kernels = rnl_kernels_of(isa);
    if (!kernels)
        cr_skip_test("this processor has no %s", rnl_isa_name(isa));
    cr_assert_eq(kernels->isa, isa);
    check(kernels);
}

#define RNL_KERNEL(name, arguments)                                                                \
    Test(scalar, name)                                                                             \
    {                                                                                              \
        check_on(RNL_ISA_SCALAR, check_##name);                                                    \
    }                                                                                              \
    Test(avx2, name)                                                                               \
    {                                                                                              \
        check_on(RNL_ISA_AVX2, check_##name);                                                      \
    }                                                                                              \
    Test(avx512, name)                                                                             \
    {                                                                                              \
        check_on(RNL_ISA_AVX512, check_##name);                                                    \
    }
#include "simd/kernels.inc"
#undef RNL_KERNEL

/* ---- the choice ------------------------------------------------------------------------------ */

Test(isa, environment_lowers_the_choice)
{
    unsetenv("RUNNEL_ISA");
    const rnl_isa best = rnl_isa_detect();
    cr_expect_null(rnl_isa_request_problem());
    cr_expect_not_null(rnl_kernels_of(best));
    setenv("RUNNEL_ISA", "scalar", 1);
    cr_expect_eq(rnl_isa_detect(), RNL_ISA_SCALAR);
    cr_expect_null(rnl_isa_request_problem());
    setenv("RUNNEL_ISA", "sse9", 1);
    cr_expect_eq(rnl_isa_detect(), best);
    cr_expect_str_eq(rnl_isa_request_problem(),
                     "RUNNEL_ISA: expected scalar, avx2 or avx512, got 'sse9'");
    setenv("RUNNEL_ISA", "avx512", 1);
    cr_expect_eq(rnl_isa_request_problem() == NULL, best == RNL_ISA_AVX512);
    cr_expect_eq(rnl_isa_detect(), best);
}
