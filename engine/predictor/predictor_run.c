#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/kinds/predicted_class.h"
#include "engine/predictor/predictor.h"
#include "engine/step/gather.h"
#include "threading/floating_mode.h"

#include <math.h>

#define CACHE_LINE 64

/* The rows of a request that a block holds. */
typedef struct block {
    const rnl_predictor *predictor;
    const rnl_request *request;
    size_t first, rows;
    float *scratch; /* on a cache line */
} block;

size_t rnl_predictor_scratch(const rnl_predictor *predictor, size_t rows)
{
    return CACHE_LINE + rnl_least(rows, RNL_PREDICTOR_ROWS) * predictor->row_floats * sizeof(float);
}

/* ---- checked --------------------------------------------------------------------------------- */

static rnl_element element_of(const rnl_request *r)
{
    return r->floats ? RNL_FLOAT32 : r->doubles ? RNL_FLOAT64 : RNL_UINT8;
}

/* The inputs from a row on. */
static const void *inputs_from(const rnl_request *r, size_t row)
{
    const size_t before = row * r->features;
    return r->floats    ? (const void *)(r->floats + before)
           : r->doubles ? (const void *)(r->doubles + before)
                        : (const void *)(r->bytes + before);
}

static rnl_status check_shape(const rnl_predictor *p, const rnl_request *r)
{
    const int given = (r->floats != NULL) + (r->doubles != NULL) + (r->bytes != NULL);
    if (given != 1)
        return rnl_fail(RNL_BAD_CONFIG,
                        "request: expected one of floats, doubles and bytes, got %s",
                        given == 0 ? "none" : "several");
    if (r->rows == 0)
        return rnl_fail(RNL_BAD_CONFIG, "request: expected at least one row, got none");
    return r->features == p->features
               ? RNL_OK
               : rnl_fail(RNL_BAD_CONFIG, "request: expected rows of %zu numbers, got %zu",
                          p->features, r->features);
}

static rnl_status check_finite(const rnl_request *r)
{
    return rnl_dataset_check_inputs(&(const rnl_dataset){
        .rows = r->rows,
        .features = r->features,
        .element = element_of(r),
        .inputs = (void *)(uintptr_t)inputs_from(r, 0),
        .name = (char *)(uintptr_t) "request",
    });
}

/* Rows that the first product reads where they are: it tells if they may not be finite. */
static bool reads_in_place(const rnl_predictor *p, const rnl_request *r)
{
    return p->reads_floats && r->floats;
}

static rnl_status check(const rnl_predictor *p, const rnl_request *r)
{
    if (!r->values && !r->exact_values && !r->classes)
        return rnl_fail(RNL_BAD_CONFIG,
                        "request: expected values, exact_values or classes to write to");
    if (r->classes && p->classes == 0)
        return rnl_fail(RNL_BAD_CONFIG,
                        "request: classes are asked of a model that predicts values");
    const size_t needed = rnl_predictor_scratch(p, r->rows);
    if (!r->scratch || r->scratch_bytes < needed)
        return rnl_fail(RNL_BAD_CONFIG,
                        "request: expected %zu bytes of scratch for %zu rows, got %zu", needed,
                        r->rows, r->scratch ? r->scratch_bytes : 0);
    RNL_TRY(check_shape(p, r));
    return reads_in_place(p, r) ? RNL_OK : check_finite(r);
}

/* ---- computed -------------------------------------------------------------------------------- */

static float *matrix_at(const block *b, rnl_slot_matrix matrix)
{
    return b->scratch + b->predictor->slots[matrix.slot].before * b->rows;
}

static rnl_mutable_view scaled_rows(const block *b)
{
    const size_t features = b->predictor->features;
    return (rnl_mutable_view){b->scratch, rnl_product_row_stride(features)};
}

static void scale_rows(const block *b)
{
    const rnl_predictor *p = b->predictor;
    const rnl_gather rows = {
        .rows = b->rows,
        .features = p->features,
        .indices = p->numbers,
        .source = inputs_from(b->request, b->first),
        .centre = p->scaler.centre,
        .scale = p->scaler.scale,
        .offset = p->scaler.offset,
        .x = scaled_rows(b),
    };
    rnl_gather_rows(p->kernels, element_of(b->request), &rows);
    if (p->scaler.clip)
        p->kernels->smooth_clip(&(const rnl_smooth_clip){
            .rows = b->rows, .columns = p->features, .x = rows.x, .c = p->scaler.clip});
}

static rnl_view view_of(const block *b, rnl_slot_matrix matrix)
{
    return (rnl_view){matrix_at(b, matrix), matrix.stride};
}

static rnl_stage_rows rows_of(const block *b, const rnl_stage *stage)
{
    return (rnl_stage_rows){
        .kernels = b->predictor->kernels,
        .rows = b->rows,
        .x = view_of(b, stage->input),
        .kept = view_of(b, stage->kept),
        .y = {matrix_at(b, stage->output), stage->output.stride},
    };
}

static void run_stages(const block *b, size_t first)
{
    const rnl_predictor *p = b->predictor;
    for (size_t i = first; i < p->stage_count; ++i) {
        const rnl_stage_rows rows = rows_of(b, &p->stages[i]);
        p->stages[i].run(p->stages[i].self, &rows);
    }
}

static rnl_status run_in_place(const block *b)
{
    const rnl_stage *first = &b->predictor->stages[0];
    bool overflows = false;
    rnl_stage_rows rows = rows_of(b, first);
    rows.x = (rnl_view){inputs_from(b->request, b->first), b->predictor->features};
    rows.overflows = &overflows;
    first->run(first->self, &rows);
    if (overflows)
        RNL_TRY(check_finite(b->request));
    run_stages(b, 1);
    return RNL_OK;
}

/* ---- told ------------------------------------------------------------------------------------ */

static rnl_status keep_value(const block *b, size_t i, size_t j, float output)
{
    const rnl_request *r = b->request;
    const size_t at = (b->first + i) * b->predictor->outputs + j;
    const double value = rnl_scaler_undo(&b->predictor->target_scaler, j, (double)output);
    if (isnan(output))
        return rnl_fail(RNL_NOT_FINITE,
                        "request: row %zu: output %zu of the model is NaN: its inputs or weights "
                        "are too large to compute with",
                        b->first + i, j);
    if (r->values)
        r->values[at] = (float)value;
    if (r->exact_values)
        r->exact_values[at] = value;
    return RNL_OK;
}

/* Tells classes by the logits, and makes them probabilities in place. */
static rnl_status keep_outputs(const block *b)
{
    const rnl_predictor *p = b->predictor;
    const rnl_slot_matrix *last = &p->current;
    const rnl_mutable_view z = {matrix_at(b, *last), last->stride};
    const rnl_softmax rows = {b->rows, p->outputs, {z.values, z.stride}, z};
    if (b->request->classes)
        rnl_predict_classes(
            p->kernels, p->classes,
            &(const rnl_largest){b->rows, p->outputs, rows.z, b->request->classes + b->first});
    if (p->loss.probabilities)
        p->loss.probabilities(p->kernels, &rows);
    for (size_t i = 0; i < b->rows; ++i)
        for (size_t j = 0; j < p->outputs; ++j)
            RNL_TRY(keep_value(b, i, j, z.values[i * z.stride + j]));
    return RNL_OK;
}

static rnl_status run_block(const block *b)
{
    if (reads_in_place(b->predictor, b->request)) {
        RNL_TRY(run_in_place(b));
    } else {
        scale_rows(b);
        run_stages(b, 0);
    }
    return keep_outputs(b);
}

static rnl_status run(const rnl_predictor *p, const rnl_request *r)
{
    const uintptr_t scratch = ((uintptr_t)r->scratch + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    block b = {.predictor = p, .request = r, .scratch = (float *)scratch};
    for (; b.first < r->rows; b.first += b.rows) {
        b.rows = rnl_least(r->rows - b.first, RNL_PREDICTOR_ROWS);
        RNL_TRY(run_block(&b));
    }
    return RNL_OK;
}

rnl_status rnl_predictor_run(const rnl_predictor *predictor, const rnl_request *request)
{
    RNL_OWN_VECTOR_MODE;
    RNL_TRY(check(predictor, request));
    return run(predictor, request);
}
