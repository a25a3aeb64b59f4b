#include "engine/predictor/predictor.h"

#include "engine/base/error.h"
#include "threading/floating_mode.h"

#include <stdio.h>
#include <stdlib.h>

static rnl_status check_model(const rnl_model *model)
{
    const char *problem = rnl_isa_request_problem();
    if (problem)
        return rnl_fail(RNL_BAD_CONFIG, "%s", problem);
    RNL_TRY(rnl_model_check_scaling(model));
    return rnl_model_fetch(model);
}

static void name_stages(rnl_predictor *p, size_t first, const rnl_layer *layer)
{
    for (size_t i = first; i < p->stage_count; ++i)
        snprintf(p->stages[i].name, sizeof p->stages[i].name, "%s", layer->name);
    if (first < p->stage_count)
        p->stages[first].layer = layer;
}

static rnl_status plan_layers(rnl_predictor *p, const rnl_model *model)
{
    for (size_t i = 0; i < model->layer_count; ++i) {
        const rnl_layer *layer = &model->layers[i];
        const rnl_layer_operations *operations = rnl_layer_operations_of(layer);
        const size_t before = p->stage_count;
        if (operations->plan_inference)
            RNL_TRY(operations->plan_inference(layer, p));
        name_stages(p, before, layer);
    }
    return RNL_OK;
}

/* Lays the slots out, one after another. */
static void place_slots(rnl_predictor *p)
{
    for (size_t i = 0; i < p->slot_count; ++i) {
        p->slots[i].before = p->row_floats;
        p->row_floats += p->slots[i].stride;
    }
}

static rnl_status plan_input(rnl_predictor *p)
{
    const size_t stride = rnl_product_row_stride(p->features);
    p->slots = calloc(1, sizeof *p->slots);
    if (!p->slots)
        return rnl_fail_memory(sizeof *p->slots);
    p->slot_count = 1;
    p->slots[0] = (rnl_slot){.stride = stride, .holds = 1};
    p->current = (rnl_slot_matrix){0, p->features, stride};
    for (size_t i = 0; i < RNL_PREDICTOR_ROWS; ++i)
        p->numbers[i] = (uint32_t)i;
    return RNL_OK;
}

/* Tests if rows of floats can be read where they are: a product does not tell -0 from 0, nor a
 * denormal number, which scaling would make 0. */
static bool reads_floats(const rnl_predictor *p)
{
    size_t readers = 0;
    for (size_t i = 0; i < p->stage_count; ++i)
        readers += p->stages[i].input.slot == 0 ||
                   (p->stages[i].kept.columns > 0 && p->stages[i].kept.slot == 0);
    return readers == 1 && p->stages[0].multiplies && !p->scaler.clip &&
           !rnl_scaler_changes(&p->scaler);
}

static rnl_status plan(rnl_predictor *p, const rnl_model *model)
{
    const rnl_choice *loss = &model->config->training.loss;
    p->kernels = rnl_kernels_of(rnl_isa_detect());
    p->seed = (uint64_t)model->config->training.seed;
    p->config = rnl_config_share(model->config);
    p->features = rnl_shape_features(&model->input);
    p->outputs = rnl_model_outputs(model);
    p->classes = rnl_model_classes(model);
    rnl_loss_bind(&p->loss, loss, model->layers[model->layer_count - 1].activation_in_loss,
                  p->kernels);
    RNL_TRY(rnl_scaler_copy(&p->scaler, &model->scaler));
    RNL_TRY(rnl_scaler_copy(&p->target_scaler, &model->target_scaler));
    if (rnl_model_table(model))
        RNL_TRY(rnl_row_reader_create(&p->reader, &model->encoding, rnl_model_table(model)));
    RNL_TRY(plan_input(p));
    RNL_TRY(plan_layers(p, model));
    place_slots(p);
    p->reads_floats = reads_floats(p);
    return RNL_OK;
}

static rnl_status create(rnl_predictor *p, const rnl_model *model)
{
    RNL_TRY(plan(p, model));
    RNL_TRY(rnl_arena_commit(&p->arena, "the predictor's parameters"));
    for (size_t i = 0; i < p->stage_count; ++i) {
        rnl_stage *stage = &p->stages[i];
        if (stage->fill)
            stage->fill(stage->self, stage->layer);
        stage->layer = NULL;
    }
    free(p->kept);
    p->kept = NULL;
    return RNL_OK;
}

static rnl_status create_of(rnl_predictor **predictor, const rnl_model *model,
                            rnl_predictor_use use)
{
    rnl_predictor *p = calloc(1, sizeof *p);
    if (!p)
        return rnl_fail_memory(sizeof *p);
    p->use = use;
    const rnl_status status = create(p, model);
    if (status == RNL_OK)
        *predictor = p;
    else
        rnl_predictor_free(p);
    return status;
}

rnl_status rnl_predictor_create(rnl_predictor **predictor, const rnl_model *model, int fold)
{
    RNL_OWN_FLOATING_MODE;
    rnl_model *folded = NULL;
    char *report = NULL;
    RNL_TRY(check_model(model));
    if (!fold)
        return create_of(predictor, model, (rnl_predictor_use){0});
    RNL_TRY(rnl_model_fold(model, &folded, &report));
    const rnl_status status = create_of(predictor, folded, (rnl_predictor_use){0});
    rnl_text_free(report);
    rnl_model_free(folded);
    return status;
}

rnl_status rnl_predictor_create_for(rnl_predictor **predictor, const rnl_model *model,
                                    rnl_predictor_use use)
{
    RNL_TRY(check_model(model));
    return create_of(predictor, model, use);
}

rnl_status rnl_predictor_use_threads(rnl_predictor *predictor, size_t threads)
{
    rnl_predictor_workers *workers = NULL;
    if (threads > 1)
        RNL_TRY(rnl_predictor_workers_start(&workers, threads - 1,
                                            rnl_predictor_scratch(predictor, RNL_PREDICTOR_ROWS)));
    rnl_predictor_workers_stop(predictor->workers);
    predictor->workers = workers;
    return RNL_OK;
}

void rnl_predictor_free(rnl_predictor *predictor)
{
    if (!predictor)
        return;
    rnl_predictor_workers_stop(predictor->workers);
    for (size_t i = 0; i < predictor->stage_count; ++i)
        free(predictor->stages[i].self);
    free(predictor->stages);
    free(predictor->slots);
    free(predictor->kept);
    rnl_row_reader_release(&predictor->reader);
    rnl_scaler_release(&predictor->scaler);
    rnl_scaler_release(&predictor->target_scaler);
    rnl_arena_release(&predictor->arena);
    rnl_config_free(predictor->config);
    free(predictor);
}

size_t rnl_predictor_features(const rnl_predictor *predictor)
{
    return predictor->features;
}

size_t rnl_predictor_outputs(const rnl_predictor *predictor)
{
    return predictor->outputs;
}

size_t rnl_predictor_classes(const rnl_predictor *predictor)
{
    return predictor->classes;
}

/* ---- rows of a table ------------------------------------------------------------------------- */

size_t rnl_predictor_columns(const rnl_predictor *predictor)
{
    return predictor->reader.encoding.inputs.count;
}

const char *rnl_predictor_column_name(const rnl_predictor *predictor, size_t column)
{
    const rnl_columns *columns = &predictor->reader.encoding.inputs;
    return column < columns->count ? columns->items[column].name : NULL;
}

rnl_status rnl_predictor_read_row(const rnl_predictor *predictor, const char *const *names,
                                  const char *const *cells, size_t count, double *row)
{
    RNL_OWN_FLOATING_MODE;
    return rnl_predictor_columns(predictor) > 0
               ? rnl_row_reader_read(&predictor->reader, names, cells, count, row)
               : rnl_fail(RNL_BAD_CONFIG, "row: the model was not trained on a table: it has no "
                                          "columns");
}
