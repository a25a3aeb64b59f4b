#include "benchmarks/latency_layers.h"

#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/predictor/predictor.h"
#include "engine/schema/config.h"
#include "engine/step/update.h"
#include "engine/workers/batch.h"
#include "engine/workers/executor.h"
#include "threading/floating_mode.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARM = 10 };

typedef struct watch {
    rnl_layer_times *times;
    const rnl_latency_subject *of;
    double end;      /* rnl_seconds */
    size_t batches;  /* so far */
    double *seconds; /* (times->count) of the batch under way */
    double last;
} watch;

/* ---- names and times ------------------------------------------------------------------------- */

static rnl_status add_name(rnl_layer_times *times, const char *layer, const char *phase)
{
    if (times->count == times->capacity) {
        const size_t capacity = 2 * times->capacity + 16;
        rnl_layer_time *items = realloc(times->items, capacity * sizeof *items);
        if (!items)
            return rnl_fail_memory(capacity * sizeof *items);
        times->items = items;
        times->capacity = capacity;
    }
    rnl_layer_time *added = &times->items[times->count++];
    *added = (rnl_layer_time){.name = ""};
    snprintf(added->name, sizeof added->name, "%.60s%s%.30s", layer,
             phase[0] && layer[0] ? "/" : "", phase);
    return RNL_OK;
}

static rnl_status begin(watch *w)
{
    w->seconds = calloc(w->times->count, sizeof *w->seconds);
    return w->seconds ? RNL_OK : rnl_fail_memory(w->times->count * sizeof *w->seconds);
}

static void begin_batch(watch *w)
{
    memset(w->seconds, 0, w->times->count * sizeof *w->seconds);
    w->last = rnl_seconds();
}

static void pass(void *context, size_t number)
{
    watch *w = context;
    const double now = rnl_seconds();
    w->seconds[number] += now - w->last;
    w->last = rnl_seconds();
}

static void end_batch(watch *w)
{
    if (w->batches++ < WARM)
        return;
    for (size_t i = 0; i < w->times->count; ++i)
        if (w->seconds[i] > 0)
            rnl_samples_add(&w->times->items[i].seconds, w->seconds[i]);
}

static bool goes_on(const watch *w)
{
    return w->batches <= WARM || (w->batches < WARM + RNL_P99_SAMPLES && rnl_seconds() < w->end);
}

/* ---- inferences ------------------------------------------------------------------------------ */

static void infer(watch *w, const rnl_latency_predictor *made)
{
    const rnl_dataset *set = &w->of->rows.train;
    const size_t size = w->of->pass.batch_size, first = w->batches % w->of->distinct * size;
    const uintptr_t scratch = ((uintptr_t)made->scratch + 63) / 64 * 64;
    begin_batch(w);
    for (size_t row = 0; row < size; row += RNL_PREDICTOR_ROWS) {
        const rnl_predictor_rows rows = {
            .rows = rnl_least(size - row, RNL_PREDICTOR_ROWS),
            .element = set->element,
            .inputs = (const char *)set->inputs + (first + row) * rnl_dataset_input_bytes(set),
            .passed = pass,
            .context = w,
        };
        w->last = rnl_seconds();
        rnl_predictor_infer(made->predictor, &rows, (float *)scratch);
    }
    end_batch(w);
}

static rnl_status name_stages(rnl_layer_times *times, const rnl_predictor *predictor)
{
    RNL_TRY(add_name(times, "scaling", ""));
    for (size_t i = 0; i < predictor->stage_count; ++i)
        RNL_TRY(add_name(times, predictor->stages[i].name, ""));
    return RNL_OK;
}

static rnl_status measure_inferences(watch *w)
{
    RNL_OWN_VECTOR_MODE;
    rnl_latency_predictor made;
    rnl_status status = rnl_latency_predictor_make(&made, w->of);
    if (status == RNL_OK)
        status = name_stages(w->times, made.predictor);
    if (status == RNL_OK)
        status = begin(w);
    while (status == RNL_OK && goes_on(w))
        infer(w, &made);
    rnl_latency_predictor_release(&made);
    return status;
}

/* ---- training steps -------------------------------------------------------------------------- */

/* Phases of one layer and name are one, as the two halves of a forward pass. */
static rnl_status name_phases(rnl_layer_times *times, const rnl_phase_list *phases, size_t *numbers)
{
    for (size_t i = 0; i < phases->count; ++i) {
        const rnl_phase *phase = &phases->items[i];
        RNL_TRY(add_name(times, phase->layer ? phase->layer : "", phase->name));
        size_t same = 0;
        while (strcmp(times->items[same].name, times->items[times->count - 1].name) != 0)
            ++same;
        numbers[i] = same;
        if (same + 1 < times->count)
            --times->count;
    }
    return RNL_OK;
}

/* Both step->number and rates as in the steps of a training. */
static void set_rates(rnl_step *step, uint64_t number, double momentum_product)
{
    const rnl_scheduled scheduled = {step->update.optimizer.learning_rate, NAN};
    rnl_step_set_rates(step, number, number, scheduled, momentum_product);
}

/* One worker needs no barriers between phases.  Each tile has a call of its own, where a training
 * joins small ones. */
static rnl_status run_step(rnl_hand *hand, watch *w, const size_t *numbers)
{
    const rnl_step *step = hand->step.step;
    hand->step.joined = 1;
    begin_batch(w);
    for (size_t i = 0; i < step->phases.count; ++i) {
        const rnl_phase *phase = &step->phases.items[i];
        const rnl_own_tiles *own = &hand->step.phases[i];
        for (size_t k = 0; k < own->count; ++k)
            RNL_TRY(phase->run(phase->self, own->tiles[k], &hand->step));
        pass(w, numbers[i]);
    }
    end_batch(w);
    return RNL_OK;
}

static rnl_status run_steps(rnl_hand *hand, watch *w, const size_t *numbers)
{
    rnl_step *step = hand->step.step;
    const rnl_latency_subject *s = w->of;
    const rnl_sequence rows = {
        .dataset = &s->rows.train, .order = s->order, .count = s->rows.train.rows};
    double momentum_product = 1;
    for (uint64_t number = 1; goes_on(w); ++number) {
        set_rates(step, number, momentum_product);
        momentum_product = step->update.rates[number % 2].momentum_product;
        hand->step.batch =
            rnl_batch_to_learn(step, &rows, (number - 1) % s->batches * s->pass.batch_size, number);
        RNL_TRY(run_step(hand, w, numbers));
    }
    return RNL_OK;
}

static void work(rnl_hand *hand, void *context)
{
    watch *w = context;
    const rnl_phase_list *phases = &hand->step.step->phases;
    size_t *numbers = calloc(phases->count, sizeof *numbers);
    rnl_status status = numbers ? name_phases(w->times, phases, numbers)
                                : rnl_fail_memory(phases->count * sizeof *numbers);
    if (status == RNL_OK)
        status = begin(w);
    if (status == RNL_OK)
        status = run_steps(hand, w, numbers);
    if (status != RNL_OK)
        rnl_hand_fail(hand, status);
    free(numbers);
}

static rnl_status measure_steps(watch *w)
{
    RNL_OWN_FLOATING_MODE;
    const rnl_options options = {.threads = 1};
    rnl_model *model = NULL;
    RNL_TRY(rnl_model_create(&model, w->of->config, &w->of->rows));
    rnl_executor executor = {
        .step.given = {.model = model, .batch_size = w->of->pass.batch_size, .training = true},
        .options = &options,
        .work = work,
        .context = w,
    };
    const rnl_status status = rnl_executor_run(&executor);
    rnl_model_free(model);
    return status;
}

/* ---- both ------------------------------------------------------------------------------------ */

rnl_status rnl_layer_times_measure(rnl_layer_times *times, const rnl_latency_subject *s,
                                   double seconds)
{
    watch w = {.times = times, .of = s, .end = rnl_seconds() + seconds};
    const rnl_status status = s->pass.training ? measure_steps(&w) : measure_inferences(&w);
    free(w.seconds);
    return status;
}

void rnl_layer_times_release(rnl_layer_times *times)
{
    for (size_t i = 0; i < times->count; ++i)
        rnl_samples_release(&times->items[i].seconds);
    free(times->items);
    *times = (rnl_layer_times){.count = 0};
}
