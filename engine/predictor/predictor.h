/*
 * The predictor: a model's layers in inference, as a list of stages.
 *
 * Rows pass by in blocks of at most RNL_PREDICTOR_ROWS, each through all stages: what a stage has
 * computed is in a cache when the next one reads it.  The matrices between stages lie in slots of
 * the caller's scratch:
 *
 *     | slot 0       | slot 1       | ...      each (rows of a block, the slot's stride)
 *       scaled rows
 *
 * Each layer adds its stage (plan_inference of rnl_layer_operations); a layer that is the identity
 * in inference adds none.  A stage's output depends on its row alone, so a row's numbers are the
 * same in any block.  Once it is created, a predictor is only read.
 */
#ifndef RNL_ENGINE_PREDICTOR_PREDICTOR_H
#define RNL_ENGINE_PREDICTOR_PREDICTOR_H

#include "engine/kinds/activations.h"
#include "engine/kinds/losses.h"
#include "engine/model/model.h"
#include "engine/product/product.h"
#include "engine/step/arena.h"
#include "simd/kernels.h"

/* Rows of a block, of whole tiles of a micro-kernel: weights are read once for each block, and a
 * block's rows stay in the L2 cache. */
#define RNL_PREDICTOR_ROWS 96

/* A matrix over the rows of a block. */
typedef struct rnl_slot_matrix {
    size_t slot, columns, stride;
} rnl_slot_matrix;

/* What a stage works on. */
typedef struct rnl_stage_rows {
    const rnl_kernels *kernels;
    size_t rows;
    rnl_view x, kept;   /* kept: of a residual block, its input */
    rnl_mutable_view y; /* rows have whole vectors, whatever their columns */
    bool *overflows;    /* NULL, or set by a stage that multiplies if a row of products is not
                           finite, as every row is whose inputs are not */
} rnl_stage_rows;

typedef struct rnl_stage {
    const rnl_layer *layer; /* while the predictor is created */
    void *self;             /* freed with the predictor */
    /* Copies the layer's parameters into the arrays that were reserved; NULL: there are none. */
    void (*fill)(void *self, const rnl_layer *layer);
    void (*run)(const void *self, const rnl_stage_rows *rows);
    bool multiplies; /* reads its input as the operand of a product alone */
    rnl_slot_matrix input, kept, output;
} rnl_stage;

typedef struct rnl_slot {
    size_t stride; /* the largest of its matrices */
    size_t before; /* floats of a row in the slots before */
    size_t holds;  /* who still reads it, while the stages are planned */
} rnl_slot;

struct rnl_predictor {
    const rnl_kernels *kernels;
    size_t features, outputs, classes;
    rnl_bound_loss loss;
    rnl_scaler scaler, target_scaler;
    bool reads_floats; /* floats need no scaling, and the first stage reads them where they are */
    size_t stage_count;
    rnl_stage *stages; /* (stage_count) */
    size_t slot_count;
    rnl_slot *slots;                      /* (slot_count) */
    size_t row_floats;                    /* in all slots */
    rnl_arena arena;                      /* of the parameters */
    uint32_t numbers[RNL_PREDICTOR_ROWS]; /* of a block's rows */
    /* While the stages are planned: */
    rnl_slot_matrix current; /* the output so far */
    size_t kept_count;
    rnl_slot_matrix *kept; /* (kept_count) inputs of the residual blocks that are open */
};

/* ---- for the layers, while a predictor is planned ------------------------------------------- */

/* Adds a stage with so many columns of output; self, and what fill and run are, are given.  A
 * failure frees self. */
rnl_status rnl_predictor_add(rnl_predictor *predictor, size_t columns, rnl_stage stage);

/* Adds an activation of the output so far. */
rnl_status rnl_predictor_add_activation(rnl_predictor *predictor,
                                        const rnl_bound_activation *activation);

/* Keeps the output so far for a stage that adds it: rnl_predictor_add_kept, with the one kept
 * last. */
rnl_status rnl_predictor_keep(rnl_predictor *predictor);
rnl_status rnl_predictor_add_kept(rnl_predictor *predictor, size_t columns, rnl_stage stage);

#endif
