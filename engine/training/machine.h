/*
 * The machine and the workers on it: what a run is given, and how that is told to people.
 */
#ifndef RNL_ENGINE_TRAINING_MACHINE_H
#define RNL_ENGINE_TRAINING_MACHINE_H

#include "runnel/runnel.h"
#include "threading/placement.h"

/* The workers that the options ask for on this machine. */
rnl_status rnl_place_workers(rnl_placement *placement, const rnl_options *options);

#endif
