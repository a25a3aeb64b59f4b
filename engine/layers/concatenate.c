/*
 * Branches: layers of several lists run on one input, and their outputs stand side by side.  In a
 * model, a layer begins them, one turns from each branch to the next, and one joins them:
 *
 *     x --+-- concatenate -- branch -- next_branch -+
 *         +-------------------- branch -- join -----+-- [y1 | y2]
 *
 * On the way back each branch has its part of the gradient, in a matrix of its own; the gradients
 * with respect to x are added from the last branch to the first.
 *
 * A projected residual block is the same, but that the outputs are added, and the whole gradient
 * goes into each branch:
 *
 *     x --+-- projected_residual -- layers -- next_branch -+
 *         +---------------------- projection ------- sum --+-- y1 + y2
 */
#include "engine/layers/layers.h"

#include "engine/base/error.h"
#include "engine/layers/concatenate_inference.h"
#include "engine/predictor/predictor.h"
#include "engine/schema/config.h"
#include "engine/step/mixed_precision.h"
#include "engine/step/row_tiles.h"

#include <stddef.h>
#include <stdlib.h>

const rnl_field rnl_concatenate_fields[] = {
    {.key = "branches",
     .type = RNL_FIELD_KIND_LIST,
     .offset = offsetof(rnl_concatenate, branches),
     .kinds = &rnl_layers,
     .help =
         "written directly, `concatenate: [[...], [...]]`: a list of layers each, or one layer; "
         "an empty list passes the input on"},
    {.key = NULL},
};

const rnl_field rnl_branch_fields[] = {
    {.key = "layers",
     .type = RNL_FIELD_KIND_LIST,
     .offset = offsetof(rnl_branch, layers),
     .kinds = &rnl_layers,
     .help = "of one branch, from the inputs on"},
    {.key = NULL},
};

const rnl_field rnl_projected_fields[] = {
    {.key = "branches",
     .type = RNL_FIELD_KIND_LIST,
     .offset = offsetof(rnl_concatenate, branches),
     .kinds = &rnl_layers,
     .help = "the layers of the block as a branch, and what projects its input; their outputs are "
             "equally wide"},
    {.key = NULL},
};

/* ---- shapes ---------------------------------------------------------------------------------- */

static rnl_layer *beginning_of(rnl_layer *layer)
{
    return layer - (layer->index - layer->begin);
}

static rnl_status build_begin(rnl_layer *layer)
{
    layer->output = layer->input;
    return RNL_OK;
}

static rnl_status check_branch(const rnl_layer *begin, const rnl_layer *end, size_t branch)
{
    if (end->input.rank == 1)
        return RNL_OK;
    return rnl_fail_at(begin->choice->place,
                       "%s: branch %zu ends with rows of %zu dimensions: expected plain rows of "
                       "numbers, as flatten makes them",
                       begin->name, branch, end->input.rank);
}

/* What ends a branch: its output is the input of the next one. */
static rnl_status build_next(rnl_layer *layer)
{
    layer->output = beginning_of(layer)->input;
    return RNL_OK;
}

static rnl_status build_join(rnl_layer *layer)
{
    rnl_layer *begin = beginning_of(layer);
    size_t columns = 0, branch = 0;
    for (rnl_layer *end = begin + 1; end <= layer; ++end)
        if (end->begin == begin->index) {
            RNL_TRY(check_branch(begin, end, ++branch));
            columns += end->input.size[0];
        }
    layer->output = (rnl_shape){.rank = 1, .size = {columns}};
    return RNL_OK;
}

static rnl_status build_sum(rnl_layer *layer)
{
    rnl_layer *begin = beginning_of(layer);
    const rnl_layer *first = NULL;
    size_t branch = 0;
    for (rnl_layer *end = begin + 1; end <= layer; ++end) {
        if (end->begin != begin->index)
            continue;
        RNL_TRY(check_branch(begin, end, ++branch));
        first = first ? first : end;
        if (end->input.size[0] != first->input.size[0])
            return rnl_fail_at(begin->choice->place,
                               "%s: expected branches that end with equally many values, got %zu "
                               "of the first and %zu of number %zu",
                               begin->name, first->input.size[0], end->input.size[0], branch);
    }
    layer->output = layer->input;
    return RNL_OK;
}

/* ---- forward --------------------------------------------------------------------------------- */

typedef struct branch_state {
    struct concatenate_state *of;
    size_t number, first_column;
    const rnl_matrix *output;
    rnl_matrix waiting;    /* gradient with respect to its output, kept; training alone */
    rnl_upstream upstream; /* of the input, as the next branch leaves it */
} branch_state;

typedef struct concatenate_state {
    const rnl_matrix *input;
    size_t count, columns;
    branch_state branches[RNL_MOST_BRANCHES]; /* (count) */
    rnl_matrix joined;
    bool adds;           /* the outputs */
    bool passes_on;      /* a layer before it is trained */
    rnl_matrix gathered; /* the input gradients of all branches but the first */
    rnl_upstream upstream, first_upstream, downstream;
} concatenate_state;

static rnl_status plan_begin(const rnl_layer *layer, rnl_step *step, const rnl_matrix *input,
                             const rnl_matrix **output, void **planned)
{
    concatenate_state *state = rnl_step_allocate(step, sizeof *state, NULL);
    if (!state)
        return rnl_fail_memory(sizeof *state);
    *state = (concatenate_state){
        .input = input,
        .adds = rnl_layer_operations_of(layer) == &rnl_projected_operations,
        .passes_on = step->given.training && layer->index > step->first_trainable,
    };
    if (state->passes_on)
        RNL_TRY(rnl_step_matrix(step, &state->gathered, input->columns));
    *output = input;
    *planned = state;
    return RNL_OK;
}

static rnl_status end_branch(concatenate_state *state, const rnl_layer *layer, rnl_step *step,
                             const rnl_matrix *output)
{
    branch_state *branch = &state->branches[state->count];
    *branch = (branch_state){
        .of = state,
        .number = state->count++,
        .first_column = state->adds ? 0 : state->columns,
        .output = output,
    };
    state->columns = branch->first_column + output->columns;
    return step->given.training && layer->index > step->first_trainable
               ? rnl_step_matrix(step, &branch->waiting, output->columns)
               : RNL_OK;
}

static rnl_status plan_next(const rnl_layer *layer, rnl_step *step, const rnl_matrix *input,
                            const rnl_matrix **output, void **planned)
{
    concatenate_state *state = step->layers.states[layer->begin];
    *planned = &state->branches[state->count];
    *output = state->input;
    return end_branch(state, layer, step, input);
}

static rnl_status run_join(void *self, size_t tile, rnl_step_worker *worker)
{
    const concatenate_state *state = self;
    const rnl_row_tile rows = rnl_row_tile_of(worker->step, &worker->batch, tile);
    for (size_t k = 0; k < state->count; ++k) {
        const branch_state *branch = &state->branches[k];
        worker->step->kernels->add_rows(&(const rnl_add_rows){
            .rows = rows.end - rows.begin,
            .columns = branch->output->columns,
            .x = rnl_matrix_alone(branch->output, rows.begin, 0),
            .addend = state->adds && k > 0 ? rnl_matrix_view(&state->joined, rows.begin, 0)
                                           : (rnl_view){0},
            .y = rnl_matrix_at(&state->joined, rows.begin, branch->first_column),
        });
    }
    rnl_step_round(worker, &state->joined, rows.begin, rows.end - rows.begin, 0, state->columns);
    return RNL_OK;
}

static rnl_status plan_join(const rnl_layer *layer, rnl_step *step, const rnl_matrix *input,
                            const rnl_matrix **output, void **planned)
{
    concatenate_state *state = step->layers.states[layer->begin];
    RNL_TRY(end_branch(state, layer, step, input));
    RNL_TRY(rnl_step_output(step, &state->joined, state->columns));
    *output = &state->joined;
    *planned = state;
    return rnl_row_phase_add(step, (rnl_phase){.name = "forward", .run = run_join, .self = state},
                             state->columns, 8);
}

/* ---- backward -------------------------------------------------------------------------------- */

/* Deals the gradient out to the branches. */
static rnl_status run_deal(void *self, size_t tile, rnl_step_worker *worker)
{
    const concatenate_state *state = self;
    const rnl_row_tile rows = rnl_row_tile_of(worker->step, &worker->batch, tile);
    for (size_t k = 0; k < state->count; ++k) {
        const branch_state *branch = &state->branches[k];
        if (!branch->waiting.values)
            continue;
        worker->step->kernels->add_rows(&(const rnl_add_rows){
            .rows = rows.end - rows.begin,
            .columns = branch->waiting.columns,
            .x = rnl_upstream_view(&state->upstream, rows.begin, branch->first_column),
            .y = rnl_matrix_at(&branch->waiting, rows.begin, 0),
        });
    }
    return RNL_OK;
}

static rnl_upstream waiting_upstream(branch_state *branch, rnl_upstream downstream)
{
    downstream.partials = 1;
    downstream.values = &branch->waiting.values;
    return downstream;
}

static rnl_status plan_deal(void *planned, rnl_step *step, const rnl_upstream *upstream,
                            rnl_upstream *downstream)
{
    concatenate_state *state = planned;
    if (!downstream)
        return RNL_OK;
    state->upstream = *upstream;
    *downstream = waiting_upstream(&state->branches[state->count - 1], *downstream);
    return rnl_row_phase_add(step, (rnl_phase){.name = "backward", .run = run_deal, .self = state},
                             state->columns, 8);
}

/* Adds the input gradient of the branch after this one to those of the branches behind it. */
static rnl_status run_gather(void *self, size_t tile, rnl_step_worker *worker)
{
    const branch_state *branch = self;
    const concatenate_state *state = branch->of;
    const rnl_row_tile rows = rnl_row_tile_of(worker->step, &worker->batch, tile);
    const bool last = branch->number + 2 == state->count;
    worker->step->kernels->add_rows(&(const rnl_add_rows){
        .rows = rows.end - rows.begin,
        .columns = state->gathered.columns,
        .x = rnl_upstream_view(&branch->upstream, rows.begin, 0),
        .addend = last ? (rnl_view){0} : rnl_matrix_view(&state->gathered, rows.begin, 0),
        .y = rnl_matrix_at(&state->gathered, rows.begin, 0),
    });
    return RNL_OK;
}

static rnl_status plan_turn(void *planned, rnl_step *step, const rnl_upstream *upstream,
                            rnl_upstream *downstream)
{
    branch_state *branch = planned;
    if (!downstream)
        return RNL_OK;
    branch->upstream = *upstream;
    *downstream = waiting_upstream(branch, *downstream);
    return branch->of->passes_on
               ? rnl_row_phase_add(
                     step, (rnl_phase){.name = "backward", .run = run_gather, .self = branch},
                     branch->of->gathered.columns, 12)
               : RNL_OK;
}

static rnl_status run_sum(void *self, size_t tile, rnl_step_worker *worker)
{
    const concatenate_state *state = self;
    const rnl_row_tile rows = rnl_row_tile_of(worker->step, &worker->batch, tile);
    worker->step->kernels->add_rows(&(const rnl_add_rows){
        .rows = rows.end - rows.begin,
        .columns = state->gathered.columns,
        .x = rnl_upstream_view(&state->first_upstream, rows.begin, 0),
        .addend = rnl_matrix_view(&state->gathered, rows.begin, 0),
        .y = rnl_upstream_at(&state->downstream, rows.begin, 0),
    });
    return RNL_OK;
}

static rnl_status plan_sum(void *planned, rnl_step *step, const rnl_upstream *upstream,
                           rnl_upstream *downstream)
{
    concatenate_state *state = planned;
    if (!downstream)
        return RNL_OK;
    downstream->partials = 1;
    state->first_upstream = *upstream;
    state->downstream = *downstream;
    return rnl_row_phase_add(step, (rnl_phase){.name = "backward", .run = run_sum, .self = state},
                             state->gathered.columns, 12);
}

/* ---- the kinds ------------------------------------------------------------------------------- */

static const rnl_layer_operations next_operations = {
    .build = build_next,
    .views_input = true,
    .plan_forward = plan_next,
    .plan_backward = plan_turn,
    .plan_inference = rnl_branches_infer_turn,
};

static const rnl_layer_operations join_operations = {
    .build = build_join,
    .plan_forward = plan_join,
    .plan_backward = plan_deal,
    .plan_inference = rnl_branches_infer_join,
};

static const rnl_kind next_kind = {.name = "next_branch", .operations = &next_operations},
                      join_kind = {.name = "join", .operations = &join_operations};
static const rnl_choice next_choice = {.kind = &next_kind}, join_choice = {.kind = &join_kind};

static rnl_layer_group concatenate_group(const rnl_choice *choice)
{
    const rnl_concatenate *p = choice->parameters;
    return (rnl_layer_group){
        .layers = &p->branches, .times = 1, .end = &join_choice, .between = &next_choice};
}

const rnl_layer_operations rnl_concatenate_operations = {
    .group = concatenate_group,
    .build = build_begin,
    .views_input = true,
    .plan_forward = plan_begin,
    .plan_backward = plan_sum,
    .plan_inference = rnl_branches_infer_begin,
};

/* ---- projected residual blocks --------------------------------------------------------------- */

static const rnl_layer_operations sum_operations = {
    .build = build_sum,
    .plan_forward = plan_join,
    .plan_backward = plan_deal,
    .plan_inference = rnl_branches_infer_sum,
};

static const rnl_kind sum_kind = {.name = "sum", .operations = &sum_operations},
                      turn_kind = {.name = "turn", .operations = &next_operations},
                      identity_kind = {.name = "identity", .operations = &rnl_flatten_operations};
static const rnl_choice sum_choice = {.kind = &sum_kind}, turn_choice = {.kind = &turn_kind};
const rnl_choice rnl_identity = {.kind = &identity_kind};

const rnl_layer *rnl_turn_before(const rnl_layer *layer)
{
    return layer->index > 0 && layer[-1].choice == &turn_choice ? layer - 1 : NULL;
}

static rnl_layer_group projected_group(const rnl_choice *choice)
{
    const rnl_concatenate *p = choice->parameters;
    return (rnl_layer_group){
        .layers = &p->branches, .times = 1, .end = &sum_choice, .between = &turn_choice};
}

const rnl_layer_operations rnl_projected_operations = {
    .group = projected_group,
    .build = build_begin,
    .views_input = true,
    .plan_forward = plan_begin,
    .plan_backward = plan_sum,
    .plan_inference = rnl_branches_infer_begin,
};

static rnl_layer_group branch_group(const rnl_choice *choice)
{
    const rnl_branch *p = choice->parameters;
    return (rnl_layer_group){.layers = &p->layers, .times = 1, .may_be_empty = true};
}

const rnl_layer_operations rnl_branch_operations = {.group = branch_group};
