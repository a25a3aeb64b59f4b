#include "engine/training/sums.h"

#include "engine/config/config.h"
#include "engine/training/metrics.h"

void rnl_sums_add(rnl_sums *sums, const rnl_step *step, const rnl_batch *batch)
{
    for (size_t i = 0; i < batch->rows; ++i)
        sums->loss += (double)step->loss[i];
    const rnl_predictions predictions = {batch->rows, step->labels, step->predicted};
    const rnl_choice_list *metrics = &step->model->config->training.metrics;
    for (size_t m = 0; m < metrics->count; ++m)
        sums->metrics[m] += rnl_metric_of(&metrics->items[m])->sum(&predictions);
    sums->rows += batch->rows;
}
