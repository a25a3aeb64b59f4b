/*
 * Rows in the caller's own arrays.
 */
#include "engine/base/error.h"
#include "engine/data/array_oddities.h"
#include "engine/data/arrow_frame.h"
#include "engine/data/automatic_columns.h"
#include "engine/data/hold_out.h"
#include "engine/data/parts.h"
#include "engine/data/strided.h"
#include "threading/floating_mode.h"

#include <stdlib.h>
#include <string.h>

static rnl_status check_shape(const rnl_rows *rows, const char *name)
{
    bool fits = rows->rank >= 1 && rows->rank <= RNL_MAX_RANK && rows->rows <= UINT32_MAX;
    size_t numbers = fits ? rows->rows * sizeof(double) : 0;
    for (size_t i = 0; fits && i < rows->rank; ++i)
        fits = rows->shape[i] > 0 && !__builtin_mul_overflow(numbers, rows->shape[i], &numbers);
    return fits && numbers <= PTRDIFF_MAX
               ? RNL_OK
               : rnl_fail(RNL_BAD_DATA,
                          "%s: expected up to 4294967295 rows of 1 to %d dimensions of at least "
                          "1 that fit in memory",
                          name, RNL_MAX_RANK);
}

static size_t count_given(const void *const *arrays, size_t count)
{
    size_t given = 0;
    for (size_t i = 0; i < count; ++i)
        given += arrays[i] != NULL;
    return given;
}

static rnl_status check_arrays(const rnl_rows *rows, const char *name)
{
    const void *const inputs[] = {rows->floats, rows->bytes, rows->doubles, rows->inputs,
                                  rows->frame};
    const void *const targets[] = {rows->classes, rows->values, rows->double_values,
                                   rows->class_numbers, rows->target_values};
    if (count_given(inputs, sizeof inputs / sizeof *inputs) != 1)
        return rnl_fail(RNL_BAD_DATA, "%s: expected either floats, bytes or doubles as inputs",
                        name);
    if (count_given(targets, sizeof targets / sizeof *targets) > 1)
        return rnl_fail(RNL_BAD_DATA, "%s: expected either classes or values as targets", name);
    if (rows->sample_weights && rows->weights)
        return rnl_fail(RNL_BAD_DATA, "%s: expected one array of sample weights, got two", name);
    if (rows->target_values && rows->value_columns == 0)
        return rnl_fail(RNL_BAD_DATA, "%s: expected at least 1 column of target values", name);
    return RNL_OK;
}

static rnl_status check_classes(const rnl_rows *rows, const char *name)
{
    for (size_t i = 0; rows->classes && i < rows->rows; ++i)
        if (rows->classes[i] < 0)
            return rnl_fail(RNL_BAD_DATA, "%s: row %zu: expected a class number from 0, got %d",
                            name, i, (int)rows->classes[i]);
    return RNL_OK;
}

/* The members are not written to: rows of a dataset never change. */
static void *borrow(const void *array, bool *borrowed)
{
    *borrowed |= array != NULL;
    return (void *)(uintptr_t)array;
}

static rnl_status take_inputs(rnl_dataset *dataset, const rnl_rows *rows)
{
    if (rows->inputs)
        return rnl_strided_inputs(dataset, rows->inputs);
    dataset->element = rows->bytes ? RNL_UINT8 : rows->floats ? RNL_FLOAT32 : RNL_FLOAT64;
    dataset->inputs = borrow(rows->bytes    ? (const void *)rows->bytes
                             : rows->floats ? (const void *)rows->floats
                                            : rows->doubles,
                             &dataset->borrowed.inputs);
    return RNL_OK;
}

static rnl_status take_targets(rnl_dataset *dataset, const rnl_rows *rows)
{
    bool *borrowed = &dataset->borrowed.targets;
    if (rows->class_numbers)
        return rnl_strided_classes(dataset, rows->class_numbers);
    if (rows->target_values)
        return rnl_strided_values(dataset, rows->target_values, rows->value_columns);
    dataset->labels = borrow(rows->classes, borrowed);
    dataset->wide = rows->double_values != NULL;
    dataset->values =
        borrow(dataset->wide ? (const void *)rows->double_values : rows->values, borrowed);
    dataset->value_columns = dataset->values ? rows->value_columns : 0;
    return RNL_OK;
}

static rnl_status take_weights(rnl_dataset *dataset, const rnl_rows *rows)
{
    if (rows->weights)
        return rnl_strided_weights(dataset, rows->weights);
    dataset->sample_weights = borrow(rows->sample_weights, &dataset->borrowed.weights);
    return RNL_OK;
}

static void take_shape(rnl_dataset *dataset, const rnl_rows *rows)
{
    dataset->features = 1;
    dataset->rank = rows->rank;
    for (size_t i = 0; i < rows->rank; ++i) {
        dataset->shape[i] = rows->shape[i];
        dataset->features *= rows->shape[i];
    }
}

/* Takes what stands beside the inputs, and looks at all of it. */
static rnl_status take_others(rnl_dataset *dataset, const rnl_rows *rows)
{
    RNL_TRY(take_targets(dataset, rows));
    RNL_TRY(take_weights(dataset, rows));
    rnl_dataset_measure_labels(dataset);
    RNL_TRY(rnl_dataset_check_inputs(dataset));
    return rnl_dataset_check_weights(dataset);
}

static rnl_status take_arrays(rnl_dataset *dataset, const rnl_rows *rows, const char *name,
                              rnl_notes *notes)
{
    RNL_TRY(check_shape(rows, name));
    dataset->rows = rows->rows;
    take_shape(dataset, rows);
    RNL_TRY(take_inputs(dataset, rows));
    RNL_TRY(take_others(dataset, rows));
    return rnl_array_note_oddities(dataset, notes);
}

static bool has_others(const rnl_rows *rows)
{
    return rows->classes || rows->values || rows->double_values || rows->class_numbers ||
           rows->target_values || rows->sample_weights || rows->weights;
}

/* Leaves out the rows that are not kept, with their targets and weights. */
static rnl_status keep(rnl_dataset *dataset, const bool *kept)
{
    size_t count = 0;
    for (size_t i = 0; i < dataset->rows; ++i)
        count += kept[i];
    return count > 0 ? rnl_dataset_keep(dataset, kept, count)
                     : rnl_fail(RNL_BAD_DATA, "%s: expected a row without a missing value",
                                dataset->name);
}

static rnl_status take_columns(rnl_dataset *dataset, const rnl_rows *rows,
                               const rnl_arrow_frame *frame, rnl_encoding *encoding,
                               rnl_notes *notes)
{
    const bool fresh = !rnl_encoding_measured(encoding);
    const bool keeps_all = !has_others(rows);
    const rnl_arrow_use use = {
        keeps_all && rows->missing == RNL_MISSING_DROP ? RNL_MISSING_ERROR : rows->missing,
        rows->all_categories != 0, rows->auto_categories != 0, encoding, keeps_all};
    bool *kept = NULL;
    if (frame->rows != rows->rows && (rows->rows > 0 || has_others(rows)))
        return rnl_fail(RNL_BAD_DATA, "%s: expected %zu rows in the frame, got %zu", dataset->name,
                        rows->rows, frame->rows);
    dataset->rows = frame->rows;
    rnl_status status = frame->rows > 0 ? rnl_arrow_take(dataset, frame, &use, &kept) : RNL_OK;
    if (status == RNL_OK && fresh)
        status = rnl_automatic_check(encoding, dataset->name, notes);
    if (status == RNL_OK && frame->rows > 0)
        status = take_others(dataset, rows);
    if (status == RNL_OK && frame->rows > 0 && fresh && notes)
        status = rnl_arrow_note_oddities(frame, dataset, kept, encoding, notes);
    if (status == RNL_OK && kept)
        status = keep(dataset, kept);
    free(kept);
    return status;
}

static rnl_status take_frame(rnl_dataset *dataset, const rnl_rows *rows, const char *name,
                             rnl_encoding *encoding, rnl_notes *notes)
{
    rnl_arrow_frame frame;
    if ((unsigned)rows->missing > RNL_MISSING_FILL)
        return rnl_fail(RNL_BAD_DATA, "%s: expected an rnl_missing_rule", name);
    rnl_status status = rnl_arrow_frame_read(&frame, rows->frame, name);
    if (status == RNL_OK)
        status = take_columns(dataset, rows, &frame, encoding, notes);
    rnl_arrow_frame_release(&frame);
    return status;
}

/* Notes on columns are of training rows alone. */
static rnl_status take_rows(rnl_dataset *dataset, const rnl_rows *rows, const char *name,
                            rnl_encoding *encoding, rnl_notes *notes)
{
    if (!rows || (rows->rows == 0 && !rows->frame))
        return RNL_OK;
    RNL_TRY(check_arrays(rows, name));
    RNL_TRY(check_classes(rows, name));
    dataset->name = strdup(name);
    if (!dataset->name)
        return rnl_fail_memory(strlen(name) + 1);
    return rows->frame ? take_frame(dataset, rows, name, encoding, notes)
                       : take_arrays(dataset, rows, name, notes);
}

static void release_frame(const rnl_rows *rows)
{
    struct ArrowArrayStream *stream = rows ? rows->frame : NULL;
    if (stream && stream->release)
        stream->release(stream);
}

static rnl_status take_parts(rnl_data *data, const rnl_encoding *encoding, const rnl_config *config,
                             const rnl_rows *train, const rnl_rows *validation,
                             const rnl_rows *test)
{
    if (encoding)
        RNL_TRY(rnl_encoding_copy(&data->encoding, encoding));
    if (config)
        data->encoding.rules = rnl_category_rules_of(&config->data);
    RNL_TRY(take_rows(&data->train, train, "training rows", &data->encoding, &data->notes));
    RNL_TRY(take_rows(&data->validation, validation, "validation rows", &data->encoding, NULL));
    RNL_TRY(take_rows(&data->test, test, "test rows", &data->encoding, NULL));
    RNL_TRY(rnl_data_check_rules(data));
    return rnl_data_check_shapes(data);
}

rnl_status rnl_data_create_encoded(rnl_data **data, const rnl_encoding *encoding,
                                   const rnl_config *config, const rnl_rows *train,
                                   const rnl_rows *validation, const rnl_rows *test)
{
    rnl_data *created = rnl_data_create_empty();
    rnl_status status = created ? RNL_OK : rnl_fail_memory(sizeof *created);
    if (status == RNL_OK)
        status = rnl_data_deliver(data, created,
                                  take_parts(created, encoding, config, train, validation, test));
    release_frame(train);
    release_frame(validation);
    release_frame(test);
    return status;
}

rnl_status rnl_data_create(rnl_data **data, const rnl_rows *train, const rnl_rows *validation,
                           const rnl_rows *test)
{
    RNL_OWN_FLOATING_MODE;
    return rnl_data_create_encoded(data, NULL, NULL, train, validation, test);
}
