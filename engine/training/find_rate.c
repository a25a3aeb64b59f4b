#include "engine/training/find_rate.h"

#include "engine/base/error.h"
#include "engine/base/functions.h"
#include "engine/base/memory.h"
#include "engine/kinds/losses.h"
#include "engine/kinds/metrics.h"
#include "engine/schema/config.h"
#include "engine/step/penalty.h"
#include "engine/step/shared.h"
#include "engine/step/update.h"
#include "engine/training/check.h"
#include "engine/training/class_weights.h"
#include "engine/training/course.h"
#include "engine/training/figures.h"
#include "engine/training/input_scale.h"
#include "engine/training/job_check.h"
#include "engine/training/training_log.h"
#include "engine/workers/outlook.h"
#include "engine/workers/steps.h"
#include "threading/floating_mode.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_FIRST 1e-5
#define DEFAULT_LAST  10.0
#define DEFAULT_STEPS 500
#define MOST_STEPS    1000000

/* Share of the steps over which the loss is smoothed. */
#define SMOOTHED_SHARE (1.0 / 25)
#define DIVERGED       4.0
#define CLIMBED        1.25
#define SUGGESTED      0.1
#define LEARNED        0.02

/* The result with its points. */
typedef struct owned_search {
    rnl_rate_search public;
    char remark[256];
    rnl_rate_point points[];
} owned_search;

/* Shared by the workers; only worker 0 writes to it, between barriers. */
typedef struct search {
    const rnl_model *model;
    rnl_sequence rows; /* that this epoch visits */
    const rnl_options *options;
    rnl_rate_range range;
    owned_search *result;
    float *class_weights;
    uint64_t done; /* steps */
    uint32_t epoch;
    double momentum_product;
    double sum, weight; /* of the smoothed losses */
    double started;     /* seconds */
    bool over, stopped;
} search;

static double rate_of(const rnl_rate_range *range, uint64_t step)
{
    const double share = (double)step / (double)(range->steps - 1);
    return range->first * rnl_power(range->last / range->first, share);
}

static double smooth(search *s, double loss)
{
    const double kept = fmax(0, 1 - 1 / (SMOOTHED_SHARE * (double)s->range.steps));
    s->sum = kept * s->sum + (1 - kept) * loss;
    s->weight = kept * s->weight + (1 - kept);
    return s->sum / s->weight;
}

/* Returns so many times the lowest smoothed loss; of one that may be negative, as much above it as
 * if it were as large as its fall. */
static double lowest_times(const search *s, double factor)
{
    const rnl_rate_search *result = &s->result->public;
    const double lowest = result->points[result->lowest].smoothed;
    if (!rnl_loss_of(&s->model->config->training.loss)->counts)
        return factor * lowest;
    return lowest + (factor - 1) * fmax(fabs(lowest), result->points[0].smoothed - lowest);
}

/* Tests for divergence, but not among the first losses, which are hardly smoothed. */
static bool has_diverged(const search *s, double smoothed)
{
    const bool settled = (double)s->done >= SMOOTHED_SHARE * (double)s->range.steps;
    return !isfinite(smoothed) || (settled && smoothed > lowest_times(s, DIVERGED));
}

/* The loss, without metrics. */
static double loss_of(const rnl_step *step, const rnl_batch *batch)
{
    rnl_sums sums = {0};
    rnl_sums_add(&sums, NULL, step, batch);
    return sums.loss / (double)sums.rows;
}

static bool report(const search *s, const rnl_rate_point *point)
{
    if (!s->options->on_step)
        return true;
    const size_t batch_size = rnl_batch_size(s->model, s->rows.dataset);
    rnl_figures figures = {0};
    rnl_figures_add(&figures, "", "loss", point->smoothed);
    rnl_figures_add(&figures, "", "learning_rate", point->learning_rate);
    const rnl_progress progress = {
        .epoch = 1,
        .epochs = 1,
        .rows_done = s->done * batch_size,
        .rows = s->range.steps * batch_size,
        .step = s->done,
        .seconds = rnl_course_now() - s->started,
        .timed_rows = s->done * batch_size,
        .figure_count = figures.count,
        .figures = figures.items,
    };
    return rnl_call_step(s->options, &progress);
}

/* Sets the rates of the next step. */
static void set_rates(const search *s, rnl_step *step)
{
    const rnl_scheduled scheduled = {rate_of(&s->range, s->done), NAN};
    const rnl_position *position = &s->model->position;
    rnl_step_set_rates(step, position->step + s->done + 1,
                       rnl_position_optimizer_step(position) + s->done + 1, scheduled,
                       s->momentum_product);
}

static void begin(rnl_hand *hand, void *context)
{
    set_rates(context, hand->step.step);
}

static void begin_epoch(rnl_hand *hand, void *context)
{
    (void)hand;
    search *s = context;
    rnl_order_epoch(&s->rows, s->model, s->epoch++, s->model->config->training.shuffle);
}

static rnl_rate_point add_point(search *s, double loss)
{
    rnl_rate_search *result = &s->result->public;
    const rnl_rate_point point = {rate_of(&s->range, s->done), loss, smooth(s, loss)};
    ++s->done;
    if (isfinite(point.smoothed)) {
        s->result->points[result->count] = point;
        if (point.smoothed < result->points[result->lowest].smoothed)
            result->lowest = result->count;
        ++result->count;
    }
    result->diverged = has_diverged(s, point.smoothed);
    return point;
}

/* Ranks stop after the same step. */
static bool is_stopped(const search *s, const rnl_step *step, bool asked)
{
    if (!step->shared)
        return asked || atomic_load(&s->model->stop);
    if (asked)
        atomic_fetch_or(&step->shared->wishes, RNL_WISH_STOP);
    return step->shared->agreed & RNL_WISH_STOP;
}

static void account_step(rnl_hand *hand, void *context)
{
    search *s = context;
    rnl_step *step = hand->step.step;
    const rnl_batch *batch = &hand->step.batch;
    rnl_step_set_penalty(step, batch->number, batch->rows);
    const rnl_rate_point point = add_point(s, loss_of(step, batch));
    s->momentum_product = step->update.rates[batch->number % 2].momentum_product;
    set_rates(s, step);
    s->over = s->result->public.diverged || s->done == s->range.steps;
    if (atomic_load(&hand->executor->failed))
        s->over = true;
    else if (is_stopped(s, step, !report(s, &point))) {
        rnl_hand_fail(hand, rnl_fail(RNL_STOPPED, "stopped in the range test"));
        s->over = s->stopped = true;
    }
}

static bool is_over(const void *context)
{
    const search *s = context;
    return s->over;
}

static void search_worker(rnl_hand *hand, void *context)
{
    search *s = context;
    const rnl_steps steps = {
        .rows = &s->rows, .account = account_step, .is_over = is_over, .context = s};
    rnl_hand_decide(hand, begin, s);
    while (!s->over) {
        rnl_hand_decide(hand, begin_epoch, s);
        rnl_steps_run(hand, &steps, 0, s->model->position.step + s->done + 1);
    }
}

/* Finds the last point at most a quarter above the lowest: in a flat valley, its end is found more
 * reliably than its bottom. */
static size_t turn_of(const search *s)
{
    const rnl_rate_search *found = &s->result->public;
    const double most = lowest_times(s, CLIMBED);
    size_t turn = found->count - 1;
    while (found->points[turn].smoothed > most)
        --turn;
    return turn;
}

/* Returns the fall below the mean of the first losses: a single mini-batch may be a hard one. */
static double fall_of(const rnl_rate_search *found, size_t steps)
{
    const size_t first = (size_t)ceil(SMOOTHED_SHARE * (double)steps);
    double mean = 0, lowest = INFINITY;
    for (size_t i = 0; i < found->count && i < first; ++i)
        mean += found->points[i].loss / (double)first;
    for (size_t i = first; i < found->count; ++i)
        lowest = fmin(lowest, found->points[i].smoothed);
    return found->count > first && mean != 0 ? (mean - lowest) / fabs(mean) : 0;
}

static void remark(owned_search *result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void remark(owned_search *result, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(result->remark, sizeof result->remark, format, values);
    va_end(values);
    result->public.remark = result->remark;
}

/* Suggests a rate, or says why there is none. */
static void suggest(owned_search *result, const rnl_model *model, const rnl_dataset *train)
{
    rnl_rate_search *found = &result->public;
    const rnl_rate_point *turn = &found->points[found->turn];
    found->learning_rate = NAN;
    if (rnl_inputs_are_zero(model, train))
        remark(result, "all inputs are 0, so that there is nothing to learn from them");
    else if (found->lowest == 0 && found->diverged)
        remark(result, "the smoothed loss was lowest at the first, %.3g; begin lower",
               found->points[0].learning_rate);
    else if (found->fall < LEARNED)
        remark(result,
               "the net does not learn at any of them: the loss fell by %.2g %%, under %g %%; look "
               "at the inputs, the first weights (training.inspect) and the loss",
               100 * fmax(found->fall, 0), 100 * LEARNED);
    else
        found->learning_rate = SUGGESTED * turn->learning_rate;
    if (!isnan(found->learning_rate) && found->turn + 1 == found->count)
        remark(result,
               "the range ended at %.3g before the loss began to climb: a higher rate may do "
               "better; end the range higher",
               turn->learning_rate);
}

static rnl_status complete_range(rnl_rate_range *range)
{
    range->first = range->first == 0 ? DEFAULT_FIRST : range->first;
    range->last = range->last == 0 ? DEFAULT_LAST : range->last;
    range->steps = range->steps == 0 ? DEFAULT_STEPS : range->steps;
    if (!(range->first > 0 && range->first < range->last && range->last <= 1e6))
        return rnl_fail(RNL_BAD_CONFIG,
                        "the range test: expected learning rates that grow, above 0 and at most "
                        "1e6, got %g to %g",
                        range->first, range->last);
    if (range->steps < 2 || range->steps > MOST_STEPS)
        return rnl_fail(RNL_BAD_CONFIG, "the range test: expected 2 to %d steps, got %zu",
                        MOST_STEPS, range->steps);
    return RNL_OK;
}

static rnl_status check(search *s, const rnl_data *data)
{
    RNL_TRY(complete_range(&s->range));
    RNL_TRY(rnl_check_held(s->model, data, s->options->job));
    RNL_TRY(rnl_job_check(s->model, s->options));
    return rnl_check_trainable(s->model, data);
}

static rnl_status allocate(search *s)
{
    const size_t points = sizeof *s->result + s->range.steps * sizeof *s->result->points;
    const size_t order = s->rows.dataset->rows * sizeof *s->rows.order;
    RNL_TRY(rnl_check_memory("the range test", points + order));
    s->result = calloc(1, points);
    s->rows.order = malloc(order);
    return s->result && s->rows.order ? RNL_OK : rnl_fail_memory(points + order);
}

static rnl_status run(search *s)
{
    RNL_TRY(allocate(s));
    s->result->public.points = s->result->points;
    RNL_TRY(rnl_class_weights_create(&s->class_weights, s->model, s->rows.dataset));
    RNL_TRY(rnl_metrics_variances(&s->rows.variances, &s->model->config->training.metrics,
                                  s->rows.dataset, rnl_model_targets(s->model)));
    rnl_executor executor = {
        .step.given =
            {
                .model = s->model,
                .batch_size = rnl_batch_size(s->model, s->rows.dataset),
                .training = true,
                .class_weights = s->class_weights,
                .job = s->options->job,
            },
        .options = s->options,
        .work = search_worker,
        .context = s,
    };
    return rnl_executor_run(&executor);
}

/* Searches; `told`: a training that asks for the rate has told what is foreseen of its steps. */
static rnl_status find(const rnl_model *model, const rnl_data *data, const rnl_rate_range *range,
                       const rnl_options *options, bool told, rnl_rate_search **found)
{
    search s = {
        .model = model,
        .rows = {.dataset = &data->train},
        .options = rnl_options_given(options),
        .range = range ? *range : (rnl_rate_range){0},
        .epoch = (uint32_t)model->position.epoch,
        .momentum_product = model->position.momentum_product,
    };
    RNL_TRY(rnl_job_agree_on(s.options->job, check(&s, data)));
    RNL_TRY(rnl_job_begin(model, s.options));
    rnl_log_notes(model->config, data, s.options);
    s.rows.count = rnl_epoch_rows(model, &data->train);
    rnl_status status = told ? RNL_OK
                             : rnl_tell_outlook(s.options->job, model,
                                                rnl_batch_size(model, &data->train), s.options);
    s.started = rnl_course_now();
    if (status == RNL_OK)
        status = run(&s);
    if (status == RNL_OK && s.result->public.count == 0)
        status = rnl_fail(RNL_NOT_FINITE,
                          "the range test: the loss of the first mini-batch is not finite");
    free(s.rows.order);
    free(s.rows.variances);
    free(s.class_weights);
    if (status != RNL_OK) {
        free(s.result);
        return rnl_job_tell(s.options->job, status, s.stopped);
    }
    rnl_rate_search *result = &s.result->public;
    result->turn = turn_of(&s);
    result->fall = fall_of(result, s.range.steps);
    suggest(s.result, model, &data->train);
    *found = result;
    return RNL_OK;
}

rnl_status rnl_find_learning_rate(const rnl_model *model, const rnl_data *data,
                                  const rnl_rate_range *range, const rnl_options *options,
                                  rnl_rate_search **found)
{
    RNL_OWN_FLOATING_MODE;
    return find(model, data, range, options, false, found);
}

void rnl_rate_search_free(rnl_rate_search *found)
{
    free(found);
}

static void tell_found(const rnl_rate_search *found, const char *key, const rnl_options *options)
{
    const double turn = found->points[found->turn].learning_rate;
    if (found->remark)
        rnl_log(options, RNL_LOG_WARNING, "%s %.3g, a tenth of %.3g: in the range test %s", key,
                found->learning_rate, turn, found->remark);
    else
        rnl_log(options, RNL_LOG_INFO,
                "%s %.3g: a tenth of %.3g, where the loss began to climb in a range test", key,
                found->learning_rate, turn);
}

rnl_status rnl_find_rate(double *learning_rate, const rnl_model *model, const rnl_data *data,
                         const rnl_options *options)
{
    const rnl_options quiet = {.threads = options->threads,
                               .pin = options->pin,
                               .products = options->products,
                               .job = options->job};
    const bool of_schedule = rnl_schedule_searches(model->phase.schedule);
    const rnl_choice *asking = of_schedule ? model->phase.schedule : model->phase.optimizer;
    const char *key = of_schedule ? "max_rate" : "learning_rate";
    rnl_rate_search *found;
    RNL_TRY(find(model, data, NULL, &quiet, true, &found));
    rnl_status status = RNL_OK;
    if (isnan(found->learning_rate))
        status = rnl_fail_at(asking->place,
                             "%s %s: %s: a range test from 1e-5 to 10 suggests no rate: %s; or "
                             "give a number",
                             of_schedule ? "schedule" : "optimizer", asking->kind->name, key,
                             found->remark);
    else
        tell_found(found, key, options);
    *learning_rate = found->learning_rate;
    rnl_rate_search_free(found);
    return status;
}
