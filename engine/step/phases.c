#include "engine/step/phases.h"

#include "engine/base/error.h"

#include <stdlib.h>

static rnl_phase_barrier barrier_of(const rnl_phase *phase)
{
    static const rnl_phase_barrier barriers[] = {
        [RNL_TRAILS_NOT] = RNL_BARRIER_BEFORE,
        [RNL_TRAILS_HERE] = RNL_BARRIER_SHARED,
        [RNL_TRAILS_LATER] = RNL_BARRIER_AT_END,
    };
    return phase->trails == RNL_TRAILS_NOT ? phase->cost.barrier : barriers[phase->trails];
}

rnl_status rnl_phases_add(rnl_phase_list *list, rnl_phase phase)
{
    if (list->count == list->capacity) {
        const size_t capacity = 2 * list->capacity + 16;
        rnl_phase *grown = realloc(list->items, capacity * sizeof *grown);
        if (!grown)
            return rnl_fail_memory(capacity * sizeof *grown);
        list->items = grown;
        list->capacity = capacity;
    }
    phase.cost.tiles = phase.cost.tiles > 0 ? phase.cost.tiles : phase.tiles;
    phase.cost.barrier = barrier_of(&phase);
    phase.layer = list->layer;
    phase.rows_move = list->rows_move;
    phase.waits_for_all = list->waits_for_all;
    list->rows_move = list->waits_for_all = false;
    list->items[list->count++] = phase;
    if (phase.trails == RNL_TRAILS_NOT)
        list->needed = list->count;
    return RNL_OK;
}

void rnl_phases_move_rows(rnl_phase_list *list)
{
    list->rows_move = true;
}

void rnl_phases_end_trailing(rnl_phase_list *list)
{
    list->waits_for_all = true;
}

/* ---- the order in which a team runs them ----------------------------------------------------- */

typedef struct arrangement {
    const rnl_phase_list *plan;
    bool keeps_rows;
    size_t count;
    rnl_phase *items;  /* in the order in which they run */
    size_t *positions; /* of each planned phase, its index + 1 in that order, once placed */
    size_t barriers;
    size_t complete; /* phases before the last barrier */
    size_t shared;   /* phases to complete before one that is shared out by rows */
    size_t needed;   /* or before any other */
} arrangement;

/* Returns the number of phases to complete before this one, in the order in which they run. */
static size_t needed_before(const arrangement *a, const rnl_phase *phase)
{
    const size_t after = phase->after > 0 ? a->positions[phase->after - 1] : 0;
    if (phase->waits == RNL_WAITS_FOR_FIRST)
        return after;
    if (phase->waits == RNL_WAITS_FOR_ALL || !a->keeps_rows)
        return a->needed;
    return after > a->shared ? after : a->shared;
}

static void place(arrangement *a, size_t planned)
{
    rnl_phase phase = a->plan->items[planned];
    if (phase.rows_move)
        a->shared = a->count;
    if (phase.waits_for_all)
        a->needed = a->count;
    const size_t needed = needed_before(a, &phase);
    if (needed > a->complete) {
        phase.awaited = a->items[needed - 1].arrival = ++a->barriers;
        a->complete = needed;
    }
    a->items[a->count++] = phase;
    a->positions[planned] = a->count;
    if (phase.trails != RNL_TRAILS_NOT)
        return;
    a->needed = a->count;
    if (phase.waits != RNL_WAITS_FOR_SHARED || !a->keeps_rows)
        a->shared = a->count;
}

/* Places the phases of [*waiting, end) that trail later. */
static void place_waiting(arrangement *a, size_t *waiting, size_t end)
{
    for (; *waiting < end; ++*waiting)
        if (a->plan->items[*waiting].trails == RNL_TRAILS_LATER)
            place(a, *waiting);
}

/* Places a phase that trails later after the next phase, with which workers that have no part in it
 * begin.  If rows are kept, it would separate two phases without a barrier, so it is placed at the
 * end. */
static void place_all(arrangement *a)
{
    const rnl_phase_list *plan = a->plan;
    size_t waiting = 0;
    for (size_t i = 0; i < plan->count; ++i) {
        if (plan->items[i].waits_for_all)
            place_waiting(a, &waiting, i);
        if (plan->items[i].trails == RNL_TRAILS_LATER)
            continue;
        place(a, i);
        if (!a->keeps_rows)
            place_waiting(a, &waiting, i);
    }
    place_waiting(a, &waiting, plan->count);
}

rnl_status rnl_phases_arrange(rnl_phase_list *list, bool keeps_rows)
{
    arrangement a = {
        .plan = list,
        .keeps_rows = keeps_rows,
        .items = calloc(list->count + 1, sizeof *a.items),
        .positions = calloc(list->count + 1, sizeof *a.positions),
    };
    if (!a.items || !a.positions) {
        free(a.items);
        free(a.positions);
        return rnl_fail_memory((list->count + 1) * sizeof *a.items);
    }
    place_all(&a);
    free(a.positions);
    free(list->items);
    list->items = a.items;
    list->capacity = list->count + 1;
    return RNL_OK;
}

void rnl_phases_release(rnl_phase_list *list)
{
    free(list->items);
    *list = (rnl_phase_list){0};
}
