#include "engine/data/parts.h"

#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/data/adapt.h"
#include "engine/data/array_oddities.h"
#include "engine/data/class_selection.h"
#include "engine/data/formats.h"
#include "engine/data/limit.h"
#include "engine/data/resize.h"
#include "engine/data/split.h"

#include <stdlib.h>
#include <string.h>

static rnl_status load(rnl_dataset *dataset, const rnl_choice *source, const rnl_loading *loading)
{
    if (!source->kind)
        return RNL_OK;
    const rnl_data_format *format = source->kind->operations;
    RNL_TRY(format->load(dataset, source->parameters, loading));
    const rnl_status status = rnl_dataset_adapt(dataset, format == &rnl_csv_format, loading);
    if (status != RNL_OK)
        rnl_dataset_release(dataset);
    return status;
}

/* Arrays have their targets in a file of its own. */
static rnl_status check_targets(const rnl_choice *source, const rnl_loading *loading)
{
    const void *format = source->kind ? source->kind->operations : NULL;
    const bool arrays = format == &rnl_idx_format || format == &rnl_npy_format;
    const rnl_array_files *files = source->parameters;
    return !arrays || files->targets || loading->without_targets
               ? RNL_OK
               : rnl_fail_at(source->place,
                             "%s: key 'targets' is missing: only data.targets: inputs needs none, "
                             "unless it chooses rows by class",
                             source->kind->name);
}

static rnl_status check_config(const rnl_data_config *config, const rnl_loading *loading,
                               unsigned parts)
{
    RNL_TRY(rnl_split_check(config));
    RNL_TRY(rnl_limit_check(config));
    RNL_TRY(rnl_resize_check(config));
    RNL_TRY(check_targets(&config->train, loading));
    RNL_TRY(check_targets(&config->validation, loading));
    RNL_TRY(check_targets(&config->test, loading));
    if ((parts & RNL_TRAIN) && !config->train.kind)
        return rnl_fail(RNL_BAD_CONFIG, "data.train: expected training data, got none");
    if ((parts & RNL_VALIDATION) && rnl_split_is_on(config) && !config->train.kind)
        return rnl_fail(RNL_BAD_CONFIG, "data.%s: expected data.train to take a share of, got none",
                        rnl_split_folds(config) > 0 ? "folds" : "validation_split");
    return RNL_OK;
}

/* The training set measures the encoding that the others follow. */
unsigned rnl_data_sets_read(const rnl_data_config *config, const rnl_encoding *encoding,
                            unsigned parts)
{
    const bool splits = rnl_split_is_on(config), takes = splits && (parts & RNL_VALIDATION);
    const bool follows = config->train.kind && config->train.kind->operations == &rnl_csv_format &&
                         !(encoding && rnl_encoding_measured(encoding));
    return (takes || follows ? parts | RNL_TRAIN : parts) & ~(splits ? RNL_VALIDATION : 0u);
}

static bool add_need(rnl_data_need *need, const rnl_choice *source, const rnl_loading *loading)
{
    const rnl_data_format *format = source->kind ? source->kind->operations : NULL;
    return !format || !format->add_need || format->add_need(need, source->parameters, loading);
}

/* All sets together, before the first is read. */
static rnl_status check_need(const rnl_data_config *sources, const rnl_loading *loading,
                             unsigned sets)
{
    rnl_data_need need = {0};
    bool fits = true;
    if (sets & RNL_TRAIN)
        fits = add_need(&need, &sources->train, loading);
    if (sets & RNL_VALIDATION)
        fits = fits && add_need(&need, &sources->validation, loading);
    if (sets & RNL_TEST)
        fits = fits && add_need(&need, &sources->test, loading);
    size_t bytes;
    if (!fits || __builtin_add_overflow(need.kept, need.beside, &bytes))
        return rnl_fail(RNL_NO_MEMORY, "the data: more numbers than memory can ever hold");
    return rnl_check_memory("the data", bytes);
}

/* Columns of a table are looked at while it is read; of an array's, ranks have no whole ones. */
static rnl_status note_oddities(const rnl_data *data, const rnl_loading *loading)
{
    return rnl_encoding_measured(&data->encoding) || data->train.origins || data->train.parts
               ? RNL_OK
               : rnl_array_note_oddities(&data->train, loading->notes);
}

/* The training rows, with a look at them and at what is selected of them. */
static rnl_status load_train(rnl_data *data, const rnl_data_config *sources,
                             const rnl_loading *loading)
{
    const rnl_columns *targets = &data->encoding.targets;
    RNL_TRY(load(&data->train, &sources->train, loading));
    RNL_TRY(note_oddities(data, loading));
    return loading->classes ? rnl_class_use_check(loading->classes, &data->train,
                                                  targets->count > 0 ? targets->items : NULL)
                            : RNL_OK;
}

static rnl_status load_parts(rnl_data *data, const rnl_config *config, rnl_loading loading,
                             unsigned parts)
{
    const rnl_data_config *sources = &config->data;
    loading.encoding = &data->encoding;
    loading.notes = &data->notes;
    const unsigned sets = rnl_data_sets_read(sources, &data->encoding, parts);
    RNL_TRY(check_need(sources, &loading, sets));
    if (sets & RNL_TRAIN)
        RNL_TRY(load_train(data, sources, &loading));
    if (rnl_split_is_on(sources) && data->train.rows > 0)
        RNL_TRY(rnl_split(&data->validation, &data->train, config, &loading));
    else if (sets & RNL_VALIDATION)
        RNL_TRY(load(&data->validation, &sources->validation, &loading));
    if (sets & RNL_TEST)
        RNL_TRY(load(&data->test, &sources->test, &loading));
    if (parts & RNL_TRAIN)
        RNL_TRY(rnl_limit(&data->train, config));
    if (!(parts & RNL_TRAIN))
        rnl_dataset_release(&data->train);
    if (!(parts & RNL_VALIDATION))
        rnl_dataset_release(&data->validation);
    return RNL_OK;
}

static rnl_status load_selected(rnl_data *data, const rnl_config *config, rnl_loading loading,
                                unsigned parts)
{
    rnl_class_use use;
    RNL_TRY(rnl_class_use_begin(&use, &config->data.classes));
    loading.classes = config->data.classes.kind ? &use : NULL;
    const rnl_status status = load_parts(data, config, loading, parts);
    rnl_class_use_end(&use);
    return status;
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

rnl_status rnl_data_check_shapes(const rnl_data *data)
{
    RNL_TRY(check_shape(&data->validation, &data->train));
    RNL_TRY(check_shape(&data->test, &data->train));
    return check_shape(&data->test, &data->validation);
}

rnl_status rnl_data_check_rules(const rnl_data *data)
{
    return data->encoding.rules.rare == 0 || data->train.rows == 0 ||
                   rnl_encoding_measured(&data->encoding)
               ? RNL_OK
               : rnl_fail(RNL_BAD_CONFIG,
                          "data.rare: expected rows of a table, whose columns may have categories, "
                          "got those of %s",
                          data->train.name);
}

rnl_data *rnl_data_create_empty(void)
{
    const rnl_dataset empty = {.largest_label = -1};
    rnl_data *data = malloc(sizeof *data);
    if (data)
        *data = (rnl_data){.train = empty, .validation = empty, .test = empty};
    return data;
}

rnl_status rnl_data_deliver(rnl_data **data, rnl_data *made, rnl_status status)
{
    if (status == RNL_OK)
        *data = made;
    else
        rnl_data_free(made);
    return status;
}

rnl_status rnl_data_load_parts(rnl_data **data, const rnl_config *config,
                               const rnl_loading *loading, unsigned parts)
{
    rnl_loading mirrored = *loading;
    rnl_loading_mirror(&mirrored, &config->data);
    RNL_TRY(check_config(&config->data, &mirrored, parts));
    rnl_data *loaded = rnl_data_create_empty();
    if (!loaded)
        return rnl_fail_memory(sizeof *loaded);
    rnl_status status =
        loading->encoding ? rnl_encoding_copy(&loaded->encoding, loading->encoding) : RNL_OK;
    loaded->encoding.rules = rnl_category_rules_of(&config->data);
    if (status == RNL_OK)
        status = load_selected(loaded, config, mirrored, parts);
    if (status == RNL_OK)
        status = rnl_data_check_shapes(loaded);
    if (status == RNL_OK)
        status = rnl_data_check_rules(loaded);
    rnl_data_mirror(loaded, &config->data);
    loaded->shaped = true;
    return rnl_data_deliver(data, loaded, status);
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

rnl_status rnl_data_require_rows(const rnl_data *data, rnl_part part, const char *purpose)
{
    return rnl_data_part(data, part)->rows > 0
               ? RNL_OK
               : rnl_fail(RNL_BAD_DATA, "there are no %s rows to %s",
                          part == RNL_TRAIN        ? "training"
                          : part == RNL_VALIDATION ? "validation"
                                                   : "test",
                          purpose);
}

size_t rnl_data_rows(const rnl_data *data, rnl_part part)
{
    return rnl_data_part(data, part)->rows;
}
