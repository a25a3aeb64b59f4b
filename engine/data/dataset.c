#include "engine/data/dataset.h"

#include "engine/error.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rnl_dataset_release(rnl_dataset *dataset)
{
    free(dataset->inputs);
    free(dataset->labels);
    free(dataset->name);
    *dataset = (rnl_dataset){.largest_label = -1};
}

void rnl_dataset_measure_labels(rnl_dataset *dataset)
{
    dataset->largest_label = -1;
    for (size_t i = 0; i < dataset->rows; i++)
        if (dataset->labels[i] > dataset->largest_label)
            dataset->largest_label = dataset->labels[i];
}

void rnl_shape_text(char text[RNL_SHAPE_TEXT], const size_t *shape, size_t rank)
{
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < rank; i++)
        length += (size_t)snprintf(text + length, RNL_SHAPE_TEXT - length, i > 0 ? " x %zu" : "%zu",
                                   shape[i]);
}

static rnl_status load(rnl_dataset *dataset, const rnl_choice *source, uint64_t seed)
{
    if (!source->kind)
        return RNL_OK;
    const rnl_data_format *format = source->kind->operations;
    return format->load(dataset, source->parameters, seed);
}

/* ---- the split of the training rows -------------------------------------------------------- */

static size_t row_bytes(const rnl_dataset *dataset)
{
    return dataset->features * (dataset->element == RNL_UINT8 ? 1 : sizeof(float));
}

/* A failure to shrink would leave the larger block, which serves as well. */
static void *shrink(void *memory, size_t bytes)
{
    void *smaller = realloc(memory, bytes);
    return smaller ? smaller : memory;
}

static void drop_end(rnl_dataset *dataset, size_t count)
{
    dataset->rows -= count;
    dataset->inputs = shrink(dataset->inputs, dataset->rows * row_bytes(dataset));
    dataset->labels = shrink(dataset->labels, dataset->rows * sizeof *dataset->labels);
    rnl_dataset_measure_labels(dataset);
}

static rnl_status copy_end(rnl_dataset *end, const rnl_dataset *dataset, size_t count)
{
    const size_t bytes = count * row_bytes(dataset);
    const size_t first = dataset->rows - count;
    rnl_dataset copy = *dataset;
    copy.rows = count;
    copy.inputs = malloc(bytes);
    copy.labels = malloc(count * sizeof *copy.labels);
    if (asprintf(&copy.name, "%s (the last %zu rows)", dataset->name, count) < 0)
        copy.name = NULL;
    if (!copy.inputs || !copy.labels || !copy.name) {
        rnl_dataset_release(&copy);
        return rnl_fail_memory(bytes);
    }
    memcpy(copy.inputs, (const char *)dataset->inputs + first * row_bytes(dataset), bytes);
    memcpy(copy.labels, dataset->labels + first, count * sizeof *copy.labels);
    rnl_dataset_measure_labels(&copy);
    *end = copy;
    return RNL_OK;
}

/* At least one row for either side. */
static size_t split_count(size_t rows, double share)
{
    const size_t count = (size_t)llround((double)rows * share);
    if (count < 1)
        return 1;
    return count < rows ? count : rows - 1;
}

static rnl_status split(rnl_data *data, double share)
{
    if (data->train.rows < 2)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected at least 2 rows, to split off validation rows, got %zu",
                        data->train.name, data->train.rows);
    const size_t count = split_count(data->train.rows, share);
    RNL_TRY(copy_end(&data->validation, &data->train, count));
    drop_end(&data->train, count);
    return RNL_OK;
}

/* ---- the parts ----------------------------------------------------------------------------- */

static rnl_status check_config(const rnl_data_config *config, unsigned parts)
{
    const bool splits = config->validation_split > 0;
    if (splits && config->validation.kind)
        return rnl_fail_at(config->validation.place,
                           "expected either data.validation or data.validation_split, got both");
    if ((parts & RNL_TRAIN) && !config->train.kind)
        return rnl_fail(RNL_BAD_CONFIG, "data.train: expected training data, got none");
    if ((parts & RNL_VALIDATION) && splits && !config->train.kind)
        return rnl_fail(RNL_BAD_CONFIG,
                        "data.validation_split: expected data.train to take a share of, got none");
    return RNL_OK;
}

static rnl_status load_parts(rnl_data *data, const rnl_config *config, unsigned parts)
{
    const rnl_data_config *sources = &config->data;
    const uint64_t seed = (uint64_t)config->training.seed;
    const bool splits = sources->validation_split > 0;
    if ((parts & RNL_TRAIN) || ((parts & RNL_VALIDATION) && splits))
        RNL_TRY(load(&data->train, &sources->train, seed));
    if (splits && data->train.rows > 0)
        RNL_TRY(split(data, sources->validation_split));
    else if (parts & RNL_VALIDATION)
        RNL_TRY(load(&data->validation, &sources->validation, seed));
    if (parts & RNL_TEST)
        RNL_TRY(load(&data->test, &sources->test, seed));
    if (!(parts & RNL_TRAIN))
        rnl_dataset_release(&data->train);
    if (!(parts & RNL_VALIDATION))
        rnl_dataset_release(&data->validation);
    return RNL_OK;
}

static rnl_status check_shape(const rnl_dataset *dataset, const rnl_dataset *first)
{
    if (dataset->rows == 0 || first->rows == 0)
        return RNL_OK;
    if (dataset->rank == first->rank &&
        memcmp(dataset->shape, first->shape, first->rank * sizeof *first->shape) == 0)
        return RNL_OK;
    char expected[RNL_SHAPE_TEXT], got[RNL_SHAPE_TEXT];
    rnl_shape_text(expected, first->shape, first->rank);
    rnl_shape_text(got, dataset->shape, dataset->rank);
    return rnl_fail(RNL_BAD_DATA, "%s: expected rows of %s, as %s has, got rows of %s",
                    dataset->name, expected, first->name, got);
}

static rnl_status check_shapes(const rnl_data *data)
{
    RNL_TRY(check_shape(&data->validation, &data->train));
    RNL_TRY(check_shape(&data->test, &data->train));
    return check_shape(&data->test, &data->validation);
}

rnl_status rnl_data_load(rnl_data **data, const rnl_config *config, unsigned parts)
{
    RNL_TRY(check_config(&config->data, parts));
    rnl_data *loaded = malloc(sizeof *loaded);
    if (!loaded)
        return rnl_fail_memory(sizeof *loaded);
    const rnl_dataset empty = {.largest_label = -1};
    *loaded = (rnl_data){.train = empty, .validation = empty, .test = empty};
    rnl_status status = load_parts(loaded, config, parts);
    if (status == RNL_OK)
        status = check_shapes(loaded);
    if (status != RNL_OK) {
        rnl_data_free(loaded);
        return status;
    }
    *data = loaded;
    return RNL_OK;
}

void rnl_data_free(rnl_data *data)
{
    if (!data)
        return;
    rnl_dataset_release(&data->train);
    rnl_dataset_release(&data->validation);
    rnl_dataset_release(&data->test);
    free(data);
}

size_t rnl_data_rows(const rnl_data *data, rnl_part part)
{
    switch (part) {
    case RNL_TRAIN:
        return data->train.rows;
    case RNL_VALIDATION:
        return data->validation.rows;
    case RNL_TEST:
        return data->test.rows;
    }
    return 0;
}
