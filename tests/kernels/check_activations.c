/*
 * Activations and what their derivatives make of their outputs.
 */
#include "tests/kernels/kernel_checks.h"

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
void check_positions(forward_kernel *kernel, const float *z, float alpha)
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

void check_forward(forward_kernel *kernel, forward_oracle *oracle, const char *name, float alpha,
                   double bound)
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

void check_linear_forward(const rnl_kernels *k)
{
    check_forward(k->linear_forward, linear_oracle, "linear", 0, 0);
}

void check_relu_forward(const rnl_kernels *k)
{
    check_forward(k->relu_forward, relu_oracle, "relu", 0, 0);
}

/* alpha other than 1 is one more rounding. */
void check_elu_forward(const rnl_kernels *k)
{
    check_forward(k->elu_forward, elu_oracle, "elu", 1, 1);
    check_forward(k->elu_forward, elu_oracle, "elu", 0.7f, 2.5);
    check_forward(k->elu_forward, elu_oracle, "elu", 0, 0);
}

void check_linear_backward(const rnl_kernels *k)
{
    check_backward(k->linear_backward, linear_slope, "linear'", 0, 0);
}

void check_relu_backward(const rnl_kernels *k)
{
    check_backward(k->relu_backward, relu_slope, "relu'", 0, 0);
}

void check_elu_backward(const rnl_kernels *k)
{
    check_backward(k->elu_backward, elu_slope, "elu'", 1, 0.5);
    check_backward(k->elu_backward, elu_slope, "elu'", 0.3f, 0.5);
}

double sigmoid_oracle(double z, double alpha)
{
    (void)alpha;
    return z >= 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z));
}

static double tanh_oracle(double z, double alpha)
{
    (void)alpha;
    return tanh(z);
}

void check_sigmoid_forward(const rnl_kernels *k)
{
    check_forward(k->sigmoid_forward, sigmoid_oracle, "sigmoid", 0, 1);
}

void check_tanh_forward(const rnl_kernels *k)
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
void check_sigmoid_backward(const rnl_kernels *k)
{
    check_backward(k->sigmoid_backward, sigmoid_slope, "sigmoid'", 0, 3.5);
}

void check_tanh_backward(const rnl_kernels *k)
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

void check_leaky_relu_forward(const rnl_kernels *k)
{
    check_forward(k->leaky_relu_forward, leaky_relu_oracle, "leaky_relu", 0.3f, 0.5);
    check_forward(k->leaky_relu_forward, leaky_relu_oracle, "leaky_relu", 0.01f, 0.5);
}

void check_leaky_relu_backward(const rnl_kernels *k)
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

void check_selu_forward(const rnl_kernels *k)
{
    check_forward(k->selu_forward, selu_oracle, "selu", 0, 2);
}

void check_selu_backward(const rnl_kernels *k)
{
    check_backward(k->selu_backward, selu_slope, "selu'", 1.7580993f, 0.5);
}

static double softplus_oracle(double z, double alpha)
{
    (void)alpha;
    return isnan(z) ? z : fmax(z, 0) + log1p(exp(-fabs(z)));
}

void check_softplus_forward(const rnl_kernels *k)
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

void check_softsign_forward(const rnl_kernels *k)
{
    check_forward(k->softsign_forward, softsign_oracle, "softsign", 0, 2);
}

/* Three roundings more than the oracle's. */
void check_softsign_backward(const rnl_kernels *k)
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

void check_exponential_forward(const rnl_kernels *k)
{
    check_forward(k->exponential_forward, exponential_oracle, "exponential", 0, 1);
}

void check_kept_backward(const rnl_kernels *k)
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

void check_hard_sigmoid_forward(const rnl_kernels *k)
{
    check_forward(k->hard_sigmoid_forward, hard_sigmoid_oracle, "hard_sigmoid", 0, 2);
}

void check_hard_sigmoid_backward(const rnl_kernels *k)
{
    check_backward(k->hard_sigmoid_backward, hard_sigmoid_slope, "hard_sigmoid'", 0, 0.5);
}
