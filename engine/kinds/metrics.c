#include "engine/kinds/metrics.h"

#include "engine/base/error.h"
#include "engine/base/functions.h"
#include "engine/kinds/losses.h"
#include "engine/kinds/tally.h"
#include "engine/schema/config.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct top_k_parameters {
    int64_t k;
} top_k_parameters;

/* Returns the prediction in the units of the targets. */
static double prediction(const rnl_outcome *o, size_t j)
{
    return rnl_scaler_undo(o->scaler, j, (double)o->predictions[j]);
}

static double target(const rnl_outcome *o, size_t j)
{
    return o->mirrored ? (double)o->mirrored[j]
                       : rnl_dataset_target(o->dataset, o->row, j, o->outputs);
}

/* Share of the outputs, each 0 or 1, whose logit has the right sign, as in Keras. */
static double accuracy(const rnl_outcome *o, const void *parameters)
{
    (void)parameters;
    size_t right = 0;
    if (o->classes > 0)
        return o->label == o->predicted;
    for (size_t j = 0; j < o->outputs; ++j)
        right += (o->scores[j] > 0) == target(o, j) && !isnan(o->scores[j]);
    return (double)right / (double)o->outputs;
}

static double binary_accuracy(const rnl_outcome *o, const void *parameters)
{
    (void)parameters;
    size_t right = 0;
    for (size_t j = 0; j < o->outputs; ++j)
        right += (prediction(o, j) > 0.5) == target(o, j) && !isnan(o->predictions[j]);
    return (double)right / (double)o->outputs;
}

/* The mean over the outputs of |error| or of its square. */
static double mean_error(const rnl_outcome *o, bool squared)
{
    double sum = 0;
    for (size_t j = 0; j < o->outputs; ++j) {
        const double error = prediction(o, j) - target(o, j);
        sum += squared ? error * error : fabs(error);
    }
    return sum / (double)o->outputs;
}

static double mae(const rnl_outcome *o, const void *parameters)
{
    (void)parameters;
    return mean_error(o, false);
}

static double mse(const rnl_outcome *o, const void *parameters)
{
    (void)parameters;
    return mean_error(o, true);
}

/* Distances from a target of 0 count as from the smallest that Keras divides by. */
static double mape(const rnl_outcome *o, const void *parameters)
{
    (void)parameters;
    double sum = 0;
    for (size_t j = 0; j < o->outputs; ++j) {
        const double wanted = target(o, j);
        sum += fabs(prediction(o, j) - wanted) / fmax(fabs(wanted), 1e-7);
    }
    return 100 * sum / (double)o->outputs;
}

/* R^2 of an output is 1 - (mean squared error) / (variance of its targets), so its mean over the
 * outputs is 1 minus a mean over the rows.  engine/workers/sums.c handles outputs whose targets do
 * not vary. */
static double unexplained(const rnl_outcome *o, const void *parameters)
{
    (void)parameters;
    double sum = 0;
    for (size_t j = 0; j < o->outputs; ++j) {
        const double error = prediction(o, j) - target(o, j);
        sum += o->variances[j] > 0 ? error * error / o->variances[j] : 0;
    }
    return sum / (double)o->outputs;
}

static double one_less(double mean)
{
    return 1 - mean;
}

/* True if fewer than k classes are more probable than the true one; if probabilities are NaN,
 * false. */
static double top_k_accuracy(const rnl_outcome *o, const void *parameters)
{
    const top_k_parameters *p = parameters;
    size_t before = 0;
    for (size_t j = 0; j < o->outputs; ++j)
        before += o->scores[j] > o->scores[o->label];
    return before < (size_t)p->k && o->predicted != RNL_NO_CLASS;
}

/* log(1 + e^x) */
static double log_one_and_exponential(double x)
{
    return fmax(x, 0) + rnl_logarithm(1 + rnl_exponential(-fabs(x)));
}

/* -log of the probability of the true class, from the logits: it is finite where the probability
 * rounds to 0. */
static double log_loss(const rnl_outcome *o, const void *parameters)
{
    (void)parameters;
    double sum = 0;
    if (o->predicted == RNL_NO_CLASS)
        return NAN;
    if (o->outputs == 1)
        return log_one_and_exponential(o->label ? -(double)o->scores[0] : (double)o->scores[0]);
    const double largest = o->scores[o->predicted];
    for (size_t j = 0; j < o->outputs; ++j)
        sum += rnl_exponential(o->scores[j] - largest);
    return rnl_logarithm(sum) + largest - o->scores[o->label];
}

static const rnl_field top_k_fields[] = {
    {.key = "k",
     .type = RNL_FIELD_INTEGER,
     .offset = offsetof(top_k_parameters, k),
     .fallback = "5",
     .minimum = 1,
     .maximum = INT32_MAX,
     .help = "how many of the most probable classes count"},
    {.key = NULL},
};

static const rnl_kind kinds[] = {
    {.name = "accuracy",
     .aliases = "acc categorical_accuracy sparse_categorical_accuracy",
     .help = "share of rows whose most probable class is the true one; of several outputs under "
             "binary_crossentropy, binary_accuracy",
     .operations =
         &(const rnl_metric){
             .of_row = accuracy, .classes = true, .or_binary = true, .larger_is_better = true}},
    {.name = "top_k_categorical_accuracy",
     .aliases = "top_k_accuracy sparse_top_k_categorical_accuracy",
     .help = "share of rows whose true class is among the k most probable ones",
     .fields = top_k_fields,
     .main = "k",
     .size = sizeof(top_k_parameters),
     .operations =
         &(const rnl_metric){.of_row = top_k_accuracy, .classes = true, .larger_is_better = true}},
    {.name = "binary_accuracy",
     .help = "share of outputs on the side of 0.5 where their target is",
     .operations =
         &(const rnl_metric){.of_row = binary_accuracy, .targets = true, .larger_is_better = true}},
    {.name = "mae",
     .aliases = "mean_absolute_error",
     .help = "mean absolute difference of outputs and targets",
     .operations = &(const rnl_metric){.of_row = mae, .targets = true}},
    {.name = "mse",
     .aliases = "mean_squared_error",
     .help = "mean squared difference of outputs and targets",
     .operations = &(const rnl_metric){.of_row = mse, .targets = true}},
    {.name = "root_mean_squared_error",
     .aliases = "rmse",
     .help = "root of mse",
     .operations = &(const rnl_metric){.of_row = mse, .of_mean = sqrt, .targets = true}},
    {.name = "mape",
     .aliases = "mean_absolute_percentage_error",
     .help =
         "mean absolute difference of outputs and targets in percent of the targets, as Keras's: "
         "100 |difference| / |target|, targets nearer to 0 than 1e-7 counting as 1e-7",
     .operations = &(const rnl_metric){.of_row = mape, .targets = true}},
    {.name = "log_loss",
     .help = "mean of -log of the probability of the true class: crossentropy without weights of "
             "rows and classes, smoothed labels and penalties",
     .operations = &(const rnl_metric){.of_row = log_loss, .classes = true}},
    {.name = "balanced_accuracy",
     .aliases = "balanced_accuracy_score",
     .help = "mean over the classes of the share of their rows that is predicted right, those "
             "without rows left out",
     .operations = &(const rnl_metric){.of_rows = rnl_tally_balanced_accuracy,
                                       .counts = true,
                                       .classes = true,
                                       .larger_is_better = true}},
    {.name = "f1",
     .aliases = "f1_score",
     .help = "harmonic mean of precision and recall, 0 without a row predicted right: of two "
             "classes that of the second, of more the mean over the classes",
     .operations =
         &(const rnl_metric){
             .of_rows = rnl_tally_f1, .counts = true, .classes = true, .larger_is_better = true}},
    {.name = "auc",
     .aliases = "roc_auc roc_auc_score",
     .help = "area under the ROC curve, exact: how often a row of the class gets a larger "
             "probability than one of another, equal ones counting half; of two classes that of "
             "the second, of more the mean over the classes, those without rows left out",
     .operations =
         &(const rnl_metric){
             .of_rows = rnl_tally_auc, .scores = true, .classes = true, .larger_is_better = true}},
    {.name = "r2_score",
     .aliases = "r2",
     .help = "share of the variance of all the targets of a part that is explained, mean over the "
             "outputs; 1 is best",
     .operations = &(const rnl_metric){.of_row = unexplained,
                                       .of_mean = one_less,
                                       .targets = true,
                                       .larger_is_better = true,
                                       .variances = true}},
};

const rnl_kind_table rnl_metrics = {
    .noun = "metric",
    .plural = "metrics",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
};

rnl_status rnl_metrics_check(const rnl_choice_list *metrics, const rnl_choice *loss, size_t outputs)
{
    const bool values = rnl_loss_of(loss)->target != RNL_TARGET_CLASS;
    for (size_t m = 0; m < metrics->count; ++m) {
        const rnl_metric *metric = rnl_metric_of(&metrics->items[m]);
        const bool classes = rnl_loss_classes(loss, outputs) > 0 ||
                             (metric->or_binary && rnl_loss_of(loss)->fused_activation);
        if ((metric->classes && !classes) || (metric->targets && !values))
            return rnl_fail_at(metrics->items[m].place,
                               "metric %s needs %s, which loss %s does not have%s",
                               metrics->items[m].kind->name,
                               metric->classes ? "classes" : "target values", loss->kind->name,
                               metric->classes && rnl_loss_is_binary(loss)
                                   ? " with several outputs, each a label of its own"
                                   : "");
        if (metric->targets && rnl_loss_quantiles(loss) && rnl_loss_median(loss) == SIZE_MAX)
            return rnl_fail_at(metrics->items[m].place,
                               "metric %s compares the median with the target, and loss %s has no "
                               "quantile 0.5",
                               metrics->items[m].kind->name, loss->kind->name);
    }
    return RNL_OK;
}

bool rnl_metrics_need_predictions(const rnl_choice_list *metrics)
{
    for (size_t m = 0; m < metrics->count; ++m)
        if (rnl_metric_of(&metrics->items[m])->targets || rnl_metric_of(&metrics->items[m])->scores)
            return true;
    return false;
}

static bool is_constant(const rnl_dataset *dataset, size_t output, size_t outputs)
{
    const double first = rnl_dataset_target(dataset, 0, output, outputs);
    for (size_t i = 1; i < dataset->rows; ++i)
        if (rnl_dataset_target(dataset, i, output, outputs) != first)
            return false;
    return true;
}

/* Computes in two passes, in double; exactly 0 if all targets are equal, despite rounding. */
static double variance(const rnl_dataset *dataset, size_t output, size_t outputs)
{
    const double rows = (double)dataset->rows;
    double mean = 0, squares = 0;
    if (rows == 0 || is_constant(dataset, output, outputs))
        return 0;
    for (size_t i = 0; i < dataset->rows; ++i)
        mean += rnl_dataset_target(dataset, i, output, outputs) / rows;
    for (size_t i = 0; i < dataset->rows; ++i) {
        const double distance = rnl_dataset_target(dataset, i, output, outputs) - mean;
        squares += distance * distance;
    }
    return squares / rows;
}

rnl_status rnl_metrics_variances(double **variances, const rnl_choice_list *metrics,
                                 const rnl_dataset *dataset, size_t outputs)
{
    bool asked = false;
    for (size_t m = 0; m < metrics->count; ++m)
        asked |= rnl_metric_of(&metrics->items[m])->variances;
    *variances = NULL;
    if (!asked)
        return RNL_OK;
    *variances = malloc(outputs * sizeof **variances);
    if (!*variances)
        return rnl_fail_memory(outputs * sizeof **variances);
    for (size_t j = 0; j < outputs; ++j)
        (*variances)[j] = variance(dataset, j, outputs);
    return RNL_OK;
}

/* Finds "accuracy" for "val_acc"; NULL if the figure is not a metric. */
static const rnl_kind *metric_of(const char *figure)
{
    return rnl_kind_find(&rnl_metrics, strncmp(figure, "val_", 4) == 0 ? figure + 4 : figure);
}

void rnl_figure_name(const char *name, char text[RNL_FIGURE_NAME])
{
    const rnl_kind *metric = metric_of(name);
    snprintf(text, RNL_FIGURE_NAME, "%s%s", metric && strncmp(name, "val_", 4) == 0 ? "val_" : "",
             metric ? metric->name : name);
}

int rnl_figure_rises(const char *name)
{
    const rnl_kind *metric = metric_of(name);
    return metric && ((const rnl_metric *)metric->operations)->larger_is_better;
}
