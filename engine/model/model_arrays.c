/*
 * The arrays of a model's parameters: values, the optimizer's state, the best values so far.
 */
#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/model/model.h"

#include <stdlib.h>
#include <string.h>

/* Tests if the parameter needs this array and does not have it. */
static bool lacks(const rnl_layer *layer, const rnl_parameter *parameter, size_t array)
{
    return !parameter->arrays[array] && rnl_parameter_has(layer, parameter, array);
}

rnl_status rnl_parameter_allocate(const rnl_layer *layer, rnl_parameter *parameter, size_t array)
{
    return lacks(layer, parameter, array)
               ? rnl_allocate_zeros(&parameter->arrays[array], layer->name, parameter->size[0],
                                    parameter->rank > 1 ? parameter->size[1] : 1, sizeof(float))
               : RNL_OK;
}

size_t rnl_model_missing_bytes(const rnl_model *model, size_t first, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < model->layer_count; ++i)
        for (size_t p = 0; p < model->layers[i].parameter_count; ++p)
            for (size_t a = first; a < first + count; ++a)
                if (lacks(&model->layers[i], &model->layers[i].parameters[p], a))
                    bytes += rnl_parameter_count(&model->layers[i].parameters[p]) * sizeof(float);
    return bytes;
}

rnl_status rnl_model_allocate(rnl_model *model, const char *what, size_t first, size_t count)
{
    RNL_TRY(rnl_check_memory(what, rnl_model_missing_bytes(model, first, count)));
    for (size_t i = 0; i < model->layer_count; ++i)
        for (size_t p = 0; p < model->layers[i].parameter_count; ++p)
            for (size_t a = first; a < first + count; ++a)
                RNL_TRY(
                    rnl_parameter_allocate(&model->layers[i], &model->layers[i].parameters[p], a));
    return RNL_OK;
}

rnl_status rnl_model_allocate_slots(rnl_model *model, size_t slots)
{
    return rnl_model_allocate(model, "the optimizer's state", RNL_FIRST_SLOT, slots);
}

rnl_status rnl_model_keep_best(rnl_model *model)
{
    RNL_TRY(rnl_model_allocate(model, "the best weights", RNL_BEST, 1));
    for (size_t i = 0; i < model->layer_count; ++i)
        for (size_t p = 0; p < model->layers[i].parameter_count; ++p) {
            const rnl_parameter *parameter = &model->layers[i].parameters[p];
            memcpy(parameter->arrays[RNL_BEST], parameter->arrays[RNL_VALUES],
                   rnl_parameter_count(parameter) * sizeof(float));
        }
    return RNL_OK;
}

void rnl_model_swap_best(rnl_model *model)
{
    for (size_t i = 0; i < model->layer_count; ++i)
        for (size_t p = 0; p < model->layers[i].parameter_count; ++p) {
            float **arrays = model->layers[i].parameters[p].arrays;
            float *values = arrays[RNL_VALUES];
            arrays[RNL_VALUES] = arrays[RNL_BEST];
            arrays[RNL_BEST] = values;
        }
}

void rnl_model_release_arrays(rnl_model *model, size_t first, size_t end)
{
    for (size_t i = 0; i < model->layer_count; ++i)
        for (size_t p = 0; p < model->layers[i].parameter_count; ++p)
            for (size_t a = first; a < end; ++a) {
                free(model->layers[i].parameters[p].arrays[a]);
                model->layers[i].parameters[p].arrays[a] = NULL;
            }
}

void rnl_model_drop_best(rnl_model *model)
{
    rnl_model_release_arrays(model, RNL_BEST, RNL_ARRAYS);
}

void rnl_model_end_training(rnl_model *model)
{
    rnl_model_release_arrays(model, RNL_FIRST_SLOT, RNL_ARRAYS);
    model->position = (rnl_position){0};
    rnl_tally_free(model->tally);
    model->tally = NULL;
}

/* The kernel is the first parameter of both. */
static void follow_tie(const rnl_layer *layer)
{
    const rnl_parameter *kernel = &layer->parameters[0];
    const size_t rows = kernel->size[0], columns = kernel->size[1];
    const float *from = layer->tied_to->parameters[0].arrays[RNL_VALUES];
    for (size_t i = 0; i < rows; ++i)
        for (size_t j = 0; j < columns; ++j)
            kernel->arrays[RNL_VALUES][i * columns + j] = from[j * rows + i];
}

void rnl_model_follow_ties(rnl_model *model)
{
    for (size_t i = 0; i < model->layer_count; ++i)
        if (model->layers[i].tied_to)
            follow_tie(&model->layers[i]);
}
