/*
 * What a step costs on some number of workers: pure functions, by which the workers of a step are
 * chosen, and by which a machine that is not at hand is judged.  docs/scaling.md has the terms, how
 * they were fitted, and how far they are off.
 */
#ifndef RNL_THREADING_COST_H
#define RNL_THREADING_COST_H

#include <stdbool.h>
#include <stddef.h>

/* What a phase asks for.  Its tiles are shared out evenly; all figures are of the phase as a whole
 * but `largest`. */
typedef struct rnl_phase_cost {
    size_t tiles;
    size_t row_parts; /* so many equal parts of the rows it goes by; 0 if by something else */
    bool deferred;    /* all that are need one barrier */
    double flops;     /* of its products */
    double calls;     /* of products */
    double bytes;     /* read and written element by element, beside the products */
    double shared;    /* bytes read that other workers have written, if there are any */
    double largest;   /* tile, as a share of the phase: 1 / tiles where all are alike */
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

/* The phases one after the other, with barriers: one for each phase, for those in a row that keep
 * their rows together, and for all that are deferred.  A step has more of them, but to most all
 * workers have come before anybody waits. */
double rnl_step_seconds(const rnl_phase_cost *phases, size_t count, const rnl_cost_rates *rates,
                        size_t workers, size_t nodes);

#endif
