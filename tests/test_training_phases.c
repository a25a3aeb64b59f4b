/*
 * Phases of a training: as trainings one after another, resumed anywhere, and initial_epoch.
 */
#include "engine/schema/config.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 83, FEATURES = 7, CLASSES = 5, BATCH = 16, STEPS = 6 };

static rnl_data *create_data(void)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_data *others = fixture_data(40, FEATURES, CLASSES, RNL_FLOAT32);
    data->validation = others->train;
    others->train = (rnl_dataset){.largest_label = -1};
    rnl_data_free(others);
    return data;
}

#define LAYERS                                                                                     \
    "dense: {units: 40, activation: tanh}, batch_normalization, dense: {units: 20, activation: "   \
    "elu, kernel_regularizer: l2, name: middle}, prelu, dense: {units: 5, activation: softmax, "   \
    "name: head}"

static rnl_model *create(const rnl_data *data, const char *layers, const char *training)
{
    return fixture_model(fixture_config("model: [%s]\n"
                                        "training: {loss: sparse_categorical_crossentropy, "
                                        "batch_size: %d, seed: 3, %s}\n",
                                        layers, BATCH, training),
                         data);
}

static void train(rnl_model *model, const rnl_data *data, size_t threads)
{
    cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = threads}), RNL_OK, "%s",
                 rnl_message());
}

static bool equal(const rnl_model *a, const rnl_model *b, size_t l)
{
    bool same = true;
    for (size_t p = 0; p < a->layers[l].parameter_count; ++p)
        same &= memcmp(a->layers[l].parameters[p].arrays[RNL_VALUES],
                       b->layers[l].parameters[p].arrays[RNL_VALUES],
                       rnl_parameter_count(&a->layers[l].parameters[p]) * sizeof(float)) == 0;
    return same;
}

/* Each phase is a training that starts from the one before. */
Test(training_phases, are_trainings_one_after_another)
{
    rnl_data *data = create_data();
    rnl_model *phases = create(data, LAYERS,
                               "shuffle: false, optimizer: adam, phases: ["
                               "{epochs: 2, trainable: [head]},"
                               "{epochs: 3, trainable: middle..head, optimizer: nadam, schedule: "
                               "{cosine: {}}, early_stopping: {patience: 1}},"
                               "{epochs: 2, trainable: all, optimizer: {sgd: {momentum: 0.9}}}]");
    static const char *const first = "shuffle: false, optimizer: adam, epochs: 2",
                             *const second =
                                 "shuffle: false, optimizer: nadam, epochs: 3, "
                                 "schedule: {cosine: {}}, early_stopping: {patience: 1}",
                             *const third =
                                 "shuffle: false, optimizer: {sgd: {momentum: 0.9}}, epochs: 2";
    rnl_model *a = create(data,
                          "dense: {units: 40, activation: tanh, trainable: false}, "
                          "batch_normalization: {trainable: false}, dense: {units: 20, activation: "
                          "elu, kernel_regularizer: l2, name: middle, trainable: false}, "
                          "prelu: {trainable: false}, "
                          "dense: {units: 5, activation: softmax, name: head}",
                          first);
    rnl_model *b = create(data,
                          "dense: {units: 40, activation: tanh, trainable: false}, "
                          "batch_normalization: {trainable: false}, dense: {units: 20, activation: "
                          "elu, kernel_regularizer: l2, name: middle}, "
                          "prelu, dense: {units: 5, activation: softmax, name: head}",
                          second);
    rnl_model *c = create(data, LAYERS, third);
    train(a, data, 1);
    cr_assert_eq(rnl_model_start_from(b, a, 0, NULL), RNL_OK);
    train(b, data, 1);
    cr_assert_eq(rnl_model_start_from(c, b, 0, NULL), RNL_OK);
    train(c, data, 1);
    train(phases, data, 2);
    for (size_t l = 0; l < c->layer_count; ++l)
        cr_expect(equal(phases, c, l), "%s", c->layers[l].name);
    cr_expect_eq(phases->position.step, 0);
    rnl_model_free(phases);
    rnl_model_free(a);
    rnl_model_free(b);
    rnl_model_free(c);
    rnl_data_free(data);
}

/* Without a reset, phases of equal settings are one training. */
Test(training_phases, that_keep_the_optimizer_are_one)
{
    static const char *const optimizers[] = {"sgd",  "momentum", "nesterov", "adagrad", "rmsprop",
                                             "adam", "adamax",   "nadam",    "adamw"};
    rnl_data *data = create_data();
    for (size_t i = 0; i < sizeof optimizers / sizeof *optimizers; ++i) {
        char text[256];
        snprintf(text, sizeof text,
                 "optimizer: %s, phases: [{epochs: 2}, {epochs: 1, reset_optimizer: false}, "
                 "{epochs: 2, reset_optimizer: false}]",
                 optimizers[i]);
        rnl_model *phases = create(data, "gaussian_noise: 0.1, " LAYERS, text);
        snprintf(text, sizeof text, "optimizer: %s, epochs: 5", optimizers[i]);
        rnl_model *whole = create(data, "gaussian_noise: 0.1, " LAYERS, text);
        train(phases, data, 1);
        train(whole, data, 2);
        cr_expect_eq(fixture_hash(phases), fixture_hash(whole), "%s", optimizers[i]);
        rnl_model_free(phases);
        rnl_model_free(whole);
    }
    rnl_data_free(data);
}

/* All that a phase can have, and what ends one early. */
#define RICH                                                                                       \
    "optimizer: adam, metrics: [accuracy], schedule: {performance: {patience: 1}}, "               \
    "phases: [{epochs: 2, trainable: [head], schedule: {one_cycle: {max_rate: 0.01}}},"            \
    " {epochs: 4, trainable: middle..head, optimizer: nadam, early_stopping: {patience: 1}},"      \
    " {epochs: 1, trainable: middle..head, optimizer: nadam, reset_optimizer: false,"              \
    "  schedule: {one_cycle: {max_rate: auto}}},"                                                  \
    " {epochs: 2, optimizer: {rmsprop: {momentum: 0.5}}}]"

#define RICH_LAYERS                                                                                \
    "dense: {units: 40, activation: tanh}, batch_normalization: {moving_statistics: final_pass}, " \
    "dense: {units: 20, activation: elu, kernel_regularizer: l2, name: middle}, dropout: 0.1, "    \
    "prelu, dense: {units: 5, activation: softmax, name: head, kernel_constraint: max_norm}"

static int stop_at(const rnl_progress *progress, void *user)
{
    return progress->step == *(const uint64_t *)user;
}

/* Stopped at each of its steps, saved, and gone on with on another number of workers. */
static void resume_everywhere(const char *training)
{
    char path[] = "/tmp/runnel_phases_XXXXXX";
    close(mkstemp(path));
    rnl_data *data = create_data();
    rnl_model *whole = create(data, RICH_LAYERS, training);
    train(whole, data, 1);
    rnl_status status = RNL_STOPPED;
    uint64_t step = 1;
    for (; status == RNL_STOPPED; ++step) {
        rnl_model *model = create(data, RICH_LAYERS, training);
        const rnl_options options = {.threads = 2, .on_step = stop_at, .user = &step};
        status = rnl_train(model, data, &options);
        if (status == RNL_STOPPED) {
            cr_assert_eq(rnl_model_save(model, path), RNL_OK);
            rnl_model_free(model);
            cr_assert_eq(rnl_model_load(&model, path, NULL, 0), RNL_OK, "step %zu: %s",
                         (size_t)step, rnl_message());
            train(model, data, 1 + step % 3);
        }
        cr_expect_eq(fixture_hash(model), fixture_hash(whole), "step %zu", (size_t)step);
        rnl_model_free(model);
    }
    cr_expect_eq(status, RNL_OK);
    cr_expect_gt(step, 5 * STEPS);
    rnl_model_free(whole);
    rnl_data_free(data);
    unlink(path);
}

Test(training_phases, are_resumed_anywhere)
{
    resume_everywhere(RICH);
}

/* Validations, and so the ends of phases, fall into epochs. */
Test(training_phases, that_end_within_an_epoch_are_resumed)
{
    resume_everywhere("validate_every: 4, " RICH);
}

/* The epochs of the phases, and the rate of each, over its own phase. */
typedef struct seen {
    size_t count;
    size_t epochs[16], totals[16];
    double rates[16];
} seen;

static int note_epoch(const rnl_progress *progress, void *user)
{
    seen *s = user;
    s->epochs[s->count] = progress->epoch;
    s->totals[s->count] = progress->epochs;
    for (size_t i = 0; i < progress->figure_count; ++i)
        if (strcmp(progress->figures[i].name, "learning_rate") == 0)
            s->rates[s->count] = progress->figures[i].value;
    ++s->count;
    return 0;
}

Test(training_phases, have_a_schedule_each)
{
    rnl_data *data = create_data();
    rnl_model *model = create(data, LAYERS,
                              "optimizer: {sgd: {learning_rate: 0.1}}, "
                              "schedule: {exponential: {steps: 1, rate: 0.5}}, phases: [{epochs: "
                              "3}, {epochs: 2, optimizer: {sgd: {learning_rate: 0.2}}}, {epochs: "
                              "2, schedule: null}]");
    seen s = {0};
    const rnl_options options = {.on_epoch = note_epoch, .user = &s};
    cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    static const double rates[] = {0.1, 0.05, 0.025, 0.2, 0.1, 0.1, 0.1};
    cr_assert_eq(s.count, 7);
    for (size_t i = 0; i < 7; ++i) {
        cr_expect_eq(s.epochs[i], i + 1);
        cr_expect_eq(s.totals[i], 7);
        cr_expect_float_eq(s.rates[i], rates[i], 1e-9, "%zu: %g", i, s.rates[i]);
    }
    rnl_model_free(model);
    rnl_data_free(data);
}

/* A second half, started from the first's checkpoint, is that of one run: the numbers of epochs,
 * the order of the rows and the schedule go on. */
Test(initial_epoch, goes_on_with_the_numbers)
{
    static const char *const schedules[] = {
        "{exponential: {steps: 2, rate: 0.5}}", "{power: {steps: 7}}", "{cosine: {warmup: 9}}",
        "{piecewise: {boundaries: [1, 3], values: [0.01, 0.02, 0.005]}}"};
    char path[] = "/tmp/runnel_initial_XXXXXX";
    close(mkstemp(path));
    rnl_data *data = create_data();
    for (size_t i = 0; i < sizeof schedules / sizeof *schedules; ++i) {
        char text[256];
        snprintf(text, sizeof text, "optimizer: adam, epochs: 5, schedule: %s", schedules[i]);
        rnl_model *whole = create(data, LAYERS, text), *first = create(data, LAYERS, text);
        snprintf(text, sizeof text, "optimizer: adam, epochs: 5, initial_epoch: 2, schedule: %s",
                 schedules[i]);
        rnl_model *second = create(data, LAYERS, text), *earlier = NULL;
        uint64_t step = 2 * STEPS;
        const rnl_options stopping = {.on_step = stop_at, .user = &step};
        cr_assert_eq(rnl_train(first, data, &stopping), RNL_STOPPED);
        cr_assert_eq(rnl_model_save(first, path), RNL_OK);
        cr_assert_eq(rnl_model_load(&earlier, path, NULL, 0), RNL_OK);
        cr_assert_eq(rnl_model_start_from(second, earlier, RNL_KEEP_OPTIMIZER, NULL), RNL_OK);
        step = 8;
        cr_assert_eq(rnl_train(second, data, &stopping), RNL_STOPPED);
        cr_assert_eq(rnl_model_save(second, path), RNL_OK);
        rnl_model_free(second);
        cr_assert_eq(rnl_model_load(&second, path, NULL, 0), RNL_OK, "%s", rnl_message());
        seen s = {0};
        const rnl_options options = {.on_epoch = note_epoch, .user = &s};
        cr_assert_eq(rnl_train(second, data, &options), RNL_OK, "%s", rnl_message());
        train(whole, data, 1);
        cr_expect_eq(fixture_hash(second), fixture_hash(whole), "%s", schedules[i]);
        cr_expect(s.count == 2 && s.epochs[0] == 4 && s.epochs[1] == 5 && s.totals[0] == 5);
        rnl_model_free(whole);
        rnl_model_free(first);
        rnl_model_free(second);
        rnl_model_free(earlier);
    }
    unlink(path);
    rnl_data_free(data);
}

static rnl_model *create_second(const rnl_data *data, const char *phases, int initial_epoch,
                                const char *path)
{
    char text[512];
    rnl_model *earlier = NULL;
    snprintf(text, sizeof text, "%s, initial_epoch: %d", phases, initial_epoch);
    rnl_model *second = create(data, LAYERS, text);
    cr_assert_eq(rnl_model_load(&earlier, path, NULL, 0), RNL_OK);
    cr_assert_eq(rnl_model_start_from(second, earlier, RNL_KEEP_OPTIMIZER, NULL), RNL_OK, "%s",
                 rnl_message());
    rnl_model_free(earlier);
    return second;
}

/* With phases, the first epochs of their sum count as done, whole phases too: what is left is the
 * end of one run, also stopped once more in between. */
Test(initial_epoch, leaves_out_the_first_phases)
{
    static const char phases[] =
        "optimizer: adam, phases: [{epochs: 2, trainable: [head]},\n"
        "  {epochs: 3, optimizer: nadam, schedule: {exponential: {steps: 9, rate: 0.5}}},\n"
        "  {epochs: 2, trainable: all, schedule: cosine}]";
    char path[] = "/tmp/runnel_left_out_XXXXXX";
    close(mkstemp(path));
    rnl_data *data = create_data();
    for (int done = 1; done < 7; ++done) {
        rnl_model *whole = create(data, LAYERS, phases), *first = create(data, LAYERS, phases);
        uint64_t step = (uint64_t)done * STEPS;
        const rnl_options stopping = {.on_step = stop_at, .user = &step};
        cr_assert_eq(rnl_train(first, data, &stopping), RNL_STOPPED);
        cr_assert_eq(rnl_model_save(first, path), RNL_OK);
        rnl_model *second = create_second(data, phases, done, path);
        step = STEPS + 2;
        if (done < 6) {
            cr_assert_eq(rnl_train(second, data, &stopping), RNL_STOPPED, "%s", rnl_message());
            cr_assert_eq(rnl_model_save(second, path), RNL_OK);
            rnl_model_free(second);
            cr_assert_eq(rnl_model_load(&second, path, NULL, 0), RNL_OK, "%s", rnl_message());
        }
        seen s = {0};
        const rnl_options options = {.on_epoch = note_epoch, .user = &s};
        cr_assert_eq(rnl_train(second, data, &options), RNL_OK, "%s", rnl_message());
        train(whole, data, 1);
        cr_expect_eq(fixture_hash(second), fixture_hash(whole), "%d epochs left out", done);
        cr_expect(s.epochs[s.count - 1] == 7 && s.totals[0] == 7);
        rnl_model_free(whole);
        rnl_model_free(first);
        rnl_model_free(second);
    }
    unlink(path);
    rnl_data_free(data);
}

Test(training_phases, mistakes)
{
    static const struct {
        const char *training, *message;
    } mistakes[] = {
        {"epochs: 4, phases: [{epochs: 2}, {epochs: 3}]",
         "epochs: expected 5, the sum of the phases', or nothing, got '4'"},
        {"phases: [{epoch: 2}]", "phase: unknown key 'epoch'; did you mean 'epochs'?"},
        {"phases: [{trainable: all}]", "phase: the key 'epochs' is missing"},
        {"phases: [{epochs: 2, trainable: [hed]}]",
         "trainable: there is no layer 'hed'; did you mean 'head'?"},
        {"phases: [{epochs: 2, trainable: 3..9}]", "trainable: layer 9 of 5"},
        {"phases: [{epochs: 2}, {epochs: 1, trainable: []}]", "phase 2: there is nothing to train"},
        {"phases: [{epochs: 2, optimizer: sgd}, {epochs: 1, reset_optimizer: false}]",
         "phases: reset_optimizer: false takes over the state of the phase before, whose optimizer "
         "is sgd, not adam"},
        {"phases: [{epochs: 2, early_stopping: {monitor: val_los}}]", "val_los"},
        {"initial_epoch: 5, phases: [{epochs: 2}, {epochs: 3}]", "above initial_epoch 5, got 5"},
        {"epochs: 5, initial_epoch: 5", "above initial_epoch 5, got 5"},
    };
    rnl_data *data = create_data();
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; ++i) {
        char text[1024];
        snprintf(text, sizeof text,
                 "model: [%s]\ntraining: {loss: sparse_categorical_crossentropy, optimizer: adam, "
                 "%s}\n",
                 LAYERS, mistakes[i].training);
        rnl_config *config = NULL;
        rnl_model *model = NULL;
        rnl_status status = rnl_config_parse(&config, "test.yaml", text, NULL, 0);
        if (status == RNL_OK)
            status = rnl_model_create(&model, config, data);
        if (status == RNL_OK)
            status = rnl_train(model, data, NULL);
        cr_expect_eq(status, RNL_BAD_CONFIG, "%s", mistakes[i].training);
        cr_expect(strstr(rnl_message(), mistakes[i].message) != NULL, "%s", rnl_message());
        rnl_model_free(model);
        rnl_config_free(config);
    }
    rnl_data_free(data);
}

/* Printed and read again to the same text, with what the phases inherit. */
Test(training_phases, are_printed)
{
    rnl_config *config = fixture_config("model: [%s]\n"
                                        "training: {loss: sparse_categorical_crossentropy, "
                                        "early_stopping: {monitor: val_accuracy, patience: 7}, %s}",
                                        LAYERS, RICH),
               *again = NULL;
    char *text = NULL, *second = NULL, *json = NULL, *origins = NULL;
    cr_expect_eq(config->training.epochs, 9);
    const rnl_phase_config *phase = config->training.phases.items[1].parameters;
    cr_expect_eq(phase->early_stopping.patience, 1);
    cr_expect_str_eq(phase->early_stopping.monitor.figure, "val_accuracy");
    cr_expect_str_eq(phase->schedule.kind->name, "performance");
    cr_assert_eq(rnl_config_print(config, &text), RNL_OK);
    cr_assert_eq(rnl_config_print_json(config, &json), RNL_OK);
    cr_assert_eq(rnl_config_print_origins(config, &origins), RNL_OK);
    const char *const texts[] = {text, json, origins};
    for (size_t i = 0; i < 3; ++i) {
        cr_assert_eq(rnl_config_parse(&again, "test.yaml", texts[i], NULL, 0), RNL_OK, "%s: %s",
                     rnl_message(), texts[i]);
        cr_assert_eq(rnl_config_print(again, &second), RNL_OK);
        cr_expect_str_eq(second, text);
        rnl_text_free(second);
        rnl_config_free(again);
    }
    rnl_text_free(text);
    rnl_text_free(json);
    rnl_text_free(origins);
    rnl_config_free(config);
}

Test(training_phases, are_in_the_summary)
{
    rnl_data *data = create_data();
    rnl_model *model = create(data, LAYERS, RICH);
    char *text = NULL;
    cr_assert_eq(rnl_model_summary(model, &text), RNL_OK);
    static const char *const lines[] = {
        "\nPhase 1, 2 epochs: 105 trainable parameters, frozen dense_1, batch_normalization_1, "
        "middle, prelu_1\n",
        "\nPhase 2, 4 epochs: 945 trainable parameters, frozen dense_1, batch_normalization_1\n",
        "\nPhase 4, 2 epochs: 1,345 trainable parameters, frozen none\n",
        "(820 not trainable: frozen)\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; ++i)
        cr_expect(strstr(text, lines[i]) != NULL, "%s", text);
    rnl_text_free(text);
    rnl_model_free(model);
    rnl_data_free(data);
}
