#include "engine/step/row_arrays.h"

#include "engine/kinds/metrics.h"
#include "engine/schema/config.h"

#include <string.h>

static void *pointer_at(const rnl_row_array *rows)
{
    void *array;
    memcpy(&array, rows->where, sizeof array);
    return array;
}

static void add(rnl_row_arrays *arrays, void *where, size_t bytes)
{
    arrays->items[arrays->count++] = (rnl_row_array){where, bytes};
    arrays->bytes += bytes;
}

void rnl_row_arrays_list(rnl_row_arrays *arrays, rnl_step *step, bool classes)
{
    rnl_step_rows *rows = &step->per_row;
    const rnl_choice_list *metrics = &step->given.model->config->training.metrics;
    bool predictions = false;
    *arrays = (rnl_row_arrays){0};
    add(arrays, &rows->loss, sizeof *rows->loss);
    for (size_t m = 0; m < metrics->count; ++m) {
        const rnl_metric *metric = rnl_metric_of(&metrics->items[m]);
        if (metric->of_row)
            add(arrays, &rows->metrics[m], sizeof *rows->metrics[m]);
        predictions |= metric->variances || metric->scores;
        classes |= metric->of_rows != NULL;
    }
    if (predictions)
        add(arrays, &rows->predictions.values, rows->predictions.stride * sizeof(float));
    if (classes) {
        add(arrays, &rows->labels, sizeof *rows->labels);
        add(arrays, &rows->predicted, sizeof *rows->predicted);
    }
}

void rnl_row_arrays_copy(const rnl_row_arrays *arrays, size_t first, size_t count, char *message,
                         bool out)
{
    for (size_t i = 0; i < arrays->count; ++i) {
        const rnl_row_array *rows = &arrays->items[i];
        char *array = (char *)pointer_at(rows) + first * rows->bytes;
        memcpy(out ? array : message, out ? message : array, count * rows->bytes);
        message += count * rows->bytes;
    }
}
