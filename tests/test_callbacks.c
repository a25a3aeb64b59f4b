/*
 * The functions of the caller's own that a run calls: they find the floating-point mode and the
 * signal mask of the thread that began the run, and whatever they do to theirs, the workers keep
 * their own.
 */
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <fenv.h>
#include <float.h>
#include <pthread.h>
#include <signal.h>

typedef enum called { BEGIN, STEP, EPOCH, INSPECT, LOG, CALLBACKS } called;

static const char *const names[] = {"on_begin", "on_step", "on_epoch", "on_inspect", "on_log"};

typedef struct witness {
    size_t calls[CALLBACKS];
    bool meddles; /* leaves another rounding and no flushing behind */
} witness;

static void look(witness *w, called function)
{
    volatile double smallest = DBL_MIN;
    sigset_t blocked;
    ++w->calls[function];
    cr_expect_gt(smallest / 2, 0, "%s", names[function]);
    cr_expect_eq(fegetround(), FE_TONEAREST, "%s", names[function]);
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    cr_expect(sigismember(&blocked, SIGUSR1), "%s", names[function]);
    cr_expect_eq(sigismember(&blocked, SIGTERM), function == STEP, "%s", names[function]);
    if (w->meddles)
        fesetround(FE_UPWARD);
}

static int on_begin(void *user)
{
    look(user, BEGIN);
    return 0;
}

static int on_step(const rnl_progress *progress, void *user)
{
    (void)progress;
    look(user, STEP);
    return 0;
}

static int on_epoch(const rnl_progress *progress, void *user)
{
    (void)progress;
    look(user, EPOCH);
    return 0;
}

static int on_inspect(const rnl_inspection *inspection, void *user)
{
    (void)inspection;
    look(user, INSPECT);
    return 0;
}

static void on_log(rnl_log_level level, const char *text, void *user)
{
    (void)level;
    (void)text;
    look(user, LOG);
    fesetround(FE_TONEAREST); /* some of them are on the caller's own thread */
}

static const rnl_options all = {.threads = 2,
                                .on_begin = on_begin,
                                .on_step = on_step,
                                .on_epoch = on_epoch,
                                .on_inspect = on_inspect,
                                .on_log = on_log};

static rnl_model *create_model(const rnl_data *data)
{
    return fixture_model(
        fixture_config("model: [dense: {units: 9, activation: elu},\n"
                       "        dense: {units: 5, activation: softmax}]\n"
                       "training: {loss: sparse_categorical_crossentropy, optimizer: adam,\n"
                       "           batch_size: 16, epochs: 3, inspect: true}\n"),
        data);
}

static void block_one(void)
{
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, SIGUSR1);
    pthread_sigmask(SIG_SETMASK, &one, NULL);
}

Test(callbacks, find_the_callers_modes)
{
    rnl_data *data = fixture_data(64, 7, 5, RNL_FLOAT32);
    rnl_model *model = create_model(data);
    witness w = {0};
    rnl_options options = all;
    options.user = &w;
    block_one();
    cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    for (size_t i = 0; i < CALLBACKS; ++i)
        cr_expect_gt(w.calls[i], 0, "%s", names[i]);
    rnl_rate_search *found = NULL;
    const size_t before = w.calls[STEP];
    cr_assert_eq(rnl_find_learning_rate(model, data, NULL, &options, &found), RNL_OK, "%s",
                 rnl_message());
    cr_expect_gt(w.calls[STEP], before);
    rnl_rate_search_free(found);
    rnl_model_free(model);
    rnl_data_free(data);
}

Test(callbacks, leave_the_workers_as_they_are)
{
    rnl_data *data = fixture_data(64, 7, 5, RNL_FLOAT32);
    rnl_model *plain = create_model(data), *model = create_model(data);
    cr_assert_eq(rnl_train(plain, data, NULL), RNL_OK, "%s", rnl_message());
    witness w = {.meddles = true};
    rnl_options options = all;
    options.user = &w;
    block_one();
    cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    cr_expect_eq(fixture_hash(model), fixture_hash(plain));
    rnl_model_free(plain);
    rnl_model_free(model);
    rnl_data_free(data);
}
