/*
 * The operands of oneDNN's calls: dense matrices, copied where a product's own are not.
 */
#ifndef RNL_ENGINE_PRODUCT_ONEDNN_OPERANDS_H
#define RNL_ENGINE_PRODUCT_ONEDNN_OPERANDS_H

#include "simd/kernels.h"

#include <stdbool.h>

/* Some rows of a product, and a block of its inner terms. */
typedef struct rnl_product_piece {
    const rnl_panel_product *product;
    size_t row, rows, inner, terms;
} rnl_product_piece;

/* Returns A as dense rows: its own where they are, else in the buffer, of (rows, terms).  A lies by
 * columns as `transposed_product` takes it, else as `product` does. */
const float *rnl_piece_dense_a(const rnl_product_piece *piece, bool by_columns,
                               const rnl_kernels *kernels, float *buffer);

/* Tests if the rows of C are dense, and as wide as a panel. */
bool rnl_piece_has_dense_c(const rnl_product_piece *piece);

/* Copies a dense C, (rows, width of the panel), to its place. */
void rnl_piece_copy_c(const rnl_product_piece *piece, const float *from);

#endif
