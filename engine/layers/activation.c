/*
 * An activation as a layer of its own: y = f(z), element by element.
 */
#include "engine/layers/layers.h"

#include "engine/base/error.h"
#include "engine/kinds/activations.h"
#include "engine/layers/pass_through.h"
#include "engine/predictor/predictor.h"
#include "engine/schema/config.h"
#include "engine/step/mixed_precision.h"
#include "engine/step/row_tiles.h"

#include <stddef.h>

const rnl_field rnl_activation_fields[] = {
    {.key = "function",
     .type = RNL_FIELD_KIND,
     .offset = offsetof(rnl_activation_layer, function),
     .kinds = &rnl_activations,
     .help = "the activation, written directly: `activation: elu`"},
    {.key = NULL},
};

typedef struct activation_state {
    rnl_bound_activation bound;
    const rnl_matrix *input;
    rnl_matrix output;
    rnl_matrix kept; /* slopes, in training; only for an activation that keeps them */
    rnl_upstream upstream, downstream;
} activation_state;

static rnl_status build(rnl_layer *layer)
{
    layer->output = layer->input;
    return RNL_OK;
}

static const rnl_choice *function_of(const rnl_layer *layer)
{
    const rnl_activation_layer *parameters = layer->choice->parameters;
    return &parameters->function;
}

static rnl_status run_forward(void *self, size_t tile, rnl_step_worker *worker)
{
    const activation_state *state = self;
    const size_t columns = state->output.columns;
    const size_t stride = state->output.stride;
    const rnl_row_tile rows = rnl_row_tile_of(worker->step, &worker->batch, tile);
    const size_t first = rows.begin * stride;
    if (rows.end > rows.begin)
        state->bound.forward(&(const rnl_activation_forward){
            .rows = rows.end - rows.begin,
            .columns = columns,
            .z = rnl_matrix_view(state->input, rows.begin, 0),
            .y = rnl_matrix_at(&state->output, rows.begin, 0),
            .kept = state->kept.values ? state->kept.values + first : NULL,
            .alpha = state->bound.alpha,
            .self = state->bound.self,
        });
    rnl_step_round(worker, &state->output, rows.begin, rows.end - rows.begin, 0, columns);
    return RNL_OK;
}

static rnl_status run_backward(void *self, size_t tile, rnl_step_worker *worker)
{
    const activation_state *state = self;
    const size_t columns = state->output.columns;
    const rnl_row_tile rows = rnl_row_tile_of(worker->step, &worker->batch, tile);
    if (rows.end > rows.begin)
        state->bound.backward(&(const rnl_activation_backward){
            .rows = rows.end - rows.begin,
            .columns = columns,
            .upstream = rnl_upstream_view(&state->upstream, rows.begin, 0),
            .y = rnl_matrix_view(state->kept.values ? &state->kept : &state->output, rows.begin, 0),
            .delta = rnl_upstream_at(&state->downstream, rows.begin, 0),
            .alpha = state->bound.alpha,
        });
    return RNL_OK;
}

static rnl_status plan_forward(const rnl_layer *layer, rnl_step *step, const rnl_matrix *input,
                               const rnl_matrix **output, void **planned)
{
    const rnl_choice *function = function_of(layer);
    if (layer->activation_in_loss)
        return rnl_pass_through_plan_forward(layer, step, input, output, planned);
    activation_state *state = rnl_step_allocate(step, sizeof *state, NULL);
    if (!state)
        return rnl_fail_memory(sizeof *state);
    rnl_activation_of(function)->bind(&state->bound, step->kernels, function->parameters);
    state->input = input;
    RNL_TRY(rnl_step_output(step, &state->output, input->columns));
    if (step->given.training && state->bound.keeps_slope)
        RNL_TRY(rnl_step_matrix(step, &state->kept, input->columns));
    RNL_TRY(rnl_row_phase_add(step,
                              (rnl_phase){.name = "forward", .run = run_forward, .self = state},
                              input->columns, 8));
    *output = &state->output;
    *planned = state;
    return RNL_OK;
}

static rnl_status plan_backward(void *planned, rnl_step *step, const rnl_upstream *upstream,
                                rnl_upstream *downstream)
{
    activation_state *state = planned;
    if (!state || !downstream)
        return rnl_pass_through_plan_backward(state, step, upstream, downstream);
    downstream->partials = 1;
    state->upstream = *upstream;
    state->downstream = *downstream;
    return rnl_row_phase_add(step,
                             (rnl_phase){.name = "backward", .run = run_backward, .self = state},
                             state->output.columns, 12);
}

static rnl_status plan_inference(const rnl_layer *layer, rnl_predictor *predictor)
{
    const rnl_choice *function = function_of(layer);
    rnl_bound_activation bound;
    if (layer->activation_in_loss)
        return RNL_OK;
    rnl_activation_of(function)->bind(&bound, predictor->kernels, function->parameters);
    return rnl_predictor_add_activation(predictor, &bound);
}

const rnl_layer_operations rnl_activation_operations = {
    .keeps_units = true,
    .build = build,
    .activation = function_of,
    .plan_forward = plan_forward,
    .plan_inference = plan_inference,
    .plan_backward = plan_backward,
};
