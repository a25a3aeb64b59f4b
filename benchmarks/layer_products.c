#include "benchmarks/layer_products.h"

#include "engine/base/error.h"
#include "engine/base/number.h"

#include <stdlib.h>

const char *const rnl_layer_product_names[RNL_LAYER_PRODUCTS] = {"forward", "gradients", "down"};

bool rnl_layer_multiplies(const rnl_layer *layer)
{
    return layer->parameter_count > 0 && layer->parameters[0].rank == 2;
}

void rnl_layer_products(const rnl_layer *layer, rnl_cut rows,
                        rnl_product products[RNL_LAYER_PRODUCTS])
{
    const size_t fan_in = layer->parameters[0].size[0], units = layer->parameters[0].size[1],
                 padded = rows.blocks * rows.size, stride = rnl_product_row_stride(fan_in);
    const rnl_dense_cut cut = rnl_cut_dense(rows, fan_in, units);
    const size_t width = rnl_cut_width(cut.columns, 0);
    const rnl_packing delta = rnl_packing_uniform(padded, width);
    const rnl_kernels *kernels = rnl_kernels_of(rnl_isa_detect());
    products[RNL_FORWARD] = (rnl_product){.shape = {.rows = cut.part_rows,
                                                    .inner = fan_in,
                                                    .a_layout = RNL_BY_ROWS,
                                                    .a_stride = stride,
                                                    .b = rnl_packing_of(fan_in, width)},
                                          .kernels = kernels};
    products[RNL_GRADIENTS] = (rnl_product){.shape = {.rows = rnl_least(fan_in, RNL_CUT_INPUTS),
                                                      .inner = padded,
                                                      .a_layout = RNL_BY_COLUMNS,
                                                      .a_stride = stride,
                                                      .b = delta,
                                                      .pads = true},
                                            .kernels = kernels};
    products[RNL_DOWN] = (rnl_product){.shape = {.rows = cut.by_columns ? padded : cut.part_rows,
                                                 .inner = width,
                                                 .a_layout = RNL_PACKED,
                                                 .a_stride = delta.width,
                                                 .a_distance = delta.distance,
                                                 .b = rnl_packing_of(width, fan_in),
                                                 .c_stride = stride},
                                       .kernels = kernels};
}

double rnl_product_flops(const rnl_product_shape *shape)
{
    return 2.0 * (double)shape->rows * (double)shape->inner * (double)shape->b.columns;
}

double rnl_layer_product_flops(const rnl_layer *layer, rnl_cut rows)
{
    return 2.0 * (double)(rows.blocks * rows.size) * (double)layer->parameters[0].size[0] *
           (double)layer->parameters[0].size[1];
}

/* ---- operands -------------------------------------------------------------------------------- */

static float *allocate(size_t floats)
{
    float *values = aligned_alloc(64, (floats * sizeof *values + 63) / 64 * 64);
    for (size_t i = 0; values && i < floats; ++i)
        values[i] = (float)(i % 13) / 13 - 0.5f;
    return values;
}

static size_t a_floats(const rnl_product_shape *shape)
{
    switch (shape->a_layout) {
    case RNL_BY_COLUMNS:
        return shape->inner * shape->a_stride;
    case RNL_PACKED:
        return (shape->inner + shape->a_stride - 1) / shape->a_stride * shape->a_distance;
    default:
        return shape->rows * shape->a_stride;
    }
}

rnl_status rnl_operands_create(rnl_operands *operands, const rnl_product_shape *shape)
{
    const size_t stride = shape->c_stride > 0 ? shape->c_stride : shape->b.width,
                 floats = rnl_packed_count(&shape->b);
    *operands = (rnl_operands){.a = allocate(a_floats(shape)),
                               .b = allocate(floats),
                               .c = allocate(shape->rows * stride),
                               .c_floats = shape->rows * stride};
    if (!operands->a || !operands->b || !operands->c)
        return rnl_fail_memory(floats * sizeof(float));
    rnl_clear_columns(&shape->b, 0, shape->inner, operands->b);
    return RNL_OK;
}

void rnl_operands_release(rnl_operands *operands)
{
    free(operands->a);
    free(operands->b);
    free(operands->c);
}

rnl_status rnl_operands_multiply(const rnl_operands *operands, const rnl_product *product,
                                 rnl_onednn_worker *onednn, float *c)
{
    const rnl_product_shape *shape = &product->shape;
    for (size_t p = 0; p < shape->b.panels; ++p)
        RNL_TRY(rnl_product_panel(product, onednn, shape->rows, p, operands->a, operands->b,
                                  c + (shape->c_stride > 0 ? p * shape->b.width : 0)));
    return RNL_OK;
}
