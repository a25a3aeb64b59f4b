#include "engine/training/sums.h"

#include "engine/config/config.h"

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

void rnl_sums_add(rnl_sums *sums, const rnl_step *step, const rnl_batch *batch)
{
    sums->loss += sum(step->loss, batch->rows) + step->penalty * (double)batch->rows;
    for (size_t m = 0; m < step->model->config->training.metrics.count; ++m)
        sums->metrics[m] += sum_doubles(step->metrics[m], batch->rows);
    sums->rows += batch->rows;
}
