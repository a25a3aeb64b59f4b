#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/data/row_order.h"
#include "engine/kinds/metrics.h"
#include "engine/kinds/optimizers.h"
#include "engine/schema/config.h"
#include "engine/step/penalty.h"
#include "engine/training/advice.h"
#include "engine/training/caller_schedule.h"
#include "engine/training/check.h"
#include "engine/training/class_counts.h"
#include "engine/training/class_weights.h"
#include "engine/training/course_access.h"
#include "engine/training/course_check.h"
#include "engine/training/course_ending.h"
#include "engine/training/course_saving.h"
#include "engine/training/course_validation.h"
#include "engine/training/early_stopping.h"
#include "engine/training/find_rate.h"
#include "engine/training/input_scale.h"
#include "engine/training/job_check.h"
#include "engine/training/target_scale.h"
#include "engine/training/training_log.h"
#include "engine/workers/outlook.h"
#include "engine/workers/steps.h"
#include "threading/floating_mode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool report_step(rnl_course *t, rnl_hand *hand)
{
    if (!t->options->on_step)
        return true;
    rnl_figures figures = {0};
    rnl_figures_add_pass(&figures, "", t->model->config, &t->position.sums, t->tally, true);
    const rnl_progress progress =
        rnl_course_progress(t, t->epoch_start, t->position.rows - t->first_row, &figures);
    rnl_course_open(t, hand);
    const bool goes_on = rnl_call_step(t->options, &progress);
    rnl_course_close(t);
    return goes_on;
}

/* Adds a step to the sums, checks for NaN, and reports to the callback. */
static void account_step(rnl_hand *hand, void *context)
{
    rnl_course *t = context;
    rnl_step *step = hand->step.step;
    const int64_t every = t->model->config->training.checkpoint_every;
    rnl_position *position = &t->position;
    ++position->step;
    position->rows += hand->step.batch.rows;
    position->momentum_product = step->update.rates[position->step % 2].momentum_product;
    const rnl_status rated = rnl_course_set_rates(t, step);
    rnl_step_set_penalty(step, position->step, hand->step.batch.rows);
    rnl_sums_add(&position->sums, t->tally, step, &hand->step.batch);
    t->saving = every > 0 && position->step % (uint64_t)every == 0;
    rnl_status status = rnl_check_updates(step, position->step);
    if (status == RNL_OK && !isfinite(position->sums.loss))
        status = rnl_fail_not_finite(step, &hand->step.batch, position->step);
    if (status == RNL_OK)
        status = rnl_check_updates(step, position->step + 1);
    if (status == RNL_OK)
        status = rated;
    if (status != RNL_OK)
        rnl_course_stop(t, hand, status);
    else if (atomic_load(&hand->executor->failed))
        t->stopping = true;
    else {
        if (!report_step(t, hand))
            rnl_course_ask_to_stop(t, hand);
        if (t->stopping || rnl_course_stop_requested(t, step))
            rnl_course_stop_on_request(t);
        else
            rnl_course_look_at_clock(t, hand);
    }
}

static void warn_if_odd(const rnl_course *t)
{
    char text[RNL_INPUT_SCALE_TEXT], target_text[RNL_TARGET_TEXT];
    if (rnl_input_scale_is_odd(t->model, &t->data->train, text))
        rnl_log(t->options, RNL_LOG_WARNING, "%s", text);
    rnl_log_notes(t->model->config, t->data, t->options);
    if (rnl_target_scale_is_odd(t->model, &t->data->train, target_text))
        rnl_log(t->options, RNL_LOG_WARNING, "%s", target_text);
    if (rnl_targets_are_out_of_reach(t->model, &t->data->train, target_text))
        rnl_log(t->options, RNL_LOG_WARNING, "%s", target_text);
    if (rnl_predictions_may_be_negative(t->model, target_text))
        rnl_log(t->options, RNL_LOG_WARNING, "%s", target_text);
    rnl_advise(t->model, &t->data->train, t->options);
}

static void begin_epoch(rnl_hand *hand, void *context)
{
    (void)hand;
    rnl_course *t = context;
    const rnl_position *position = &t->position;
    t->first_row = position->rows;
    if (position->sums.rows == 0)
        rnl_course_begin_sums(t);
    rnl_order_epoch(&t->epoch, t->model, (uint32_t)position->epoch,
                    t->model->config->training.shuffle);
}

static void settle_step(rnl_hand *hand, void *context)
{
    rnl_course *t = context;
    rnl_course_take_changes(t, hand);
    if (rnl_course_validation_is_due(t))
        rnl_course_validate(t, hand);
    rnl_course_save_if_due(t, hand);
}

static bool is_over(const void *context)
{
    return rnl_course_is_over(context);
}

/* Runs the steps of an epoch from the current position to its end, or until a request or early
 * stopping ends it.  Performs a validation that a stop had prevented. */
static void run_steps(rnl_course *t, rnl_hand *hand)
{
    const rnl_steps steps = {
        .rows = &t->epoch,
        .account = account_step,
        .settle = settle_step,
        .is_over = is_over,
        .context = t,
    };
    if (rnl_course_validation_is_due(t))
        settle_step(hand, t);
    rnl_steps_run(hand, &steps, t->first_row, t->position.step + 1);
}

static bool is_last_epoch(const rnl_course *t)
{
    return t->position.epoch == rnl_course_last_epoch(t) || t->position.patience.over;
}

static void set_next_penalty(rnl_hand *hand, void *context)
{
    const rnl_course *t = context;
    rnl_step_set_penalty(hand->step.step, t->position.step + 1, 0);
}

static void conclude_epoch(rnl_hand *hand, void *context)
{
    rnl_course *t = context;
    if (t->validation.stopped)
        rnl_course_ask_to_stop(t, hand);
    if (t->stopping && t->validation.stopped)
        return;
    ++t->position.epoch;
    t->position.rows = 0;
    t->epoch_start = rnl_course_now();
    t->saving =
        t->stopping || t->timed_out || is_last_epoch(t) || rnl_course_checkpoint_is_due(t, hand);
}

/* Ends an epoch; if training is stopped in here, it is resumed at the end of the epoch. */
static void end_epoch(rnl_course *t, rnl_hand *hand)
{
    rnl_hand_decide(hand, set_next_penalty, t);
    if (rnl_course_is_inspecting(t))
        rnl_course_inspect_end(t, hand);
    if (rnl_course_reports_epochs(t) && t->position.reported_step < t->position.step)
        rnl_course_validate(t, hand);
    rnl_hand_decide(hand, conclude_epoch, t);
    rnl_course_save_if_due(t, hand);
}

/* Performs the later saves without files, to fail now if they cannot succeed. */
static void rehearse(rnl_course *t, rnl_hand *hand)
{
    const rnl_status status = rnl_model_rehearse_saving(t->model);
    if (status != RNL_OK) {
        rnl_course_stop(t, hand, status);
        return;
    }
    rnl_course_open(t, hand);
    if (!t->begun && !rnl_call_begin(t->options))
        rnl_course_stop(t, hand, rnl_fail(RNL_STOPPED, "stopped before the first step"));
    rnl_course_close(t);
}

/* Prepares the validation among ranks. */
static void share_validation(rnl_course *t, rnl_hand *hand)
{
    const rnl_status status =
        rnl_pass_sharing_create(&t->validation.sharing, hand->step.step, t->options->job, false);
    if (status != RNL_OK)
        rnl_course_stop(t, hand, status);
}

static void begin(rnl_hand *hand, void *context)
{
    rnl_course *t = context;
    share_validation(t, hand);
    rnl_course_warn_if_moved(t);
    if (!t->begun)
        warn_if_odd(t);
    rnl_log_phase(t->model, t->options);
    rnl_log_plan(hand->step.step, t->data, t->options);
    rehearse(t, hand);
    const rnl_status rated = rnl_course_set_rates(t, hand->step.step);
    if (rated != RNL_OK)
        rnl_course_stop(t, hand, rated);
    rnl_course_begin_sums(t);
    t->epoch_start = t->saved_at = rnl_course_now();
    t->reported_at = t->begun ? t->reported_at : t->epoch_start;
    t->begun = true;
}

/* Early stopping ended a phase, after which the epoch counts as done. */
static bool ends_within_epoch(const rnl_course *t)
{
    return t->position.patience.over && t->position.rows > 0 && !t->stopping &&
           t->position.phase + 1 < rnl_model_phases(t->model);
}

static void conclude_part(rnl_hand *hand, void *context)
{
    rnl_course *t = context;
    if (t->validation.stopped)
        rnl_course_ask_to_stop(t, hand);
}

/* Inspects the layers as after any epoch, so that none is missing. */
static void inspect_part(rnl_course *t, rnl_hand *hand)
{
    if (!rnl_course_is_inspecting(t))
        return;
    rnl_hand_decide(hand, set_next_penalty, t);
    rnl_course_inspect_end(t, hand);
    rnl_hand_decide(hand, conclude_part, t);
    rnl_course_save_if_due(t, hand);
}

static void train_worker(rnl_hand *hand, void *context)
{
    rnl_course *t = context;
    const size_t epochs = (size_t)rnl_course_last_epoch(t);
    rnl_hand_decide(hand, begin, t);
    rnl_course_take_changes(t, hand);
    if (rnl_course_is_inspecting(t) && t->position.step == 0 && !t->stopping)
        rnl_course_inspect_beginning(t, hand);
    for (size_t epoch = t->position.epoch; epoch < epochs && !rnl_course_is_over(t); ++epoch) {
        rnl_hand_decide(hand, begin_epoch, t);
        run_steps(t, hand);
        if (!t->stopping && t->position.rows == t->epoch.count)
            end_epoch(t, hand);
    }
    if (ends_within_epoch(t))
        inspect_part(t, hand);
    if (t->timed_out && !t->stopping)
        rnl_hand_decide(hand, rnl_course_time_out, t);
    if (!t->stopping && !t->position.patience.over && t->position.reported_step < t->position.step)
        rnl_course_validate_end(t, hand);
    rnl_course_end(t, hand);
}

/* Drops optimizer slots that were not used, or are of earlier weights: after a failure, or a stop
 * before the first step, the model is as it was last collected. */
static void drop_unused_slots(const rnl_course *t)
{
    const rnl_position *position = &t->model->position;
    if ((position->step == 0 && rnl_position_optimizer_step(position) == 0) || t->apart)
        rnl_model_end_training(t->model);
}

static rnl_status run(rnl_course *t)
{
    rnl_executor executor = {
        .step.given =
            {
                .model = t->model,
                .batch_size = rnl_batch_size(t->model, &t->data->train),
                .training = true,
                .class_weights = t->class_weights,
                .job = t->options->job,
                .inspecting = rnl_course_is_inspecting(t),
            },
        .options = t->options,
        .work = train_worker,
        .context = t,
        .finish = rnl_course_finish,
    };
    const rnl_status status = rnl_executor_run(&executor);
    rnl_course_save_best(t);
    if (status != RNL_OK)
        drop_unused_slots(t);
    return status;
}

static rnl_status measure_targets(rnl_course *t)
{
    const rnl_choice_list *metrics = &t->model->config->training.metrics;
    const size_t outputs = rnl_model_targets(t->model);
    RNL_TRY(rnl_metrics_variances(&t->epoch.variances, metrics, &t->data->train, outputs));
    return rnl_metrics_variances(&t->validation.rows.variances, metrics, &t->data->validation,
                                 outputs);
}

/* The order of the validation rows never changes. */
static rnl_status allocate_orders(rnl_course *t)
{
    const size_t train = t->data->train.rows, validation = t->data->validation.rows;
    t->epoch.order = malloc(train * sizeof(uint32_t));
    t->validation.rows.order = malloc((validation + 1) * sizeof(uint32_t));
    if (!t->epoch.order || !t->validation.rows.order)
        return rnl_fail_memory((train + validation) * sizeof(uint32_t));
    rnl_row_order(t->validation.rows.order, validation, 0, 0, false);
    return RNL_OK;
}

static rnl_pass pass_over(rnl_course *t, rnl_sequence rows)
{
    rows.count = rows.dataset->rows;
    return (rnl_pass){.rows = rows, .visit = rnl_course_goes_on, .context = t};
}

static void set_passes(rnl_course *t)
{
    t->validation = pass_over(t, t->validation.rows);
    t->validation.stoppable = true;
    t->final = pass_over(t, t->epoch);
    t->final.measuring = true;
    t->inspection = pass_over(t, t->epoch);
    t->inspection.probing = true;
}

static bool searches(const rnl_phase_settings *phase)
{
    return rnl_schedule_searches(phase->schedule) ||
           rnl_optimizer_learning_rate(phase->optimizer) == 0;
}

/* Prepares what is needed before the workers start. */
static rnl_status set_up(rnl_course *t)
{
    rnl_model *model = t->model;
    RNL_TRY(allocate_orders(t));
    RNL_TRY(rnl_class_weights_create(&t->class_weights, model, &t->data->train));
    if (!t->begun)
        RNL_TRY(rnl_warn_of_classes(model, t->data, t->options));
    RNL_TRY(measure_targets(t));
    set_passes(t);
    RNL_TRY(rnl_course_allocate_tallies(t));
    RNL_TRY(rnl_course_allocate_checkpoints(t));
    return t->position.found_rate == 0 && searches(&model->phase)
               ? rnl_find_rate(&t->position.found_rate, model, t->data, t->options)
               : RNL_OK;
}

static void release(rnl_course *t)
{
    free(t->epoch.order);
    free(t->epoch.variances);
    free(t->validation.rows.order);
    free(t->validation.rows.variances);
    rnl_pass_sharing_free(t->validation.sharing);
    rnl_tally_free(t->tally);
    rnl_tally_free(t->validation.tally);
    free(t->class_weights);
}

/* Makes the course ready for the phase in which the model stands. */
static void begin_phase(rnl_course *t)
{
    rnl_model *model = t->model;
    const rnl_dataset *train = &t->data->train;
    if (model->position.step == 0)
        rnl_model_enter_first_epoch(model);
    *t = (rnl_course){
        .model = model,
        .position = model->position,
        .data = t->data,
        .options = t->options,
        .schedule = rnl_schedule_given(model, t->options),
        .epoch = {.dataset = train, .count = rnl_epoch_rows(model, train)},
        .validation = {.rows = {.dataset = &t->data->validation}},
        .best_unsaved = rnl_course_resaves_best(model, t->options),
        .saved = t->saved,
        .begun = t->begun,
        .spent = t->spent,
        .reported_at = t->reported_at,
    };
    t->position.train_rows = train->rows;
    if (t->position.schedule_epochs == 0)
        t->position.schedule_epochs = (uint64_t)model->config->training.epochs;
}

static rnl_status run_phase(rnl_course *t)
{
    begin_phase(t);
    rnl_status status = set_up(t);
    rnl_course_begin_access(t);
    if (status == RNL_OK)
        status = run(t);
    rnl_course_end_access(t);
    release(t);
    return status;
}

static rnl_status check(rnl_model *model, const rnl_data *data, const rnl_options *options)
{
    RNL_TRY(rnl_check_held(model, data, options->job));
    RNL_TRY(rnl_schedule_given_check(model, options));
    RNL_TRY(rnl_job_check(model, options));
    return rnl_course_check(model, data);
}

/* A model that ended a phase, but not its training, stands at the beginning of the next one. */
rnl_status rnl_train(rnl_model *model, const rnl_data *data, const rnl_options *options)
{
    RNL_OWN_FLOATING_MODE;
    options = rnl_options_given(options);
    RNL_TRY(rnl_job_agree_on(options->job, check(model, data, options)));
    RNL_TRY(rnl_job_agree_on(options->job, rnl_course_check_rows(model, data)));
    RNL_TRY(rnl_job_begin(model, options));
    rnl_course t = {.model = model, .data = data, .options = options};
    rnl_status status =
        rnl_tell_outlook(options->job, model, rnl_batch_size(model, &data->train), options);
    if (status == RNL_OK)
        do
            status = run_phase(&t);
        while (status == RNL_OK && model->position.step > 0);
    rnl_log_peak(t.options);
    atomic_store(&model->stop, false);
    return rnl_job_tell(t.options->job, status, status == RNL_STOPPED && t.requested);
}

void rnl_model_restart_schedule(rnl_model *model)
{
    model->position.schedule_start = model->position.step;
    model->position.schedule_epochs = (uint64_t)model->config->training.epochs;
    model->position.plateau = (rnl_plateau){0};
}

void rnl_stop(rnl_model *model)
{
    atomic_store_explicit(&model->stop, true, memory_order_relaxed);
}
