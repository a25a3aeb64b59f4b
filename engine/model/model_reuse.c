/*
 * The values of layers that a configuration reuses of a saved model.
 */
#include "engine/base/error.h"
#include "engine/model/model.h"
#include "engine/model/model_start.h"
#include "engine/schema/config.h"

static rnl_status fail_changed(const rnl_reused *reused)
{
    return rnl_fail_at(reused->place,
                       "reuse: %s is not what it was when the configuration was read",
                       reused->path);
}

static rnl_status take_layer(rnl_layer *layer, const rnl_layer *saved, const rnl_reused *reused)
{
    char here[RNL_SHAPES_TEXT], there[RNL_SHAPES_TEXT];
    if (layer->choice->kind != saved->choice->kind)
        return fail_changed(reused);
    if (rnl_layers_differ(layer, saved, here, there))
        return rnl_fail_at(reused->place, "reuse: layer %s of %s: %s there, %s here", saved->name,
                           reused->path, there, here);
    return rnl_layer_take(layer, saved, false);
}

static rnl_status take_layers(rnl_model *model, const rnl_model *saved)
{
    const rnl_reused *reused = &model->config->reuse;
    const rnl_choice_list *entries = &saved->config->model;
    size_t layer = 0, from = 0, entry = 0;
    for (size_t i = 0; i < reused->count; ++i) {
        for (; entry < reused->entries[i] && entry < entries->count; ++entry)
            from += rnl_layers_of_entry(&entries->items[entry]);
        const size_t count = rnl_layers_of_entry(&model->config->model.items[i]);
        if (entry >= entries->count || from + count > saved->layer_count ||
            layer + count > model->layer_count)
            return fail_changed(reused);
        for (size_t k = 0; k < count; ++k)
            RNL_TRY(take_layer(&model->layers[layer + k], &saved->layers[from + k], reused));
        layer += count;
    }
    return RNL_OK;
}

static rnl_status take_scaler(rnl_scaler *scaler, const rnl_scaler *saved, const rnl_choice *here,
                              const rnl_choice *there)
{
    if (!rnl_scaling_comes_along(here, there) || scaler->features == 0 ||
        saved->features != scaler->features)
        return RNL_OK;
    rnl_scaler copy;
    RNL_TRY(rnl_scaler_copy(&copy, saved));
    rnl_scaler_release(scaler);
    *scaler = copy;
    return RNL_OK;
}

static rnl_status take_all(rnl_model *model, const rnl_model *saved)
{
    const rnl_reused *reused = &model->config->reuse;
    const rnl_data_config *here = &model->config->data, *there = &saved->config->data;
    RNL_TRY(take_layers(model, saved));
    rnl_model_follow_ties(model);
    if (reused->inputs)
        RNL_TRY(take_scaler(&model->scaler, &saved->scaler, &here->scaling, &there->scaling));
    return reused->outputs ? take_scaler(&model->target_scaler, &saved->target_scaler,
                                         &here->target_scaling, &there->target_scaling)
                           : RNL_OK;
}

rnl_status rnl_model_take_reused(rnl_model *model)
{
    rnl_model *saved;
    if (!model->config->reuse.path)
        return RNL_OK;
    RNL_TRY(rnl_model_load(&saved, model->config->reuse.path, NULL, 0));
    const rnl_status status = take_all(model, saved);
    rnl_model_free(saved);
    return status;
}

rnl_status rnl_reused_encoding(rnl_encoding *encoding, const rnl_config *config)
{
    rnl_model *saved;
    if (!config->reuse.path || !config->reuse.inputs)
        return RNL_OK;
    RNL_TRY(rnl_model_load(&saved, config->reuse.path, NULL, 0));
    const rnl_status status = rnl_encoding_copy(encoding, &saved->encoding);
    rnl_model_free(saved);
    return status;
}
