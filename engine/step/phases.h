/*
 * Phases: all workers compute one phase after the other, with barriers between them.
 *
 * A phase is a grid of tiles.  Each worker runs its share of them; no two tiles of a phase write to
 * the same memory.
 *
 * Barriers are split.  A worker arrives after the last phase that another phase depends on, and
 * waits just before that other phase.  Between the two it runs phases that trail: weight gradients,
 * which no other phase of the pass reads.
 *
 *     worker 0   delta 3 | arrive   gradients 3       wait | delta 2 | arrive ...
 *     worker 1   delta 3      | arrive   gradients 3  wait | delta 2 | arrive ...
 *
 * A list is first planned, independently of the number of workers, and then arranged for a number
 * of workers, which places trailing phases and barriers.
 */
#ifndef RNL_ENGINE_STEP_PHASES_H
#define RNL_ENGINE_STEP_PHASES_H

#include "engine/cost/cost.h"
#include "runnel/runnel.h"

#include <stdbool.h>

struct rnl_step_worker;

/* The phases that all workers must complete before a phase begins. */
typedef enum rnl_waits {
    /* Every earlier phase except trailing ones. */
    RNL_WAITS_FOR_ALL,
    /* The first `after` phases, and every phase that is not shared out by rows: for phases that
     * read only rows of their own part.  The same as RNL_WAITS_FOR_ALL if the parts cannot be
     * divided evenly among the workers. */
    RNL_WAITS_FOR_SHARED,
    /* Only the first `after` phases. */
    RNL_WAITS_FOR_FIRST
} rnl_waits;

/* Placement of a phase that no later phase of the pass waits for. */
typedef enum rnl_trails {
    RNL_TRAILS_NOT,  /* later phases wait for it */
    RNL_TRAILS_HERE, /* in the planned place */
    RNL_TRAILS_LATER /* after the next phase, so that workers compute it instead of waiting */
} rnl_trails;

typedef struct rnl_phase {
    const char *name; /* "forward" */
    size_t tiles;
    rnl_status (*run)(void *self, size_t tile, struct rnl_step_worker *worker);
    /* Returns the worker that runs a tile; NULL: contiguous shares of the tiles. */
    size_t (*owner)(const void *self, size_t tile, size_t workers);
    void *self;
    /* Tiles that one call may run, of those that follow each other in a line of `line` tiles; 0:
     * one tile. */
    size_t joins, line;
    rnl_phase_cost cost; /* without the tiles */
    rnl_waits waits;
    rnl_trails trails;
    size_t after; /* phases of the list as planned */
    /* Set when it is added: */
    const char *layer;  /* its name; NULL for the step itself */
    bool rows_move;     /* its buffers hold other rows than before: all workers must be done with
                           them */
    bool waits_for_all; /* waits for phases that trail, too */
    /* Set when the list is arranged, numbers of barriers from 1, 0 for none: */
    size_t arrival; /* arrival after this phase */
    size_t awaited; /* arrival of all workers awaited before this phase */
} rnl_phase;

typedef struct rnl_phase_list {
    size_t count, capacity;
    rnl_phase *items;
    const char *layer;             /* that is planned; NULL for the step itself */
    size_t needed;                 /* phases up to the last one that does not trail */
    bool rows_move, waits_for_all; /* of the phase that is added next */
} rnl_phase_list;

/* Appends a phase; RNL_NO_MEMORY. */
rnl_status rnl_phases_add(rnl_phase_list *list, rnl_phase phase);

/* Makes the next phase wait for all earlier ones, even if it is shared out by rows: its buffer
 * holds rows of one worker where another's were. */
void rnl_phases_move_rows(rnl_phase_list *list);

/* Makes the following phases wait for trailing phases too. */
void rnl_phases_end_trailing(rnl_phase_list *list);

/* Orders the phases as the team runs them, and places barriers.  keeps_rows: each worker has the
 * same rows in all phases that are shared out by rows. */
rnl_status rnl_phases_arrange(rnl_phase_list *list, bool keeps_rows);

void rnl_phases_release(rnl_phase_list *list);

#endif
