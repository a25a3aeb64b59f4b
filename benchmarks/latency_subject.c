#include "benchmarks/latency_subject.h"

#include "benchmarks/order.h"
#include "benchmarks/scattered.h"
#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/predictor/predictor.h"
#include "engine/schema/config.h"

#include <stdio.h>
#include <stdlib.h>

/* Sizes of a run; an epoch's first step, behind the drawing of an order, is not timed unless
 * it is the only one. */
enum { ROWS_PER_RUN = 8192, TRAINED_ROWS = 1024, FEWEST_STEPS = 8, MOST_COLD = 16 };

/* A run ends behind so many timed batches and seconds of them.  It warms up for so long, but not
 * beyond a quarter of its batches: threads have to find their cores. */
enum { FEWEST_TIMED = 3 };
static const double run_seconds = 4e-3, warm_seconds = 1e-3, team_warm_seconds = 2e-3;

/* ---- runs ------------------------------------------------------------------------------------ */

typedef struct timed_run {
    rnl_latency_subject *of;
    rnl_samples seconds;
    size_t batches;
    bool began; /* an epoch: what its first step waited for is no part of it */
    double first, last, timed;
} timed_run;

/* Reads and writes twice as much as the largest cache holds. */
static void empty_caches(const rnl_latency_subject *s)
{
    const rnl_latency_source *from = s->source;
    for (size_t i = 0; s->pass.cold && i < from->other_count; i += 64 / sizeof *from->other)
        from->other[i] += 1;
}

static void keep_time(timed_run *run, double seconds)
{
    rnl_samples_add(&run->seconds, seconds);
    rnl_samples_add(&run->of->seconds, seconds);
    run->timed += seconds;
}

static bool is_warm(const timed_run *run, double now)
{
    const rnl_latency_subject *s = run->of;
    const double enough = s->pass.threads > 1 ? team_warm_seconds : warm_seconds;
    return run->batches > s->batches / 4 || (run->batches > 1 && now - run->first > enough);
}

/* Returns whether the run goes on. */
static bool note_time(timed_run *run)
{
    const double now = rnl_seconds();
    const bool counts = !run->began || run->of->batches == 1;
    if (run->batches++ == 0)
        run->first = now;
    if (counts && is_warm(run, now))
        keep_time(run, now - run->last);
    empty_caches(run->of);
    run->began = false;
    run->last = rnl_seconds();
    return run->seconds.count < FEWEST_TIMED || run->timed < run_seconds;
}

/* ---- inferences ------------------------------------------------------------------------------ */

static rnl_request request_of(const rnl_latency_subject *s, const rnl_latency_predictor *made,
                              size_t first)
{
    const rnl_dataset *rows = &s->rows.train;
    const void *inputs =
        (const char *)rows->inputs + first * rows->features * rnl_element_bytes(rows->element);
    return (rnl_request){
        .rows = s->pass.batch_size,
        .features = rows->features,
        .floats = rows->element == RNL_FLOAT32 ? inputs : NULL,
        .doubles = rows->element == RNL_FLOAT64 ? inputs : NULL,
        .bytes = rows->element == RNL_UINT8 ? inputs : NULL,
        .values = made->values,
        .scratch = made->scratch,
        .scratch_bytes = made->scratch_bytes,
    };
}

/* Asks a predictor, as a program does on its own thread, beside which the predictor's workers take
 * blocks. */
static rnl_status ask(timed_run *run, const rnl_latency_predictor *made)
{
    const rnl_latency_subject *s = run->of;
    bool goes_on = true;
    for (size_t i = 0; goes_on && i < s->batches; ++i) {
        const rnl_request request = request_of(s, made, i % s->distinct * s->pass.batch_size);
        RNL_TRY(rnl_predictor_run(made->predictor, &request));
        goes_on = note_time(run);
    }
    return RNL_OK;
}

rnl_status rnl_latency_predictor_make(rnl_latency_predictor *made, const rnl_latency_subject *of)
{
    *made = (rnl_latency_predictor){.predictor = NULL};
    RNL_TRY(rnl_predictor_create(&made->predictor, of->model, of->fold));
    RNL_TRY(rnl_predictor_use_threads(made->predictor, of->pass.threads));
    const size_t values =
        of->pass.batch_size * rnl_predictor_outputs(made->predictor) * sizeof *made->values;
    made->scratch_bytes = rnl_predictor_scratch(made->predictor, of->pass.batch_size);
    made->values = malloc(values);
    made->scratch = malloc(made->scratch_bytes);
    return made->values && made->scratch ? RNL_OK : rnl_fail_memory(values + made->scratch_bytes);
}

void rnl_latency_predictor_release(rnl_latency_predictor *made)
{
    rnl_predictor_free(made->predictor);
    free(made->values);
    free(made->scratch);
}

static rnl_status infer(timed_run *run)
{
    rnl_latency_predictor made;
    rnl_status status = rnl_latency_predictor_make(&made, run->of);
    run->last = rnl_seconds();
    if (status == RNL_OK)
        status = ask(run, &made);
    rnl_latency_predictor_release(&made);
    return status;
}

/* ---- training -------------------------------------------------------------------------------- */

static int take_step(const rnl_progress *progress, void *user)
{
    (void)progress;
    return !note_time(user);
}

static int begin_epoch(const rnl_progress *progress, void *user)
{
    (void)progress;
    ((timed_run *)user)->began = true;
    return 0;
}

/* Goes on with the training of the run before, with all memory of the step anew. */
static rnl_status train(timed_run *run)
{
    const rnl_latency_subject *s = run->of;
    const rnl_options options = {
        .threads = s->pass.threads, .on_step = take_step, .on_epoch = begin_epoch, .user = run};
    run->began = true;
    const rnl_status status = rnl_train(s->model, &s->rows, &options);
    return status == RNL_STOPPED ? RNL_OK : status;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static void keep_run(const timed_run *run, double processors)
{
    const double median = rnl_samples_summarize(&run->seconds).median;
    rnl_samples_add(&run->of->rounds, median);
    rnl_samples_add(&run->of->processor_rounds, processors * median);
}

rnl_status rnl_latency_run(rnl_latency_subject *s)
{
    rnl_scattered scattered;
    rnl_scattered_take(&scattered, &s->state);
    const double processor = rnl_processor_seconds(), start = rnl_seconds();
    timed_run run = {.of = s, .last = start};
    const rnl_status status = s->pass.training ? train(&run) : infer(&run);
    if (status == RNL_OK && run.seconds.count > 0)
        keep_run(&run, (rnl_processor_seconds() - processor) / (rnl_seconds() - start));
    rnl_samples_release(&run.seconds);
    rnl_scattered_release(&scattered);
    return status;
}

/* ---- making ---------------------------------------------------------------------------------- */

/* At most, of a run, or of an epoch of it. */
static size_t batches_of(const rnl_latency_pass *pass)
{
    const size_t rows = pass->training ? TRAINED_ROWS : ROWS_PER_RUN;
    const size_t fewest = pass->training ? FEWEST_STEPS : 1;
    const size_t fitting = rows / pass->batch_size;
    const size_t most = fitting > fewest ? fitting : fewest;
    return pass->cold ? rnl_least(most, MOST_COLD) : most;
}

/* The rows as they lie. */
static rnl_status make_order(rnl_latency_subject *s)
{
    const size_t count = s->rows.train.rows;
    s->order = malloc(count * sizeof *s->order);
    if (!s->order)
        return rnl_fail_memory(count * sizeof *s->order);
    for (size_t i = 0; i < count; ++i)
        s->order[i] = (uint32_t)i;
    return RNL_OK;
}

/* As many whole batches as there are rows for; too few rows for one are told.  Inferences go over
 * them again. */
static rnl_status cut_batches(rnl_latency_subject *s)
{
    const size_t size = s->pass.batch_size, there = s->source->data->train.rows / size;
    if (there == 0) {
        fprintf(stderr, "warning: %s: has %zu training rows: no latency of %zu\n", s->source->path,
                s->source->data->train.rows, size);
        return RNL_OK;
    }
    s->batches = batches_of(&s->pass);
    s->distinct = rnl_least(s->batches, there);
    s->rows.train.rows = s->distinct * size;
    if (!s->pass.training)
        return RNL_OK;
    s->batches = s->distinct;
    return make_order(s);
}

rnl_status rnl_latency_make(rnl_latency_subject *s, json_t *activation)
{
    const rnl_latency_source *from = s->source;
    RNL_TRY(rnl_latency_source_config(from, &s->config, s->pass.batch_size, activation));
    s->rows = *from->data;
    s->state = rnl_order_seed();
    RNL_TRY(cut_batches(s));
    if (from->trained)
        s->model = from->trained;
    if (s->model)
        return RNL_OK;
    RNL_TRY(rnl_model_create(&s->model, s->config, &s->rows));
    s->drawn = true;
    return RNL_OK;
}

static size_t stages(const rnl_latency_subject *s, bool fold)
{
    rnl_predictor *predictor = NULL;
    const rnl_status status = rnl_predictor_create(&predictor, s->model, fold);
    const size_t count = status == RNL_OK ? predictor->stage_count : 0;
    rnl_predictor_free(predictor);
    return count;
}

bool rnl_latency_folds(const rnl_latency_subject *s)
{
    return !s->pass.training && stages(s, true) < stages(s, false);
}

void rnl_latency_release(rnl_latency_subject *s)
{
    if (s->drawn)
        rnl_model_free(s->model);
    rnl_config_free(s->config);
    free(s->order);
    rnl_samples_release(&s->seconds);
    rnl_samples_release(&s->rounds);
    rnl_samples_release(&s->processor_rounds);
}
