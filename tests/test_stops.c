/*
 * Stops at every moment at which a run calls its caller: whatever is measured, restored or passed
 * over at that moment, what is left goes on as the run that was never stopped would have.
 */
#include "tests/fixtures.h"
#include "tests/scratch.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 64, BATCH = 16, SHORT = 6, LONG = 9 };

typedef struct kind {
    char model[256], training[256];
} kind;

#define NORMALIZED                                                                                 \
    "[dense: {units: 8}, batch_normalization: {moving_statistics: final_pass}, activation: relu, " \
    "dense: {units: 5, activation: softmax}]"
#define PLAIN "[dense: {units: 8, activation: relu}, dense: {units: 5, activation: softmax}]"

/* Rates that make the last epochs worse than the first, so that there are weights to go back to. */
#define WORSENING                                                                                  \
    "optimizer: {sgd: {learning_rate: 0.5}}, "                                                     \
    "schedule: {piecewise: {boundaries: [2, 6], values: [0.05, 2.0, 0.05]}}"

static const kind kinds[] = {
    {NORMALIZED, WORSENING ", early_stopping: {patience: 100}"},
    {NORMALIZED, WORSENING ", early_stopping: {patience: 2}, inspect: true"},
    {NORMALIZED, WORSENING ", early_stopping: {patience: 100}, validate_every: 5"},
    {NORMALIZED, "optimizer: adam, inspect: true"},
    {PLAIN, WORSENING ", early_stopping: {patience: 3}, inspect: true"},
    {PLAIN, "optimizer: nesterov, validate_every: 3, checkpoint_every: 5"},
};

static rnl_config *config_of(const kind *k, int epochs)
{
    return fixture_config("model: %s\n"
                          "training: {loss: sparse_categorical_crossentropy, batch_size: %d,\n"
                          "           epochs: %d, %s}\n",
                          k->model, BATCH, epochs, k->training);
}

/* Noise: what is learned of it by heart soon says nothing of the other rows. */
static rnl_data *create_data(void)
{
    rnl_data *data = fixture_data(ROWS, 7, 5, RNL_FLOAT32);
    rnl_data *other = fixture_data(48, 7, 5, RNL_FLOAT32);
    data->validation = other->train;
    free(other);
    return data;
}

/* The calls of a run so far, and the one at which it is asked to stop. */
typedef struct moments {
    rnl_model *model;
    size_t calls, stop_at;
} moments;

static void count_call(moments *m)
{
    if (++m->calls == m->stop_at)
        rnl_stop(m->model);
}

static int on_begin(void *user)
{
    count_call(user);
    return 0;
}

static int on_progress(const rnl_progress *progress, void *user)
{
    (void)progress;
    count_call(user);
    return 0;
}

static int on_inspect(const rnl_inspection *inspection, void *user)
{
    (void)inspection;
    count_call(user);
    return 0;
}

static void on_log(rnl_log_level level, const char *text, void *user)
{
    (void)level;
    (void)text;
    count_call(user);
}

static const char checkpoint[] = "checkpoint", last[] = "last", saved[] = "saved";

TestSuite(stops, .init = scratch_enter, .fini = scratch_leave);

static rnl_status train(rnl_model *model, const rnl_data *data, moments *m)
{
    m->model = model;
    const rnl_options options = {
        .threads = 1 + m->stop_at % 2,
        .checkpoint = checkpoint,
        .last = last,
        .on_begin = on_begin,
        .on_step = on_progress,
        .on_epoch = on_progress,
        .on_inspect = on_inspect,
        .on_log = on_log,
        .user = m,
    };
    return rnl_train(model, data, &options);
}

/* What a run ends with: its weights, and the last ones where it leaves them. */
typedef struct ends {
    uint64_t model, last;
} ends;

static uint64_t hash_of_file(const char *path)
{
    rnl_model *model = NULL;
    if (access(path, F_OK) != 0)
        return 0;
    cr_assert_eq(rnl_model_load(&model, path, NULL, 0), RNL_OK, "%s", rnl_message());
    const uint64_t hash = fixture_hash(model);
    rnl_model_free(model);
    return hash;
}

/* Trains to the end and frees the model. */
static ends end_of(rnl_model *model, const rnl_data *data)
{
    unlink(last);
    cr_assert_eq(train(model, data, &(moments){0}), RNL_OK, "%s", rnl_message());
    const ends e = {fixture_hash(model), hash_of_file(last)};
    rnl_model_free(model);
    return e;
}

static ends end_of_resumed(const kind *k, const rnl_data *data, int epochs)
{
    rnl_model *model = NULL;
    rnl_config *config = config_of(k, epochs);
    cr_assert_eq(rnl_model_resume(&model, saved, config), RNL_OK, "%s", rnl_message());
    rnl_config_free(config);
    return end_of(model, data);
}

/* False where the run ended before the moment came. */
static bool stop_at_moment(const kind *k, const rnl_data *data, size_t moment, ends shorter,
                           ends longer)
{
    moments m = {.stop_at = moment};
    unlink(checkpoint);
    rnl_model *model = fixture_model(config_of(k, SHORT), data);
    const rnl_status status = train(model, data, &m);
    if (status == RNL_OK) {
        cr_expect_eq(fixture_hash(model), shorter.model);
        rnl_model_free(model);
        return m.calls >= moment;
    }
    cr_assert_eq(status, RNL_STOPPED, "moment %zu: %s", moment, rnl_message());
    if (rnl_model_step(model) > 0) {
        cr_assert_eq(rename(checkpoint, saved), 0, "moment %zu", moment);
        const ends resumed = end_of_resumed(k, data, SHORT), more = end_of_resumed(k, data, LONG);
        cr_expect_eq(resumed.model, shorter.model, "%s, moment %zu", k->training, moment);
        cr_expect_eq(resumed.last, shorter.last, "%s, moment %zu", k->training, moment);
        cr_expect_eq(more.model, longer.model, "%s, moment %zu", k->training, moment);
        cr_expect_eq(more.last, longer.last, "%s, moment %zu", k->training, moment);
    }
    const ends in_memory = end_of(model, data);
    cr_expect_eq(in_memory.model, shorter.model, "%s, moment %zu", k->training, moment);
    cr_expect_eq(in_memory.last, shorter.last, "%s, moment %zu", k->training, moment);
    return true;
}

ParameterizedTestParameters(stops, at_every_moment)
{
    return cr_make_param_array(kind, (kind *)kinds, sizeof kinds / sizeof *kinds);
}

ParameterizedTest(kind *k, stops, at_every_moment)
{
    rnl_data *data = create_data();
    const ends shorter = end_of(fixture_model(config_of(k, SHORT), data), data);
    const ends longer = end_of(fixture_model(config_of(k, LONG), data), data);
    size_t moment = 1;
    while (stop_at_moment(k, data, moment, shorter, longer))
        ++moment;
    cr_expect_gt(moment, 30);
    rnl_data_free(data);
}

/* The range test of a schedule comes before on_begin. */
Test(stops, in_the_range_test)
{
    const kind k = {PLAIN, "optimizer: sgd, schedule: {one_cycle: {max_rate: auto}}"};
    rnl_data *data = create_data();
    const uint64_t expected = end_of(fixture_model(config_of(&k, SHORT), data), data).model;
    rnl_model *model = fixture_model(config_of(&k, SHORT), data);
    moments m = {0};
    unlink(checkpoint);
    rnl_stop(model);
    cr_expect_eq(train(model, data, &m), RNL_STOPPED);
    cr_expect_str_eq(rnl_message(), "stopped in the range test");
    cr_expect_eq(rnl_model_step(model), 0);
    cr_expect_neq(access(checkpoint, F_OK), 0);
    cr_expect_eq(end_of(model, data).model, expected);
    rnl_data_free(data);
}

/* ---- the clock ------------------------------------------------------------------------------- */

/* Goes on from the checkpoint for a step, which takes longer than the configuration gives. */
static ends end_after_step(const kind *k, const rnl_data *data, uint64_t step)
{
    rnl_model *model = NULL;
    rnl_config *config = config_of(k, SHORT);
    if (step == 0) {
        model = fixture_model(config, data);
    } else {
        cr_assert_eq(rename(checkpoint, saved), 0);
        cr_assert_eq(rnl_model_resume(&model, saved, config), RNL_OK, "%s", rnl_message());
        cr_assert_eq(rnl_model_step(model), step);
        rnl_config_free(config);
    }
    return end_of(model, data);
}

static const kind timed_kinds[] = {
    {NORMALIZED, WORSENING ", early_stopping: {patience: 100}, max_seconds: 1e-9"},
    {NORMALIZED, WORSENING ", early_stopping: {patience: 100}, validate_every: 5, "
                           "max_seconds: 1e-9"},
    {NORMALIZED, "optimizer: adam, inspect: true, max_seconds: 1e-9"},
    {PLAIN, "optimizer: nesterov, validate_every: 3, checkpoint_every: 5, max_seconds: 1e-9"},
    {PLAIN, "optimizer: adam, phases: [{epochs: 2}, {epochs: 4, optimizer: sgd}], "
            "max_seconds: 1e-9"},
};

ParameterizedTestParameters(stops, by_the_clock)
{
    return cr_make_param_array(kind, (kind *)timed_kinds, sizeof timed_kinds / sizeof *timed_kinds);
}

/* A step at a time comes to what all steps in one call come to. */
ParameterizedTest(kind *k, stops, by_the_clock)
{
    enum { STEPS = SHORT * ROWS / BATCH };
    rnl_data *data = create_data();
    kind whole = *k;
    *strstr(whole.training, ", max_seconds") = '\0';
    const ends expected = end_of(fixture_model(config_of(&whole, SHORT), data), data);
    ends ended = {0};
    for (uint64_t step = 0; step < STEPS; ++step)
        ended = end_after_step(k, data, step);
    cr_expect_eq(ended.model, expected.model, "%s", k->training);
    cr_expect_eq(ended.last, expected.last, "%s", k->training);
    rnl_data_free(data);
}
