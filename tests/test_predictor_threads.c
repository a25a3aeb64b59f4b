/*
 * The predictor gives its numbers whoever calls it and from wherever: on the caller's own threads,
 * in the caller's floating-point mode, and without an allocation.
 */
#include "tests/predictor_requests.h"

#include <criterion/criterion.h>
#include <fenv.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <xmmintrin.h>

enum { THREADS = 8 };

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

/* ---- threads and modes ----------------------------------------------------------------------- */

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
    answers_release(&got);
    return NULL;
}

Test(predictor_threads, serves_many_threads_at_once)
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

Test(predictor_threads, keeps_the_callers_floating_point_mode)
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
    answers_release(&got);
    rnl_predictor_free(predictor);
    rnl_prediction_free(expected);
    rnl_model_free(model);
    rnl_data_free(data);
}

Test(predictor_threads, allocates_nothing_and_starts_no_thread)
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
    answers_release(&got);
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

Test(predictor_threads, is_made_of_a_model_in_training)
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
    answers_release(&got);
    rnl_predictor_free(t.predictor);
    rnl_prediction_free(expected);
    rnl_model_free(t.model);
    rnl_data_free(data);
}
