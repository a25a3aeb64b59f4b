/*
 * A model of a configuration and its data: built, checked against them, with its first values and
 * its scaling.
 */
#include "engine/base/error.h"
#include "engine/base/job_agreement.h"
#include "engine/data/adapt.h"
#include "engine/data/resize.h"
#include "engine/model/loss_check.h"
#include "engine/model/model.h"
#include "threading/floating_mode.h"

#include <string.h>

rnl_status rnl_model_check_scaling(const rnl_model *model)
{
    if (model->scaler.features == 0)
        return rnl_fail(RNL_BAD_DATA,
                        "the model's scaling of inputs was never measured: create it with training "
                        "rows");
    if (rnl_scales(&model->config->data.target_scaling) &&
        !rnl_targets_are_inputs(&model->config->data) && model->target_scaler.features == 0)
        return rnl_fail(RNL_BAD_DATA,
                        "the model's scaling of targets was never measured: create it with "
                        "training rows and their targets");
    return RNL_OK;
}

rnl_status rnl_model_check_rows(const rnl_model *model, const rnl_dataset *dataset)
{
    const size_t features = rnl_shape_features(&model->input);
    if (dataset->features != features)
        return rnl_fail(RNL_BAD_DATA, "%s: expected rows of %zu features as the model has, got %zu",
                        dataset->name, features, dataset->features);
    return RNL_OK;
}

rnl_status rnl_model_check_targets(const rnl_model *model, const rnl_dataset *dataset)
{
    if (rnl_targets_are_inputs(&model->config->data))
        return RNL_OK;
    if (dataset->labels)
        RNL_TRY(rnl_model_check_classes(model, dataset));
    RNL_TRY(rnl_loss_check_rows(&model->config->training.loss, dataset, rnl_model_outputs(model)));
    if (dataset->labels && rnl_scaler_changes(&model->target_scaler))
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected target values, as the model scales them, got class numbers",
                        dataset->name);
    return RNL_OK;
}

static const rnl_dataset *first_loaded(const rnl_data *data)
{
    if (data->train.rows > 0)
        return &data->train;
    return data->validation.rows > 0 ? &data->validation : &data->test;
}

static rnl_status check_parts(const rnl_model *model, const rnl_data *data)
{
    const rnl_dataset *const parts[] = {&data->train, &data->validation, &data->test};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; ++i)
        if (parts[i]->rows > 0) {
            RNL_TRY(rnl_model_check_rows(model, parts[i]));
            if (parts[i]->labels || parts[i]->values)
                RNL_TRY(rnl_model_check_targets(model, parts[i]));
        }
    return RNL_OK;
}

static rnl_status initialize(rnl_model *model)
{
    RNL_TRY(rnl_model_allocate(model, "the parameters", RNL_VALUES, 1));
    for (size_t i = 0; i < model->layer_count; ++i) {
        const rnl_layer_operations *operations = rnl_layer_operations_of(&model->layers[i]);
        if (operations->initialize)
            operations->initialize(&model->layers[i], (uint64_t)model->config->training.seed);
    }
    rnl_model_follow_ties(model);
    return RNL_OK;
}

/* A preset scales targets that are numbers, and leaves classes unscaled. */
static rnl_status measure_targets(rnl_model *model, const rnl_dataset *train)
{
    const rnl_choice *scaling = &model->config->data.target_scaling;
    const rnl_choice none = {.kind = rnl_kind_find(&rnl_target_scalings, "none")};
    const bool by_preset = scaling->place.origin == RNL_FROM_PRESET;
    if (rnl_targets_are_inputs(&model->config->data))
        return RNL_OK;
    if (!rnl_scales(scaling) || (!train->labels && !train->values))
        return RNL_OK;
    if (train->labels && !by_preset)
        return rnl_fail_at(scaling->place,
                           "target_scaling: expected target values, got the class numbers of %s",
                           train->name);
    const rnl_numbers classes = {.columns = rnl_model_targets(model), .name = train->name};
    const rnl_numbers values = rnl_dataset_values(train);
    return train->labels ? rnl_scaler_create(&model->target_scaler, &none, &classes, NULL)
                         : rnl_scaler_create(&model->target_scaler, scaling, &values, NULL);
}

/* Tests if the scaling is one by columns of a reused model, for rows without names of columns: its
 * numbers are taken by position, with the layers. */
static bool scaling_is_taken(const rnl_model *model)
{
    const rnl_choice *scaling = &model->config->data.scaling;
    return scaling->kind == rnl_scalings.unnamed && scaling->place.origin == RNL_FROM_MODEL &&
           !rnl_encoding_measured(&model->encoding);
}

static rnl_status measure_scalers(rnl_model *model, const rnl_dataset *train)
{
    const rnl_choice none = {.kind = rnl_kind_find(&rnl_scalings, "none")};
    const rnl_choice *scaling = scaling_is_taken(model) ? &none : &model->config->data.scaling;
    const rnl_numbers inputs = rnl_dataset_inputs(train);
    RNL_TRY(rnl_scaler_create(&model->scaler, scaling, &inputs, &model->encoding));
    return measure_targets(model, train);
}

/* All but what is measured on the rows. */
static rnl_status build(rnl_model **built, const rnl_config *config, const rnl_data *data)
{
    const rnl_dataset *rows = first_loaded(data);
    if (rows->rows == 0)
        return rnl_fail(RNL_BAD_DATA, "a model needs data to know the shape of its rows");
    if (!rnl_has_size(&config->data.resize, rows->shape, rows->rank))
        return rnl_fail_at(config->data.resize.place,
                           "resize: expected rows of that size: rnl_data_create_for resizes a "
                           "program's own");
    rnl_shape input = {.rank = rows->rank};
    memcpy(input.size, rows->shape, rows->rank * sizeof *input.size);
    RNL_TRY(rnl_model_build(built, rnl_config_share(config), &input));
    RNL_TRY(initialize(*built));
    RNL_TRY(rnl_encoding_copy(&(*built)->encoding, &data->encoding));
    (*built)->encoding.rules = rnl_category_rules_of(&config->data);
    return check_parts(*built, data);
}

rnl_status rnl_model_create(rnl_model **model, const rnl_config *config, const rnl_data *data)
{
    RNL_OWN_FLOATING_MODE;
    rnl_model *built = NULL;
    rnl_status status = build(&built, config, data);
    if (data->train.parts)
        status = rnl_job_agree_on(data->train.parts->job, status);
    if (status == RNL_OK && data->train.rows > 0)
        status = measure_scalers(built, &data->train);
    if (status == RNL_OK)
        status = rnl_model_take_reused(built);
    if (status != RNL_OK) {
        rnl_model_free(built);
        return status;
    }
    *model = built;
    return RNL_OK;
}
