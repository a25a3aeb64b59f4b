/*
 * Batch normalization outside of training: by its moving averages.
 */
#include "engine/layers/batch_normalization.h"

#include "engine/base/error.h"
#include "engine/predictor/predictor.h"

#include <stdlib.h>
#include <string.h>

typedef struct normalization_inference {
    size_t columns;
    float epsilon;
    float *gamma, *beta; /* (columns), or NULL for 1 and 0 */
    float *mean, *variance;
} normalization_inference;

static void run_inference(const void *self, const rnl_stage_rows *rows)
{
    const normalization_inference *n = self;
    rows->kernels->normalize(&(const rnl_normalize){
        .rows = rows->rows,
        .columns = n->columns,
        .x = rows->x,
        .mean = n->mean,
        .variance = n->variance,
        .gamma = n->gamma,
        .beta = n->beta,
        .epsilon = n->epsilon,
        .y = rows->y,
    });
}

static void fill(float *to, const rnl_layer *layer, size_t parameter)
{
    if (parameter != RNL_ABSENT)
        memcpy(to, layer->parameters[parameter].arrays[RNL_VALUES],
               rnl_parameter_count(&layer->parameters[parameter]) * sizeof *to);
}

static void fill_inference(void *self, const rnl_layer *layer)
{
    const normalization_inference *n = self;
    const rnl_normalization_places at = rnl_normalization_places_of(layer);
    fill(n->gamma, layer, at.gamma);
    fill(n->beta, layer, at.beta);
    fill(n->mean, layer, at.moving_mean);
    fill(n->variance, layer, at.moving_variance);
}

static rnl_status reserve(rnl_predictor *predictor, float **array, size_t columns, size_t parameter)
{
    return parameter == RNL_ABSENT
               ? RNL_OK
               : rnl_arena_reserve(&predictor->arena, array, columns, sizeof **array);
}

rnl_status rnl_normalization_plan_inference(const rnl_layer *layer, rnl_predictor *predictor)
{
    const rnl_normalization_places at = rnl_normalization_places_of(layer);
    normalization_inference *n = calloc(1, sizeof *n);
    if (!n)
        return rnl_fail_memory(sizeof *n);
    n->columns = layer->output.size[0];
    n->epsilon = (float)rnl_batch_normalization_of(layer)->epsilon;
    RNL_TRY(
        rnl_predictor_add(predictor, n->columns,
                          (rnl_stage){.self = n, .fill = fill_inference, .run = run_inference}));
    RNL_TRY(reserve(predictor, &n->gamma, n->columns, at.gamma));
    RNL_TRY(reserve(predictor, &n->beta, n->columns, at.beta));
    RNL_TRY(reserve(predictor, &n->mean, n->columns, at.moving_mean));
    return reserve(predictor, &n->variance, n->columns, at.moving_variance);
}
