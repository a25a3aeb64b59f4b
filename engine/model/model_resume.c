/*
 * How a checkpoint is read for training to go on.
 */
#include "engine/base/error.h"
#include "engine/model/model_file.h"
#include "engine/schema/config.h"
#include "engine/schema/difference.h"

#include "threading/floating_mode.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Prints what must be equal for a training to be resumed.  A preset derives early stopping's first
 * epoch from the number of epochs. */
static rnl_status print_lasting(const rnl_config *config, bool by_preset, char **text)
{
    char name[] = "any";
    rnl_config lasting = {
        .name = name, .data = config->data, .model = config->model, .training = config->training};
    lasting.training.epochs = 1;
    lasting.training.checkpoint_every = 0;
    lasting.training.max_seconds = 0;
    lasting.training.inspect = false;
    lasting.training.trace.every = 0;
    if (by_preset)
        lasting.training.early_stopping.start_from_epoch = 0;
    lasting.training.tensorboard = false;
    return rnl_config_print_json(&lasting, text);
}

static rnl_status check_same(const rnl_config *kept, const rnl_config *asked, const char *path)
{
    char *before, *now;
    RNL_TRY(print_lasting(kept, asked->preset, &before));
    rnl_status status = print_lasting(asked, asked->preset, &now);
    if (status != RNL_OK) {
        rnl_text_free(before);
        return status;
    }
    if (strcmp(before, now) != 0) {
        char difference[RNL_DIFFERENCE_TEXT];
        status = rnl_difference_describe(before, now, difference);
        if (status == RNL_OK)
            status = rnl_fail(RNL_BAD_CONFIG, "%s: made under another configuration: %s", path,
                              difference);
    }
    rnl_text_free(before);
    rnl_text_free(now);
    return status;
}

/* ---- without the file that was reused -------------------------------------------------------- */

/* The kept layers, as far as the entry `reuse` stands for them, and those that follow it; the list
 * owns nothing but itself. */
static rnl_status put_kept_layers(rnl_choice_list *layers, const rnl_config *kept,
                                  const rnl_config *asked)
{
    const size_t own = asked->model.count - 1, count = kept->model.count;
    const size_t reused = count > own ? count - own : 0;
    *layers = (rnl_choice_list){.items = calloc(reused + own + 1, sizeof *layers->items),
                                .count = reused + own,
                                .place = asked->model.place};
    if (!layers->items)
        return rnl_fail_memory((reused + own) * sizeof *layers->items);
    for (size_t i = 0; i < layers->count; ++i)
        layers->items[i] = i < reused ? kept->model.items[i] : asked->model.items[i - reused + 1];
    return RNL_OK;
}

static rnl_status check_same_but_reused(const rnl_config *kept, const rnl_config *asked,
                                        const char *path)
{
    rnl_choice_list layers;
    RNL_TRY(put_kept_layers(&layers, kept, asked));
    rnl_config whole = {
        .preset = asked->preset, .data = asked->data, .model = layers, .training = asked->training};
    if (whole.data.scaling.place.origin == RNL_FROM_DEFAULT)
        whole.data.scaling = kept->data.scaling;
    if (whole.data.target_scaling.place.origin == RNL_FROM_DEFAULT)
        whole.data.target_scaling = kept->data.target_scaling;
    const rnl_status status = check_same(kept, &whole, path);
    free(layers.items);
    return status;
}

/* The kept configuration with what may differ as it is asked for. */
static rnl_status adapt_kept(rnl_config **adapted, const rnl_safetensors *file, const char *path,
                             const rnl_config *asked)
{
    const rnl_training_config *training = &asked->training;
    char epochs[64], every[64], trace[64], seconds[64], name[256], start[80];
    snprintf(epochs, sizeof epochs, "training.epochs=%lld", (long long)training->epochs);
    snprintf(every, sizeof every, "training.checkpoint_every=%lld",
             (long long)training->checkpoint_every);
    snprintf(seconds, sizeof seconds, "training.max_seconds=%.17g", training->max_seconds);
    snprintf(name, sizeof name, "name=%s", asked->name);
    snprintf(start, sizeof start, "training.early_stopping.start_from_epoch=%lld",
             (long long)training->early_stopping.start_from_epoch);
    snprintf(trace, sizeof trace, "training.trace.every=%lld", (long long)training->trace.every);
    const char *const overrides[] = {
        epochs,
        every,
        trace,
        seconds,
        name,
        start,
        training->inspect ? "training.inspect=true" : "training.inspect=false",
        training->tensorboard ? "training.tensorboard=true" : "training.tensorboard=false",
    };
    return rnl_config_of_file(adapted, file, path, overrides, sizeof overrides / sizeof *overrides);
}

/* ---- all together ---------------------------------------------------------------------------- */

static rnl_status resume(rnl_model **model, const rnl_safetensors *file, const char *path,
                         const rnl_config *config)
{
    rnl_config *kept, *whole = NULL;
    RNL_TRY(rnl_config_of_file(&kept, file, path, NULL, 0));
    rnl_status status = config->reuse.missing ? check_same_but_reused(kept, config, path)
                                              : check_same(kept, config, path);
    rnl_config_free(kept);
    RNL_TRY(status);
    if (config->reuse.missing)
        RNL_TRY(adapt_kept(&whole, file, path, config));
    else
        whole = rnl_config_share(config);
    return rnl_model_from_file(model, file, path, whole);
}

rnl_status rnl_model_resume(rnl_model **model, const char *path, const rnl_config *config)
{
    RNL_OWN_FLOATING_MODE;
    rnl_safetensors file;
    RNL_TRY(rnl_safetensors_read(&file, path));
    const rnl_status status = resume(model, &file, path, config);
    rnl_safetensors_release(&file);
    return status;
}
