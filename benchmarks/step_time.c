#include "benchmarks/step_time.h"

#include <stdbool.h>
#include <string.h>

/* Epochs that are not timed, fewer where one takes long; and a run's end before its last epoch. */
enum { WARM_EPOCHS = 2, FEWEST_TIMED = 2 };
static const double warm_seconds = 0.1, timed_seconds = 0.1;

typedef struct run {
    size_t batch_size;
    bool warm;
    double start;
    rnl_samples seconds;
    double begun, processor_begun, ended, processor_ended; /* of the timed epochs */
} run;

static int take_epoch(const rnl_progress *progress, void *user)
{
    run *r = user;
    r->ended = rnl_seconds();
    r->processor_ended = rnl_processor_seconds();
    if (!r->warm) {
        r->warm = progress->epoch >= WARM_EPOCHS || r->ended - r->start > warm_seconds;
        r->begun = r->ended;
        r->processor_begun = r->processor_ended;
        return 0;
    }
    for (size_t i = 0; i < progress->figure_count; ++i)
        if (strcmp(progress->figures[i].name, "samples_per_second") == 0)
            rnl_samples_add(&r->seconds, (double)r->batch_size / progress->figures[i].value);
    return r->seconds.count >= FEWEST_TIMED && r->ended - r->begun > timed_seconds;
}

static void keep(rnl_step_samples *samples, const run *r)
{
    const double median = rnl_samples_summarize(&r->seconds).median;
    const double processors = (r->processor_ended - r->processor_begun) / (r->ended - r->begun);
    for (size_t i = 0; i < r->seconds.count; ++i)
        rnl_samples_add(&samples->seconds, r->seconds.values[i]);
    rnl_samples_add(&samples->rounds, median);
    rnl_samples_add(&samples->processor_rounds, processors * median);
}

rnl_status rnl_step_time(const rnl_config *config, const rnl_data *data, size_t threads,
                         rnl_products products, size_t batch_size, rnl_step_samples *samples)
{
    rnl_model *model = NULL;
    run r = {.batch_size = batch_size, .start = rnl_seconds()};
    const rnl_options options = {
        .threads = threads, .products = products, .on_epoch = take_epoch, .user = &r};
    rnl_status status = rnl_model_create(&model, config, data);
    if (status == RNL_OK)
        status = rnl_train(model, data, &options);
    if (status == RNL_STOPPED)
        status = RNL_OK;
    if (status == RNL_OK && r.seconds.count > 0)
        keep(samples, &r);
    rnl_samples_release(&r.seconds);
    rnl_model_free(model);
    return status;
}

void rnl_step_samples_release(rnl_step_samples *samples)
{
    rnl_samples_release(&samples->seconds);
    rnl_samples_release(&samples->rounds);
    rnl_samples_release(&samples->processor_rounds);
}
