/*
 * A penalty on the size of a layer's outputs: l1 sum |y| + l2 sum y^2 of a row, added to the row's
 * loss, so that the loss has the mean over the rows.  A row's weight does not scale its penalty.
 * The outputs are passed on unchanged.
 */
#include "engine/layers/layers.h"

#include "engine/base/error.h"
#include "engine/kinds/regularizers.h"
#include "engine/predictor/predictor.h"
#include "engine/schema/config.h"
#include "engine/step/row_tiles.h"
#include "engine/step/sizes.h"

#include <stddef.h>
#include <stdlib.h>

const rnl_field rnl_activity_regularization_fields[] = {
    {.key = "regularizer",
     .type = RNL_FIELD_KIND,
     .offset = offsetof(rnl_activity_regularization, regularizer),
     .kinds = &rnl_regularizers,
     .help = "the penalty, written directly: `activity_regularization: {l2: 0.01}`"},
    {.key = NULL},
};

typedef struct activity_state {
    rnl_regularizer regularizer;
    const rnl_matrix *input;
    rnl_upstream upstream, downstream;
} activity_state;

static rnl_status build(rnl_layer *layer)
{
    const rnl_activity_regularization *p = layer->choice->parameters;
    layer->output = layer->input;
    const rnl_regularizer regularizer = rnl_regularizer_of(&p->regularizer);
    if (regularizer.proximal || regularizer.by_rows)
        return rnl_fail_at(p->regularizer.place, "%s: expected l1, l2 or l1_l2: %s is for weights",
                           layer->name, p->regularizer.kind->name);
    return RNL_OK;
}

static float penalty_of(const rnl_kernels *kernels, const rnl_regularizer *regularizer,
                        size_t columns, const float *outputs)
{
    double absolutes, squares;
    rnl_sizes_measure(kernels, columns, outputs, &absolutes, &squares);
    return (float)(regularizer->l1 * absolutes + regularizer->l2 * squares);
}

static rnl_status run_forward(void *self, size_t tile, rnl_step_worker *worker)
{
    const activity_state *state = self;
    const rnl_step *step = worker->step;
    const rnl_row_tile rows = rnl_row_tile_of(step, &worker->batch, tile);
    for (size_t i = rows.begin; i < rows.filled; ++i)
        step->per_row.activity[i] +=
            penalty_of(step->kernels, &state->regularizer, state->input->columns,
                       state->input->values + i * state->input->stride);
    return RNL_OK;
}

static rnl_status run_backward(void *self, size_t tile, rnl_step_worker *worker)
{
    const activity_state *state = self;
    const rnl_step *step = worker->step;
    const rnl_row_tile rows = rnl_row_tile_of(step, &worker->batch, tile);
    const size_t columns = state->input->columns, stride = state->downstream.stride;
    const double share = 1 / (double)worker->batch.rows;
    float *gradient = *state->downstream.values;
    step->kernels->add_rows(&(const rnl_add_rows){
        .rows = rows.end - rows.begin,
        .columns = columns,
        .x = rnl_upstream_view(&state->upstream, rows.begin, 0),
        .y = rnl_upstream_at(&state->downstream, rows.begin, 0),
    });
    for (size_t i = rows.begin; i < rows.filled; ++i)
        step->kernels->penalty_slope(&(const rnl_penalty_slope){
            .count = columns,
            .weights = state->input->values + i * state->input->stride,
            .gradient = gradient + i * stride,
            .l1 = (float)(state->regularizer.l1 * share),
            .l2 = (float)(state->regularizer.l2 * share),
        });
    return RNL_OK;
}

static rnl_status plan_forward(const rnl_layer *layer, rnl_step *step, const rnl_matrix *input,
                               const rnl_matrix **output, void **planned)
{
    const rnl_activity_regularization *p = layer->choice->parameters;
    activity_state *state = rnl_step_allocate(step, sizeof *state, NULL);
    if (!state)
        return rnl_fail_memory(sizeof *state);
    state->regularizer = rnl_regularizer_of(&p->regularizer);
    state->input = input;
    if (!step->per_row.has_activity)
        RNL_TRY(rnl_arena_reserve(&step->arena, &step->per_row.activity, step->padded_rows,
                                  sizeof(float)));
    step->per_row.has_activity = true;
    *output = input;
    *planned = state;
    return rnl_row_phase_add(
        step, (rnl_phase){.name = "forward", .run = run_forward, .self = state}, input->columns, 4);
}

static rnl_status plan_backward(void *planned, rnl_step *step, const rnl_upstream *upstream,
                                rnl_upstream *downstream)
{
    activity_state *state = planned;
    if (!downstream)
        return RNL_OK;
    downstream->partials = 1;
    state->upstream = *upstream;
    state->downstream = *downstream;
    return rnl_row_phase_add(step,
                             (rnl_phase){.name = "backward", .run = run_backward, .self = state},
                             state->input->columns, 12);
}

/* ---- inference ------------------------------------------------------------------------------- */

typedef struct activity_inference {
    rnl_regularizer regularizer;
    size_t columns;
} activity_inference;

static void run_inference(const void *self, const rnl_stage_rows *rows)
{
    const activity_inference *activity = self;
    for (size_t i = 0; i < rows->rows; ++i)
        rows->activity[i] += penalty_of(rows->kernels, &activity->regularizer, activity->columns,
                                        rows->x.values + i * rows->x.stride);
}

/* The penalty is part of a loss alone. */
static rnl_status plan_inference(const rnl_layer *layer, rnl_predictor *predictor)
{
    const rnl_activity_regularization *p = layer->choice->parameters;
    if (!predictor->use.judges)
        return RNL_OK;
    activity_inference *self = malloc(sizeof *self);
    if (!self)
        return rnl_fail_memory(sizeof *self);
    *self = (activity_inference){rnl_regularizer_of(&p->regularizer),
                                 rnl_shape_features(&layer->output)};
    return rnl_predictor_add_reader(predictor, (rnl_stage){.self = self, .run = run_inference});
}

const rnl_layer_operations rnl_activity_regularization_operations = {
    .keeps_units = true,
    .build = build,
    .views_input = true,
    .plan_forward = plan_forward,
    .plan_inference = plan_inference,
    .plan_backward = plan_backward,
};
