/*
 * The ground of a training step: its phases, and what they share: blocks of parameters, matrices
 * over a mini-batch, products, memory.  What the phases are, and in which order, stands in plan.h.
 *
 * Matrices over a mini-batch are row-major and have `padded_rows` rows, a whole number of row
 * blocks for each shard. A short mini-batch fills those of a shard from the front.  A row block
 * without rows is skipped everywhere; in one that is filled in part, the remaining rows have inputs
 * of 0 and gradients of 0.
 */
#ifndef RNL_ENGINE_STEP_STEP_H
#define RNL_ENGINE_STEP_STEP_H

#include "engine/kinds/optimizers.h"
#include "engine/model/model.h"
#include "engine/product/product.h"
#include "engine/schema/config.h"
#include "engine/step/arena.h"
#include "engine/step/cut.h"
#include "engine/step/phases.h"
#include "engine/step/trouble.h"
#include "simd/kernels.h"

/* A matrix over the rows of a mini-batch: (padded_rows, columns). */
typedef struct rnl_matrix {
    size_t columns;
    size_t stride; /* between rows, in floats */
    float *values;
    struct rnl_pairs *pairs; /* of bfloat16, in mixed precision; else NULL (mixed_precision.h) */
    size_t made[2]; /* phases up to those that compute the two halves of its rows; 0 if all at
                       once */
} rnl_matrix;

/* Views of a matrix that begin at a row and a column. */
static inline rnl_view rnl_matrix_view(const rnl_matrix *matrix, size_t row, size_t column)
{
    return (rnl_view){matrix->values + row * matrix->stride + column, matrix->stride};
}

static inline rnl_mutable_view rnl_matrix_at(const rnl_matrix *matrix, size_t row, size_t column)
{
    return (rnl_mutable_view){matrix->values + row * matrix->stride + column, matrix->stride};
}

/* Returns the matrix as an operand of kernels that sum partial products. */
static inline rnl_partials rnl_matrix_alone(const rnl_matrix *matrix, size_t row, size_t column)
{
    return (rnl_partials){matrix->values + row * matrix->stride + column, matrix->stride, 1, 0};
}

struct rnl_step_worker;

/* Takes the gradient with respect to a layer's output a panel of some rows at a time, as the next
 * layer computes it, while the panel is in the cache.  Panels are those of rnl_packing_uniform. */
typedef struct rnl_taker {
    void (*take)(void *self, size_t panel, size_t row, size_t rows, rnl_view gradient, float *spare,
                 const struct rnl_step_worker *worker);
    /* Clears what it would write, for rows that pad. */
    void (*clear)(void *self, size_t row, size_t rows, const struct rnl_step_worker *worker);
    /* Lists what it reads and writes then, RNL_TAKER_FETCHES entries at most.  Returns the end. */
    rnl_fetch *(*list)(const void *self, size_t panel, size_t row, size_t rows,
                       const struct rnl_step_worker *worker, rnl_fetch *list);
    void *self;
    size_t spare; /* floats that it works with */
} rnl_taker;

#define RNL_TAKER_FETCHES 3

/* The gradient with respect to a matrix: the sum of `partials` matrices, `distance` floats apart,
 * in their order.  The buffer is reused two layers further back.  Where there is a taker, it is
 * given the gradient in panels, and no matrix is written. */
typedef struct rnl_upstream {
    const rnl_taker *taker;
    size_t partials;
    size_t columns, stride, distance;
    float *const *values;
} rnl_upstream;

/* All partials from a row and a column on, to be read. */
static inline rnl_partials rnl_upstream_view(const rnl_upstream *upstream, size_t row,
                                             size_t column)
{
    return (rnl_partials){*upstream->values + row * upstream->stride + column, upstream->stride,
                          upstream->partials, upstream->distance};
}

/* The first one, to be written. */
static inline rnl_mutable_view rnl_upstream_at(const rnl_upstream *upstream, size_t row,
                                               size_t column)
{
    return (rnl_mutable_view){*upstream->values + row * upstream->stride + column,
                              upstream->stride};
}

/* Parameters in a slice of the update phase: small enough to share among many workers and to stay
 * in the L1 cache, large enough to be worth a call. */
#define RNL_UPDATE_SLICE 4096

/* A part of a block. */
typedef struct rnl_block_part {
    size_t begin, count;
} rnl_block_part;

/* Parameters that are updated together: a column block of weights, a bias. */
typedef struct rnl_block {
    size_t index; /* in the step */
    const rnl_layer *layer;
    const rnl_parameter *parameter; /* of the layer */
    size_t count;
    rnl_block_part own;             /* what this process updates: all that no other rank does */
    float *arrays[RNL_ARRAYS];      /* (count) the values; (own.count) the optimizer's slots each */
    struct rnl_weight_pairs *pairs; /* rounded copies, in mixed precision (mixed_precision.h) */
    float *gradients;               /* (count), where they are kept */
    size_t gradients_at;            /* with other ranks: their place among those exchanged, */
    bool gradients_shared;          /* where they are */
    bool trained;                   /* in training, and neither fixed nor frozen */
    bool updated_by_tile;  /* in the backward phase already; the update phase leaves it out */
    bool delayed;          /* it would not be, were there no other ranks */
    float clip_factors[2]; /* of its gradient, where norms are clipped */
    size_t piece;     /* parameters whose penalty is one number: whole ones are updated in one go */
    bool constrained; /* a later phase changes its values again */
    double *penalties[2]; /* (pieces) before steps with even and odd numbers; NULL without any */
} rnl_block;

/* The current mini-batch. */
typedef struct rnl_batch {
    const rnl_dataset *dataset;
    const uint32_t *indices; /* (rows) numbers of the rows in the dataset */
    size_t rows;
    const double *target_variances; /* (outputs) of the dataset, where a metric asks for them */
    bool training;
    uint64_t number; /* of the step in training, or of the pass, from 1 */
    bool measuring;  /* the pass after training, for batch normalization's final statistics */
    size_t begin;    /* rows of that pass, or of another without training, before these */
} rnl_batch;

struct rnl_step;

/* The tiles of a phase that are one worker's. */
typedef struct rnl_own_tiles {
    size_t count;
    uint32_t *tiles; /* (count) */
} rnl_own_tiles;

#define RNL_NO_TILE SIZE_MAX

/* State of a worker in a step. */
typedef struct rnl_step_worker {
    struct rnl_step *step;
    size_t index;
    rnl_own_tiles *preparation, *phases, *probes; /* of each phase of the step's lists */
    rnl_batch batch;
    rnl_onednn_worker *onednn; /* NULL: the kernels make products */
    size_t joined;             /* tiles that a call runs, from the one that it names on */
    size_t next_tile;          /* of the worker in this phase, behind them; RNL_NO_TILE: none */
    uint64_t tiles;            /* computed so far, a counter to show that every worker has work */
} rnl_step_worker;

/* Bytes by what they hold. */
typedef struct rnl_memory_plan {
    size_t parameters, optimizer, gradients, activations;
} rnl_memory_plan;

/* What a step is asked to do, set before it is planned. */
typedef struct rnl_step_given {
    const rnl_model *model;
    size_t batch_size;
    bool training;
    bool predicting;            /* only outputs are computed: no targets, no loss */
    bool inspecting;            /* the probes are planned */
    const float *class_weights; /* (classes) factors of the losses in training; NULL for 1 */
    struct rnl_job *job;        /* whose ranks share the shards; NULL: this process is alone */
    size_t ranks_foreseen;      /* of a step that is planned alone, as the first of them; else 0 */
} rnl_step_given;

/* What updates go by, and what came of them. */
typedef struct rnl_step_update_state {
    rnl_bound_optimizer optimizer; /* in training */
    rnl_step_rates rates[2];       /* of steps with even and odd numbers */
    double penalty;                /* of the regularizers, as last set */
    _Atomic uint64_t trouble;      /* the earliest so far, else RNL_NO_TROUBLE */
} rnl_step_update_state;

/* What is known of each row of a mini-batch beside the layers' outputs. */
typedef struct rnl_step_rows {
    int32_t *labels;        /* (padded_rows) where the loss knows classes */
    int32_t *predicted;     /* (padded_rows) likewise, or RNL_NO_CLASS */
    rnl_matrix targets;     /* where the loss compares with values, else without columns */
    bool mirrors;           /* the scaled inputs are the targets, and stand in their place */
    rnl_matrix predictions; /* probabilities or values, where asked for, else without columns */
    float *weights;         /* (padded_rows) factors of the losses; unset without any */
    float *loss;            /* (padded_rows) */
    bool has_activity;      /* a layer adds penalties on its outputs: */
    float *activity;        /* (padded_rows) */
    double *metrics[RNL_MAX_METRICS]; /* (padded_rows) each that is a number of a row */
} rnl_step_rows;

/* What the layers of the model have in the step. */
typedef struct rnl_step_layers {
    size_t count;
    const rnl_matrix **outputs; /* (count), each of its layer */
    void **states;              /* (count) */
    size_t by_columns;          /* layers of several column blocks */
} rnl_step_layers;

/* What phases share beside the layers' own. */
typedef struct rnl_step_buffers {
    float **tile; /* (workers) of those with tiles: what a tile works with */
    size_t tile_floats;
    float *exchange[2]; /* input gradients on their way back, in turn */
    size_t exchange_floats;
} rnl_step_buffers;

/* All parameters, in blocks. */
typedef struct rnl_step_blocks {
    size_t count, capacity;
    rnl_block **items;
    struct rnl_constrained *constrained; /* a list */
    struct rnl_tie *ties;                /* likewise (ties.h) */
} rnl_step_blocks;

/* Memory that is freed with the step. */
typedef struct rnl_step_owned {
    size_t count, capacity;
    struct rnl_owned *items;
} rnl_step_owned;

/* A scaling of bytes in float (rnl_gather); high 0: there is none. */
typedef struct rnl_byte_scale {
    float high, low;
} rnl_byte_scale;

typedef struct rnl_step {
    rnl_step_given given;
    const rnl_kernels *kernels; /* set before the step is planned */
    rnl_onednn *onednn;         /* likewise; NULL: the kernels make products */
    size_t workers, active;     /* the first `active` have tiles; set before it is arranged */

    rnl_cut rows;
    size_t padded_rows, part_rows;
    bool keeps_rows; /* each worker has the same rows in all phases that go by rows */
    rnl_arena arena;
    rnl_memory_plan memory; /* of the arena */

    rnl_phase_list preparation; /* run once before the first step */
    rnl_phase_list phases;
    size_t evaluation_phases; /* the first of them make an evaluation */
    rnl_phase_list probes;    /* each run by itself, between two steps (probe.h) */
    struct rnl_probe *probe;
    struct rnl_step_shared *shared; /* with other ranks (shared.h), or NULL */

    rnl_matrix input;
    rnl_byte_scale byte_scale; /* of the inputs */
    size_t first_trainable;    /* layer; below it nobody asks for a gradient */
    rnl_step_layers layers;
    rnl_step_rows per_row;
    rnl_step_buffers buffers;
    rnl_step_blocks blocks;
    rnl_step_update_state update;
    rnl_step_owned owned;
} rnl_step;

/* Frees all but the step itself. */
void rnl_step_release(rnl_step *step);

/* The targets of a mini-batch; without columns where the loss compares with none. */
static inline const rnl_matrix *rnl_step_targets(const rnl_step *step)
{
    return step->per_row.mirrors ? &step->input : &step->per_row.targets;
}

/* The number of arrays that each parameter has in the step. */
static inline size_t rnl_step_arrays(const rnl_step *step)
{
    return RNL_FIRST_SLOT +
           (step->given.training ? rnl_optimizer_slots(step->given.model->phase.optimizer) : 0);
}

/* The arrays that layers copy from the model into their blocks: the optimizer's state of ranks
 * comes by messages (shared_state.h). */
static inline size_t rnl_step_prepared_arrays(const rnl_step *step)
{
    return step->shared ? RNL_FIRST_SLOT : rnl_step_arrays(step);
}

/* The shards of a mini-batch in training; other passes have one. */
static inline size_t rnl_step_shards(const rnl_step *step)
{
    return step->given.training ? (size_t)step->given.model->config->training.shards : 1;
}

/* Shards that this process computes. */
static inline size_t rnl_step_own_shards(const rnl_step *step)
{
    return step->rows.shards - step->rows.before - step->rows.behind;
}

/* Rows that it computes, with those that pad their blocks. */
static inline size_t rnl_step_own_rows(const rnl_step *step)
{
    return step->padded_rows / step->rows.shards * rnl_step_own_shards(step);
}

/* Tests if ranks update a piece of the block each, and send each other the new values. */
static inline bool rnl_block_is_gathered(const rnl_block *block)
{
    return block->gradients_shared && block->trained;
}

/* Tests if gradients are clipped.  Then they are complete, penalties included, before the update
 * begins, and no backward tile updates parameters. */
static inline bool rnl_step_clips(const rnl_step *step)
{
    return step->given.model->config->training.clipping.kind != NULL;
}

/* Tests if no backward tile updates parameters. */
static inline bool rnl_step_updates_late(const rnl_step *step)
{
    return rnl_step_clips(step) || step->shared;
}

/* Says where a block is updated; `delayed`: not by the tile that computes its gradients. */
static inline void rnl_step_place_update(const rnl_step *step, rnl_block *block, bool delayed)
{
    block->delayed = delayed || rnl_step_clips(step);
    block->updated_by_tile = !block->delayed && !step->shared;
}

/* ---- for the layers, while a step is planned ------------------------------------------------- */

/* Memory that is freed with the step, by `release` (free if NULL). */
void *rnl_step_allocate(rnl_step *step, size_t size, void (*release)(void *));

/* Returns a product of this shape on the step's kernels. */
rnl_product rnl_step_product(const rnl_step *step, rnl_product_shape shape);

/* Reserves a block of a layer's parameter: `count` values, and in training the optimizer's
 * state; among ranks once all blocks are known (shared_pieces.c). */
rnl_status rnl_step_block(rnl_step *step, const rnl_layer *layer, size_t parameter, size_t count,
                          rnl_block **block);

/* Reserves the optimizer's state for the own part of a block. */
rnl_status rnl_step_reserve_state(rnl_step *step, rnl_block *block);

/* Reserves the gradients of a block that is trained: of each root of a rank's shards, which ranks
 * sum up behind the backward pass. */
rnl_status rnl_step_gradients(rnl_step *step, rnl_block *block);

/* Likewise, where the layer itself sums over all shards, those of other ranks too. */
rnl_status rnl_step_whole_gradients(rnl_step *step, rnl_block *block);

/* Tests if gradients are read after the tile that computed them. */
bool rnl_step_keeps_gradients(const rnl_step *step);

rnl_status rnl_step_matrix(rnl_step *step, rnl_matrix *matrix, size_t columns);

/* Reserves at least so many floats in the tile buffer of every worker. */
void rnl_step_need_tile(rnl_step *step, size_t floats);

#endif
