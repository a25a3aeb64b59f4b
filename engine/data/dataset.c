#include "engine/data/dataset.h"

#include "engine/data/encoding.h"
#include "engine/data/folds.h"
#include "engine/data/formats.h"
#include "engine/error.h"
#include "engine/model/model.h"
#include "engine/storage/memory_limit.h"
#include "engine/training/losses.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rnl_dataset_release(rnl_dataset *dataset)
{
    if (!dataset->borrowed) {
        free(dataset->inputs);
        free(dataset->labels);
        free(dataset->values);
        free(dataset->sample_weights);
    }
    free(dataset->name);
    *dataset = (rnl_dataset){.largest_label = -1};
}

void rnl_dataset_measure_labels(rnl_dataset *dataset)
{
    dataset->largest_label = -1;
    for (size_t i = 0; dataset->labels && i < dataset->rows; i++)
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

static rnl_status load(rnl_dataset *dataset, const rnl_choice *source, const rnl_loading *loading)
{
    if (!source->kind)
        return RNL_OK;
    const rnl_data_format *format = source->kind->operations;
    return format->load(dataset, source->parameters, loading);
}

/* ---- the split of the training rows -------------------------------------------------------- */

static size_t row_bytes(const rnl_dataset *dataset)
{
    return dataset->features * (dataset->element == RNL_UINT8 ? 1 : sizeof(float));
}

/* The last rows of an array with `row_bytes` to a row, copied; NULL of NULL. */
static rnl_status copy_rows(void *where, const void *array, const rnl_dataset *dataset,
                            size_t count, size_t row_bytes)
{
    void *copy = NULL;
    if (array) {
        RNL_TRY(rnl_allocate_rows(&copy, dataset->name, count, row_bytes, 1));
        memcpy(copy, (const char *)array + (dataset->rows - count) * row_bytes, count * row_bytes);
    }
    memcpy(where, &copy, sizeof copy);
    return RNL_OK;
}

static rnl_status copy_end(rnl_dataset *end, const rnl_dataset *dataset, size_t count)
{
    rnl_dataset copy = *dataset;
    copy.rows = count;
    copy.inputs = NULL;
    copy.labels = NULL;
    copy.values = NULL;
    copy.sample_weights = NULL;
    copy.borrowed = false;
    if (asprintf(&copy.name, "%s (the last %zu rows)", dataset->name, count) < 0)
        copy.name = NULL;
    rnl_status status = copy.name ? RNL_OK : rnl_fail_memory(strlen(dataset->name) + 48);
    if (status == RNL_OK)
        status = copy_rows(&copy.inputs, dataset->inputs, dataset, count, row_bytes(dataset));
    if (status == RNL_OK)
        status = copy_rows(&copy.labels, dataset->labels, dataset, count, sizeof *copy.labels);
    if (status == RNL_OK)
        status = copy_rows(&copy.values, dataset->values, dataset, count,
                           copy.value_columns * sizeof *copy.values);
    if (status == RNL_OK)
        status = copy_rows(&copy.sample_weights, dataset->sample_weights, dataset, count,
                           sizeof *copy.sample_weights);
    if (status != RNL_OK) {
        rnl_dataset_release(&copy);
        return status;
    }
    rnl_dataset_measure_labels(&copy);
    *end = copy;
    return RNL_OK;
}

/* A failure to shrink leaves the larger block, which serves as well. */
static void shrink(void *where, size_t bytes)
{
    void *memory;
    memcpy(&memory, where, sizeof memory);
    void *smaller = memory ? realloc(memory, bytes) : NULL;
    if (smaller)
        memcpy(where, &smaller, sizeof smaller);
}

static void drop_end(rnl_dataset *dataset, size_t count)
{
    dataset->rows -= count;
    if (!dataset->borrowed) {
        shrink(&dataset->inputs, dataset->rows * row_bytes(dataset));
        shrink(&dataset->labels, dataset->rows * sizeof *dataset->labels);
        shrink(&dataset->values, dataset->rows * dataset->value_columns * sizeof *dataset->values);
        shrink(&dataset->sample_weights, dataset->rows * sizeof *dataset->sample_weights);
    }
    rnl_dataset_measure_labels(dataset);
}

/* At least one row for either side. */
static size_t split_count(size_t rows, double share)
{
    const size_t count = (size_t)llround((double)rows * share);
    if (count < 1)
        return 1;
    return count < rows ? count : rows - 1;
}

static bool splits(const rnl_data_config *config)
{
    return config->validation_split > 0 || config->folds > 0;
}

static rnl_status split(rnl_data *data, const rnl_data_config *config)
{
    if (data->train.rows < 2)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected at least 2 rows, to split off validation rows, got %zu",
                        data->train.name, data->train.rows);
    size_t count = split_count(data->train.rows, config->validation_split);
    if (config->folds > 0)
        RNL_TRY(rnl_folds_move_to_end(&data->train, (size_t)config->folds, (size_t)config->fold,
                                      &count));
    RNL_TRY(copy_end(&data->validation, &data->train, count));
    drop_end(&data->train, count);
    return RNL_OK;
}

/* ---- the parts ----------------------------------------------------------------------------- */

static rnl_status check_config(const rnl_data_config *config, unsigned parts)
{
    static const char *const several =
        "expected one of data.validation, data.validation_split and data.folds, got two";
    if (splits(config) && config->validation.kind)
        return rnl_fail_at(config->validation.place, "%s", several);
    if (config->validation_split > 0 && config->folds > 0)
        return rnl_fail(RNL_BAD_CONFIG, "%s", several);
    if (config->folds == 1)
        return rnl_fail(RNL_BAD_CONFIG, "data.folds: expected 0 or at least 2, got 1");
    if (config->fold > config->folds && config->folds > 0)
        return rnl_fail(RNL_BAD_CONFIG, "data.fold: expected one of the %lld folds, got %lld",
                        (long long)config->folds, (long long)config->fold);
    if ((parts & RNL_TRAIN) && !config->train.kind)
        return rnl_fail(RNL_BAD_CONFIG, "data.train: expected training data, got none");
    if ((parts & RNL_VALIDATION) && splits(config) && !config->train.kind)
        return rnl_fail(RNL_BAD_CONFIG, "data.%s: expected data.train to take a share of, got none",
                        config->folds > 0 ? "folds" : "validation_split");
    return RNL_OK;
}

/* The training set measures the encoding that the others follow. */
static bool needs_train(const rnl_data *data, const rnl_data_config *config, unsigned parts)
{
    const bool takes = splits(config) && (parts & RNL_VALIDATION);
    const bool follows = config->train.kind && config->train.kind->operations == &rnl_csv_format &&
                         !rnl_encoding_measured(&data->encoding);
    return (parts & RNL_TRAIN) || takes || follows;
}

static rnl_status load_parts(rnl_data *data, const rnl_config *config, unsigned parts)
{
    const rnl_data_config *sources = &config->data;
    const rnl_loading loading = {
        .seed = (uint64_t)config->training.seed,
        .target = config->training.loss.kind ? rnl_loss_of(&config->training.loss)->target
                                             : RNL_TARGET_CLASS,
        .encoding = &data->encoding,
    };
    if (needs_train(data, sources, parts))
        RNL_TRY(load(&data->train, &sources->train, &loading));
    if (splits(sources) && data->train.rows > 0)
        RNL_TRY(split(data, sources));
    else if (parts & RNL_VALIDATION)
        RNL_TRY(load(&data->validation, &sources->validation, &loading));
    if (parts & RNL_TEST)
        RNL_TRY(load(&data->test, &sources->test, &loading));
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

static rnl_data *create_empty(void)
{
    const rnl_dataset empty = {.largest_label = -1};
    rnl_data *data = malloc(sizeof *data);
    if (data)
        *data = (rnl_data){.train = empty, .validation = empty, .test = empty};
    return data;
}

/* Hands the data over, or frees them after a failure. */
static rnl_status deliver(rnl_data **data, rnl_data *made, rnl_status status)
{
    if (status == RNL_OK)
        *data = made;
    else
        rnl_data_free(made);
    return status;
}

/* `encoding` is the model's that the data are for, or NULL. */
static rnl_status load_data(rnl_data **data, const rnl_config *config, const rnl_encoding *encoding,
                            unsigned parts)
{
    RNL_TRY(check_config(&config->data, parts));
    rnl_data *loaded = create_empty();
    if (!loaded)
        return rnl_fail_memory(sizeof *loaded);
    rnl_status status = encoding ? rnl_encoding_copy(&loaded->encoding, encoding) : RNL_OK;
    if (status == RNL_OK)
        status = load_parts(loaded, config, parts);
    if (status == RNL_OK)
        status = check_shapes(loaded);
    return deliver(data, loaded, status);
}

rnl_status rnl_data_load(rnl_data **data, const rnl_config *config, unsigned parts)
{
    return load_data(data, config, NULL, parts);
}

rnl_status rnl_data_load_for(rnl_data **data, const rnl_model *model, unsigned parts)
{
    return load_data(data, model->config, &model->encoding, parts);
}

/* How the training rows were written says how other tables are. */
static const rnl_csv_parameters *table_parameters(const rnl_model *model)
{
    const rnl_choice *train = &model->config->data.train;
    const bool table = train->kind && train->kind->operations == &rnl_csv_format;
    return table && rnl_encoding_measured(&model->encoding) ? train->parameters : NULL;
}

rnl_status rnl_data_read(rnl_data **data, const rnl_model *model, const char *path)
{
    rnl_data *read = create_empty();
    if (!read)
        return rnl_fail_memory(sizeof *read);
    rnl_status status = rnl_encoding_copy(&read->encoding, &model->encoding);
    if (status == RNL_OK)
        status = rnl_inputs_read(&read->test, path, table_parameters(model), &read->encoding);
    return deliver(data, read, status);
}

/* ---- the caller's own arrays ----------------------------------------------------------------- */

static rnl_status check_rows(const rnl_rows *rows, const char *name)
{
    bool fits = rows->rank >= 1 && rows->rank <= RNL_MAX_RANK && rows->rows <= UINT32_MAX;
    size_t features = 1;
    for (size_t i = 0; fits && i < rows->rank; i++)
        fits = rows->shape[i] > 0 && !__builtin_mul_overflow(features, rows->shape[i], &features);
    if (!fits)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected up to 4294967295 rows of 1 to %d dimensions of at least 1",
                        name, RNL_MAX_RANK);
    if ((rows->floats != NULL) == (rows->bytes != NULL))
        return rnl_fail(RNL_BAD_DATA, "%s: expected either floats or bytes as inputs", name);
    if (rows->classes && rows->values)
        return rnl_fail(RNL_BAD_DATA, "%s: expected either classes or values as targets", name);
    for (size_t i = 0; rows->classes && i < rows->rows; i++)
        if (rows->classes[i] < 0)
            return rnl_fail(RNL_BAD_DATA, "%s: row %zu: expected a class number from 0, got %d",
                            name, i, (int)rows->classes[i]);
    return RNL_OK;
}

/* The members are not written to: rows of a dataset never change. */
static void *borrow(const void *array)
{
    return (void *)(uintptr_t)array;
}

static rnl_status borrow_rows(rnl_dataset *dataset, const rnl_rows *rows, const char *name)
{
    if (!rows || rows->rows == 0)
        return RNL_OK;
    RNL_TRY(check_rows(rows, name));
    *dataset = (rnl_dataset){
        .rows = rows->rows,
        .features = 1,
        .rank = rows->rank,
        .element = rows->bytes ? RNL_UINT8 : RNL_FLOAT32,
        .inputs = borrow(rows->bytes ? (const void *)rows->bytes : rows->floats),
        .labels = borrow(rows->classes),
        .values = borrow(rows->values),
        .value_columns = rows->values ? rows->value_columns : 0,
        .sample_weights = borrow(rows->sample_weights),
        .borrowed = true,
        .name = strdup(name),
    };
    for (size_t i = 0; i < rows->rank; i++) {
        dataset->shape[i] = rows->shape[i];
        dataset->features *= rows->shape[i];
    }
    if (!dataset->name)
        return rnl_fail_memory(strlen(name) + 1);
    rnl_dataset_measure_labels(dataset);
    RNL_TRY(rnl_dataset_check_inputs(dataset));
    return rnl_dataset_check_weights(dataset);
}

rnl_status rnl_data_create(rnl_data **data, const rnl_rows *train, const rnl_rows *validation,
                           const rnl_rows *test)
{
    rnl_data *created = create_empty();
    if (!created)
        return rnl_fail_memory(sizeof *created);
    rnl_status status = borrow_rows(&created->train, train, "training rows");
    if (status == RNL_OK)
        status = borrow_rows(&created->validation, validation, "validation rows");
    if (status == RNL_OK)
        status = borrow_rows(&created->test, test, "test rows");
    if (status == RNL_OK)
        status = check_shapes(created);
    return deliver(data, created, status);
}

void rnl_data_free(rnl_data *data)
{
    if (!data)
        return;
    rnl_dataset_release(&data->train);
    rnl_dataset_release(&data->validation);
    rnl_dataset_release(&data->test);
    rnl_encoding_release(&data->encoding);
    free(data);
}

const rnl_dataset *rnl_data_part(const rnl_data *data, rnl_part part)
{
    return part == RNL_TRAIN        ? &data->train
           : part == RNL_VALIDATION ? &data->validation
                                    : &data->test;
}

size_t rnl_data_rows(const rnl_data *data, rnl_part part)
{
    return rnl_data_part(data, part)->rows;
}
