#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/data/row_order.h"
#include "engine/kinds/metrics.h"
#include "engine/schema/config.h"
#include "engine/step/penalty.h"
#include "engine/training/check.h"
#include "engine/training/class_counts.h"
#include "engine/training/figures.h"
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

static void set_penalty(rnl_hand *hand, void *context)
{
    (void)context;
    rnl_step_set_penalty(hand->step.step, 0, 0);
}

static void evaluate_worker(rnl_hand *hand, void *context)
{
    rnl_hand_decide(hand, set_penalty, NULL);
    rnl_pass_run(hand, context);
}

static rnl_status allocate(owned_evaluation **result, size_t classes)
{
    char what[64];
    size_t bytes = sizeof **result;
    snprintf(what, sizeof what, "the confusion matrix of %zu classes", classes);
    if (!rnl_add_bytes(&bytes, classes, classes, sizeof(uint64_t)))
        return rnl_fail(RNL_NO_MEMORY, "%s does not fit in memory", what);
    return rnl_allocate_zeros(result, what, 1, bytes, 1);
}

rnl_status rnl_evaluate(const rnl_model *model, const rnl_data *data, rnl_part part,
                        const rnl_options *options, rnl_evaluation **evaluation)
{
    RNL_OWN_FLOATING_MODE;
    options = rnl_options_given(options);
    const rnl_dataset *dataset = rnl_data_part(data, part);
    if (dataset->rows == 0)
        return rnl_fail(RNL_BAD_DATA, "there are no rows to evaluate on");
    RNL_TRY(rnl_check_labelled(model, dataset));
    RNL_TRY(rnl_warn_of_single_class(model, dataset, options));

    const size_t classes = rnl_model_classes(model);
    owned_evaluation *result = NULL;
    uint32_t *order = NULL;
    RNL_TRY(allocate(&result, classes));
    const rnl_status allocated =
        rnl_allocate_rows(&order, dataset->name, dataset->rows, 1, sizeof *order);
    if (allocated != RNL_OK) {
        free(result);
        return allocated;
    }
    rnl_row_order(order, dataset->rows, 0, 0, false);
    result->public.rows = dataset->rows;
    result->public.classes = classes;

    rnl_pass pass = {
        .rows = {.dataset = dataset, .order = order, .count = dataset->rows},
        .visit = count_confusion,
        .context = result,
    };
    rnl_executor executor = {
        .step.given = {.model = model, .batch_size = rnl_batch_size(model, dataset)},
        .options = options,
        .work = evaluate_worker,
        .context = &pass,
    };
    rnl_status status = rnl_metrics_variances(
        &pass.rows.variances, &model->config->training.metrics, dataset, rnl_model_outputs(model));
    if (status == RNL_OK)
        status = rnl_executor_run(&executor);
    free(pass.rows.variances);
    free(order);
    if (status != RNL_OK) {
        free(result);
        return status;
    }
    rnl_figures_add_pass(&result->figures, "", model->config, &pass.sums);
    result->public.figure_count = result->figures.count;
    result->public.figures = result->figures.items;
    result->public.confusion = result->confusion;
    *evaluation = &result->public;
    return RNL_OK;
}

void rnl_evaluation_free(rnl_evaluation *evaluation)
{
    free(evaluation);
}
