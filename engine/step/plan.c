#include "engine/step/plan.h"

#include "engine/base/error.h"
#include "engine/data/adapt.h"
#include "engine/kinds/losses.h"
#include "engine/kinds/metrics.h"
#include "engine/step/clip.h"
#include "engine/step/constrain.h"
#include "engine/step/gather.h"
#include "engine/step/loss.h"
#include "engine/step/mixed_precision.h"
#include "engine/step/penalty.h"
#include "engine/step/probe.h"
#include "engine/step/shared.h"
#include "engine/step/ties.h"
#include "engine/step/update.h"
#include "threading/assignment.h"

#include <stdlib.h>

/* ---- planned -------------------------------------------------------------------------------- */

static void need_exchange(rnl_step *step, const rnl_upstream *upstream)
{
    const size_t floats = upstream->partials * upstream->distance;
    if (step->buffers.exchange_floats < floats)
        step->buffers.exchange_floats = floats;
}

static rnl_status plan_forward(rnl_step *step)
{
    const rnl_model *model = step->given.model;
    const rnl_matrix *current = &step->input;
    for (size_t i = 0; i < model->layer_count; ++i) {
        const rnl_layer *layer = &model->layers[i];
        step->phases.layer = layer->name;
        RNL_TRY(rnl_layer_operations_of(layer)->plan_forward(
            layer, step, current, &step->layers.outputs[i], &step->layers.states[i]));
        current = step->layers.outputs[i];
    }
    step->phases.layer = NULL;
    rnl_step_leave_floats_out(step);
    return RNL_OK;
}

/* If a buffer's width changes from one layer to the next, its rows move to other addresses. */
static void use_exchange(rnl_step *step, size_t used_strides[2], const rnl_upstream *upstream)
{
    size_t *used = &used_strides[upstream->values == &step->buffers.exchange[1]];
    if (*used != 0 && *used != upstream->stride)
        rnl_phases_move_rows(&step->phases);
    *used = upstream->stride;
}

/* Returns who takes the gradient that a layer gives to the one before; NULL: it goes through a
 * buffer. */
static const rnl_taker *taker_before(const rnl_step *step, size_t layer)
{
    const rnl_layer *layers = step->given.model->layers;
    const rnl_layer_operations *before = rnl_layer_operations_of(&layers[layer - 1]);
    return rnl_layer_operations_of(&layers[layer])->gives_gradient && before->taker
               ? before->taker(step->layers.states[layer - 1])
               : NULL;
}

static rnl_status plan_backward(rnl_step *step)
{
    const rnl_model *model = step->given.model;
    const size_t first = step->first_trainable;
    const rnl_matrix *outputs = step->layers.outputs[model->layer_count - 1];
    rnl_upstream upstream = {
        .partials = 1,
        .columns = outputs->columns,
        .stride = outputs->stride,
        .distance = step->padded_rows * outputs->stride,
        .values = &step->buffers.exchange[0],
    };
    size_t used_strides[2] = {upstream.stride, 0};
    need_exchange(step, &upstream);
    for (size_t i = model->layer_count; i-- > first;) {
        const rnl_layer *layer = &model->layers[i];
        const size_t columns = rnl_shape_features(&layer->input),
                     stride = rnl_product_row_stride(columns);
        rnl_upstream downstream = {
            .taker = i > first ? taker_before(step, i) : NULL,
            .partials = 0,
            .columns = columns,
            .stride = stride,
            .distance = step->padded_rows * stride,
            .values = upstream.values == &step->buffers.exchange[0] ? &step->buffers.exchange[1]
                                                                    : &step->buffers.exchange[0],
        };
        if (i > first && !downstream.taker)
            use_exchange(step, used_strides, &downstream);
        if (i == first)
            RNL_TRY(rnl_plan_early_exchange(step));
        step->phases.layer = layer->name;
        RNL_TRY(rnl_layer_operations_of(layer)->plan_backward(
            step->layers.states[i], step, &upstream, i > first ? &downstream : NULL));
        if (i > first && !downstream.taker)
            need_exchange(step, &downstream);
        upstream = downstream;
    }
    step->phases.layer = NULL;
    return RNL_OK;
}

rnl_status rnl_step_plan_rows(rnl_step *step)
{
    const rnl_training_config *config = &step->given.model->config->training;
    const size_t outputs = rnl_model_outputs(step->given.model),
                 targets = rnl_model_targets(step->given.model);
    step->rows = rnl_cut_rows(step->given.batch_size, rnl_step_shards(step));
    step->padded_rows = step->rows.blocks * step->rows.size;
    step->part_rows = rnl_cut_part(step->rows.size);
    const size_t rows = step->padded_rows;
    RNL_TRY(rnl_arena_reserve(&step->arena, &step->per_row.labels, rows, sizeof(int32_t)));
    RNL_TRY(rnl_arena_reserve(&step->arena, &step->per_row.predicted, rows, sizeof(int32_t)));
    if (step->given.predicting || rnl_metrics_need_predictions(&config->metrics))
        RNL_TRY(rnl_step_matrix(step, &step->per_row.predictions,
                                step->given.predicting ? outputs : targets));
    if (step->given.predicting)
        return RNL_OK;
    step->per_row.mirrors = rnl_targets_are_inputs(&step->given.model->config->data);
    if (rnl_loss_of(&config->loss)->target != RNL_TARGET_CLASS && !step->per_row.mirrors)
        RNL_TRY(rnl_step_matrix(step, &step->per_row.targets, targets));
    for (size_t m = 0; m < config->metrics.count; ++m)
        if (rnl_metric_of(&config->metrics.items[m])->of_row)
            RNL_TRY(
                rnl_arena_reserve(&step->arena, &step->per_row.metrics[m], rows, sizeof(double)));
    RNL_TRY(rnl_arena_reserve(&step->arena, &step->per_row.weights, rows, sizeof(float)));
    return rnl_arena_reserve(&step->arena, &step->per_row.loss, rows, sizeof(float));
}

static rnl_status plan_layers(rnl_step *step)
{
    step->layers.count = step->given.model->layer_count;
    step->first_trainable = rnl_model_first_trainable(step->given.model);
    step->layers.outputs =
        rnl_step_allocate(step, step->layers.count * sizeof *step->layers.outputs, NULL);
    step->layers.states =
        rnl_step_allocate(step, step->layers.count * sizeof *step->layers.states, NULL);
    return step->layers.outputs && step->layers.states
               ? RNL_OK
               : rnl_fail_memory(step->layers.count * sizeof(void *));
}

rnl_status rnl_step_plan(rnl_step *step)
{
    atomic_init(&step->update.trouble, RNL_NO_TROUBLE);
    if (step->given.training)
        rnl_step_bind_optimizer(step);
    RNL_TRY(rnl_step_share(step));
    RNL_TRY(rnl_step_plan_rows(step));
    rnl_step_take_all(step, false);
    RNL_TRY(plan_layers(step));
    RNL_TRY(rnl_step_output(step, &step->input, rnl_shape_features(&step->given.model->input)));
    RNL_TRY(rnl_plan_gather(step));
    RNL_TRY(plan_forward(step));
    RNL_TRY(rnl_plan_loss(step));
    step->evaluation_phases = step->phases.count;
    if (step->given.training) {
        RNL_TRY(plan_backward(step));
        rnl_phases_end_trailing(&step->phases);
        RNL_TRY(rnl_plan_exchange(step));
        RNL_TRY(rnl_plan_gather_tied(step));
        RNL_TRY(rnl_plan_tied_gradients(step));
        RNL_TRY(rnl_plan_clipping(step));
        RNL_TRY(rnl_plan_update(step));
        RNL_TRY(rnl_plan_gather_weights(step));
        RNL_TRY(rnl_plan_late_penalties(step));
        RNL_TRY(rnl_plan_constraints(step));
        RNL_TRY(rnl_plan_tied_values(step));
        RNL_TRY(rnl_plan_rounding(step));
    }
    RNL_TRY(rnl_plan_penalties(step));
    return step->given.inspecting ? rnl_plan_probe(step) : RNL_OK;
}

/* ---- arranged for a team -------------------------------------------------------------------- */

static rnl_status plan_buffers(rnl_step *step)
{
    step->buffers.tile = rnl_step_allocate(step, step->workers * sizeof *step->buffers.tile, NULL);
    if (!step->buffers.tile)
        return rnl_fail_memory(step->workers * sizeof *step->buffers.tile);
    for (size_t i = 0; i < step->active; ++i)
        RNL_TRY(rnl_arena_reserve(&step->arena, &step->buffers.tile[i], step->buffers.tile_floats,
                                  sizeof(float)));
    for (size_t i = 0; step->given.training && i < 2; ++i)
        RNL_TRY(rnl_arena_reserve(&step->arena, &step->buffers.exchange[i],
                                  step->buffers.exchange_floats, sizeof(float)));
    return RNL_OK;
}

/* Plans the memory beside parameters and their state: matrices over the rows of a mini-batch,
 * transposed weights, and the workers' buffers. */
static void plan_memory(rnl_step *step)
{
    rnl_memory_plan *memory = &step->memory;
    memory->activations =
        step->arena.bytes - memory->parameters - memory->optimizer - memory->gradients;
}

static rnl_status arrange_phases(rnl_step *step)
{
    const size_t own = rnl_cut_own_parts(step->rows).count,
                 others = rnl_cut_parts(step->rows) - own;
    step->keeps_rows = own % step->active == 0 && others % step->active == 0;
    RNL_TRY(rnl_phases_arrange(&step->preparation, step->keeps_rows));
    return rnl_phases_arrange(&step->phases, step->keeps_rows);
}

rnl_status rnl_step_arrange(rnl_step *step)
{
    RNL_TRY(arrange_phases(step));
    RNL_TRY(plan_buffers(step));
    plan_memory(step);
    RNL_TRY(rnl_arena_commit(&step->arena, "the step's parameters, gradients and activations"));
    rnl_shared_bind(step);
    return step->onednn ? rnl_onednn_generate(step->onednn) : RNL_OK;
}

/* ---- bound to a worker -------------------------------------------------------------------- */

/* Tiles of other ranks' rows are empty, but in passes that all ranks make alike. */
static size_t owner_of(const rnl_step *step, const rnl_phase *phase, size_t tile)
{
    if (phase->owner)
        return phase->owner(phase->self, tile, step->active);
    if (phase->cost.row_parts == 0)
        return rnl_share_owner(phase->tiles, step->active, tile);
    const rnl_own_parts own = rnl_cut_own_parts(step->rows);
    const size_t each = phase->tiles / rnl_cut_parts(step->rows);
    return rnl_share_owner_apart(phase->tiles, own.first * each, own.count * each, step->active,
                                 tile);
}

static rnl_status find_own(rnl_own_tiles *own, const rnl_phase *phase,
                           const rnl_step_worker *worker)
{
    own->tiles = malloc((phase->tiles + 1) * sizeof *own->tiles);
    if (!own->tiles)
        return rnl_fail_memory((phase->tiles + 1) * sizeof *own->tiles);
    for (size_t tile = 0; tile < phase->tiles; ++tile)
        if (owner_of(worker->step, phase, tile) == worker->index)
            own->tiles[own->count++] = (uint32_t)tile;
    return RNL_OK;
}

static rnl_status bind_list(const rnl_phase_list *list, rnl_own_tiles **lists,
                            rnl_step_worker *worker)
{
    *lists = calloc(list->count + 1, sizeof **lists);
    if (!*lists)
        return rnl_fail_memory((list->count + 1) * sizeof **lists);
    for (size_t i = 0; i < list->count; ++i)
        RNL_TRY(find_own(&(*lists)[i], &list->items[i], worker));
    return RNL_OK;
}

rnl_status rnl_step_bind(rnl_step *step, rnl_step_worker *worker)
{
    RNL_TRY(bind_list(&step->preparation, &worker->preparation, worker));
    RNL_TRY(bind_list(&step->phases, &worker->phases, worker));
    RNL_TRY(bind_list(&step->probes, &worker->probes, worker));
    return step->onednn ? rnl_onednn_worker_create(&worker->onednn, step->onednn) : RNL_OK;
}

static void free_list(rnl_own_tiles *lists, size_t count)
{
    for (size_t i = 0; lists && i < count; ++i)
        free(lists[i].tiles);
    free(lists);
}

void rnl_step_unbind(rnl_step_worker *worker)
{
    free_list(worker->preparation, worker->step->preparation.count);
    free_list(worker->phases, worker->step->phases.count);
    free_list(worker->probes, worker->step->probes.count);
    rnl_onednn_worker_free(worker->onednn);
}

rnl_status rnl_step_collect(const rnl_step *step, size_t array, rnl_model *model)
{
    for (size_t i = 0; i < step->layers.count; ++i) {
        rnl_layer *layer = &model->layers[i];
        const rnl_layer_operations *operations = rnl_layer_operations_of(layer);
        if (operations->collect)
            RNL_TRY(operations->collect(step->layers.states[i], array, layer));
    }
    return RNL_OK;
}
