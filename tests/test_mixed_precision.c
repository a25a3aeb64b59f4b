/*
 * Training with mixed precision: the same bits on any number of workers and any instruction set,
 * in one run or in several; all that is not training in float32.  Its numbers are judged by
 * test_runs.c.
 */
#include "engine/schema/config.h"
#include "simd/kernels.h"
#include "tests/fixtures.h"
#include "tests/scratch.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char plain[] = "  - dense: {units: 150, activation: elu}\n"
                            "  - dense: {units: 101, activation: swish}\n";

/* Layers with outputs of their own; weights that change after their update. */
static const char every_layer[] =
    "  - scale\n"
    "  - batch_normalization\n"
    "  - dense: {units: 150, activation: elu, kernel_constraint: max_norm}\n"
    "  - batch_normalization: {statistics: shard, moving_statistics: final_pass}\n"
    "  - dropout: 0.1\n"
    "  - residual: [{dense: {units: 150, kernel_regularizer: l1}}, prelu,\n"
    "               {dense: {units: 150, activity_regularizer: l2}}]\n"
    "  - rrelu\n"
    "  - scale\n"
    "  - activation: tanh\n";

static const char frozen[] = "  - dense: {units: 100, activation: elu, trainable: false}\n"
                             "  - dense: {units: 60, activation: elu}\n"
                             "  - dense: {units: 60, activation: elu, trainable: false}\n";

typedef struct trial {
    char layers[640], training[160];
    unsigned batch_size;
} trial;

#define MIXED   "precision: mixed_bfloat16"
#define CLIPPED MIXED ", clipping: {global_clipnorm: 0.5}"

static rnl_model *create(const trial *t, const rnl_data *data)
{
    return fixture_model(
        fixture_config("model:\n%s  - dense: {units: 10, activation: softmax}\n"
                       "training: {loss: sparse_categorical_crossentropy, optimizer: adam,\n"
                       "           batch_size: %u, epochs: 2, %s}\n",
                       t->layers, t->batch_size, t->training),
        data);
}

static trial trial_of(const char *layers, const char *training, unsigned batch_size)
{
    trial t = {.batch_size = batch_size};
    snprintf(t.layers, sizeof t.layers, "%s", layers);
    snprintf(t.training, sizeof t.training, "%s", training);
    return t;
}

/* An odd number of features, and short mini-batches at the end. */
static rnl_data *create_data(void)
{
    return fixture_data(331, 37, 10, RNL_FLOAT32);
}

static uint64_t train(const trial *t, const rnl_data *data, size_t threads)
{
    rnl_model *model = create(t, data);
    cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = threads}), RNL_OK, "%s",
                 rnl_message());
    const uint64_t hash = fixture_hash(model);
    rnl_model_free(model);
    return hash;
}

/* ---- identity -------------------------------------------------------------------------------- */

ParameterizedTestParameters(mixed_precision, identity)
{
    static trial trials[16];
    size_t count = 0;
    /* One row block, of an odd number of rows, in halves; several, with odd parts. */
    static const unsigned batch_sizes[] = {7, 32, 100, 150};
    for (size_t i = 0; i < sizeof batch_sizes / sizeof *batch_sizes; ++i) {
        trials[count++] = trial_of(plain, MIXED, batch_sizes[i]);
        trials[count++] = trial_of(every_layer, CLIPPED, batch_sizes[i]);
        trials[count++] = trial_of(frozen, MIXED, batch_sizes[i]);
    }
    return cr_make_param_array(trial, trials, count);
}

ParameterizedTest(trial *t, mixed_precision, identity, .init = scratch_enter, .fini = scratch_leave)
{
    static const size_t workers[] = {2, 3, 8};
    static const char *const sets[] = {"avx512", "avx2", "scalar"};
    rnl_data *data = create_data();
    const uint64_t expected = train(t, data, 1);
    for (size_t i = 0; i < 3; ++i)
        cr_expect_eq(train(t, data, workers[i]), expected, "%zu workers, batch size %u", workers[i],
                     t->batch_size);
    for (size_t i = 0; i < 3; ++i) {
        setenv("RUNNEL_ISA", sets[i], 1);
        if (!rnl_isa_request_problem())
            cr_expect_eq(train(t, data, 2), expected, "%s, batch size %u", sets[i], t->batch_size);
    }
    unsetenv("RUNNEL_ISA");
    if (t->batch_size < 100)
        cr_expect_eq(fixture_interrupted(create(t, data), data, 5), expected,
                     "resumed, batch size %u", t->batch_size);
    rnl_data_free(data);
}

/* Parts of 131 rows, in narrow layers whose last panels are narrower still: what is rounded fills
 * the workers' buffers. */
Test(mixed_precision, buffers_of_narrow_layers)
{
    const trial t = trial_of("  - dense: {units: 80, activation: tanh}\n"
                             "  - dense: {units: 80, activation: tanh}\n"
                             "  - dense: {units: 80, activation: tanh}\n",
                             MIXED, 524);
    rnl_data *data = fixture_data(1048, 80, 10, RNL_FLOAT32);
    const uint64_t expected = train(&t, data, 1);
    for (size_t workers = 2; workers <= 4; ++workers)
        cr_expect_eq(train(&t, data, workers), expected, "%zu workers", workers);
    rnl_data_free(data);
}

/* The inspections before the first step and after each of two epochs, of four layers. */
typedef struct inspections {
    size_t count;
    rnl_layer_inspection layers[3][4];
} inspections;

static int keep_inspection(const rnl_inspection *inspection, void *user)
{
    inspections *all = user;
    cr_assert(all->count < 3 && inspection->layer_count <= 4);
    memcpy(all->layers[all->count++], inspection->layers,
           inspection->layer_count * sizeof *inspection->layers);
    return 0;
}

static uint64_t inspect(const char *training, const rnl_data *data, inspections *all)
{
    const trial t = trial_of("  - dense: {units: 150, activation: elu}\n"
                             "  - dense: {units: 101, activation: relu}\n"
                             "  - dense: {units: 40, activation: tanh}\n",
                             training, 32);
    rnl_model *model = create(&t, data);
    const rnl_options options = {.threads = 2, .on_inspect = keep_inspection, .user = all};
    cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    const uint64_t hash = fixture_hash(model);
    rnl_model_free(model);
    return hash;
}

/* A step that is tried and taken back leaves no trace, in the rounded weights neither; what it
 * shows is what float32 shows, but for the rounding. */
Test(mixed_precision, inspection_shows_what_float32_does_and_changes_nothing)
{
    static inspections mixed, full, none;
    rnl_data *data = create_data();
    cr_expect_eq(inspect(MIXED ", inspect: true", data, &mixed), inspect(MIXED, data, &none));
    inspect("inspect: true", data, &full);
    cr_assert(mixed.count == 3 && full.count == 3 && none.count == 0);
    for (size_t i = 0; i < 4; ++i) {
        const rnl_layer_inspection *m = &mixed.layers[0][i], *f = &full.layers[0][i];
        cr_expect(fabs(m->deviation / f->deviation - 1) < 0.02, "%s: deviation %g, float32 %g",
                  f->layer, m->deviation, f->deviation);
        cr_expect(fabs(m->gradient_norm / f->gradient_norm - 1) < 0.05, "%s: gradient %g, %g",
                  f->layer, m->gradient_norm, f->gradient_norm);
        cr_expect(isnan(f->dead) ? isnan(m->dead) : fabs(m->dead - f->dead) < 0.05);
    }
    rnl_data_free(data);
}

/* ---- float32 --------------------------------------------------------------------------------- */

Test(mixed_precision, is_another_training_than_float32)
{
    const trial mixed = trial_of(plain, MIXED, 32),
                full = trial_of(plain, "precision: float32", 32);
    rnl_data *data = create_data();
    cr_expect_neq(train(&mixed, data, 1), train(&full, data, 1));
    rnl_data_free(data);
}

static int keep_first_loss(const rnl_progress *progress, void *user)
{
    if (progress->epoch == 1)
        *(double *)user = progress->figures[0].value;
    return 0;
}

/* In a net of dense layers, where products read no floats of outputs. */
Test(mixed_precision, outputs_are_penalized_as_in_float32)
{
    static const char layers[] =
        "  - activity_regularization: {l1: 0.01}\n"
        "  - flatten\n"
        "  - dense: {units: 150, activation: elu, activity_regularizer: l2}\n"
        "  - dense: {units: 60, activation: elu, activity_regularizer: l1}\n";
    rnl_data *data = create_data();
    for (unsigned batch_size = 32; batch_size <= 331; batch_size += 299) {
        double losses[2];
        for (size_t i = 0; i < 2; ++i) {
            const trial t = trial_of(layers, i == 0 ? MIXED : "precision: float32", batch_size);
            rnl_model *model = create(&t, data);
            cr_assert_eq(rnl_train(model, data,
                                   &(const rnl_options){.threads = 2,
                                                        .on_epoch = keep_first_loss,
                                                        .user = &losses[i]}),
                         RNL_OK, "%s", rnl_message());
            rnl_model_free(model);
        }
        cr_expect_float_eq(losses[0], losses[1], 0.01 * losses[1], "%g, %g", losses[0], losses[1]);
    }
    rnl_data_free(data);
}

static int keep_validation_loss(const rnl_progress *progress, void *user)
{
    for (size_t i = 0; i < progress->figure_count; ++i)
        if (strcmp(progress->figures[i].name, "val_loss") == 0)
            *(double *)user = progress->figures[i].value;
    return 0;
}

/* Validation and evaluation are those of a float32 model with the same weights. */
Test(mixed_precision, evaluates_in_float32)
{
    const trial mixed = trial_of(plain, MIXED, 32),
                full = trial_of(plain, "precision: float32", 32);
    rnl_data *data = create_data(), *other = create_data();
    data->validation = other->train;
    free(other);
    double validation_loss = 0;
    rnl_model *model = create(&mixed, data), *same = create(&full, data);
    cr_assert_eq(rnl_train(model, data,
                           &(const rnl_options){.threads = 2,
                                                .on_epoch = keep_validation_loss,
                                                .user = &validation_loss}),
                 RNL_OK, "%s", rnl_message());
    for (size_t l = 0; l < model->layer_count; ++l)
        for (size_t p = 0; p < model->layers[l].parameter_count; ++p) {
            const rnl_parameter *from = &model->layers[l].parameters[p];
            memcpy(same->layers[l].parameters[p].arrays[RNL_VALUES], from->arrays[RNL_VALUES],
                   rnl_parameter_count(from) * sizeof(float));
        }
    cr_expect_eq(fixture_loss(model, data), fixture_loss(same, data));
    cr_expect_eq(validation_loss, fixture_loss(same, data));
    rnl_model_free(model);
    rnl_model_free(same);
    rnl_data_free(data);
}

/* ---- what is told ---------------------------------------------------------------------------- */

static void find_cost(rnl_log_level level, const char *text, void *user)
{
    *(bool *)user |= level == RNL_LOG_WARNING && strstr(text, "AVX512_BF16") != NULL;
}

Test(mixed_precision, tells_what_it_costs)
{
    rnl_data *data = create_data();
    for (size_t i = 0; i < 2; ++i) {
        const trial t = trial_of(plain, i == 0 ? MIXED : "precision: float32", 32);
        bool told = false;
        setenv("RUNNEL_ISA", "scalar", 1);
        rnl_model *model = create(&t, data);
        cr_assert_eq(
            rnl_train(model, data,
                      &(const rnl_options){.threads = 1, .on_log = find_cost, .user = &told}),
            RNL_OK, "%s", rnl_message());
        cr_expect_eq(told, i == 0);
        rnl_model_free(model);
    }
    rnl_data_free(data);
}
