/*
 * Packed matrices: the second operand of every product.
 *
 * A packed matrix (rows, columns) is cut into panels of `width` columns, one after another:
 *
 *     floats   0                    distance             2 distance
 *              | panel 0            | panel 1            | ...
 *
 *     a panel  row 0: `width` columns, then 0s up to `stride`
 *              row 1: ...
 *              rows of 0s, up to a multiple of 16 rows
 *
 * The element (row, column) is at panel * distance + row * stride + column % width, with panel =
 * column / width.  A range of whole panels is the second operand of a product over its columns; a
 * range of rows of one panel is contiguous.  Elements outside of the matrix are 0.  A matrix that
 * is one single panel has no extra rows.
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

/* The largest width at which a matrix of that many columns is one panel, where panels are
 * narrow. */
#define RNL_PACKING_WIDEST 64

/* Returns the layout that the library behind the products requires. */
rnl_packing rnl_packing_of(size_t rows, size_t columns);

/* Floats of all panels, padding included. */
static inline size_t rnl_packed_count(const rnl_packing *packing)
{
    return packing->panels * packing->distance;
}

/* Offset in floats of a row of a panel. */
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

/* Convert between row-major, with a stride in floats, and packed; packing leaves the padding
 * unchanged. */
void rnl_pack(const rnl_packing *packing, const float *plain, size_t stride, float *packed);
void rnl_unpack(const rnl_packing *packing, const float *packed, float *plain, size_t stride);

/* Sets all padding to 0. */
void rnl_clear_padding(const rnl_packing *packing, float *packed);

#endif
