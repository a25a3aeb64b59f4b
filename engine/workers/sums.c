#include "engine/workers/sums.h"

#include "engine/kinds/metrics.h"
#include "engine/schema/config.h"
#include "engine/step/shard_sum.h"

static double sum_floats(const void *of_rows, rnl_shard shard)
{
    const float *values = (const float *)of_rows + shard.row;
    double total = 0;
    for (size_t i = 0; i < shard.filled; ++i)
        total += (double)values[i];
    return total;
}

static double sum_doubles(const void *of_rows, rnl_shard shard)
{
    const double *values = (const double *)of_rows + shard.row;
    double total = 0;
    for (size_t i = 0; i < shard.filled; ++i)
        total += values[i];
    return total;
}

typedef double row_sum(const void *of_rows, rnl_shard shard);

/* Rows of a mini-batch, shard by shard. */
typedef struct summed_rows {
    size_t leaves, rows;
    rnl_shard shards[RNL_MAX_SHARDS];
} summed_rows;

/* Sums what is known of each row: row by row in a shard, and the shards in their tree. */
static double sum(const summed_rows *rows, const void *of_rows, row_sum *sum_shard)
{
    double sums[RNL_MAX_SHARDS];
    for (size_t s = 0; s < rows->leaves; ++s)
        sums[s] = sum_shard(of_rows, rows->shards[s]);
    return rnl_shard_sum_numbers(sums, rows->leaves);
}

/* ---- targets that do not vary ---------------------------------------------------------------- */

/* Tests if a row misses an output whose targets are all equal.  R^2 is then 1 if every row predicts
 * that number, else 0: from the first row that misses it, all rows count as unexplained, including
 * earlier ones. */

static bool shard_misses(const rnl_step *step, const rnl_batch *batch, rnl_shard shard,
                         size_t output)
{
    const rnl_matrix *predictions = &step->per_row.predictions;
    for (size_t i = 0; i < shard.filled; ++i) {
        const double got = rnl_scaler_undo(
            &step->given.model->target_scaler, output,
            (double)predictions->values[(shard.row + i) * predictions->stride + output]);
        if (got != rnl_dataset_target(batch->dataset, batch->indices[shard.first + i], output,
                                      predictions->columns))
            return true;
    }
    return false;
}

static bool is_missed(const rnl_step *step, const rnl_batch *batch, const summed_rows *rows,
                      size_t output)
{
    bool missed = false;
    for (size_t s = 0; !missed && s < rows->leaves; ++s)
        missed = shard_misses(step, batch, rows->shards[s], output);
    return missed;
}

/* Adds the outputs missed by the mini-batch: bit i stands for the outputs i, i + 64, ... */
static uint64_t mark_missed(uint64_t missed, const rnl_step *step, const rnl_batch *batch,
                            const summed_rows *rows)
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
                       const summed_rows *rows)
{
    const uint64_t missed = mark_missed(sums->missed, step, batch, rows);
    const double before = share_missed(sums->missed, step, batch);
    const double now = share_missed(missed, step, batch);
    sums->missed = missed;
    sums->metrics[metric] += now * (double)rows->rows + (now - before) * (double)sums->rows;
}

/* ---- figures of all rows ----------------------------------------------------------------------
 */

static void count(rnl_tally *tally, const rnl_step *step, const summed_rows *rows)
{
    const rnl_step_rows *known = &step->per_row;
    const size_t outputs = known->predictions.columns;
    for (size_t s = 0; s < rows->leaves; ++s)
        for (size_t i = rows->shards[s].row; i < rows->shards[s].row + rows->shards[s].filled; ++i)
            rnl_tally_add(tally, known->labels[i], known->predicted[i],
                          outputs > 0 ? known->predictions.values + i * known->predictions.stride
                                      : NULL,
                          outputs);
}

static void add(rnl_sums *sums, rnl_tally *tally, const rnl_step *step, const rnl_batch *batch,
                const summed_rows *rows)
{
    const rnl_choice_list *metrics = &step->given.model->config->training.metrics;
    sums->loss +=
        sum(rows, step->per_row.loss, sum_floats) + step->update.penalty * (double)rows->rows;
    for (size_t m = 0; m < metrics->count; ++m) {
        if (rnl_metric_of(&metrics->items[m])->of_row)
            sums->metrics[m] += sum(rows, step->per_row.metrics[m], sum_doubles);
        if (rnl_metric_of(&metrics->items[m])->variances)
            add_missed(sums, m, step, batch, rows);
    }
    sums->rows += rows->rows;
    if (tally)
        count(tally, step, rows);
}

void rnl_sums_add_rows(rnl_sums *sums, rnl_tally *tally, const rnl_step *step,
                       const rnl_batch *batch, rnl_row_range range)
{
    const size_t shards = (size_t)step->given.model->config->training.shards;
    const rnl_cut cut = {.blocks = shards, .size = 1, .shards = shards};
    summed_rows rows;
    rows.rows = range.end - range.begin;
    rows.leaves = rnl_cut_used_shards(cut, rows.rows);
    for (size_t s = 0; s < rows.leaves; ++s) {
        rows.shards[s] = rnl_cut_shard(cut, rows.rows, s);
        rows.shards[s].first += range.begin;
        rows.shards[s].row = rows.shards[s].first;
    }
    add(sums, tally, step, batch, &rows);
}

void rnl_sums_add(rnl_sums *sums, rnl_tally *tally, const rnl_step *step, const rnl_batch *batch)
{
    summed_rows rows;
    rows.rows = batch->rows;
    rows.leaves = rnl_cut_used_shards(step->rows, batch->rows);
    for (size_t s = 0; s < rows.leaves; ++s)
        rows.shards[s] = rnl_cut_shard(rnl_cut_whole(step->rows), batch->rows, s);
    add(sums, tally, step, batch, &rows);
}
