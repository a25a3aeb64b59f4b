#include "engine/workers/inference.h"

#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/base/number.h"
#include "engine/predictor/predictor.h"
#include "engine/step/gather.h"
#include "engine/step/loss.h"
#include "engine/step/plan.h"
#include "engine/workers/batch.h"

#include <string.h>

#define BLOCKS         64                /* of a predictor in a mini-batch, */
#define MOST_OF_OUTPUT ((size_t)1 << 20) /* but no more bytes of its outputs, where possible */

typedef struct inference {
    const rnl_predictor *predictor;
    size_t rows; /* of a tile */
    rnl_matrix outputs;
} inference;

/* Few rows are shared out, too, in tiles of whole micro-kernels. */
static size_t rows_of_tile(size_t rows)
{
    enum { TILES = 8, KERNEL_ROWS = 12 };
    const size_t share = rnl_divide_up(rnl_divide_up(rows, TILES), KERNEL_ROWS) * KERNEL_ROWS;
    return rnl_least(share, RNL_PREDICTOR_ROWS);
}

/* Inputs of a mini-batch from a row on. */
static const void *inputs_from(const rnl_batch *batch, size_t row)
{
    const rnl_dataset *dataset = batch->dataset;
    return (const char *)dataset->inputs + (batch->begin + row) * rnl_dataset_input_bytes(dataset);
}

/* Inputs of the tile that the worker computes next, or NULL. */
static const void *next_inputs(const inference *state, const rnl_step_worker *worker)
{
    const size_t tile = worker->next_tile;
    return tile != RNL_NO_TILE && tile * state->rows < worker->batch.rows
               ? inputs_from(&worker->batch, tile * state->rows)
               : NULL;
}

static rnl_predictor_rows rows_of(const rnl_step *step, const rnl_batch *batch, rnl_row_tile rows)
{
    const size_t first = batch->begin + rows.begin;
    return (rnl_predictor_rows){
        .rows = rows.filled - rows.begin,
        .element = batch->dataset->element,
        .inputs = inputs_from(batch, rows.begin),
        .keeps_inputs = step->per_row.mirrors,
        .pass = (uint32_t)batch->number,
        .first_row = (uint32_t)first,
        .activity = step->per_row.has_activity ? step->per_row.activity + rows.begin : NULL,
    };
}

/* Copies outputs, and inputs that are targets, out of the worker's scratch. */
static void keep(const inference *state, const rnl_step *step, rnl_row_tile rows,
                 rnl_mutable_view outputs, const float *inputs)
{
    const size_t count = rows.filled - rows.begin;
    memcpy(rnl_matrix_at(&state->outputs, rows.begin, 0).values, outputs.values,
           count * outputs.stride * sizeof *outputs.values);
    if (step->per_row.mirrors)
        memcpy(rnl_matrix_at(&step->input, rows.begin, 0).values, inputs,
               count * step->input.stride * sizeof *inputs);
}

static rnl_status run_inference(void *self, size_t tile, rnl_step_worker *worker)
{
    const inference *state = self;
    const rnl_step *step = worker->step;
    const rnl_batch *batch = &worker->batch;
    const size_t begin = rnl_least(tile * state->rows, batch->rows);
    const size_t end = rnl_least(begin + state->rows, batch->rows);
    const rnl_row_tile rows = {begin, end, end, begin};
    float *scratch = step->buffers.tile[worker->index];
    if (begin == end)
        return RNL_OK;
    rnl_predictor_rows block = rows_of(step, batch, rows);
    block.next = next_inputs(state, worker);
    for (size_t i = begin; block.activity && i < end; ++i)
        step->per_row.activity[i] = 0;
    keep(state, step, rows, rnl_predictor_infer(state->predictor, &block, scratch), scratch);
    if (!step->given.predicting)
        rnl_gather_targets(step, batch, rows);
    return RNL_OK;
}

/* In turn, so that the workers have as many in the last mini-batch, too. */
static size_t owner(const void *self, size_t tile, size_t workers)
{
    (void)self;
    return tile % workers;
}

/* Operations of the products of a row. */
static double flops_of(const rnl_model *model)
{
    double flops = 0;
    for (size_t i = 0; i < model->layer_count; ++i) {
        const rnl_layer_operations *operations = rnl_layer_operations_of(&model->layers[i]);
        if (operations->product_flops)
            flops += (double)operations->product_flops(&model->layers[i]);
    }
    return flops;
}

static rnl_status add_phase(inference *state, rnl_step *step)
{
    const double rows = (double)step->given.batch_size;
    const size_t tiles = rnl_divide_up(step->given.batch_size, state->rows);
    return rnl_phases_add(&step->phases,
                          (rnl_phase){
                              .name = "inference",
                              .tiles = tiles,
                              .run = run_inference,
                              .owner = owner,
                              .self = state,
                              .cost = {.flops = rows * flops_of(step->given.model),
                                       .calls = (double)(tiles * state->predictor->stage_count),
                                       .bytes = 8 * rows * (double)state->predictor->row_floats},
                          });
}

/* Reserves what the layers' steps reserve themselves. */
static rnl_status plan_matrices(inference *state, rnl_step *step)
{
    const rnl_model *model = step->given.model;
    step->layers.outputs = rnl_step_allocate(step, sizeof *step->layers.outputs, NULL);
    if (!step->layers.outputs)
        return rnl_fail_memory(sizeof *step->layers.outputs);
    step->layers.outputs[0] = &state->outputs;
    step->layers.count = 1;
    RNL_TRY(rnl_step_matrix(step, &state->outputs, rnl_model_outputs(model)));
    if (step->per_row.mirrors)
        RNL_TRY(rnl_step_matrix(step, &step->input, rnl_shape_features(&model->input)));
    step->per_row.has_activity = state->predictor->use.judges;
    return step->per_row.has_activity ? rnl_arena_reserve(&step->arena, &step->per_row.activity,
                                                          step->padded_rows, sizeof(float))
                                      : RNL_OK;
}

rnl_status rnl_inference_plan(rnl_step *step, const rnl_predictor *predictor)
{
    inference *state = rnl_step_allocate(step, sizeof *state, NULL);
    if (!state)
        return rnl_fail_memory(sizeof *state);
    state->predictor = predictor;
    state->rows = rows_of_tile(step->given.batch_size);
    RNL_TRY(rnl_step_plan_rows(step));
    RNL_TRY(plan_matrices(state, step));
    rnl_step_need_tile(step, predictor->row_floats * state->rows);
    RNL_TRY(add_phase(state, step));
    RNL_TRY(rnl_plan_loss(step));
    step->evaluation_phases = step->phases.count;
    return RNL_OK;
}

/* Bytes of the predictor's parameters, of the matrices of each worker and of what is told of the
 * rows, in two arenas in place of one, and what binding takes. */
size_t rnl_inference_bytes_beyond(const rnl_step *training)
{
    const rnl_model *model = training->given.model;
    size_t floats = rnl_product_row_stride(rnl_shape_features(&model->input));
    for (size_t i = 0; i < model->layer_count; ++i)
        floats += rnl_product_row_stride(rnl_shape_features(&model->layers[i].output));
    const size_t bytes = training->memory.parameters + RNL_HUGE_PAGE + RNL_FOR_BINDING +
                         3 * MOST_OF_OUTPUT +
                         training->workers * floats * RNL_PREDICTOR_ROWS * sizeof(float);
    return bytes > training->arena.bytes ? bytes - training->arena.bytes : 0;
}

size_t rnl_inference_rows(const rnl_model *model, const rnl_dataset *dataset)
{
    const size_t batch = rnl_batch_size(model, dataset),
                 most = MOST_OF_OUTPUT / (rnl_model_outputs(model) * sizeof(float)),
                 wanted = rnl_least(BLOCKS * RNL_PREDICTOR_ROWS, most);
    return rnl_least(wanted <= batch ? batch : wanted / batch * batch, dataset->rows);
}
