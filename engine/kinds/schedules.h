/*
 * The table of schedules: how the learning rate, and with some the momentum, changes while training
 * goes on.
 */
#ifndef RNL_ENGINE_KINDS_SCHEDULES_H
#define RNL_ENGINE_KINDS_SCHEDULES_H

#include "engine/schema/config.h"

/* What the schedule `performance` has seen. */
typedef struct rnl_plateau {
    uint64_t looked; /* 0: nothing yet */
    uint64_t wait, cooldown;
    double best, learning_rate;
} rnl_plateau;

/* A step, seen from where the schedule began. */
typedef struct rnl_moment {
    double learning_rate; /* of the optimizer */
    double step, epoch;   /* from 0; epochs are whole */
    double steps, epochs; /* in all */
    double found_rate;    /* by a range test, where rnl_schedule_searches */
} rnl_moment;

typedef struct rnl_scheduled {
    double learning_rate;
    double momentum; /* or beta_1; NaN: as the optimizer has it */
} rnl_scheduled;

/* The operations of rnl_schedules. */
typedef struct rnl_schedule {
    rnl_scheduled (*at)(const void *parameters, const rnl_moment *moment);
    /* Refuses what the parameters make impossible together; NULL for nothing. */
    rnl_status (*check)(const rnl_choice *choice);
    bool depends_on_length;
} rnl_schedule;

/* Refuses what the parameters make impossible together. */
rnl_status rnl_schedule_check(const rnl_choice *schedule);

/* The schedule takes its course over all of the run: with other epochs it would be another. */
bool rnl_schedule_depends_on_length(const rnl_choice *schedule);

/* The schedule takes its highest rate from a range test. */
bool rnl_schedule_searches(const rnl_config *config);

/* The rates of a step.  schedule: of kind NULL for none. */
rnl_scheduled rnl_schedule_at(const rnl_choice *schedule, const rnl_plateau *plateau,
                              const rnl_moment *moment);

/* The figure that `performance` looks at; NULL for another schedule. */
const rnl_monitor *rnl_schedule_monitor(const rnl_choice *schedule);

/* After a validation in which it had this value, NaN if there was none: `performance` waits for an
 * improvement, or lowers the rate. */
void rnl_schedule_look(const rnl_choice *schedule, rnl_plateau *plateau, double learning_rate,
                       double value);

#endif
