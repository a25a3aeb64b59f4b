/*
 * The time of an inference, row by row and batch by batch, and relu against elu, there and in a
 * step of training: in turns, so that both meet the same moods of the machine.
 */
#include "benchmarks/bench.h"
#include "benchmarks/bench_nets.h"
#include "benchmarks/step_time.h"
#include "engine/base/error.h"
#include "engine/data/row_order.h"
#include "engine/schema/config.h"
#include "engine/workers/executor.h"
#include "engine/workers/pass.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RUNS = 1000,
    FEWEST_RUNS = 3,
    ROWS_PER_RUN = 8192,
    ROWS_PER_EPOCH = 1024,
    MOST_BATCHES = 256
};

/* A model at one batch size. */
typedef struct subject {
    char name[80]; /* "mlp_small/elu" */
    rnl_config *config;
    rnl_model *model;
    rnl_data *data;
    uint32_t *order;
    size_t batch_size;
    bool training;                /* steps are timed, not inferences */
    size_t batches, warm_batches; /* of a run */
    rnl_samples seconds;          /* of each batch, or of the steps of an epoch */
    rnl_samples medians;          /* of each run */
} subject;

typedef struct timed_run {
    subject *of;
    rnl_samples seconds;
    size_t batches;
    double last;
} timed_run;

static bool take_time(const rnl_step *step, const rnl_batch *batch, void *context)
{
    (void)step, (void)batch;
    timed_run *run = context;
    const double now = rnl_seconds();
    if (++run->batches > run->of->warm_batches) {
        rnl_samples_add(&run->seconds, now - run->last);
        rnl_samples_add(&run->of->seconds, now - run->last);
    }
    run->last = rnl_seconds();
    return true;
}

static void work(rnl_hand *hand, void *context)
{
    rnl_pass_run(hand, context);
}

static rnl_status train_once(subject *s, size_t threads)
{
    rnl_step_samples samples = {0};
    const rnl_status status = rnl_step_time(s->config, s->data, threads, s->batch_size, &samples);
    for (size_t i = 0; i < samples.seconds.count; ++i)
        rnl_samples_add(&s->seconds, samples.seconds.values[i]);
    if (status == RNL_OK)
        rnl_samples_add(&s->medians, samples.rounds.values[0]);
    rnl_step_samples_release(&samples);
    return status;
}

static rnl_status infer_once(subject *s, size_t threads)
{
    const rnl_options options = {.threads = threads};
    timed_run run = {.of = s, .last = rnl_seconds()};
    const rnl_dataset *train = &s->data->train;
    rnl_pass pass = {
        .rows = {.dataset = train, .order = s->order, .count = train->rows},
        .visit = take_time,
        .context = &run,
    };
    rnl_executor executor = {
        .step.given = {.model = s->model, .batch_size = s->batch_size, .predicting = true},
        .options = &options,
        .work = work,
        .context = &pass,
    };
    const rnl_status status = rnl_executor_run(&executor);
    if (status == RNL_OK)
        rnl_samples_add(&s->medians, rnl_samples_summarize(&run.seconds).median);
    rnl_samples_release(&run.seconds);
    return status;
}

static rnl_status run_once(subject *s, size_t threads)
{
    return s->training ? train_once(s, threads) : infer_once(s, threads);
}

/* Begins a subject with as many whole batches as a run takes and there are rows for. */
static rnl_status begin_subject(subject *s, bool training, size_t batch_size, size_t rows)
{
    const size_t fitting = (training ? ROWS_PER_EPOCH : ROWS_PER_RUN) / batch_size;
    const size_t there = rows / batch_size;
    s->training = training;
    s->batch_size = batch_size;
    s->batches = fitting < MOST_BATCHES ? fitting : MOST_BATCHES;
    s->batches = there < s->batches ? there : s->batches;
    s->warm_batches = s->batches / 8;
    s->order = malloc((s->batches * batch_size + 1) * sizeof *s->order);
    if (!s->order)
        return rnl_fail_memory(s->batches * batch_size * sizeof *s->order);
    rnl_row_order(s->order, s->batches * batch_size, 0, 0, false);
    return RNL_OK;
}

static rnl_status make_subject(subject *s, const char *activation, bool training, size_t batch_size)
{
    const rnl_bench_case c = {"mlp_small", activation, "momentum", batch_size};
    char *text = rnl_bench_config(&c), epochs[64];
    snprintf(epochs, sizeof epochs, "training.epochs=%d", RNL_STEP_TIME_EPOCHS);
    const char *overrides[] = {epochs};
    *s = (subject){.batches = 0};
    snprintf(s->name, sizeof s->name, "mlp_small/%s", activation);
    rnl_status status = text ? begin_subject(s, training, batch_size, SIZE_MAX) : RNL_NO_MEMORY;
    if (status == RNL_OK) {
        s->data = rnl_bench_data(&c, batch_size * s->batches);
        status = rnl_config_parse(&s->config, "latency", text, overrides, 1);
    }
    free(text);
    return status == RNL_OK ? rnl_model_create(&s->model, s->config, s->data) : status;
}

/* Loads the user's configuration, whose rows have to fill a batch. */
static rnl_status load_subject(subject *s, const char *path, const rnl_arguments *arguments,
                               bool training, size_t batch_size)
{
    char batch[64];
    snprintf(batch, sizeof batch, "training.batch_size=%zu", batch_size);
    *s = (subject){.batches = 0};
    rnl_status status = rnl_bench_load(&s->config, &s->data, path, arguments, batch);
    if (status != RNL_OK)
        return status;
    const size_t rows = s->data->train.rows;
    if (rows < batch_size)
        return rnl_fail(RNL_BAD_DATA, "%s: latency of %zu rows: expected as many, got %zu", path,
                        batch_size, rows);
    snprintf(s->name, sizeof s->name, "%.79s", rnl_config_name(s->config));
    status = begin_subject(s, training, batch_size, rows);
    s->data->train.rows = s->batches * batch_size;
    return status == RNL_OK ? rnl_model_create(&s->model, s->config, s->data) : status;
}

static void release_subject(subject *s)
{
    rnl_model_free(s->model);
    rnl_config_free(s->config);
    rnl_data_free(s->data);
    free(s->order);
    rnl_samples_release(&s->seconds);
    rnl_samples_release(&s->medians);
}

static const char *pass_of(const subject *s)
{
    return s->training ? "/train" : "";
}

static void report_subject(rnl_bench *bench, subject *s, size_t threads)
{
    rnl_bench_result result = {
        .threads = threads, .repetitions = s->seconds.count, .rounds = &s->medians};
    snprintf(result.name, sizeof result.name, "latency/%s%s/batch:%zu/threads:%zu", s->name,
             pass_of(s), s->batch_size, threads);
    result.seconds = rnl_samples_summarize(&s->seconds);
    rnl_bench_result_count(&result, "p50_us", 1e6 * result.seconds.median);
    rnl_bench_result_count(&result, "p90_us", 1e6 * result.seconds.p90);
    if (s->seconds.count >= RNL_P99_SAMPLES)
        rnl_bench_result_count(&result, "p99_us", 1e6 * result.seconds.p99);
    if (s->seconds.count >= RNL_P999_SAMPLES)
        rnl_bench_result_count(&result, "p99_9_us", 1e6 * result.seconds.p999);
    rnl_bench_report_add(&bench->report, &result);
}

/* The median of the quotients of runs that followed each other. */
static void report_ratio(rnl_bench *bench, const double *quotients, size_t count, const subject *s,
                         size_t threads)
{
    rnl_samples ratios = {0};
    for (size_t i = 0; i < count; ++i)
        rnl_samples_add(&ratios, quotients[i]);
    const rnl_spread spread = rnl_samples_summarize(&ratios);
    rnl_bench_result result = {.threads = threads, .repetitions = count};
    snprintf(result.name, sizeof result.name,
             "latency/mlp_small/elu_over_relu%s/batch:%zu/threads:%zu", pass_of(s), s->batch_size,
             threads);
    rnl_bench_result_count(&result, "ratio", spread.median);
    rnl_bench_result_count(&result, "ratio_low", spread.low);
    rnl_bench_result_count(&result, "ratio_high", spread.high);
    rnl_bench_report_add(&bench->report, &result);
    rnl_samples_release(&ratios);
}

static rnl_status measure_pair(rnl_bench *bench, bool training, size_t batch_size, size_t threads)
{
    subject relu = {0}, elu = {0};
    double quotients[RUNS];
    size_t runs = 0;
    rnl_status status = make_subject(&relu, "relu", training, batch_size);
    if (status == RNL_OK)
        status = make_subject(&elu, "elu", training, batch_size);
    while (status == RNL_OK && runs < RUNS &&
           (runs < FEWEST_RUNS || rnl_seconds() < bench->deadline)) {
        status = run_once(&relu, threads);
        if (status == RNL_OK)
            status = run_once(&elu, threads);
        if (status == RNL_OK)
            quotients[runs] = elu.medians.values[runs] / relu.medians.values[runs];
        ++runs;
    }
    if (status == RNL_OK) {
        report_subject(bench, &relu, threads);
        report_subject(bench, &elu, threads);
        report_ratio(bench, quotients, runs, &relu, threads);
    }
    release_subject(&relu);
    release_subject(&elu);
    return status;
}

static rnl_status measure_config(rnl_bench *bench, const char *path, bool training,
                                 size_t batch_size, size_t threads)
{
    subject s = {.batches = 0};
    rnl_status status = load_subject(&s, path, bench->arguments, training, batch_size);
    for (size_t runs = 0;
         status == RNL_OK && runs < RUNS && (runs < FEWEST_RUNS || rnl_seconds() < bench->deadline);
         ++runs)
        status = run_once(&s, threads);
    if (status == RNL_OK)
        report_subject(bench, &s, threads);
    release_subject(&s);
    return status;
}

int rnl_bench_latency(rnl_bench *bench)
{
    static const struct {
        bool training;
        size_t batch_size;
    } passes[] = {{false, 1}, {false, 32}, {false, 512}, {true, 32}, {true, 512}};
    enum { PASSES = sizeof passes / sizeof *passes };
    const size_t configs = bench->arguments->operand_count - 1;
    const size_t nets = configs > 0 ? configs : 1;
    const size_t count = PASSES * bench->thread_count_count * nets;
    const double start = rnl_seconds(), end = bench->deadline;
    rnl_status status = RNL_OK;
    for (size_t i = 0; i < count && status == RNL_OK; ++i) {
        const bool training = passes[i % PASSES].training;
        const size_t batch_size = passes[i % PASSES].batch_size;
        const size_t threads = bench->thread_counts[i / PASSES % bench->thread_count_count];
        const size_t net = i / PASSES / bench->thread_count_count;
        bench->deadline = start + (end - start) * (double)(i + 1) / (double)count;
        status = configs > 0 ? measure_config(bench, bench->arguments->operands[1 + net], training,
                                              batch_size, threads)
                             : measure_pair(bench, training, batch_size, threads);
    }
    return rnl_bench_complain(status);
}
