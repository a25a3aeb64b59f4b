/*
 * Mini-batches: the rows of a dataset, taken some at a time.
 */
#ifndef RNL_ENGINE_WORKERS_BATCH_H
#define RNL_ENGINE_WORKERS_BATCH_H

#include "engine/step/step.h"

/* Rows in the order in which mini-batches take them. */
typedef struct rnl_sequence {
    const rnl_dataset *dataset;
    uint32_t *order;   /* (count at least) numbers of rows of the dataset */
    size_t count;      /* rows that are taken */
    double *variances; /* (outputs) of the targets, where a metric asks for them, else NULL */
} rnl_sequence;

/* The mini-batch that begins behind `begin` rows: whole, or the rest.  Number and modes are left to
 * the caller. */
rnl_batch rnl_batch_at(const rnl_step *step, const rnl_sequence *rows, size_t begin);

/* The mini-batch of a training step. */
rnl_batch rnl_batch_to_learn(const rnl_step *step, const rnl_sequence *rows, size_t begin,
                             uint64_t number);

/* The configuration's batch size, at most the rows that there are, in shards of equal size. */
size_t rnl_batch_size(const rnl_model *model, const rnl_dataset *dataset);

/* Fills the sequence with the training rows in the order of an epoch. */
void rnl_order_epoch(const rnl_sequence *rows, const rnl_model *model, uint32_t epoch,
                     bool shuffle);

/* The rows of an epoch: without the last mini-batch, if it is not whole and not wanted. */
size_t rnl_epoch_rows(const rnl_model *model, const rnl_dataset *train);

#endif
