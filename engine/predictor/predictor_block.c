#include "engine/predictor/predictor.h"
#include "engine/step/gather.h"

/* A block of rows on its way through the stages. */
typedef struct block {
    const rnl_predictor *predictor;
    const rnl_predictor_rows *of;
    float *scratch;
} block;

static float *matrix_at(const block *b, rnl_slot_matrix matrix)
{
    return b->scratch + b->predictor->slots[matrix.slot].before * b->of->rows;
}

static rnl_view view_of(const block *b, rnl_slot_matrix matrix)
{
    return (rnl_view){matrix_at(b, matrix), matrix.stride};
}

static void scale_rows(const block *b)
{
    const rnl_predictor *p = b->predictor;
    const rnl_gather rows = {
        .rows = b->of->rows,
        .features = p->features,
        .indices = p->numbers,
        .source = b->of->inputs,
        .centre = p->scaler.centre,
        .scale = p->scaler.scale,
        .offset = p->scaler.offset,
        .x = {b->scratch, rnl_product_row_stride(p->features)},
    };
    rnl_gather_rows(p->kernels, b->of->element, &rows);
    if (p->scaler.clip)
        p->kernels->smooth_clip(&(const rnl_smooth_clip){
            .rows = b->of->rows, .columns = p->features, .x = rows.x, .c = p->scaler.clip});
}

static rnl_stage_rows rows_of(const block *b, const rnl_stage *stage)
{
    return (rnl_stage_rows){
        .kernels = b->predictor->kernels,
        .rows = b->of->rows,
        .pass = b->of->pass,
        .first_row = b->of->first_row,
        .activity = b->of->activity,
        .x = view_of(b, stage->input),
        .kept = view_of(b, stage->kept),
        .y = {matrix_at(b, stage->output), stage->output.stride},
    };
}

static void pass(const block *b, size_t stage)
{
    if (b->of->passed)
        b->of->passed(b->of->context, stage);
}

static void run_stages(const block *b, size_t first)
{
    const rnl_predictor *p = b->predictor;
    for (size_t i = first; i < p->stage_count; ++i) {
        const rnl_stage_rows rows = rows_of(b, &p->stages[i]);
        p->stages[i].run(p->stages[i].self, &rows);
        pass(b, i + 1);
    }
}

/* The first stage reads the rows where they are. */
static void run_in_place(const block *b)
{
    const rnl_stage *first = &b->predictor->stages[0];
    rnl_stage_rows rows = rows_of(b, first);
    rows.x = (rnl_view){b->of->inputs, b->predictor->features};
    rows.next_x = b->of->next;
    rows.overflows = b->of->overflows;
    first->run(first->self, &rows);
    pass(b, 1);
    run_stages(b, 1);
}

bool rnl_predictor_reads_in_place(const rnl_predictor *p, rnl_element element)
{
    return p->reads_floats && element == RNL_FLOAT32;
}

rnl_mutable_view rnl_predictor_infer(const rnl_predictor *p, const rnl_predictor_rows *rows,
                                     float *scratch)
{
    const block b = {p, rows, scratch};
    if (!rows->keeps_inputs && rnl_predictor_reads_in_place(p, rows->element)) {
        run_in_place(&b);
    } else {
        scale_rows(&b);
        pass(&b, 0);
        run_stages(&b, 0);
    }
    return (rnl_mutable_view){matrix_at(&b, p->current), p->current.stride};
}
