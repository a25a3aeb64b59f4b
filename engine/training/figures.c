#include "engine/training/figures.h"

#include "engine/kinds/metrics.h"
#include "engine/schema/config.h"

#include <stdio.h>

void rnl_figures_add(rnl_figures *figures, const char *prefix, const char *name, double value)
{
    char *full = figures->names[figures->count];
    snprintf(full, sizeof figures->names[0], "%s%s", prefix, name);
    figures->items[figures->count++] = (rnl_figure){full, value};
}

void rnl_figures_add_pass(rnl_figures *figures, const char *prefix, const rnl_config *config,
                          const rnl_sums *sums, const rnl_tally *tally, bool quickly)
{
    const double rows = (double)sums->rows;
    rnl_figures_add(figures, prefix, "loss", sums->loss / rows);
    for (size_t m = 0; m < config->training.metrics.count; ++m) {
        const rnl_choice *choice = &config->training.metrics.items[m];
        const rnl_metric *metric = rnl_metric_of(choice);
        const double mean = sums->metrics[m] / rows;
        if (metric->scores && quickly)
            continue;
        rnl_figures_add(figures, prefix, choice->kind->name,
                        metric->of_rows   ? metric->of_rows(tally)
                        : metric->of_mean ? metric->of_mean(mean)
                                          : mean);
    }
}
