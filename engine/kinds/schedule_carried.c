/*
 * Schedules that compute each rate once, from the one before.
 */
#include "engine/base/error.h"
#include "engine/kinds/schedule_units.h"

#include <math.h>

static const rnl_choice *carried_per(const rnl_choice *schedule)
{
    const rnl_schedule *operations = schedule->kind ? schedule->kind->operations : NULL;
    return operations && operations->carries ? operations->carries(schedule->parameters) : NULL;
}

static double rate_after(const rnl_choice *schedule, double before, const rnl_moment *moment)
{
    const rnl_schedule *operations = schedule->kind->operations;
    rnl_moment now = *moment;
    now.rate = before;
    return operations->at(schedule->parameters, &now).learning_rate;
}

/* The last one also stands for moments that have not come. */
double rnl_schedule_carried(const rnl_choice *schedule, const rnl_plateau *plateau,
                            const rnl_moment *moment)
{
    if (!plateau->looked)
        return rate_after(schedule, moment->learning_rate, moment);
    return rnl_schedule_time(carried_per(schedule), moment) < (double)plateau->cooldown
               ? plateau->best
               : plateau->learning_rate;
}

void rnl_schedule_advance(const rnl_choice *schedule, rnl_plateau *plateau,
                          const rnl_moment *moment)
{
    const rnl_choice *per = carried_per(schedule);
    if (!per || (plateau->looked && rnl_schedule_time(per, moment) <= (double)plateau->cooldown))
        return;
    const double before = plateau->looked ? plateau->learning_rate : moment->learning_rate;
    *plateau = (rnl_plateau){.looked = 1,
                             .cooldown = (uint64_t)rnl_schedule_time(per, moment),
                             .best = before,
                             .learning_rate = rate_after(schedule, before, moment)};
}

bool rnl_is_rate(double rate)
{
    return rate >= 0 && rate <= 1e6;
}

/* `best` is the rate before. */
static rnl_status fail_rate(const rnl_choice *schedule, const rnl_plateau *plateau,
                            const rnl_moment *moment, double time)
{
    const rnl_schedule *operations = schedule->kind->operations;
    const double rate = plateau->learning_rate;
    char why[600] = "";
    rnl_moment now = *moment;
    now.rate = plateau->best;
    if (operations->explain)
        operations->explain(why, sizeof why, schedule->parameters, &now);
    return rnl_fail_at(
        schedule->place,
        "schedule: expected rates from 0 to 1e6, got %g in %s %.0f, counted from 0%s",
        isnan(rate) ? NAN : rate, carried_per(schedule)->kind->name, time, why);
}

rnl_status rnl_schedule_check_rates(const rnl_choice *schedule, const rnl_moment *begin)
{
    const rnl_choice *per = carried_per(schedule);
    rnl_moment moment = *begin;
    rnl_plateau plateau = {0};
    double *time = per && rnl_counts_epochs(per) ? &moment.epoch : &moment.step;
    for (size_t i = 0; per && i < 1 << 20 && *time < rnl_schedule_length(per, &moment);
         ++i, ++*time) {
        if (time == &moment.step)
            moment.epoch = floor(moment.step * moment.epochs / moment.steps);
        rnl_schedule_advance(schedule, &plateau, &moment);
        if (!rnl_is_rate(plateau.learning_rate))
            return fail_rate(schedule, &plateau, &moment, *time);
    }
    return RNL_OK;
}
