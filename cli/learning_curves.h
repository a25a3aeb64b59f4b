/*
 * The learning curves of runs as plots: one for each figure, the validation's beside the
 * training's.
 */
#ifndef RNL_CLI_LEARNING_CURVES_H
#define RNL_CLI_LEARNING_CURVES_H

#include "cli/history_table.h"
#include "cli/plot.h"

typedef struct rnl_named_history {
    const char *name;
    const rnl_history_table *table;
    bool titled; /* the name stands in the legend, also of a single run */
} rnl_named_history;

typedef struct rnl_learning_curves {
    size_t count;
    rnl_plot *plots; /* (count) */
    void *memory;    /* of all that they point to */
} rnl_learning_curves;

/* columns: which to draw, separated by commas; NULL: all but the time.  Complains and returns false
 * if no run has such a column, or memory runs out. */
bool rnl_learning_curves_create(rnl_learning_curves *curves, const rnl_named_history *runs,
                                size_t run_count, const char *columns);
void rnl_learning_curves_release(rnl_learning_curves *curves);

/* Memory that is released with the curves; NULL if it ran out. */
void *rnl_learning_curves_allocate(rnl_learning_curves *curves, size_t bytes);

/* "RUN, COLUMN" in such memory; the column itself where the run is alone and has no title. */
const char *rnl_learning_curves_name(rnl_learning_curves *curves, const rnl_named_history *run,
                                     bool alone, const char *column);

#endif
