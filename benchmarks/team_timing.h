/*
 * The time that a team takes for a piece of work that each worker does at the same time.
 */
#ifndef RNL_BENCHMARKS_TEAM_TIMING_H
#define RNL_BENCHMARKS_TEAM_TIMING_H

#include <stddef.h>

/* Seconds from the moment that all workers have come to the moment that all are done, the best of
 * `tries`, of workers placed as those of a training run; ends the program if there is no team. */
double rnl_team_best_time(size_t workers, size_t tries, void (*work)(size_t worker, void *context),
                          void *context);

#endif
