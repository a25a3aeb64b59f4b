#include "engine/data/row_order.h"
#include "engine/error.h"
#include "engine/training/check.h"
#include "engine/training/pass.h"

#include <stdlib.h>
#include <string.h>

/* rnl_prediction with what its members point to. */
typedef struct owned_prediction {
    rnl_prediction public;
    float *values;
    int32_t *classes;
    size_t done; /* rows */
} owned_prediction;

static bool keep_outputs(const rnl_step *step, const rnl_batch *batch, void *context)
{
    owned_prediction *result = context;
    const size_t outputs = step->predictions.columns;
    for (size_t i = 0; i < batch->rows; ++i)
        memcpy(result->values + (result->done + i) * outputs,
               step->predictions.values + i * step->predictions.stride, outputs * sizeof(float));
    if (result->classes)
        memcpy(result->classes + result->done, step->predicted, batch->rows * sizeof(int32_t));
    result->done += batch->rows;
    return true;
}

static void predict_worker(rnl_hand *hand, void *context)
{
    rnl_pass_run(hand, context);
}

static rnl_status allocate(owned_prediction **result, const rnl_model *model, size_t rows)
{
    const size_t outputs = rnl_model_outputs(model);
    const bool classes = rnl_model_classes(model) > 0;
    owned_prediction *made = calloc(1, sizeof *made);
    if (!made)
        return rnl_fail_memory(sizeof *made);
    made->values = calloc(rows, outputs * sizeof(float));
    made->classes = classes ? calloc(rows, sizeof(int32_t)) : NULL;
    if (!made->values || (classes && !made->classes)) {
        rnl_prediction_free(&made->public);
        return rnl_fail_memory(rows * outputs * sizeof(float));
    }
    made->public = (rnl_prediction){rows, outputs, made->values, made->classes};
    *result = made;
    return RNL_OK;
}

rnl_status rnl_predict(const rnl_model *model, const rnl_data *data, rnl_part part,
                       const rnl_options *options, rnl_prediction **prediction)
{
    static const rnl_options defaults = {0};
    const rnl_dataset *dataset = rnl_data_part(data, part);
    if (dataset->rows == 0)
        return rnl_fail(RNL_BAD_DATA, "there are no rows to predict for");
    RNL_TRY(rnl_check_dataset(model, dataset));
    owned_prediction *result = NULL;
    RNL_TRY(allocate(&result, model, dataset->rows));
    uint32_t *order = malloc(dataset->rows * sizeof *order);
    if (!order) {
        rnl_prediction_free(&result->public);
        return rnl_fail_memory(dataset->rows * sizeof *order);
    }
    rnl_row_order(order, dataset->rows, 0, 0, false);
    rnl_pass pass = {.dataset = dataset, .order = order, .visit = keep_outputs, .context = result};
    rnl_executor executor = {
        .step = {.model = model, .batch_size = rnl_batch_size(model, dataset), .predicting = true},
        .options = options ? options : &defaults,
        .work = predict_worker,
        .context = &pass,
    };
    const rnl_status status = rnl_executor_run(&executor);
    free(order);
    if (status == RNL_OK)
        *prediction = &result->public;
    else
        rnl_prediction_free(&result->public);
    return status;
}

void rnl_prediction_free(rnl_prediction *prediction)
{
    owned_prediction *owned = (owned_prediction *)prediction;
    if (!owned)
        return;
    free(owned->values);
    free(owned->classes);
    free(owned);
}
