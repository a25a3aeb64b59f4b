#include "engine/workers/sums.h"

#include "engine/kinds/metrics.h"
#include "engine/schema/config.h"

static double sum(const float *values, size_t count)
{
    double total = 0;
    for (size_t i = 0; i < count; ++i)
        total += (double)values[i];
    return total;
}

static double sum_doubles(const double *values, size_t count)
{
    double total = 0;
    for (size_t i = 0; i < count; ++i)
        total += values[i];
    return total;
}

/* ---- targets that do not vary ---------------------------------------------------------------- */

/* Tests if a row misses an output whose targets are all equal.  R^2 is then 1 if every row predicts
 * that number, else 0: from the first row that misses it, all rows count as unexplained, including
 * earlier ones. */

static bool is_missed(const rnl_step *step, const rnl_batch *batch, rnl_row_range rows,
                      size_t output)
{
    const size_t outputs = step->per_row.predictions.columns,
                 stride = step->per_row.predictions.stride;
    for (size_t i = rows.begin; i < rows.end; ++i) {
        const double got =
            rnl_scaler_undo(&step->given.model->target_scaler, output,
                            (double)step->per_row.predictions.values[i * stride + output]);
        if (got != rnl_dataset_target(batch->dataset, batch->indices[i], output, outputs))
            return true;
    }
    return false;
}

/* Adds the outputs missed by the mini-batch: bit i stands for the outputs i, i + 64, ... */
static uint64_t mark_missed(uint64_t missed, const rnl_step *step, const rnl_batch *batch,
                            rnl_row_range rows)
{
    size_t constants = 0;
    for (size_t j = 0; j < step->per_row.predictions.columns; ++j)
        if (batch->target_variances[j] == 0) {
            const uint64_t bit = (uint64_t)1 << constants++ % 64;
            if (!(missed & bit) && is_missed(step, batch, rows, j))
                missed |= bit;
        }
    return missed;
}

/* Returns the share of missed outputs. */
static double share_missed(uint64_t missed, const rnl_step *step, const rnl_batch *batch)
{
    const size_t outputs = step->per_row.predictions.columns;
    size_t constants = 0, count = 0;
    for (size_t j = 0; j < outputs; ++j)
        if (batch->target_variances[j] == 0)
            count += missed >> constants++ % 64 & 1;
    return (double)count / (double)outputs;
}

static void add_missed(rnl_sums *sums, size_t metric, const rnl_step *step, const rnl_batch *batch,
                       rnl_row_range rows)
{
    const uint64_t missed = mark_missed(sums->missed, step, batch, rows);
    const double before = share_missed(sums->missed, step, batch);
    const double now = share_missed(missed, step, batch);
    sums->missed = missed;
    sums->metrics[metric] +=
        now * (double)(rows.end - rows.begin) + (now - before) * (double)sums->rows;
}

void rnl_sums_add_rows(rnl_sums *sums, const rnl_step *step, const rnl_batch *batch,
                       rnl_row_range rows)
{
    const rnl_choice_list *metrics = &step->given.model->config->training.metrics;
    const size_t count = rows.end - rows.begin;
    sums->loss +=
        sum(step->per_row.loss + rows.begin, count) + step->update.penalty * (double)count;
    for (size_t m = 0; m < metrics->count; ++m) {
        sums->metrics[m] += sum_doubles(step->per_row.metrics[m] + rows.begin, count);
        if (rnl_metric_of(&metrics->items[m])->variances)
            add_missed(sums, m, step, batch, rows);
    }
    sums->rows += count;
}

void rnl_sums_add(rnl_sums *sums, const rnl_step *step, const rnl_batch *batch)
{
    rnl_sums_add_rows(sums, step, batch, (rnl_row_range){0, batch->rows});
}
