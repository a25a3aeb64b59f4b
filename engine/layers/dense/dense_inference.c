#include "engine/layers/dense/dense.h"

#include "engine/base/error.h"
#include "engine/kinds/activations.h"
#include "engine/predictor/predictor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct dense_inference {
    size_t fan_in;
    rnl_packing packing;   /* of the weights, (fan_in, units) */
    float *weights, *bias; /* bias NULL without */
    rnl_bound_activation activation;
} dense_inference;

static rnl_product product_of(const dense_inference *dense, const rnl_stage_rows *rows)
{
    return (rnl_product){.shape = {.rows = rows->rows,
                                   .inner = dense->fan_in,
                                   .a_layout = RNL_BY_ROWS,
                                   .a_stride = rows->x.stride,
                                   .b = dense->packing,
                                   .c_stride = rows->y.stride},
                         .kernels = rows->kernels};
}

/* An input that is not finite makes all products of its row so. */
static void look(const rnl_stage_rows *rows)
{
    for (size_t i = 0; rows->overflows && i < rows->rows; ++i)
        *rows->overflows |= !isfinite(rows->y.values[i * rows->y.stride]);
}

/* Adds the bias and applies the activation in place. */
static void activate(const dense_inference *dense, const rnl_stage_rows *rows, size_t unit,
                     size_t units)
{
    const rnl_mutable_view y = {rows->y.values + unit, rows->y.stride};
    dense->activation.forward(&(const rnl_activation_forward){
        .rows = rows->rows,
        .columns = units,
        .z = {y.values, y.stride},
        .bias = dense->bias ? dense->bias + unit : NULL,
        .y = y,
        .alpha = dense->activation.alpha,
        .self = dense->activation.self,
    });
}

/* Activates a panel while the result is in the L1 cache, where all panels of one row are. */
static void run_inference(const void *self, const rnl_stage_rows *rows)
{
    const dense_inference *dense = self;
    const rnl_packing *packing = &dense->packing;
    const rnl_product product = product_of(dense, rows);
    for (size_t p = 0; p < packing->panels; ++p) {
        const rnl_product_next next = {.a = p + 1 == packing->panels ? rows->next_x : NULL};
        rnl_product_panel_fetching(&product, NULL, rows->rows, p, rows->x.values, dense->weights,
                                   rows->y.values + p * packing->width, next);
        if (p == 0)
            look(rows);
        if (rows->rows > 1)
            activate(dense, rows, p * packing->width, rnl_panel_columns(packing, p));
    }
    if (rows->rows == 1)
        activate(dense, rows, 0, packing->columns);
}

static void fill_inference(void *self, const rnl_layer *layer)
{
    const dense_inference *dense = self;
    const size_t units = dense->packing.columns;
    rnl_pack(&dense->packing, layer->parameters[RNL_DENSE_KERNEL].arrays[RNL_VALUES], units,
             dense->weights);
    if (dense->bias)
        memcpy(dense->bias, layer->parameters[RNL_DENSE_BIAS].arrays[RNL_VALUES],
               units * sizeof *dense->bias);
}

static void bind_activation(dense_inference *dense, const rnl_layer *layer,
                            const rnl_kernels *kernels)
{
    const rnl_choice *activation = &rnl_dense_of(layer)->activation;
    if (layer->activation_in_loss)
        dense->activation = (rnl_bound_activation){.forward = kernels->linear_forward};
    else
        rnl_activation_of(activation)->bind(&dense->activation, kernels, activation->parameters);
}

rnl_status rnl_dense_plan_inference(const rnl_layer *layer, rnl_predictor *predictor)
{
    const size_t units = layer->output.size[0];
    dense_inference *dense = calloc(1, sizeof *dense);
    if (!dense)
        return rnl_fail_memory(sizeof *dense);
    dense->fan_in = layer->input.size[0];
    dense->packing = rnl_packing_of(dense->fan_in, units);
    bind_activation(dense, layer, predictor->kernels);
    RNL_TRY(rnl_predictor_add(
        predictor, units,
        (rnl_stage){
            .self = dense, .fill = fill_inference, .run = run_inference, .multiplies = true}));
    RNL_TRY(rnl_arena_reserve(&predictor->arena, &dense->weights, rnl_packed_count(&dense->packing),
                              sizeof(float)));
    return rnl_dense_of(layer)->use_bias
               ? rnl_arena_reserve(&predictor->arena, &dense->bias, units, sizeof(float))
               : RNL_OK;
}
