/*
 * Sums over a pass.
 */
#ifndef RNL_ENGINE_WORKERS_SUMS_H
#define RNL_ENGINE_WORKERS_SUMS_H

#include "engine/kinds/tally.h"
#include "engine/step/step.h"

typedef struct rnl_row_range {
    size_t begin, end;
} rnl_row_range;

/* Adds some rows of the current mini-batch, which has no shards, as a mini-batch of their own: in
 * the shards of the configuration; to the tally, too, unless it is NULL. */
void rnl_sums_add_rows(rnl_sums *sums, rnl_tally *tally, const rnl_step *step,
                       const rnl_batch *batch, rnl_row_range rows);

/* Adds the current mini-batch, in double, row by row and shard by shard, and for each row the
 * penalty last set. */
void rnl_sums_add(rnl_sums *sums, rnl_tally *tally, const rnl_step *step, const rnl_batch *batch);

#endif
