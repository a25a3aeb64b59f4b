#include "engine/layers/dense/dense_state.h"

#include "engine/base/error.h"
#include "engine/step/shard_sum.h"
#include "engine/step/update.h"

/* A panel of delta. */
typedef struct delta_panel {
    const rnl_dense_columns *columns;
    size_t panel;
    const rnl_step *step;
} delta_panel;

static rnl_status sum_shard(const void *context, rnl_shard_range shard, bool add, float *spare,
                            float *sums)
{
    (void)add, (void)spare;
    const delta_panel *delta = context;
    const rnl_dense_columns *columns = delta->columns;
    const rnl_packing *packing = &columns->delta_packing;
    const rnl_kernels *kernels = delta->step->kernels;
    const size_t rows = rnl_dense_shard_rows(columns, delta->step);
    const rnl_column_sums arguments = {
        .rows = rows,
        .columns = rnl_panel_columns(packing, delta->panel),
        .x = {columns->delta + rnl_packed_at(packing, delta->panel, shard.first * rows),
              packing->width},
        .sums = sums,
    };
    if (columns->weights->pairs)
        kernels->bfloat16_column_sums(&arguments);
    else
        kernels->column_sums(&arguments);
    return RNL_OK;
}

rnl_status rnl_dense_bias_gradients(const rnl_dense_state *state, const rnl_dense_columns *columns,
                                    size_t panel, const rnl_step_worker *worker)
{
    rnl_step *step = worker->step;
    const rnl_packing *packing = &columns->delta_packing;
    const size_t unit = columns->first + panel * packing->width,
                 units = rnl_panel_columns(packing, panel);
    const delta_panel of = {columns, panel, step};
    RNL_TRY(rnl_shard_sum_run(
        &(const rnl_shard_sum){
            .leaves = rnl_cut_used_shards(step->rows, worker->batch.rows),
            .count = units,
            .compute = sum_shard,
            .context = &of,
            .together = 1,
            .spare = step->buffers.tile[worker->index],
        },
        step, state->bias->gradients + unit));
    if (state->bias->updated_by_tile)
        rnl_step_update(step, worker, state->bias->index, unit, units,
                        state->bias->gradients + unit);
    return RNL_OK;
}
