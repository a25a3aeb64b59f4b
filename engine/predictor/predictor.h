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
 * same in any block.  Once it is created, a predictor is only read: blocks of a request may be
 * shared with workers of its own (predictor_workers.h).
 */
#ifndef RNL_ENGINE_PREDICTOR_PREDICTOR_H
#define RNL_ENGINE_PREDICTOR_PREDICTOR_H

#include "engine/data/row_reader.h"
#include "engine/kinds/activations.h"
#include "engine/kinds/losses.h"
#include "engine/model/model.h"
#include "engine/predictor/predictor_workers.h"
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

/* What a predictor computes beside a model's outputs. */
typedef struct rnl_predictor_use {
    bool draws;  /* layers draw random numbers as in training: Monte Carlo */
    bool judges; /* layers measure the penalties on their outputs */
} rnl_predictor_use;

/* What a stage works on. */
typedef struct rnl_stage_rows {
    const rnl_kernels *kernels;
    size_t rows;
    uint32_t pass, first_row; /* keys of the random numbers: of Monte Carlo, and of the rows */
    float *activity;          /* (rows) what penalties on outputs are added to */
    rnl_view x, kept;         /* kept: of a residual block, its input */
    const float *next_x;      /* x of the next block, to be fetched, or NULL */
    rnl_mutable_view y;       /* rows have whole vectors, whatever their columns */
    bool *overflows;          /* NULL, or set by a stage that multiplies if a row of products is not
                                 finite, as every row is whose inputs are not */
} rnl_stage_rows;

typedef struct rnl_stage {
    const rnl_layer *layer; /* while the predictor is created */
    char name[64];          /* of the layer */
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
    rnl_predictor_use use;
    uint64_t seed;      /* of what layers draw */
    rnl_config *config; /* shared: formulas of activations lie in it */
    size_t features, outputs, classes;
    rnl_bound_loss loss;
    rnl_scaler scaler, target_scaler;
    rnl_row_reader reader; /* of a table's rows; without columns if the model knows none */
    bool reads_floats; /* floats need no scaling, and the first stage reads them where they are */
    size_t stage_count;
    rnl_stage *stages; /* (stage_count) */
    size_t slot_count;
    rnl_slot *slots;                      /* (slot_count) */
    size_t row_floats;                    /* in all slots */
    rnl_arena arena;                      /* of the parameters */
    uint32_t numbers[RNL_PREDICTOR_ROWS]; /* of a block's rows */
    rnl_predictor_workers *workers;       /* NULL: the calling thread computes alone */
    /* While the stages are planned: */
    rnl_slot_matrix current; /* the output so far */
    size_t kept_count;
    rnl_slot_matrix joined; /* under way */
    rnl_slot_matrix *kept;  /* (kept_count) inputs of the residual blocks that are open */
};

/* Creates a predictor for other uses than rnl_predictor_create does. */
rnl_status rnl_predictor_create_for(rnl_predictor **predictor, const rnl_model *model,
                                    rnl_predictor_use use);

/* ---- a block of rows ------------------------------------------------------------------------- */

typedef struct rnl_predictor_rows {
    size_t rows; /* at most RNL_PREDICTOR_ROWS */
    rnl_element element;
    const void *inputs; /* (rows, features), not scaled */
    const void *next; /* those of the block that the thread computes next, to be fetched; or NULL */
    bool keeps_inputs; /* the scaled rows stand at the beginning of the scratch afterwards, in rows
                          of whole vectors */
    uint32_t pass, first_row; /* as in rnl_stage_rows */
    float *activity;          /* (rows), where the predictor judges */
    bool *overflows;          /* as in rnl_stage_rows */
    /* Called when the rows are scaled, with 0, and behind each stage, from 1; NULL: nothing. */
    void (*passed)(void *context, size_t stage);
    void *context;
} rnl_predictor_rows;

/* Tests if the first product reads such rows where they are. */
bool rnl_predictor_reads_in_place(const rnl_predictor *predictor, rnl_element element);

/* Computes the outputs of the last stage: logits, or values, in the scratch. */
rnl_mutable_view rnl_predictor_infer(const rnl_predictor *predictor, const rnl_predictor_rows *rows,
                                     float *scratch);

/* ---- for the layers, while a predictor is planned ------------------------------------------- */

/* Adds a stage with so many columns of output; self, and what fill and run are, are given.  A
 * failure frees self. */
rnl_status rnl_predictor_add(rnl_predictor *predictor, size_t columns, rnl_stage stage);

/* Adds a stage that reads the output so far, and leaves it. */
rnl_status rnl_predictor_add_reader(rnl_predictor *predictor, rnl_stage stage);

/* Adds an activation of the output so far. */
rnl_status rnl_predictor_add_activation(rnl_predictor *predictor,
                                        const rnl_bound_activation *activation);

/* Keeps the output so far for a stage that adds it: rnl_predictor_add_kept, with the one kept
 * last. */
rnl_status rnl_predictor_keep(rnl_predictor *predictor);
/* Keeps the output so far as that of a branch, the one after so many others, and goes back to what
 * was kept before them. */
rnl_status rnl_predictor_turn(rnl_predictor *predictor, size_t branches_before);

/* Begins a matrix of so many columns that stages then write side by side, one for each branch, from
 * number 1 on; the last branch is the output so far. */
rnl_status rnl_predictor_begin_join(rnl_predictor *predictor, size_t columns);
rnl_status rnl_predictor_join(rnl_predictor *predictor, size_t branches, size_t number,
                              rnl_stage stage);

rnl_status rnl_predictor_add_kept(rnl_predictor *predictor, size_t columns, rnl_stage stage);

#endif
