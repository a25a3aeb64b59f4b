/*
 * Phases: what all workers do together, one phase after the other, with barriers between them.
 *
 * A phase is a grid of tiles.  Each worker runs its share of them; a tile never touches what
 * another tile of the same phase writes.
 *
 * Barriers are split.  A worker arrives behind the last phase that another phase depends on, and
 * waits right before that other phase.  In between it runs phases that trail: weight gradients,
 * which no other phase of the pass reads.
 *
 *     worker 0   delta 3 | arrive   gradients 3       wait | delta 2 | arrive ...
 *     worker 1   delta 3      | arrive   gradients 3  wait | delta 2 | arrive ...
 *
 * A list is planned first, without a look at the number of workers, and then arranged for one: that
 * places the phases that trail, and the barriers.
 */
#ifndef RNL_ENGINE_STEP_PHASES_H
#define RNL_ENGINE_STEP_PHASES_H

#include "engine/cost/cost.h"
#include "runnel/runnel.h"

#include <stdbool.h>

struct rnl_step_worker;

/* What all workers must have completed before a phase begins. */
typedef enum rnl_waits {
    /* Every earlier phase but those that trail. */
    RNL_WAITS_FOR_ALL,
    /* The phase reads only the rows of its own part: the first `after` phases, and every phase that
     * is not shared out by rows.  The same as all where the parts do not go evenly to the workers.
     */
    RNL_WAITS_FOR_SHARED,
    /* The first `after` phases alone. */
    RNL_WAITS_FOR_FIRST
} rnl_waits;

/* Where a phase stands that no later phase of the pass waits for. */
typedef enum rnl_trails {
    RNL_TRAILS_NOT,  /* later phases wait for it */
    RNL_TRAILS_HERE, /* right here */
    RNL_TRAILS_LATER /* where workers have something to do before they wait for it */
} rnl_trails;

typedef struct rnl_phase {
    const char *name; /* "forward" */
    size_t tiles;
    /* Once for each tile, on the worker that will run it: makes what `run` needs. NULL for nothing.
     */
    rnl_status (*bind)(void *self, size_t tile, struct rnl_step_worker *worker);
    rnl_status (*run)(void *self, size_t tile, struct rnl_step_worker *worker);
    /* The worker that runs a tile; NULL: contiguous shares of the tiles. */
    size_t (*owner)(const void *self, size_t tile, size_t workers);
    void *self;
    rnl_phase_cost cost; /* without the tiles */
    rnl_waits waits;
    rnl_trails trails;
    size_t after; /* phases of the list as planned */
    /* Set when it is added: */
    const char *layer;  /* its name; NULL for the step itself */
    bool rows_move;     /* rows before it stand elsewhere: all must have gone past them */
    bool waits_for_all; /* waits for phases that trail, too */
    /* Set when the list is arranged, numbers of barriers from 1, 0 for none: */
    size_t arrival; /* that a worker arrives at behind it */
    size_t awaited; /* that all must have arrived at before it */
} rnl_phase;

typedef struct rnl_phase_list {
    size_t count, capacity;
    rnl_phase *items;
    const char *layer;             /* that is planned; NULL for the step itself */
    size_t needed;                 /* phases up to the last one that does not trail */
    bool rows_move, waits_for_all; /* of the phase that is added next */
} rnl_phase_list;

/* Adds a phase behind the others; RNL_NO_MEMORY. */
rnl_status rnl_phases_add(rnl_phase_list *list, rnl_phase phase);

/* Rows of one worker come to stand where another's were: the phases that follow wait for all that
 * are there, even if they are shared out by rows. */
void rnl_phases_move_rows(rnl_phase_list *list);

/* The phases that follow wait for those that trail, too. */
void rnl_phases_end_trailing(rnl_phase_list *list);

/* Puts the phases in the order in which a team runs them, and barriers between them.  keeps_rows:
 * each worker has the same rows in all phases that are shared out by rows. */
rnl_status rnl_phases_arrange(rnl_phase_list *list, bool keeps_rows);

void rnl_phases_release(rnl_phase_list *list);

#endif
