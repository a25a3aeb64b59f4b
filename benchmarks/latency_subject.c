#include "benchmarks/latency_subject.h"

#include "benchmarks/bench_nets.h"
#include "benchmarks/caches.h"
#include "benchmarks/step_time.h"
#include "engine/base/error.h"
#include "engine/data/row_order.h"
#include "engine/schema/config.h"
#include "engine/workers/executor.h"
#include "engine/workers/pass.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS_PER_RUN = 8192, ROWS_PER_EPOCH = 1024, MOST_BATCHES = 256, MOST_STEPS = 32 };

/* ---- runs ------------------------------------------------------------------------------------ */

typedef struct timed_run {
    rnl_latency_subject *of;
    rnl_samples seconds;
    size_t batches;
    double last;
} timed_run;

/* Reads and writes twice as much as the largest cache holds. */
static void empty_caches(const rnl_latency_subject *s)
{
    for (size_t i = 0; s->other && i < s->other_count; i += 64 / sizeof *s->other)
        s->other[i] += 1;
}

static void note_time(timed_run *run)
{
    const double now = rnl_seconds();
    if (++run->batches > run->of->warm_batches) {
        rnl_samples_add(&run->seconds, now - run->last);
        rnl_samples_add(&run->of->seconds, now - run->last);
    }
    empty_caches(run->of);
    run->last = rnl_seconds();
}

static bool take_time(const rnl_step *step, const rnl_batch *batch, void *context)
{
    (void)step, (void)batch;
    note_time(context);
    return true;
}

static void work(rnl_hand *hand, void *context)
{
    rnl_pass_run(hand, context);
}

static rnl_status train_once(rnl_latency_subject *s, size_t threads)
{
    rnl_step_samples samples = {0};
    const rnl_status status =
        rnl_step_time(s->config, s->data, threads, RNL_PRODUCTS_AUTO, s->batch_size, &samples);
    for (size_t i = 0; i < samples.seconds.count; ++i)
        rnl_samples_add(&s->seconds, samples.seconds.values[i]);
    if (status == RNL_OK) {
        rnl_samples_add(&s->rounds, samples.rounds.values[0]);
        rnl_samples_add(&s->processor_rounds, samples.processor_rounds.values[0]);
    }
    rnl_step_samples_release(&samples);
    return status;
}

static rnl_request request_of(const rnl_latency_subject *s, size_t first)
{
    const rnl_dataset *rows = &s->data->train;
    const void *inputs =
        (const char *)rows->inputs + first * rows->features * rnl_element_bytes(rows->element);
    return (rnl_request){
        .rows = s->batch_size,
        .features = rows->features,
        .floats = rows->element == RNL_FLOAT32 ? inputs : NULL,
        .doubles = rows->element == RNL_FLOAT64 ? inputs : NULL,
        .bytes = rows->element == RNL_UINT8 ? inputs : NULL,
        .values = s->values,
        .scratch = s->scratch,
        .scratch_bytes = rnl_predictor_scratch(s->predictor, s->batch_size),
    };
}

/* Asks a predictor, as a program does that answers on its own thread. */
static rnl_status infer_here(timed_run *run)
{
    const rnl_latency_subject *s = run->of;
    for (size_t i = 0; i < s->batches; ++i) {
        const rnl_request request = request_of(s, i * s->batch_size);
        RNL_TRY(rnl_predictor_run(s->predictor, &request));
        note_time(run);
    }
    return RNL_OK;
}

/* Shares each batch among workers. */
static rnl_status infer_on_team(timed_run *run, size_t threads)
{
    const rnl_latency_subject *s = run->of;
    const rnl_options options = {.threads = threads};
    const rnl_dataset *train = &s->data->train;
    rnl_pass pass = {
        .rows = {.dataset = train, .order = s->order, .count = train->rows},
        .visit = take_time,
        .context = run,
    };
    rnl_executor executor = {
        .step.given = {.model = s->model, .batch_size = s->batch_size, .predicting = true},
        .predictor = s->predictor,
        .options = &options,
        .work = work,
        .context = &pass,
    };
    return rnl_executor_run(&executor);
}

static rnl_status infer_once(rnl_latency_subject *s, size_t threads)
{
    const double processor = rnl_processor_seconds(), start = rnl_seconds();
    timed_run run = {.of = s, .last = start};
    const rnl_status status = threads == 1 ? infer_here(&run) : infer_on_team(&run, threads);
    if (status == RNL_OK) {
        const double median = rnl_samples_summarize(&run.seconds).median;
        const double busy =
            (rnl_processor_seconds() - processor) / (rnl_seconds() - start); /* processors */
        rnl_samples_add(&s->rounds, median);
        rnl_samples_add(&s->processor_rounds, busy * median);
    }
    rnl_samples_release(&run.seconds);
    return status;
}

rnl_status rnl_latency_run(rnl_latency_subject *s, size_t threads)
{
    return s->training ? train_once(s, threads) : infer_once(s, threads);
}

/* ---- making ---------------------------------------------------------------------------------- */

static rnl_status find_other(rnl_latency_subject *s)
{
    size_t sharing;
    s->other_count = 2 * rnl_cache_size(3, &sharing) / sizeof *s->other;
    s->other = calloc(s->other_count, sizeof *s->other);
    return s->other ? RNL_OK : rnl_fail_memory(s->other_count * sizeof *s->other);
}

static rnl_status make_predictor(rnl_latency_subject *s)
{
    RNL_TRY(rnl_predictor_create(&s->predictor, s->model, 0));
    const size_t values = s->batch_size * rnl_predictor_outputs(s->predictor) * sizeof *s->values,
                 scratch = rnl_predictor_scratch(s->predictor, s->batch_size);
    s->values = malloc(values);
    s->scratch = malloc(scratch);
    return s->values && s->scratch ? RNL_OK : rnl_fail_memory(values + scratch);
}

/* As many whole batches as a run takes and there are rows for; too few rows for one are told. */
static rnl_status cut_batches(rnl_latency_subject *s)
{
    const size_t rows = s->data->train.rows;
    const size_t most = s->training || s->cold ? MOST_STEPS : MOST_BATCHES;
    const size_t fitting = (s->training ? ROWS_PER_EPOCH : ROWS_PER_RUN) / s->batch_size;
    const size_t there = rows / s->batch_size;
    if (there == 0) {
        fprintf(stderr, "warning: %s: has %zu training rows: no latency of %zu\n", s->path, rows,
                s->batch_size);
        return RNL_OK;
    }
    s->batches = fitting < 1 ? 1 : fitting < most ? fitting : most;
    s->batches = there < s->batches ? there : s->batches;
    s->warm_batches = s->batches / 8;
    s->data->train.rows = s->batches * s->batch_size;
    s->order = malloc(s->data->train.rows * sizeof *s->order);
    if (!s->order)
        return rnl_fail_memory(s->data->train.rows * sizeof *s->order);
    rnl_row_order(s->order, s->data->train.rows, 0, 0, false);
    return RNL_OK;
}

static rnl_status load_own(rnl_latency_subject *s)
{
    const rnl_bench_case c = {"mlp_small", "relu", "momentum", s->batch_size};
    char *text = rnl_bench_config(&c), epochs[64];
    snprintf(epochs, sizeof epochs, "training.epochs=%d", RNL_STEP_TIME_EPOCHS);
    const char *overrides[] = {epochs, "name=mlp_small"};
    s->data = rnl_bench_data(&c, s->training ? ROWS_PER_EPOCH : ROWS_PER_RUN);
    const rnl_status status =
        text ? rnl_config_parse(&s->config, "latency", text, overrides, 2) : rnl_fail_memory(1);
    free(text);
    return status;
}

/* Trades the configuration for one with another activation in its hidden layers. */
static rnl_status change_activation(rnl_latency_subject *s, json_t *activation)
{
    json_t *document = NULL;
    size_t layers = 0;
    RNL_TRY(rnl_matrix_read(&document, &layers, s->config));
    rnl_matrix_set_activation(document, activation);
    char *text = json_dumps(document, JSON_COMPACT);
    json_decref(document);
    if (layers == 0) {
        free(text);
        return rnl_fail(RNL_BAD_CONFIG,
                        "%s: no hidden dense layer has an activation that could be another",
                        s->path);
    }
    rnl_config_free(s->config);
    s->config = NULL;
    const rnl_status status =
        text ? rnl_config_parse(&s->config, s->path, text, NULL, 0) : rnl_fail_memory(1);
    free(text);
    return status;
}

rnl_status rnl_latency_make(rnl_latency_subject *s, const char *path,
                            const rnl_arguments *arguments, json_t *activation)
{
    char batch[64];
    snprintf(batch, sizeof batch, "training.batch_size=%zu", s->batch_size);
    s->path = path ? path : "latency";
    RNL_TRY(path ? rnl_bench_load(&s->config, &s->data, path, arguments, batch) : load_own(s));
    if (activation)
        RNL_TRY(change_activation(s, activation));
    RNL_TRY(cut_batches(s));
    if (s->cold)
        RNL_TRY(find_other(s));
    RNL_TRY(rnl_model_create(&s->model, s->config, s->data));
    return s->training ? RNL_OK : make_predictor(s);
}

void rnl_latency_release(rnl_latency_subject *s)
{
    rnl_predictor_free(s->predictor);
    free(s->values);
    free(s->scratch);
    rnl_model_free(s->model);
    rnl_config_free(s->config);
    rnl_data_free(s->data);
    free(s->order);
    free(s->other);
    rnl_samples_release(&s->seconds);
    rnl_samples_release(&s->rounds);
    rnl_samples_release(&s->processor_rounds);
}
