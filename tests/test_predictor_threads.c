/*
 * The predictor gives its numbers whoever calls it and from wherever: on the caller's own threads,
 * in the caller's floating-point mode, and without an allocation.
 */
#include "engine/base/error.h"
#include "engine/predictor/predictor_workers.h"
#include "tests/predictor_requests.h"

#include <criterion/criterion.h>
#include <fenv.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
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

/* ---- threads of the caller --------------------------------------------------------------------
 */

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

/* With workers of its own, too: one asker at a time has them. */
static void serve_many(size_t own_threads)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model = train_net(nets[4], "standardize", data);
    rnl_prediction *expected = predict(model, data);
    rnl_predictor *predictor = predictor_of(model, 0);
    cr_assert_eq(rnl_predictor_use_threads(predictor, own_threads), RNL_OK, "%s", rnl_message());
    pthread_t threads[THREADS];
    asker askers[THREADS];
    for (size_t i = 0; i < THREADS; ++i) {
        askers[i] = (asker){predictor, &data->train, expected, 1 + 30 * i, false};
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

Test(predictor_threads, serves_many_threads_at_once)
{
    serve_many(1);
}

Test(predictor_threads, serves_many_threads_at_once_with_workers)
{
    serve_many(3);
}

/* ---- workers of its own ---------------------------------------------------------------------- */

Test(predictor_threads, workers_of_its_own_make_the_same_numbers)
{
    static const size_t counts[] = {2, 3, 7, 1, 0, 2};
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    for (size_t n = 0; nets[n]; ++n) {
        rnl_model *model = train_net(nets[n], "standardize", data);
        rnl_prediction *expected = predict(model, data);
        rnl_predictor *predictor = predictor_of(model, 0);
        answers got = answers_for(predictor, ROWS);
        for (size_t i = 0; i < COUNT(counts); ++i) {
            cr_assert_eq(rnl_predictor_use_threads(predictor, counts[i]), RNL_OK, "%s",
                         rnl_message());
            memset(got.values, 0, ROWS * CLASSES * sizeof *got.values);
            ask(predictor, &data->train, ROWS, &got);
            expect_same(&got, expected, nets[n]);
        }
        answers_release(&got);
        rnl_predictor_free(predictor);
        rnl_prediction_free(expected);
        rnl_model_free(model);
    }
    rnl_data_free(data);
}

/* The first row at fault is named, whoever finds another one earlier. */
static void expect_same_failure(rnl_predictor *predictor, const rnl_dataset *rows, answers *got,
                                const char *says)
{
    const rnl_request request = request_of(rows, 0, ROWS, got, CLASSES);
    char alone[256];
    cr_assert_eq(rnl_predictor_use_threads(predictor, 1), RNL_OK);
    const rnl_status status = rnl_predictor_run(predictor, &request);
    snprintf(alone, sizeof alone, "%s", rnl_message());
    cr_expect(strstr(alone, says), "%s", alone);
    cr_assert_eq(rnl_predictor_use_threads(predictor, 3), RNL_OK);
    for (size_t i = 0; i < 50; ++i) {
        cr_assert_eq(rnl_predictor_run(predictor, &request), status);
        cr_assert_str_eq(rnl_message(), alone);
    }
}

Test(predictor_threads, workers_of_its_own_fail_as_one_thread_does)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model = train_net("[dense: {units: 9, activation: relu}, "
                                 "dense: {units: 5, activation: softmax}]",
                                 "none", data);
    rnl_predictor *predictor = predictor_of(model, 0);
    answers got = answers_for(predictor, ROWS);
    float *inputs = data->train.inputs;
    for (size_t row = 110; row < ROWS; row += 20)
        for (size_t j = 0; j < FEATURES; ++j)
            inputs[row * FEATURES + j] = j % 2 ? 3e38f : -3e38f;
    expect_same_failure(predictor, &data->train, &got, "row 110");
    inputs[200 * FEATURES] = NAN;
    inputs[105 * FEATURES + 3] = NAN;
    expect_same_failure(predictor, &data->train, &got, "row 105");
    answers_release(&got);
    rnl_predictor_free(predictor);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* Both blocks have begun before one fails, and the second most likely fails last. */
typedef struct meeting {
    atomic_bool first_began, second_began;
} meeting;

static rnl_status fail_late(const void *request, size_t block, float *scratch)
{
    meeting *m = (meeting *)(uintptr_t)request;
    (void)scratch;
    if (block == 0)
        return RNL_OK;
    atomic_store(block == 1 ? &m->first_began : &m->second_began, true);
    while (!atomic_load(&m->first_began) || !atomic_load(&m->second_began))
        usleep(100);
    if (block == 2)
        usleep(20000);
    return rnl_fail(RNL_BAD_DATA, "block %zu", block);
}

Test(predictor_threads, the_first_block_that_fails_is_told)
{
    float scratch[16];
    meeting m = {0};
    rnl_predictor_workers *workers = NULL;
    cr_assert_eq(rnl_predictor_workers_start(&workers, 1, sizeof scratch), RNL_OK);
    cr_expect_eq(rnl_predictor_workers_share(workers, fail_late, &m, 3, scratch), RNL_BAD_DATA);
    cr_expect_str_eq(rnl_message(), "block 1");
    rnl_predictor_workers_stop(workers);
}

Test(predictor_threads, a_forked_process_computes_alone)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model = train_net(nets[4], "standardize", data);
    rnl_prediction *expected = predict(model, data);
    rnl_predictor *predictor = predictor_of(model, 0);
    answers got = answers_for(predictor, ROWS);
    cr_assert_eq(rnl_predictor_use_threads(predictor, 3), RNL_OK);
    const pid_t child = fork();
    if (child == 0) {
        const rnl_request request = request_of(&data->train, 0, ROWS, &got, CLASSES);
        const bool same = rnl_predictor_run(predictor, &request) == RNL_OK &&
                          memcmp(got.values, expected->values, ROWS * CLASSES * sizeof(float)) == 0;
        rnl_predictor_free(predictor);
        _exit(same ? 0 : 1);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect_eq(status, 0);
    answers_release(&got);
    rnl_predictor_free(predictor);
    rnl_prediction_free(expected);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* ---- modes ----------------------------------------------------------------------------------- */

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
