/*
 * The monitored figure of early stopping and of a schedule: a loss or a metric, of the training or
 * the validation rows, and the direction in which it improves.
 */
#ifndef RNL_ENGINE_KINDS_MONITOR_H
#define RNL_ENGINE_KINDS_MONITOR_H

#include "engine/schema/config.h"

/* auto, min and max. */
extern const rnl_kind_table rnl_monitor_modes;

/* The keys monitor, mode and min_delta of a struct with an rnl_monitor. */
#define RNL_MONITOR_FIELDS(struct_, member_, min_delta_)                                           \
    {.key = "monitor",                                                                             \
     .type = RNL_FIELD_TEXT,                                                                       \
     .offset = offsetof(struct_, member_.figure),                                                  \
     .fallback = "val_loss",                                                                       \
     .kinds = &rnl_metrics,                                                                        \
     .help = "the figure of history.csv to look at"},                                              \
        {.key = "mode",                                                                            \
         .type = RNL_FIELD_KIND,                                                                   \
         .offset = offsetof(struct_, member_.mode),                                                \
         .fallback = "auto",                                                                       \
         .kinds = &rnl_monitor_modes,                                                              \
         .help = "min or max: which way it improves; auto: by its name"},                          \
    {                                                                                              \
        .key = "min_delta", .type = RNL_FIELD_NUMBER,                                              \
        .offset = offsetof(struct_, member_.min_delta), .fallback = min_delta_, .minimum = 0,      \
        .maximum = 1e30, .help = "a change by no more than this is no improvement"                 \
    }

/* NaN is no improvement; any number is one over NaN. */
bool rnl_monitor_improved(const rnl_monitor *monitor, double value, double best);

#endif
