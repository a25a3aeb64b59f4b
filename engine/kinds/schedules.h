/*
 * The table of schedules: how the learning rate, and in some the momentum, changes during training.
 */
#ifndef RNL_ENGINE_KINDS_SCHEDULES_H
#define RNL_ENGINE_KINDS_SCHEDULES_H

#include "engine/schema/config.h"

/* What a schedule carries along: the state of `performance`.  A schedule that computes each rate
 * from the one before keeps the last one, its epoch or step in `cooldown`, and in `best` the rate
 * before. */
typedef struct rnl_plateau {
    uint64_t looked; /* validations seen, or 1 once a rate is computed; 0: none yet */
    uint64_t wait, cooldown;
    double best, learning_rate;
} rnl_plateau;

/* A step's position, counted from the schedule's start. */
typedef struct rnl_moment {
    double learning_rate; /* of the optimizer */
    double step, epoch;   /* from 0; epochs are whole */
    double steps, epochs; /* totals */
    double found_rate;    /* learning rate found by a range test, if rnl_schedule_searches */
    double rate;          /* the one before, for a schedule that carries it along */
} rnl_moment;

typedef struct rnl_scheduled {
    double learning_rate;
    double momentum; /* or beta_1; NaN: as the optimizer has it */
} rnl_scheduled;

/* The operations of rnl_schedules. */
typedef struct rnl_schedule {
    rnl_scheduled (*at)(const void *parameters, const rnl_moment *moment);
    /* Refuses parameters that contradict each other; NULL: none can. */
    rnl_status (*check)(const rnl_choice *choice);
    bool depends_on_length;
    bool (*length_matters)(const void *parameters); /* NULL: as depends_on_length says */
    /* What it counts, if it computes each rate once and carries it along for the next; NULL: each
     * rate follows from its moment alone. */
    const rnl_choice *(*carries)(const void *parameters);
    /* Says why the result of a moment is no number, for messages, or "" if it is one; NULL: there
     * is nothing to say. */
    void (*explain)(char *text, size_t size, const void *parameters, const rnl_moment *moment);
} rnl_schedule;

/* A choice of what schedules count: steps. */
extern const rnl_choice rnl_per_step;

/* Refuses parameters that contradict each other. */
rnl_status rnl_schedule_check(const rnl_choice *schedule);

/* Tests if the schedule extends over the whole run, so that another number of epochs changes it. */
bool rnl_schedule_depends_on_length(const rnl_choice *schedule);

/* Tests if the schedule takes its highest rate from a range test. */
bool rnl_schedule_searches(const rnl_choice *schedule);

/* Computes the rate of a moment that has come, for a schedule that carries its rates along. */
void rnl_schedule_advance(const rnl_choice *schedule, rnl_plateau *plateau,
                          const rnl_moment *moment);

/* Refuses a schedule that gives, from this moment to the end, a rate that is none.  Of more than
 * 2^20 moments, the first so many are looked at. */
rnl_status rnl_schedule_check_rates(const rnl_choice *schedule, const rnl_moment *begin);

/* Tests if a schedule's result can be a learning rate. */
bool rnl_is_rate(double rate);

/* Returns the rates of a step.  `schedule` has kind NULL for none. */
rnl_scheduled rnl_schedule_at(const rnl_choice *schedule, const rnl_plateau *plateau,
                              const rnl_moment *moment);

/* Returns the figure that `performance` monitors; NULL for another schedule. */
const rnl_monitor *rnl_schedule_monitor(const rnl_choice *schedule);

/* Updates `performance` after a validation with this value, NaN if there was none: it waits for an
 * improvement or lowers the rate. */
void rnl_schedule_look(const rnl_choice *schedule, rnl_plateau *plateau, double learning_rate,
                       double value);

#endif
