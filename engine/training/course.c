#include "engine/training/course.h"

#include "engine/base/error.h"
#include "engine/schema/config.h"
#include "engine/step/shared.h"
#include "engine/step/update.h"
#include "engine/training/course_messages.h"

#include <time.h>

double rnl_course_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool is_between_epochs(const rnl_course *t)
{
    return t->position.rows == 0;
}

uint64_t rnl_course_epoch(const rnl_course *t)
{
    return t->position.epoch + !is_between_epochs(t);
}

bool rnl_course_reports_epochs(const rnl_course *t)
{
    return t->model->config->training.validate_every == 0;
}

bool rnl_course_is_over(const rnl_course *t)
{
    return t->stopping || t->timed_out || t->position.patience.over;
}

/* The epochs of this phase and those after it, and those that there were. */
static uint64_t count_epochs(const rnl_course *t)
{
    uint64_t epochs = rnl_course_last_epoch(t);
    for (size_t k = (size_t)t->position.phase + 1; k < rnl_model_phases(t->model); ++k)
        epochs += rnl_model_phase(t->model, k).epochs;
    return epochs;
}

rnl_progress rnl_course_progress(const rnl_course *t, double start, size_t rows,
                                 const rnl_figures *figures)
{
    return (rnl_progress){
        .epoch = rnl_course_epoch(t),
        .epochs = (size_t)count_epochs(t),
        .rows_done = is_between_epochs(t) ? t->epoch.count : t->position.rows,
        .rows = t->epoch.count,
        .step = t->position.step,
        .seconds = rnl_course_now() - start,
        .timed_rows = rows,
        .figure_count = figures->count,
        .figures = figures->items,
    };
}

void rnl_course_stop(rnl_course *t, rnl_hand *hand, rnl_status status)
{
    rnl_hand_fail(hand, status);
    t->stopping = true;
}

void rnl_course_stop_on_request(rnl_course *t)
{
    t->stopping = t->requested = t->saving = true;
}

void rnl_course_ask_to_stop(rnl_course *t, const rnl_hand *hand)
{
    rnl_step_shared *shared = hand->step.step->shared;
    if (shared)
        atomic_fetch_or(&shared->wishes, RNL_WISH_STOP);
    else
        rnl_course_stop_on_request(t);
}

/* Rank 0 has the clock. */
static bool is_time_over(const rnl_hand *hand, bool over)
{
    rnl_step_shared *shared = hand->step.step->shared;
    if (!shared)
        return over;
    if (over && shared->rank == 0)
        atomic_fetch_or(&shared->wishes, RNL_WISH_TIME_OUT);
    return shared->agreed & RNL_WISH_TIME_OUT;
}

/* A checkpoint comes at once, but after the last step of an epoch with the end of the epoch. */
void rnl_course_look_at_clock(rnl_course *t, const rnl_hand *hand)
{
    const double limit = t->model->config->training.max_seconds;
    if (limit == 0)
        return;
    const double running = rnl_course_now() - t->sums_start - t->seconds_aside;
    t->timed_out = is_time_over(hand, t->spent + running >= limit);
    t->saving |= t->timed_out && t->position.rows < t->epoch.count;
}

bool rnl_course_stop_requested(const rnl_course *t, const rnl_step *step)
{
    if (step->shared)
        return step->shared->agreed & RNL_WISH_STOP;
    return atomic_load_explicit(&t->model->stop, memory_order_relaxed);
}

/* Passes are made to their end among ranks: the others make them too. */
bool rnl_course_goes_on(const rnl_step *step, const rnl_batch *batch, void *context)
{
    (void)batch;
    return step->shared || !rnl_course_stop_requested(context, step);
}

uint64_t rnl_course_last_epoch(const rnl_course *t)
{
    return t->position.phase_epoch + t->model->phase.epochs;
}

/* Counts steps from the beginning of the phase, and those of the epochs that count as done. */
static uint64_t steps_from_beginning(const rnl_course *t, uint64_t per_epoch, uint64_t done)
{
    return done - t->position.phase_step +
           per_epoch * rnl_model_skipped_epochs(t->model, t->position.phase);
}

double rnl_course_base_rate(const rnl_course *t, const rnl_step *step)
{
    const double own = step->update.optimizer.learning_rate;
    return own > 0 ? own : t->position.found_rate;
}

static rnl_moment moment_after(const rnl_course *t, const rnl_step *step, uint64_t done)
{
    const rnl_position *position = &t->position;
    const uint64_t per_epoch =
        (t->epoch.count + step->given.batch_size - 1) / step->given.batch_size;
    const uint64_t all = per_epoch * t->model->phase.epochs;
    const uint64_t began = position->schedule_start < done ? position->schedule_start : done;
    const uint64_t now = steps_from_beginning(t, per_epoch, done);
    const uint64_t start =
        began > position->phase_step ? steps_from_beginning(t, per_epoch, began) : 0;
    return (rnl_moment){
        .learning_rate = rnl_course_base_rate(t, step),
        .step = (double)(now - start),
        .epoch = (double)(now / per_epoch - start / per_epoch),
        .steps = (double)(all - start),
        .epochs = (double)(all / per_epoch - start / per_epoch),
        .found_rate = position->found_rate,
    };
}

rnl_scheduled rnl_course_scheduled(const rnl_course *t, const rnl_step *step, uint64_t done)
{
    const rnl_moment moment = moment_after(t, step, done);
    return rnl_schedule_at(&t->schedule, &t->position.plateau, &moment);
}

/* A rate that belongs to no step of this phase is not looked at. */
rnl_status rnl_course_set_rates(rnl_course *t, rnl_step *step)
{
    rnl_position *position = &t->position;
    const rnl_moment moment = moment_after(t, step, position->step);
    if (moment.step < moment.steps)
        rnl_schedule_advance(&t->schedule, &position->plateau, &moment);
    const rnl_scheduled scheduled = rnl_schedule_at(&t->schedule, &position->plateau, &moment);
    rnl_step_set_rates(step, position->step + 1, rnl_position_optimizer_step(position) + 1,
                       scheduled, position->momentum_product);
    if (moment.step >= moment.steps || rnl_is_rate(scheduled.learning_rate))
        return RNL_OK;
    return rnl_fail(RNL_NOT_FINITE, "step %llu: the schedule gives a learning rate of %g",
                    (unsigned long long)position->step + 1, scheduled.learning_rate);
}

void rnl_course_begin_sums(rnl_course *t)
{
    t->sums_start = rnl_course_now();
    t->sums_rows = t->position.sums.rows;
    t->seconds_aside = 0;
    rnl_course_begin_messages(t);
}
