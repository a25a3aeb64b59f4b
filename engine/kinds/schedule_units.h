/*
 * What a schedule counts: steps or epochs.
 */
#ifndef RNL_ENGINE_KINDS_SCHEDULE_UNITS_H
#define RNL_ENGINE_KINDS_SCHEDULE_UNITS_H

#include "engine/kinds/schedules.h"

extern const rnl_kind_table rnl_schedule_units;

/* The field of a struct's member `per`, an rnl_choice. */
#define RNL_PER_FIELD(struct_, fallback_)                                                          \
    {                                                                                              \
        .key = "per", .type = RNL_FIELD_KIND, .offset = offsetof(struct_, per),                    \
        .fallback = fallback_, .kinds = &rnl_schedule_units,                                       \
        .help = "what is counted: step or epoch"                                                   \
    }

bool rnl_counts_epochs(const rnl_choice *per);

/* Steps or epochs that are over, and those of the whole training. */
double rnl_schedule_time(const rnl_choice *per, const rnl_moment *moment);
double rnl_schedule_length(const rnl_choice *per, const rnl_moment *moment);

/* The rate of a moment, of a schedule that carries its rates along. */
double rnl_schedule_carried(const rnl_choice *schedule, const rnl_plateau *plateau,
                            const rnl_moment *moment);

/* Schedules that a formula or a table says. */
typedef struct rnl_formula_schedule {
    rnl_formula *expression;
    rnl_choice per;
} rnl_formula_schedule;

typedef struct rnl_table_schedule {
    char *path;
    rnl_choice per;
    rnl_number_list at, learning_rate, momentum;
} rnl_table_schedule;

extern const rnl_schedule rnl_schedule_by_formula, rnl_schedule_by_table;
extern const rnl_field rnl_formula_schedule_fields[], rnl_table_schedule_fields[];

#endif
