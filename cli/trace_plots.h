/*
 * The parameters of runs in trace.csv as plots: over the steps, or two of them as a path over the
 * loss.
 */
#ifndef RNL_CLI_TRACE_PLOTS_H
#define RNL_CLI_TRACE_PLOTS_H

#include "cli/learning_curves.h"

/* One plot for each tensor, a curve for each of its numbers; `columns` as for learning curves.
 * Complains and returns false if no run has such a column, or memory runs out. */
bool rnl_trace_plots_create(rnl_learning_curves *plots, const rnl_named_history *runs,
                            size_t run_count, const char *columns);

/* One plot: a curve for each run through the two parameters that `path` names, "A,B".  The ranges
 * of the two, with room around, are put into `from` and `to`. */
bool rnl_trace_path_create(rnl_learning_curves *plots, const rnl_named_history *runs,
                           size_t run_count, const char *path, double from[2], double to[2]);

#endif
