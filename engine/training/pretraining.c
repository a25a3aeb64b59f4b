/*
 * Unsupervised pretraining: an autoencoder whose encoder is a net without its head, trained as a
 * whole or layer by layer.
 */
#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/data/dataset.h"
#include "engine/model/model.h"
#include "engine/training/pretraining_config.h"
#include "threading/floating_mode.h"

#include <stdlib.h>
#include <string.h>

/* Outputs of the layers before a stage, for one part of the data. */
typedef struct code_rows {
    float *training, *validation;
} code_rows;

struct rnl_pretraining {
    rnl_segments segments;
    size_t stages;
    bool stacked;
    rnl_data *data;         /* as the configuration says */
    const rnl_kind *preset; /* of the configuration, which its parts leave out; NULL: none */
    rnl_model *whole;       /* the autoencoder, with what has been trained so far */
    size_t taken;           /* stages whose weights it has */
    code_rows codes;        /* of the stage at hand, from the second on */
    rnl_data *coded;        /* the same as rows */
};

static rnl_stretch whole_stretch(const rnl_pretraining *p, bool noisy)
{
    return (rnl_stretch){.from = 0,
                         .to = p->segments.count,
                         .noisy = noisy,
                         .mirrored = true,
                         .inputs = p->data->train.features};
}

static rnl_status load_data(rnl_pretraining *p)
{
    rnl_config *config;
    const rnl_stretch any = {.to = p->segments.count, .mirrored = true, .inputs = 1};
    RNL_TRY(rnl_stretch_configure(&config, &p->segments, any));
    const rnl_status status = rnl_data_load(&p->data, config, RNL_TRAIN | RNL_VALIDATION);
    rnl_config_free(config);
    return status;
}

/* Creates a model for a stretch and rows. */
static rnl_status create_model(rnl_model **model, const rnl_pretraining *p, rnl_stretch stretch,
                               const rnl_data *data)
{
    rnl_config *config;
    RNL_TRY(rnl_stretch_configure(&config, &p->segments, stretch));
    config->preset = p->preset;
    const rnl_status status = rnl_model_create(model, config, data);
    rnl_config_free(config);
    return status;
}

static rnl_status set_up(rnl_pretraining *p, const rnl_config *config)
{
    RNL_TRY(rnl_segments_cut(&p->segments, config));
    p->preset = config->preset;
    p->stacked = rnl_pretraining_is_stacked(config);
    p->stages = p->stacked ? p->segments.count : 1;
    RNL_TRY(load_data(p));
    return create_model(&p->whole, p, whole_stretch(p, false), p->data);
}

rnl_status rnl_pretraining_create(rnl_pretraining **pretraining, const rnl_config *config)
{
    RNL_OWN_FLOATING_MODE;
    rnl_pretraining *p = calloc(1, sizeof *p);
    if (!p)
        return rnl_fail_memory(sizeof *p);
    const rnl_status status = set_up(p, config);
    if (status == RNL_OK)
        *pretraining = p;
    else
        rnl_pretraining_free(p);
    return status;
}

static void release_codes(rnl_pretraining *p)
{
    rnl_data_free(p->coded);
    free(p->codes.training);
    free(p->codes.validation);
    p->coded = NULL;
    p->codes = (code_rows){0};
}

void rnl_pretraining_free(rnl_pretraining *p)
{
    if (!p)
        return;
    release_codes(p);
    rnl_model_free(p->whole);
    rnl_data_free(p->data);
    rnl_segments_release(&p->segments);
    free(p);
}

size_t rnl_pretraining_stages(const rnl_pretraining *p)
{
    return p->stages;
}

/* ---- weights from one model to another ------------------------------------------------------- */

static float *values_of(const rnl_model *model, const char *layer, const rnl_parameter *like)
{
    for (size_t i = 0; i < model->layer_count; ++i)
        for (size_t q = 0;
             strcmp(model->layers[i].name, layer) == 0 && q < model->layers[i].parameter_count;
             ++q) {
            const rnl_parameter *own = &model->layers[i].parameters[q];
            if (strcmp(own->name, like->name) == 0 &&
                rnl_parameter_count(own) == rnl_parameter_count(like))
                return own->arrays[RNL_VALUES];
        }
    return NULL;
}

/* Copies the parameters that both have, by layer and name. */
static void copy_common(rnl_model *to, const rnl_model *from)
{
    for (size_t i = 0; i < from->layer_count; ++i)
        for (size_t q = 0; q < from->layers[i].parameter_count; ++q) {
            const rnl_parameter *source = &from->layers[i].parameters[q];
            float *values = values_of(to, from->layers[i].name, source);
            if (values)
                memcpy(values, source->arrays[RNL_VALUES],
                       rnl_parameter_count(source) * sizeof *values);
        }
    rnl_model_follow_ties(to);
}

/* ---- codes ----------------------------------------------------------------------------------- */

static rnl_status encode(float **codes, const rnl_model *encoder, const rnl_data *data,
                         rnl_part part, const rnl_options *options)
{
    rnl_prediction *prediction = NULL;
    const size_t rows = rnl_data_rows(data, part), outputs = rnl_model_outputs(encoder);
    if (rows == 0)
        return RNL_OK;
    RNL_TRY(rnl_predict(encoder, data, part, options, &prediction));
    const rnl_status status = rnl_allocate_rows(codes, "the codes", rows, outputs, sizeof **codes);
    if (status == RNL_OK)
        memcpy(*codes, prediction->values, rows * outputs * sizeof **codes);
    rnl_prediction_free(prediction);
    return status;
}

static rnl_rows rows_of(const rnl_dataset *set, const float *codes, const size_t *width)
{
    return (rnl_rows){.rows = set->rows,
                      .rank = 1,
                      .shape = width,
                      .floats = codes,
                      .sample_weights = set->sample_weights};
}

static rnl_status make_codes(rnl_pretraining *p, const rnl_model *encoder,
                             const rnl_options *options)
{
    const size_t width[] = {rnl_model_outputs(encoder)};
    RNL_TRY(encode(&p->codes.training, encoder, p->data, RNL_TRAIN, options));
    RNL_TRY(encode(&p->codes.validation, encoder, p->data, RNL_VALIDATION, options));
    const rnl_rows training = rows_of(&p->data->train, p->codes.training, width),
                   validation = rows_of(&p->data->validation, p->codes.validation, width);
    RNL_TRY(rnl_data_create(&p->coded, &training, &validation, NULL));
    p->coded->shaped = true;
    return RNL_OK;
}

/* Runs the rows through the layers before a stage. */
static rnl_status encode_rows(rnl_pretraining *p, size_t stage, const rnl_options *options)
{
    const rnl_stretch before = {.to = stage - 1};
    rnl_model *encoder;
    release_codes(p);
    if (stage == 1)
        return RNL_OK;
    RNL_TRY(create_model(&encoder, p, before, p->data));
    copy_common(encoder, p->whole);
    const rnl_status status = make_codes(p, encoder, options);
    rnl_model_free(encoder);
    return status;
}

/* ---- stages ---------------------------------------------------------------------------------- */

static rnl_status check_stage(const rnl_pretraining *p, size_t stage)
{
    return stage == p->taken + 1 && stage <= p->stages
               ? RNL_OK
               : rnl_fail(RNL_BAD_CONFIG,
                          "pretraining: expected stage %zu of %zu, one after the other, got %zu",
                          p->taken < p->stages ? p->taken + 1 : p->stages, p->stages, stage);
}

rnl_status rnl_pretraining_begin(rnl_pretraining *p, size_t stage, const rnl_options *options,
                                 rnl_model **model, const rnl_data **data)
{
    RNL_OWN_FLOATING_MODE;
    RNL_TRY(check_stage(p, stage));
    RNL_TRY(encode_rows(p, stage, options));
    const rnl_data *rows = stage > 1 ? p->coded : p->data;
    rnl_stretch stretch = whole_stretch(p, true);
    if (p->stacked)
        stretch = (rnl_stretch){.from = stage - 1,
                                .to = stage,
                                .noisy = true,
                                .mirrored = true,
                                .inputs = rows->train.features};
    rnl_model *created;
    RNL_TRY(create_model(&created, p, stretch, rows));
    copy_common(created, p->whole);
    *model = created;
    *data = rows;
    return RNL_OK;
}

rnl_status rnl_pretraining_take(rnl_pretraining *p, size_t stage, const rnl_model *trained)
{
    RNL_TRY(check_stage(p, stage));
    copy_common(p->whole, trained);
    memcpy(p->whole->computed_with, trained->computed_with, sizeof p->whole->computed_with);
    ++p->taken;
    return RNL_OK;
}

const rnl_model *rnl_pretraining_model(const rnl_pretraining *p)
{
    return p->whole;
}

const rnl_data *rnl_pretraining_data(const rnl_pretraining *p)
{
    return p->data;
}
