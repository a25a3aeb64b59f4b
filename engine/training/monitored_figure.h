/*
 * The figure of a run that is monitored.
 */
#ifndef RNL_ENGINE_TRAINING_MONITORED_FIGURE_H
#define RNL_ENGINE_TRAINING_MONITORED_FIGURE_H

#include "engine/kinds/monitor.h"
#include "engine/training/figures.h"

/* Refuses a figure that the run will not have, with a message that names the place. */
rnl_status rnl_monitor_check(const rnl_monitor *monitor, rnl_place place, const rnl_config *config,
                             bool validated);

/* The figure's value; NaN if it is not among them. */
double rnl_monitor_value(const rnl_monitor *monitor, const rnl_figures *figures);

#endif
