#include "benchmarks/latency_layers.h"

#include "engine/base/number.h"
#include "engine/predictor/predictor.h"
#include "threading/floating_mode.h"

enum { WARM = 10 };

typedef struct watch {
    double seconds[RNL_MOST_TIMED_LAYERS]; /* of an inference, over its blocks */
    double last;
} watch;

static void pass_stage(void *context, size_t stage)
{
    watch *w = context;
    const double now = rnl_seconds();
    if (stage < RNL_MOST_TIMED_LAYERS)
        w->seconds[stage] += now - w->last;
    w->last = rnl_seconds();
}

static void infer(const rnl_latency_subject *s, size_t batch, watch *w)
{
    const rnl_dataset *set = &s->data->train;
    const uintptr_t scratch = ((uintptr_t)s->scratch + 63) / 64 * 64;
    const size_t end = (batch + 1) * s->batch_size;
    *w = (watch){.last = 0};
    for (size_t row = batch * s->batch_size; row < end; row += RNL_PREDICTOR_ROWS) {
        const rnl_predictor_rows rows = {
            .rows = rnl_least(end - row, RNL_PREDICTOR_ROWS),
            .element = set->element,
            .inputs = (const char *)set->inputs + row * rnl_dataset_input_bytes(set),
            .passed = pass_stage,
            .context = w,
        };
        w->last = rnl_seconds();
        rnl_predictor_infer(s->predictor, &rows, (float *)scratch);
    }
}

static void name_layers(rnl_layer_times *times, const rnl_predictor *predictor)
{
    times->names[0] = "scaling";
    times->count = rnl_least(predictor->stage_count + 1, RNL_MOST_TIMED_LAYERS);
    for (size_t i = 1; i < times->count; ++i)
        times->names[i] = predictor->stages[i - 1].name;
}

void rnl_layer_times_measure(rnl_layer_times *times, const rnl_latency_subject *s, double seconds)
{
    RNL_OWN_VECTOR_MODE;
    const double end = rnl_seconds() + seconds;
    *times = (rnl_layer_times){.count = 0};
    name_layers(times, s->predictor);
    for (size_t i = 0; i < WARM + RNL_P99_SAMPLES && (i <= WARM || rnl_seconds() < end); ++i) {
        watch w;
        infer(s, i % s->batches, &w);
        for (size_t k = 0; i >= WARM && k < times->count; ++k)
            if (w.seconds[k] > 0)
                rnl_samples_add(&times->seconds[k], w.seconds[k]);
    }
}

void rnl_layer_times_release(rnl_layer_times *times)
{
    for (size_t i = 0; i < times->count; ++i)
        rnl_samples_release(&times->seconds[i]);
}
