#include "engine/training/metrics.h"

#include "engine/config/config.h"

static double sum_accuracy(const rnl_predictions *p)
{
    size_t right = 0;
    for (size_t i = 0; i < p->rows; ++i)
        right += p->labels[i] == p->predicted[i];
    return (double)right;
}

static const rnl_kind kinds[] = {
    {.name = "accuracy",
     .help = "share of rows whose most probable class is the true one",
     .operations = &(const rnl_metric){.sum = sum_accuracy}},
};

const rnl_kind_table rnl_metrics = {
    .noun = "metric",
    .plural = "metrics",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
};
