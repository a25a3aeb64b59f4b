#include "engine/step/gather.h"

#include "engine/step/mixed_precision.h"
#include "engine/step/row_tiles.h"

#include <string.h>

bool rnl_batch_is_weighted(const rnl_step *step, const rnl_batch *batch)
{
    return batch->dataset->sample_weights || (batch->training && step->given.class_weights);
}

/* Returns the class that a row's target values stand for. */
static int32_t label_of(const rnl_step *step, const float *targets)
{
    int32_t label;
    const size_t columns = rnl_step_targets(step)->columns;
    if (columns == 1)
        return targets[0] > 0.5f;
    step->kernels->largest(
        &(const rnl_largest){.rows = 1, .columns = columns, .z = {targets, 0}, .column = &label});
    return label;
}

void rnl_gather_rows(const rnl_kernels *kernels, rnl_element element, const rnl_gather *rows)
{
    if (element == RNL_UINT8)
        kernels->gather_uint8(rows);
    else if (element == RNL_FLOAT32)
        kernels->gather_float32(rows);
    else
        kernels->gather_float64(rows);
}

/* Tests if scaling is a multiplication by one factor. */
static bool has_one_factor(const rnl_scaler *scaler)
{
    for (size_t j = 0; j < scaler->features; ++j)
        if (scaler->centre[j] != 0 || scaler->offset[j] != 0 ||
            scaler->scale[j] != scaler->scale[0])
            return false;
    return scaler->features > 0;
}

/* Scales each byte both ways.  Without vectors doubles are as fast. */
rnl_byte_scale rnl_byte_scale_of(const rnl_kernels *kernels, const rnl_scaler *scaler)
{
    enum { BYTES = 256 };
    if (!has_one_factor(scaler) || kernels->isa == RNL_ISA_SCALAR)
        return (rnl_byte_scale){0};
    uint8_t bytes[BYTES];
    double zeros[BYTES] = {0}, scale[BYTES];
    float by_doubles[BYTES], by_floats[BYTES];
    for (size_t i = 0; i < BYTES; ++i) {
        bytes[i] = (uint8_t)i;
        scale[i] = scaler->scale[0];
    }
    rnl_gather row = {
        .rows = 1,
        .features = BYTES,
        .indices = &(const uint32_t){0},
        .source = bytes,
        .centre = zeros,
        .scale = scale,
        .offset = zeros,
        .x = {by_doubles, BYTES},
    };
    kernels->gather_uint8(&row);
    row.high = (float)scale[0];
    row.low = (float)(scale[0] - (double)row.high);
    row.x.values = by_floats;
    kernels->gather_uint8(&row);
    return memcmp(by_doubles, by_floats, sizeof by_floats) == 0
               ? (rnl_byte_scale){row.high, row.low}
               : (rnl_byte_scale){0};
}

/* Gathers rows of the dataset, scaled, into the mini-batch. */
static void gather(const rnl_step *step, rnl_numbers numbers, const rnl_scaler *scaler,
                   rnl_byte_scale byte_scale, const rnl_batch *batch, rnl_row_tile rows,
                   const rnl_matrix *to)
{
    const rnl_gather arguments = {
        .rows = rows.filled - rows.begin,
        .features = numbers.columns,
        .indices = batch->indices + rows.number,
        .source = numbers.array,
        .centre = scaler->centre,
        .scale = scaler->scale,
        .offset = scaler->offset,
        .high = byte_scale.high,
        .low = byte_scale.low,
        .x = rnl_matrix_at(to, rows.begin, 0),
    };
    if (rows.filled == rows.begin)
        return;
    rnl_gather_rows(step->kernels, numbers.element, &arguments);
}

static void clip(const rnl_step *step, rnl_row_tile rows)
{
    const rnl_matrix *x = &step->input;
    step->kernels->smooth_clip(&(const rnl_smooth_clip){.rows = rows.filled - rows.begin,
                                                        .columns = x->columns,
                                                        .x = rnl_matrix_at(x, rows.begin, 0),
                                                        .c = step->given.model->scaler.clip});
}

static void gather_row_targets(const rnl_step *step, const rnl_dataset *dataset, uint32_t index,
                               size_t i)
{
    const size_t outputs = step->per_row.targets.columns;
    float *targets = step->per_row.targets.values + i * step->per_row.targets.stride;
    for (size_t j = 0; j < outputs; ++j)
        targets[j] = (float)rnl_dataset_target(dataset, index, j, outputs);
}

static void gather_targets(const rnl_step *step, const rnl_batch *batch, rnl_row_tile rows)
{
    const rnl_dataset *dataset = batch->dataset;
    const rnl_matrix *targets = rnl_step_targets(step);
    const bool wanted = step->per_row.targets.columns > 0;
    const bool scaled = wanted && dataset->values && step->given.model->target_scaler.features > 0;
    const uint32_t *indices = batch->indices + rows.number;
    if (scaled)
        gather(step, rnl_dataset_values(dataset), &step->given.model->target_scaler,
               (rnl_byte_scale){0}, batch, rows, &step->per_row.targets);
    for (size_t i = rows.begin; i < rows.filled; ++i, ++indices) {
        if (wanted && !scaled)
            gather_row_targets(step, dataset, *indices, i);
        step->per_row.labels[i] = dataset->labels && !step->per_row.mirrors
                                      ? dataset->labels[*indices]
                                      : label_of(step, targets->values + i * targets->stride);
    }
}

static void gather_weights(const rnl_step *step, const rnl_batch *batch, rnl_row_tile rows)
{
    const float *of_samples = batch->dataset->sample_weights;
    const float *of_classes = batch->training ? step->given.class_weights : NULL;
    const uint32_t *indices = batch->indices + rows.number;
    for (size_t i = rows.begin; i < rows.filled; ++i, ++indices)
        step->per_row.weights[i] = (of_samples ? of_samples[*indices] : 1) *
                                   (of_classes ? of_classes[step->per_row.labels[i]] : 1);
}

void rnl_gather_targets(const rnl_step *step, const rnl_batch *batch, rnl_row_tile rows)
{
    gather_targets(step, batch, rows);
    if (rnl_batch_is_weighted(step, batch))
        gather_weights(step, batch, rows);
}

static rnl_status run_gather(void *self, size_t tile, rnl_step_worker *worker)
{
    (void)self;
    rnl_step *step = worker->step;
    const rnl_batch *batch = &worker->batch;
    const rnl_row_tile rows = rnl_row_tiles_of(step, batch, tile, worker->joined);
    gather(step, rnl_dataset_inputs(batch->dataset), &step->given.model->scaler, step->byte_scale,
           batch, rows, &step->input);
    if (step->given.model->scaler.clip)
        clip(step, rows);
    rnl_gather_targets(step, batch, rows);
    for (size_t i = rows.begin; step->per_row.has_activity && i < rows.filled; ++i)
        step->per_row.activity[i] = 0;
    rnl_row_tile_clear(rows, step->input.values, step->input.stride);
    rnl_step_round(worker, &step->input, rows.begin, rows.end - rows.begin, 0, step->input.columns);
    return RNL_OK;
}

rnl_status rnl_plan_gather(rnl_step *step)
{
    step->byte_scale = rnl_byte_scale_of(step->kernels, &step->given.model->scaler);
    const size_t per_part = rnl_row_tiles_per_part(step->part_rows);
    return rnl_row_phase_add(
        step, (rnl_phase){.name = "gather", .run = run_gather, .joins = per_part, .line = per_part},
        step->input.columns, 8);
}
