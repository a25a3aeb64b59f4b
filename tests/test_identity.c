/*
 * Elastic identity: the trained weights are the same bit for bit on any number of workers and any
 * instruction set, and what else a run promises whatever its options are.
 */
#include "engine/schema/config.h"
#include "simd/kernels.h"
#include "tests/fixtures.h"
#include "tests/scratch.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const size_t worker_counts[] = {1, 2, 3, 4, 8, 16};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static rnl_model *create_model(const rnl_data *data, unsigned batch_size, unsigned seed)
{
    return fixture_model(
        fixture_config("data: {train: {spirals: {rows: 10}}, scaling: range}\n"
                       "model:\n"
                       "  - dense: {units: 300, activation: elu, kernel_initializer: he_normal}\n"
                       "  - activation: relu\n"
                       "  - dense: {units: 100, activation: relu, use_bias: false}\n"
                       "  - dense: {units: 10, activation: softmax}\n"
                       "training:\n"
                       "  loss: sparse_categorical_crossentropy\n"
                       "  metrics: [accuracy]\n"
                       "  optimizer: {nesterov: {learning_rate: 0.01}}\n"
                       "  batch_size: %u\n"
                       "  epochs: 2\n"
                       "  seed: %u\n",
                       batch_size, seed),
        data);
}

typedef struct tile_counts {
    size_t workers, idle;
} tile_counts;

static void count_tiles(rnl_log_level level, const char *text, void *user)
{
    (void)level;
    tile_counts *counts = user;
    size_t worker;
    unsigned long long tiles;
    if (sscanf(text, "worker %zu computed %llu tiles", &worker, &tiles) == 2) {
        ++counts->workers;
        counts->idle += tiles == 0;
    }
}

static uint64_t train(const rnl_data *data, unsigned batch_size, unsigned seed, size_t threads,
                      rnl_pin pin, tile_counts *counts)
{
    rnl_model *model = create_model(data, batch_size, seed);
    const rnl_options options = {
        .threads = threads, .pin = pin, .on_log = counts ? count_tiles : NULL, .user = counts};
    cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    const uint64_t hash = fixture_hash(model);
    rnl_model_free(model);
    return hash;
}

ParameterizedTestParameters(identity, on_any_number_of_workers)
{
    static unsigned batch_sizes[] = {1, 7, 31, 32, 64, 500, 512, 600};
    return cr_make_param_array(unsigned, batch_sizes, COUNT(batch_sizes));
}

ParameterizedTest(unsigned *batch_size, identity, on_any_number_of_workers)
{
    /* Both numbers of rows leave a short last mini-batch. */
    rnl_data *data = fixture_data(*batch_size >= 500 ? 1030 : 77, 50, 10, RNL_UINT8);
    const uint64_t expected = train(data, *batch_size, 1, 1, RNL_PIN_AUTO, NULL);
    for (size_t i = 1; i < COUNT(worker_counts); ++i)
        cr_expect_eq(train(data, *batch_size, 1, worker_counts[i], RNL_PIN_AUTO, NULL), expected,
                     "batch size %u, %zu workers", *batch_size, worker_counts[i]);
    cr_expect_eq(train(data, *batch_size, 1, 2, RNL_PIN_OFF, NULL), expected);
    cr_expect_eq(train(data, *batch_size, 1, 4, RNL_PIN_ON, NULL), expected);
    cr_expect_neq(train(data, *batch_size, 2, 1, RNL_PIN_AUTO, NULL), expected, "another seed");
    for (rnl_isa isa = RNL_ISA_SCALAR; isa < RNL_ISA_COUNT && rnl_kernels_of(isa); ++isa) {
        setenv("RUNNEL_ISA", rnl_isa_name(isa), 1);
        for (size_t workers = 1; workers <= 3; workers += 2)
            cr_expect_eq(train(data, *batch_size, 1, workers, RNL_PIN_AUTO, NULL), expected,
                         "batch size %u, %s, %zu workers", *batch_size, rnl_isa_name(isa), workers);
    }
    rnl_data_free(data);
}

static uint64_t train_wide(const rnl_data *data, const char *precision, size_t threads)
{
    rnl_model *model =
        fixture_model(fixture_config("data: {train: {spirals: {rows: 10}}, scaling: range}\n"
                                     "model:\n"
                                     "  - dense: {units: 600, activation: elu}\n"
                                     "  - dense: {units: 520, activation: elu}\n"
                                     "  - dense: {units: 10, activation: softmax}\n"
                                     "training:\n"
                                     "  loss: sparse_categorical_crossentropy\n"
                                     "  optimizer: {momentum: {learning_rate: 0.01}}\n"
                                     "  batch_size: 1030\n"
                                     "  epochs: 2\n"
                                     "  precision: %s\n",
                                     precision),
                      data);
    const rnl_options options = {.threads = threads};
    cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    const uint64_t hash = fixture_hash(model);
    rnl_model_free(model);
    return hash;
}

/* Delta lies beyond the L2 cache: all slices of a range of inputs are joined. */
Test(identity, joined_gradients_of_wide_layers)
{
    const char *const precisions[] = {"float32", "mixed_bfloat16"};
    rnl_data *data = fixture_data(1030, 150, 10, RNL_UINT8);
    for (size_t k = 0; k < COUNT(precisions); ++k) {
        unsetenv("RUNNEL_ISA");
        const uint64_t expected = train_wide(data, precisions[k], 1);
        for (rnl_isa isa = RNL_ISA_AVX2; isa < RNL_ISA_COUNT && rnl_kernels_of(isa); ++isa) {
            setenv("RUNNEL_ISA", rnl_isa_name(isa), 1);
            for (size_t workers = 1; workers <= 3; ++workers)
                cr_expect_eq(train_wide(data, precisions[k], workers), expected,
                             "%s, %s, %zu workers", precisions[k], rnl_isa_name(isa), workers);
        }
    }
    rnl_data_free(data);
}

static int add_loss(const rnl_progress *progress, void *user)
{
    char *text = user;
    sprintf(text + strlen(text), "%a %a\n", progress->figures[0].value, progress->figures[1].value);
    return 0;
}

/* The penalties are in the loss of each epoch, to the last bit; one row block, and several. */
Test(identity, penalties_and_constraints_on_any_number_of_workers)
{
    for (unsigned batch_size = 16; batch_size <= 64; batch_size *= 4) {
        rnl_data *data = fixture_data(130, 50, 10, RNL_FLOAT32);
        rnl_data *other = fixture_data(33, 50, 10, RNL_FLOAT32);
        data->validation = other->train;
        free(other);
        uint64_t expected = 0;
        char expected_losses[256] = "";
        for (size_t i = 0; i < COUNT(worker_counts); ++i) {
            rnl_model *model = fixture_model(
                fixture_config(
                    "model:\n"
                    "  - dense: {units: 300, activation: elu, kernel_regularizer: l1,\n"
                    "            bias_regularizer: l2,\n"
                    "            kernel_constraint: {max_norm: {max_value: 0.9}}}\n"
                    "  - dense: {units: 200, kernel_constraint: {unit_norm: {axis: 1}}}\n"
                    "  - dense: {units: 10, activation: softmax, kernel_regularizer: l2}\n"
                    "training: {loss: sparse_categorical_crossentropy, optimizer: adam,\n"
                    "           batch_size: %u, epochs: 3}\n",
                    batch_size),
                data);
            char losses[256] = "";
            const rnl_options options = {
                .threads = worker_counts[i], .on_epoch = add_loss, .user = losses};
            cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
            if (i == 0) {
                expected = fixture_hash(model);
                strcpy(expected_losses, losses);
            }
            cr_expect_eq(fixture_hash(model), expected, "%zu workers", worker_counts[i]);
            cr_expect_str_eq(losses, expected_losses, "%zu workers", worker_counts[i]);
            rnl_model_free(model);
        }
        rnl_data_free(data);
    }
}

typedef struct penalized_case {
    char optimizer[8];
    int batch_size;
} penalized_case;

/* Column blocks of 256 units, whose rows have gaps below AVX-512; 200 inputs, no multiple of 16, in
 * several panels and, of larger mini-batches, ranges. */
static rnl_model *create_penalized(const rnl_data *data, const penalized_case *c)
{
    return fixture_model(
        fixture_config("model:\n"
                       "  - dense: {units: 1024, activation: elu, bias_regularizer: l1,\n"
                       "            kernel_regularizer: {l1_l2: {l1: 0.001, l2: 0.002}}}\n"
                       "  - dense: {units: 200, kernel_regularizer: {l1: 0.001}}\n"
                       "  - dense: {units: 10, activation: softmax, kernel_regularizer: l2}\n"
                       "training: {loss: sparse_categorical_crossentropy, metrics: [accuracy],\n"
                       "           optimizer: %s, batch_size: %d, epochs: 2}\n",
                       c->optimizer, c->batch_size),
        data);
}

typedef struct penalized_run {
    uint64_t stop_at;
    char losses[256];
} penalized_run;

static int stop_run(const rnl_progress *progress, void *user)
{
    return progress->step == ((const penalized_run *)user)->stop_at;
}

static int add_loss_of_run(const rnl_progress *progress, void *user)
{
    return add_loss(progress, ((penalized_run *)user)->losses);
}

static rnl_status run_penalized(rnl_model *model, const rnl_data *data, size_t threads,
                                penalized_run *run)
{
    const rnl_options options = {
        .threads = threads, .on_step = stop_run, .on_epoch = add_loss_of_run, .user = run};
    return rnl_train(model, data, &options);
}

/* Saved after a step, loaded, and trained on by other workers. */
static void interrupt_at(uint64_t step, rnl_model **model, const rnl_data *data, size_t threads,
                         penalized_run *run)
{
    static const char path[] = "interrupted.safetensors";
    run->stop_at = step;
    cr_assert_eq(run_penalized(*model, data, threads, run), RNL_STOPPED, "%s", rnl_message());
    cr_assert_eq(rnl_model_save(*model, path), RNL_OK, "%s", rnl_message());
    rnl_model_free(*model);
    cr_assert_eq(rnl_model_load(model, path, NULL, 0), RNL_OK, "%s", rnl_message());
    run->stop_at = 0;
}

ParameterizedTestParameters(identity, penalties_of_wide_layers)
{
    static penalized_case cases[] = {{"sgd", 64}, {"adam", 64}, {"adam", 30}};
    return cr_make_param_array(penalized_case, cases, COUNT(cases));
}

/* Whatever padding holds is in no loss: none that is reported by the tile that updates, nor by a
 * run that goes on and measures anew.  Two epochs, the last step of each short. */
ParameterizedTest(penalized_case *c, identity, penalties_of_wide_layers, .init = scratch_enter,
                  .fini = scratch_leave)
{
    static const size_t workers[] = {1, 2, 3, 8};
    rnl_data *data = fixture_data(2 * 64 + 9, 200, 10, RNL_FLOAT32);
    uint64_t expected = 0;
    penalized_run whole = {0};
    for (size_t i = 0; i < COUNT(workers); ++i) {
        rnl_model *model = create_penalized(data, c);
        penalized_run run = {0};
        cr_assert_eq(run_penalized(model, data, workers[i], &run), RNL_OK, "%s", rnl_message());
        if (i == 0) {
            expected = fixture_hash(model);
            whole = run;
        }
        cr_expect_eq(fixture_hash(model), expected, "%zu workers", workers[i]);
        cr_expect_str_eq(run.losses, whole.losses, "%zu workers", workers[i]);
        rnl_model_free(model);
    }
    for (uint64_t step = 1; step < 6; ++step) {
        rnl_model *model = create_penalized(data, c);
        penalized_run run = {0};
        interrupt_at(step, &model, data, 1 + step % 3, &run);
        cr_assert_eq(run_penalized(model, data, 1 + step % 2, &run), RNL_OK, "%s", rnl_message());
        cr_expect_eq(fixture_hash(model), expected, "resumed after step %zu", (size_t)step);
        cr_expect_str_eq(run.losses, whole.losses, "resumed after step %zu", (size_t)step);
        rnl_model_free(model);
    }
    rnl_data_free(data);
}

Test(identity, every_worker_has_tiles)
{
    rnl_data *data = fixture_data(130, 784, 10, RNL_FLOAT32);
    tile_counts counts = {0};
    train(data, 64, 1, 16, RNL_PIN_AUTO, &counts);
    cr_expect_eq(counts.workers, 16);
    cr_expect_eq(counts.idle, 0);
    rnl_data_free(data);

    data = fixture_data(520, 784, 10, RNL_FLOAT32);
    counts = (tile_counts){0};
    const uint64_t shared = train(data, 512, 1, 32, RNL_PIN_AUTO, &counts);
    cr_expect_eq(counts.workers, 32);
    cr_expect_eq(counts.idle, 0);
    cr_expect_eq(shared, train(data, 512, 1, 1, RNL_PIN_AUTO, NULL));
    rnl_data_free(data);
}

static int stop_at_seven(const rnl_progress *progress, void *user)
{
    (void)user;
    return progress->step == 7;
}

/* A run that is stopped keeps its weights; 7 steps are one epoch here. */
Test(identity, stopped_run_has_the_weights_of_its_last_step)
{
    rnl_data *data = fixture_data(7 * 11, 5, 3, RNL_FLOAT32);
    rnl_model *stopped = create_model(data, 11, 1);
    const rnl_options options = {.threads = 3, .on_step = stop_at_seven};
    cr_expect_eq(rnl_train(stopped, data, &options), RNL_STOPPED);
    cr_expect_str_eq(rnl_message(), "stopped after step 7");

    rnl_model *whole = create_model(data, 11, 1);
    whole->config->training.epochs = 1;
    cr_assert_eq(rnl_train(whole, data, NULL), RNL_OK);
    cr_expect_eq(fixture_hash(stopped), fixture_hash(whole));
    rnl_model_free(stopped);
    rnl_model_free(whole);
    rnl_data_free(data);
}

static void dirty_the_stack(int signal)
{
    volatile char below[2048];
    (void)signal;
    for (size_t i = 0; i < sizeof below; ++i)
        below[i] = (char)0xab;
}

/* Handlers that run all the time, on the stack of the thread that takes the signal, change nothing.
 */
Test(identity, under_a_storm_of_signals)
{
    rnl_data *data = fixture_data(2048, 784, 10, RNL_UINT8);
    rnl_model *quiet = create_model(data, 64, 1), *stormy = create_model(data, 64, 1);
    cr_assert_eq(rnl_train(quiet, data, &(const rnl_options){.threads = 1}), RNL_OK);

    const struct sigaction action = {.sa_handler = dirty_the_stack, .sa_flags = SA_RESTART};
    const struct itimerspec often = {{0, 100000}, {0, 100000}};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    timer_t timer;
    sigaction(SIGUSR1, &action, NULL);
    cr_assert_eq(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    timer_settime(timer, 0, &often, NULL);
    for (size_t i = 0; i < 5; ++i) {
        rnl_model_free(stormy);
        stormy = create_model(data, 64, 1);
        cr_assert_eq(rnl_train(stormy, data, &(const rnl_options){.threads = 1 + i % 2}), RNL_OK);
        cr_expect_eq(fixture_hash(stormy), fixture_hash(quiet));
    }
    timer_delete(timer);
    rnl_model_free(stormy);
    rnl_model_free(quiet);
    rnl_data_free(data);
}

/* A finite loss with a gradient beyond float32: told at its step, with its layer. */
Test(identity, infinite_gradient_stops_at_its_step)
{
    static const float x[] = {1e20f, 1e20f}, t[] = {1e19f, 1e19f};
    static const size_t shape[] = {1};
    const rnl_rows rows = {2, 1, shape, .floats = x, .values = t, .value_columns = 1};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK);
    static const char *const optimizers[] = {"sgd",    "momentum", "nesterov", "adam",   "adamw",
                                             "adamax", "nadam",    "adagrad",  "rmsprop"};
    for (size_t i = 0; i < sizeof optimizers / sizeof *optimizers; ++i) {
        rnl_model *model = fixture_model(
            fixture_config("model: [dense: {units: 1, kernel_initializer: zeros}]\n"
                           "training: {loss: mean_squared_error, optimizer: %s, epochs: 9}\n",
                           optimizers[i]),
            data);
        cr_expect_eq(rnl_train(model, data, &(const rnl_options){.threads = 2}), RNL_NOT_FINITE);
        cr_expect(strstr(rnl_message(), "step 1: the gradient of the kernel of layer dense_1 is "
                                        "NaN or infinite") != NULL,
                  "%s: %s", optimizers[i], rnl_message());
        rnl_model_free(model);
    }
    rnl_data_free(data);
}

Test(identity, nan_stops_with_its_layer_and_keeps_the_weights)
{
    rnl_data *data = fixture_data(64, 50, 10, RNL_FLOAT32);
    rnl_model *model =
        fixture_model(fixture_config("data: {train: {spirals: {rows: 10}}, scaling: none}\n"
                                     "model:\n"
                                     "  - dense: {units: 20, activation: relu}\n"
                                     "  - dense: {units: 10, activation: softmax}\n"
                                     "training:\n"
                                     "  loss: sparse_categorical_crossentropy\n"
                                     "  optimizer: {sgd: {learning_rate: 1e6}}\n"
                                     "  batch_size: 8\n"
                                     "  epochs: 50\n"),
                      data);
    ((float *)data->train.inputs)[0] = 3e38f;
    ((float *)data->train.inputs)[1] = 3e38f;
    const uint64_t before = fixture_hash(model);
    cr_expect_eq(rnl_train(model, data, NULL), RNL_NOT_FINITE);
    cr_expect(strstr(rnl_message(), "layer dense_") != NULL, "%s", rnl_message());
    cr_expect(strstr(rnl_message(), "step ") != NULL, "%s", rnl_message());
    cr_expect_eq(fixture_hash(model), before);
    rnl_model_free(model);
    rnl_data_free(data);
}

Test(identity, data_that_does_not_fit_is_refused)
{
    rnl_data *data = fixture_data(30, 50, 10, RNL_FLOAT32);
    rnl_model *model = create_model(data, 8, 1);
    const uint64_t before = fixture_hash(model);

    data->train.labels[29] = data->train.largest_label = 10;
    cr_expect_eq(rnl_train(model, data, NULL), RNL_BAD_DATA);
    cr_expect(strstr(rnl_message(), "label 10 is outside of the classes") != NULL, "%s",
              rnl_message());
    rnl_data *narrow = fixture_data(30, 49, 10, RNL_FLOAT32);
    cr_expect_eq(rnl_train(model, narrow, NULL), RNL_BAD_DATA);
    cr_expect(strstr(rnl_message(), "expected rows of 50 features") != NULL, "%s", rnl_message());
    cr_expect_eq(rnl_train(model, data, &(const rnl_options){.threads = 100000}), RNL_BAD_DATA);

    cr_expect_eq(fixture_hash(model), before);
    rnl_model_free(model);
    rnl_data_free(data);
    rnl_data_free(narrow);
}
