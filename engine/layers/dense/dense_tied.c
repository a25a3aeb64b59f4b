#include "engine/layers/dense/dense_state.h"

#include "engine/base/error.h"
#include "engine/step/ties.h"

/* A tied layer, W' (units of the owner, its inputs), and the owner of W (inputs, units).  Tiles are
 * panels of all column blocks, in their order. */
typedef struct tie {
    const rnl_dense_state *tied, *owner;
} tie;

/* A panel by its number among those of all column blocks. */
typedef struct place {
    const rnl_dense_columns *columns;
    size_t panel;
} place;

static place panel_of(const rnl_dense_state *state, size_t number)
{
    const rnl_dense_columns *columns = state->blocks;
    for (; number >= columns->packing.panels; ++columns)
        number -= columns->packing.panels;
    return (place){columns, number};
}

/* The first column of a panel in the layer, and their number. */
static size_t first_of(place p)
{
    return p.columns->first + p.panel * p.columns->packing.width;
}

static size_t width_of(place p)
{
    return rnl_panel_columns(&p.columns->packing, p.panel);
}

static size_t at(place p, size_t row)
{
    return rnl_packed_at(&p.columns->packing, p.panel, row);
}

static size_t stride_of(place p)
{
    return rnl_panel_stride(&p.columns->packing, p.panel);
}

/* ---- gradients ------------------------------------------------------------------------------- */

#define SQUARE 64 /* columns of a panel at most */

/* Adds the tied layer's gradients where the two panels meet. */
static void add_square(const rnl_kernels *kernels, place owner, place tied)
{
    float square[SQUARE * SQUARE];
    const size_t inputs = width_of(tied), units = width_of(owner);
    kernels->transpose(&(const rnl_transpose){
        .rows = units,
        .columns = inputs,
        .x = {tied.columns->weights->gradients + at(tied, first_of(owner)), stride_of(tied)},
        .y = {square, SQUARE},
    });
    for (size_t i = 0; i < inputs; ++i) {
        float *gradients = owner.columns->weights->gradients + at(owner, first_of(tied) + i);
        for (size_t u = 0; u < units; ++u)
            gradients[u] += square[i * SQUARE + u];
    }
}

static rnl_status run_add(void *self, size_t tile, rnl_step_worker *worker)
{
    const tie *t = self;
    const place owner = panel_of(t->owner, tile);
    for (size_t p = 0; p < rnl_dense_panels(t->tied); ++p)
        add_square(worker->step->kernels, owner, panel_of(t->tied, p));
    return RNL_OK;
}

/* ---- values ---------------------------------------------------------------------------------- */

static void copy_square(const rnl_kernels *kernels, place owner, place tied)
{
    kernels->transpose(&(const rnl_transpose){
        .rows = width_of(tied),
        .columns = width_of(owner),
        .x = {owner.columns->weights->arrays[RNL_VALUES] + at(owner, first_of(tied)),
              stride_of(owner)},
        .y = {tied.columns->weights->arrays[RNL_VALUES] + at(tied, first_of(owner)),
              stride_of(tied)},
    });
}

static rnl_status run_follow(void *self, size_t tile, rnl_step_worker *worker)
{
    const tie *t = self;
    const place tied = panel_of(t->tied, tile);
    for (size_t p = 0; p < rnl_dense_panels(t->owner); ++p)
        copy_square(worker->step->kernels, panel_of(t->owner, p), tied);
    if (tied.columns->weights->pairs)
        rnl_weight_pairs_write(worker->step, tied.columns->weights, tied.panel, 0,
                               tied.columns->packing.rows);
    return RNL_OK;
}

/* ---- planned --------------------------------------------------------------------------------- */

rnl_status rnl_dense_reserve_tied(rnl_step *step, rnl_block *weights)
{
    if (step->shared)
        return rnl_step_gradients(step, weights);
    step->memory.gradients += weights->count * sizeof(float);
    return rnl_arena_reserve(&step->arena, &weights->gradients, weights->count, sizeof(float));
}

rnl_status rnl_dense_plan_tie(rnl_dense_state *state, rnl_step *step)
{
    const rnl_dense_state *owner = step->layers.states[state->layer->tied_to->index];
    tie *t = rnl_step_allocate(step, sizeof *t, NULL);
    if (!t)
        return rnl_fail_memory(sizeof *t);
    *t = (tie){state, owner};
    const double bytes = 4 * (double)(state->fan_in * state->units);
    return rnl_step_tie(step,
                        (rnl_phase){.name = "tied gradients",
                                    .tiles = rnl_dense_panels(owner),
                                    .run = run_add,
                                    .self = t,
                                    .cost = {.bytes = 3 * bytes, .shared = bytes}},
                        (rnl_phase){.name = "tied weights",
                                    .tiles = rnl_dense_panels(state),
                                    .run = run_follow,
                                    .self = t,
                                    .cost = {.bytes = 2 * bytes, .shared = bytes}});
}
