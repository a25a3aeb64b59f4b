#include "engine/kinds/schedule_units.h"

/* The kinds of `per`, by their order. */
enum { STEP, EPOCH };

static const rnl_kind units[] = {
    {.name = "step", .help = "in steps"},
    {.name = "epoch", .help = "in epochs: the rate changes between them"},
};

const rnl_kind_table rnl_schedule_units = {
    .noun = "unit", .plural = "units", .kinds = units, .count = 2};

const rnl_choice rnl_per_step = {.kind = &units[STEP]};

bool rnl_counts_epochs(const rnl_choice *per)
{
    return per->kind == &units[EPOCH];
}

double rnl_schedule_time(const rnl_choice *per, const rnl_moment *moment)
{
    return rnl_counts_epochs(per) ? moment->epoch : moment->step;
}

double rnl_schedule_length(const rnl_choice *per, const rnl_moment *moment)
{
    return rnl_counts_epochs(per) ? moment->epochs : moment->steps;
}
