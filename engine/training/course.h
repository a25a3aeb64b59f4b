/*
 * The course of one training: its position, what it reports to its callbacks, and why it stops.
 */
#ifndef RNL_ENGINE_TRAINING_COURSE_H
#define RNL_ENGINE_TRAINING_COURSE_H

#include "engine/kinds/schedules.h"
#include "engine/training/figures.h"
#include "engine/workers/pass.h"

/* Minimum interval between saves, of checkpoints and of best weights: a kill loses about as
 * much. */
#define RNL_COURSE_SECONDS_BETWEEN_SAVES 1.0

/* Parameters in the hands of a callback. */
typedef struct rnl_course_access {
    rnl_model_access model; /* what the model knows of it */
    rnl_hand *hand;         /* worker 0, which runs the callback */
    bool fetched;           /* since the last step */
} rnl_course_access;

/* Messages of ranks: the step before which they are counted, and what there was then. */
typedef struct rnl_course_messages {
    uint64_t step;
    rnl_job_traffic before;
} rnl_course_messages;

/* What the workers share in one run.  Only worker 0 writes to it, between barriers. */
typedef struct rnl_course {
    rnl_model *model;      /* stands where its weights were last collected */
    rnl_position position; /* moves with every step */
    const rnl_data *data;
    const rnl_options *options;
    rnl_choice schedule;     /* the phase's, or the caller's (engine/kinds/schedules.h) */
    rnl_tally *tally;        /* of the rows in the position's sums, or NULL */
    rnl_sequence epoch;      /* the training rows, in the order of this epoch */
    float *class_weights;    /* (classes), or NULL */
    double epoch_start;      /* seconds: when the epoch before had ended */
    size_t first_row;        /* of this epoch in this run: not 0 where a checkpoint stood */
    double reported_at;      /* seconds: when figures were last reported, or training began */
    double saved_at;         /* seconds: when a checkpoint was last saved, or training began */
    double best_saved_at;    /* seconds: likewise the best weights */
    bool best_unsaved;       /* the model holds better weights than the file */
    double sums_start;       /* seconds: when the position's sums began to grow in this run */
    size_t sums_rows;        /* rows in the sums at that time */
    double seconds_aside;    /* since then, spent in inspections and checkpoints */
    double training_seconds; /* of the current figures, without inspections and saves */
    rnl_course_messages messages;
    double spent;        /* training seconds of all figures told in this run */
    rnl_pass validation; /* over its rows 0, 1, 2, ... */
    rnl_pass final;
    rnl_pass inspection; /* over the training rows */
    bool saving;         /* a checkpoint is due */
    bool ending;         /* the model holds the last step, which the step itself may have left */
    bool saved;          /* the existing checkpoint is of this run */
    bool apart;          /* the model has later weights than state of the optimizer: among ranks */
    bool stopping;
    bool requested; /* stopped by a callback or rnl_stop */
    bool begun;     /* the caller's on_begin was called: in an earlier phase */
    bool timed_out; /* training.max_seconds are over: there is no further step */
    rnl_course_access access;
} rnl_course;

/* Seconds of a clock that only goes forward. */
double rnl_course_now(void);

/* Returns the epoch of the last step, from 1. */
uint64_t rnl_course_epoch(const rnl_course *t);

/* Returns the last epoch of the phase, from 1. */
uint64_t rnl_course_last_epoch(const rnl_course *t);

/* Tests if figures are reported, and decide, after every epoch, not after a number of steps. */
bool rnl_course_reports_epochs(const rnl_course *t);

/* Returns the progress, with the seconds since `start`, in which training processed `rows` rows. */
rnl_progress rnl_course_progress(const rnl_course *t, double start, size_t rows,
                                 const rnl_figures *figures);

void rnl_course_stop(rnl_course *t, rnl_hand *hand, rnl_status status);

/* Ends training after a step at a request from outside, with a last checkpoint. */
void rnl_course_stop_on_request(rnl_course *t);
bool rnl_course_stop_requested(const rnl_course *t, const rnl_step *step);

/* Ends training at a request from outside: at once, or with other ranks after the next step, in
 * which all hear of it. */
void rnl_course_ask_to_stop(rnl_course *t, const rnl_hand *hand);

/* Visits a mini-batch of a pass that a request to stop ends; the context is the course. */
bool rnl_course_goes_on(const rnl_step *step, const rnl_batch *batch, void *context);

/* Ends training after a step if training.max_seconds are over. */
void rnl_course_look_at_clock(rnl_course *t, const rnl_hand *hand);

/* Tests if there is no further step. */
bool rnl_course_is_over(const rnl_course *t);

/* Returns the optimizer's learning rate, as configured or as a range test has found it. */
double rnl_course_base_rate(const rnl_course *t, const rnl_step *step);

/* Returns the rates of the step after `done` steps, at least as many as when the schedule began. */
rnl_scheduled rnl_course_scheduled(const rnl_course *t, const rnl_step *step, uint64_t done);

/* Sets the rates of the next step.  RNL_NOT_FINITE if the schedule gives none. */
rnl_status rnl_course_set_rates(rnl_course *t, rnl_step *step);

/* Starts the position's sums. */
void rnl_course_begin_sums(rnl_course *t);

#endif
