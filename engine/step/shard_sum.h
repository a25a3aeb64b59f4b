/*
 * Sums over the shards of a mini-batch, in a fixed binary tree of which the shards are the leaves:
 *
 *     (s0 + s1) + (s2 + s3)
 *
 * A shard without rows is no leaf: a node with one child is that child.  So a sum depends on the
 * number of shards alone, not on who computes a leaf.
 */
#ifndef RNL_ENGINE_STEP_SHARD_SUM_H
#define RNL_ENGINE_STEP_SHARD_SUM_H

#include "engine/step/step.h"

/* An array that each shard has one of, which is summed as it is computed: no more arrays are kept
 * than the tree has levels. */
typedef struct rnl_shard_sum {
    size_t leaves; /* shards with rows */
    size_t count;  /* numbers of an array */
    /* Computes the sum of some leaves: of one, or of a node that has at most `together` of them.
     * With `add` adds it to what is there, rounded as a sum of arrays.  `spare`: arrays that are
     * free, as many as there are levels below the node. */
    rnl_status (*compute)(const void *context, rnl_shard_range leaves, bool add, float *spare,
                          float *array);
    const void *context;
    size_t together; /* a power of two */
    bool adds;       /* compute can add */
    float *spare;    /* rnl_shard_sum_spare arrays */
} rnl_shard_sum;

/* Price of one more leaf in a product, in the time that a call takes beside its arithmetic
 * (docs/scaling.md). */
#define RNL_SHARD_CALL 0.3

/* Returns the number of arrays beside the sum. */
size_t rnl_shard_sum_spare(const rnl_step *step);

/* Computes and sums all leaves; where ranks share them, those below each of this rank's roots, into
 * arrays one behind the other (shared.h). */
rnl_status rnl_shard_sum_run(const rnl_shard_sum *sum, const rnl_step *step, float *array);

/* Adds an array to a sum. */
void rnl_shard_sum_add(const rnl_kernels *kernels, size_t count, const float *x, float *sum);

/* Sums arrays that are all there, `distance` floats apart, in place: into the first. */
void rnl_shard_sum_arrays(float *arrays, size_t distance, size_t leaves, size_t count);

/* Sums one number of each shard, in place. */
double rnl_shard_sum_numbers(double *numbers, size_t leaves);

#endif
