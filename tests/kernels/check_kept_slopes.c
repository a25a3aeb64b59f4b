/*
 * Activations that keep their slopes in training.
 */
#include "tests/kernels/kernel_checks.h"

/* Slopes that are kept, of z + bias, within 4e-7. */
void check_kept(forward_kernel *kernel, slope_oracle *slope, const char *name)
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

void check_swish_forward(const rnl_kernels *k)
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

typedef struct two_bounds {
    double ulp, relative_from, absolute; /* below relative_from, the bound is absolute */
} two_bounds;

static void check_twice_bounded(forward_kernel *kernel, forward_oracle *oracle, const char *name,
                                two_bounds bounds)
{
    flush_denormals();
    static float z[LONGEST], bias[LONGEST], y[LONGEST];
    for (int round = 0; round < 3000; ++round) {
        for (size_t i = 0; i < LONGEST; ++i)
            z[i] = round == 0 && i < SPECIALS ? special[i]
                   : round % 2 == 0           ? random_float(20)
                                              : random_bits();
        kernel(&(const rnl_activation_forward){
            .rows = 1, .columns = LONGEST, .z = {z, 0}, .y = {y, 0}});
        for (size_t i = 0; i < LONGEST; ++i) {
            const double exact = oracle(without_denormal(z[i]), 0);
            if ((double)z[i] < bounds.relative_from)
                cr_assert(fabs((double)y[i] - exact) <= bounds.absolute, "%s(%g): %g", name,
                          (double)z[i], (double)y[i]);
            else
                expect_near(y[i], exact, bounds.ulp, name, (double)z[i]);
        }
    }
    for (size_t columns = 0; columns <= LONGEST; ++columns) {
        static guarded output;
        float *out = guarded_start(&output, SPACE);
        for (size_t i = 0; i < LONGEST; ++i) {
            z[i] = random_float(4);
            bias[i] = random_float(1);
        }
        kernel(&(const rnl_activation_forward){
            .rows = 1, .columns = columns, .z = {z, 0}, .bias = bias, .y = {out, 0}});
        guarded_check(&output, 1, columns, SPACE);
        for (size_t i = 0; i < columns; ++i) {
            const float sum = z[i] + bias[i];
            expect_near(out[i], oracle((double)sum, 0), bounds.ulp, name, (double)sum);
        }
    }
    check_positions(kernel, z, 0);
}

void check_gelu_forward(const rnl_kernels *k)
{
    check_twice_bounded(k->gelu_forward, gelu_oracle, "gelu", (two_bounds){2, -5, 5e-9});
    check_kept(k->gelu_forward, gelu_slope, "gelu");
}

/* tanh(softplus z) */
static double mish_gate(double z)
{
    const double w = exp(fmin(z, 100)), n = w * (w + 2);
    return n / (n + 2);
}

static double mish_oracle(double z, double alpha)
{
    (void)alpha;
    return isinf(z) ? fmax(z, 0) : z * mish_gate(z);
}

static double mish_slope(double z, double alpha)
{
    (void)alpha;
    const double gate = mish_gate(z);
    return gate + z * (1 - gate * gate) * sigmoid_oracle(z, 0);
}

void check_mish_forward(const rnl_kernels *k)
{
    check_twice_bounded(k->mish_forward, mish_oracle, "mish", (two_bounds){2, -70, 4e-36});
    check_kept(k->mish_forward, mish_slope, "mish");
}
