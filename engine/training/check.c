#include "engine/training/check.h"

#include "engine/base/error.h"
#include "engine/data/split.h"
#include "engine/kinds/optimizers.h"
#include "engine/kinds/regularizers.h"
#include "engine/layers/dense/dense.h"
#include "engine/layers/layers.h"
#include "engine/model/mirrored_targets.h"
#include "engine/schema/config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

rnl_status rnl_check_dataset(const rnl_model *model, const rnl_dataset *dataset)
{
    RNL_TRY(rnl_model_check_scaling(model));
    if (dataset->rows > UINT32_MAX)
        return rnl_fail(RNL_BAD_DATA, "%s: expected fewer than 2^32 rows", dataset->name);
    return rnl_model_check_rows(model, dataset);
}

rnl_status rnl_check_labelled(const rnl_model *model, const rnl_dataset *dataset)
{
    RNL_TRY(rnl_check_dataset(model, dataset));
    return rnl_model_check_targets(model, dataset);
}

static bool are_parts_alike(const rnl_row_parts *parts, rnl_row_parts *expected)
{
    const bool alike = parts->each == expected->each && parts->count == expected->count &&
                       memcmp(parts->ends, expected->ends, parts->count * sizeof *parts->ends) == 0;
    free(expected);
    return alike;
}

/* Deals the rows out again. */
static rnl_status compare_parts(const rnl_model *model, const rnl_data *data)
{
    const rnl_row_parts *train = data->train.parts, *validation = data->validation.parts;
    const rnl_training_config *training = &model->config->training;
    bool alike = !(train && training->inspect);
    rnl_row_parts *expected;
    if (train) {
        RNL_TRY(
            rnl_parts_by_shards(&expected, train->job, data->train.rows, (size_t)training->shards));
        alike &= are_parts_alike(train, expected);
    }
    if (validation) {
        RNL_TRY(rnl_parts_in_turn(&expected, validation->job, data->validation.rows,
                                  rnl_config_batch(model->config, data->train.rows)));
        alike &= are_parts_alike(validation, expected);
    }
    return alike ? RNL_OK
                 : rnl_fail(RNL_BAD_DATA,
                            "%s: ranks hold these rows by parts of another configuration: expected "
                            "the model's training.shards, batch_size and inspect",
                            data->train.name);
}

rnl_status rnl_check_held(const rnl_model *model, const rnl_data *data, const rnl_job *job)
{
    RNL_TRY(rnl_dataset_check_held(&data->train, job));
    RNL_TRY(rnl_dataset_check_held(&data->validation, job));
    return compare_parts(model, data);
}

/* Refuses l1_proximal with a velocity that never decays: it has no lasting rate. */
static rnl_status check_proximal(const rnl_model *model)
{
    if (!rnl_optimizer_never_slows(model->phase.optimizer))
        return RNL_OK;
    for (size_t i = 0; i < model->layer_count; ++i)
        for (size_t p = 0; p < model->layers[i].parameter_count; ++p) {
            const rnl_choice *regularizer = model->layers[i].parameters[p].regularizer;
            if (rnl_regularizer_of(regularizer).proximal)
                return rnl_fail_at(regularizer->place,
                                   "%s: l1_proximal needs an optimizer with momentum below 1",
                                   model->layers[i].name);
        }
    return RNL_OK;
}

rnl_status rnl_check_trainable(const rnl_model *model, const rnl_data *data)
{
    RNL_TRY(rnl_data_require_rows(data, RNL_TRAIN, "train on"));
    RNL_TRY(rnl_split_check_fold(&model->config->data));
    if (rnl_model_first_trainable(model) == model->layer_count)
        return rnl_fail(RNL_BAD_CONFIG, "there is nothing to train: no layer has parameters that "
                                        "are neither fixed nor frozen");
    RNL_TRY(check_proximal(model));
    RNL_TRY(rnl_check_labelled(model, &data->train));
    return rnl_mirrored_check_rows(model, &data->train);
}

static bool all_finite(const float *values, size_t count)
{
    bool finite = true;
    for (size_t i = 0; i < count; ++i)
        finite &= isfinite(values[i]) != 0;
    return finite;
}

/* Tests the rows of a mini-batch. */
static bool rows_finite(const rnl_step *step, const rnl_matrix *matrix, size_t rows)
{
    bool finite = true;
    for (size_t s = 0; s < step->rows.shards; ++s) {
        const rnl_shard shard = rnl_cut_shard(step->rows, rows, s);
        for (size_t i = shard.row; i < shard.row + shard.filled; ++i)
            finite &= all_finite(matrix->values + i * matrix->stride, matrix->columns);
    }
    return finite;
}

/* Tests if the initializer ignores the number of inputs. */
static bool is_of_one_size(const rnl_choice *initializer)
{
    static const char *const names[] = {"random_normal", "truncated_normal", "random_uniform",
                                        "constant", "ones"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
        if (strcmp(initializer->kind->name, names[i]) == 0)
            return true;
    return false;
}

/* Returns the size of a kernel's outputs, so initialized, for inputs of size 1. */
static double gain_of(const rnl_layer *layer)
{
    const rnl_parameter *kernel = &layer->parameters[RNL_DENSE_KERNEL];
    double squares = 0;
    if (rnl_layer_operations_of(layer) != &rnl_dense_operations ||
        !is_of_one_size(&rnl_dense_of(layer)->kernel_initializer))
        return 0;
    for (size_t i = 0; i < rnl_parameter_count(kernel); ++i) {
        const double w = (double)kernel->arrays[RNL_VALUES][i];
        squares += w * w;
    }
    return sqrt(squares / (double)kernel->size[1]);
}

#define ADVICE_TEXT 256
#define LARGE_GAIN  2  /* he_normal's is 1.4 */
#define EARLY       10 /* steps in which the initial weights still matter */

/* Blames initial weights that are too large; false if none are. */
static bool blame_weights(char text[ADVICE_TEXT], const rnl_model *model)
{
    const rnl_layer *largest = NULL;
    double most = LARGE_GAIN;
    for (size_t i = 0; i < model->layer_count; ++i) {
        const double gain = gain_of(&model->layers[i]);
        largest = gain > most ? &model->layers[i] : largest;
        most = fmax(gain, most);
    }
    if (!largest)
        return false;
    snprintf(text, ADVICE_TEXT,
             "the first weights of %s, from %s, make of inputs of size 1 outputs of size %.2g: "
             "kernel_initializer: auto or batch normalization may help",
             largest->name, rnl_dense_of(largest)->kernel_initializer.kind->name, most);
    return true;
}

/* Advises: an overflow in the first steps is due to the initial weights, unless the rate caused
 * it. */
static void advise(char text[ADVICE_TEXT], const rnl_step *step, uint64_t number, bool by_rate)
{
    if (number <= EARLY && blame_weights(text, step->given.model))
        return;
    snprintf(text, ADVICE_TEXT, "%s may help",
             number > 1 || by_rate ? "a lower learning_rate"
                                   : "smaller initial weights or batch normalization");
}

rnl_status rnl_fail_not_finite(const rnl_step *step, const rnl_batch *batch, uint64_t number)
{
    char advice[ADVICE_TEXT];
    advise(advice, step, number, false);
    if (!rows_finite(step, &step->input, batch->rows))
        return rnl_fail(RNL_NOT_FINITE, "step %llu: an input of the mini-batch is NaN or infinite",
                        (unsigned long long)number);
    for (size_t i = 0; i < step->layers.count; ++i)
        if (!rows_finite(step, step->layers.outputs[i], batch->rows))
            return rnl_fail(RNL_NOT_FINITE,
                            "step %llu: the output of layer %s is NaN or infinite; %s",
                            (unsigned long long)number, step->given.model->layers[i].name, advice);
    return rnl_fail(RNL_NOT_FINITE, "step %llu: the loss is NaN or infinite; %s",
                    (unsigned long long)number, advice);
}

rnl_status rnl_check_updates(const rnl_step *step, uint64_t before)
{
    const uint64_t trouble = atomic_load(&step->update.trouble);
    if (trouble >= rnl_trouble_pack(before, 0, 0))
        return RNL_OK;
    const uint64_t number = rnl_trouble_step(trouble);
    const rnl_trouble kind = rnl_trouble_kind(trouble);
    const rnl_block *block = step->blocks.items[rnl_trouble_block(trouble)];
    char advice[ADVICE_TEXT];
    advise(advice, step, number, kind == RNL_TROUBLE_VALUES);
    static const char *const what[] = {
        [RNL_TROUBLE_GRADIENT] = "the gradient of the",
        [RNL_TROUBLE_VALUES] = "the new",
        [RNL_TROUBLE_STATE] = "the optimizer's state for the",
    };
    return rnl_fail(RNL_NOT_FINITE, "step %llu: %s %s of layer %s is NaN or infinite; %s",
                    (unsigned long long)number, what[kind], block->parameter->name,
                    block->layer->name, advice);
}

rnl_status rnl_check_parameters(const rnl_step *step)
{
    RNL_TRY(rnl_check_updates(step, RNL_TROUBLE_LAST_STEP));
    for (size_t i = 0; i < step->blocks.count; ++i) {
        const rnl_block *block = step->blocks.items[i];
        if (!all_finite(block->arrays[RNL_VALUES], block->count))
            return rnl_fail(RNL_NOT_FINITE,
                            "after the last step, the %s of layer %s is NaN or infinite",
                            block->parameter->name, block->layer->name);
    }
    return RNL_OK;
}
