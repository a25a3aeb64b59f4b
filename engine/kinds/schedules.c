#include "engine/kinds/schedules.h"

#include "engine/base/error.h"
#include "engine/base/functions.h"
#include "engine/kinds/monitor.h"
#include "engine/kinds/schedule_units.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define NUMBER(struct_, member_, fallback_, minimum_, maximum_, above_, help_)                     \
    {                                                                                              \
        .key = #member_, .type = RNL_FIELD_NUMBER, .offset = offsetof(struct_, member_),           \
        .fallback = fallback_, .minimum = minimum_, .maximum = maximum_, .above_minimum = above_,  \
        .help = help_                                                                              \
    }

static rnl_scheduled rate(double learning_rate)
{
    return (rnl_scheduled){learning_rate, NAN};
}

/* ---- power, exponential, piecewise ----------------------------------------------------------- */

typedef struct power_parameters {
    double steps, power;
    rnl_choice per;
} power_parameters;

static const rnl_field power_fields[] = {
    NUMBER(power_parameters, steps, NULL, 0, 1e15, true,
           "steps, or epochs where `per` says so, until the rate is 1 / 2^power of itself"),
    NUMBER(power_parameters, power, "1.0", 0, 100, true, "exponent of 1 + t / steps"),
    RNL_PER_FIELD(power_parameters, "step"),
    {.key = NULL},
};

static rnl_scheduled power_at(const void *parameters, const rnl_moment *moment)
{
    const power_parameters *p = parameters;
    const double t = rnl_schedule_time(&p->per, moment);
    return rate(moment->learning_rate / rnl_power(1 + t / p->steps, p->power));
}

typedef struct exponential_parameters {
    double steps, rate;
    bool staircase;
    rnl_choice per;
} exponential_parameters;

static const rnl_field exponential_fields[] = {
    NUMBER(exponential_parameters, steps, NULL, 0, 1e15, true,
           "epochs, or steps where `per` says so, in which the rate falls once"),
    NUMBER(exponential_parameters, rate, "0.1", 0, 1, true, "share of the rate that is then left"),
    {.key = "staircase",
     .type = RNL_FIELD_BOOLEAN,
     .offset = offsetof(exponential_parameters, staircase),
     .fallback = "false",
     .help = "fall at once after each such time, not little by little"},
    RNL_PER_FIELD(exponential_parameters, "epoch"),
    {.key = NULL},
};

static rnl_scheduled exponential_at(const void *parameters, const rnl_moment *moment)
{
    const exponential_parameters *p = parameters;
    const double times = rnl_schedule_time(&p->per, moment) / p->steps;
    return rate(moment->learning_rate * rnl_power(p->rate, p->staircase ? floor(times) : times));
}

typedef struct piecewise_parameters {
    rnl_number_list boundaries, values;
    rnl_choice per;
} piecewise_parameters;

static const rnl_field piecewise_fields[] = {
    {.key = "boundaries",
     .type = RNL_FIELD_NUMBER_LIST,
     .offset = offsetof(piecewise_parameters, boundaries),
     .maximum = 1e15,
     .help = "growing: the epochs with which the next value begins, or the steps that are the last "
             "of a value"},
    {.key = "values",
     .type = RNL_FIELD_NUMBER_LIST,
     .offset = offsetof(piecewise_parameters, values),
     .maximum = 1e6,
     .above_minimum = true,
     .help = "the learning rates, one more than boundaries"},
    RNL_PER_FIELD(piecewise_parameters, "epoch"),
    {.key = NULL},
};

static rnl_status check_piecewise(const rnl_choice *choice)
{
    const piecewise_parameters *p = choice->parameters;
    for (size_t i = 1; i < p->boundaries.count; ++i)
        if (!(p->boundaries.items[i] > p->boundaries.items[i - 1]))
            return rnl_fail_at(p->boundaries.place,
                               "boundaries: expected growing numbers, got %g after %g",
                               p->boundaries.items[i], p->boundaries.items[i - 1]);
    if (p->values.count != p->boundaries.count + 1)
        return rnl_fail_at(p->values.place,
                           "values: expected one more than the %zu boundaries, got %zu",
                           p->boundaries.count, p->values.count);
    return RNL_OK;
}

/* Per epoch, a boundary belongs to the value after it; per step, to the one before it. */
static rnl_scheduled piecewise_at(const void *parameters, const rnl_moment *moment)
{
    const piecewise_parameters *p = parameters;
    const double t = rnl_schedule_time(&p->per, moment);
    size_t i = 0;
    while (i < p->boundaries.count &&
           (rnl_counts_epochs(&p->per) ? t >= p->boundaries.items[i] : t > p->boundaries.items[i]))
        ++i;
    return rate(p->values.items[i]);
}

/* ---- over the whole length ------------------------------------------------------------------- */

typedef struct one_cycle_parameters {
    double max_rate, start_rate, last_rate, last_fraction, momentum_high, momentum_low;
    rnl_choice per;
} one_cycle_parameters;

static const rnl_field one_cycle_fields[] = {
    {.key = "max_rate",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(one_cycle_parameters, max_rate),
     .fallback = "auto",
     .maximum = 1e6,
     .above_minimum = true,
     .zero = "auto",
     .help = "the highest learning rate; auto: what a range test suggests before the first step"},
    NUMBER(one_cycle_parameters, start_rate, "0.0", 0, 1e6, false,
           "the first; 0: a tenth of max_rate"),
    NUMBER(one_cycle_parameters, last_rate, "0.0", 0, 1e6, false,
           "the last; 0: a thousandth of start_rate"),
    NUMBER(one_cycle_parameters, last_fraction, "0.1", 0, 0.9, false,
           "share of the run in which the rate falls from start_rate to last_rate"),
    NUMBER(one_cycle_parameters, momentum_high, "0.95", 0, 0.9999, false,
           "momentum, or beta_1, at the beginning and at the end"),
    NUMBER(one_cycle_parameters, momentum_low, "0.85", 0, 0.9999, false,
           "and where the rate is highest; an optimizer without momentum cycles the rate alone"),
    RNL_PER_FIELD(one_cycle_parameters, "step"),
    {.key = NULL},
};

static double between(double from, double to, double share)
{
    return from + (to - from) * share;
}

/* Smith, "A disciplined approach to neural network hyper-parameters" (2018): up and down in equal
 * parts of what the last fraction leaves, then down to last_rate, which the last step has. */
static rnl_scheduled one_cycle_at(const void *parameters, const rnl_moment *moment)
{
    const one_cycle_parameters *p = parameters;
    const double highest = p->max_rate > 0 ? p->max_rate : moment->found_rate;
    const double start = p->start_rate > 0 ? p->start_rate : highest / 10;
    const double last = p->last_rate > 0 ? p->last_rate : start / 1000;
    const double t = rnl_schedule_time(&p->per, moment),
                 end = fmax(rnl_schedule_length(&p->per, moment) - 1, 1);
    const double cycle = end * (1 - p->last_fraction), half = cycle / 2;
    if (t < half)
        return (rnl_scheduled){between(start, highest, t / half),
                               between(p->momentum_high, p->momentum_low, t / half)};
    if (t <= cycle)
        return (rnl_scheduled){between(highest, start, (t - half) / half),
                               between(p->momentum_low, p->momentum_high, (t - half) / half)};
    const double share = end > cycle ? fmin((t - cycle) / (end - cycle), 1) : 1;
    return (rnl_scheduled){between(start, last, share), p->momentum_high};
}

typedef struct cosine_parameters {
    double warmup, last_rate;
    rnl_choice per;
} cosine_parameters;

static const rnl_field cosine_fields[] = {
    NUMBER(cosine_parameters, warmup, "0.0", 0, 1e15, false,
           "in which the rate first rises from 0 in a line"),
    NUMBER(cosine_parameters, last_rate, "0.0", 0, 1e6, false, "the rate at the end"),
    RNL_PER_FIELD(cosine_parameters, "step"),
    {.key = NULL},
};

/* Loshchilov and Hutter, "SGDR" (2017), equation 5, once. */
static rnl_scheduled cosine_at(const void *parameters, const rnl_moment *moment)
{
    const cosine_parameters *p = parameters;
    const double t = rnl_schedule_time(&p->per, moment),
                 length = rnl_schedule_length(&p->per, moment);
    if (t < p->warmup)
        return rate(moment->learning_rate * t / p->warmup);
    const double share = fmin((t - p->warmup) / fmax(length - p->warmup, 1), 1);
    return rate(
        between(p->last_rate, moment->learning_rate, (1 + rnl_circle(share / 2).cosine) / 2));
}

typedef struct log_cosine_parameters {
    int64_t cycles;
    rnl_choice per;
} log_cosine_parameters;

static const rnl_field log_cosine_fields[] = {
    {.key = "cycles",
     .type = RNL_FIELD_INTEGER,
     .offset = offsetof(log_cosine_parameters, cycles),
     .fallback = "4",
     .minimum = 1,
     .maximum = 32,
     .help = "from 0 up to learning_rate and back; the next one lasts twice as long"},
    RNL_PER_FIELD(log_cosine_parameters, "step"),
    {.key = NULL},
};

/* Holzmueller, Grinsztajn and Steinwart, "Better by default" (2024). */
static rnl_scheduled log_cosine_at(const void *parameters, const rnl_moment *moment)
{
    const log_cosine_parameters *p = parameters;
    const double share =
        fmin(rnl_schedule_time(&p->per, moment) / fmax(rnl_schedule_length(&p->per, moment), 1), 1);
    const double turns =
        rnl_logarithm(1 + (ldexp(1, (int)p->cycles) - 1) * share) / 0.69314718055994530942;
    return rate(moment->learning_rate * (1 - rnl_circle(turns).cosine) / 2);
}

/* ---- performance ----------------------------------------------------------------------------- */

typedef struct performance_parameters {
    double factor, min_lr;
    int64_t patience, cooldown;
    rnl_monitor monitor;
} performance_parameters;

static const rnl_field performance_fields[] = {
    NUMBER(performance_parameters, factor, "0.1", 0, 0.9999, true,
           "share of the rate that is left"),
    {.key = "patience",
     .type = RNL_FIELD_INTEGER,
     .offset = offsetof(performance_parameters, patience),
     .fallback = "10",
     .minimum = 1,
     .maximum = 1 << 24,
     .help = "validations without an improvement after which the rate falls"},
    {.key = "cooldown",
     .type = RNL_FIELD_INTEGER,
     .offset = offsetof(performance_parameters, cooldown),
     .fallback = "0",
     .maximum = 1 << 24,
     .help = "validations after a fall that do not count"},
    NUMBER(performance_parameters, min_lr, "0.0", 0, 1e6, false, "the rate falls no lower"),
    RNL_MONITOR_FIELDS(performance_parameters, monitor, "0.0001"),
    {.key = NULL},
};

static const rnl_schedule power = {.at = power_at}, exponential = {.at = exponential_at},
                          piecewise = {.at = piecewise_at, .check = check_piecewise},
                          one_cycle = {.at = one_cycle_at, .depends_on_length = true},
                          cosine = {.at = cosine_at, .depends_on_length = true},
                          log_cosine = {.at = log_cosine_at, .depends_on_length = true},
                          performance;

static const rnl_kind kinds[] = {
    {.name = "power",
     .help = "learning_rate / (1 + t / steps)^power",
     .fields = power_fields,
     .size = sizeof(power_parameters),
     .operations = &power},
    {.name = "exponential",
     .help = "learning_rate rate^(t / steps)",
     .fields = exponential_fields,
     .size = sizeof(exponential_parameters),
     .operations = &exponential},
    {.name = "piecewise",
     .help = "one rate after the other",
     .fields = piecewise_fields,
     .size = sizeof(piecewise_parameters),
     .operations = &piecewise},
    {.name = "performance",
     .help = "lower when a figure no longer improves",
     .fields = performance_fields,
     .size = sizeof(performance_parameters),
     .operations = &performance},
    {.name = "one_cycle",
     .help = "up, down, and far down at the end; momentum the other way",
     .fields = one_cycle_fields,
     .main = "max_rate",
     .size = sizeof(one_cycle_parameters),
     .operations = &one_cycle},
    {.name = "cosine",
     .help = "half a cosine from learning_rate down, after a warm-up",
     .fields = cosine_fields,
     .size = sizeof(cosine_parameters),
     .operations = &cosine},
    {.name = "log_cosine",
     .help =
         "learning_rate (1 - cos(2 pi log2(1 + (2^cycles - 1) t))) / 2, with t from 0 to 1 over "
         "the training: cycles, each twice as long as the one before",
     .fields = log_cosine_fields,
     .main = "cycles",
     .size = sizeof(log_cosine_parameters),
     .operations = &log_cosine},
    {.name = "formula",
     .help = "as a formula says; it may stand alone: `schedule: 0.01 * 0.1^(epoch/20)`",
     .fields = rnl_formula_schedule_fields,
     .main = "expression",
     .size = sizeof(rnl_formula_schedule),
     .operations = &rnl_schedule_by_formula},
    {.name = "table",
     .help = "as the rows of a CSV file say",
     .fields = rnl_table_schedule_fields,
     .main = "path",
     .size = sizeof(rnl_table_schedule),
     .operations = &rnl_schedule_by_table},
};

const rnl_kind_table rnl_schedules = {
    .noun = "schedule",
    .plural = "schedules",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
    .formula = "formula",
};

static const rnl_schedule *operations_of(const rnl_choice *schedule)
{
    return schedule->kind ? schedule->kind->operations : NULL;
}

static bool is_performance(const rnl_choice *schedule)
{
    return operations_of(schedule) == &performance;
}

rnl_status rnl_schedule_check(const rnl_choice *schedule)
{
    const rnl_schedule *operations = operations_of(schedule);
    return operations && operations->check ? operations->check(schedule) : RNL_OK;
}

const rnl_monitor *rnl_schedule_monitor(const rnl_choice *schedule)
{
    const performance_parameters *p = schedule->parameters;
    return is_performance(schedule) ? &p->monitor : NULL;
}

bool rnl_schedule_depends_on_length(const rnl_choice *schedule)
{
    const rnl_schedule *operations = operations_of(schedule);
    if (operations && operations->length_matters)
        return operations->length_matters(schedule->parameters);
    return operations && operations->depends_on_length;
}

bool rnl_schedule_searches(const rnl_choice *schedule)
{
    if (operations_of(schedule) != &one_cycle)
        return false;
    const one_cycle_parameters *p = schedule->parameters;
    return p->max_rate == 0;
}

rnl_scheduled rnl_schedule_at(const rnl_choice *schedule, const rnl_plateau *plateau,
                              const rnl_moment *moment)
{
    const rnl_schedule *operations = operations_of(schedule);
    if (!operations)
        return rate(moment->learning_rate);
    if (operations->carries)
        return rate(rnl_schedule_carried(schedule, plateau, moment));
    if (is_performance(schedule))
        return rate(plateau->looked ? plateau->learning_rate : moment->learning_rate);
    return operations->at(schedule->parameters, moment);
}

/* Lowers the rate as Keras's ReduceLROnPlateau does. */
void rnl_schedule_look(const rnl_choice *schedule, rnl_plateau *plateau, double learning_rate,
                       double value)
{
    if (!is_performance(schedule))
        return;
    const performance_parameters *p = schedule->parameters;
    if (!plateau->looked)
        *plateau = (rnl_plateau){.looked = 1, .best = NAN, .learning_rate = learning_rate};
    plateau->cooldown -= plateau->cooldown > 0;
    if (rnl_monitor_improved(&p->monitor, value, plateau->best)) {
        plateau->best = value;
        plateau->wait = 0;
    } else if (plateau->cooldown == 0 && ++plateau->wait >= (uint64_t)p->patience) {
        plateau->learning_rate =
            fmax(plateau->learning_rate * p->factor, fmin(p->min_lr, plateau->learning_rate));
        plateau->cooldown = (uint64_t)p->cooldown;
        plateau->wait = 0;
    }
}
