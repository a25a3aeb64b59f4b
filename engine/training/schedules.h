/*
 * The table of schedules: how the learning rate, and with some the momentum, changes while training
 * goes on.
 */
#ifndef RNL_ENGINE_TRAINING_SCHEDULES_H
#define RNL_ENGINE_TRAINING_SCHEDULES_H

#include "engine/config/config.h"
#include "engine/model/position.h"

struct rnl_figures;

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

/* Of a configuration as it is, and with the run's validation rows or without. */
rnl_status rnl_schedule_check(const rnl_choice *schedule);
rnl_status rnl_schedule_check_monitor(const rnl_config *config, bool validated);

/* The schedule takes its course over all of the run: with other epochs it would be another. */
bool rnl_schedule_depends_on_length(const rnl_choice *schedule);

/* The schedule takes its highest rate from a range test. */
bool rnl_schedule_searches(const rnl_config *config);

/* The rates of a step.  schedule: of kind NULL for none. */
rnl_scheduled rnl_schedule_at(const rnl_choice *schedule, const rnl_plateau *plateau,
                              const rnl_moment *moment);

/* After each validation: `performance` waits for an improvement, or lowers the rate. */
void rnl_schedule_look(const rnl_config *config, rnl_plateau *plateau, double learning_rate,
                       const struct rnl_figures *figures);

#endif
