#include "engine/model/model_tensors.h"

#include "engine/base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool holds(const rnl_model *model, const rnl_parameter *parameter, size_t array,
                  rnl_file_contents contents)
{
    if (!parameter->arrays[array] || contents == RNL_ALL_THAT_CAN_BE || array == RNL_VALUES)
        return parameter->arrays[array] != NULL;
    return contents == RNL_AS_IT_STANDS && model->position.step > 0 &&
           (array != RNL_BEST || model->position.patience.best_step > 0);
}

static size_t array_total(const rnl_model *model, rnl_file_contents contents)
{
    size_t count = 0;
    for (size_t i = 0; i < model->layer_count; ++i)
        for (size_t p = 0; p < model->layers[i].parameter_count; ++p)
            for (size_t a = 0; a < RNL_ARRAYS; ++a)
                count += holds(model, &model->layers[i].parameters[p], a, contents);
    return count;
}

void rnl_tensor_name(char name[RNL_TENSOR_NAME], const rnl_layer *layer,
                     const rnl_parameter *parameter, size_t array)
{
    if (array == RNL_VALUES)
        snprintf(name, RNL_TENSOR_NAME, "%s.%s", layer->name, parameter->name);
    else if (array == RNL_BEST)
        snprintf(name, RNL_TENSOR_NAME, "%s.%s.best", layer->name, parameter->name);
    else
        snprintf(name, RNL_TENSOR_NAME, "%s.%s.slot_%zu", layer->name, parameter->name,
                 array - RNL_FIRST_SLOT + 1);
}

/* Adds a tensor without values. */
static rnl_tensor *add_tensor(rnl_tensor_list *list, const char *name, size_t rank,
                              const size_t *shape)
{
    char *own = list->names[list->count];
    rnl_tensor *tensor = &list->tensors[list->count++];
    snprintf(own, sizeof *list->names, "%s", name);
    *tensor = (rnl_tensor){.name = own, .rank = rank};
    memcpy(tensor->shape, shape, rank * sizeof *shape);
    return tensor;
}

double *rnl_scaler_array(const rnl_scaler *scaler, size_t array)
{
    double *const arrays[RNL_SCALER_ARRAYS] = {scaler->centre, scaler->scale, scaler->offset};
    return arrays[array];
}

void rnl_scaler_name(char name[RNL_TENSOR_NAME], const char *prefix, size_t array)
{
    static const char *const names[RNL_SCALER_ARRAYS] = {"centre", "scale", "offset"};
    snprintf(name, RNL_TENSOR_NAME, "%s.%s", prefix, names[array]);
}

static void list_scaler(rnl_tensor_list *list, const rnl_scaler *scaler, const char *prefix)
{
    for (size_t a = 0; a < RNL_SCALER_ARRAYS && scaler->features > 0; ++a) {
        char name[RNL_TENSOR_NAME];
        rnl_scaler_name(name, prefix, a);
        rnl_tensor *tensor = add_tensor(list, name, 1, &scaler->features);
        tensor->wide = true;
        tensor->wide_values = rnl_scaler_array(scaler, a);
    }
}

/* Lists what metrics need of the rows that the position has sums of. */
static void list_tally(rnl_tensor_list *list, const rnl_tally *tally)
{
    const size_t counts[] = {RNL_TALLY_COUNTS, tally->classes};
    const size_t scores[] = {tally->rows, tally->columns};
    if (tally->counts) {
        rnl_tensor *tensor = add_tensor(list, RNL_METRIC_COUNTS, 2, counts);
        tensor->wide = true;
        tensor->wide_values = tally->counts;
    }
    if (tally->scores)
        add_tensor(list, RNL_METRIC_SCORES, 2, scores)->values = tally->scores;
}

void rnl_tensors_release(rnl_tensor_list *list)
{
    free(list->tensors);
    free(list->names);
}

/* Lists the arrays of the parameters and the scaling. */
rnl_status rnl_tensors_list(rnl_tensor_list *list, const rnl_model *model,
                            rnl_file_contents contents)
{
    const size_t most = array_total(model, contents) + 2 * RNL_SCALER_ARRAYS + 3;
    *list = (rnl_tensor_list){
        .tensors = calloc(most, sizeof *list->tensors),
        .names = calloc(most, sizeof *list->names),
    };
    if (!list->tensors || !list->names) {
        rnl_tensors_release(list);
        return rnl_fail_memory(most * (sizeof *list->tensors + sizeof *list->names));
    }
    for (size_t i = 0; i < model->layer_count; ++i)
        for (size_t p = 0; p < model->layers[i].parameter_count; ++p) {
            const rnl_parameter *parameter = &model->layers[i].parameters[p];
            for (size_t a = 0; a < RNL_ARRAYS; ++a)
                if (holds(model, parameter, a, contents)) {
                    char name[RNL_TENSOR_NAME];
                    rnl_tensor_name(name, &model->layers[i], parameter, a);
                    add_tensor(list, name, parameter->rank, parameter->size)->values =
                        parameter->arrays[a];
                }
        }
    list_scaler(list, &model->scaler, RNL_SCALING);
    if (model->scaler.clip)
        add_tensor(list, RNL_CLIP, 1, &model->scaler.features)->values = model->scaler.clip;
    list_scaler(list, &model->target_scaler, RNL_TARGET_SCALING);
    if (contents != RNL_ENDED && model->tally && model->tally->rows > 0)
        list_tally(list, model->tally);
    return RNL_OK;
}
