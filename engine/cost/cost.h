/*
 * What a step costs on some number of workers: pure functions, by which the workers of a step are
 * chosen, and by which a machine that is not at hand is judged.  docs/scaling.md has the terms, how
 * they were fitted, and how far they are off.
 */
#ifndef RNL_ENGINE_COST_COST_H
#define RNL_ENGINE_COST_COST_H

#include <stddef.h>

/* The barrier that a phase asks for. */
typedef enum rnl_phase_barrier {
    RNL_BARRIER_BEFORE, /* one of its own; none where workers keep their rows from another phase */
    RNL_BARRIER_SHARED, /* none: it waits where the phase before it has waited */
    RNL_BARRIER_AT_END  /* one for all phases of this kind */
} rnl_phase_barrier;

/* What a phase asks for.  Its tiles are alike and shared out evenly; all figures are of the phase
 * as a whole. */
typedef struct rnl_phase_cost {
    size_t tiles;
    size_t row_parts; /* equal parts of the rows that it is shared out by; 0 if by something else */
    rnl_phase_barrier barrier;
    double flops;  /* of its products */
    double calls;  /* of products */
    double bytes;  /* read and written element by element, beside the products */
    double shared; /* bytes read that other workers have written, if there are any */
} rnl_phase_cost;

/* What a core and the ways between cores can do. */
typedef struct rnl_cost_rates {
    double flops;            /* per second, of a core in large products */
    double call;             /* seconds that a call of a product takes beside its arithmetic */
    double bytes;            /* per second, of a core element by element */
    double shared_bytes;     /* per second, between two cores of a node */
    double crossing_bytes;   /* per second, into a node from others */
    double barrier;          /* seconds: for each worker of a node that comes to it, */
    double crossing_barrier; /* and for each other node */
} rnl_cost_rates;

/* `workers` spread evenly over `nodes`. */
double rnl_phase_seconds(const rnl_phase_cost *phase, const rnl_cost_rates *rates, size_t workers,
                         size_t nodes);

/* The phases one after the other, with the barriers that they ask for.  A step has more of them,
 * but to most all workers have come before any of them waits. */
double rnl_step_seconds(const rnl_phase_cost *phases, size_t count, const rnl_cost_rates *rates,
                        size_t workers, size_t nodes);

#endif
