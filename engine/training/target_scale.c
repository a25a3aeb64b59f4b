#include "engine/training/target_scale.h"

#include "engine/base/number.h"
#include "engine/data/adapt.h"
#include "engine/data/formats.h"
#include "engine/kinds/activations.h"
#include "engine/kinds/losses.h"
#include "engine/layers/layers.h"
#include "engine/schema/config.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Rows that are looked at, evenly spread. */
#define MOST_ROWS 1000
#define TOO_LARGE 10.0
#define TOO_SMALL 0.1

static size_t rows_looked_at(const rnl_dataset *rows)
{
    return rnl_least(rows->rows, MOST_ROWS);
}

static bool mirrors(const rnl_model *model)
{
    return rnl_targets_are_inputs(&model->config->data);
}

static double value_at(const rnl_dataset *rows, size_t i, size_t column)
{
    const size_t row = i * rows->rows / rows_looked_at(rows);
    return rnl_dataset_value(rows, row * rows->value_columns + column);
}

/* The target as the loss sees it. */
static double scaled_at(const rnl_model *model, const rnl_dataset *rows, size_t i, size_t column)
{
    if (!mirrors(model))
        return rnl_scaler_apply(&model->target_scaler, column, value_at(rows, i, column));
    const size_t row = i * rows->rows / rows_looked_at(rows);
    return rnl_scaler_apply(
        &model->scaler, column,
        rnl_element_at(rows->element, rows->inputs, row * rows->features + column));
}

typedef struct moments {
    double mean, deviation;
} moments;

static moments measure(const rnl_dataset *rows, size_t column)
{
    const size_t count = rows_looked_at(rows);
    moments m = {0};
    for (size_t i = 0; i < count; ++i)
        m.mean += value_at(rows, i, column) / (double)count;
    for (size_t i = 0; i < count; ++i) {
        const double distance = value_at(rows, i, column) - m.mean;
        m.deviation += distance * distance / (double)count;
    }
    m.deviation = sqrt(m.deviation);
    return m;
}

/* ---- far from 0 and 1 ------------------------------------------------------------------------ */

/* "'price'" where the target is a column of a table, else "number 3". */
static void name_target(const rnl_model *model, size_t column, char text[96])
{
    const rnl_columns *columns = &model->encoding.targets;
    if (column < columns->count)
        snprintf(text, 96, "'%.60s'", columns->items[column].name);
    else
        snprintf(text, 96, "number %zu", column);
}

/* The same array, or the same file. */
static bool are_the_inputs(const rnl_model *model, const rnl_dataset *rows)
{
    const rnl_choice *train = &model->config->data.train;
    const bool files = train->kind && (train->kind->operations == &rnl_idx_format ||
                                       train->kind->operations == &rnl_npy_format);
    const rnl_array_files *paths = files ? train->parameters : NULL;
    return rows->inputs == rows->values ||
           (paths && paths->targets && strcmp(paths->inputs, paths->targets) == 0);
}

/* The column whose mean and deviation are the largest, and whether they are far from 0 and 1. */
static bool find_odd(const rnl_dataset *rows, size_t *column, moments *odd)
{
    double most = 0, widest = 0;
    for (size_t j = 0; j < rows->value_columns; ++j) {
        const moments m = measure(rows, j);
        const double size = fmax(fabs(m.mean), m.deviation);
        widest = fmax(widest, m.deviation);
        if (j == 0 || size > most) {
            *column = j;
            *odd = m;
            most = size;
        }
    }
    return most > TOO_LARGE || (widest < TOO_SMALL && widest > 0);
}

/* Tests if there is one target, the same in every row, and rows enough to say so. */
static bool is_constant(const rnl_dataset *rows)
{
    size_t i = 1;
    while (i < rows->rows && rnl_dataset_value(rows, i) == rnl_dataset_value(rows, 0))
        ++i;
    return rows->value_columns == 1 && rows->rows >= 10 && i == rows->rows;
}

bool rnl_target_scale_is_odd(const rnl_model *model, const rnl_dataset *rows,
                             char text[RNL_TARGET_TEXT])
{
    const rnl_data_config *config = &model->config->data;
    char name[96];
    name_target(model, 0, name);
    if (!rows->values || mirrors(model) || !rnl_loss_is_of_numbers(&model->config->training.loss))
        return false;
    if (is_constant(rows)) {
        snprintf(text, RNL_TARGET_TEXT, "target %s is %.6g in every row: there is nothing to learn",
                 name, rnl_dataset_value(rows, 0));
        return true;
    }
    if (rnl_scales(&config->target_scaling) ||
        !rnl_loss_scales_targets(&model->config->training.loss))
        return false;
    if (rnl_scales(&config->scaling) && are_the_inputs(model, rows)) {
        snprintf(text, RNL_TARGET_TEXT,
                 "the targets are the inputs as they came, which data.scaling does not change: "
                 "data.target_scaling: standardize scales targets");
        return true;
    }
    size_t column = 0;
    moments odd = {0};
    const bool is_odd = find_odd(rows, &column, &odd);
    name_target(model, column, name);
    snprintf(text, RNL_TARGET_TEXT,
             "nothing scales the targets: target %s has mean %.3g and standard deviation %.3g, "
             "where about 0 and 1 train best; see data.target_scaling: standardize",
             name, odd.mean, odd.deviation);
    return is_odd;
}

/* ---- out of reach ---------------------------------------------------------------------------- */

/* Targets that lie outside, counted along the rows: where they are the inputs, ranks hold parts. */
typedef struct beyond {
    const rnl_model *model;
    const rnl_dataset *rows;
    rnl_reach reach;
    size_t columns, count;
} beyond;

static void count_beyond(void *context, size_t first, size_t last)
{
    beyond *b = context;
    const size_t looked_at = rows_looked_at(b->rows);
    for (size_t i = 0; i < looked_at; ++i) {
        const size_t row = i * b->rows->rows / looked_at;
        for (size_t j = 0; row >= first && row < last && j < b->columns; ++j) {
            const double target = scaled_at(b->model, b->rows, i, j);
            b->count += target < b->reach.least || target > b->reach.most;
        }
    }
}

/* Share of the targets that lie outside. */
static double share_beyond(const rnl_model *model, const rnl_dataset *rows, rnl_reach reach)
{
    beyond b = {model, rows, reach, mirrors(model) ? rows->features : rows->value_columns, 0};
    const rnl_status status =
        rnl_fold_rows(&(const rnl_fold){.parts = mirrors(model) ? rows->parts : NULL,
                                        .rows = rows->rows,
                                        .work = count_beyond,
                                        .context = &b,
                                        .states = 1,
                                        .state = {{&b.count, sizeof b.count}}});
    return status == RNL_OK ? (double)b.count / (double)(rows_looked_at(rows) * b.columns) : 0;
}

static void print_reach(char text[64], rnl_reach reach)
{
    if (isinf(reach.most))
        snprintf(text, 64, "numbers from %.4g up", reach.least);
    else
        snprintf(text, 64, "numbers from %.4g to %.4g", reach.least, reach.most);
}

bool rnl_targets_are_out_of_reach(const rnl_model *model, const rnl_dataset *rows,
                                  char text[RNL_TARGET_TEXT])
{
    const rnl_layer *last = &model->layers[model->layer_count - 1];
    const rnl_layer_operations *operations = rnl_layer_operations_of(last);
    const rnl_choice *activation = operations->activation ? operations->activation(last) : NULL;
    if (!activation || last->activation_in_loss || (!rows->values && !mirrors(model)))
        return false;
    const rnl_reach reach = rnl_activation_reach(activation);
    const double share = share_beyond(model, rows, reach);
    char numbers[64];
    print_reach(numbers, reach);
    snprintf(text, RNL_TARGET_TEXT,
             "%s: activation %s gives %s, and %.3g %% of the targets%s lie elsewhere, where no "
             "training brings it; the last layer of a regression has activation: linear",
             last->name, activation->kind->name, numbers, 100 * share,
             rnl_scales(&model->config->data.target_scaling) ? ", standardized," : "");
    return share > 0;
}

bool rnl_predictions_may_be_negative(const rnl_model *model, char text[RNL_TARGET_TEXT])
{
    const rnl_layer *last = &model->layers[model->layer_count - 1];
    const rnl_layer_operations *operations = rnl_layer_operations_of(last);
    const rnl_choice *activation = operations->activation ? operations->activation(last) : NULL;
    const rnl_choice *loss = &model->config->training.loss;
    if (!rnl_loss_of(loss)->counts || last->activation_in_loss ||
        (activation && rnl_activation_reach(activation).least >= 0))
        return false;
    snprintf(text, RNL_TARGET_TEXT,
             "loss %s takes the logarithm of the outputs, and those of %s may be negative; with "
             "activation: exponential they are not",
             loss->kind->name, last->name);
    return true;
}
