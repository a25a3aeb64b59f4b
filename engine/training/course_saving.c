#include "engine/training/course_saving.h"

#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/base/number.h"
#include "engine/schema/config.h"
#include "engine/step/cut.h"
#include "engine/step/plan.h"
#include "engine/step/shared_state.h"
#include "engine/training/check.h"
#include "engine/training/course_messages.h"
#include "engine/training/early_stopping.h"

#include <stdio.h>
#include <string.h>

/* Describes what determines the bits of the weights, beside configuration and data. */
static void describe_computation(char text[RNL_COMPUTED_WITH])
{
    snprintf(text, RNL_COMPUTED_WITH, "cut %d", RNL_CUT_VERSION);
}

void rnl_course_warn_if_moved(const rnl_course *t)
{
    char here[RNL_COMPUTED_WITH];
    describe_computation(here);
    if (t->position.step > 0 && strcmp(here, t->model->computed_with) != 0)
        rnl_log(t->options, RNL_LOG_WARNING,
                "the checkpoint was computed with %s, this is %s: from here on the weights may "
                "differ in their last bits",
                t->model->computed_with, here);
}

rnl_status rnl_course_allocate_checkpoints(const rnl_course *t)
{
    rnl_model *model = t->model;
    const bool saves = rnl_job_own_rank(t->options->job) == 0;
    const size_t slots = saves ? rnl_optimizer_slots(model->phase.optimizer) : 0;
    const rnl_early_stopping_config *stopping = model->phase.early_stopping;
    const bool best = rnl_early_stopping_is_on(stopping) && stopping->restore_best_weights;
    if (!saves)
        rnl_model_release_arrays(model, RNL_FIRST_SLOT, RNL_BEST);
    RNL_TRY(rnl_check_memory("checkpoints",
                             rnl_model_missing_bytes(model, RNL_FIRST_SLOT, slots) +
                                 (best ? rnl_model_missing_bytes(model, RNL_BEST, 1) : 0)));
    RNL_TRY(rnl_model_allocate_slots(model, slots));
    return best ? rnl_model_allocate(model, "the best weights", RNL_BEST, 1) : RNL_OK;
}

/* The most rows between two reports: of an epoch, or of the steps between two validations. */
static size_t rows_between_reports(const rnl_course *t)
{
    const size_t rows = t->epoch.count, batch = rnl_batch_size(t->model, t->epoch.dataset),
                 every = (size_t)t->model->config->training.validate_every;
    size_t steps, most;
    if (rnl_course_reports_epochs(t))
        return rows;
    if (__builtin_mul_overflow(rnl_divide_up(rows, batch), rnl_course_last_epoch(t), &steps))
        steps = SIZE_MAX;
    return __builtin_mul_overflow(rnl_least(steps, every), batch, &most) ? SIZE_MAX : most;
}

rnl_status rnl_course_allocate_tallies(rnl_course *t)
{
    rnl_model *model = t->model;
    const rnl_choice_list *metrics = &model->config->training.metrics;
    const size_t classes = rnl_model_classes(model), most = rows_between_reports(t);
    rnl_tally *kept;
    RNL_TRY(rnl_tally_create(&t->tally, metrics, classes, most, false));
    if (t->data->validation.rows > 0)
        RNL_TRY(rnl_tally_create(&t->validation.tally, metrics, classes, t->data->validation.rows,
                                 false));
    RNL_TRY(rnl_tally_create(&kept, metrics, classes, most, true));
    if (model->tally && model->tally->rows > most) {
        rnl_tally_free(kept);
        return rnl_fail(RNL_BAD_DATA,
                        "not a whole checkpoint: its metrics are of %zu rows, where figures are of "
                        "at most %zu",
                        model->tally->rows, most);
    }
    if (model->tally) {
        rnl_tally_copy(t->tally, model->tally);
        rnl_tally_copy(kept, model->tally);
    }
    rnl_tally_free(model->tally);
    model->tally = kept;
    return RNL_OK;
}

rnl_status rnl_course_collect(rnl_course *t, const rnl_step *step)
{
    const size_t arrays = rnl_step_prepared_arrays(step);
    RNL_TRY(rnl_check_parameters(step));
    RNL_TRY(rnl_model_allocate_slots(t->model, arrays - RNL_FIRST_SLOT));
    for (size_t a = 0; a < arrays; ++a)
        RNL_TRY(rnl_step_collect(step, a, t->model));
    t->apart = step->shared != NULL;
    describe_computation(t->model->computed_with);
    t->model->position = t->position;
    if (t->tally)
        rnl_tally_copy(t->model->tally, t->tally);
    return RNL_OK;
}

rnl_status rnl_course_collect_all(rnl_course *t, const rnl_step *step)
{
    RNL_TRY(rnl_course_collect(t, step));
    if (step->shared)
        RNL_TRY(rnl_shared_collect_state(step, t->model));
    t->apart = false;
    return RNL_OK;
}

bool rnl_course_checkpoint_is_due(rnl_course *t, rnl_hand *hand)
{
    bool due = rnl_course_now() - t->saved_at >= RNL_COURSE_SECONDS_BETWEEN_SAVES;
    if (t->model->config->training.checkpoint_every > 0)
        return false;
    const rnl_status status = rnl_shared_follow(hand->step.step, &due);
    if (status != RNL_OK)
        rnl_course_stop(t, hand, status);
    return due;
}

/* Logs a checkpoint that cannot be written, and continues: the earlier one stays. */
static void save_checkpoint(rnl_course *t, rnl_hand *hand)
{
    const char *path = t->options->checkpoint;
    const unsigned long long number = t->position.step;
    if (atomic_load(&hand->executor->failed)) {
        t->stopping = true;
        return;
    }
    rnl_status status = t->ending ? RNL_OK : rnl_course_collect_all(t, hand->step.step);
    if (status != RNL_OK) {
        rnl_course_stop(t, hand, status);
        return;
    }
    status = path ? rnl_model_save_keeping(t->model, path, t->saved) : RNL_OK;
    t->saved |= status == RNL_OK;
    if (t->requested)
        rnl_course_stop(
            t, hand,
            status != RNL_OK ? status
            : path ? rnl_fail(RNL_STOPPED, "stopped after step %llu, saved in %s", number, path)
                   : rnl_fail(RNL_STOPPED, "stopped after step %llu", number));
    else if (status != RNL_OK)
        rnl_log(t->options, RNL_LOG_WARNING, "no checkpoint of step %llu: %s", number,
                rnl_message());
    else if (path)
        rnl_log(t->options, RNL_LOG_DEBUG, "checkpoint of step %llu saved in %s", number, path);
}

/* Saves the best weights first: no checkpoint refers to better weights than their file holds. */
static void save(rnl_hand *hand, void *context)
{
    rnl_course *t = context;
    const double start = rnl_course_now();
    const rnl_job_traffic before = rnl_job_count_traffic(t->options->job);
    bool saves = t->options->checkpoint || t->requested;
    rnl_course_save_best(t);
    const rnl_status status = rnl_shared_follow(hand->step.step, &saves);
    if (status != RNL_OK)
        rnl_course_stop(t, hand, status);
    else if (saves)
        save_checkpoint(t, hand);
    t->saved_at = rnl_course_now();
    t->seconds_aside += t->saved_at - start;
    rnl_course_set_messages_aside(t, before);
}

void rnl_course_save_if_due(rnl_course *t, rnl_hand *hand)
{
    if (t->saving)
        rnl_hand_decide(hand, save, t);
}

bool rnl_course_save_beside(const rnl_course *t, const char *which, const char *path)
{
    if (!path || rnl_model_save_ended(t->model, path) == RNL_OK)
        return true;
    rnl_log(t->options, RNL_LOG_WARNING, "no model of the %s weights: %s", which, rnl_message());
    return false;
}

static bool restores_best(const rnl_course *t)
{
    return t->model->phase.early_stopping->restore_best_weights;
}

/* A training that goes on cannot know whether the file has them: a full disk may have kept them
 * out. */
bool rnl_course_resaves_best(const rnl_model *model, const rnl_options *options)
{
    return options->best && rnl_early_stopping_is_on(model->phase.early_stopping) &&
           model->phase.early_stopping->restore_best_weights &&
           model->position.patience.best_step > 0;
}

/* Keeps the best weights in memory only until they are saved, if they are not restored at the
 * end. */
void rnl_course_save_best(rnl_course *t)
{
    if (!t->best_unsaved)
        return;
    rnl_model_swap_best(t->model);
    t->best_unsaved = !rnl_course_save_beside(t, "best", t->options->best);
    rnl_model_swap_best(t->model);
    if (!restores_best(t) && !t->best_unsaved)
        rnl_model_drop_best(t->model);
    t->best_saved_at = rnl_course_now();
}

void rnl_course_keep_best(rnl_course *t, rnl_hand *hand)
{
    rnl_status status = rnl_course_collect(t, hand->step.step);
    if (status == RNL_OK)
        status = rnl_model_keep_best(t->model);
    if (status != RNL_OK) {
        rnl_course_stop(t, hand, status);
        return;
    }
    t->best_unsaved = t->options->best != NULL;
    if (rnl_course_now() - t->best_saved_at >= RNL_COURSE_SECONDS_BETWEEN_SAVES)
        rnl_course_save_best(t);
}
