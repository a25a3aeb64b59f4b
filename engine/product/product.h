/*
 * The matrix product of dense layers: C = A B, with B packed in panels (packing.h):
 *
 *     product           A                        B
 *     forward           inputs, by rows          weights
 *     input gradient    delta, packed            weights, transposed
 *     weight gradient   inputs, by columns       delta
 *                       or, transposed, by rows
 *
 * An element of C is a sum of blocks of RNL_PRODUCT_BLOCK inner terms, added in their order; a
 * block is a chain of fused multiply-adds from +0.  So it depends on its row of A and its column of
 * B alone: not on the other rows and columns, the instruction set, or the library.  The kernels
 * make products, or oneDNN for a worker that has it (onednn.h).
 */
#ifndef RNL_ENGINE_PRODUCT_PRODUCT_H
#define RNL_ENGINE_PRODUCT_PRODUCT_H

#include "engine/product/onednn.h"
#include "engine/product/packing.h"
#include "simd/kernels.h"

typedef enum rnl_operand_layout {
    RNL_BY_ROWS,    /* row-major, a_stride floats between rows */
    RNL_BY_COLUMNS, /* column-major, a_stride floats between columns */
    RNL_PACKED      /* in panels of a_stride columns, a_distance floats apart */
} rnl_operand_layout;

/* With pairs, A and B hold pairs of bfloat16 in the place of floats (simd/kernels.h), and inner
 * terms are pairs. */

typedef struct rnl_product_shape {
    size_t rows; /* as planned: oneDNN computes no others */
    size_t inner;
    rnl_operand_layout a_layout;
    size_t a_stride, a_distance;
    rnl_packing b; /* of (inner, columns) */
    bool pairs;
    size_t c_stride; /* floats between rows of C; 0 for the columns of a panel in whole vectors */
    bool pads;       /* columns of C beyond B's, up to whole vectors, become 0; else anything */
} rnl_product_shape;

typedef struct rnl_product {
    rnl_product_shape shape;
    const rnl_kernels *kernels;
} rnl_product;

/* Returns the smallest stride of a row-major matrix of so many columns whose rows begin at cache
 * lines and are not a multiple of 1 KiB apart: such rows compete for the same cache lines when a
 * product reads several of them. */
size_t rnl_product_row_stride(size_t columns);

/* Asks oneDNN for what the product will call. */
void rnl_product_need(const rnl_product_shape *shape, rnl_onednn *onednn);

/* Computes some rows of C, in the columns that belong to a panel of B.  a and c are where the rows
 * begin, c in these columns; b is all of B.  Without a worker of oneDNN it does not fail. */
rnl_status rnl_product_panel(const rnl_product *product, rnl_onednn_worker *onednn, size_t rows,
                             size_t panel, const float *a, const float *b, float *c);

/* What a product fetches into the L2 cache while it multiplies. */
typedef struct rnl_product_next {
    const float *a;           /* A of the same product of other rows that follows; NULL: none */
    const rnl_fetch *fetches; /* what is read or written then, the last without values; or NULL */
} rnl_product_next;

/* The same; fetches what comes next. */
rnl_status rnl_product_panel_fetching(const rnl_product *product, rnl_onednn_worker *onednn,
                                      size_t rows, size_t panel, const float *a, const float *b,
                                      float *c, rnl_product_next next);

/* Tests if that pays. */
bool rnl_product_fetches(const rnl_product *product);

/* Products of `count` pieces of A and B that follow each other, each of the shape's inner terms, in
 * one call of a kernel: summed in a binary tree, and that sum added to C where asked for.  A is by
 * columns, the product one block; `nodes` holds RNL_PRODUCT_NODE floats a level of the tree. */
void rnl_product_panel_tree(const rnl_product *product, size_t rows, size_t panel, size_t count,
                            const float *a, const float *b, float *nodes, bool add, float *c);

/* Tests if a product by rows, of inputs that are transposed for so many panels, takes less time
 * than the same by columns.  False for a product that was not planned (kernels NULL). */
bool rnl_product_is_faster_by_rows(const rnl_product *by_rows, size_t panels);

/* Returns how many pieces are best summed in one call: a power of two. */
size_t rnl_product_tree_most(const rnl_product *product);

/* Tests if the inner terms are one block, which is summed without others. */
static inline bool rnl_product_is_one_block(const rnl_product_shape *shape)
{
    return shape->inner <= RNL_PRODUCT_BLOCK / (shape->pairs ? 2 : 1);
}

/* Computes some rows of C, with c_stride between them. */
rnl_status rnl_product_all(const rnl_product *product, rnl_onednn_worker *onednn, size_t rows,
                           const float *a, const float *b, float *c);

#endif
