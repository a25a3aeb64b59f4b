#include "engine/step/mixed_precision.h"

#include "engine/base/error.h"
#include "engine/base/number.h"

/* Measured beside float32: a processor without AVX512_BF16 multiplies pairs as floats. */
double rnl_step_flops(const rnl_step *step, double flops)
{
    if (!rnl_step_is_mixed(step))
        return flops;
    return rnl_kernels_have_bfloat16(step->kernels) ? flops / 2 : flops * 2;
}

/* ---- matrices over a mini-batch -------------------------------------------------------------- */

rnl_status rnl_step_output(rnl_step *step, rnl_matrix *matrix, size_t columns)
{
    RNL_TRY(rnl_step_matrix(step, matrix, columns));
    if (!rnl_step_is_mixed(step))
        return RNL_OK;
    matrix->pairs = rnl_step_allocate(step, sizeof *matrix->pairs, NULL);
    return matrix->pairs ? RNL_OK : rnl_fail_memory(sizeof *matrix->pairs);
}

/* Reserves a matrix of pairs, once. */
static rnl_status reserve(rnl_step *step, rnl_mutable_view *pairs, size_t rows, size_t columns)
{
    if (pairs->stride > 0)
        return RNL_OK;
    pairs->stride = rnl_product_row_stride(columns);
    return rnl_arena_reserve(&step->arena, &pairs->values, rows * pairs->stride, sizeof(float));
}

rnl_status rnl_step_read_rows(rnl_step *step, const rnl_matrix *matrix)
{
    return reserve(step, &matrix->pairs->by_rows, step->padded_rows, rnl_pairs_of(matrix->columns));
}

rnl_status rnl_step_read_columns(rnl_step *step, const rnl_matrix *matrix)
{
    return reserve(step, &matrix->pairs->by_columns, rnl_pair_row(step, step->padded_rows),
                   matrix->columns);
}

/* A place in pairs that may be none. */
static rnl_mutable_view place_of(rnl_mutable_view pairs, size_t row, size_t column)
{
    return (rnl_mutable_view){pairs.values ? pairs.values + row * pairs.stride + column : NULL,
                              pairs.stride};
}

/* Rows of one part; of several, if a part has an even number of them. */
static void round_rows(const rnl_step *step, const rnl_matrix *matrix, rnl_view x, size_t row,
                       size_t rows, size_t column, size_t columns)
{
    const rnl_pairs *pairs = matrix->pairs;
    step->kernels->round_to_bfloat16(&(const rnl_rounding){
        .rows = rows,
        .columns = columns,
        .x = x,
        .y = pairs->alone ? (rnl_mutable_view){0} : rnl_matrix_at(matrix, row, column),
        .by_rows = place_of(pairs->by_rows, row, column / 2),
        .by_columns = place_of(pairs->by_columns, rnl_pair_row(step, row), column),
    });
}

void rnl_step_round_from(const rnl_step *step, const rnl_matrix *matrix, rnl_view x, size_t row,
                         size_t rows, size_t column, size_t columns)
{
    for (size_t some; rows > 0; rows -= some, row += some) {
        some = rnl_pair_rows_together(step, row, rows);
        round_rows(step, matrix, x, row, some, column, columns);
        x.values += some * x.stride;
    }
}

void rnl_step_round(const rnl_step_worker *worker, const rnl_matrix *matrix, size_t row,
                    size_t rows, size_t column, size_t columns)
{
    if (matrix->pairs && worker->batch.training)
        rnl_step_round_from(worker->step, matrix, rnl_matrix_view(matrix, row, column), row, rows,
                            column, columns);
}

rnl_fetch *rnl_step_list_by_columns(const rnl_step *step, rnl_mutable_view pairs, size_t row,
                                    size_t rows, size_t column, size_t columns, rnl_fetch *list)
{
    const size_t first = rnl_pair_row(step, row);
    *list = (rnl_fetch){place_of(pairs, first, column).values,
                        rnl_pair_row(step, row + rows - 1) + 1 - first, columns, pairs.stride};
    return list + (pairs.values != NULL);
}

rnl_fetch *rnl_step_list_output(const rnl_step_worker *worker, const rnl_matrix *matrix, size_t row,
                                size_t rows, size_t column, size_t columns, rnl_fetch *list)
{
    const rnl_pairs *pairs = worker->batch.training ? matrix->pairs : NULL;
    if (!pairs || !pairs->alone)
        *list++ =
            (rnl_fetch){rnl_matrix_view(matrix, row, column).values, rows, columns, matrix->stride};
    if (pairs && pairs->by_rows.values)
        *list++ = (rnl_fetch){place_of(pairs->by_rows, row, column / 2).values, rows,
                              rnl_pairs_of(columns), pairs->by_rows.stride};
    return pairs ? rnl_step_list_by_columns(worker->step, pairs->by_columns, row, rows, column,
                                            columns, list)
                 : list;
}

/* ---- outputs that are pairs alone ------------------------------------------------------------ */

/* Tests if products alone read the outputs of all layers but the last. */
static bool products_read_all(const rnl_model *model)
{
    for (size_t i = 0; i < model->layer_count; ++i)
        if (!rnl_layer_operations_of(&model->layers[i])->reads_pairs)
            return false;
    return true;
}

static void leave_alone(const rnl_matrix *matrix, const rnl_matrix *last)
{
    if (matrix != last && matrix->pairs->by_columns.stride > 0)
        matrix->pairs->alone = true;
}

/* Probes read them, too. */
void rnl_step_leave_floats_out(rnl_step *step)
{
    const rnl_matrix *last = step->layers.outputs[step->layers.count - 1];
    if (!rnl_step_is_mixed(step) || step->given.inspecting || !products_read_all(step->given.model))
        return;
    leave_alone(&step->input, last);
    for (size_t i = 0; i < step->layers.count; ++i)
        leave_alone(step->layers.outputs[i], last);
}

void rnl_step_read_pairs(const rnl_step *step, const rnl_matrix *matrix, size_t row, size_t rows,
                         size_t column, size_t columns, rnl_mutable_view y)
{
    const rnl_mutable_view pairs = matrix->pairs->by_columns;
    for (size_t i = 0; i < rows; ++i)
        step->kernels->read_bfloat16(&(const rnl_bfloat16_row){
            .columns = columns,
            .odd = (row + i) % step->part_rows % 2 == 1,
            .pairs = pairs.values + rnl_pair_row(step, row + i) * pairs.stride + column,
            .y = y.values + i * y.stride,
        });
}

/* ---- weights --------------------------------------------------------------------------------- */

rnl_status rnl_step_weight_pairs(rnl_step *step, rnl_block *block, const rnl_packing *packing,
                                 bool transposed)
{
    rnl_weight_pairs *pairs = rnl_step_allocate(step, sizeof *pairs, NULL);
    if (!pairs)
        return rnl_fail_memory(sizeof *pairs);
    block->pairs = pairs;
    pairs->packing = *packing;
    pairs->forward_packing = rnl_packing_of(rnl_pairs_of(packing->rows), packing->columns);
    RNL_TRY(rnl_arena_reserve(&step->arena, &pairs->forward,
                              rnl_packed_count(&pairs->forward_packing), sizeof(float)));
    pairs->transposed_packing = rnl_packing_of(rnl_pairs_of(packing->columns), packing->rows);
    return transposed
               ? rnl_arena_reserve(&step->arena, &pairs->transposed,
                                   rnl_packed_count(&pairs->transposed_packing), sizeof(float))
               : RNL_OK;
}

rnl_fetch *rnl_weight_pairs_list(const rnl_block *block, size_t panel, size_t row, size_t rows,
                                 rnl_fetch *list)
{
    const rnl_weight_pairs *pairs = block->pairs;
    const rnl_packing *to = &pairs->transposed_packing;
    const size_t end = row + rows, stride = rnl_panel_stride(&pairs->packing, panel),
                 count = rnl_pairs_of(rows) * stride;
    *list++ = (rnl_fetch){pairs->forward + rnl_packed_at(&pairs->forward_packing, panel, row / 2),
                          1, count, count};
    for (size_t next; pairs->transposed && row < end; row = next) {
        const size_t inputs = row / to->width;
        next = rnl_panel_end(to, row, end);
        *list++ = (rnl_fetch){pairs->transposed +
                                  rnl_packed_at(to, inputs, panel * pairs->packing.width / 2) +
                                  row % to->width,
                              rnl_pairs_of(rnl_panel_columns(&pairs->packing, panel)), next - row,
                              rnl_panel_stride(to, inputs)};
    }
    return list;
}

/* Rows whose pairs are transposed at once: they stay in the first cache. */
enum { CHUNK = 48, LINE = 32 };

/* Transposes pairs of a chunk's columns into one panel of the transposed copy after another. */
static void transpose(const rnl_step *step, const rnl_weight_pairs *pairs, size_t panel, size_t row,
                      size_t rows, const float *by_rows)
{
    const rnl_packing *to = &pairs->transposed_packing;
    const size_t lines = rnl_pairs_of(rnl_panel_columns(&pairs->packing, panel)),
                 first = panel * pairs->packing.width / 2, end = row + rows;
    for (size_t at = row, next; at < end; at = next) {
        const size_t inputs = at / to->width, column = at % to->width;
        next = rnl_panel_end(to, at, end);
        step->kernels->transpose(&(const rnl_transpose){
            .rows = next - at,
            .columns = lines,
            .x = {by_rows + (at - row) * LINE, LINE},
            .y = {pairs->transposed + rnl_packed_at(to, inputs, first) + column,
                  rnl_panel_stride(to, inputs)},
        });
    }
}

static void write_chunk(const rnl_step *step, const rnl_block *block, size_t panel, size_t row,
                        size_t rows)
{
    const rnl_weight_pairs *pairs = block->pairs;
    const rnl_packing *packing = &pairs->packing;
    const size_t stride = rnl_panel_stride(packing, panel);
    float by_rows[CHUNK * LINE];
    step->kernels->round_to_bfloat16(&(const rnl_rounding){
        .rows = rows,
        .columns = rnl_panel_columns(packing, panel),
        .x = {block->arrays[RNL_VALUES] + rnl_packed_at(packing, panel, row), stride},
        .by_rows = {pairs->transposed ? by_rows : NULL, LINE},
        .by_columns = {pairs->forward + rnl_packed_at(&pairs->forward_packing, panel, row / 2),
                       stride},
    });
    if (pairs->transposed)
        transpose(step, pairs, panel, row, rows, by_rows);
}

void rnl_weight_pairs_write(const rnl_step *step, const rnl_block *block, size_t panel, size_t row,
                            size_t rows)
{
    for (const size_t end = row + rows; row < end; row += CHUNK)
        write_chunk(step, block, panel, row, rnl_least(end - row, CHUNK));
}

void rnl_weight_pairs_write_all(const rnl_step *step, const rnl_block *block)
{
    for (size_t p = 0; block->pairs && p < block->pairs->packing.panels; ++p)
        rnl_weight_pairs_write(step, block, p, 0, block->pairs->packing.rows);
}

/* ---- weights that change late ---------------------------------------------------------------- */

static bool changes_late(const rnl_block *block)
{
    return block->pairs && block->trained && !rnl_weight_pairs_follow(block);
}

/* Tiles are the panels of such blocks, in their order. */
static rnl_status run_rounding(void *self, size_t tile, rnl_step_worker *worker)
{
    const rnl_step *step = self;
    size_t panel = tile;
    for (size_t i = 0; i < step->blocks.count; ++i) {
        const rnl_block *block = step->blocks.items[i];
        if (!changes_late(block))
            continue;
        const rnl_packing *packing = &block->pairs->packing;
        if (panel < packing->panels) {
            rnl_weight_pairs_write(worker->step, block, panel, 0, packing->rows);
            return RNL_OK;
        }
        panel -= packing->panels;
    }
    return RNL_OK;
}

rnl_status rnl_plan_rounding(rnl_step *step)
{
    size_t panels = 0;
    double weights = 0;
    for (size_t i = 0; i < step->blocks.count; ++i) {
        const rnl_block *block = step->blocks.items[i];
        panels += changes_late(block) ? block->pairs->packing.panels : 0;
        weights += changes_late(block) ? (double)block->count : 0;
    }
    if (panels == 0)
        return RNL_OK;
    return rnl_phases_add(&step->phases,
                          (rnl_phase){.name = "rounding",
                                      .tiles = panels,
                                      .run = run_rounding,
                                      .self = step,
                                      .cost = {.bytes = 8 * weights, .shared = 4 * weights}});
}
