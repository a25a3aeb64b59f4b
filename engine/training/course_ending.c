#include "engine/training/course_ending.h"

#include "engine/base/error.h"
#include "engine/schema/config.h"
#include "engine/training/course_saving.h"
#include "engine/training/early_stopping.h"
#include "engine/training/training_log.h"

static bool has_final_pass(const rnl_model *model)
{
    for (size_t i = 0; i < model->layer_count; ++i) {
        const rnl_layer_operations *operations = rnl_layer_operations_of(&model->layers[i]);
        if (operations->has_final_pass && operations->has_final_pass(&model->layers[i]))
            return true;
    }
    return false;
}

static void begin_final_pass(rnl_hand *hand, void *context)
{
    (void)hand;
    rnl_course *t = context;
    t->saving = false;
    rnl_order_epoch(&t->epoch, t->model, 0, false);
}

static void end_final_pass(rnl_hand *hand, void *context)
{
    (void)hand;
    rnl_course *t = context;
    if (t->final.stopped)
        rnl_course_stop_on_request(t);
}

/* Runs the final pass; if training is stopped here, the pass is repeated after a resume. */
static void run_final_pass(rnl_course *t, rnl_hand *hand)
{
    rnl_hand_decide(hand, begin_final_pass, t);
    rnl_pass_run(hand, &t->final);
    rnl_hand_decide(hand, end_final_pass, t);
    rnl_course_save_if_due(t, hand);
}

static void tell_patience(const rnl_course *t)
{
    const rnl_position *position = &t->position;
    const rnl_patience *patience = &position->patience;
    const rnl_early_stopping_config *config = t->model->phase.early_stopping;
    const char *unit = rnl_course_reports_epochs(t) ? "epoch" : "step";
    const uint64_t last = rnl_course_reports_epochs(t) ? position->epoch : position->step;
    const uint64_t best = rnl_course_reports_epochs(t) ? patience->best_epoch : patience->best_step;
    if (patience->over)
        rnl_log(t->options, RNL_LOG_INFO,
                "stopped early after %s %llu: %s has not improved since %s %llu (%g)", unit,
                (unsigned long long)last, config->monitor.figure, unit, (unsigned long long)best,
                patience->best);
    if (patience->best_step > 0 && config->restore_best_weights)
        rnl_log(t->options, RNL_LOG_INFO, "back to the weights of %s %llu, where %s was %g", unit,
                (unsigned long long)best, config->monitor.figure, patience->best);
}

static void take_best(rnl_hand *hand, void *context)
{
    (void)hand;
    const rnl_course *t = context;
    tell_patience(t);
    rnl_course_save_beside(t, "last", t->options->last);
    rnl_model_swap_best(t->model);
}

static void put_best_back(rnl_hand *hand, void *context)
{
    (void)hand;
    const rnl_course *t = context;
    rnl_model_swap_best(t->model);
}

/* Copies the best weights into the step; the model keeps the last ones. */
static void restore_best(rnl_course *t, rnl_hand *hand)
{
    rnl_hand_decide(hand, take_best, t);
    rnl_hand_prepare(hand);
    rnl_hand_decide(hand, put_best_back, t);
}

static bool has_better_weights(const rnl_course *t)
{
    const rnl_patience *patience = &t->position.patience;
    return t->model->phase.early_stopping->restore_best_weights && patience->best_step > 0 &&
           patience->best_step < t->position.step;
}

/* Collects the last step into the model, where a later stop leaves it, so that training can be
 * resumed with more epochs. */
static void set_last_aside(rnl_hand *hand, void *context)
{
    rnl_course *t = context;
    const rnl_status status = rnl_course_collect_all(t, hand->step.step);
    t->ending = true;
    if (status != RNL_OK)
        rnl_course_stop(t, hand, status);
}

static bool has_later_phase(const rnl_course *t)
{
    return t->position.phase + 1 < rnl_model_phases(t->model);
}

void rnl_course_time_out(rnl_hand *hand, void *context)
{
    rnl_course *t = context;
    const rnl_position *position = &t->position;
    if (position->epoch < rnl_course_last_epoch(t) || has_later_phase(t))
        rnl_log(t->options, RNL_LOG_INFO,
                "ended after step %llu, in epoch %llu: training.max_seconds are over",
                (unsigned long long)position->step, (unsigned long long)rnl_course_epoch(t));
    set_last_aside(hand, t);
}

void rnl_course_end(rnl_course *t, rnl_hand *hand)
{
    const bool restores = has_better_weights(t), passes = has_final_pass(t->model);
    if (t->stopping || !(restores || passes))
        return;
    if (!t->ending)
        rnl_hand_decide(hand, set_last_aside, t);
    if (!t->stopping && restores)
        restore_best(t, hand);
    if (!t->stopping && passes)
        run_final_pass(t, hand);
}

rnl_status rnl_course_finish(const rnl_step *step, void *context)
{
    rnl_course *t = context;
    if (t->stopping && t->ending)
        return RNL_OK;
    const bool goes_on = !t->stopping && !t->timed_out && has_later_phase(t);
    rnl_course_save_best(t);
    RNL_TRY(goes_on ? rnl_course_collect_all(t, step) : rnl_course_collect(t, step));
    if (t->stopping)
        return RNL_OK;
    if (rnl_early_stopping_is_on(t->model->phase.early_stopping) && !has_better_weights(t))
        rnl_course_save_beside(t, "last", t->options->last);
    rnl_log_sparsity(t->model, t->options);
    /* The best weights go with the state of training. */
    t->best_unsaved = false;
    if (goes_on)
        rnl_model_next_phase(t->model);
    else
        rnl_model_end_training(t->model);
    return RNL_OK;
}
