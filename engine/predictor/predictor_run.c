#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/kinds/predicted_class.h"
#include "engine/predictor/predictor.h"
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
    /* The first product tells of rows that it reads where they are if they may not be finite. */
    return rnl_predictor_reads_in_place(p, element_of(r)) ? RNL_OK : check_finite(r);
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
static rnl_status keep_outputs(const block *b, rnl_mutable_view z)
{
    const rnl_predictor *p = b->predictor;
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

/* Inputs of the block that the thread probably takes next, or NULL. */
static const void *next_inputs(const block *b)
{
    const size_t threads = rnl_predictor_workers_threads(b->predictor->workers),
                 next = b->first + threads * RNL_PREDICTOR_ROWS;
    return next < b->request->rows ? inputs_from(b->request, next) : NULL;
}

static rnl_status run_block(const block *b)
{
    bool overflows = false;
    const rnl_predictor_rows rows = {
        .rows = b->rows,
        .element = element_of(b->request),
        .inputs = inputs_from(b->request, b->first),
        .next = next_inputs(b),
        .overflows = &overflows,
    };
    const rnl_mutable_view z = rnl_predictor_infer(b->predictor, &rows, b->scratch);
    if (overflows)
        RNL_TRY(check_finite(b->request));
    return keep_outputs(b, z);
}

/* A block by its number. */
static rnl_status run_number(const void *all, size_t number, float *scratch)
{
    block b = *(const block *)all;
    b.first = number * RNL_PREDICTOR_ROWS;
    b.rows = rnl_least(b.request->rows - b.first, RNL_PREDICTOR_ROWS);
    b.scratch = scratch;
    return run_block(&b);
}

static rnl_status run(const rnl_predictor *p, const rnl_request *r)
{
    const uintptr_t scratch = ((uintptr_t)r->scratch + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    const size_t blocks = (r->rows + RNL_PREDICTOR_ROWS - 1) / RNL_PREDICTOR_ROWS;
    const block all = {.predictor = p, .request = r};
    return rnl_predictor_workers_share(p->workers, run_number, &all, blocks, (float *)scratch);
}

rnl_status rnl_predictor_run(const rnl_predictor *predictor, const rnl_request *request)
{
    RNL_OWN_VECTOR_MODE;
    RNL_TRY(check(predictor, request));
    return run(predictor, request);
}
