/*
 * Losses and optimizers against numbers that Keras 3 computed in float64 (tests/golden/, with the
 * script and the versions that made them).  RUNNEL_GOLDEN comes from the build.
 */
#include "simd/kernels.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 1024 };

static json_t *load(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", RUNNEL_GOLDEN, name);
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);
    cr_assert_not_null(root, "%s: %s", path, error.text);
    return root;
}

static size_t read_floats(float *values, const json_t *object, const char *key)
{
    const json_t *array = json_object_get(object, key);
    const size_t count = json_array_size(array);
    cr_assert(count > 0 && count <= MOST, "%s", key);
    for (size_t i = 0; i < count; ++i)
        values[i] = (float)json_number_value(json_array_get(array, i));
    return count;
}

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static void expect_near(const float *values, const json_t *object, const char *key, double relative,
                        double absolute)
{
    const json_t *array = json_object_get(object, key);
    cr_assert(json_array_size(array) > 0);
    for (size_t i = 0; i < json_array_size(array); ++i) {
        const double expected = json_number_value(json_array_get(array, i));
        cr_expect_float_eq((double)values[i], expected, relative * fabs(expected) + absolute,
                           "%s, %s %zu: %.9g, not %.9g",
                           json_string_value(json_object_get(object, "name")), key, i,
                           (double)values[i], expected);
    }
}

/* Calls `check` with the kernels of each instruction set that the processor has. */
static void with_each_isa(void (*check)(const rnl_kernels *k))
{
    for (rnl_isa isa = RNL_ISA_SCALAR; isa < RNL_ISA_COUNT; ++isa)
        if (rnl_kernels_of(isa))
            check(rnl_kernels_of(isa));
}

/* ---- losses ---------------------------------------------------------------------------------- */

typedef void loss_kernel(const rnl_loss_rows *rows);

static loss_kernel *loss_named(const rnl_kernels *k, const char *name)
{
    return strcmp(name, "sparse_cross_entropy") == 0   ? k->sparse_cross_entropy
           : strcmp(name, "cross_entropy") == 0        ? k->cross_entropy
           : strcmp(name, "binary_cross_entropy") == 0 ? k->binary_cross_entropy
           : strcmp(name, "absolute_error") == 0       ? k->absolute_error
           : strcmp(name, "huber") == 0                ? k->huber
                                                       : k->squared_error;
}

static void check_losses(const rnl_kernels *k)
{
    json_t *root = load("losses.json");
    const json_t *losses = json_object_get(root, "losses");
    cr_assert_eq(json_array_size(losses), 6);
    for (size_t i = 0; i < 6; ++i) {
        const json_t *golden = json_array_get(losses, i);
        float z[MOST], targets[MOST], loss[MOST], delta[MOST];
        int32_t labels[MOST];
        const size_t rows = (size_t)number(golden, "rows"),
                     columns = (size_t)number(golden, "columns");
        read_floats(z, golden, "z");
        const size_t count = read_floats(targets, golden, "targets");
        for (size_t j = 0; j < count; ++j)
            labels[j] = (int32_t)targets[j];
        loss_named(k, json_string_value(json_object_get(golden, "name")))(&(const rnl_loss_rows){
            .rows = rows,
            .columns = columns,
            .z = z,
            .z_stride = columns,
            .labels = labels,
            .targets = targets,
            .targets_stride = columns,
            .scale = 1.0f / (float)rows,
            .threshold = 1,
            .delta = delta,
            .delta_stride = columns,
            .loss = loss,
        });
        expect_near(loss, golden, "loss", 5e-7, 5e-7);
        expect_near(delta, golden, "gradient", 1e-6, 2e-8);
    }
    json_decref(root);
}

Test(golden, losses)
{
    with_each_isa(check_losses);
}

/* ---- activations ----------------------------------------------------------------------------- */

typedef struct activation_kernels {
    const char *name;
    void (*forward)(const rnl_activation_forward *);
    void (*backward)(const rnl_activation_backward *);
    float alpha;
} activation_kernels;

static activation_kernels activation_named(const rnl_kernels *k, const char *name)
{
    const activation_kernels all[] = {
        {"linear", k->linear_forward, k->linear_backward, 0},
        {"relu", k->relu_forward, k->relu_backward, 0},
        {"elu", k->elu_forward, k->elu_backward, 1},
        {"sigmoid", k->sigmoid_forward, k->sigmoid_backward, 0},
        {"tanh", k->tanh_forward, k->tanh_backward, 0},
        {"leaky_relu", k->leaky_relu_forward, k->leaky_relu_backward, 0.3f},
        {"selu", k->selu_forward, k->selu_backward, 0},
        {"softplus", k->softplus_forward, k->softplus_backward, 0},
        {"softsign", k->softsign_forward, k->softsign_backward, 0},
        {"exponential", k->exponential_forward, k->exponential_backward, 0},
        {"hard_sigmoid", k->hard_sigmoid_forward, k->hard_sigmoid_backward, 0},
        {"silu", k->swish_forward, k->swish_backward, 0},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; ++i)
        if (strcmp(all[i].name, name) == 0)
            return all[i];
    cr_assert(false, "no kernels for %s", name);
    return all[0];
}

/* The gradient follows from y, whose rounding it carries: 1e-7 where y is near a limit. */
static void check_activations(const rnl_kernels *k)
{
    json_t *root = load("activations.json");
    const json_t *activations = json_object_get(root, "activations");
    cr_assert_eq(json_array_size(activations), 12);
    for (size_t i = 0; i < 12; ++i) {
        const json_t *golden = json_array_get(activations, i);
        const activation_kernels kernels =
            activation_named(k, json_string_value(json_object_get(golden, "name")));
        const bool from_z = kernels.forward == k->swish_forward;
        float z[MOST], y[MOST], ones[MOST], delta[MOST];
        const size_t count = read_floats(z, golden, "z");
        for (size_t j = 0; j < count; ++j)
            ones[j] = 1;
        kernels.forward(&(const rnl_activation_forward){.rows = 1,
                                                        .columns = count,
                                                        .z = z,
                                                        .z_stride = count,
                                                        .y = y,
                                                        .y_stride = count,
                                                        .alpha = kernels.alpha});
        kernels.backward(&(const rnl_activation_backward){.rows = 1,
                                                          .columns = count,
                                                          .partials = 1,
                                                          .upstream = ones,
                                                          .upstream_stride = count,
                                                          .y = from_z ? z : y,
                                                          .y_stride = count,
                                                          .delta = delta,
                                                          .delta_stride = count,
                                                          .alpha = kernels.alpha});
        expect_near(y, golden, "y", 4e-7, 0);
        expect_near(delta, golden, "gradient", 1e-6, 2e-7);
    }
    json_decref(root);
}

Test(golden, activations)
{
    with_each_isa(check_activations);
}

/* ---- optimizers ------------------------------------------------------------------------------ */

typedef void update_kernel(const rnl_update *update);

static update_kernel *update_named(const rnl_kernels *k, const char *name)
{
    return strcmp(name, "sgd") == 0        ? k->sgd_update
           : strcmp(name, "momentum") == 0 ? k->momentum_update
           : strcmp(name, "nesterov") == 0 ? k->nesterov_update
                                           : k->adam_update;
}

static void check_optimizers(const rnl_kernels *k)
{
    json_t *root = load("optimizers.json");
    const json_t *optimizers = json_object_get(root, "optimizers");
    float start[MOST], gradients[MOST];
    const size_t count = read_floats(start, root, "start");
    const size_t steps = read_floats(gradients, root, "gradients") / count;
    cr_assert_eq(json_array_size(optimizers), 4);
    for (size_t i = 0; i < 4; ++i) {
        const json_t *golden = json_array_get(optimizers, i);
        const char *name = json_string_value(json_object_get(golden, "name"));
        const bool adam = strcmp(name, "adam") == 0;
        float weights[MOST], velocity[MOST] = {0}, squares[MOST] = {0}, check;
        memcpy(weights, start, sizeof weights);
        for (size_t t = 1; t <= steps; ++t) {
            const double correction =
                adam ? sqrt(1 - pow(0.999, (double)t)) / (1 - pow(0.9, (double)t)) : 1;
            update_named(k, name)(&(const rnl_update){
                .count = count,
                .weights = weights,
                .gradients = gradients + (t - 1) * count,
                .copies = 1,
                .velocity = velocity,
                .squares = squares,
                .learning_rate = (float)(number(golden, "rate") * correction),
                .momentum = (float)number(golden, "momentum"),
                .beta_2 = 0.999f,
                .epsilon = 1e-7f,
                .check = &check,
            });
        }
        expect_near(weights, golden, "weights", 1e-6, 1e-6);
    }
    json_decref(root);
}

Test(golden, optimizers_over_100_steps)
{
    with_each_isa(check_optimizers);
}
