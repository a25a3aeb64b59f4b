#include "engine/training/input_scale.h"

#include "engine/config/config.h"
#include "engine/layers/batch_normalization.h"
#include "engine/layers/layers.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Rows that are looked at, evenly spread. */
#define MOST_ROWS    1000
#define TOO_LARGE    10.0
#define TOO_SMALL    0.1
#define OFF_STANDARD 0.2

static double input_at(const rnl_dataset *rows, size_t row, size_t feature)
{
    const size_t at = row * rows->features + feature;
    return rnl_element_at(rows->element, rows->inputs, at);
}

static double root_mean_square(const rnl_dataset *rows, size_t feature)
{
    const size_t count = rows->rows < MOST_ROWS ? rows->rows : MOST_ROWS;
    double squares = 0;
    for (size_t i = 0; i < count; ++i) {
        const double x = input_at(rows, i * rows->rows / count, feature);
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

bool rnl_input_scale_is_odd(const rnl_model *model, const rnl_dataset *rows,
                            char text[RNL_INPUT_SCALE_TEXT])
{
    size_t largest = 0;
    double most = 0;
    if (strcmp(model->config->data.scaling.kind->name, "none") != 0 ||
        rnl_inputs_are_normalized(model))
        return false;
    for (size_t j = 0; j < rows->features; ++j) {
        const double size = root_mean_square(rows, j);
        largest = size > most ? j : largest;
        most = size > most ? size : most;
    }
    char name[96];
    name_feature(model, largest, name);
    snprintf(text, RNL_INPUT_SCALE_TEXT,
             "nothing scales the inputs: the root mean square of input %s is %.3g, where about 1 "
             "trains best; see data.scaling",
             name, most);
    return most > TOO_LARGE || (most < TOO_SMALL && most > 0);
}

bool rnl_inputs_are_standardized(const rnl_model *model, const rnl_dataset *rows)
{
    const char *scaling = model->config->data.scaling.kind->name;
    const size_t count = rows->rows < MOST_ROWS ? rows->rows : MOST_ROWS;
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
