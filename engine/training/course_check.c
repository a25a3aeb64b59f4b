#include "engine/training/course_check.h"

#include "engine/base/error.h"
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
    const uint64_t steps = position->epoch * ((rows + batch_size - 1) / batch_size) +
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

static rnl_status check_rows(rnl_model *model, const rnl_data *data)
{
    char now[RNL_DATA_DIGEST_TEXT];
    RNL_TRY(rnl_data_digest(now, data));
    RNL_TRY(compare_rows(model, data, now));
    memcpy(model->data_digest, now, sizeof now);
    return RNL_OK;
}

/* Refuses a schedule that looks at a figure which the run will not have. */
static rnl_status check_schedule_monitor(const rnl_config *config, bool validated)
{
    const rnl_choice *schedule = &config->training.schedule;
    const rnl_monitor *monitor = rnl_schedule_monitor(schedule);
    return monitor ? rnl_monitor_check(monitor, schedule->place, config, validated) : RNL_OK;
}

rnl_status rnl_course_check(rnl_model *model, const rnl_data *data)
{
    const bool validated = data->validation.rows > 0;
    RNL_TRY(rnl_check_trainable(model, &data->train));
    if (validated)
        RNL_TRY(rnl_check_labelled(model, &data->validation));
    RNL_TRY(check_schedule_monitor(model->config, validated));
    RNL_TRY(rnl_early_stopping_check(model->config, validated));
    RNL_TRY(check_position(model, data));
    return check_rows(model, data);
}
