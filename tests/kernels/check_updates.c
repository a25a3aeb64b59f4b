/*
 * Updates of the optimizers.
 */
#include "tests/kernels/kernel_checks.h"

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

void check_sgd_update(const rnl_kernels *k)
{
    check_update(k->sgd_update, false, false);
    check_told(k->sgd_update);
}

void check_momentum_update(const rnl_kernels *k)
{
    check_update(k->momentum_update, true, false);
    check_told(k->momentum_update);
}

void check_nesterov_update(const rnl_kernels *k)
{
    check_update(k->nesterov_update, true, true);
    check_told(k->nesterov_update);
}

/* Twenty steps with given gradients against Adam in double, and Adam's first step by its closed
 * form: learning_rate g / (|g| + epsilon sqrt(1 - beta_2) ...), which is nearly learning_rate. */
void check_adam_update(const rnl_kernels *k)
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
                                       .beta_2 = 0.9999999f, /* the most that is accepted */
                                       .epsilon = 1e-7f,
                                       .check = &check});
            if (i < 3 || (i == 3 && squares_overflow))
                cr_assert(isnan(check), "%zu at %zu", i, at);
            else
                cr_assert_eq(check, 0, "%zu at %zu", i, at);
        }
}

/* Random state, gradients and weights, zeros and denormals among them, at every length: a step is
 * at most 0.12 long, whose rounding and that of the weight allow for 3e-7. */
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

void check_adamw_update(const rnl_kernels *k)
{
    check_against(k->adamw_update, exact_adamw, true, true, false);
    check_against(k->adam_update, exact_adam, true, true, false);
    check_squares_told(k->adamw_update, true);
    check_squares_told(k->adam_update, true);
}

void check_adamax_update(const rnl_kernels *k)
{
    check_against(k->adamax_update, exact_adamax, true, true, false);
    check_squares_told(k->adamax_update, false);
}

void check_nadam_update(const rnl_kernels *k)
{
    check_against(k->nadam_update, exact_nadam, true, true, false);
    check_squares_told(k->nadam_update, true);
}

void check_adagrad_update(const rnl_kernels *k)
{
    check_against(k->adagrad_update, exact_adagrad, false, true, false);
    check_squares_told(k->adagrad_update, true);
}

void check_rmsprop_update(const rnl_kernels *k)
{
    check_against(k->rmsprop_update, exact_rmsprop, false, true, false);
    check_squares_told(k->rmsprop_update, true);
}

void check_rmsprop_momentum_update(const rnl_kernels *k)
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

void check_rmsprop_centered_update(const rnl_kernels *k)
{
    check_against(k->rmsprop_centered_update, exact_rmsprop, false, true, true);
    check_squares_told(k->rmsprop_centered_update, true);
    check_no_variance(k->rmsprop_centered_update);
}

void check_rmsprop_centered_momentum_update(const rnl_kernels *k)
{
    check_against(k->rmsprop_centered_momentum_update, exact_rmsprop, true, true, true);
    check_squares_told(k->rmsprop_centered_momentum_update, true);
    check_no_variance(k->rmsprop_centered_momentum_update);
}
