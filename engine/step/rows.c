#include "engine/step/phases.h"

#include "engine/error.h"
#include "engine/training/losses.h"

#include <string.h>

/* A row's result does not depend on the rows beside it: any number would do. */
#define ROWS_PER_TILE 8

/* The rows of a tile: [begin, filled) belong to the mini-batch, [filled, end) pad its last block.
 */
typedef struct row_tile {
    size_t begin, filled, end;
} row_tile;

static size_t at_most(size_t a, size_t b)
{
    return a < b ? a : b;
}

static row_tile row_tile_of(const rnl_step *step, const rnl_batch *batch, size_t tile)
{
    const size_t used = rnl_cut_used(step->rows, batch->rows) * step->rows.size;
    const size_t begin = at_most(tile * ROWS_PER_TILE, used);
    const size_t end = at_most(begin + ROWS_PER_TILE, used);
    const size_t filled = at_most(end, batch->rows);
    return (row_tile){begin, filled < begin ? begin : filled, end};
}

static size_t row_tiles(const rnl_step *step)
{
    return (step->padded_rows + ROWS_PER_TILE - 1) / ROWS_PER_TILE;
}

static rnl_status run_gather(void *self, size_t tile, rnl_step_worker *worker)
{
    (void)self;
    rnl_step *step = worker->step;
    const rnl_batch *batch = &worker->batch;
    const rnl_dataset *dataset = batch->dataset;
    const row_tile rows = row_tile_of(step, batch, tile);
    const size_t features = step->input.columns;
    float *x = step->input.values + rows.begin * features;
    const rnl_gather gather = {
        .rows = rows.filled - rows.begin,
        .features = features,
        .indices = batch->indices + rows.begin,
        .source = dataset->inputs,
        .scale = step->model->scaler.scale,
        .offset = step->model->scaler.offset,
        .x = x,
        .x_stride = features,
    };
    if (rows.filled > rows.begin) {
        if (dataset->element == RNL_UINT8)
            step->kernels->gather_uint8(&gather);
        else
            step->kernels->gather_float32(&gather);
    }
    for (size_t i = rows.begin; i < rows.filled; ++i)
        step->labels[i] = dataset->labels[batch->indices[i]];
    memset(x + gather.rows * features, 0, (rows.end - rows.filled) * features * sizeof *x);
    return RNL_OK;
}

rnl_status rnl_plan_gather(rnl_step *step)
{
    return rnl_phase_add(&step->phases, (rnl_phase){.tiles = row_tiles(step), .run = run_gather});
}

typedef struct loss_state {
    void (*kernel)(const rnl_cross_entropy *);
    const rnl_matrix *logits;
} loss_state;

static rnl_status run_loss(void *self, size_t tile, rnl_step_worker *worker)
{
    const loss_state *state = self;
    rnl_step *step = worker->step;
    const rnl_batch *batch = &worker->batch;
    const row_tile rows = row_tile_of(step, batch, tile);
    const size_t classes = state->logits->columns;
    float *delta = batch->training ? step->exchange[0] + rows.begin * classes : NULL;
    const rnl_cross_entropy loss = {
        .rows = rows.filled - rows.begin,
        .classes = classes,
        .logits = state->logits->values + rows.begin * classes,
        .logits_stride = classes,
        .labels = step->labels + rows.begin,
        .scale = 1.0f / (float)batch->rows,
        .delta = delta,
        .delta_stride = classes,
        .loss = step->loss + rows.begin,
        .predicted = step->predicted + rows.begin,
    };
    if (loss.rows > 0)
        state->kernel(&loss);
    if (delta)
        memset(delta + loss.rows * classes, 0, (rows.end - rows.filled) * classes * sizeof *delta);
    return RNL_OK;
}

rnl_status rnl_plan_loss(rnl_step *step)
{
    loss_state *state = rnl_step_allocate(step, sizeof *state, NULL);
    if (!state)
        return rnl_fail_memory(sizeof *state);
    rnl_loss_of(&step->model->config->training.loss)->bind(&state->kernel, step->kernels);
    state->logits = step->outputs[step->layer_count - 1];
    return rnl_phase_add(&step->phases,
                         (rnl_phase){.tiles = row_tiles(step), .run = run_loss, .self = state});
}
