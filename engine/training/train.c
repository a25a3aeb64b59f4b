#include "engine/config/config.h"
#include "engine/data/row_order.h"
#include "engine/error.h"
#include "engine/training/advice.h"
#include "engine/training/check.h"
#include "engine/training/class_weights.h"
#include "engine/training/early_stopping.h"
#include "engine/training/figures.h"
#include "engine/training/find_rate.h"
#include "engine/training/input_scale.h"
#include "engine/training/inspect.h"
#include "engine/training/metrics.h"
#include "engine/training/pass.h"
#include "engine/training/schedules.h"
#include "engine/training/telling.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What the workers share in one run.  Only worker 0 writes to it, between barriers. */
typedef struct training {
    rnl_model *model;      /* stands where its weights were last collected */
    rnl_position position; /* moves with every step */
    const rnl_data *data;
    const rnl_options *options;
    size_t rows;                /* that an epoch visits */
    uint32_t *order;            /* (training rows) of this epoch */
    uint32_t *validation_order; /* (validation rows) 0, 1, 2, ... */
    double *variances;          /* of the training targets, as in rnl_pass */
    float *class_weights;       /* (classes), or NULL */
    double epoch_start;         /* seconds */
    size_t first_row;           /* of this epoch in this run: not 0 where a checkpoint stood */
    double sums_start;          /* seconds: when the position's sums began to grow in this run */
    size_t sums_rows;           /* that they had then */
    double seconds_aside;       /* since then, of inspections and checkpoints */
    double training_seconds;    /* of the figures at hand, all else left out */
    rnl_pass validation, final;
    rnl_pass inspection; /* over the training rows */
    bool saving;         /* a checkpoint is due */
    bool stopping;
    bool requested; /* stopping because somebody asked for it */
} training;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool is_between_epochs(const training *t)
{
    return t->position.rows == 0;
}

/* From 1, in which the last step was. */
static uint64_t epoch_number(const training *t)
{
    return t->position.epoch + !is_between_epochs(t);
}

static rnl_progress progress_of(const training *t, double start, const rnl_figures *figures)
{
    return (rnl_progress){
        .epoch = epoch_number(t),
        .epochs = (size_t)t->model->config->training.epochs,
        .rows_done = is_between_epochs(t) ? t->rows : t->position.rows,
        .rows = t->rows,
        .step = t->position.step,
        .seconds = now() - start,
        .figure_count = figures->count,
        .figures = figures->items,
    };
}

static void stop(training *t, rnl_hand *hand, rnl_status status)
{
    rnl_hand_fail(hand, status);
    t->stopping = true;
}

/* Ends training after a step at a request from outside, with a last checkpoint. */
static void stop_on_request(training *t)
{
    t->stopping = t->requested = t->saving = true;
}

static bool report_step(const training *t)
{
    if (!t->options->on_step)
        return true;
    rnl_figures figures = {0};
    rnl_figures_add_pass(&figures, "", t->model->config, &t->position.sums);
    const rnl_progress progress = progress_of(t, t->epoch_start, &figures);
    return t->options->on_step(&progress, t->options->user) == 0;
}

static bool stop_requested(const training *t)
{
    return atomic_load_explicit(&t->model->stop, memory_order_relaxed);
}

/* The rates of the step after so many, at least as many as when the schedule began. */
static rnl_scheduled scheduled_after(const training *t, const rnl_step *step, uint64_t done)
{
    const rnl_position *position = &t->position;
    const uint64_t per_epoch = (t->rows + step->batch_size - 1) / step->batch_size;
    const uint64_t all = per_epoch * (uint64_t)t->model->config->training.epochs;
    const uint64_t start = position->schedule_start < done ? position->schedule_start : done;
    const rnl_moment moment = {
        .learning_rate = step->optimizer.learning_rate,
        .step = (double)(done - start),
        .epoch = (double)(done / per_epoch - start / per_epoch),
        .steps = (double)(all - start),
        .epochs = (double)(all / per_epoch - start / per_epoch),
        .found_rate = position->found_rate,
    };
    return rnl_schedule_at(&t->model->config->training.schedule, &position->plateau, &moment);
}

/* Of the next step. */
static void set_rates(const training *t, rnl_step *step)
{
    const rnl_position *position = &t->position;
    rnl_step_set_rates(step, position->step + 1, scheduled_after(t, step, position->step),
                       position->momentum_product);
}

/* Worker 0, after a step: sums up, looks for NaN, tells the caller.  Other workers may still be
 * updating: what they meet is told one step later at most. */
static void account_step(training *t, rnl_hand *hand)
{
    rnl_step *step = hand->step.step;
    const int64_t every = t->model->config->training.checkpoint_every;
    rnl_position *position = &t->position;
    ++position->step;
    position->rows += hand->step.batch.rows;
    position->momentum_product = step->rates[position->step % 2].momentum_product;
    set_rates(t, step);
    rnl_step_set_penalty(step, position->step);
    rnl_sums_add(&position->sums, step, &hand->step.batch);
    t->saving = every > 0 && position->step % (uint64_t)every == 0;
    rnl_status status = rnl_check_updates(step, position->step);
    if (status == RNL_OK && !isfinite(position->sums.loss))
        status = rnl_fail_not_finite(step, &hand->step.batch, position->step);
    if (status == RNL_OK)
        status = rnl_check_updates(step, position->step + 1);
    if (status != RNL_OK)
        stop(t, hand, status);
    else if (atomic_load(&hand->executor->failed))
        t->stopping = true;
    else if (!report_step(t) || stop_requested(t))
        stop_on_request(t);
}

/* What the bits of the weights hang on beside the configuration and the data. */
static void describe_computation(const rnl_step *step, char text[RNL_COMPUTED_WITH])
{
    snprintf(text, RNL_COMPUTED_WITH, "%s, %s, cut %d", rnl_product_library(),
             rnl_isa_name(step->kernels->isa), RNL_CUT_VERSION);
}

static void warn_if_moved(const training *t, const rnl_step *step)
{
    char here[RNL_COMPUTED_WITH];
    describe_computation(step, here);
    if (t->position.step > 0 && strcmp(here, t->model->computed_with) != 0)
        rnl_log(t->options, RNL_LOG_WARNING,
                "the checkpoint was computed with %s, this is %s: from here on the weights may "
                "differ in their last bits",
                t->model->computed_with, here);
}

static void warn_if_odd(const training *t)
{
    char text[RNL_INPUT_SCALE_TEXT];
    if (rnl_input_scale_is_odd(t->model, &t->data->train, text))
        rnl_log(t->options, RNL_LOG_WARNING, "%s", text);
    rnl_advise(t->model, &t->data->train, t->options);
}

/* Figures are told, and decided by, after every epoch; else after every so many steps. */
static bool tells_epochs(const training *t)
{
    return t->model->config->training.validate_every == 0;
}

/* There is to be no further step. */
static bool is_over(const training *t)
{
    return t->stopping || t->position.patience.over;
}

/* Worker 0: brings parameters and optimizer state into the model. */
static rnl_status collect(training *t, const rnl_step *step)
{
    RNL_TRY(rnl_check_parameters(step));
    RNL_TRY(rnl_model_allocate_slots(t->model, rnl_step_arrays(step) - RNL_FIRST_SLOT));
    for (size_t a = 0; a < rnl_step_arrays(step); ++a)
        RNL_TRY(rnl_step_collect(step, a, t->model));
    describe_computation(step, t->model->computed_with);
    t->model->position = t->position;
    return RNL_OK;
}

/* While training goes on, a checkpoint that cannot be written is told: the earlier one stays. */
static void save_checkpoint(training *t, rnl_hand *hand)
{
    const char *path = t->options->checkpoint;
    const unsigned long long number = t->position.step;
    if (atomic_load(&hand->executor->failed)) {
        t->stopping = true;
        return;
    }
    rnl_status status = collect(t, hand->step.step);
    if (status != RNL_OK) {
        stop(t, hand, status);
        return;
    }
    status = path ? rnl_model_save_keeping(t->model, path) : RNL_OK;
    if (t->requested)
        stop(t, hand,
             status != RNL_OK ? status
             : path ? rnl_fail(RNL_STOPPED, "stopped after step %llu, saved in %s", number, path)
                    : rnl_fail(RNL_STOPPED, "stopped after step %llu", number));
    else if (status != RNL_OK)
        rnl_log(t->options, RNL_LOG_WARNING, "no checkpoint of step %llu: %s", number,
                rnl_message());
    else
        rnl_log(t->options, RNL_LOG_DEBUG, "checkpoint of step %llu saved in %s", number, path);
}

/* Saves if worker 0 has said so before the last barrier. */
static void save_if_due(training *t, rnl_hand *hand)
{
    if (!t->saving || !(t->options->checkpoint || t->requested))
        return;
    if (rnl_hand_leads(hand)) {
        const double start = now();
        save_checkpoint(t, hand);
        t->seconds_aside += now() - start;
    }
    rnl_hand_barrier(hand);
}

static void begin_sums(training *t)
{
    t->sums_start = now();
    t->sums_rows = t->position.sums.rows;
    t->seconds_aside = 0;
}

static void begin_epoch(training *t)
{
    const rnl_training_config *config = &t->model->config->training;
    const rnl_position *position = &t->position;
    t->epoch_start = now();
    t->first_row = position->rows;
    if (position->sums.rows == 0)
        begin_sums(t);
    rnl_row_order(t->order, t->data->train.rows, (uint64_t)config->seed, (uint32_t)position->epoch,
                  config->shuffle);
}

/* The checkpoint has the same weights: without the file, a model is lost to those alone who want it
 * before training ends, or beside the one that it ends with. */
static void save_beside(const training *t, const char *which, const char *path)
{
    if (path && rnl_model_save_ended(t->model, path) != RNL_OK)
        rnl_log(t->options, RNL_LOG_WARNING, "no model of the %s weights: %s", which,
                rnl_message());
}

/* Worker 0. */
static void keep_best(training *t, rnl_hand *hand)
{
    rnl_status status = collect(t, hand->step.step);
    if (status == RNL_OK && t->model->config->training.early_stopping.restore_best_weights)
        status = rnl_model_keep_best(t->model);
    if (status == RNL_OK)
        save_beside(t, "best", t->options->best);
    else
        stop(t, hand, status);
}

/* In the order of history.csv. */
static void gather_figures(const training *t, const rnl_step *step, rnl_figures *figures)
{
    const rnl_config *config = t->model->config;
    const rnl_position *position = &t->position;
    if (!tells_epochs(t))
        rnl_figures_add(figures, "", "step", (double)position->step);
    rnl_figures_add_pass(figures, "", config, &position->sums);
    if (t->validation.sums.rows > 0)
        rnl_figures_add_pass(figures, "val_", config, &t->validation.sums);
    rnl_figures_add(figures, "", "learning_rate",
                    scheduled_after(t, step, position->step - 1).learning_rate);
    rnl_figures_add(figures, "", "samples_per_second",
                    (double)(position->sums.rows - t->sums_rows) / t->training_seconds);
}

/* Worker 0: the figures since the last time are complete, and what hangs on them is decided.  An
 * early end in the middle of an epoch has a checkpoint of its own. */
static void tell_figures(training *t, rnl_hand *hand)
{
    const rnl_config *config = t->model->config;
    rnl_step *step = hand->step.step;
    rnl_position *position = &t->position;
    rnl_figures figures = {0};
    gather_figures(t, step, &figures);
    const rnl_progress progress = progress_of(t, t->sums_start, &figures);
    rnl_schedule_look(config, &position->plateau, step->optimizer.learning_rate, &figures);
    set_rates(t, step);
    const rnl_validation_time when = {epoch_number(t), position->step, position->told_step == 0};
    const bool best = rnl_early_stopping_look(config, &position->patience, when, &figures);
    position->told_step = position->step;
    position->sums = (rnl_sums){0};
    if (best && (config->training.early_stopping.restore_best_weights || t->options->best))
        keep_best(t, hand);
    t->saving |= position->patience.over && position->rows < t->rows;
    if (t->options->on_epoch && t->options->on_epoch(&progress, t->options->user) != 0)
        stop_on_request(t);
    begin_sums(t);
}

static bool go_on_validating(const rnl_step *step, const rnl_batch *batch, void *context)
{
    (void)step;
    (void)batch;
    return !stop_requested(context);
}

/* The first barrier: worker 0 decides nothing new before all have read what it decided last. */
static void validate(training *t, rnl_hand *hand)
{
    rnl_hand_barrier(hand);
    if (rnl_hand_leads(hand)) {
        t->training_seconds = now() - t->sums_start - t->seconds_aside;
        t->validation.sums = (rnl_sums){0};
        rnl_step_set_penalty(hand->step.step, t->position.step + 1);
    }
    rnl_pass_run(hand, &t->validation);
    if (rnl_hand_leads(hand)) {
        if (t->validation.stopped)
            stop_on_request(t);
        else
            tell_figures(t, hand);
    }
    rnl_hand_barrier(hand);
}

static bool is_validation_due(const training *t)
{
    return !tells_epochs(t) && !t->stopping && t->position.step > t->position.told_step &&
           t->position.step % (uint64_t)t->model->config->training.validate_every == 0;
}

/* The steps of an epoch from where it stands to its end, which a request or early stopping brings
 * about before its time.  A validation that a stop had cut off is made up for. */
static void run_steps(training *t, rnl_hand *hand)
{
    const rnl_step *step = hand->step.step;
    const rnl_dataset *train = &t->data->train;
    uint64_t number = t->position.step;
    if (is_validation_due(t)) {
        validate(t, hand);
        save_if_due(t, hand);
    }
    for (size_t begin = t->first_row; begin < t->rows && !is_over(t); begin += step->batch_size) {
        const size_t left = t->rows - begin;
        hand->step.batch = (rnl_batch){
            .dataset = train,
            .indices = t->order + begin,
            .rows = left < step->batch_size ? left : step->batch_size,
            .target_variances = t->variances,
            .training = true,
            .number = ++number,
        };
        rnl_hand_run(hand, step->phases.count);
        if (rnl_hand_leads(hand))
            account_step(t, hand);
        rnl_hand_barrier(hand);
        if (is_validation_due(t))
            validate(t, hand);
        save_if_due(t, hand);
    }
}

static bool is_inspecting(const training *t)
{
    return t->model->config->training.inspect && t->options->on_inspect;
}

/* Looks inside after `epochs` whole epochs: at the step that comes next, the first of its epoch,
 * and at the outputs of all training rows; before the first step, at those of its mini-batch. False
 * where the caller wants no more; worker 0 alone knows. */
static bool inspect(training *t, rnl_hand *hand, size_t epochs)
{
    const rnl_step *step = hand->step.step;
    const rnl_training_config *config = &t->model->config->training;
    bool go_on = true;
    if (rnl_hand_leads(hand)) {
        rnl_probe_clear(step);
        rnl_row_order(t->order, t->data->train.rows, (uint64_t)config->seed, (uint32_t)epochs,
                      config->shuffle);
    }
    rnl_hand_barrier(hand);
    const rnl_batch next = {
        .dataset = &t->data->train,
        .indices = t->order,
        .rows = step->batch_size,
        .target_variances = t->variances,
        .training = true,
        .number = t->position.step + 1,
    };
    rnl_inspect_step(hand, &next, epochs == 0);
    if (epochs > 0)
        rnl_pass_run(hand, &t->inspection);
    if (rnl_hand_leads(hand) && !atomic_load(&hand->executor->failed))
        go_on = !t->inspection.stopped && rnl_inspect_report(step, epochs, t->options);
    return go_on;
}

static void inspect_beginning(training *t, rnl_hand *hand)
{
    if (!inspect(t, hand, 0))
        stop(t, hand, rnl_fail(RNL_STOPPED, "stopped before the first step"));
    rnl_hand_barrier(hand);
}

static void inspect_end(training *t, rnl_hand *hand)
{
    const double start = now();
    if (!inspect(t, hand, t->position.epoch + 1))
        t->validation.stopped = true;
    if (rnl_hand_leads(hand))
        t->seconds_aside += now() - start;
    rnl_hand_barrier(hand);
}

/* Stopped in here, training goes on with the end of the epoch. */
static void end_epoch(training *t, rnl_hand *hand)
{
    rnl_hand_barrier(hand);
    if (rnl_hand_leads(hand))
        rnl_step_set_penalty(hand->step.step, t->position.step + 1);
    if (is_inspecting(t))
        inspect_end(t, hand);
    if (tells_epochs(t) && t->position.told_step < t->position.step)
        validate(t, hand);
    if (rnl_hand_leads(hand)) {
        if (t->validation.stopped) {
            stop_on_request(t);
        } else {
            ++t->position.epoch;
            t->position.rows = 0;
            t->saving = t->stopping || t->model->config->training.checkpoint_every == 0;
        }
    }
    rnl_hand_barrier(hand);
    save_if_due(t, hand);
}

/* The steps since the last validation, where they were too few for another, get theirs at the end.
 * No checkpoint knows of it, so that a run that goes on for more epochs goes on as if it had never
 * been. */
static void validate_end(training *t, rnl_hand *hand)
{
    validate(t, hand);
    if (rnl_hand_leads(hand))
        t->saving = t->stopping;
    rnl_hand_barrier(hand);
    save_if_due(t, hand);
}

static bool has_final_pass(const rnl_model *model)
{
    for (size_t i = 0; i < model->layer_count; ++i) {
        const rnl_layer_operations *operations = rnl_layer_operations_of(&model->layers[i]);
        if (operations->has_final_pass && operations->has_final_pass(&model->layers[i]))
            return true;
    }
    return false;
}

/* Stopped here, training goes on with this pass: it begins anew. */
static void run_final_pass(training *t, rnl_hand *hand)
{
    rnl_hand_barrier(hand);
    if (rnl_hand_leads(hand)) {
        t->saving = false;
        rnl_row_order(t->order, t->data->train.rows, 0, 0, false);
    }
    rnl_hand_barrier(hand);
    rnl_pass_run(hand, &t->final);
    if (rnl_hand_leads(hand) && t->final.stopped)
        stop_on_request(t);
    rnl_hand_barrier(hand);
    save_if_due(t, hand);
}

static void tell_patience(const training *t)
{
    const rnl_position *position = &t->position;
    const rnl_patience *patience = &position->patience;
    const rnl_early_stopping_config *config = &t->model->config->training.early_stopping;
    const char *unit = tells_epochs(t) ? "epoch" : "step";
    const uint64_t last = tells_epochs(t) ? position->epoch : position->step;
    const uint64_t best = tells_epochs(t) ? patience->best_epoch : patience->best_step;
    if (patience->over)
        rnl_log(t->options, RNL_LOG_INFO,
                "stopped early after %s %llu: %s has not improved since %s %llu (%g)", unit,
                (unsigned long long)last, config->monitor.figure, unit, (unsigned long long)best,
                patience->best);
    if (patience->best_step > 0 && config->restore_best_weights)
        rnl_log(t->options, RNL_LOG_INFO, "back to the weights of %s %llu, where %s was %g", unit,
                (unsigned long long)best, config->monitor.figure, patience->best);
}

/* Goes back to the best weights, if they are not the last ones. */
static void restore_best(training *t, rnl_hand *hand)
{
    rnl_hand_barrier(hand);
    if (rnl_hand_leads(hand)) {
        const rnl_status status = collect(t, hand->step.step);
        tell_patience(t);
        if (status == RNL_OK) {
            save_beside(t, "last", t->options->last);
            rnl_model_restore_best(t->model);
        } else {
            stop(t, hand, status);
        }
    }
    rnl_hand_prepare(hand);
}

static bool has_better_weights(const training *t)
{
    const rnl_patience *patience = &t->position.patience;
    return t->model->config->training.early_stopping.restore_best_weights &&
           patience->best_step > 0 && patience->best_step < t->position.step;
}

static void train_worker(rnl_hand *hand, void *context)
{
    training *t = context;
    const size_t epochs = (size_t)t->model->config->training.epochs;
    if (rnl_hand_leads(hand)) {
        warn_if_moved(t, hand->step.step);
        warn_if_odd(t);
        rnl_tell_plan(hand->step.step, t->data, t->options);
        if (t->options->on_begin && t->options->on_begin(t->options->user) != 0)
            stop(t, hand, rnl_fail(RNL_STOPPED, "stopped before the first step"));
        set_rates(t, hand->step.step);
        begin_sums(t);
    }
    rnl_hand_barrier(hand);
    if (is_inspecting(t) && t->position.step == 0 && !t->stopping)
        inspect_beginning(t, hand);
    for (size_t epoch = t->position.epoch; epoch < epochs && !is_over(t); ++epoch) {
        if (rnl_hand_leads(hand))
            begin_epoch(t);
        rnl_hand_barrier(hand);
        run_steps(t, hand);
        if (!t->stopping && t->position.rows == t->rows)
            end_epoch(t, hand);
    }
    if (!is_over(t) && t->position.told_step < t->position.step)
        validate_end(t, hand);
    if (!t->stopping && has_better_weights(t))
        restore_best(t, hand);
    if (!t->stopping && has_final_pass(t->model))
        run_final_pass(t, hand);
}

static rnl_status finish(const rnl_step *step, void *context)
{
    training *t = context;
    RNL_TRY(collect(t, step));
    if (t->stopping)
        return RNL_OK;
    if (rnl_early_stopping_is_on(t->model->config) && !has_better_weights(t))
        save_beside(t, "last", t->options->last);
    rnl_tell_sparsity(t->model, t->options);
    rnl_model_end_training(t->model);
    return RNL_OK;
}

/* After a failure, the model stands where its weights were last collected. */
static void drop_unused_slots(const training *t)
{
    if (t->model->position.step == 0)
        rnl_model_end_training(t->model);
}

static rnl_status run(training *t)
{
    rnl_executor executor = {
        .step =
            {
                .model = t->model,
                .batch_size = rnl_batch_size(t->model, &t->data->train),
                .training = true,
                .class_weights = t->class_weights,
                .inspecting = is_inspecting(t),
            },
        .options = t->options,
        .work = train_worker,
        .context = t,
        .finish = finish,
    };
    const rnl_status status = rnl_executor_run(&executor);
    if (status != RNL_OK && status != RNL_STOPPED)
        drop_unused_slots(t);
    return status;
}

/* A model in the middle of training goes on with the rows and within the epochs that it began with.
 */
static rnl_status check_position(const rnl_model *model, const rnl_data *data)
{
    const rnl_position *position = &model->position;
    const uint64_t epochs = (uint64_t)model->config->training.epochs;
    if (position->step == 0)
        return RNL_OK;
    if (position->epoch > epochs || (position->epoch == epochs && position->rows > 0))
        return rnl_fail(RNL_BAD_CONFIG,
                        "training.epochs: %llu, but the checkpoint is %llu steps on, in epoch %llu",
                        (unsigned long long)epochs, (unsigned long long)position->step,
                        (unsigned long long)position->epoch + 1);
    const rnl_choice *schedule = &model->config->training.schedule;
    if (rnl_schedule_depends_on_length(schedule) && position->schedule_epochs != epochs)
        return rnl_fail_at(schedule->place,
                           "schedule %s: training.epochs was %llu when it began and is %llu now, "
                           "on which it depends; it can be begun anew: --restart-schedule",
                           schedule->kind->name, (unsigned long long)position->schedule_epochs,
                           (unsigned long long)epochs);
    if (position->train_rows != data->train.rows)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected %zu training rows, as the checkpoint was made with, got %zu",
                        data->train.name, position->train_rows, data->train.rows);
    return RNL_OK;
}

static rnl_status measure_targets(training *t)
{
    const rnl_choice_list *metrics = &t->model->config->training.metrics;
    const size_t outputs = rnl_model_outputs(t->model);
    RNL_TRY(rnl_metrics_variances(&t->variances, metrics, &t->data->train, outputs));
    t->inspection.variances = t->variances;
    return rnl_metrics_variances(&t->validation.variances, metrics, &t->data->validation, outputs);
}

rnl_status rnl_train(rnl_model *model, const rnl_data *data, const rnl_options *options)
{
    static const rnl_options defaults = {0};
    RNL_TRY(rnl_check_trainable(model, &data->train));
    if (data->validation.rows > 0)
        RNL_TRY(rnl_check_labelled(model, &data->validation));
    RNL_TRY(rnl_schedule_check_monitor(model->config, data->validation.rows > 0));
    RNL_TRY(rnl_early_stopping_check(model->config, data->validation.rows > 0));
    RNL_TRY(check_position(model, data));

    training t = {
        .model = model,
        .position = model->position,
        .data = data,
        .rows = rnl_epoch_rows(model, &data->train),
        .options = options ? options : &defaults,
        .order = malloc(data->train.rows * sizeof(uint32_t)),
        .validation_order = malloc((data->validation.rows + 1) * sizeof(uint32_t)),
    };
    t.validation = (rnl_pass){
        .dataset = &data->validation,
        .order = t.validation_order,
        .visit = go_on_validating,
        .context = &t,
    };
    t.final = t.validation;
    t.final.dataset = &data->train;
    t.final.order = t.order;
    t.final.measuring = true;
    t.inspection = (rnl_pass){
        .dataset = &data->train,
        .order = t.order,
        .visit = go_on_validating,
        .context = &t,
        .probing = true,
    };
    t.position.train_rows = data->train.rows;
    if (t.position.schedule_epochs == 0)
        t.position.schedule_epochs = (uint64_t)model->config->training.epochs;
    rnl_status status = RNL_OK;
    if (t.order && t.validation_order)
        rnl_row_order(t.validation_order, data->validation.rows, 0, 0, false);
    else
        status = rnl_fail_memory((data->train.rows + data->validation.rows) * sizeof(uint32_t));
    if (status == RNL_OK)
        status = rnl_class_weights_create(&t.class_weights, model);
    if (status == RNL_OK)
        status = measure_targets(&t);
    t.final.variances = t.variances;
    if (status == RNL_OK && t.position.found_rate == 0 && rnl_schedule_searches(model->config))
        status = rnl_find_rate_for_schedule(&t.position.found_rate, model, data, t.options);
    if (status == RNL_OK)
        status = run(&t);
    rnl_tell_peak(t.options);
    free(t.order);
    free(t.validation_order);
    free(t.class_weights);
    free(t.variances);
    free(t.validation.variances);
    atomic_store(&model->stop, false);
    return status;
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
