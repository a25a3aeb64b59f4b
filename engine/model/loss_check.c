/*
 * Checks of a loss against the last layer of a network, and against the targets of rows.
 */
#include "engine/model/loss_check.h"

#include "engine/base/error.h"
#include "engine/kinds/activations.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

static rnl_status check_quantiles(const rnl_choice *loss, const rnl_layer *last)
{
    const rnl_number_list *list = rnl_loss_quantiles(loss);
    if (!list)
        return RNL_OK;
    if (list->count == 0 || list->count > RNL_MOST_QUANTILES)
        return rnl_fail_at(list->place, "quantiles: expected 1 to %d numbers, got %zu",
                           RNL_MOST_QUANTILES, list->count);
    for (size_t i = 0; i < list->count; ++i)
        if (!(list->items[i] < 1) || (i > 0 && !(list->items[i] > list->items[i - 1])))
            return rnl_fail_at(list->place,
                               "quantiles: expected growing numbers between 0 and 1, got %g as "
                               "number %zu",
                               list->items[i], i + 1);
    if (rnl_shape_features(&last->output) != list->count)
        return rnl_fail_at(last->choice->place,
                           "%s: loss %s needs an output for each of its %zu quantiles, got %zu: "
                           "units: %zu",
                           last->name, loss->kind->name, list->count,
                           rnl_shape_features(&last->output), list->count);
    return RNL_OK;
}

rnl_status rnl_loss_check(const rnl_choice *loss, const rnl_choice *activation,
                          const rnl_layer *last)
{
    const char *wanted = rnl_loss_of(loss)->fused_activation;
    const bool only_fused = activation && rnl_activation_of(activation)->only_with_loss;
    if (wanted ? !rnl_loss_fuses(loss, activation) : only_fused)
        return rnl_fail_at(last->choice->place,
                           "%s: loss %s needs a last layer with %s%s, got %s%s", last->name,
                           loss->kind->name, wanted ? "activation " : "another activation",
                           wanted ? wanted : "", activation ? "" : "none: it is of kind ",
                           activation ? activation->kind->name : last->choice->kind->name);
    if (wanted && strcmp(wanted, "softmax") == 0 && rnl_shape_features(&last->output) == 1)
        return rnl_fail_at(last->choice->place,
                           "%s: softmax of 1 unit is always 1: for two classes write {units: 1, "
                           "activation: sigmoid} with loss binary_crossentropy, or 2 units",
                           last->name);
    if (last->output.rank != 1)
        return rnl_fail_at(last->choice->place,
                           "%s: loss %s needs outputs in one dimension: put a flatten layer before "
                           "it",
                           last->name, loss->kind->name);
    return check_quantiles(loss, last);
}

/* ---- targets --------------------------------------------------------------------------------- */

static rnl_status check_labels(const rnl_choice *loss, const rnl_dataset *dataset, size_t outputs)
{
    const size_t classes = rnl_loss_classes(loss, outputs);
    if (rnl_loss_of(loss)->target == RNL_TARGET_VALUES && rnl_loss_targets(loss, outputs) != 1)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected %zu values for each row, one for each output of the last "
                        "layer, got a class number",
                        dataset->name, outputs);
    if (classes > 0 && dataset->largest_label >= 0 && (size_t)dataset->largest_label >= classes)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: label %d is outside of the classes: the model tells %zu apart, "
                        "labelled 0 to %zu; it needs a last layer with units: %zu",
                        dataset->name, (int)dataset->largest_label, classes, classes - 1,
                        (size_t)dataset->largest_label + 1);
    return RNL_OK;
}

/* Probabilities lie between 0 and 1, counts are not negative, all values are finite. */
static rnl_status check_range(const rnl_choice *loss, const rnl_dataset *dataset)
{
    const bool probabilities = rnl_loss_of(loss)->fused_activation != NULL;
    const bool counts = rnl_loss_of(loss)->counts;
    const double least = probabilities || counts ? 0 : -FLT_MAX, most = probabilities ? 1 : FLT_MAX;
    for (size_t i = 0; i < dataset->rows * dataset->value_columns; ++i) {
        const double value = rnl_dataset_value(dataset, i);
        if (!(value >= least && value <= most))
            return rnl_fail(RNL_BAD_DATA, "%s: row %zu: loss %s needs %s as targets, got %g",
                            dataset->name, i / dataset->value_columns, loss->kind->name,
                            probabilities ? "numbers from 0 to 1"
                            : counts      ? "finite numbers from 0 up"
                                          : "finite numbers",
                            value);
    }
    return RNL_OK;
}

/* Names the first value that is no class number, where there is one for each row. */
static rnl_status fail_no_classes(const rnl_choice *loss, const rnl_dataset *dataset)
{
    size_t row = dataset->value_columns == 1 ? 0 : dataset->rows;
    while (row < dataset->rows && rnl_dataset_value(dataset, row) >= 0 &&
           rnl_dataset_value(dataset, row) <= INT32_MAX)
        ++row;
    char got[64] = "got values";
    if (row < dataset->rows)
        snprintf(got, sizeof got, "row %zu has %.10g", row, rnl_dataset_value(dataset, row));
    return rnl_fail(
        RNL_BAD_DATA,
        "%s: loss %s needs class numbers from 0 as targets, an integer for each row, %s",
        dataset->name, loss->kind->name, got);
}

static rnl_status check_values(const rnl_choice *loss, const rnl_dataset *dataset, size_t outputs)
{
    if (rnl_loss_of(loss)->target == RNL_TARGET_CLASS)
        return fail_no_classes(loss, dataset);
    if (rnl_loss_quantiles(loss) && dataset->value_columns != 1)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected one target value for each row, whose quantiles the outputs "
                        "are, got %zu",
                        dataset->name, dataset->value_columns);
    if (dataset->value_columns != rnl_loss_targets(loss, outputs))
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected %zu target values for each row, one for each output of the "
                        "last layer, got %zu",
                        dataset->name, outputs, dataset->value_columns);
    return check_range(loss, dataset);
}

rnl_status rnl_loss_check_rows(const rnl_choice *loss, const rnl_dataset *dataset, size_t outputs)
{
    if (dataset->values)
        return check_values(loss, dataset, outputs);
    if (dataset->labels)
        return check_labels(loss, dataset, outputs);
    return rnl_fail(RNL_BAD_DATA, "%s: expected targets beside the inputs, got none",
                    dataset->name);
}
