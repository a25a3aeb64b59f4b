#include "engine/training/course_validation.h"
#include "engine/training/monitored_figure.h"

#include "engine/base/error.h"
#include "engine/schema/config.h"
#include "engine/step/penalty.h"
#include "engine/training/course_access.h"
#include "engine/training/course_messages.h"
#include "engine/training/course_saving.h"
#include "engine/training/early_stopping.h"
#include "engine/training/inspect.h"

#include <math.h>

/* NaN: the optimizer has none. */
static double momentum_of(const rnl_step *step, rnl_scheduled scheduled)
{
    const double own = step->update.optimizer.momentum;
    return own == 0 ? NAN : isnan(scheduled.momentum) ? own : scheduled.momentum;
}

/* Collects the figures in the order of history.csv. */
static void gather_figures(const rnl_course *t, const rnl_step *step, rnl_figures *figures)
{
    const rnl_config *config = t->model->config;
    const rnl_position *position = &t->position;
    if (!rnl_course_reports_epochs(t))
        rnl_figures_add(figures, "", "step", (double)position->step);
    rnl_figures_add_pass(figures, "", config, &position->sums, t->tally, false);
    if (t->validation.sums.rows > 0)
        rnl_figures_add_pass(figures, "val_", config, &t->validation.sums, t->validation.tally,
                             false);
    const rnl_scheduled scheduled = rnl_course_scheduled(t, step, position->step - 1);
    rnl_figures_add(figures, "", "learning_rate", scheduled.learning_rate);
    rnl_figures_add(figures, "", "momentum", momentum_of(step, scheduled));
    rnl_figures_add(figures, "", "samples_per_second",
                    (double)(position->sums.rows - t->sums_rows) / t->training_seconds);
}

static void look_for_plateau(const rnl_choice *schedule, rnl_plateau *plateau, double learning_rate,
                             const rnl_figures *figures)
{
    const rnl_monitor *monitor = rnl_schedule_monitor(schedule);
    if (monitor)
        rnl_schedule_look(schedule, plateau, learning_rate, rnl_monitor_value(monitor, figures));
}

/* Worker 0: completes the figures since the last report, and decides by them.  Training that ends
 * early within an epoch saves a checkpoint of its own. */
static void tell_figures(rnl_course *t, rnl_hand *hand)
{
    const rnl_early_stopping_config *stopping = t->model->phase.early_stopping;
    rnl_step *step = hand->step.step;
    rnl_position *position = &t->position;
    rnl_figures figures = {0};
    gather_figures(t, step, &figures);
    const rnl_progress progress =
        rnl_course_progress(t, t->reported_at, position->sums.rows - t->sums_rows, &figures);
    look_for_plateau(t->model->phase.schedule, &position->plateau, rnl_course_base_rate(t, step),
                     &figures);
    const rnl_status rated = rnl_course_set_rates(t, step);
    if (rated != RNL_OK)
        rnl_course_stop(t, hand, rated);
    const rnl_validation_time when = {rnl_course_epoch(t), position->step,
                                      position->reported_step <= position->phase_step,
                                      position->phase_epoch};
    const bool best = rnl_early_stopping_look(stopping, &position->patience, when, &figures);
    position->reported_step = position->step;
    position->sums = (rnl_sums){0};
    rnl_tally_clear(t->tally);
    if (best && (stopping->restore_best_weights || t->options->best))
        rnl_course_keep_best(t, hand);
    t->saving |= position->patience.over && position->rows < t->epoch.count;
    rnl_course_open(t, hand);
    if (!rnl_call_epoch(t->options, &progress))
        rnl_course_ask_to_stop(t, hand);
    rnl_course_close(t);
    rnl_course_begin_sums(t);
    t->reported_at += progress.seconds;
}

static void begin_validation(rnl_hand *hand, void *context)
{
    rnl_course *t = context;
    t->training_seconds = rnl_course_now() - t->sums_start - t->seconds_aside;
    t->spent += t->training_seconds;
    rnl_course_tell_messages(t);
    t->validation.sums = (rnl_sums){0};
    rnl_tally_clear(t->validation.tally);
    rnl_step_set_penalty(hand->step.step, t->position.step + 1, 0);
}

static void end_validation(rnl_hand *hand, void *context)
{
    rnl_course *t = context;
    if (atomic_load(&hand->executor->failed))
        t->stopping = true;
    else if (t->validation.stopped)
        rnl_course_stop_on_request(t);
    else
        tell_figures(t, hand);
}

void rnl_course_validate(rnl_course *t, rnl_hand *hand)
{
    rnl_hand_decide(hand, begin_validation, t);
    rnl_pass_run(hand, &t->validation);
    rnl_hand_decide(hand, end_validation, t);
    rnl_course_take_changes(t, hand);
}

bool rnl_course_validation_is_due(const rnl_course *t)
{
    return !rnl_course_reports_epochs(t) && !t->stopping &&
           t->position.step > t->position.reported_step &&
           t->position.step % (uint64_t)t->model->config->training.validate_every == 0;
}

static void save_if_stopping(rnl_hand *hand, void *context)
{
    (void)hand;
    rnl_course *t = context;
    t->saving = t->stopping;
}

void rnl_course_validate_end(rnl_course *t, rnl_hand *hand)
{
    rnl_course_validate(t, hand);
    rnl_hand_decide(hand, save_if_stopping, t);
    rnl_course_save_if_due(t, hand);
}

bool rnl_course_is_inspecting(const rnl_course *t)
{
    return t->model->config->training.inspect && t->options->on_inspect;
}

/* An inspection after `epochs` epochs: of the next step, the first of its epoch, and of the outputs
 * of all training rows.  Before the first step, outputs are those in training mode, because batch
 * normalization has no moving statistics yet. */
typedef struct look {
    rnl_course *course;
    size_t epochs;
    double start; /* seconds */
    rnl_job_traffic before;
} look;

static void begin_look(rnl_hand *hand, void *context)
{
    const look *l = context;
    rnl_course *t = l->course;
    rnl_probe_clear(hand->step.step);
    t->inspection.training = t->position.step == 0;
    t->inspection.number = t->position.step + 1;
    rnl_order_epoch(&t->epoch, t->model, (uint32_t)l->epochs, t->model->config->training.shuffle);
}

/* Reports the inspection; false if the callback asks to stop. */
static bool report(const look *l, const rnl_hand *hand)
{
    const rnl_course *t = l->course;
    return atomic_load(&hand->executor->failed) ||
           (!t->inspection.stopped && rnl_inspect_report(hand->step.step, l->epochs, t->options));
}

static void end_first_look(rnl_hand *hand, void *context)
{
    const look *l = context;
    if (!report(l, hand))
        rnl_course_stop(l->course, hand, rnl_fail(RNL_STOPPED, "stopped before the first step"));
}

/* Other ranks validate with this one, and hear of the request with its rows. */
static void end_look(rnl_hand *hand, void *context)
{
    const look *l = context;
    const bool stops = !report(l, hand);
    if (stops && hand->step.step->shared)
        atomic_store(&l->course->model->stop, true);
    else
        l->course->validation.stopped |= stops;
    l->course->seconds_aside += rnl_course_now() - l->start;
    rnl_course_set_messages_aside(l->course, l->before);
}

void rnl_course_inspect_beginning(rnl_course *t, rnl_hand *hand)
{
    look l = {.course = t, .epochs = t->position.epoch};
    rnl_hand_decide(hand, begin_look, &l);
    const rnl_batch next = rnl_batch_to_learn(hand->step.step, &t->epoch, 0, 1);
    rnl_inspect_step(hand, &next, &t->inspection);
    rnl_hand_decide(hand, end_first_look, &l);
}

void rnl_course_inspect_end(rnl_course *t, rnl_hand *hand)
{
    look l = {t, t->position.epoch + 1, rnl_course_now(), rnl_job_count_traffic(t->options->job)};
    rnl_hand_decide(hand, begin_look, &l);
    const rnl_batch next = rnl_batch_to_learn(hand->step.step, &t->epoch, 0, t->position.step + 1);
    rnl_inspect_step(hand, &next, NULL);
    rnl_pass_run(hand, &t->inspection);
    rnl_hand_decide(hand, end_look, &l);
}
