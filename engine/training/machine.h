/*
 * The machine and the workers on it: what a run is given, and how that is told to people.
 */
#ifndef RNL_ENGINE_TRAINING_MACHINE_H
#define RNL_ENGINE_TRAINING_MACHINE_H

#include "engine/step/work.h"
#include "threading/placement.h"

/* The workers that the options ask for on this machine. */
rnl_status rnl_place_workers(rnl_placement *placement, const rnl_options *options);

/* Likewise for a step, by what its phases cost: how many have tiles is told in `active`.  Where the
 * options leave the number open, there are no others. */
rnl_status rnl_place_step(rnl_placement *placement, size_t *active, const rnl_work_list *work,
                          const rnl_options *options);

#endif
