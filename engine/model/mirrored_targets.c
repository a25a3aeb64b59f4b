#include "engine/model/mirrored_targets.h"

#include "engine/base/error.h"
#include "engine/data/adapt.h"
#include "engine/kinds/losses.h"
#include "engine/kinds/metrics.h"

static rnl_status check_loss(const rnl_model *model)
{
    const rnl_choice *loss = &model->config->training.loss;
    if (rnl_loss_of(loss)->target != RNL_TARGET_VALUES || rnl_loss_quantiles(loss))
        return rnl_fail_at(loss->place,
                           "loss: expected one that compares values under data.targets: inputs, "
                           "such as mean_squared_error, got %s",
                           loss->kind->name);
    return RNL_OK;
}

static rnl_status check_outputs(const rnl_model *model)
{
    const rnl_layer *last = &model->layers[model->layer_count - 1];
    const size_t outputs = rnl_shape_features(&last->output),
                 inputs = rnl_shape_features(&model->input);
    const bool of_classes = rnl_loss_classes(&model->config->training.loss, outputs) > 0;
    if (outputs != inputs)
        return rnl_fail_at(last->choice->place,
                           "%s: expected an output for each of the %zu inputs, which are the "
                           "targets (data.targets: inputs), got %zu",
                           last->name, inputs, outputs);
    if (of_classes)
        return rnl_fail_at(last->choice->place,
                           "%s: expected two inputs or more under binary_crossentropy and "
                           "data.targets: inputs",
                           last->name);
    return RNL_OK;
}

static rnl_status check_metrics(const rnl_choice_list *metrics)
{
    for (size_t m = 0; m < metrics->count; ++m)
        if (rnl_metric_of(&metrics->items[m])->variances)
            return rnl_fail_at(metrics->items[m].place,
                               "metric %s is not measured under data.targets: inputs; mse and mae "
                               "are",
                               metrics->items[m].kind->name);
    return RNL_OK;
}

rnl_status rnl_mirrored_check(const rnl_model *model)
{
    const rnl_choice *scaling = &model->config->data.target_scaling;
    if (!rnl_targets_are_inputs(&model->config->data))
        return RNL_OK;
    if (rnl_scales(scaling) && scaling->place.origin != RNL_FROM_PRESET)
        return rnl_fail_at(scaling->place,
                           "target_scaling: expected none under data.targets: inputs, where the "
                           "targets are the scaled inputs, got %s",
                           scaling->kind->name);
    RNL_TRY(check_loss(model));
    RNL_TRY(check_outputs(model));
    return check_metrics(&model->config->training.metrics);
}

static rnl_status check_rows(const rnl_model *model, const rnl_dataset *train, size_t first,
                             size_t last)
{
    const rnl_choice *loss = &model->config->training.loss;
    const bool counts = rnl_loss_of(loss)->counts;
    for (size_t i = first * train->features; i < last * train->features; ++i) {
        const size_t feature = i % train->features;
        const double x = rnl_scaler_apply(&model->scaler, feature,
                                          rnl_element_at(train->element, train->inputs, i));
        if (!(x >= 0 && (counts || x <= 1)))
            return rnl_fail(RNL_BAD_DATA,
                            "%s: row %zu, column %zu: loss %s needs numbers from 0 %s as "
                            "targets, which are the scaled inputs, got %g; data.scaling: range "
                            "gives such",
                            train->name, i / train->features, feature, loss->kind->name,
                            counts ? "up" : "to 1", x);
    }
    return RNL_OK;
}

rnl_status rnl_mirrored_check_rows(const rnl_model *model, const rnl_dataset *train)
{
    const rnl_row_parts *parts = train->parts;
    const rnl_choice *loss = &model->config->training.loss;
    if (!rnl_targets_are_inputs(&model->config->data) ||
        !(rnl_loss_is_binary(loss) || rnl_loss_of(loss)->counts))
        return RNL_OK;
    if (!parts)
        return check_rows(model, train, 0, train->rows);
    for (size_t run = 0; run < parts->count; ++run)
        if (rnl_parts_own(parts, run))
            RNL_TRY(check_rows(model, train, rnl_parts_begin(parts, run), parts->ends[run]));
    return RNL_OK;
}
