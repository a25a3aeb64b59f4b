/*
 * Packed matrices: the second operand of every product.
 *
 * A packed matrix (rows, columns) is cut into panels of `width` columns, one after another; the
 * last one may be narrower:
 *
 *     floats   0                    distance             2 distance
 *              | panel 0            | panel 1            | ...
 *
 *     a panel  row 0: `width` floats
 *              row 1: ...
 *              room for rows up to a multiple of 16
 *
 * Widths are whole vectors, so that a panel may have columns beyond those of the matrix.
 */
#ifndef RNL_ENGINE_PRODUCT_PACKING_H
#define RNL_ENGINE_PRODUCT_PACKING_H

#include <stddef.h>

typedef struct rnl_packing {
    size_t rows, columns;
    size_t width;    /* floats between rows of a panel, except the last */
    size_t last;     /* floats between rows of the last panel */
    size_t distance; /* floats between panels */
    size_t panels;
} rnl_packing;

/* Floats of a vector. */
#define RNL_PACKING_VECTOR 16

/* Rounds up to whole vectors. */
static inline size_t rnl_in_vectors(size_t floats)
{
    return (floats + RNL_PACKING_VECTOR - 1) / RNL_PACKING_VECTOR * RNL_PACKING_VECTOR;
}

/* Panels of at most 64 columns, as even as whole vectors allow; the last one is as narrow as its
 * columns. */
rnl_packing rnl_packing_of(size_t rows, size_t columns);

/* The same, with the last panel as wide as the others: it can also be the first operand. */
rnl_packing rnl_packing_uniform(size_t rows, size_t columns);

/* Floats of all panels, padding included. */
static inline size_t rnl_packed_count(const rnl_packing *packing)
{
    return (packing->panels - 1) * packing->distance +
           rnl_in_vectors(packing->rows) * packing->last;
}

/* Floats between rows of a panel. */
static inline size_t rnl_panel_stride(const rnl_packing *packing, size_t panel)
{
    return panel + 1 < packing->panels ? packing->width : packing->last;
}

/* Offset in floats of a row of a panel. */
static inline size_t rnl_packed_at(const rnl_packing *packing, size_t panel, size_t row)
{
    return panel * packing->distance + row * rnl_panel_stride(packing, panel);
}

/* Columns of the matrix in a panel. */
static inline size_t rnl_panel_columns(const rnl_packing *packing, size_t panel)
{
    const size_t left = packing->columns - panel * packing->width;
    return left < packing->width ? left : packing->width;
}

/* Returns the first column behind a column's panel, but `end` if that comes before. */
static inline size_t rnl_panel_end(const rnl_packing *packing, size_t column, size_t end)
{
    const size_t behind = (column / packing->width + 1) * packing->width;
    return behind < end ? behind : end;
}

/* Convert between row-major, with a stride in floats, and packed; packing leaves the padding
 * unchanged. */
void rnl_pack(const rnl_packing *packing, const float *plain, size_t stride, float *packed);
void rnl_unpack(const rnl_packing *packing, const float *packed, float *plain, size_t stride);

/* Sets the columns beyond those of the matrix to 0 in a range of rows. */
void rnl_clear_columns(const rnl_packing *packing, size_t row, size_t rows, float *packed);

#endif
