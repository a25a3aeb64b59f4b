/*
 * The machine and the workers on it: what a run is given, and how that is told to people.
 */
#ifndef RNL_ENGINE_WORKERS_MACHINE_H
#define RNL_ENGINE_WORKERS_MACHINE_H

#include "engine/step/phases.h"
#include "threading/placement.h"

/* The workers that the options ask for on this machine. */
rnl_status rnl_place_workers(rnl_placement *placement, const rnl_options *options);

/* Places the workers of a planned step by what its phases cost.  *active: how many of them have
 * tiles.  If options->threads is 0 only those are started; otherwise the rest stay idle. */
rnl_status rnl_place_step(rnl_placement *placement, size_t *active, const rnl_phase_list *phases,
                          const rnl_options *options);

#endif
