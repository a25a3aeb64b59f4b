/*
 * How a model file is read.
 */
#include "engine/base/error.h"
#include "engine/kinds/optimizers.h"
#include "engine/model/model_file.h"
#include "engine/model/model_tensors.h"
#include "engine/schema/config.h"
#include "threading/floating_mode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse_shape(rnl_shape *shape, const char *text)
{
    *shape = (rnl_shape){0};
    size_t features = 1;
    while (*text) {
        char *end;
        const unsigned long long size = strtoull(text, &end, 10);
        if (end == text || size == 0 || shape->rank == RNL_MAX_RANK ||
            __builtin_mul_overflow(features, size, &features))
            return false;
        shape->size[shape->rank++] = size;
        text = end + strspn(end, " ");
    }
    return shape->rank > 0;
}

static rnl_status metadata_of(const rnl_safetensors *file, const char *path, const char *key,
                              const char **value)
{
    *value = rnl_safetensors_metadata(file, key);
    return *value ? RNL_OK
                  : rnl_fail(RNL_BAD_DATA, "%s: not a Runnel model: its metadata has no '%s'", path,
                             key);
}

static rnl_status check_format(const rnl_safetensors *file, const char *path)
{
    const char *format, *version;
    RNL_TRY(metadata_of(file, path, "format", &format));
    if (strcmp(format, RNL_MODEL_FORMAT) != 0)
        return rnl_fail(RNL_BAD_DATA, "%s: expected a file of format %s, got %s", path,
                        RNL_MODEL_FORMAT, format);
    RNL_TRY(metadata_of(file, path, "format_version", &version));
    if (strcmp(version, RNL_MODEL_VERSION) != 0 && strcmp(version, RNL_MODEL_VERSION_BEFORE) != 0)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: written in version %s of the format, this program reads versions %s "
                        "and %s",
                        path, version, RNL_MODEL_VERSION_BEFORE, RNL_MODEL_VERSION);
    if (!file->has_digest)
        return rnl_fail(RNL_BAD_DATA, "%s: the digest is missing", path);
    return RNL_OK;
}

/* Finds the tensor of that name and shape. */
static rnl_status find_tensor(const rnl_safetensors *file, const char *path, const char *name,
                              size_t rank, const size_t *shape, bool wide,
                              const rnl_tensor **tensor)
{
    *tensor = rnl_safetensors_tensor(file, name);
    if (!*tensor)
        return rnl_fail(RNL_BAD_DATA, "%s: tensor %s is missing", path, name);
    if ((*tensor)->rank != rank || memcmp((*tensor)->shape, shape, rank * sizeof *shape) != 0)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: tensor %s does not have the shape that its layer expects", path, name);
    if ((*tensor)->wide != wide)
        return rnl_fail(RNL_BAD_DATA, "%s: tensor %s: expected elements of type %s", path, name,
                        wide ? "F64" : "F32");
    return RNL_OK;
}

static rnl_status find_parameter(const rnl_safetensors *file, const char *path,
                                 const rnl_layer *layer, const rnl_parameter *parameter,
                                 size_t array, const rnl_tensor **tensor)
{
    char name[RNL_TENSOR_NAME];
    rnl_tensor_name(name, layer, parameter, array);
    return find_tensor(file, path, name, parameter->rank, parameter->size, false, tensor);
}

static rnl_status find_parameters(const rnl_model *model, const rnl_safetensors *file,
                                  const char *path, size_t array)
{
    const rnl_tensor *tensor;
    for (size_t i = 0; i < model->layer_count; ++i)
        for (size_t p = 0; p < model->layers[i].parameter_count; ++p) {
            const rnl_parameter *parameter = &model->layers[i].parameters[p];
            if (rnl_parameter_has(&model->layers[i], parameter, array))
                RNL_TRY(find_parameter(file, path, &model->layers[i], parameter, array, &tensor));
        }
    return RNL_OK;
}

/* Finds all tensors before it allocates any array, so that a file cannot request more than a few
 * times its size. */
static rnl_status take_parameters(rnl_model *model, const rnl_safetensors *file, const char *path,
                                  size_t array)
{
    const rnl_tensor *tensor;
    RNL_TRY(find_parameters(model, file, path, array));
    RNL_TRY(rnl_model_allocate(model, path, array, 1));
    for (size_t i = 0; i < model->layer_count; ++i)
        for (size_t p = 0; p < model->layers[i].parameter_count; ++p) {
            const rnl_parameter *parameter = &model->layers[i].parameters[p];
            if (!rnl_parameter_has(&model->layers[i], parameter, array))
                continue;
            RNL_TRY(find_parameter(file, path, &model->layers[i], parameter, array, &tensor));
            memcpy(parameter->arrays[array], tensor->values,
                   rnl_parameter_count(parameter) * sizeof *tensor->values);
        }
    return RNL_OK;
}

static rnl_status take_data_digest(rnl_model *model, const rnl_safetensors *file, const char *path)
{
    const char *text = rnl_safetensors_metadata(file, "data_digest");
    if (text && !rnl_is_data_digest(text))
        return rnl_fail(RNL_BAD_DATA, "%s: not a whole checkpoint: data_digest: got '%.60s'", path,
                        text);
    snprintf(model->data_digest, sizeof model->data_digest, "%s", text ? text : "");
    return RNL_OK;
}

/* Takes what metrics need of the rows since the last report. */
static rnl_status take_tally(rnl_model *model, const rnl_safetensors *file, const char *path)
{
    const rnl_choice_list *metrics = &model->config->training.metrics;
    const size_t rows = model->position.sums.rows, classes = rnl_model_classes(model);
    const rnl_tally_needs needs = rnl_tally_needs_of(metrics, classes);
    const size_t counts_shape[] = {RNL_TALLY_COUNTS, classes},
                 scores_shape[] = {rows, needs.columns};
    const rnl_tensor *counts = NULL, *scores = NULL;
    if (rows == 0)
        return RNL_OK;
    if (needs.counts)
        RNL_TRY(find_tensor(file, path, RNL_METRIC_COUNTS, 2, counts_shape, true, &counts));
    if (needs.columns > 0)
        RNL_TRY(find_tensor(file, path, RNL_METRIC_SCORES, 2, scores_shape, false, &scores));
    RNL_TRY(rnl_tally_create(&model->tally, metrics, classes, rows, true));
    if (model->tally)
        model->tally->rows = rows;
    if (counts)
        memcpy(model->tally->counts, counts->wide_values,
               RNL_TALLY_COUNTS * classes * sizeof *model->tally->counts);
    if (scores)
        memcpy(model->tally->scores, scores->values,
               rows * needs.columns * sizeof *model->tally->scores);
    return !model->tally || rnl_tally_is_possible(model->tally)
               ? RNL_OK
               : rnl_fail(RNL_BAD_DATA,
                          "%s: not a whole checkpoint: its metrics do not count %zu rows of %zu "
                          "classes",
                          path, rows, classes);
}

/* Takes the optimizer's state and the position, if the file is a checkpoint. */
static rnl_status take_training(rnl_model *model, const rnl_safetensors *file, const char *path)
{
    const char *text = rnl_safetensors_metadata(file, "position");
    rnl_model_enter_phase(model, rnl_model_phases(model) - 1);
    if (!text)
        return RNL_OK;
    if (!rnl_position_parse(&model->position, text))
        return rnl_fail(RNL_BAD_DATA,
                        "%s: not a whole checkpoint: no training can stand at the position '%.60s'",
                        path, text);
    if (model->position.phase >= rnl_model_phases(model))
        return rnl_fail(RNL_BAD_DATA, "%s: not a whole checkpoint: it is in phase %llu of %zu",
                        path, (unsigned long long)model->position.phase + 1,
                        rnl_model_phases(model));
    rnl_model_enter_phase(model, model->position.phase);
    RNL_TRY(take_data_digest(model, file, path));
    const size_t slots = rnl_optimizer_slots(model->phase.optimizer);
    for (size_t a = RNL_FIRST_SLOT; a < RNL_FIRST_SLOT + slots; ++a)
        RNL_TRY(take_parameters(model, file, path, a));
    RNL_TRY(take_tally(model, file, path));
    return model->position.patience.best_step > 0 &&
                   model->phase.early_stopping->restore_best_weights
               ? take_parameters(model, file, path, RNL_BEST)
               : RNL_OK;
}

/* Takes an array of version 1, which has only scale and offset, as floats. */
static rnl_status take_old_array(rnl_scaler *scaler, const rnl_safetensors *file, const char *path,
                                 size_t array)
{
    char name[RNL_TENSOR_NAME];
    const rnl_tensor *tensor;
    rnl_scaler_name(name, RNL_SCALING, array);
    RNL_TRY(find_tensor(file, path, name, 1, &scaler->features, false, &tensor));
    for (size_t j = 0; j < scaler->features; ++j)
        rnl_scaler_array(scaler, array)[j] = (double)tensor->values[j];
    return RNL_OK;
}

static rnl_status take_scaler_array(rnl_scaler *scaler, const rnl_safetensors *file,
                                    const char *path, const char *prefix, size_t array)
{
    char name[RNL_TENSOR_NAME];
    const rnl_tensor *tensor;
    rnl_scaler_name(name, prefix, array);
    RNL_TRY(find_tensor(file, path, name, 1, &scaler->features, true, &tensor));
    memcpy(rnl_scaler_array(scaler, array), tensor->wide_values, scaler->features * sizeof(double));
    return RNL_OK;
}

/* Allocates nothing before the file is known to hold the arrays. */
static rnl_status take_scaler(rnl_scaler *scaler, const rnl_safetensors *file, const char *path,
                              const char *prefix, size_t features)
{
    char name[RNL_TENSOR_NAME];
    rnl_scaler_name(name, prefix, 1);
    const rnl_tensor *scale = rnl_safetensors_tensor(file, name);
    if (!scale)
        return RNL_OK;
    RNL_TRY(find_tensor(file, path, name, 1, &features, scale->wide, &scale));
    RNL_TRY(rnl_scaler_allocate(scaler, features));
    for (size_t a = 0; a < RNL_SCALER_ARRAYS; ++a)
        if (scale->wide)
            RNL_TRY(take_scaler_array(scaler, file, path, prefix, a));
        else if (a > 0)
            RNL_TRY(take_old_array(scaler, file, path, a));
    return RNL_OK;
}

static rnl_status take_clips(rnl_scaler *scaler, const rnl_safetensors *file, const char *path)
{
    const rnl_tensor *clip;
    if (scaler->features == 0 || !rnl_safetensors_tensor(file, RNL_CLIP))
        return RNL_OK;
    RNL_TRY(find_tensor(file, path, RNL_CLIP, 1, &scaler->features, false, &clip));
    RNL_TRY(rnl_scaler_add_clips(scaler));
    memcpy(scaler->clip, clip->values, scaler->features * sizeof *scaler->clip);
    return RNL_OK;
}

static rnl_status take_scalers(rnl_model *model, const rnl_safetensors *file, const char *path)
{
    RNL_TRY(
        take_scaler(&model->scaler, file, path, RNL_SCALING, rnl_shape_features(&model->input)));
    RNL_TRY(take_clips(&model->scaler, file, path));
    return take_scaler(&model->target_scaler, file, path, RNL_TARGET_SCALING,
                       rnl_model_targets(model));
}

/* Tests if there is a column of classes that the outputs can represent, or a column of values for
 * each output. */
static bool targets_fit(const rnl_model *model)
{
    const rnl_columns *targets = &model->encoding.targets;
    const size_t outputs = rnl_model_targets(model), classes = rnl_model_classes(model);
    if (targets->count == 0)
        return true;
    if (!targets->items[0].categorical)
        return targets->count == outputs;
    return classes > 0 ? targets->items[0].category_count <= classes : outputs == 1;
}

static rnl_status take_encoding(rnl_model *model, const rnl_safetensors *file, const char *path)
{
    const char *text = rnl_safetensors_metadata(file, "encoding");
    if (!text)
        return RNL_OK;
    RNL_TRY(rnl_encoding_parse(&model->encoding, path, text));
    model->encoding.rules = rnl_category_rules_of(&model->config->data);
    const size_t features = rnl_encoding_features(&model->encoding);
    if (model->input.rank != 1 || model->input.size[0] != features)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: encoding: its columns become %zu numbers, which input_shape does not "
                        "say",
                        path, features);
    return targets_fit(model)
               ? RNL_OK
               : rnl_fail(RNL_BAD_DATA, "%s: encoding: its targets do not fit the %zu outputs",
                          path, rnl_model_outputs(model));
}

/* Builds the model from the file's shape, parameters, encoding and scaling, and from the
 * configuration, of which it takes ownership. */
rnl_status rnl_model_from_file(rnl_model **model, const rnl_safetensors *file, const char *path,
                               rnl_config *config)
{
    const char *shape_text = NULL, *computed_with = NULL;
    rnl_status status = metadata_of(file, path, "input_shape", &shape_text);
    if (status == RNL_OK)
        status = metadata_of(file, path, "computed_with", &computed_with);
    rnl_shape shape;
    if (status == RNL_OK && !parse_shape(&shape, shape_text))
        status = rnl_fail(RNL_BAD_DATA, "%s: input_shape: expected the sizes of a row, got '%s'",
                          path, shape_text);
    if (status != RNL_OK) {
        rnl_config_free(config);
        return status;
    }
    rnl_model *built;
    RNL_TRY(rnl_model_build(&built, config, &shape));
    snprintf(built->computed_with, sizeof built->computed_with, "%s", computed_with);
    status = take_parameters(built, file, path, RNL_VALUES);
    if (status == RNL_OK)
        rnl_model_follow_ties(built);
    if (status == RNL_OK)
        status = take_training(built, file, path);
    if (status == RNL_OK)
        status = take_encoding(built, file, path);
    if (status == RNL_OK)
        status = take_scalers(built, file, path);
    if (status != RNL_OK) {
        rnl_model_free(built);
        return status;
    }
    *model = built;
    return RNL_OK;
}

/* Reads the file's configuration. */
rnl_status rnl_config_of_file(rnl_config **config, const rnl_safetensors *file, const char *path,
                              const char *const *overrides, size_t override_count)
{
    const char *text;
    RNL_TRY(check_format(file, path));
    RNL_TRY(metadata_of(file, path, "config", &text));
    return rnl_config_parse(config, path, text, overrides, override_count);
}

static rnl_status build_and_release(rnl_model **model, rnl_safetensors *file, const char *path,
                                    const char *const *overrides, size_t override_count)
{
    rnl_config *config;
    rnl_status status = rnl_config_of_file(&config, file, path, overrides, override_count);
    if (status == RNL_OK)
        status = rnl_model_from_file(model, file, path, config);
    rnl_safetensors_release(file);
    return status;
}

rnl_status rnl_model_load(rnl_model **model, const char *path, const char *const *overrides,
                          size_t override_count)
{
    RNL_OWN_FLOATING_MODE;
    rnl_safetensors file;
    RNL_TRY(rnl_safetensors_read(&file, path));
    return build_and_release(model, &file, path, overrides, override_count);
}

rnl_status rnl_model_load_memory(rnl_model **model, const char *name, const void *bytes,
                                 size_t count, const char *const *overrides, size_t override_count)
{
    RNL_OWN_FLOATING_MODE;
    rnl_safetensors file;
    RNL_TRY(rnl_safetensors_read_memory(&file, name, bytes, count));
    return build_and_release(model, &file, name, overrides, override_count);
}
