#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/data/row_order.h"
#include "engine/predictor/predictor.h"
#include "engine/training/check.h"
#include "engine/workers/inference.h"
#include "engine/workers/pass.h"
#include "threading/floating_mode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* rnl_prediction with what its members point to. */
typedef struct owned_prediction {
    rnl_prediction public;
    float *values, *deviations;
    double *exact_values; /* where the targets are scaled */
    const rnl_scaler *scaler;
    int32_t *classes;
    double *means, *squares; /* (rows, outputs) over the passes; Monte Carlo alone */
    size_t passes, pass;     /* from 1 */
    size_t done;             /* rows of the pass */
} owned_prediction;

/* Stores a value in the units of the targets. */
static void keep_value(owned_prediction *result, size_t at, double output)
{
    const double value = rnl_scaler_undo(result->scaler, at % result->public.outputs, output);
    result->values[at] = (float)value;
    if (result->exact_values)
        result->exact_values[at] = value;
}

static bool keep_outputs(const rnl_step *step, const rnl_batch *batch, void *context)
{
    owned_prediction *result = context;
    const size_t outputs = step->per_row.predictions.columns;
    for (size_t i = 0; i < batch->rows; ++i)
        for (size_t j = 0; j < outputs; ++j)
            keep_value(
                result, (result->done + i) * outputs + j,
                (double)step->per_row.predictions.values[i * step->per_row.predictions.stride + j]);
    if (result->classes)
        memcpy(result->classes + result->done, step->per_row.predicted,
               batch->rows * sizeof(int32_t));
    result->done += batch->rows;
    return true;
}

/* Adds a pass to means and sums of squared differences (Welford 1962). */
static bool add_outputs(const rnl_step *step, const rnl_batch *batch, void *context)
{
    owned_prediction *result = context;
    const size_t outputs = step->per_row.predictions.columns;
    for (size_t i = 0; i < batch->rows; ++i)
        for (size_t j = 0; j < outputs; ++j) {
            const size_t at = (result->done + i) * outputs + j;
            const double value =
                (double)step->per_row.predictions.values[i * step->per_row.predictions.stride + j];
            const double before = value - result->means[at];
            result->means[at] += before / (double)result->pass;
            result->squares[at] += before * (value - result->means[at]);
        }
    result->done += batch->rows;
    return true;
}

static void begin_pass(rnl_hand *hand, void *context)
{
    (void)hand;
    rnl_pass *pass = context;
    owned_prediction *result = pass->context;
    pass->number = ++result->pass;
    result->done = 0;
}

static void predict_worker(rnl_hand *hand, void *context)
{
    rnl_pass *pass = context;
    const owned_prediction *result = pass->context;
    for (size_t i = 0; i < result->passes; ++i) {
        rnl_hand_decide(hand, begin_pass, pass);
        rnl_pass_run(hand, pass);
    }
}

/* Returns the most probable class by the means; for a single output, 1 above one half. */
static int32_t class_of(const float *values, size_t outputs)
{
    size_t largest = 0;
    for (size_t j = 1; j < outputs; ++j)
        largest = values[j] > values[largest] ? j : largest;
    return outputs > 1 ? (int32_t)largest : values[0] > 0.5f;
}

static void conclude(owned_prediction *result)
{
    const size_t outputs = result->public.outputs;
    for (size_t i = 0; result->means && i < result->public.rows * outputs; ++i) {
        const double deviation = sqrt(result->squares[i] / (double)result->passes);
        const double scale =
            result->scaler->features > 0 ? result->scaler->scale[i % result->scaler->features] : 1;
        keep_value(result, i, result->means[i]);
        result->deviations[i] = (float)(deviation / scale);
    }
    for (size_t i = 0; result->means && result->classes && i < result->public.rows; ++i)
        result->classes[i] = class_of(result->values + i * outputs, outputs);
}

/* Finite inputs and weights can still overflow on the way. */
static rnl_status check_values(const owned_prediction *result, const rnl_dataset *dataset)
{
    const size_t outputs = result->public.outputs;
    for (size_t i = 0; i < result->public.rows * outputs; ++i)
        if (isnan(result->values[i]))
            return rnl_fail(RNL_NOT_FINITE,
                            "%s: row %zu: output %zu of the model is NaN: its inputs or weights "
                            "are too large to compute with",
                            dataset->name, i / outputs, i % outputs);
    return RNL_OK;
}

static rnl_status allocate_arrays(owned_prediction *made, size_t rows, size_t outputs, bool classes,
                                  bool monte_carlo)
{
    static const char what[] = "the predictions";
    size_t bytes = 0;
    const bool exact = made->scaler->features > 0;
    const size_t output = sizeof(float) + (exact ? sizeof(double) : 0) +
                          (monte_carlo ? sizeof(float) + 2 * sizeof(double) : 0);
    if (!rnl_add_bytes(&bytes, rows, outputs, output) ||
        !rnl_add_bytes(&bytes, rows, classes, sizeof(int32_t)))
        return rnl_fail(RNL_NO_MEMORY, "%s: %zu rows of %zu do not fit in memory", what, rows,
                        outputs);
    RNL_TRY(rnl_check_memory(what, bytes));
    RNL_TRY(rnl_allocate_zeros(&made->values, what, rows, outputs, sizeof(float)));
    if (classes)
        RNL_TRY(rnl_allocate_zeros(&made->classes, what, rows, 1, sizeof(int32_t)));
    if (exact)
        RNL_TRY(rnl_allocate_zeros(&made->exact_values, what, rows, outputs, sizeof(double)));
    if (!monte_carlo)
        return RNL_OK;
    RNL_TRY(rnl_allocate_zeros(&made->deviations, what, rows, outputs, sizeof(float)));
    RNL_TRY(rnl_allocate_zeros(&made->means, what, rows, outputs, sizeof(double)));
    return rnl_allocate_zeros(&made->squares, what, rows, outputs, sizeof(double));
}

static rnl_status allocate(owned_prediction **result, const rnl_model *model, size_t rows,
                           size_t passes)
{
    const size_t outputs = rnl_model_outputs(model);
    const bool classes = rnl_model_classes(model) > 0;
    owned_prediction *made = calloc(1, sizeof *made);
    if (!made)
        return rnl_fail_memory(sizeof *made);
    made->scaler = &model->target_scaler;
    const rnl_status status = allocate_arrays(made, rows, outputs, classes, passes > 0);
    if (status != RNL_OK) {
        rnl_prediction_free(&made->public);
        return status;
    }
    made->passes = passes > 0 ? passes : 1;
    made->public = (rnl_prediction){
        rows, outputs, made->values, made->deviations, made->classes, made->exact_values};
    *result = made;
    return RNL_OK;
}

/* Runs the passes over the rows, which `order` numbers from 0. */
static rnl_status run(owned_prediction *result, const rnl_predictor *predictor,
                      const rnl_model *model, const rnl_dataset *dataset, uint32_t *order,
                      const rnl_options *options)
{
    rnl_pass pass = {
        .rows = {.dataset = dataset, .order = order, .count = dataset->rows},
        .visit = result->means ? add_outputs : keep_outputs,
        .context = result,
    };
    rnl_executor executor = {
        .step.given = {.model = model,
                       .batch_size = rnl_inference_rows(model, dataset),
                       .predicting = true},
        .predictor = predictor,
        .options = rnl_options_given(options),
        .work = predict_worker,
        .context = &pass,
    };
    RNL_TRY(rnl_executor_run(&executor));
    conclude(result);
    return check_values(result, dataset);
}

static rnl_status predict_rows(owned_prediction *result, const rnl_model *model,
                               const rnl_dataset *dataset, const rnl_options *options)
{
    rnl_predictor *predictor = NULL;
    uint32_t *order = NULL;
    RNL_TRY(rnl_predictor_create_for(&predictor, model,
                                     (rnl_predictor_use){.draws = result->means != NULL}));
    rnl_status status = rnl_allocate_rows(&order, dataset->name, dataset->rows, 1, sizeof *order);
    if (status == RNL_OK) {
        rnl_row_order(order, dataset->rows, 0, 0, false);
        status = run(result, predictor, model, dataset, order, options);
    }
    free(order);
    rnl_predictor_free(predictor);
    return status;
}

/* passes 0: one, without random numbers. */
static rnl_status predict(const rnl_model *model, const rnl_data *data, rnl_part part,
                          size_t passes, const rnl_options *options, rnl_prediction **prediction)
{
    const rnl_dataset *dataset = rnl_data_part(data, part);
    RNL_TRY(rnl_data_require_rows(data, part, "predict for"));
    RNL_TRY(rnl_dataset_check_held(dataset, NULL));
    RNL_TRY(rnl_check_dataset(model, dataset));
    owned_prediction *result = NULL;
    RNL_TRY(allocate(&result, model, dataset->rows, passes));
    const rnl_status status = predict_rows(result, model, dataset, options);
    if (status == RNL_OK)
        *prediction = &result->public;
    else
        rnl_prediction_free(&result->public);
    return status;
}

rnl_status rnl_predict(const rnl_model *model, const rnl_data *data, rnl_part part,
                       const rnl_options *options, rnl_prediction **prediction)
{
    RNL_OWN_FLOATING_MODE;
    return predict(model, data, part, 0, options, prediction);
}

rnl_status rnl_predict_monte_carlo(const rnl_model *model, const rnl_data *data, rnl_part part,
                                   size_t passes, const rnl_options *options,
                                   rnl_prediction **prediction)
{
    RNL_OWN_FLOATING_MODE;
    if (passes == 0)
        return rnl_fail(RNL_BAD_CONFIG, "Monte Carlo prediction needs at least one pass");
    return predict(model, data, part, passes, options, prediction);
}

void rnl_prediction_free(rnl_prediction *prediction)
{
    owned_prediction *owned = (owned_prediction *)prediction;
    if (!owned)
        return;
    free(owned->values);
    free(owned->deviations);
    free(owned->exact_values);
    free(owned->means);
    free(owned->squares);
    free(owned->classes);
    free(owned);
}
