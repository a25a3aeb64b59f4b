/*
 * Loading data for a configuration or a model.
 */
#include "engine/base/error.h"
#include "engine/data/adapt.h"
#include "engine/data/class_selection.h"
#include "engine/data/compared_files.h"
#include "engine/data/formats.h"
#include "engine/data/held_inputs.h"
#include "engine/data/hold_out.h"
#include "engine/data/limit.h"
#include "engine/data/parts.h"
#include "engine/data/resize.h"
#include "engine/data/split.h"
#include "engine/kinds/losses.h"
#include "engine/kinds/scaling.h"
#include "engine/model/model.h"
#include "threading/floating_mode.h"

#include <stdlib.h>

/* Returns the configuration's settings for any set. */
static rnl_loading loading_of(const rnl_config *config)
{
    const rnl_choice *loss = &config->training.loss;
    return (rnl_loading){
        .seed = (uint64_t)config->training.seed,
        .target = loss->kind ? rnl_loss_of(loss)->target : RNL_TARGET_CLASS,
        .wide_inputs = rnl_scales(&config->data.scaling),
        .wide_values = rnl_scales(&config->data.target_scaling),
        .counts = loss->kind && rnl_loss_of(loss)->counts,
        .two_classes = loss->kind && rnl_loss_is_binary(loss),
        .resize = &config->data.resize,
    };
}

/* Inputs can stay in their files until it is known which rank needs which of their rows; but some
 * look at all rows, or make others of them. */
static rnl_job *job_of_parts(const rnl_config *config, unsigned parts, rnl_job *job)
{
    const bool chosen = config->data.limit > 0 || config->data.limit_per_class > 0;
    return job && (parts & RNL_TRAIN) && !config->training.inspect &&
                   config->data.resize.count == 0 &&
                   !(chosen && rnl_scales(&config->data.scaling)) &&
                   rnl_job_count(job) <= (size_t)config->training.shards
               ? job
               : NULL;
}

/* The ranks that load together. */
typedef struct together {
    rnl_job *job;
    bool told; /* all of them know of a failure */
} together;

static rnl_status load(rnl_data **data, const rnl_config *config, rnl_loading *loading,
                       unsigned parts, together *ranks)
{
    if (ranks) {
        loading->job = job_of_parts(config, parts, ranks->job);
        loading->told = &ranks->told;
    }
    return rnl_data_load_parts(data, config, loading, parts);
}

static rnl_status load_fresh(rnl_data **data, const rnl_config *config, unsigned parts,
                             together *ranks)
{
    rnl_loading loading = loading_of(config);
    rnl_encoding encoding = {0};
    RNL_TRY(rnl_reuse_check(config));
    RNL_TRY(rnl_reused_encoding(&encoding, config));
    loading.earlier = (rnl_earlier_encoding){&encoding, config->reuse.outputs};
    const rnl_status status = load(data, config, &loading, parts, ranks);
    rnl_encoding_release(&encoding);
    return status;
}

static rnl_status load_after(rnl_data **data, const rnl_config *config, const rnl_model *earlier,
                             unsigned parts, together *ranks)
{
    rnl_loading loading = loading_of(config);
    loading.earlier = (rnl_earlier_encoding){&earlier->encoding, true};
    return load(data, config, &loading, parts, ranks);
}

static rnl_status load_for(rnl_data **data, const rnl_model *model, unsigned parts, together *ranks)
{
    rnl_loading loading = loading_of(model->config);
    loading.encoding = (rnl_encoding *)&model->encoding;
    return load(data, model->config, &loading, parts, ranks);
}

rnl_status rnl_data_load(rnl_data **data, const rnl_config *config, unsigned parts)
{
    RNL_OWN_FLOATING_MODE;
    return load_fresh(data, config, parts, NULL);
}

rnl_status rnl_data_load_after(rnl_data **data, const rnl_config *config, const rnl_model *earlier,
                               unsigned parts)
{
    RNL_OWN_FLOATING_MODE;
    return load_after(data, config, earlier, parts, NULL);
}

rnl_status rnl_data_load_for(rnl_data **data, const rnl_model *model, unsigned parts)
{
    RNL_OWN_FLOATING_MODE;
    return load_for(data, model, parts, NULL);
}

rnl_status rnl_data_load_among(rnl_data **data, const rnl_config *config, const rnl_model *model,
                               unsigned parts, rnl_job *job)
{
    RNL_OWN_FLOATING_MODE;
    const rnl_config *used = config ? config : model->config;
    together ranks = {.job = job};
    rnl_data *loaded = NULL;
    RNL_TRY(rnl_data_compare_config(used, job));
    const unsigned sets = rnl_data_sets_read(&used->data, config ? NULL : &model->encoding, parts);
    RNL_TRY(rnl_data_compare_files(&used->data, sets, job));
    rnl_status status = !model   ? load_fresh(&loaded, config, parts, &ranks)
                        : config ? load_after(&loaded, config, model, parts, &ranks)
                                 : load_for(&loaded, model, parts, &ranks);
    if (!ranks.told)
        status = rnl_data_hold(loaded, used, job, status);
    if (status == RNL_OK)
        *data = loaded;
    else
        rnl_data_free(loaded);
    return status;
}

const struct rnl_csv_parameters *rnl_model_table(const rnl_model *model)
{
    const rnl_choice *train = &model->config->data.train;
    const bool table = train->kind && train->kind->operations == &rnl_csv_format;
    if (!rnl_encoding_measured(&model->encoding))
        return NULL;
    return table ? train->parameters : &rnl_csv_plain;
}

static rnl_status read_files(rnl_data *data, const rnl_model *model, const char *inputs,
                             const char *targets, bool predicting)
{
    const rnl_array_files files = {.inputs = (char *)(uintptr_t)inputs,
                                   .targets = (char *)(uintptr_t)targets};
    rnl_loading loading = loading_of(model->config);
    loading.predicting = predicting;
    loading.weights_optional = true;
    rnl_loading_mirror(&loading, &model->config->data);
    loading.without_targets |= rnl_targets_are_inputs(&model->config->data) && !targets;
    loading.encoding = &data->encoding;
    RNL_TRY(rnl_encoding_copy(&data->encoding, &model->encoding));
    rnl_class_use use;
    RNL_TRY(rnl_class_use_begin(&use, &model->config->data.classes));
    loading.classes = model->config->data.classes.kind ? &use : NULL;
    const rnl_status status = rnl_files_read(&data->test, &files, rnl_model_table(model), &loading);
    rnl_class_use_end(&use);
    rnl_data_mirror(data, &model->config->data);
    return status;
}

rnl_status rnl_data_read(rnl_data **data, const rnl_model *model, const char *path)
{
    RNL_OWN_FLOATING_MODE;
    rnl_data *read = rnl_data_create_empty();
    if (!read)
        return rnl_fail_memory(sizeof *read);
    return rnl_data_deliver(data, read, read_files(read, model, path, NULL, true));
}

rnl_status rnl_data_read_labelled(rnl_data **data, const rnl_model *model, const char *path,
                                  const char *targets)
{
    RNL_OWN_FLOATING_MODE;
    rnl_data *read = rnl_data_create_empty();
    if (!read)
        return rnl_fail_memory(sizeof *read);
    return rnl_data_deliver(data, read, read_files(read, model, path, targets, false));
}

/* ---- the caller's rows ----------------------------------------------------------------------- */

static rnl_status adapt_parts(rnl_data *data, const rnl_loading *loading)
{
    rnl_dataset *const parts[] = {&data->train, &data->validation, &data->test};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; ++i)
        if (parts[i]->rows > 0)
            RNL_TRY(rnl_dataset_adapt(parts[i], false, loading));
    return RNL_OK;
}

/* Takes the validation rows that the configuration splits off, then the limit. */
static rnl_status take_parts(rnl_data *data, const rnl_config *config, const rnl_loading *loading)
{
    const bool splits = rnl_split_is_on(&config->data) && data->train.rows > 0;
    if (splits && data->validation.rows > 0)
        return rnl_fail(RNL_BAD_CONFIG, "expected validation rows or a configuration that splits "
                                        "them off the training rows, got both");
    if (splits) {
        RNL_TRY(rnl_dataset_own(&data->train));
        RNL_TRY(rnl_split(&data->validation, &data->train, config, loading));
    }
    return rnl_limit(&data->train, config);
}

/* Makes class numbers values under a loss of numbers, as those of files are. */
static rnl_status take_numbers(rnl_data *data, const rnl_choice *loss)
{
    if (!loss->kind || !rnl_loss_is_of_numbers(loss))
        return RNL_OK;
    RNL_TRY(rnl_dataset_take_numbers(&data->train));
    RNL_TRY(rnl_dataset_take_numbers(&data->validation));
    return rnl_dataset_take_numbers(&data->test);
}

static rnl_status shape_data(rnl_data *data, const rnl_config *config)
{
    rnl_class_use use;
    rnl_loading loading = loading_of(config);
    rnl_loading_mirror(&loading, &config->data);
    RNL_TRY(rnl_split_check(&config->data));
    RNL_TRY(rnl_limit_check(&config->data));
    RNL_TRY(rnl_resize_check(&config->data));
    RNL_TRY(rnl_class_use_begin(&use, &config->data.classes));
    loading.classes = config->data.classes.kind ? &use : NULL;
    rnl_status status = adapt_parts(data, &loading);
    if (status == RNL_OK && loading.classes && data->train.rows > 0)
        status = rnl_class_use_check(&use, &data->train, NULL);
    if (status == RNL_OK)
        status = rnl_data_check_shapes(data);
    if (status == RNL_OK)
        status = take_parts(data, config, &loading);
    if (status == RNL_OK)
        status = take_numbers(data, &config->training.loss);
    rnl_class_use_end(&use);
    rnl_data_mirror(data, &config->data);
    data->shaped = true;
    return status;
}

rnl_status rnl_data_create_for(rnl_data **data, const rnl_config *config, const rnl_rows *train,
                               const rnl_rows *validation, const rnl_rows *test)
{
    RNL_OWN_FLOATING_MODE;
    rnl_data *created;
    RNL_TRY(rnl_data_create_encoded(&created, NULL, config, train, validation, test));
    return rnl_data_deliver(data, created, shape_data(created, config));
}

rnl_status rnl_data_create_after(rnl_data **data, const rnl_config *config,
                                 const rnl_model *earlier, const rnl_rows *train,
                                 const rnl_rows *validation, const rnl_rows *test)
{
    RNL_OWN_FLOATING_MODE;
    rnl_data *created;
    config = config ? config : earlier->config;
    RNL_TRY(rnl_data_create_encoded(&created, &earlier->encoding, config, train, validation, test));
    return rnl_data_deliver(data, created, shape_data(created, config));
}
