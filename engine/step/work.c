#include "engine/step/work.h"

#include "engine/config/config.h"
#include "engine/error.h"
#include "engine/step/row_tiles.h"
#include "engine/training/optimizers.h"

#include <stdio.h>
#include <stdlib.h>

/* Roughly: the step knows its own. */
#define PARAMETERS_PER_SLICE 4096

rnl_status rnl_work_add(rnl_work_list *list, const char *layer, const char *pass,
                        rnl_phase_cost cost)
{
    if (list->count == list->capacity) {
        const size_t larger = 2 * list->capacity + 32;
        rnl_phase_cost *costs = realloc(list->costs, larger * sizeof *costs);
        if (!costs)
            return rnl_fail_memory(larger * sizeof *costs);
        list->costs = costs;
        struct rnl_work_name *names = realloc(list->names, larger * sizeof *names);
        if (!names)
            return rnl_fail_memory(larger * sizeof *names);
        list->names = names;
        list->capacity = larger;
    }
    snprintf(list->names[list->count].text, sizeof list->names->text, "%s%s%s", layer,
             *layer ? " " : "", pass);
    list->costs[list->count++] = cost;
    return RNL_OK;
}

double rnl_work_update_bytes(const rnl_model *model, double parameters, double gradient_passes)
{
    const double arrays = 1 + (double)rnl_optimizer_slots(&model->config->training.optimizer);
    return parameters * sizeof(float) * (2 * arrays + gradient_passes);
}

static rnl_status add_rows(rnl_work_list *list, const char *pass, const rnl_shape *shape)
{
    const size_t tiles = rnl_row_tiles_in(list->rows);
    const double values = (double)(list->padded_rows * rnl_shape_features(shape));
    return rnl_work_add(list, "", pass,
                        (rnl_phase_cost){.tiles = tiles,
                                         .row_parts = list->row_parts,
                                         .bytes = 8 * values,
                                         .shared = 4 * values,
                                         .largest = 1 / (double)tiles});
}

/* The backward pass updates on its way, unless gradients are clipped first. */
static rnl_status add_update(rnl_work_list *list)
{
    double parameters = 0;
    for (size_t i = 0; i < list->model->layer_count; ++i)
        for (size_t p = 0; p < list->model->layers[i].parameter_count; ++p)
            parameters += (double)rnl_parameter_count(&list->model->layers[i].parameters[p]);
    const size_t slices = (size_t)(parameters / PARAMETERS_PER_SLICE) + 1;
    if (!list->model->config->training.clipping.kind)
        return RNL_OK;
    return rnl_work_add(list, "", "update",
                        (rnl_phase_cost){.tiles = slices,
                                         .bytes = rnl_work_update_bytes(list->model, parameters, 1),
                                         .shared = parameters * sizeof(float),
                                         .largest = 1 / (double)slices});
}

static rnl_status add_phases(rnl_work_list *list)
{
    const rnl_model *model = list->model;
    RNL_TRY(add_rows(list, "gather", &model->input));
    for (size_t i = 0; i < model->layer_count; ++i) {
        const rnl_layer *layer = &model->layers[i];
        const rnl_layer_operations *operations = rnl_layer_operations_of(layer);
        if (operations->work)
            RNL_TRY(operations->work(layer, list));
    }
    RNL_TRY(add_rows(list, "loss", &model->layers[model->layer_count - 1].output));
    return list->training ? add_update(list) : RNL_OK;
}

rnl_status rnl_work_of(rnl_work_list *list, const rnl_model *model, size_t batch_size,
                       bool training)
{
    const rnl_cut rows = rnl_cut_rows(batch_size);
    *list = (rnl_work_list){
        .model = model,
        .training = training,
        .rows = rows,
        .padded_rows = rows.blocks * rows.size,
        .row_parts = rnl_cut_parts(rows),
        .first_trainable = rnl_model_first_trainable(model),
    };
    const rnl_status status = add_phases(list);
    if (status != RNL_OK)
        rnl_work_release(list);
    return status;
}

void rnl_work_release(rnl_work_list *list)
{
    free(list->costs);
    free(list->names);
    *list = (rnl_work_list){0};
}
