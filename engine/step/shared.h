/*
 * A step whose shards are shared out among the ranks of a job.
 *
 *     rank 0: s0 s1 s2 s3      rank 1: s4 s5 s6 s7
 *             the tree below each rank's roots, summed as it is computed
 *     exchange: of each root every rank sends every other its piece of the gradients, early, while
 *               those of the first layer that is trained are computed, and then the rest
 *     sum:      each rank sums its piece, root by root, in the order of the tree
 *     update:   each rank updates its piece of the weights, and has the optimizer's state for it
 *     gather:   each rank sends its piece of the new weights to all others
 *
 * Bits are those of one process, because a node of the tree has the same two children everywhere.
 * Parameters whose gradients all ranks compute alike, those of batch normalization, are no part of
 * a piece: each rank updates all of them.
 * What is known of each row goes along with the first message, so that all ranks sum up losses and
 * metrics as one does, and come to the same decisions.
 */
#ifndef RNL_ENGINE_STEP_SHARED_H
#define RNL_ENGINE_STEP_SHARED_H

#include "engine/base/job_agreement.h"
#include "engine/step/step.h"
#include "exchange/job.h"

/* A node of the tree of shards, with all that is below it. */
typedef struct rnl_shard_node {
    size_t first, span;
} rnl_shard_node;

/* Nodes that make up any range of at most 2^10 shards. */
#define RNL_MOST_ROOTS 20

/* The largest nodes that make up a range, in its order; returns their number. */
size_t rnl_shard_roots(rnl_shard_range range, rnl_shard_node roots[RNL_MOST_ROOTS]);

/* What a rank wishes, and all do once all know. */
typedef enum rnl_wish { RNL_WISH_STOP = 1, RNL_WISH_TIME_OUT = 2 } rnl_wish;

typedef struct rnl_step_shared {
    rnl_job *job;
    size_t rank, ranks;
    rnl_shard_range shards; /* of this rank */
    size_t own_count;
    rnl_shard_node own[RNL_MOST_ROOTS]; /* of this rank */
    size_t distance;                    /* floats of the gradients of a root */
    float *gradients;                   /* (own_count, distance); in the first, then the sum of
                                           the own piece */
    _Atomic unsigned wishes;            /* of this rank */
    unsigned agreed;                    /* of all, by the last exchange */
    bool probing;                       /* the sums of gradients are gathered, to be looked at */
    struct rnl_exchange *exchange;      /* how they are exchanged (shared_exchange.h) */
} rnl_step_shared;

/* Makes the step one of a job's, where it has one, before its layers are planned. */
rnl_status rnl_step_share(rnl_step *step);

/* What ranks share out by pieces: gradients of weights that they update, those of the first layer
 * that is trained apart, which are computed last, while the others leave; and those of tied
 * kernels, which all ranks add to the owner's. */
enum { RNL_EARLY, RNL_LATE, RNL_UPDATED_REGIONS, RNL_TIED = RNL_UPDATED_REGIONS, RNL_REGIONS };

/* Returns the region of a block whose gradients ranks share. */
size_t rnl_region_of(const rnl_step *step, const rnl_block *block);

/* Adds the phase that sends the gradients there are, before those of the first layer that is
 * trained are planned. */
rnl_status rnl_plan_early_exchange(rnl_step *step);

/* Adds the phases that exchange gradients and what is known of rows, behind the backward pass. */
rnl_status rnl_plan_exchange(rnl_step *step);

/* Adds the phase that gathers the sums of the gradients of tied kernels, if there are any. */
rnl_status rnl_plan_gather_tied(rnl_step *step);

/* Adds the phase that gathers the new weights, behind the update. */
rnl_status rnl_plan_gather_weights(rnl_step *step);

/* Sends each rank the own part of an array and receives theirs, which end at `ends`, in bytes; in a
 * phase of one tile. */
rnl_status rnl_shared_gather(const rnl_step_shared *shared, void *array, const size_t *ends);

/* Gathers the sums of all gradients that ranks update by pieces; in a phase, on all ranks. */
rnl_status rnl_shared_gather_gradients(const rnl_step *step);

/* The part of a block that a rank updates. */
rnl_block_part rnl_shared_part(const rnl_step *step, const rnl_block *block, size_t rank);

/* Sets what points into the memory of the step, which is there. */
void rnl_shared_bind(rnl_step *step);

/* An array of which each shard has `count` floats. */
typedef struct rnl_shared_array {
    float **array;
    size_t count;
} rnl_shared_array;

/* Adds a phase in which ranks send each other their shards' part of some arrays, at most 2. */
rnl_status rnl_plan_shared_arrays(rnl_step *step, const rnl_shared_array *arrays, size_t count);

/* Lets this process compute all shards, in a pass that all ranks make alike, or its own again.
 * Called by one worker between two steps. */
void rnl_step_take_all(rnl_step *step, bool all);

#endif
