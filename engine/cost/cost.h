/*
 * The cost model: the time of a step on some number of workers, from pure functions.  It chooses
 * the number of workers, and predicts machines that are not available.  docs/scaling.md describes
 * the terms, how they were fitted, and their errors.
 */
#ifndef RNL_ENGINE_COST_COST_H
#define RNL_ENGINE_COST_COST_H

#include "engine/cost/message_cost.h"

#include <stdbool.h>
#include <stddef.h>

/* The barrier of a phase. */
typedef enum rnl_phase_barrier {
    RNL_BARRIER_BEFORE, /* one of its own; none if workers keep their rows from another phase */
    RNL_BARRIER_SHARED, /* none: it shares that of the phase before */
    RNL_BARRIER_AT_END  /* one for all phases of this kind */
} rnl_phase_barrier;

/* The work of a phase.  Its tiles are alike and evenly shared out; figures are totals over the
 * tiles. */
typedef struct rnl_phase_cost {
    size_t tiles;
    size_t row_parts; /* equal parts of the rows that it is shared out by; 0 if it is shared out
                         otherwise */
    rnl_phase_barrier barrier;
    double flops;    /* of its products, in those of float32 that take as long */
    double calls;    /* of products, if none takes several parts of the rows */
    size_t joins;    /* parts that a call takes, where a worker has as many of one line; 0: one */
    size_t line;     /* parts of the rows, one tile after the other */
    size_t alone;    /* phases whose calls a worker alone joins to those of one; 0: one */
    double bytes;    /* read and written element by element, beside the products */
    double shared;   /* bytes read that other workers have written, if there are any */
    double waits;    /* for messages of all other ranks, one after the other */
    double received; /* bytes of these messages */
    double early;    /* of these, what has left since a phase before that `sends` */
    bool sends;
} rnl_phase_cost;

/* The rates of a core and of the links between cores. */
typedef struct rnl_cost_rates {
    double flops;            /* per second, of a core in large products */
    double call;             /* seconds that a call of a product takes beside its arithmetic */
    double bytes;            /* per second, of a core element by element */
    double shared_bytes;     /* per second, between two cores of a node */
    double crossing_bytes;   /* per second, into a node from others */
    double barrier;          /* seconds: for each worker of a node that arrives, */
    double crossing_barrier; /* and for each other node */
    rnl_message_rates messages;
} rnl_cost_rates;

/* Returns the calls of products that the workers make together, as if every worker had the run of
 * the worker with most. */
double rnl_phase_calls(const rnl_phase_cost *phase, size_t workers);

/* Returns the seconds of a phase's messages, if no rank computes meanwhile. */
double rnl_message_seconds(const rnl_phase_cost *phase, const rnl_cost_rates *rates);

/* `workers` spread evenly over `nodes`. */
double rnl_phase_seconds(const rnl_phase_cost *phase, const rnl_cost_rates *rates, size_t workers,
                         size_t nodes);

/* Returns the seconds of messages that pass by while ranks compute, if what has left early needs no
 * processor. */
double rnl_hidden_seconds(const rnl_phase_cost *phases, size_t count, const rnl_cost_rates *rates,
                          size_t workers, size_t nodes);

/* Returns the seconds of the phases, one after the other, with their barriers, but for what is
 * hidden of messages.  Other barriers are not counted: at most of them all workers have arrived
 * before any waits. */
double rnl_step_seconds(const rnl_phase_cost *phases, size_t count, const rnl_cost_rates *rates,
                        size_t workers, size_t nodes);

#endif
