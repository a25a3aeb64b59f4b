/*
 * The products of a layer in a training step: a tile of the canonical cut each, with operands.
 */
#ifndef RNL_BENCHMARKS_LAYER_PRODUCTS_H
#define RNL_BENCHMARKS_LAYER_PRODUCTS_H

#include "engine/model/model.h"
#include "engine/product/product.h"
#include "engine/step/cut.h"

/* Forward, gradients of the weights, and the input gradient. */
enum { RNL_FORWARD, RNL_GRADIENTS, RNL_DOWN, RNL_LAYER_PRODUCTS };

/* "forward", "gradients", "down". */
extern const char *const rnl_layer_product_names[RNL_LAYER_PRODUCTS];

/* Whether the layer has products. */
bool rnl_layer_multiplies(const rnl_layer *layer);

/* Products as the layer makes them of its first column block: one part of the rows, some inputs. */
void rnl_layer_products(const rnl_layer *layer, rnl_cut rows,
                        rnl_product products[RNL_LAYER_PRODUCTS]);

/* Floating-point operations of a tile, and of the layer's whole product in a step. */
double rnl_product_flops(const rnl_product_shape *shape);
double rnl_layer_product_flops(const rnl_layer *layer, rnl_cut rows);

typedef struct rnl_operands {
    float *a, *b, *c;
    size_t c_floats;
} rnl_operands;

rnl_status rnl_operands_create(rnl_operands *operands, const rnl_product_shape *shape);
void rnl_operands_release(rnl_operands *operands);

/* Multiplies panel by panel into c, as a tile does. */
rnl_status rnl_operands_multiply(const rnl_operands *operands, const rnl_product *product,
                                 rnl_onednn_worker *onednn, float *c);

#endif
