/*
 * The predictor: it gives the very numbers of rnl_predict, whoever calls it and from wherever.
 */
#include "engine/schema/config.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xmmintrin.h>

enum { ROWS = 230, FEATURES = 37, CLASSES = 5, THREADS = 8 };

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- allocations and threads, which the linker sends here ------------------------------------ */

static atomic_bool watching;
static atomic_size_t calls;

static void count_call(void)
{
    if (atomic_load(&watching))
        atomic_fetch_add(&calls, 1);
}

#define WATCHED(type, name, declared, given)                                                       \
    type __real_##name declared;                                                                   \
    type __wrap_##name declared;                                                                   \
    type __wrap_##name declared                                                                    \
    {                                                                                              \
        count_call();                                                                              \
        return __real_##name given;                                                                \
    }

WATCHED(void *, malloc, (size_t size), (size))
WATCHED(void *, calloc, (size_t count, size_t size), (count, size))
WATCHED(void *, realloc, (void *memory, size_t size), (memory, size))
WATCHED(void *, aligned_alloc, (size_t alignment, size_t size), (alignment, size))
WATCHED(int, pthread_mutex_lock, (pthread_mutex_t * mutex), (mutex))
WATCHED(int, pthread_create,
        (pthread_t * thread, const pthread_attr_t *attributes, void *(*run)(void *), void *context),
        (thread, attributes, run, context))

/* ---- requests -------------------------------------------------------------------------------- */

/* What a predictor said of rows. */
typedef struct answers {
    float *values;
    double *exact_values;
    int32_t *classes; /* NULL of a model that predicts values */
    void *scratch;
    size_t scratch_bytes;
} answers;

static answers answers_for(const rnl_predictor *predictor, size_t rows)
{
    const size_t outputs = rnl_predictor_outputs(predictor),
                 bytes = rnl_predictor_scratch(predictor, rows);
    return (answers){
        .values = calloc(rows * outputs, sizeof(float)),
        .exact_values = calloc(rows * outputs, sizeof(double)),
        .classes = rnl_predictor_classes(predictor) > 0 ? calloc(rows, sizeof(int32_t)) : NULL,
        .scratch = malloc(bytes),
        .scratch_bytes = bytes,
    };
}

static void release(answers *a)
{
    free(a->values);
    free(a->exact_values);
    free(a->classes);
    free(a->scratch);
}

/* Rows from the first on, in the type of the data. */
static rnl_request request_of(const rnl_dataset *rows, size_t first, size_t count,
                              const answers *to, size_t outputs)
{
    const size_t before = first * rows->features;
    return (rnl_request){
        .rows = count,
        .features = rows->features,
        .floats = rows->element == RNL_FLOAT32 ? (float *)rows->inputs + before : NULL,
        .doubles = rows->element == RNL_FLOAT64 ? (double *)rows->inputs + before : NULL,
        .bytes = rows->element == RNL_UINT8 ? (uint8_t *)rows->inputs + before : NULL,
        .values = to->values + first * outputs,
        .exact_values = to->exact_values + first * outputs,
        .classes = to->classes ? to->classes + first : NULL,
        .scratch = to->scratch,
        .scratch_bytes = to->scratch_bytes,
    };
}

static void expect_same(const answers *got, const rnl_prediction *expected, const char *what)
{
    const size_t count = expected->rows * expected->outputs;
    cr_expect_arr_eq(got->values, expected->values, count * sizeof(float), "%s", what);
    cr_expect_eq(got->classes == NULL, expected->classes == NULL, "%s", what);
    if (expected->classes)
        cr_expect_arr_eq(got->classes, expected->classes, expected->rows * sizeof(int32_t), "%s",
                         what);
    for (size_t i = 0; i < count; ++i)
        cr_expect_eq(got->exact_values[i], expected->exact_values ? expected->exact_values[i]
                                                                  : (double)expected->values[i]);
}

/* Predicts all rows, so many at a time. */
static void ask(const rnl_predictor *predictor, const rnl_dataset *rows, size_t at_a_time,
                answers *to)
{
    for (size_t first = 0; first < rows->rows; first += at_a_time) {
        const size_t left = rows->rows - first, count = left < at_a_time ? left : at_a_time;
        const rnl_request request =
            request_of(rows, first, count, to, rnl_predictor_outputs(predictor));
        cr_assert_eq(rnl_predictor_run(predictor, &request), RNL_OK, "%s", rnl_message());
    }
}

static rnl_prediction *predict(const rnl_model *model, const rnl_data *data)
{
    rnl_prediction *prediction = NULL;
    cr_assert_eq(rnl_predict(model, data, RNL_TRAIN, NULL, &prediction), RNL_OK, "%s",
                 rnl_message());
    return prediction;
}

static rnl_predictor *predictor_of(const rnl_model *model, int fold)
{
    rnl_predictor *predictor = NULL;
    cr_assert_eq(rnl_predictor_create(&predictor, model, fold), RNL_OK, "%s", rnl_message());
    return predictor;
}

/* The predictor needs its model no longer. */
static void expect_numbers_of_predict(rnl_model *model, const rnl_data *data, const char *what)
{
    static const size_t at_a_time[] = {1, 7, 96, 97, ROWS};
    rnl_prediction *expected = predict(model, data);
    rnl_predictor *predictor = predictor_of(model, 0);
    rnl_model_free(model);
    for (size_t i = 0; i < COUNT(at_a_time); ++i) {
        answers got = answers_for(predictor, at_a_time[i]);
        answers all = answers_for(predictor, data->train.rows);
        all.scratch_bytes = got.scratch_bytes;
        ask(predictor, &data->train, at_a_time[i], &all);
        expect_same(&all, expected, what);
        release(&got);
        release(&all);
    }
    rnl_predictor_free(predictor);
    rnl_prediction_free(expected);
}

/* ---- the numbers ----------------------------------------------------------------------------- */

static const char *const nets[] = {
    "[dense: {units: 70, activation: relu}, dense: {units: 5, activation: softmax}]",
    "[dense: {units: 5, use_bias: false, activation: softmax}]",
    "[batch_normalization, dense: {units: 130, activation: elu},\n"
    " batch_normalization: {center: false}, dense: {units: 5}, batch_normalization: {scale: "
    "false},\n"
    " activation: softmax]",
    "[activation: tanh, dense: {units: 33, activation: prelu}, dropout: 0.5,\n"
    " dense: {units: 33, activation: rrelu}, alpha_dropout: 0.1,\n"
    " dense: {units: 33, activation: swish, activity_regularizer: l2}, gaussian_noise: 0.3,\n"
    " dense: {units: 5, activation: softmax}]",
    "[residual: [dense: {units: 37, activation: gelu}, residual: [dense: {units: 37}, prelu: ],\n"
    "  dense: {units: 37}], residual: [dense: {units: 37, activation: selu}, dropout: 0.5],\n"
    " dense: {units: 5, activation: softmax}]",
    "[repeat: {times: 3, layers: [dense: {units: 20, activation: softplus},\n"
    "  batch_normalization: {statistics: shard}]}, flatten, dense: {units: 5, activation: "
    "softmax}]",
    "[dense: {units: 600, activation: leaky_relu}, dense: {units: 20, activation: sigmoid},\n"
    " dense: {units: 5, activation: softmax}]",
};

static rnl_model *train_net(const char *layers, const char *scaling, const rnl_data *data)
{
    rnl_model *model =
        fixture_model(fixture_config("data: {scaling: %s}\nmodel: %s\n"
                                     "training: {loss: sparse_categorical_crossentropy,\n"
                                     "           optimizer: {sgd: {learning_rate: 0.1}},\n"
                                     "           batch_size: 50, epochs: 2}\n",
                                     scaling, layers),
                      data);
    cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
    return model;
}

Test(predictor, gives_the_numbers_of_predict_for_every_kind_of_layer)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    for (size_t i = 0; i < COUNT(nets); ++i)
        expect_numbers_of_predict(train_net(nets[i], "none", data), data, nets[i]);
    rnl_data_free(data);
}

static void widen(rnl_data *data)
{
    double *wide = malloc(ROWS * FEATURES * sizeof *wide);
    for (size_t i = 0; i < ROWS * FEATURES; ++i)
        wide[i] = (double)((float *)data->train.inputs)[i] / 3;
    free(data->train.inputs);
    data->train.inputs = wide;
    data->train.element = RNL_FLOAT64;
}

Test(predictor, scales_bytes_floats_and_doubles)
{
    static const char *const scalings[] = {"none", "standardize", "{robust: {smooth_clip: 3}}"};
    for (size_t e = 0; e < 3; ++e)
        for (size_t s = 0; s < COUNT(scalings); ++s) {
            rnl_data *data =
                fixture_data(ROWS, FEATURES, CLASSES, e == 0 ? RNL_UINT8 : RNL_FLOAT32);
            if (e == 2)
                widen(data);
            expect_numbers_of_predict(train_net(nets[0], scalings[s], data), data, scalings[s]);
            rnl_data_free(data);
        }
}

static void give_values(rnl_data *data, size_t columns, bool binary)
{
    data->train.value_columns = columns;
    data->train.values = malloc(ROWS * columns * sizeof(float));
    for (size_t i = 0; i < ROWS * columns; ++i)
        data->train.values[i] = binary ? (float)(i % 2) : 1000 + (float)(i * i % 91);
    free(data->train.labels);
    data->train.labels = NULL;
}

static void expect_outputs(size_t outputs, const char *activation, const char *loss,
                           const char *target_scaling)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    give_values(data, outputs, strcmp(loss, "bce") == 0);
    rnl_model *model = fixture_model(
        fixture_config("data: {target_scaling: %s}\n"
                       "model: [dense: {units: 20, activation: elu},\n"
                       "        dense: {units: %zu, activation: %s}]\n"
                       "training: {loss: %s, optimizer: adam, batch_size: 32, epochs: 2}\n",
                       target_scaling, outputs, activation, loss),
        data);
    cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
    expect_numbers_of_predict(model, data, loss);
    rnl_data_free(data);
}

Test(predictor, predicts_values_and_two_classes)
{
    expect_outputs(3, "linear", "mse", "standardize");
    expect_outputs(1, "linear", "huber", "none");
    expect_outputs(1, "sigmoid", "bce", "none");
    expect_outputs(4, "sigmoid", "bce", "none");
}

static const char *const examples[] = {"fashion_mnist",
                                       "fashion_mnist_bn",
                                       "fashion_mnist_default_dnn",
                                       "fashion_mnist_self_normalizing",
                                       "spirals",
                                       "houses"};

/* Early stopping asks for rows of validation. */
static void add_validation(rnl_data *data)
{
    rnl_data *other = fixture_data(ROWS, data->train.features, 3, data->train.element);
    data->validation = other->train;
    free(other);
}

/* The nets of the examples, on noise of their shape. */
Test(predictor, gives_the_numbers_of_predict_for_the_examples)
{
    static const char *const overrides[] = {"training.epochs=1"};
    for (size_t i = 0; i < COUNT(examples); ++i) {
        char path[512];
        rnl_config *config = NULL;
        const bool images = i < 4;
        snprintf(path, sizeof path, "%s/%s.yaml", RUNNEL_EXAMPLES, examples[i]);
        cr_assert_eq(rnl_config_load(&config, path, overrides, 1), RNL_OK, "%s", rnl_message());
        rnl_data *data =
            fixture_data(ROWS, images ? 784 : 6, images ? 10 : 3, images ? RNL_UINT8 : RNL_FLOAT32);
        if (images)
            add_validation(data);
        if (strcmp(examples[i], "houses") == 0)
            give_values(data, 1, false);
        rnl_model *model = fixture_model(config, data);
        cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
        expect_numbers_of_predict(model, data, examples[i]);
        rnl_data_free(data);
    }
}

/* Normalization folded into weights is that of rnl_model_fold. */
Test(predictor, folds)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model = train_net(nets[2], "standardize", data), *folded = NULL;
    char *report = NULL;
    cr_assert_eq(rnl_model_fold(model, &folded, &report), RNL_OK, "%s", rnl_message());
    rnl_prediction *expected = predict(folded, data);
    rnl_predictor *predictor = predictor_of(model, 1);
    answers got = answers_for(predictor, ROWS);
    ask(predictor, &data->train, ROWS, &got);
    expect_same(&got, expected, "folded");
    release(&got);
    rnl_predictor_free(predictor);
    rnl_prediction_free(expected);
    rnl_text_free(report);
    rnl_model_free(folded);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* ---- the caller's threads and modes ---------------------------------------------------------- */

typedef struct asker {
    const rnl_predictor *predictor;
    const rnl_dataset *rows;
    const rnl_prediction *expected;
    size_t first_size;
    bool same;
} asker;

static void *ask_often(void *context)
{
    asker *a = context;
    answers got = answers_for(a->predictor, ROWS);
    a->same = true;
    for (size_t i = 0; i < 20; ++i) {
        memset(got.values, 0, ROWS * CLASSES * sizeof(float));
        ask(a->predictor, a->rows, a->first_size + i, &got);
        a->same &= memcmp(got.values, a->expected->values, ROWS * CLASSES * sizeof(float)) == 0 &&
                   memcmp(got.classes, a->expected->classes, ROWS * sizeof(int32_t)) == 0;
    }
    release(&got);
    return NULL;
}

Test(predictor, serves_many_threads_at_once)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model = train_net(nets[4], "standardize", data);
    rnl_prediction *expected = predict(model, data);
    rnl_predictor *predictor = predictor_of(model, 0);
    pthread_t threads[THREADS];
    asker askers[THREADS];
    for (size_t i = 0; i < THREADS; ++i) {
        askers[i] = (asker){predictor, &data->train, expected, 1 + 11 * i, false};
        cr_assert_eq(pthread_create(&threads[i], NULL, ask_often, &askers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; ++i) {
        pthread_join(threads[i], NULL);
        cr_expect(askers[i].same, "thread %zu", i);
    }
    rnl_predictor_free(predictor);
    rnl_prediction_free(expected);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* Small inputs make denormal products, which count as 0 under the predictor's own mode. */
static void shrink(rnl_data *data)
{
    for (size_t i = 0; i < ROWS * FEATURES; ++i)
        ((float *)data->train.inputs)[i] *= 1e-38f;
}

Test(predictor, keeps_the_callers_floating_point_mode)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model = train_net(nets[6], "none", data);
    shrink(data);
    rnl_prediction *expected = predict(model, data);
    rnl_predictor *predictor = predictor_of(model, 0);
    answers got = answers_for(predictor, ROWS);
    const unsigned before = _mm_getcsr(), mine = 0x1f80u | _MM_ROUND_UP | FE_DIVBYZERO;
    fesetround(FE_UPWARD);
    _mm_setcsr(mine);
    ask(predictor, &data->train, 1, &got);
    const unsigned after = _mm_getcsr();
    const int rounding = fegetround();
    _mm_setcsr(before);
    fesetround(FE_TONEAREST);
    cr_expect_eq(after, mine, "%x", after);
    cr_expect_eq(rounding, FE_UPWARD);
    expect_same(&got, expected, "rounding upward");
    release(&got);
    rnl_predictor_free(predictor);
    rnl_prediction_free(expected);
    rnl_model_free(model);
    rnl_data_free(data);
}

Test(predictor, allocates_nothing_and_starts_no_thread)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model = train_net(nets[4], "standardize", data);
    rnl_predictor *predictor = predictor_of(model, 0);
    answers got = answers_for(predictor, ROWS);
    const rnl_request request = request_of(&data->train, 0, ROWS, &got, CLASSES);
    atomic_store(&watching, true);
    void *volatile counted = malloc(1);
    free(counted);
    cr_assert_eq(atomic_load(&calls), 1, "calls are counted");
    const rnl_status status = rnl_predictor_run(predictor, &request);
    atomic_store(&watching, false);
    cr_expect_eq(status, RNL_OK);
    cr_expect_eq(atomic_load(&calls), 1);
    release(&got);
    rnl_predictor_free(predictor);
    rnl_model_free(model);
    rnl_data_free(data);
}

typedef struct trainee {
    rnl_model *model;
    rnl_predictor *predictor;
} trainee;

static int take_predictor(const rnl_progress *progress, void *user)
{
    trainee *t = user;
    (void)progress;
    rnl_predictor_free(t->predictor);
    t->predictor = NULL;
    return rnl_predictor_create(&t->predictor, t->model, 0) != RNL_OK;
}

static int take_too_early(const rnl_inspection *inspection, void *user)
{
    trainee *t = user;
    (void)inspection;
    const rnl_status status = rnl_predictor_create(&t->predictor, t->model, 0);
    cr_expect_eq(status, RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), "in on_begin, on_step and on_epoch alone"), "%s",
              rnl_message());
    return 0;
}

Test(predictor, is_made_of_a_model_in_training)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    trainee t = {.model = fixture_model(
                     fixture_config("model: %s\n"
                                    "training: {loss: sparse_categorical_crossentropy,\n"
                                    "           optimizer: adam, epochs: 3, inspect: true}\n",
                                    nets[0]),
                     data)};
    const rnl_options options = {
        .on_epoch = take_predictor, .on_inspect = take_too_early, .user = &t};
    cr_assert_eq(rnl_train(t.model, data, &options), RNL_OK, "%s", rnl_message());
    rnl_prediction *expected = predict(t.model, data);
    answers got = answers_for(t.predictor, ROWS);
    ask(t.predictor, &data->train, ROWS, &got);
    expect_same(&got, expected, "of the last epoch");
    release(&got);
    rnl_predictor_free(t.predictor);
    rnl_prediction_free(expected);
    rnl_model_free(t.model);
    rnl_data_free(data);
}

/* ---- refused --------------------------------------------------------------------------------- */

static void expect_refused(const rnl_predictor *predictor, rnl_request request, rnl_status status,
                           const char *words)
{
    cr_expect_eq(rnl_predictor_run(predictor, &request), status, "%s", words);
    cr_expect(strstr(rnl_message(), words), "expected '%s', got '%s'", words, rnl_message());
}

static void expect_misuse_refused(const rnl_predictor *predictor, rnl_request good)
{
    rnl_request r = good;
    static const uint8_t bytes[FEATURES];
    r.floats = NULL;
    expect_refused(predictor, r, RNL_BAD_CONFIG, "one of floats, doubles and bytes, got none");
    r = good;
    r.bytes = bytes;
    expect_refused(predictor, r, RNL_BAD_CONFIG, "one of floats, doubles and bytes, got several");
    r = good;
    r.rows = 0;
    expect_refused(predictor, r, RNL_BAD_CONFIG, "expected at least one row");
    r = good;
    r.features = FEATURES - 1;
    expect_refused(predictor, r, RNL_BAD_CONFIG, "expected rows of 37 numbers, got 36");
    r = good;
    r.values = NULL, r.classes = NULL, r.exact_values = NULL;
    expect_refused(predictor, r, RNL_BAD_CONFIG, "values, exact_values or classes to write to");
    r = good;
    r.scratch_bytes = rnl_predictor_scratch(predictor, ROWS) - 1;
    expect_refused(predictor, r, RNL_BAD_CONFIG, "bytes of scratch for 230 rows, got ");
    r.scratch = NULL;
    expect_refused(predictor, r, RNL_BAD_CONFIG, "bytes of scratch for 230 rows, got 0");
}

/* Inputs of the last row: not finite, then finite ones whose products overflow. */
static void expect_inputs_refused(const rnl_predictor *predictor, rnl_request request)
{
    float *last = (float *)(uintptr_t)request.floats + (ROWS - 1) * FEATURES;
    static const struct {
        float input;
        const char *words;
    } inputs[] = {{NAN, "request: row 229, column 3: expected a finite number, got NaN"},
                  {-INFINITY, "request: row 229, column 3: expected a finite number, got -inf"}};
    for (size_t i = 0; i < COUNT(inputs); ++i) {
        last[3] = inputs[i].input;
        expect_refused(predictor, request, RNL_BAD_DATA, inputs[i].words);
    }
    for (size_t j = 0; j < FEATURES; ++j)
        last[j] = FLT_MAX;
    expect_refused(predictor, request, RNL_NOT_FINITE, "request: row 229: output 0 of the model");
}

Test(predictor, refuses_misuse)
{
    static const char *const scalings[] = {"none", "{standardize: {}}"};
    for (size_t s = 0; s < COUNT(scalings); ++s) {
        rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
        rnl_model *model = train_net(nets[0], scalings[s], data);
        rnl_predictor *predictor = predictor_of(model, 0);
        answers got = answers_for(predictor, ROWS);
        const rnl_request good = request_of(&data->train, 0, ROWS, &got, CLASSES);
        expect_misuse_refused(predictor, good);
        for (size_t i = 0; i < ROWS * CLASSES; ++i)
            cr_expect_eq(got.values[i], 0, "nothing is written");
        expect_inputs_refused(predictor, good);
        release(&got);
        rnl_predictor_free(predictor);
        rnl_model_free(model);
        rnl_data_free(data);
    }
}

Test(predictor, refuses_classes_of_a_model_of_values)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    give_values(data, 1, false);
    rnl_model *model = fixture_model(fixture_config("model: [dense: {units: 1}]\n"
                                                    "training: {loss: mse, optimizer: sgd}\n"),
                                     data);
    rnl_predictor *predictor = predictor_of(model, 0);
    answers got = answers_for(predictor, ROWS);
    int32_t classes[ROWS];
    got.classes = classes;
    expect_refused(predictor, request_of(&data->train, 0, ROWS, &got, 1), RNL_BAD_CONFIG,
                   "classes are asked of a model that predicts values");
    got.classes = NULL;
    release(&got);
    rnl_predictor_free(predictor);
    rnl_model_free(model);
    rnl_data_free(data);
}
