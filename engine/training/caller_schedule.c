#include "engine/training/caller_schedule.h"

#include "engine/kinds/schedules.h"
#include "engine/workers/callbacks.h"

#include <math.h>
#include <stdint.h>

/* The parameters are the options. */
static rnl_scheduled at(const void *parameters, const rnl_moment *moment)
{
    const rnl_schedule_point point = {
        .step = (uint64_t)moment->step,
        .epoch = (uint64_t)moment->epoch,
        .steps = (uint64_t)moment->steps,
        .epochs = (uint64_t)moment->epochs,
        .learning_rate = moment->rate,
    };
    return (rnl_scheduled){rnl_call_schedule(parameters, &point), NAN};
}

static const rnl_choice *per_step(const void *parameters)
{
    (void)parameters;
    return &rnl_per_step;
}

static const rnl_kind kind = {
    .name = "callback",
    .operations = &(const rnl_schedule){.at = at, .carries = per_step},
};

rnl_choice rnl_schedule_given(const rnl_model *model, const rnl_options *options)
{
    return options->schedule ? (rnl_choice){.kind = &kind, .parameters = (void *)(uintptr_t)options}
                             : *model->phase.schedule;
}

rnl_status rnl_schedule_given_check(const rnl_model *model, const rnl_options *options)
{
    for (size_t k = 0; options->schedule && k < rnl_model_phases(model); ++k) {
        const rnl_choice *schedule = rnl_model_phase(model, k).schedule;
        if (schedule->kind)
            return rnl_fail_at(schedule->place,
                               "schedule: expected none beside the program's own, got %s",
                               schedule->kind->name);
    }
    return RNL_OK;
}
