/*
 * The course of one training: where it stands, what its callers are told of it, and why it stops.
 */
#ifndef RNL_ENGINE_TRAINING_COURSE_H
#define RNL_ENGINE_TRAINING_COURSE_H

#include "engine/kinds/schedules.h"
#include "engine/training/figures.h"
#include "engine/workers/pass.h"

/* Of checkpoints and best weights: a kill loses about as much. */
#define RNL_COURSE_SECONDS_BETWEEN_SAVES 1.0

/* What the workers share in one run.  Only worker 0 writes to it, between barriers. */
typedef struct rnl_course {
    rnl_model *model;      /* stands where its weights were last collected */
    rnl_position position; /* moves with every step */
    const rnl_data *data;
    const rnl_options *options;
    rnl_sequence epoch;      /* the training rows, in the order of this epoch */
    float *class_weights;    /* (classes), or NULL */
    double epoch_start;      /* seconds: when the epoch before had ended */
    size_t first_row;        /* of this epoch in this run: not 0 where a checkpoint stood */
    double reported_at;      /* seconds: when figures were last reported, or training began */
    double saved_at;         /* seconds: when a checkpoint was last saved, or training began */
    double best_saved_at;    /* seconds: likewise the best weights */
    bool best_unsaved;       /* the model keeps better weights than the file has */
    double sums_start;       /* seconds: when the position's sums began to grow in this run */
    size_t sums_rows;        /* that they had then */
    double seconds_aside;    /* since then, of inspections and checkpoints */
    double training_seconds; /* of the figures at hand, all else left out */
    rnl_pass validation;     /* over its rows 0, 1, 2, ... */
    rnl_pass final;
    rnl_pass inspection; /* over the training rows */
    bool saving;         /* a checkpoint is due */
    bool ending;         /* the model stands at the last step, the step may be beyond it */
    bool saved;          /* the one that is there is of this run */
    bool stopping;
    bool requested; /* stopping because somebody asked for it */
} rnl_course;

/* Seconds of a clock that only goes forward. */
double rnl_course_now(void);

/* From 1, in which the last step was. */
uint64_t rnl_course_epoch(const rnl_course *t);

/* Figures are told, and decided by, after every epoch; else after every so many steps. */
bool rnl_course_reports_epochs(const rnl_course *t);

/* With the seconds since `start`, in which training went over so many rows. */
rnl_progress rnl_course_progress(const rnl_course *t, double start, size_t rows,
                                 const rnl_figures *figures);

void rnl_course_stop(rnl_course *t, rnl_hand *hand, rnl_status status);

/* Ends training after a step at a request from outside, with a last checkpoint. */
void rnl_course_stop_on_request(rnl_course *t);
bool rnl_course_stop_requested(const rnl_course *t);

/* The visit of a pass that a stop ends; the context is the course. */
bool rnl_course_goes_on(const rnl_step *step, const rnl_batch *batch, void *context);

/* There is to be no further step. */
bool rnl_course_is_over(const rnl_course *t);

/* The rates of the step after so many, at least as many as when the schedule began. */
rnl_scheduled rnl_course_scheduled(const rnl_course *t, const rnl_step *step, uint64_t done);

/* Of the next step. */
void rnl_course_set_rates(const rnl_course *t, rnl_step *step);

/* The position's sums begin to grow. */
void rnl_course_begin_sums(rnl_course *t);

#endif
