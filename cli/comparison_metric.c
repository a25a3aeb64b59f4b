#include "cli/comparison_metric.h"
#include "cli/messages.h"

#include <math.h>
#include <string.h>

/* The value of the figure of this name. */
static bool has_metric(const rnl_evaluation *evaluation, const char *name, double *value)
{
    for (size_t i = 0; i < evaluation->figure_count; ++i)
        if (strcmp(evaluation->figures[i].name, name) == 0) {
            *value = evaluation->figures[i].value;
            return true;
        }
    return false;
}

static const char *figure_of(const char *metric)
{
    return strncmp(metric, "val_", 4) == 0 ? metric + 4 : metric;
}

static rnl_status evaluate(rnl_evaluation **evaluation, const rnl_model *model,
                           const rnl_data *data, const rnl_compare_arguments *arguments)
{
    const rnl_options options = {.threads = arguments->common.threads,
                                 .pin = arguments->common.pin};
    return rnl_evaluate(model, data, RNL_VALIDATION, &options, evaluation);
}

int rnl_comparison_choose_metric(rnl_comparison *comparison, const rnl_model *model,
                                 const rnl_data *data, const rnl_compare_arguments *arguments)
{
    rnl_evaluation *evaluation = NULL;
    RNL_TRY_EXIT(rnl_complain_status(evaluate(&evaluation, model, data, arguments)));
    double value;
    int code = RNL_EXIT_OK;
    if (!comparison->metric)
        comparison->metric =
            has_metric(evaluation, "accuracy", &value) ? "val_accuracy" : "val_loss";
    if (strncmp(comparison->metric, "val_", 4) != 0 ||
        !has_metric(evaluation, figure_of(comparison->metric), &value))
        code = rnl_complain_usage("compare",
                                  "'%s' is no figure of the validation rows; they are val_loss and "
                                  "val_ before the names of training.metrics",
                                  comparison->metric);
    rnl_evaluation_free(evaluation);
    return code;
}

/* Measures the model that training ended with: the best weights, where they were restored. */
static rnl_status measure_trial(rnl_trial *trial, const char *metric,
                                const rnl_compare_arguments *arguments)
{
    rnl_model *model = NULL;
    rnl_data *data = NULL;
    rnl_evaluation *evaluation = NULL;
    rnl_status status = rnl_model_load(&model, trial->directory.model, NULL, 0);
    if (status == RNL_OK)
        status = rnl_data_load_for(&data, model, RNL_VALIDATION);
    if (status == RNL_OK)
        status = evaluate(&evaluation, model, data, arguments);
    trial->value = NAN;
    if (status == RNL_OK)
        has_metric(evaluation, figure_of(metric), &trial->value);
    rnl_evaluation_free(evaluation);
    rnl_data_free(data);
    rnl_model_free(model);
    return status;
}

int rnl_comparison_measure(rnl_comparison *comparison, const rnl_compare_arguments *arguments)
{
    for (size_t i = 0; i < comparison->count; ++i)
        for (size_t k = 0; k < comparison->combinations[i].count; ++k) {
            rnl_trial *trial = &comparison->combinations[i].trials[k];
            if (trial->done)
                RNL_TRY_EXIT(
                    rnl_complain_status(measure_trial(trial, comparison->metric, arguments)));
        }
    return RNL_EXIT_OK;
}
