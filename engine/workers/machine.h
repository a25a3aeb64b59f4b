/*
 * The machine and its workers: their placement, and its description for users.
 */
#ifndef RNL_ENGINE_WORKERS_MACHINE_H
#define RNL_ENGINE_WORKERS_MACHINE_H

#include "engine/step/phases.h"
#include "threading/placement.h"

/* Places the workers that the options request on this machine. */
rnl_status rnl_place_workers(rnl_placement *placement, const rnl_options *options);

/* Places the workers of a planned step by the cost of its phases.  *active: number of workers that
 * have tiles.  If options->threads is 0, only those are started; otherwise the others stay idle. */
rnl_status rnl_place_step(rnl_placement *placement, size_t *active, const rnl_phase_list *phases,
                          const rnl_options *options);

/* Reads this machine, for NULL, or one described as rnl_topology_describe takes it. */
rnl_status rnl_read_machine(rnl_topology *topology, const char *machine);

#endif
