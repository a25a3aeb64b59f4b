#include "engine/training/input_scale.h"

#include "engine/base/number.h"
#include "engine/layers/batch_normalization.h"
#include "engine/layers/layers.h"
#include "engine/schema/config.h"

#include <math.h>
#include <stdio.h>
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

/* As the network sees it. */
static double root_mean_square(const rnl_model *model, const rnl_dataset *rows, size_t feature)
{
    const size_t count = rnl_least(rows->rows, MOST_ROWS);
    double squares = 0;
    for (size_t i = 0; i < count; ++i) {
        const double x = rnl_scaler_apply(&model->scaler, feature,
                                          input_at(rows, i * rows->rows / count, feature));
        squares += x * x;
    }
    return sqrt(squares / (double)count);
}

/* "'area'" where the feature is a column of a table, else "number 3". */
static void name_feature(const rnl_model *model, size_t feature, char text[96])
{
    size_t begin = 0;
    snprintf(text, 96, "number %zu", feature);
    for (size_t i = 0; i < model->encoding.inputs.count; ++i) {
        const rnl_column *column = &model->encoding.inputs.items[i];
        const size_t width = column->categorical ? column->category_count : 1;
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

/* Returns the range of a feature, scaled as for the network. */
static double width_of(const rnl_model *model, const rnl_dataset *rows, size_t feature)
{
    double smallest = INFINITY, largest = -INFINITY;
    for (size_t i = 0; i < rows->rows; ++i) {
        const double x = input_at(rows, i, feature);
        smallest = x < smallest ? x : smallest;
        largest = x > largest ? x : largest;
    }
    return (largest - smallest) * model->scaler.scale[feature];
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
    for (size_t j = 0; j < rows->features; ++j) {
        const double width = width_of(model, rows, j);
        narrowest = width > 0 && width < least ? j : narrowest;
        least = width > 0 && width < least ? width : least;
        most = width > most ? width : most;
    }
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
    for (size_t j = 0; j < rows->features; ++j) {
        const double size = root_mean_square(model, rows, j);
        largest = size > most ? j : largest;
        most = size > most ? size : most;
    }
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

bool rnl_inputs_are_standardized(const rnl_model *model, const rnl_dataset *rows)
{
    const char *scaling = model->config->data.scaling.kind->name;
    const size_t count = rnl_least(rows->rows, MOST_ROWS);
    const double inputs = (double)(count * rows->features);
    double sum = 0, squares = 0;
    if (strcmp(scaling, "none") != 0)
        return strcmp(scaling, "standardize") == 0;
    for (size_t i = 0; i < count; ++i)
        for (size_t j = 0; j < rows->features; ++j) {
            const double x = input_at(rows, i * rows->rows / count, j);
            sum += x;
            squares += x * x;
        }
    const double mean = sum / inputs, deviation = sqrt(squares / inputs - mean * mean);
    return fabs(mean) < OFF_STANDARD && fabs(deviation - 1) < OFF_STANDARD;
}

bool rnl_inputs_are_zero(const rnl_model *model, const rnl_dataset *rows)
{
    const rnl_scaler *scaler = &model->scaler;
    for (size_t i = 0; i < rows->rows; ++i)
        for (size_t j = 0; j < rows->features; ++j) {
            const double x = input_at(rows, i, j);
            const bool scaled = scaler->features > 0;
            if ((scaled ? (x - scaler->centre[j]) * scaler->scale[j] + scaler->offset[j] : x) != 0)
                return false;
        }
    return true;
}
