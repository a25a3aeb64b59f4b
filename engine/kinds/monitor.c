#include "engine/kinds/monitor.h"

#include <math.h>

enum { AUTO, MIN, MAX };

static const rnl_kind kinds[] = {
    {.name = "auto", .help = "smaller is better, except for accuracies, f1, auc and r2_score"},
    {.name = "min", .help = "smaller is better"},
    {.name = "max", .help = "larger is better"},
};

const rnl_kind_table rnl_monitor_modes = {
    .noun = "mode",
    .plural = "modes",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
};

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
