/*
 * What the model of costs foresees of a step on a machine, and the workers that it chooses.
 */
#ifndef RNL_ENGINE_WORKERS_FORESIGHT_H
#define RNL_ENGINE_WORKERS_FORESIGHT_H

#include "engine/cost/cost.h"
#include "engine/step/phases.h"
#include "threading/placement.h"

/* Places the workers that the options request, whatever they do. */
rnl_status rnl_plan_placement(rnl_placement *placement, const rnl_topology *topology,
                              const rnl_options *options);

/* The rates of a core with the vectors of this processor, and of a network of 10 Gbit/s, which is
 * assumed; docs/scaling.md describes their origin. */
rnl_cost_rates rnl_rates_here(void);

/* The phases of a planned step, an array of their costs, and the rates that they go by. */
typedef struct rnl_step_costs {
    const rnl_phase_list *phases;
    rnl_phase_cost *costs; /* (phases) */
    rnl_cost_rates rates;
} rnl_step_costs;

/* Lists the costs; the caller frees the array. */
rnl_status rnl_step_costs_list(rnl_step_costs *work, const rnl_phase_list *phases);

/* Predicts the seconds of a step on this many workers, placed as the machine would place them. */
rnl_status rnl_foresee(const rnl_topology *topology, const rnl_step_costs *work, size_t workers,
                       size_t *nodes, double *seconds);

/* Places the workers with which the step is fastest, or as many as the options request, of which
 * `active` then have tiles. */
rnl_status rnl_place_by_cost(rnl_placement *placement, size_t *active, const rnl_step_costs *work,
                             const rnl_topology *topology, const rnl_options *options);

#endif
