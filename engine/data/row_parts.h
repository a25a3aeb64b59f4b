/*
 * Which rank of a job holds the inputs of which rows: those that it trains or evaluates on. Targets
 * and weights, which are small, are there on every rank.
 *
 *     training rows      | rank 0        | rank 1        | ...     the parts of its shards
 *     validation rows    | 0 | 1 | 2 | 0 | 1 | 2 | ...             mini-batches in turn
 *
 * What is measured over all rows goes along the runs in their order, from rank to rank: so it has
 * the bits of one process.
 */
#ifndef RNL_ENGINE_DATA_ROW_PARTS_H
#define RNL_ENGINE_DATA_ROW_PARTS_H

#include "engine/schema/config.h"
#include "exchange/job.h"

/* Runs of rows that one rank holds; ranks take turns. */
typedef struct rnl_row_parts {
    rnl_job *job;
    size_t each;   /* rows of a run, but for the last; 0: one run for each rank */
    size_t count;  /* of runs */
    size_t ends[]; /* (count) rows up to the end of each */
} rnl_row_parts;

/* The rows of a mini-batch of the configuration, at most those that there are, in shards of equal
 * size. */
size_t rnl_config_batch(const rnl_config *config, size_t rows);

/* Parts of the training rows by their shards; of any rows, one for each rank, by their ends; of
 * other rows in runs of `each`.  Freed with free. */
rnl_status rnl_parts_by_shards(rnl_row_parts **parts, rnl_job *job, size_t rows, size_t shards);
rnl_status rnl_parts_by_ends(rnl_row_parts **parts, rnl_job *job, const size_t *ends);
rnl_status rnl_parts_in_turn(rnl_row_parts **parts, rnl_job *job, size_t rows, size_t each);

/* Tests if this process holds the run; where it begins. */
bool rnl_parts_own(const rnl_row_parts *parts, size_t run);
size_t rnl_parts_begin(const rnl_row_parts *parts, size_t run);

/* The rows of a run that a rank holds. */
size_t rnl_parts_rows(const rnl_row_parts *parts, size_t rank);

/* Work on rows in their order, first to last - 1, that goes on where the rows before left it. */
typedef void rnl_fold_work(void *context, size_t first, size_t last);

typedef struct rnl_fold_state {
    void *start;
    size_t bytes;
} rnl_fold_state;

#define RNL_FOLD_STATES 3

typedef struct rnl_fold {
    const rnl_row_parts *parts; /* NULL: all rows are here */
    size_t rows;
    rnl_fold_work *work;
    void *context;
    size_t states;
    rnl_fold_state state[RNL_FOLD_STATES]; /* what the work changes: in the end that of all rows */
} rnl_fold;

/* Works on all rows, on all ranks at the same time.  RNL_JOB. */
rnl_status rnl_fold_rows(const rnl_fold *fold);

#endif
