/*
 * The named figures of an epoch, or of the steps between two validations, in the order of
 * history.csv.
 */
#ifndef RNL_ENGINE_TRAINING_FIGURES_H
#define RNL_ENGINE_TRAINING_FIGURES_H

#include "engine/workers/sums.h"

#define RNL_MAX_FIGURES (2 * (1 + RNL_MAX_METRICS) + 4)

typedef struct rnl_figures {
    size_t count;
    rnl_figure items[RNL_MAX_FIGURES];
    char names[RNL_MAX_FIGURES][64];
} rnl_figures;

/* Adds a figure named prefix + name. */
void rnl_figures_add(rnl_figures *figures, const char *prefix, const char *name, double value);

/* Adds loss and metrics of one pass; `quickly`: without those that have to sort its rows. */
void rnl_figures_add_pass(rnl_figures *figures, const char *prefix, const rnl_config *config,
                          const rnl_sums *sums, const rnl_tally *tally, bool quickly);

#endif
