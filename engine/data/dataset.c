#include "engine/data/dataset.h"

#include "engine/base/error.h"
#include "engine/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rnl_dataset_release(rnl_dataset *dataset)
{
    if (dataset->mapped > 0)
        rnl_unmap(dataset->inputs, dataset->mapped);
    else if (!dataset->borrowed.inputs)
        free(dataset->inputs);
    free(dataset->parts);
    free(dataset->origins);
    if (!dataset->borrowed.targets) {
        free(dataset->labels);
        free(dataset->values);
    }
    if (!dataset->borrowed.weights)
        free(dataset->sample_weights);
    free(dataset->name);
    *dataset = (rnl_dataset){.largest_label = -1};
}

void rnl_dataset_measure_labels(rnl_dataset *dataset)
{
    dataset->largest_label = -1;
    for (size_t i = 0; dataset->labels && i < dataset->rows; ++i)
        if (dataset->labels[i] > dataset->largest_label)
            dataset->largest_label = dataset->labels[i];
}

int32_t rnl_dataset_class(const rnl_dataset *dataset, size_t row)
{
    if (dataset->labels)
        return dataset->labels[row];
    const size_t columns = dataset->value_columns, first = row * columns;
    if (columns == 1)
        return rnl_dataset_value(dataset, first) > 0.5;
    size_t largest = first;
    for (size_t i = first + 1; i < first + columns; ++i)
        if (rnl_dataset_value(dataset, i) > rnl_dataset_value(dataset, largest))
            largest = i;
    return (int32_t)(largest - first);
}

void rnl_shape_text(char text[RNL_SHAPE_TEXT], const size_t *shape, size_t rank)
{
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < rank; ++i)
        length += (size_t)snprintf(text + length, RNL_SHAPE_TEXT - length, i > 0 ? " x %zu" : "%zu",
                                   shape[i]);
}

size_t rnl_dataset_input_bytes(const rnl_dataset *dataset)
{
    return dataset->features * rnl_element_bytes(dataset->element);
}

size_t rnl_dataset_value_bytes(const rnl_dataset *dataset)
{
    return dataset->value_columns * rnl_element_bytes(rnl_dataset_value_element(dataset));
}

rnl_numbers rnl_dataset_inputs(const rnl_dataset *dataset)
{
    return (rnl_numbers){dataset->rows,   dataset->features, dataset->element,
                         dataset->inputs, dataset->name,     dataset->parts};
}

rnl_numbers rnl_dataset_values(const rnl_dataset *dataset)
{
    return (rnl_numbers){.rows = dataset->rows,
                         .columns = dataset->value_columns,
                         .element = rnl_dataset_value_element(dataset),
                         .array = dataset->values,
                         .name = dataset->name};
}

rnl_status rnl_dataset_check_held(const rnl_dataset *dataset, const rnl_job *job)
{
    return !dataset->parts || dataset->parts->job == job
               ? RNL_OK
               : rnl_fail(RNL_BAD_DATA,
                          "%s: the ranks of a job hold these rows by parts, which all of them have "
                          "to work on together",
                          dataset->name);
}

/* A failure to shrink leaves the larger block, which serves as well. */
bool rnl_narrow(double **doubles, size_t count)
{
    char *bytes = (char *)*doubles;
    for (size_t i = 0; i < count; ++i)
        if ((double)(float)(*doubles)[i] != (*doubles)[i])
            return false;
    for (size_t i = 0; i < count; ++i) {
        const float narrow = (float)(*doubles)[i];
        memcpy(bytes + i * sizeof narrow, &narrow, sizeof narrow);
    }
    double *shorter = realloc(*doubles, count * sizeof(float));
    *doubles = shorter ? shorter : *doubles;
    return true;
}
