/*
 * Plots of a comparison: its metric over the epochs, and over learning rates where they vary.
 */
#ifndef RNL_CLI_COMPARISON_PLOTS_H
#define RNL_CLI_COMPARISON_PLOTS_H

#include "cli/comparison.h"

#define RNL_COMPARISON_PNG       "compare.png"
#define RNL_COMPARISON_SVG       "compare.svg"
#define RNL_COMPARISON_RATES_PNG "compare-rates.png"
#define RNL_COMPARISON_RATES_SVG "compare-rates.svg"

/* Returns the learning rate of a combination, tuned or one of a variation; NaN: the
 * configuration's. */
double rnl_comparison_rate(const rnl_comparison *comparison, const rnl_combination *c);

/* What a combination is called but for its learning rate; to be freed; NULL if memory runs out. */
char *rnl_comparison_setting(const rnl_comparison *comparison, const rnl_combination *c);

/* Complains and returns false if one cannot be written; where gnuplot is missing, only says so. */
bool rnl_comparison_write_plots(const rnl_comparison *comparison);

#endif
