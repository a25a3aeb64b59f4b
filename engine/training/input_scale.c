#include "engine/training/input_scale.h"

#include "engine/base/number.h"
#include "engine/layers/batch_normalization.h"
#include "engine/layers/layers.h"
#include "engine/schema/config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows that are looked at, evenly spread. */
#define MOST_ROWS    1000
#define TOO_LARGE    10.0
#define TOO_SMALL    0.1
#define OFF_STANDARD 0.2
#define TOO_NARROW   0.001

static double input_at(const rnl_dataset *rows, size_t row, size_t feature)
{
    const size_t at = row * rows->features + feature;
    return rnl_element_at(rows->element, rows->inputs, at);
}

/* What is measured of the inputs, along the rows: two numbers for each feature, or for all. */
typedef struct look {
    const rnl_model *model;
    const rnl_dataset *rows;
    double *first, *second;
} look;

/* Returns two arrays (count) one behind the other, all 0.  A rank that has no memory for it ends
 * the job: the others wait for what it measures. */
static double *numbers_for(const rnl_dataset *rows, size_t count)
{
    double *numbers = calloc(2 * count, sizeof *numbers);
    if (!numbers && rows->parts)
        rnl_job_fail(rows->parts->job, 1, "out of memory");
    return numbers;
}

/* false if the job is broken. */
static bool measure(look *l, size_t count, rnl_fold_work *work)
{
    l->second = l->first + count;
    return rnl_fold_rows(&(const rnl_fold){.parts = l->rows->parts,
                                           .rows = l->rows->rows,
                                           .work = work,
                                           .context = l,
                                           .states = 1,
                                           .state = {{l->first, 2 * count * sizeof *l->first}}}) ==
           RNL_OK;
}

/* The first of the rows looked at that is not before `row`; their number if there is none. */
static size_t looked_at_from(const rnl_dataset *rows, size_t row)
{
    const size_t count = rnl_least(rows->rows, MOST_ROWS);
    size_t i = 0;
    while (i < count && i * rows->rows / count < row)
        ++i;
    return i;
}

/* Sums up squares, as the network sees the inputs. */
static void add_squares(void *context, size_t first, size_t last)
{
    const look *l = context;
    const size_t count = rnl_least(l->rows->rows, MOST_ROWS), end = looked_at_from(l->rows, last);
    for (size_t i = looked_at_from(l->rows, first); i < end; ++i)
        for (size_t j = 0; j < l->rows->features; ++j) {
            const double x = rnl_scaler_apply(&l->model->scaler, j,
                                              input_at(l->rows, i * l->rows->rows / count, j));
            l->first[j] += x * x;
        }
}

/* "'area'" where the feature is a column of a table, else "number 3". */
static void name_feature(const rnl_model *model, size_t feature, char text[96])
{
    size_t begin = 0;
    snprintf(text, 96, "number %zu", feature);
    for (size_t i = 0; i < model->encoding.inputs.count; ++i) {
        const rnl_column *column = &model->encoding.inputs.items[i];
        const size_t width = rnl_column_width(column);
        if (feature >= begin && feature < begin + width)
            snprintf(text, 96, "'%.60s'", column->name);
        begin += width;
    }
}

bool rnl_inputs_are_normalized(const rnl_model *model)
{
    for (size_t i = 0; i < model->layer_count; ++i) {
        const rnl_layer *layer = &model->layers[i];
        if (rnl_layer_operations_of(layer) == &rnl_dense_operations)
            return false;
        if (rnl_layer_operations_of(layer) == &rnl_batch_normalization_operations)
            return rnl_batch_normalization_of(layer)->trainable;
    }
    return false;
}

static void extend_ranges(void *context, size_t first, size_t last)
{
    const look *l = context;
    for (size_t i = first; i < last; ++i)
        for (size_t j = 0; j < l->rows->features; ++j) {
            const double x = input_at(l->rows, i, j);
            l->first[j] = i == 0 || x < l->first[j] ? x : l->first[j];
            l->second[j] = i == 0 || x > l->second[j] ? x : l->second[j];
        }
}

/* Tests if one range for all features leaves almost nothing to one of them.  Pixels of images have
 * a common range, and use at least 1/255 of it. */
static bool range_is_odd(const rnl_model *model, const rnl_dataset *rows,
                         char text[RNL_INPUT_SCALE_TEXT])
{
    size_t narrowest = 0;
    double least = INFINITY, most = 0;
    if (rows->rank > 1 || rnl_encoding_measured(&model->encoding))
        return false;
    look l = {.model = model, .rows = rows, .first = numbers_for(rows, rows->features)};
    const bool measured = l.first && measure(&l, rows->features, extend_ranges);
    for (size_t j = 0; measured && j < rows->features; ++j) {
        const double width = (l.second[j] - l.first[j]) * model->scaler.scale[j];
        narrowest = width > 0 && width < least ? j : narrowest;
        least = width > 0 && width < least ? width : least;
        most = width > most ? width : most;
    }
    free(l.first);
    snprintf(
        text, RNL_INPUT_SCALE_TEXT,
        "data.scaling: range is one for all inputs, and leaves input number %zu %.2g %% of it: "
        "standardize or robust scale each by itself",
        narrowest, 100 * least / most);
    return least < TOO_NARROW * most;
}

static bool size_is_odd(const rnl_model *model, const rnl_dataset *rows, const char *cause,
                        char text[RNL_INPUT_SCALE_TEXT])
{
    size_t largest = 0;
    double most = 0;
    look l = {.model = model, .rows = rows, .first = numbers_for(rows, rows->features)};
    const bool measured = l.first && measure(&l, rows->features, add_squares);
    for (size_t j = 0; measured && j < rows->features; ++j) {
        const double size = sqrt(l.first[j] / (double)rnl_least(rows->rows, MOST_ROWS));
        largest = size > most ? j : largest;
        most = size > most ? size : most;
    }
    free(l.first);
    char name[96];
    name_feature(model, largest, name);
    snprintf(text, RNL_INPUT_SCALE_TEXT,
             "%s: the root mean square of input %s is %.3g, where about 1 trains best; see "
             "data.scaling",
             cause, name, most);
    return most > TOO_LARGE || (most < TOO_SMALL && most > 0);
}

bool rnl_input_scale_is_odd(const rnl_model *model, const rnl_dataset *rows,
                            char text[RNL_INPUT_SCALE_TEXT])
{
    const char *scaling = model->config->data.scaling.kind->name;
    if (rnl_inputs_are_normalized(model))
        return false;
    if (strcmp(scaling, "none") == 0)
        return size_is_odd(model, rows, "nothing scales the inputs", text);
    if (strcmp(scaling, "by_column") == 0)
        return size_is_odd(model, rows, "data.scaling leaves some inputs as they are", text);
    return strcmp(scaling, "range") == 0 && range_is_odd(model, rows, text);
}

static void add_moments(void *context, size_t first, size_t last)
{
    const look *l = context;
    const size_t count = rnl_least(l->rows->rows, MOST_ROWS), end = looked_at_from(l->rows, last);
    for (size_t i = looked_at_from(l->rows, first); i < end; ++i)
        for (size_t j = 0; j < l->rows->features; ++j) {
            const double x = input_at(l->rows, i * l->rows->rows / count, j);
            *l->first += x;
            *l->second += x * x;
        }
}

bool rnl_inputs_are_standardized(const rnl_model *model, const rnl_dataset *rows)
{
    const char *scaling = model->config->data.scaling.kind->name;
    const double inputs = (double)(rnl_least(rows->rows, MOST_ROWS) * rows->features);
    double sums[2] = {0};
    look l = {.model = model, .rows = rows, .first = sums};
    if (strcmp(scaling, "none") != 0)
        return strcmp(scaling, "standardize") == 0;
    if (!measure(&l, 1, add_moments))
        return false;
    const double mean = sums[0] / inputs, deviation = sqrt(sums[1] / inputs - mean * mean);
    return fabs(mean) < OFF_STANDARD && fabs(deviation - 1) < OFF_STANDARD;
}

/* Counts rows with an input that is not 0, until there is one. */
static void look_for_others(void *context, size_t first, size_t last)
{
    const look *l = context;
    const rnl_scaler *scaler = &l->model->scaler;
    for (size_t i = first; i < last && *l->first == 0; ++i)
        for (size_t j = 0; j < l->rows->features; ++j)
            if (rnl_scaler_apply(scaler, j, input_at(l->rows, i, j)) != 0)
                *l->first = 1;
}

bool rnl_inputs_are_zero(const rnl_model *model, const rnl_dataset *rows)
{
    double found[2] = {0};
    look l = {.model = model, .rows = rows, .first = found};
    return measure(&l, 1, look_for_others) && found[0] == 0;
}
