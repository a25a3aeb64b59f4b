#include "engine/data/dataset.h"

#include "engine/base/memory.h"
#include "engine/data/encoding.h"
#include "engine/data/formats.h"
#include "engine/data/split.h"
#include "engine/error.h"
#include "engine/model/model.h"
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

int32_t rnl_dataset_class(const rnl_dataset *dataset, size_t row)
{
    if (dataset->labels)
        return dataset->labels[row];
    const size_t columns = dataset->value_columns, first = row * columns;
    if (columns == 1)
        return rnl_dataset_value(dataset, first) > 0.5;
    size_t largest = first;
    for (size_t i = first + 1; i < first + columns; i++)
        if (rnl_dataset_value(dataset, i) > rnl_dataset_value(dataset, largest))
            largest = i;
    return (int32_t)(largest - first);
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
    return (rnl_numbers){dataset->rows, dataset->features, dataset->element, dataset->inputs,
                         dataset->name};
}

rnl_numbers rnl_dataset_values(const rnl_dataset *dataset)
{
    return (rnl_numbers){dataset->rows, dataset->value_columns, rnl_dataset_value_element(dataset),
                         dataset->values, dataset->name};
}

/* A failure to shrink leaves the larger block, which serves as well. */
bool rnl_narrow(double **doubles, size_t count)
{
    char *bytes = (char *)*doubles;
    for (size_t i = 0; i < count; i++)
        if ((double)(float)(*doubles)[i] != (*doubles)[i])
            return false;
    for (size_t i = 0; i < count; i++) {
        const float narrow = (float)(*doubles)[i];
        memcpy(bytes + i * sizeof narrow, &narrow, sizeof narrow);
    }
    double *shorter = realloc(*doubles, count * sizeof(float));
    *doubles = shorter ? shorter : *doubles;
    return true;
}

/* ---- the parts ----------------------------------------------------------------------------- */

static rnl_status check_config(const rnl_data_config *config, unsigned parts)
{
    RNL_TRY(rnl_split_check(config));
    if ((parts & RNL_TRAIN) && !config->train.kind)
        return rnl_fail(RNL_BAD_CONFIG, "data.train: expected training data, got none");
    if ((parts & RNL_VALIDATION) && rnl_split_is_on(config) && !config->train.kind)
        return rnl_fail(RNL_BAD_CONFIG, "data.%s: expected data.train to take a share of, got none",
                        rnl_split_folds(config) > 0 ? "folds" : "validation_split");
    return RNL_OK;
}

/* The training set measures the encoding that the others follow. */
static bool needs_train(const rnl_data *data, const rnl_data_config *config, unsigned parts)
{
    const bool takes = rnl_split_is_on(config) && (parts & RNL_VALIDATION);
    const bool follows = config->train.kind && config->train.kind->operations == &rnl_csv_format &&
                         !rnl_encoding_measured(&data->encoding);
    return (parts & RNL_TRAIN) || takes || follows;
}

/* What the configuration says of any set. */
static rnl_loading loading_of(const rnl_config *config)
{
    const rnl_choice *loss = &config->training.loss;
    return (rnl_loading){
        .seed = (uint64_t)config->training.seed,
        .target = loss->kind ? rnl_loss_of(loss)->target : RNL_TARGET_CLASS,
        .wide_inputs = rnl_scales(&config->data.scaling),
        .wide_values = rnl_scales(&config->data.target_scaling),
        .two_classes = loss->kind && rnl_loss_is_binary(loss),
    };
}

static bool add_need(rnl_data_need *need, const rnl_choice *source, const rnl_loading *loading)
{
    const rnl_data_format *format = source->kind ? source->kind->operations : NULL;
    return !format || !format->add_need || format->add_need(need, source->parameters, loading);
}

/* All parts together, before the first is read. */
static rnl_status check_need(const rnl_data_config *sources, const rnl_loading *loading,
                             bool with_train, unsigned parts)
{
    rnl_data_need need = {0};
    bool fits = !with_train || add_need(&need, &sources->train, loading);
    if ((parts & RNL_VALIDATION) && !rnl_split_is_on(sources))
        fits = fits && add_need(&need, &sources->validation, loading);
    if (parts & RNL_TEST)
        fits = fits && add_need(&need, &sources->test, loading);
    size_t bytes;
    if (!fits || __builtin_add_overflow(need.kept, need.beside, &bytes))
        return rnl_fail(RNL_NO_MEMORY, "the data: more numbers than memory can ever hold");
    return rnl_check_memory("the data", bytes);
}

static rnl_status load_parts(rnl_data *data, const rnl_config *config, unsigned parts)
{
    const rnl_data_config *sources = &config->data;
    rnl_loading loading = loading_of(config);
    loading.encoding = &data->encoding;
    loading.notes = &data->notes;
    const bool with_train = needs_train(data, sources, parts);
    RNL_TRY(check_need(sources, &loading, with_train, parts));
    if (with_train)
        RNL_TRY(load(&data->train, &sources->train, &loading));
    if (rnl_split_is_on(sources) && data->train.rows > 0)
        RNL_TRY(rnl_split(&data->validation, &data->train, config));
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

static rnl_status read_files(rnl_data *data, const rnl_model *model, const char *inputs,
                             const char *targets, bool predicting)
{
    const rnl_array_files files = {.inputs = (char *)(uintptr_t)inputs,
                                   .targets = (char *)(uintptr_t)targets};
    rnl_loading loading = loading_of(model->config);
    loading.predicting = predicting;
    loading.weights_optional = true;
    loading.encoding = &data->encoding;
    RNL_TRY(rnl_encoding_copy(&data->encoding, &model->encoding));
    return rnl_files_read(&data->test, &files, table_parameters(model), &loading);
}

rnl_status rnl_data_read(rnl_data **data, const rnl_model *model, const char *path)
{
    rnl_data *read = create_empty();
    if (!read)
        return rnl_fail_memory(sizeof *read);
    return deliver(data, read, read_files(read, model, path, NULL, true));
}

rnl_status rnl_data_read_labelled(rnl_data **data, const rnl_model *model, const char *path,
                                  const char *targets)
{
    rnl_data *read = create_empty();
    if (!read)
        return rnl_fail_memory(sizeof *read);
    return deliver(data, read, read_files(read, model, path, targets, false));
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
    rnl_notes_release(&data->notes);
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
