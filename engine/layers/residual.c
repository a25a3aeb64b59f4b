/*
 * Residual blocks: y = x + f(x), where f is a list of layers (He, Zhang, Ren and Sun 2016).  In a
 * model, a block is a layer that begins it, the layers of f, and a layer that adds:
 *
 *     x --+-- begins -- layers of f -- adds -- y
 *         |                              |
 *         +------------------------------+
 *
 * The gradient with respect to the sum goes back through f; a copy of it is kept, and added to f's
 * input gradient at the beginning.
 */
#include "engine/layers/residual.h"

#include "engine/base/error.h"
#include "engine/layers/pass_through.h"
#include "engine/predictor/predictor.h"
#include "engine/schema/config.h"
#include "engine/step/mixed_precision.h"
#include "engine/step/row_tiles.h"

#include <stddef.h>
#include <stdlib.h>

#define MAX_TIMES 65536

const rnl_field rnl_residual_fields[] = {
    {.key = "layers",
     .type = RNL_FIELD_KIND_LIST,
     .offset = offsetof(rnl_residual, layers),
     .kinds = &rnl_layers,
     .help = "written directly, `residual: [...]`; the last has as many outputs as the first has "
             "inputs; else `residual: {layers: [...], project: true}` adds a dense projection of "
             "the inputs"},
    {.key = NULL},
};

const rnl_field rnl_repeat_fields[] = {
    {.key = "times",
     .type = RNL_FIELD_INTEGER,
     .offset = offsetof(rnl_repeat, times),
     .minimum = 1,
     .maximum = MAX_TIMES,
     .help = "how often the layers follow each other, each time with parameters of their own"},
    {.key = "layers",
     .type = RNL_FIELD_KIND_LIST,
     .offset = offsetof(rnl_repeat, layers),
     .kinds = &rnl_layers,
     .help = "a list of layers"},
    {.key = NULL},
};

/* State of the layer that begins a block; the adding layer refers to it. */
typedef struct residual_state {
    const rnl_matrix *input;  /* x */
    const rnl_matrix *branch; /* f(x) */
    rnl_matrix sum;           /* x + f(x) */
    rnl_matrix waiting;       /* gradient with respect to the sum, kept; training alone */
    rnl_upstream upstream;    /* of the sum */
    rnl_upstream branch_upstream, downstream; /* of the beginning */
} residual_state;

static rnl_status build(rnl_layer *layer)
{
    layer->output = layer->input;
    return RNL_OK;
}

static rnl_status run_add(void *self, size_t tile, rnl_step_worker *worker)
{
    const residual_state *state = self;
    const rnl_row_tile rows = rnl_row_tile_of(worker->step, &worker->batch, tile);
    worker->step->kernels->add_rows(&(const rnl_add_rows){
        .rows = rows.end - rows.begin,
        .columns = state->sum.columns,
        .x = rnl_matrix_alone(state->branch, rows.begin, 0),
        .addend = rnl_matrix_view(state->input, rows.begin, 0),
        .y = rnl_matrix_at(&state->sum, rows.begin, 0),
    });
    rnl_step_round(worker, &state->sum, rows.begin, rows.end - rows.begin, 0, state->sum.columns);
    return RNL_OK;
}

/* Keeps the gradient with respect to the sum for both paths. */
static rnl_status run_keep(void *self, size_t tile, rnl_step_worker *worker)
{
    const residual_state *state = self;
    const rnl_row_tile rows = rnl_row_tile_of(worker->step, &worker->batch, tile);
    worker->step->kernels->add_rows(&(const rnl_add_rows){
        .rows = rows.end - rows.begin,
        .columns = state->waiting.columns,
        .x = rnl_upstream_view(&state->upstream, rows.begin, 0),
        .y = rnl_matrix_at(&state->waiting, rows.begin, 0),
    });
    return RNL_OK;
}

static rnl_status run_join(void *self, size_t tile, rnl_step_worker *worker)
{
    const residual_state *state = self;
    const rnl_row_tile rows = rnl_row_tile_of(worker->step, &worker->batch, tile);
    worker->step->kernels->add_rows(&(const rnl_add_rows){
        .rows = rows.end - rows.begin,
        .columns = state->waiting.columns,
        .x = rnl_upstream_view(&state->branch_upstream, rows.begin, 0),
        .addend = rnl_matrix_view(&state->waiting, rows.begin, 0),
        .y = rnl_upstream_at(&state->downstream, rows.begin, 0),
    });
    return RNL_OK;
}

static rnl_status plan_begin(const rnl_layer *layer, rnl_step *step, const rnl_matrix *input,
                             const rnl_matrix **output, void **planned)
{
    (void)layer;
    residual_state *state = rnl_step_allocate(step, sizeof *state, NULL);
    if (!state)
        return rnl_fail_memory(sizeof *state);
    state->input = input;
    *output = input;
    *planned = state;
    return RNL_OK;
}

static rnl_status plan_add(const rnl_layer *layer, rnl_step *step, const rnl_matrix *input,
                           const rnl_matrix **output, void **planned)
{
    residual_state *state = step->layers.states[layer->begin];
    state->branch = input;
    RNL_TRY(rnl_step_output(step, &state->sum, input->columns));
    if (step->given.training && layer->index > step->first_trainable)
        RNL_TRY(rnl_step_matrix(step, &state->waiting, input->columns));
    *output = &state->sum;
    *planned = state;
    return rnl_row_phase_add(step, (rnl_phase){.name = "forward", .run = run_add, .self = state},
                             input->columns, 12);
}

/* The branch reads the kept gradient in place, without a copy. */
static rnl_status plan_keep(void *planned, rnl_step *step, const rnl_upstream *upstream,
                            rnl_upstream *downstream)
{
    residual_state *state = planned;
    if (!downstream)
        return RNL_OK;
    state->upstream = *upstream;
    downstream->partials = 1;
    downstream->values = &state->waiting.values;
    return rnl_row_phase_add(step, (rnl_phase){.name = "backward", .run = run_keep, .self = state},
                             state->waiting.columns, 12);
}

static rnl_status plan_join(void *planned, rnl_step *step, const rnl_upstream *upstream,
                            rnl_upstream *downstream)
{
    residual_state *state = planned;
    if (!downstream)
        return RNL_OK;
    downstream->partials = 1;
    state->branch_upstream = *upstream;
    state->downstream = *downstream;
    return rnl_row_phase_add(step, (rnl_phase){.name = "backward", .run = run_join, .self = state},
                             state->waiting.columns, 12);
}

static rnl_status plan_begin_inference(const rnl_layer *layer, rnl_predictor *predictor)
{
    (void)layer;
    return rnl_predictor_keep(predictor);
}

static void run_inference(const void *self, const rnl_stage_rows *rows)
{
    const size_t *columns = self;
    rows->kernels->add_rows(&(const rnl_add_rows){
        .rows = rows->rows,
        .columns = *columns,
        .x = {rows->x.values, rows->x.stride, 1, 0},
        .addend = rows->kept,
        .y = rows->y,
    });
}

static rnl_status plan_add_inference(const rnl_layer *layer, rnl_predictor *predictor)
{
    size_t *columns = malloc(sizeof *columns);
    if (!columns)
        return rnl_fail_memory(sizeof *columns);
    *columns = rnl_shape_features(&layer->output);
    return rnl_predictor_add_kept(predictor, *columns,
                                  (rnl_stage){.self = columns, .run = run_inference});
}

static const rnl_layer_operations add_operations = {
    .ends_residual = true,
    .build = build,
    .plan_inference = plan_add_inference,
    .plan_forward = plan_add,
    .plan_backward = plan_keep,
};

static const rnl_kind add_kind = {.name = "add", .operations = &add_operations};
static const rnl_choice add_choice = {.kind = &add_kind};

static rnl_layer_group residual_group(const rnl_choice *choice)
{
    const rnl_residual *p = choice->parameters;
    return (rnl_layer_group){.layers = &p->layers, .times = 1, .end = &add_choice};
}

const rnl_layer_operations rnl_residual_operations = {
    .group = residual_group,
    .build = build,
    .views_input = true,
    .plan_forward = plan_begin,
    .plan_inference = plan_begin_inference,
    .plan_backward = plan_join,
};

static rnl_layer_group repeat_group(const rnl_choice *choice)
{
    const rnl_repeat *p = choice->parameters;
    return (rnl_layer_group){.layers = &p->layers, .times = (size_t)p->times};
}

/* A repetition is only the layers that it holds. */
const rnl_layer_operations rnl_repeat_operations = {.group = repeat_group};
