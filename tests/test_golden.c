/*
 * Losses and optimizers against numbers that Keras 3 computed in float64 (tests/golden/, with the
 * script and the versions that made them).  RUNNEL_GOLDEN comes from the build.
 */
#include "engine/kinds/optimizers.h"
#include "engine/schema/config.h"

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
           : strcmp(name, "poisson") == 0              ? k->poisson
           : strcmp(name, "poisson_of_log") == 0       ? k->poisson_of_log
                                                       : k->squared_error;
}

static void check_losses(const rnl_kernels *k)
{
    json_t *root = load("losses.json");
    const json_t *losses = json_object_get(root, "losses");
    cr_assert_eq(json_array_size(losses), 11);
    for (size_t i = 0; i < 11; ++i) {
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
            .z = {z, columns},
            .labels = labels,
            .targets = {targets, columns},
            .scale = 1.0f / (float)rows,
            .threshold = 1,
            .smoothing = (float)number(golden, "smoothing"),
            .delta = {delta, columns},
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
        {"softplus", k->softplus_forward, k->kept_backward, 0},
        {"softsign", k->softsign_forward, k->softsign_backward, 0},
        {"exponential", k->exponential_forward, k->kept_backward, 0},
        {"hard_sigmoid", k->hard_sigmoid_forward, k->hard_sigmoid_backward, 0},
        {"silu", k->swish_forward, k->kept_backward, 0},
        {"gelu", k->gelu_forward, k->kept_backward, 0},
        {"mish", k->mish_forward, k->kept_backward, 0},
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
    cr_assert_eq(json_array_size(activations), 14);
    for (size_t i = 0; i < 14; ++i) {
        const json_t *golden = json_array_get(activations, i);
        const activation_kernels kernels =
            activation_named(k, json_string_value(json_object_get(golden, "name")));
        const bool keeps_slope =
            kernels.forward == k->swish_forward || kernels.forward == k->softplus_forward ||
            kernels.forward == k->gelu_forward || kernels.forward == k->mish_forward;
        float z[MOST], y[MOST], kept[MOST], ones[MOST], delta[MOST];
        const size_t count = read_floats(z, golden, "z");
        for (size_t j = 0; j < count; ++j)
            ones[j] = 1;
        kernels.forward(&(const rnl_activation_forward){.rows = 1,
                                                        .columns = count,
                                                        .z = {z, count},
                                                        .y = {y, count},
                                                        .kept = keeps_slope ? kept : NULL,
                                                        .alpha = kernels.alpha});
        kernels.backward(&(const rnl_activation_backward){.rows = 1,
                                                          .columns = count,
                                                          .upstream = {ones, count, 1, 0},
                                                          .y = {keeps_slope ? kept : y, count},
                                                          .delta = {delta, count},
                                                          .alpha = kernels.alpha});
        const double absolute = kernels.forward == k->gelu_forward ? 5e-9 : 0;
        expect_near(y, golden, "y", 4e-7, absolute);
        expect_near(delta, golden, "gradient", 1e-6, 2e-7);
    }
    json_decref(root);
}

Test(golden, activations)
{
    with_each_isa(check_activations);
}

/* ---- optimizers ------------------------------------------------------------------------------ */

/* The optimizer as a configuration has it, on given gradients. */
static void run_optimizer(const rnl_kernels *k, const rnl_choice *choice, size_t count,
                          const float *gradients, size_t steps, float *weights)
{
    const rnl_optimizer *optimizer = rnl_optimizer_of(choice);
    rnl_bound_optimizer bound;
    optimizer->bind(&bound, k, choice->parameters);
    const size_t slots = rnl_optimizer_slots(choice);
    cr_assert(bound.velocity <= slots && bound.squares <= slots && bound.means <= slots);
    float state[4][MOST] = {{0}}, check;
    double product = 1;
    for (size_t t = 1; t <= steps; ++t) {
        const rnl_scheduled scheduled = {bound.learning_rate, NAN};
        const rnl_step_rates rates = rnl_optimizer_rates(choice, &bound, t, scheduled, product);
        product = rates.momentum_product;
        bound.update(&(const rnl_update){
            .count = count,
            .weights = weights,
            .gradients = gradients + (t - 1) * count,
            .velocity = bound.velocity ? state[bound.velocity] : NULL,
            .squares = bound.squares ? state[bound.squares] : NULL,
            .means = bound.means ? state[bound.means] : NULL,
            .learning_rate = rates.learning_rate,
            .gradient_rate = rates.gradient_rate,
            .root_scale = rates.root_scale,
            .decay = rates.decay,
            .momentum = rates.velocity_share,
            .beta_2 = bound.beta_2,
            .epsilon = bound.epsilon,
            .check = &check,
        });
        cr_assert_eq(check, 0);
    }
}

static rnl_config *config_with(const char *optimizer)
{
    char text[512];
    snprintf(text, sizeof text,
             "data: {train: {spirals: {rows: 10}}}\n"
             "model: [dense: {units: 2, activation: softmax}]\n"
             "training: {loss: sparse_categorical_crossentropy, optimizer: %s}\n",
             optimizer);
    rnl_config *config;
    cr_assert_eq(rnl_config_parse(&config, "c.yaml", text, NULL, 0), RNL_OK, "%s", rnl_message());
    return config;
}

static void check_optimizers(const rnl_kernels *k)
{
    json_t *root = load("optimizers.json");
    const json_t *optimizers = json_object_get(root, "optimizers");
    float start[MOST], gradients[MOST];
    const size_t count = read_floats(start, root, "start");
    const size_t steps = read_floats(gradients, root, "gradients") / count;
    cr_assert_eq(json_array_size(optimizers), 13);
    for (size_t i = 0; i < 13; ++i) {
        const json_t *golden = json_array_get(optimizers, i);
        rnl_config *config = config_with(json_string_value(json_object_get(golden, "name")));
        float weights[MOST];
        memcpy(weights, start, sizeof weights);
        run_optimizer(k, &config->training.optimizer, count, gradients, steps, weights);
        expect_near(weights, golden, "weights", 1e-6, 1e-6);
        rnl_config_free(config);
    }
    json_decref(root);
}

Test(golden, optimizers_over_100_steps)
{
    with_each_isa(check_optimizers);
}

/* Under a constant gradient g the means are g and g^2 once their bias is corrected, so that each of
 * the adam family's steps is the learning rate; momentum's velocity tends to eta g / (1 - mu), and
 * that of rmsprop to eta / (1 - mu). */
static void check_constant_gradient(const rnl_kernels *k)
{
    static const struct {
        const char *optimizer;
        size_t steps;
        double each;
    } cases[] = {
        {"{adam: {learning_rate: 0.01}}", 1, 0.01},
        {"{adam: {learning_rate: 0.01}}", 60, 0.01},
        {"{adamax: {learning_rate: 0.01}}", 60, 0.01},
        {"{adamw: {learning_rate: 0.01, weight_decay: 0}}", 60, 0.01},
        {"{momentum: {learning_rate: 0.01}}", 400, 0.01 * 0.5 / (1 - 0.9)},
        {"{sgd: {learning_rate: 0.01, momentum: 0.5}}", 400, 0.01 * 0.5 / (1 - 0.5)},
        {"{nesterov: {learning_rate: 0.01}}", 400, 0.01 * 0.5 / (1 - 0.9)},
        {"{rmsprop: {learning_rate: 0.01}}", 400, 0.01},
        {"{rmsprop: {learning_rate: 0.01, momentum: 0.9}}", 400, 0.01 / (1 - 0.9)},
        /* sum of squares after t steps: 0.25 t */
        {"{adagrad: {learning_rate: 0.01, initial_accumulator_value: 0}}", 400, 0.01 / 20},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        rnl_config *config = config_with(cases[i].optimizer);
        float gradients[MOST], before = 0, after = 0;
        for (size_t t = 0; t < MOST; ++t)
            gradients[t] = 0.5f;
        const rnl_choice *choice = &config->training.optimizer;
        run_optimizer(k, choice, 1, gradients, cases[i].steps - 1, &before);
        run_optimizer(k, choice, 1, gradients, cases[i].steps, &after);
        cr_expect_float_eq((double)before - (double)after, cases[i].each, 1e-3 * cases[i].each,
                           "%s: %g, not %g", cases[i].optimizer, (double)before - (double)after,
                           cases[i].each);
        rnl_config_free(config);
    }
}

Test(golden, optimizers_under_a_constant_gradient)
{
    with_each_isa(check_constant_gradient);
}
