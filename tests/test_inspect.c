/*
 * Looking inside a run: the same figures on any number of workers and in a run that was
 * interrupted, and weights that know nothing of it.
 */
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

typedef struct journal {
    uint64_t stop_at;       /* a step */
    size_t stop_inspecting; /* the inspection of this epoch, + 1 */
    double update;          /* of the first layer, as told last */
    char figures[1 << 16], losses[1 << 12];
} journal;

static int write_figures(const rnl_inspection *inspection, void *user)
{
    journal *j = user;
    char *end = j->figures + strlen(j->figures);
    if (j->stop_inspecting == inspection->epoch + 1)
        return 1;
    j->update = inspection->layers[0].update_norm;
    for (size_t i = 0; i < inspection->layer_count; ++i) {
        const rnl_layer_inspection *layer = &inspection->layers[i];
        end += sprintf(end, "%zu %zu %s %a %a %a %a %a %a %a %a\n", inspection->epoch,
                       inspection->rows, layer->layer, layer->mean, layer->deviation,
                       layer->saturated, layer->dead, layer->gradient_norm, layer->update_norm,
                       layer->weight_norm, layer->zero_weights);
    }
    return 0;
}

static int write_losses(const rnl_progress *progress, void *user)
{
    journal *j = user;
    sprintf(j->losses + strlen(j->losses), "%a %a\n", progress->figures[0].value,
            progress->figures[1].value);
    return 0;
}

static int stop_at_step(const rnl_progress *progress, void *user)
{
    const journal *j = user;
    return progress->step == j->stop_at;
}

/* Those that compute an output: of a residual block, its layers and the sum. */
enum { LAYERS = 10 };

enum { MANY = 130, BATCH = 32, LAST = 3, STEPS_PER_EPOCH = (MANY + BATCH - 1) / BATCH };

static rnl_data *create_data(void)
{
    rnl_data *data = fixture_data(MANY, 50, 10, RNL_FLOAT32);
    rnl_data *other = fixture_data(33, 50, 10, RNL_FLOAT32);
    data->validation = other->train;
    free(other);
    return data;
}

static rnl_model *create_model(const rnl_data *data, size_t batch_size, bool inspect)
{
    return fixture_model(
        fixture_config("model:\n"
                       "  - dense: {units: 300, activation: tanh, kernel_regularizer: l1,\n"
                       "            kernel_constraint: {max_norm: {max_value: 0.9}}}\n"
                       "  - batch_normalization: {moving_statistics: final_pass}\n"
                       "  - dense: {units: 200}\n"
                       "  - batch_normalization\n"
                       "  - activation: relu\n"
                       "  - dropout: 0.2\n"
                       "  - residual: [dense: {units: 200, activation: prelu}]\n"
                       "  - dense: {units: 10, activation: softmax, kernel_regularizer: l2}\n"
                       "training: {loss: sparse_categorical_crossentropy, optimizer: nadam,\n"
                       "           batch_size: %zu, epochs: %d, inspect: %s}\n",
                       batch_size, LAST, inspect ? "true" : "false"),
        data);
}

static rnl_status train(rnl_model *model, const rnl_data *data, size_t threads, journal *j)
{
    const rnl_options options = {.threads = threads,
                                 .on_step = stop_at_step,
                                 .on_epoch = write_losses,
                                 .on_inspect = write_figures,
                                 .user = j};
    return rnl_train(model, data, &options);
}

/* One row block and several. */
Test(inspect, same_figures_on_any_number_of_workers_and_weights_as_without)
{
    static const size_t worker_counts[] = {1, 2, 3, 4, 8, 16};
    static journal plain, expected, got;
    rnl_data *data = create_data();
    for (size_t batch_size = 16; batch_size <= 64; batch_size *= 4) {
        rnl_model *model = create_model(data, batch_size, false);
        memset(&plain, 0, sizeof plain);
        cr_assert_eq(train(model, data, 1, &plain), RNL_OK, "%s", rnl_message());
        const uint64_t hash = fixture_hash(model);
        cr_expect_str_empty(plain.figures);
        rnl_model_free(model);
        for (size_t i = 0; i < COUNT(worker_counts); ++i) {
            model = create_model(data, batch_size, true);
            memset(&got, 0, sizeof got);
            cr_assert_eq(train(model, data, worker_counts[i], &got), RNL_OK, "%s", rnl_message());
            if (i == 0)
                expected = got;
            cr_expect_eq(fixture_hash(model), hash, "%zu workers", worker_counts[i]);
            cr_expect_str_eq(got.losses, plain.losses, "%zu workers", worker_counts[i]);
            cr_expect_str_eq(got.figures, expected.figures, "%zu workers", worker_counts[i]);
            rnl_model_free(model);
        }
        size_t lines = 0;
        for (const char *c = expected.figures; *c; ++c)
            lines += *c == '\n';
        cr_expect_eq(lines, (LAST + 1) * LAYERS);
    }
    rnl_data_free(data);
}

/* The norm of what changes in the first kernel, which is kept for the next call. */
static double change(const rnl_model *model, float kept[50 * 300])
{
    const float *kernel = model->layers[0].parameters[0].arrays[RNL_VALUES];
    double squares = 0;
    for (size_t i = 0; i < 50 * 300; ++i) {
        const double difference = (double)kernel[i] - (double)kept[i];
        squares += difference * difference;
    }
    memcpy(kept, kernel, 50 * 300 * sizeof *kept);
    return sqrt(squares);
}

/* After every step in turn; an epoch whose steps are done is looked at when the run goes on.  The
 * update that is told is then that of the next step. */
Test(inspect, same_figures_in_a_run_that_was_interrupted)
{
    static journal expected, got;
    rnl_data *data = create_data();
    rnl_model *model = create_model(data, BATCH, true);
    cr_assert_eq(train(model, data, 1, &expected), RNL_OK, "%s", rnl_message());
    const uint64_t hash = fixture_hash(model);
    rnl_model_free(model);
    model = create_model(data, BATCH, true);
    static float kept[50 * 300];
    change(model, kept);
    for (uint64_t step = 1; step <= LAST * STEPS_PER_EPOCH; ++step) {
        got.stop_at = step;
        got.update = 0;
        cr_assert_eq(train(model, data, 2, &got), RNL_STOPPED, "%s", rnl_message());
        cr_assert_eq(rnl_model_step(model), step);
        const double update = change(model, kept);
        if (step % STEPS_PER_EPOCH == 1)
            cr_expect_float_eq(got.update, update, 1e-12 * update, "step %d: %g, not %g", (int)step,
                               got.update, update);
        else
            cr_expect_eq(got.update, 0);
    }
    cr_assert_eq(train(model, data, 3, &got), RNL_OK, "%s", rnl_message());
    cr_expect_eq(fixture_hash(model), hash);
    cr_expect_str_eq(got.figures, expected.figures);
    cr_expect_str_eq(got.losses, expected.losses);
    rnl_model_free(model);
    rnl_data_free(data);
}

Test(inspect, may_stop_the_run)
{
    static journal expected, got;
    rnl_data *data = create_data();
    rnl_model *model = create_model(data, BATCH, true);
    cr_assert_eq(train(model, data, 2, &expected), RNL_OK, "%s", rnl_message());
    rnl_model_free(model);
    model = create_model(data, BATCH, true);
    const uint64_t untrained = fixture_hash(model);
    got.stop_inspecting = 1;
    cr_expect_eq(train(model, data, 2, &got), RNL_STOPPED);
    cr_expect_str_eq(rnl_message(), "stopped before the first step");
    cr_expect_eq(fixture_hash(model), untrained);
    cr_expect_eq(rnl_model_step(model), 0);
    for (size_t epoch = 1; epoch <= LAST; ++epoch) {
        got.stop_inspecting = epoch + 1;
        cr_expect_eq(train(model, data, 2, &got), RNL_STOPPED);
        cr_expect_eq(rnl_model_step(model), epoch * STEPS_PER_EPOCH);
        cr_expect_eq(rnl_model_epoch(model), epoch - 1);
    }
    got.stop_inspecting = 0;
    cr_expect_eq(train(model, data, 2, &got), RNL_OK);
    cr_expect_str_eq(got.figures, expected.figures);
    cr_expect_str_eq(got.losses, expected.losses);
    rnl_model_free(model);
    rnl_data_free(data);
}

static int keep_gradient(const rnl_inspection *inspection, void *user)
{
    *(double *)user = inspection->layers[0].gradient_norm;
    return 0;
}

/* w grows by a factor of -1.58e9 in each step: two leave everything finite, the gradient of a third
 * would not be.  It is seen, but nothing fails for it. */
Test(inspect, trouble_of_a_step_that_is_not_taken_is_none)
{
    static const float x[] = {1e10f}, t[] = {0};
    static const size_t shape[] = {1};
    const rnl_rows rows = {1, 1, shape, .floats = x, .values = t, .value_columns = 1};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK);
    for (int epochs = 2; epochs <= 3; ++epochs) {
        rnl_model *model = fixture_model(
            fixture_config("model: [dense: {units: 1, use_bias: false, kernel_initializer: ones}]\n"
                           "training: {loss: mean_squared_error, inspect: true, epochs: %d,\n"
                           "           optimizer: {sgd: {learning_rate: 7.9e-12}}}\n",
                           epochs),
            data);
        double gradient = 0;
        const rnl_options options = {.threads = 1, .on_inspect = keep_gradient, .user = &gradient};
        cr_expect_eq(rnl_train(model, data, &options), epochs == 2 ? RNL_OK : RNL_NOT_FINITE, "%s",
                     rnl_message());
        cr_expect(isinf(gradient), "%g", gradient);
        rnl_model_free(model);
    }
    rnl_data_free(data);
}
