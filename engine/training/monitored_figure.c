#include "engine/training/monitored_figure.h"

#include "engine/base/error.h"
#include "engine/data/split.h"
#include "engine/kinds/metrics.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

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
        return rnl_fail_at(place, "monitor: there is no %.60s without validation rows%s",
                           monitor->figure,
                           rnl_split_is_on(&config->data)
                               ? ": the rows were made without the configuration that splits them"
                               : "");
    const char *nearest = rnl_nearest(monitor->figure, candidates, count);
    if (nearest)
        return rnl_fail_at(place, "monitor: the run has no figure '%.60s'; did you mean '%s'?",
                           monitor->figure, nearest);
    char known[sizeof names + 2 * sizeof names / sizeof *names] = "";
    for (size_t i = 0, length = 0; i < count; ++i)
        length += (size_t)snprintf(known + length, sizeof known - length, "%s%s", i ? ", " : "",
                                   candidates[i]);
    return rnl_fail_at(place,
                       "monitor: the run has no figure '%.60s'; it has %s (see "
                       "training.metrics)",
                       monitor->figure, known);
}

double rnl_monitor_value(const rnl_monitor *monitor, const rnl_figures *figures)
{
    for (size_t i = 0; i < figures->count; ++i)
        if (strcmp(figures->items[i].name, monitor->figure) == 0)
            return figures->items[i].value;
    return NAN;
}
