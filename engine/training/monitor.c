#include "engine/training/monitor.h"

#include "engine/error.h"
#include "engine/training/metrics.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { AUTO, MIN, MAX };

static const rnl_kind kinds[] = {
    {.name = "auto", .help = "the smaller the better, but of accuracies and r2_score the larger"},
    {.name = "min", .help = "the smaller the better"},
    {.name = "max", .help = "the larger the better"},
};

const rnl_kind_table rnl_monitor_modes = {
    .noun = "mode",
    .plural = "modes",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
};

rnl_status rnl_monitor_check(const rnl_monitor *monitor, rnl_place place, const rnl_config *config,
                             bool validated)
{
    const rnl_choice_list *metrics = &config->training.metrics;
    char names[2 * (RNL_MAX_METRICS + 1)][64];
    const char *candidates[2 * (RNL_MAX_METRICS + 1)];
    size_t count = 0;
    for (int of_validation = 0; of_validation < 1 + validated; ++of_validation)
        for (size_t m = 0; m <= metrics->count; ++m, ++count) {
            snprintf(names[count], sizeof names[count], "%s%s", of_validation ? "val_" : "",
                     m == 0 ? "loss" : metrics->items[m - 1].kind->name);
            candidates[count] = names[count];
            if (strcmp(names[count], monitor->figure) == 0)
                return RNL_OK;
        }
    if (!validated && strncmp(monitor->figure, "val_", 4) == 0)
        return rnl_fail_at(place, "monitor: there is no %.60s without validation rows",
                           monitor->figure);
    const char *nearest = rnl_nearest(monitor->figure, candidates, count);
    return rnl_fail_at(place, "monitor: the run has no figure '%.60s'%s%s%s", monitor->figure,
                       nearest ? "; did you mean '" : "", nearest ? nearest : "",
                       nearest ? "'?" : "");
}

double rnl_monitor_value(const rnl_monitor *monitor, const rnl_figures *figures)
{
    for (size_t i = 0; i < figures->count; ++i)
        if (strcmp(figures->items[i].name, monitor->figure) == 0)
            return figures->items[i].value;
    return NAN;
}

static bool larger_is_better(const rnl_monitor *monitor)
{
    if (monitor->mode.kind != &kinds[AUTO])
        return monitor->mode.kind == &kinds[MAX];
    return rnl_figure_rises(monitor->figure);
}

bool rnl_monitor_improved(const rnl_monitor *monitor, double value, double best)
{
    if (isnan(value) || isnan(best))
        return !isnan(value);
    return larger_is_better(monitor) ? value > best + monitor->min_delta
                                     : value < best - monitor->min_delta;
}
