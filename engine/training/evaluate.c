#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/base/number.h"
#include "engine/data/row_order.h"
#include "engine/kinds/metrics.h"
#include "engine/kinds/regularizers.h"
#include "engine/predictor/predictor.h"
#include "engine/schema/config.h"
#include "engine/step/penalty.h"
#include "engine/step/plan.h"
#include "engine/training/check.h"
#include "engine/training/class_counts.h"
#include "engine/training/figures.h"
#include "engine/training/job_check.h"
#include "engine/workers/inference.h"
#include "engine/workers/pass.h"
#include "threading/floating_mode.h"

#include <stdio.h>
#include <stdlib.h>

/* rnl_evaluation with what its members point to. */
typedef struct owned_evaluation {
    rnl_evaluation public;
    rnl_figures figures;
    uint64_t confusion[];
} owned_evaluation;

static bool count_confusion(const rnl_step *step, const rnl_batch *batch, void *context)
{
    owned_evaluation *result = context;
    if (result->public.classes == 0)
        return true;
    for (size_t i = 0; i < batch->rows; ++i)
        if (step->per_row.predicted[i] != RNL_NO_CLASS)
            ++result->confusion[(size_t)step->per_row.labels[i] * result->public.classes +
                                (size_t)step->per_row.predicted[i]];
    return true;
}

/* Prepares the pass among ranks: all of them count the confusion. */
static void share(rnl_hand *hand, void *context)
{
    rnl_pass *pass = context;
    const rnl_status status = rnl_pass_sharing_create(&pass->sharing, hand->step.step,
                                                      hand->executor->options->job, true);
    if (status == RNL_OK)
        return;
    rnl_hand_fail(hand, status);
    pass->stopped = true;
}

static void evaluate_worker(rnl_hand *hand, void *context)
{
    rnl_hand_decide(hand, share, context);
    rnl_pass_run(hand, context);
}

/* ---- the penalty of the weights -------------------------------------------------------------- */

static bool has_penalty(const rnl_model *model)
{
    bool any = false;
    for (size_t i = 0; i < model->layer_count; ++i)
        for (size_t q = 0; q < model->layers[i].parameter_count; ++q) {
            const rnl_regularizer r =
                rnl_regularizer_of(model->layers[i].parameters[q].regularizer);
            any |= r.l1 != 0 || r.l2 != 0;
        }
    return any;
}

static rnl_status run_preparation(rnl_step *step)
{
    rnl_step_worker worker = {.step = step, .joined = 1, .next_tile = RNL_NO_TILE};
    for (size_t i = 0; i < step->preparation.count; ++i)
        for (size_t tile = 0; tile < step->preparation.items[i].tiles; ++tile)
            RNL_TRY(step->preparation.items[i].run(step->preparation.items[i].self, tile, &worker));
    rnl_step_set_penalty(step, 0, 0);
    return RNL_OK;
}

/* Measures as a step does before it begins: its blocks decide in which order weights are summed. */
static rnl_status measure_penalty(double *penalty, const rnl_model *model,
                                  const rnl_dataset *dataset)
{
    rnl_step step = {.given = {.model = model, .batch_size = rnl_batch_size(model, dataset)},
                     .kernels = rnl_kernels_of(rnl_isa_detect()),
                     .workers = 1,
                     .active = 1};
    *penalty = 0;
    if (!has_penalty(model))
        return RNL_OK;
    rnl_status status = rnl_step_plan(&step);
    if (status == RNL_OK)
        status = rnl_step_arrange(&step);
    if (status == RNL_OK)
        status = run_preparation(&step);
    *penalty = step.update.penalty;
    rnl_step_release(&step);
    return status;
}

/* ---- the pass over the rows ------------------------------------------------------------------ */

static rnl_status allocate(owned_evaluation **result, size_t classes)
{
    char what[64];
    size_t bytes = sizeof **result;
    snprintf(what, sizeof what, "the confusion matrix of %zu classes", classes);
    if (!rnl_add_bytes(&bytes, classes, classes, sizeof(uint64_t)))
        return rnl_fail(RNL_NO_MEMORY, "%s does not fit in memory", what);
    return rnl_allocate_zeros(result, what, 1, bytes, 1);
}

static void conclude(owned_evaluation *result, const rnl_model *model, const rnl_pass *pass)
{
    rnl_figures_add_pass(&result->figures, "", model->config, &pass->sums, pass->tally, false);
    result->public.figure_count = result->figures.count;
    result->public.figures = result->figures.items;
    result->public.confusion = result->confusion;
}

/* Ranks share the rows out, in whole mini-batches of the sums, or as they hold them. */
static size_t rows_at_once(const rnl_model *model, const rnl_dataset *dataset, const rnl_job *job)
{
    if (dataset->parts)
        return dataset->parts->each;
    const size_t batch = rnl_batch_size(model, dataset),
                 share = rnl_divide_up(rnl_divide_up(dataset->rows, rnl_job_count(job)), batch);
    return rnl_least(rnl_inference_rows(model, dataset), share * batch);
}

static rnl_status run(owned_evaluation *result, const rnl_predictor *predictor,
                      const rnl_model *model, rnl_pass *pass, double penalty,
                      const rnl_options *options)
{
    rnl_executor executor = {
        .step.given = {.model = model,
                       .batch_size = rows_at_once(model, pass->rows.dataset, options->job)},
        .predictor = predictor,
        .options = options,
        .work = evaluate_worker,
        .context = pass,
    };
    executor.step.update.penalty = penalty;
    RNL_TRY(rnl_executor_run(&executor));
    conclude(result, model, pass);
    return RNL_OK;
}

static rnl_status judge_rows(owned_evaluation *result, const rnl_model *model, rnl_pass *pass,
                             const rnl_options *options)
{
    const rnl_dataset *dataset = pass->rows.dataset;
    rnl_predictor *predictor = NULL;
    double penalty;
    RNL_TRY(measure_penalty(&penalty, model, dataset));
    RNL_TRY(rnl_allocate_rows(&pass->rows.order, dataset->name, dataset->rows, 1,
                              sizeof *pass->rows.order));
    rnl_row_order(pass->rows.order, dataset->rows, 0, 0, false);
    RNL_TRY(rnl_metrics_variances(&pass->rows.variances, &model->config->training.metrics, dataset,
                                  rnl_model_targets(model)));
    RNL_TRY(rnl_tally_create(&pass->tally, &model->config->training.metrics,
                             rnl_model_classes(model), dataset->rows, false));
    RNL_TRY(rnl_predictor_create_for(&predictor, model, (rnl_predictor_use){.judges = true}));
    const rnl_status status = run(result, predictor, model, pass, penalty, options);
    rnl_predictor_free(predictor);
    return status;
}

/* Ranks evaluate the mini-batches that they hold, which are whole ones of the sums. */
static rnl_status check_held(const rnl_model *model, const rnl_dataset *dataset, const rnl_job *job)
{
    const rnl_row_parts *parts = dataset->parts;
    RNL_TRY(rnl_dataset_check_held(dataset, job));
    if (!parts || parts->count == 1 ||
        (parts->each > 0 && parts->each % rnl_batch_size(model, dataset) == 0))
        return RNL_OK;
    if (parts->each > 0)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: ranks hold these rows in mini-batches of %zu, those of the training: "
                        "expected a multiple of %zu to evaluate",
                        dataset->name, parts->each, rnl_batch_size(model, dataset));
    return rnl_fail(RNL_BAD_DATA,
                    "%s: ranks hold these rows for training, by their shards: expected validation "
                    "or test rows to evaluate",
                    dataset->name);
}

static rnl_status check(const rnl_model *model, const rnl_data *data, rnl_part part,
                        const rnl_options *options)
{
    const rnl_dataset *dataset = rnl_data_part(data, part);
    RNL_TRY(rnl_data_require_rows(data, part, "evaluate on"));
    RNL_TRY(check_held(model, dataset, options->job));
    RNL_TRY(rnl_check_labelled(model, dataset));
    return rnl_warn_of_single_class(model, dataset, options);
}

static rnl_status evaluate(const rnl_model *model, const rnl_dataset *dataset,
                           const rnl_options *options, rnl_evaluation **evaluation)
{
    const size_t classes = rnl_model_classes(model);
    owned_evaluation *result = NULL;
    RNL_TRY(allocate(&result, classes));
    result->public.rows = dataset->rows;
    result->public.classes = classes;
    rnl_pass pass = {
        .rows = {.dataset = dataset, .count = dataset->rows},
        .summed_rows = rnl_batch_size(model, dataset),
        .visit = count_confusion,
        .context = result,
    };
    const rnl_status status = judge_rows(result, model, &pass, options);
    rnl_pass_sharing_free(pass.sharing);
    rnl_tally_free(pass.tally);
    free(pass.rows.variances);
    free(pass.rows.order);
    if (status == RNL_OK)
        *evaluation = &result->public;
    else
        free(result);
    return status;
}

rnl_status rnl_evaluate(const rnl_model *model, const rnl_data *data, rnl_part part,
                        const rnl_options *options, rnl_evaluation **evaluation)
{
    RNL_OWN_FLOATING_MODE;
    options = rnl_options_given(options);
    const rnl_dataset *dataset = rnl_data_part(data, part);
    RNL_TRY(rnl_job_agree_on(options->job, check(model, data, part, options)));
    return rnl_job_tell(options->job, evaluate(model, dataset, options, evaluation), false);
}

void rnl_evaluation_free(rnl_evaluation *evaluation)
{
    free(evaluation);
}
