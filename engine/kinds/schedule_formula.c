/*
 * Schedules that a formula or a table says.
 */
#include "engine/base/error.h"
#include "engine/kinds/schedule_units.h"
#include "engine/schema/formula.h"

#include <float.h>
#include <math.h>
#include <stddef.h>

/* ---- formula --------------------------------------------------------------------------------- */

enum { EPOCH, STEP, EPOCHS, STEPS, RATE, NAMES };

static const char *const names[] = {"epoch", "step", "epochs", "steps", "rate", NULL};

/* A rate that is always 0 trains nothing; others are checked by the steps. */
static rnl_status refuse_zero(rnl_formula *f)
{
    bool constant = true;
    for (size_t name = 0; name < NAMES; ++name)
        constant &= !rnl_formula_uses(f, name);
    const double none[NAMES] = {0};
    return constant && rnl_formula_compute(f, f->value, none) == 0
               ? rnl_fail_at(f->place,
                             "formula: expected a rate above 0 in some step, got \"%.200s\" "
                             "(without `schedule`, the optimizer's rate stays)",
                             f->text)
               : RNL_OK;
}

const rnl_field rnl_formula_schedule_fields[] = {
    {.key = "expression",
     .type = RNL_FIELD_FORMULA,
     .offset = offsetof(rnl_formula_schedule, expression),
     .names = names,
     .prepare = refuse_zero,
     .help = "the rate; epoch and step count from 0, rate is the one before, the optimizer's at "
             "first"},
    RNL_PER_FIELD(rnl_formula_schedule, "epoch"),
    {.key = NULL},
};

/* Per epoch, the step is the first of the epoch. */
static void set_variables(double variables[NAMES], const rnl_formula_schedule *p,
                          const rnl_moment *moment)
{
    const double epoch = moment->epoch;
    variables[EPOCH] = epoch;
    variables[STEP] =
        rnl_counts_epochs(&p->per) ? epoch * (moment->steps / moment->epochs) : moment->step;
    variables[EPOCHS] = moment->epochs;
    variables[STEPS] = moment->steps;
    variables[RATE] = moment->rate;
}

static rnl_scheduled formula_at(const void *parameters, const rnl_moment *moment)
{
    const rnl_formula_schedule *p = parameters;
    double variables[NAMES];
    set_variables(variables, p, moment);
    return (rnl_scheduled){rnl_formula_compute(p->expression, p->expression->value, variables),
                           NAN};
}

static void explain_formula(char *text, size_t size, const void *parameters,
                            const rnl_moment *moment)
{
    const rnl_formula_schedule *p = parameters;
    double variables[NAMES];
    set_variables(variables, p, moment);
    rnl_formula_explain(text, size, p->expression, p->expression->value, variables, DBL_MAX);
}

static bool formula_depends_on_length(const void *parameters)
{
    const rnl_formula_schedule *p = parameters;
    return rnl_formula_uses(p->expression, EPOCHS) || rnl_formula_uses(p->expression, STEPS);
}

static const rnl_choice *formula_per(const void *parameters)
{
    return &((const rnl_formula_schedule *)parameters)->per;
}

const rnl_schedule rnl_schedule_by_formula = {
    .at = formula_at,
    .length_matters = formula_depends_on_length,
    .carries = formula_per,
    .explain = explain_formula,
};

/* ---- table ----------------------------------------------------------------------------------- */

#define LIST(member_, maximum_, help_)                                                             \
    {                                                                                              \
        .key = #member_, .type = RNL_FIELD_NUMBER_LIST,                                            \
        .offset = offsetof(rnl_table_schedule, member_), .fallback = "[]", .maximum = maximum_,    \
        .help = help_                                                                              \
    }

const rnl_field rnl_table_schedule_fields[] = {
    {.key = "path",
     .type = RNL_FIELD_TEXT,
     .offset = offsetof(rnl_table_schedule, path),
     .help =
         "CSV with the columns epoch or step, from 0, learning_rate, and momentum if it changes"},
    RNL_PER_FIELD(rnl_table_schedule, "epoch"),
    LIST(at, 1e15, "read from the file: growing epochs or steps, each the first with its rates"),
    LIST(learning_rate, 1e6, "likewise: one for each of them"),
    LIST(momentum, 0.9999, "likewise, or none: momentum, or beta_1"),
    {.key = NULL},
};

static rnl_status check_table(const rnl_choice *choice)
{
    const rnl_table_schedule *p = choice->parameters;
    if (p->at.count == 0)
        return rnl_fail_at(choice->place, "table: expected rows in %s", p->path);
    for (size_t i = 1; i < p->at.count; ++i)
        if (!(p->at.items[i] > p->at.items[i - 1]))
            return rnl_fail_at(p->at.place, "table: %s: expected growing numbers, got %g after %g",
                               p->path, p->at.items[i], p->at.items[i - 1]);
    if (p->learning_rate.count != p->at.count ||
        (p->momentum.count > 0 && p->momentum.count != p->at.count))
        return rnl_fail_at(choice->place,
                           "table: expected %zu rates, one for each of at, and as many momenta or "
                           "none; got %zu and %zu",
                           p->at.count, p->learning_rate.count, p->momentum.count);
    return RNL_OK;
}

/* The last row that does not lie ahead, else the first. */
static rnl_scheduled table_at(const void *parameters, const rnl_moment *moment)
{
    const rnl_table_schedule *p = parameters;
    const double t = rnl_schedule_time(&p->per, moment);
    size_t low = 0, high = p->at.count;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (p->at.items[middle] <= t)
            low = middle;
        else
            high = middle;
    }
    return (rnl_scheduled){p->learning_rate.items[low],
                           p->momentum.count > 0 ? p->momentum.items[low] : NAN};
}

const rnl_schedule rnl_schedule_by_table = {.at = table_at, .check = check_table};
