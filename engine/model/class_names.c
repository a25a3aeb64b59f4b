/*
 * The classes and outputs of a model by the names that they have in the table it was trained on.
 */
#include "engine/base/error.h"
#include "engine/model/model.h"

#include <math.h>
#include <stdio.h>

/* Returns the target column, whose categories the class numbers index. */
static const rnl_column *class_column(const rnl_model *model)
{
    const rnl_columns *targets = &model->encoding.targets;
    return targets->count == 1 && targets->items[0].categorical ? targets->items : NULL;
}

const char *rnl_model_class_name(const rnl_model *model, size_t class)
{
    const rnl_column *column = class_column(model);
    return column && class < column->category_count ? column->categories[class].name : NULL;
}

const char *rnl_model_output_name(const rnl_model *model, size_t output)
{
    const rnl_columns *targets = &model->encoding.targets;
    const size_t classes = rnl_model_classes(model);
    if (rnl_model_targets(model) == 1 && classes == 0)
        return targets->count > 0 ? targets->items[0].name : NULL;
    if (classes > 0 && rnl_model_outputs(model) == classes)
        return rnl_model_class_name(model, output);
    return output < targets->count ? targets->items[output].name : NULL;
}

/* "'red', 'green', ... ": the first few names. */
#define CLASS_NAMES 160
static void list_classes(const rnl_column *column, char text[CLASS_NAMES])
{
    enum { MOST = 4 };
    size_t length = 0;
    for (size_t i = 0; i < column->category_count && i < MOST; ++i)
        length += (size_t)snprintf(text + length, CLASS_NAMES - length, "%s'%.30s'",
                                   i > 0 ? ", " : "", column->categories[i].name);
    snprintf(text + length, CLASS_NAMES - length, "%s",
             column->category_count > MOST ? ", ..." : "");
}

/* Fractional numbers are probably values, not classes. */
static bool looks_continuous(const rnl_column *column)
{
    bool whole = true;
    for (size_t i = 0; i < column->category_count && column->numbers; ++i)
        whole &= column->categories[i].number == floor(column->categories[i].number);
    return column->numbers && !whole;
}

rnl_status rnl_model_check_classes(const rnl_model *model, const rnl_dataset *dataset)
{
    const rnl_column *column = class_column(model);
    const size_t classes = rnl_model_classes(model), outputs = rnl_model_outputs(model);
    if (!column || classes == 0 || column->category_count <= classes)
        return RNL_OK;
    char names[CLASS_NAMES], needs[96];
    list_classes(column, names);
    snprintf(needs, sizeof needs, "%s units: %zu",
             outputs == 1 ? "sparse_categorical_crossentropy with softmax and"
                          : "its last layer with",
             column->category_count);
    return rnl_fail(RNL_BAD_DATA,
                    "%s: column '%.60s' has %zu classes, %s, which the model's %zu output%s cannot "
                    "tell apart: it needs %s%s",
                    dataset->name, column->name, column->category_count, names, outputs,
                    outputs == 1 ? "" : "s", needs,
                    looks_continuous(column) ? ", or for values a loss such as mean_squared_error"
                                             : "");
}
