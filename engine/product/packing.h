/*
 * Packed matrices: the second operand of every product.
 *
 * A packed matrix (rows, columns) is cut into panels of `width` columns, each row-major by itself.
 * So any range of whole panels is the second operand of a product over its columns, and any range
 * of rows of a panel is one piece of memory.  What is in no column of the matrix, because the last
 * panel is narrower, is 0.  Panels have room for a multiple of 16 rows, but for the one of the
 * whole matrix that there may be instead.
 */
#ifndef RNL_ENGINE_PRODUCT_PACKING_H
#define RNL_ENGINE_PRODUCT_PACKING_H

#include <stddef.h>

typedef struct rnl_packing {
    size_t rows, columns;
    size_t width;    /* columns of a panel */
    size_t stride;   /* floats between rows of a panel */
    size_t distance; /* floats between panels */
    size_t panels;
} rnl_packing;

/* The most columns that make one panel, where panels are narrow. */
#define RNL_PACKING_WIDEST 64

/* As the library behind the products asks for it. */
rnl_packing rnl_packing_of(size_t rows, size_t columns);

/* Floats of the whole, padding included. */
static inline size_t rnl_packed_count(const rnl_packing *packing)
{
    return packing->panels * packing->distance;
}

/* Where a row of a panel stands, in floats. */
static inline size_t rnl_packed_at(const rnl_packing *packing, size_t panel, size_t row)
{
    return panel * packing->distance + row * packing->stride;
}

/* Columns of the matrix in a panel. */
static inline size_t rnl_panel_columns(const rnl_packing *packing, size_t panel)
{
    const size_t left = packing->columns - panel * packing->width;
    return left < packing->width ? left : packing->width;
}

/* Between row-major, with a stride in floats, and packed; packing leaves the padding as it is. */
void rnl_pack(const rnl_packing *packing, const float *plain, size_t stride, float *packed);
void rnl_unpack(const rnl_packing *packing, const float *packed, float *plain, size_t stride);

/* Sets what is in no row and no column of the matrix to 0. */
void rnl_clear_padding(const rnl_packing *packing, float *packed);

#endif
