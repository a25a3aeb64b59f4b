#include "benchmarks/step_time.h"

#include <string.h>

enum { WARM_EPOCHS = 2 };

typedef struct run {
    size_t batch_size;
    rnl_samples *seconds;
} run;

static int take_epoch(const rnl_progress *progress, void *user)
{
    const run *r = user;
    if (progress->epoch <= WARM_EPOCHS)
        return 0;
    for (size_t i = 0; i < progress->figure_count; ++i)
        if (strcmp(progress->figures[i].name, "samples_per_second") == 0)
            rnl_samples_add(r->seconds, (double)r->batch_size / progress->figures[i].value);
    return 0;
}

rnl_status rnl_step_time(const rnl_config *config, const rnl_data *data, size_t threads,
                         size_t batch_size, rnl_samples *seconds)
{
    rnl_model *model = NULL;
    run r = {.batch_size = batch_size, .seconds = seconds};
    const rnl_options options = {.threads = threads, .on_epoch = take_epoch, .user = &r};
    rnl_status status = rnl_model_create(&model, config, data);
    if (status == RNL_OK)
        status = rnl_train(model, data, &options);
    rnl_model_free(model);
    return status;
}
