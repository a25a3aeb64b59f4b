#include "engine/training/course_check.h"

#include "engine/base/error.h"
#include "engine/kinds/optimizers.h"
#include "engine/kinds/schedules.h"
#include "engine/schema/config.h"
#include "engine/training/check.h"
#include "engine/training/early_stopping.h"
#include "engine/training/monitored_figure.h"
#include "engine/workers/batch.h"

#include <string.h>

/* The steps done are those of the epochs done and of the rows of the next. */
static rnl_status check_steps(const rnl_model *model, const rnl_data *data)
{
    const rnl_position *position = &model->position;
    const size_t rows = rnl_epoch_rows(model, &data->train);
    const size_t batch_size = rnl_batch_size(model, &data->train);
    const uint64_t before =
        position->phase_epoch + rnl_model_skipped_epochs(model, position->phase);
    const uint64_t steps = position->phase_step +
                           (position->epoch - before) * ((rows + batch_size - 1) / batch_size) +
                           (position->rows + batch_size - 1) / batch_size;
    if (steps == position->step && position->rows <= rows &&
        (position->rows % batch_size == 0 || position->rows == rows))
        return RNL_OK;
    return rnl_fail(RNL_BAD_DATA,
                    "not a whole checkpoint: it is %llu steps on, and %llu epochs and %zu rows, "
                    "which are %llu steps",
                    (unsigned long long)position->step, (unsigned long long)position->epoch,
                    position->rows, (unsigned long long)steps);
}

/* A model in the middle of training goes on with the rows and within the epochs that it began with.
 */
static rnl_status check_position(const rnl_model *model, const rnl_data *data)
{
    const rnl_position *position = &model->position;
    const uint64_t epochs = (uint64_t)model->config->training.epochs,
                   last = position->phase_epoch + model->phase.epochs;
    if (position->step == 0)
        return RNL_OK;
    if (position->epoch > last || (position->epoch == last && position->rows > 0))
        return rnl_fail(RNL_BAD_CONFIG,
                        "training.epochs: %llu, but the checkpoint is %llu steps on, %s epoch %llu",
                        (unsigned long long)epochs, (unsigned long long)position->step,
                        position->rows > 0 ? "in" : "behind",
                        (unsigned long long)position->epoch + (position->rows > 0));
    const rnl_choice *schedule = model->phase.schedule;
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
    return check_steps(model, data);
}

/* A model in the middle of training goes on with the rows that it began with. */
static rnl_status compare_rows(const rnl_model *model, const rnl_data *data,
                               const char now[RNL_DATA_DIGEST_TEXT])
{
    bool of_validation = false;
    const char *changed = model->position.step > 0 && *model->data_digest
                              ? rnl_data_digest_difference(model->data_digest, now, &of_validation)
                              : NULL;
    if (!changed)
        return RNL_OK;
    return rnl_fail(RNL_BAD_DATA,
                    "%s: %s are not those that the checkpoint was made with: bring those back, or "
                    "begin anew: --force",
                    of_validation ? data->validation.name : data->train.name, changed);
}

rnl_status rnl_model_compare_rows(const rnl_model *model, const rnl_data *data)
{
    char now[RNL_DATA_DIGEST_TEXT];
    RNL_TRY(rnl_data_digest(now, data));
    return compare_rows(model, data, now);
}

rnl_status rnl_course_check_rows(rnl_model *model, const rnl_data *data)
{
    char now[RNL_DATA_DIGEST_TEXT];
    RNL_TRY(rnl_data_digest(now, data));
    RNL_TRY(compare_rows(model, data, now));
    memcpy(model->data_digest, now, sizeof now);
    return RNL_OK;
}

/* In place of a rate that is still to be found. */
#define NOMINAL 1e-3

/* Refuses a formula whose rates are none, before anything is written. */
static rnl_status check_rates(const rnl_model *model, size_t number, const rnl_data *data)
{
    const size_t batch_size = rnl_batch_size(model, &data->train);
    const uint64_t epochs = model->phase.epochs, first = rnl_model_skipped_epochs(model, number),
                   steps = (rnl_epoch_rows(model, &data->train) + batch_size - 1) / batch_size;
    const double rate = rnl_optimizer_learning_rate(model->phase.optimizer);
    return rnl_schedule_check_rates(model->phase.schedule,
                                    &(const rnl_moment){.learning_rate = rate > 0 ? rate : NOMINAL,
                                                        .step = (double)(first * steps),
                                                        .epoch = (double)first,
                                                        .steps = (double)(epochs * steps),
                                                        .epochs = (double)epochs});
}

/* Refuses a schedule that looks at a figure which the run will not have. */
static rnl_status check_schedule_monitor(const rnl_choice *schedule, const rnl_config *config,
                                         bool validated)
{
    const rnl_monitor *monitor = rnl_schedule_monitor(schedule);
    return monitor ? rnl_monitor_check(monitor, schedule->place, config, validated) : RNL_OK;
}

static rnl_status check_phase(const rnl_model *model, size_t number, const rnl_data *data)
{
    const bool validated = data->validation.rows > 0;
    const rnl_choice_list *phases = &model->config->training.phases;
    if (phases->count > 0 && rnl_model_first_trainable(model) == model->layer_count)
        return rnl_fail_at(phases->items[number].place,
                           "phase %zu: there is nothing to train: no layer has parameters that are "
                           "neither fixed nor frozen",
                           number + 1);
    RNL_TRY(rnl_check_trainable(model, data));
    RNL_TRY(check_rates(model, number, data));
    RNL_TRY(check_schedule_monitor(model->phase.schedule, model->config, validated));
    return rnl_early_stopping_check(model->phase.early_stopping, model->config, validated);
}

/* All phases, before the first of them begins. */
static rnl_status check_phases(rnl_model *model, const rnl_data *data)
{
    rnl_status status = RNL_OK;
    for (size_t k = 0; status == RNL_OK && k < rnl_model_phases(model); ++k) {
        rnl_model_enter_phase(model, k);
        status = check_phase(model, k, data);
    }
    rnl_model_enter_phase(model, model->position.phase);
    return status;
}

/* A line of a trace holds every parameter. */
#define MOST_TRACED 1000

static rnl_status check_trace(const rnl_model *model)
{
    size_t count = 0;
    for (size_t i = 0; i < model->layer_count; ++i)
        for (size_t p = 0; p < model->layers[i].parameter_count; ++p)
            count += rnl_parameter_count(&model->layers[i].parameters[p]);
    return model->config->training.trace.every > 0 && count > MOST_TRACED
               ? rnl_fail(RNL_BAD_CONFIG,
                          "training.trace: expected a model of at most %d parameters, because each "
                          "line holds them all, got %zu: inspect tells norms of larger ones",
                          MOST_TRACED, count)
               : RNL_OK;
}

rnl_status rnl_course_check(rnl_model *model, const rnl_data *data)
{
    const bool validated = data->validation.rows > 0;
    RNL_TRY(check_phases(model, data));
    RNL_TRY(check_trace(model));
    if (validated)
        RNL_TRY(rnl_check_labelled(model, &data->validation));
    return check_position(model, data);
}
