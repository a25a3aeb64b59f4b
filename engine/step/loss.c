#include "engine/step/loss.h"

#include "engine/base/error.h"
#include "engine/kinds/losses.h"
#include "engine/kinds/metrics.h"
#include "engine/kinds/predicted_class.h"
#include "engine/step/gather.h"
#include "engine/step/row_tiles.h"

#include <string.h>

typedef struct loss_state {
    rnl_bound_loss loss;
    const rnl_matrix *outputs; /* of the last layer */
    size_t classes;
    size_t median; /* the output that metrics read, where outputs are quantiles; else SIZE_MAX */
} loss_state;

/* Sorts the quantiles of each row, and keeps the median. */
static void predict_median(const loss_state *state, const rnl_step *step, rnl_row_tile rows)
{
    const rnl_matrix *to = &step->per_row.predictions;
    float row[RNL_MOST_QUANTILES];
    for (size_t i = rows.begin; i < rows.filled; ++i) {
        memcpy(row, state->outputs->values + i * state->outputs->stride,
               state->outputs->columns * sizeof *row);
        rnl_quantiles_sort(row, state->outputs->columns);
        to->values[i * to->stride] = row[state->median];
    }
}

/* Computes the step's predictions, if they are requested. */
static void predict(const loss_state *state, const rnl_step *step, rnl_row_tile rows)
{
    if (step->per_row.predictions.columns == 0)
        return;
    if (state->median != SIZE_MAX && !step->given.predicting) {
        predict_median(state, step, rows);
        return;
    }
    const rnl_softmax softmax = {
        .rows = rows.filled - rows.begin,
        .columns = state->outputs->columns,
        .z = rnl_matrix_view(state->outputs, rows.begin, 0),
        .y = rnl_matrix_at(&step->per_row.predictions, rows.begin, 0),
    };
    if (state->loss.probabilities)
        state->loss.probabilities(step->kernels, &softmax);
    else
        memcpy(softmax.y.values, softmax.z.values,
               softmax.rows * softmax.z.stride * sizeof *softmax.y.values);
}

static const float *row_of(const rnl_matrix *matrix, size_t row)
{
    return matrix->columns > 0 ? matrix->values + row * matrix->stride : NULL;
}

static void measure(const loss_state *state, const rnl_step *step, const rnl_batch *batch,
                    rnl_row_tile rows)
{
    const rnl_choice_list *metrics = &step->given.model->config->training.metrics;
    for (size_t i = rows.begin; i < rows.filled; ++i) {
        const rnl_outcome outcome = {
            .outputs = state->median != SIZE_MAX ? 1 : state->outputs->columns,
            .classes = state->classes,
            .label = step->per_row.labels[i],
            .predicted = step->per_row.predicted[i],
            .predictions = row_of(&step->per_row.predictions, i),
            .scaler = &step->given.model->target_scaler,
            .dataset = batch->dataset,
            .row = batch->indices[rows.number + (i - rows.begin)],
            .mirrored = step->per_row.mirrors ? row_of(&step->input, i) : NULL,
            .scores = row_of(state->outputs, i),
            .variances = batch->target_variances,
        };
        for (size_t m = 0; m < metrics->count; ++m)
            if (rnl_metric_of(&metrics->items[m])->of_row)
                step->per_row.metrics[m][i] = rnl_metric_of(&metrics->items[m])
                                                  ->of_row(&outcome, metrics->items[m].parameters);
    }
}

/* Multiplies each row's loss and gradient by its weight; the mean is still over the number of
 * rows. */
static void weighted_loss(const loss_state *state, const float *weights, rnl_loss_rows loss)
{
    const size_t rows = loss.rows;
    const float share = loss.scale;
    loss.rows = 1;
    for (size_t i = 0; i < rows; ++i) {
        loss.scale = share * weights[i];
        state->loss.rows(&loss);
        *loss.loss++ *= weights[i];
        ++loss.labels;
        loss.z.values += loss.z.stride;
        if (loss.targets.values)
            loss.targets.values += loss.targets.stride;
        if (loss.delta.values)
            loss.delta.values += loss.delta.stride;
    }
}

static void compute_loss(const loss_state *state, const rnl_step *step, const rnl_batch *batch,
                         rnl_row_tile rows)
{
    const size_t stride = state->outputs->stride;
    const rnl_matrix *targets = rnl_step_targets(step);
    float *delta = batch->training ? step->buffers.exchange[0] + rows.begin * stride : NULL;
    const rnl_loss_rows loss = {
        .rows = rows.filled - rows.begin,
        .columns = state->outputs->columns,
        .z = rnl_matrix_view(state->outputs, rows.begin, 0),
        .labels = step->per_row.labels + rows.begin,
        .targets = {row_of(targets, rows.begin), targets->stride},
        .scale = 1.0f / (float)batch->rows,
        .threshold = state->loss.threshold,
        .smoothing = state->loss.smoothing,
        .quantiles = state->loss.quantiles,
        .delta = {delta, stride},
        .loss = step->per_row.loss + rows.begin,
    };
    if (rnl_batch_is_weighted(step, batch))
        weighted_loss(state, step->per_row.weights + rows.begin, loss);
    else
        state->loss.rows(&loss);
    for (size_t i = rows.begin; step->per_row.has_activity && i < rows.filled; ++i)
        step->per_row.loss[i] += step->per_row.activity[i];
    if (delta)
        rnl_row_tile_clear(rows, step->buffers.exchange[0], stride);
}

static rnl_status run_loss(void *self, size_t tile, rnl_step_worker *worker)
{
    const loss_state *state = self;
    const rnl_step *step = worker->step;
    const rnl_row_tile rows = rnl_row_tile_of(step, &worker->batch, tile);
    predict(state, step, rows);
    if (state->classes > 0)
        rnl_predict_classes(step->kernels, state->classes,
                            &(const rnl_largest){
                                .rows = rows.filled - rows.begin,
                                .columns = state->outputs->columns,
                                .z = rnl_matrix_view(state->outputs, rows.begin, 0),
                                .column = step->per_row.predicted + rows.begin,
                            });
    if (!step->given.predicting) {
        compute_loss(state, step, &worker->batch, rows);
        measure(state, step, &worker->batch, rows);
    }
    return RNL_OK;
}

rnl_status rnl_plan_loss(rnl_step *step)
{
    loss_state *state = rnl_step_allocate(step, sizeof *state, NULL);
    if (!state)
        return rnl_fail_memory(sizeof *state);
    const rnl_choice *loss = &step->given.model->config->training.loss;
    const rnl_layer *last = &step->given.model->layers[step->given.model->layer_count - 1];
    rnl_loss_bind(&state->loss, loss, last->activation_in_loss, step->kernels);
    state->outputs = step->layers.outputs[step->layers.count - 1];
    state->classes = rnl_model_classes(step->given.model);
    state->median = rnl_loss_median(loss);
    return rnl_row_phase_add(step, (rnl_phase){.name = "loss", .run = run_loss, .self = state},
                             state->outputs->columns, 8);
}
