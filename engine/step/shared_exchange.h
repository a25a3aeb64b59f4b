/*
 * How ranks exchange the gradients of a step, for the files shared*.c alone.
 *
 *     gradients of a root   | early: block | block | ... | late: block | ... | tied: block | ... |
 *     pieces of ranks       |    0   |   1    |   2      |   0  |  1  |  2   |  0  |  1  |  2    |
 *     weights               | block | block | ...        | block | ...       |
 */
#ifndef RNL_ENGINE_STEP_SHARED_EXCHANGE_H
#define RNL_ENGINE_STEP_SHARED_EXCHANGE_H

#include "engine/step/row_arrays.h"
#include "engine/step/shared.h"

/* Tags of messages; 3 is that of shared_arrays.c. */
enum { RNL_TAG_ROOTS, RNL_TAG_ROWS, RNL_TAG_SUM, RNL_TAG_STATE = 10, RNL_TAG_LEADER };

typedef struct rnl_region {
    size_t begin, count; /* floats, in the gradients of a root */
    size_t *ends;        /* (ranks) of their pieces, in floats from `begin` on */
    size_t *byte_ends;   /* (ranks) the same in bytes */
    float **arrays;      /* (roots) this rank's piece of each */
    float *inbox;        /* this rank's piece of the others' roots */
} rnl_region;

/* What is known of each row. */
typedef struct rnl_row_messages {
    rnl_row_arrays arrays;
    size_t *ends; /* (ranks) in bytes */
    char *bytes;  /* of all ranks */
} rnl_row_messages;

typedef struct rnl_exchange {
    rnl_step *step;
    size_t root_count;
    rnl_shard_node *roots; /* (root_count) of all ranks, in their order */
    size_t *root_ends;     /* (ranks) */
    rnl_region regions[RNL_REGIONS];
    float *weights;     /* those that ranks update, in the places of their gradients */
    uint64_t *troubles; /* (ranks) the earliest that each knows of */
    rnl_row_messages rows;
    rnl_parcel *parcels; /* of one exchange */
} rnl_exchange;

static inline size_t rnl_begin_of(const size_t *ends, size_t i)
{
    return i > 0 ? ends[i - 1] : 0;
}

static inline size_t rnl_size_of(const size_t *ends, size_t i)
{
    return ends[i] - rnl_begin_of(ends, i);
}

/* Floats of whole cache lines. */
static inline size_t rnl_in_lines(size_t floats)
{
    return (floats + RNL_CUT_MULTIPLE - 1) / RNL_CUT_MULTIPLE * RNL_CUT_MULTIPLE;
}

/* The messages that a rank receives when pieces of a region are gathered: all but its own. */
static inline rnl_phase_cost rnl_gather_cost(const rnl_region *region, const rnl_step_shared *s)
{
    const size_t all = region->byte_ends[s->ranks - 1],
                 own = rnl_size_of(region->byte_ends, s->rank);
    return (rnl_phase_cost){.waits = 1, .received = (double)(all - own)};
}

/* Gives blocks their places and cuts the pieces; reserves the weights and the optimizer's state. */
rnl_status rnl_shared_lay_out(rnl_exchange *exchange);

/* Plans messages of what is known of rows; writes this rank's of a step, and reads the others'. */
rnl_status rnl_rows_plan(rnl_exchange *exchange);
void rnl_rows_write(const rnl_exchange *exchange, uint64_t number);
rnl_status rnl_rows_read(const rnl_exchange *exchange, uint64_t number);

#endif
