/*
 * A library's program as one rank of a job (tests/ranks starts it): letters arrive, and what would
 * make ranks differ is refused.  Exit code 0 where it was.
 */
#include <runnel/runnel.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS 5

static const char text[] = "data: {train: {blobs: {rows: 64, features: 4, classes: 2}}}\n"
                           "model: [{dense: {units: 2, activation: softmax}}]\n"
                           "training: {loss: sparse_categorical_crossentropy, optimizer: sgd,\n"
                           "           batch_size: 16, shards: 4, epochs: 2}\n";

static const size_t sizes[LETTERS] = {1, 0, 3000000, 17, 200000};

static rnl_model *model;
static rnl_job *job;
static rnl_status setting = RNL_OK;

static int set_bias(const rnl_progress *progress, void *user)
{
    (void)progress, (void)user;
    const float bias[2] = {1, 2};
    setting = rnl_model_set_parameter(model, "dense_1.bias", bias, 2);
    return 0;
}

static double own_rate(const rnl_schedule_point *point, void *user)
{
    (void)point, (void)user;
    return 0.01 * (double)(rnl_job_rank(job) + 1);
}

static int expect(const char *what, rnl_status status, rnl_status expected, const char *part)
{
    if (status == expected && (!part || strstr(rnl_message(), part)))
        return 0;
    fprintf(stderr, "%s: status %d, %s\n", what, (int)status, rnl_message());
    return 1;
}

/* Ranks that share the rows out come to what each comes to alone. */
static int evaluate(const rnl_data *data)
{
    const rnl_options together = {.threads = 1, .job = job}, alone = {.threads = 1};
    rnl_evaluation *a = NULL, *b = NULL;
    int failed =
        expect("evaluation", rnl_evaluate(model, data, RNL_TRAIN, &together, &a), RNL_OK, NULL) +
        expect("evaluation alone", rnl_evaluate(model, data, RNL_TRAIN, &alone, &b), RNL_OK, NULL);
    if (!failed && (a->classes != 2 || a->figures[0].value != b->figures[0].value ||
                    memcmp(a->confusion, b->confusion, 4 * sizeof *a->confusion) != 0)) {
        fprintf(stderr, "evaluation: another loss or confusion than alone\n");
        failed = 1;
    }
    rnl_evaluation_free(a);
    rnl_evaluation_free(b);
    return failed;
}

/* Letters of many sizes, each with its number in every byte, come whole and in their order. */
static int receive_letters(void)
{
    int failed = 0;
    for (size_t number = 0; number < LETTERS && !failed;) {
        unsigned char *bytes;
        size_t from, size;
        failed =
            expect("a letter", rnl_job_receive(job, &from, (void **)&bytes, &size), RNL_OK, NULL);
        if (!bytes)
            continue;
        failed += from != 1 - rnl_job_rank(job) || size != sizes[number];
        for (size_t i = 0; i < size && !failed; ++i)
            failed = bytes[i] != number;
        free(bytes);
        ++number;
    }
    return failed;
}

static int exchange_letters(void)
{
    static unsigned char bytes[3000000];
    int failed = 0;
    for (size_t number = 0; number < LETTERS; ++number) {
        memset(bytes, (int)number, sizes[number]);
        failed += expect("sending", rnl_job_send(job, 1 - rnl_job_rank(job), bytes, sizes[number]),
                         RNL_OK, NULL);
    }
    return failed ? failed : receive_letters();
}

/* ---- a training of its own ------------------------------------------------------------------- */

static const char phases[] = "data: {train: {blobs: {rows: 64, features: 4, classes: 2}},\n"
                             "       validation: {blobs: {rows: 32, features: 4, classes: 2}}}\n"
                             "model: [{dense: {units: 2, activation: softmax}}]\n"
                             "training: {loss: sparse_categorical_crossentropy, optimizer: adam,\n"
                             "           batch_size: 16, shards: 4, inspect: true,\n"
                             "           phases: [{epochs: 2},\n"
                             "                    {epochs: 2, reset_optimizer: false}]}\n";

/* Trains another model, and returns the weights of its kernel. */
static rnl_status train_phases(float kernel[8], const rnl_options *options)
{
    rnl_config *config = NULL;
    rnl_data *data = NULL;
    rnl_model *other = NULL;
    rnl_status status = rnl_config_parse(&config, "phases", phases, NULL, 0);
    if (status == RNL_OK)
        status = rnl_data_load(&data, config, RNL_TRAIN | RNL_VALIDATION);
    if (status == RNL_OK)
        status = rnl_model_create(&other, config, data);
    if (status == RNL_OK)
        status = rnl_train(other, data, options);
    if (status == RNL_OK)
        status = rnl_model_get_parameter(other, "dense_1.kernel", kernel, 8);
    rnl_model_free(other);
    rnl_data_free(data);
    rnl_config_free(config);
    return status;
}

/* The second phase goes on with the optimizer's state of all ranks, though nothing is saved. */
static int continue_phases(void)
{
    const rnl_options together = {.threads = 1, .job = job}, alone = {.threads = 1};
    float a[8] = {0}, b[8] = {0};
    const int failed = expect("phases", train_phases(a, &together), RNL_OK, NULL) +
                       expect("phases alone", train_phases(b, &alone), RNL_OK, NULL);
    if (!failed && memcmp(a, b, sizeof a) != 0) {
        fprintf(stderr, "phases: other weights than alone\n");
        return 1;
    }
    return failed;
}

/* Rank 0 asks to stop, and all ranks validate before they do. */
static int stop_after_inspection(const rnl_inspection *inspection, void *user)
{
    (void)user;
    return inspection->epoch == 1 && rnl_job_rank(job) == 0;
}

static int stop_phases(void)
{
    float kernel[8];
    const rnl_options options = {.threads = 1, .job = job, .on_inspect = stop_after_inspection};
    return expect("a stop", train_phases(kernel, &options), RNL_STOPPED, NULL);
}

static int train(const rnl_data *data)
{
    rnl_options options = {.threads = 1, .job = job, .on_epoch = set_bias};
    int failed = evaluate(data);
    failed += expect("training", rnl_train(model, data, &options), RNL_OK, NULL);
    failed += expect("setting parameters", setting, RNL_BAD_CONFIG, NULL);
    options = (rnl_options){.threads = 1, .job = job, .schedule = own_rate};
    return failed +
           expect("a rate of its own", rnl_train(model, data, &options), RNL_JOB, "learning rate");
}

int main(void)
{
    rnl_config *config = NULL;
    rnl_data *data = NULL;
    int failed =
        expect("joining", rnl_job_join(&job, 0), RNL_OK, NULL) +
        expect("configuration", rnl_config_parse(&config, "test", text, NULL, 0), RNL_OK, NULL) +
        expect("data", rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, NULL) +
        expect("model", rnl_model_create(&model, config, data), RNL_OK, NULL);
    if (!failed && rnl_job_ranks(job) != 2)
        failed = 1;
    if (!failed)
        failed = exchange_letters() + continue_phases() + stop_phases() + train(data);
    printf("rank %zu: %d failed\n", rnl_job_rank(job), failed);
    rnl_model_free(model);
    rnl_data_free(data);
    rnl_config_free(config);
    rnl_job_leave(job, failed);
    return failed;
}
