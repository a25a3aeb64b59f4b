#include "engine/product/packing.h"

#include "engine/base/number.h"

#include <string.h>

#define WIDEST 64 /* columns: the sums of 6 rows then fill 24 registers of AVX-512 */

rnl_packing rnl_packing_uniform(size_t rows, size_t columns)
{
    const size_t vectors = rnl_divide_up(columns, RNL_PACKING_VECTOR),
                 at_most = rnl_divide_up(columns, WIDEST),
                 width = rnl_divide_up(vectors, at_most) * RNL_PACKING_VECTOR;
    return (rnl_packing){
        .rows = rows,
        .columns = columns,
        .width = width,
        .last = width,
        .distance = rnl_in_vectors(rows) * width,
        .panels = rnl_divide_up(columns, width),
    };
}

rnl_packing rnl_packing_of(size_t rows, size_t columns)
{
    rnl_packing packing = rnl_packing_uniform(rows, columns);
    packing.last = rnl_in_vectors(rnl_panel_columns(&packing, packing.panels - 1));
    return packing;
}

void rnl_pack(const rnl_packing *packing, const float *plain, size_t stride, float *packed)
{
    for (size_t p = 0; p < packing->panels; ++p) {
        const size_t columns = rnl_panel_columns(packing, p);
        for (size_t i = 0; i < packing->rows; ++i)
            memcpy(packed + rnl_packed_at(packing, p, i), plain + i * stride + p * packing->width,
                   columns * sizeof *packed);
    }
}

void rnl_unpack(const rnl_packing *packing, const float *packed, float *plain, size_t stride)
{
    for (size_t p = 0; p < packing->panels; ++p) {
        const size_t columns = rnl_panel_columns(packing, p);
        for (size_t i = 0; i < packing->rows; ++i)
            memcpy(plain + i * stride + p * packing->width, packed + rnl_packed_at(packing, p, i),
                   columns * sizeof *plain);
    }
}

void rnl_clear_columns(const rnl_packing *packing, size_t row, size_t rows, float *packed)
{
    const size_t last = packing->panels - 1, columns = rnl_panel_columns(packing, last);
    for (size_t i = row; columns < packing->last && i < row + rows; ++i)
        memset(packed + rnl_packed_at(packing, last, i) + columns, 0,
               (packing->last - columns) * sizeof *packed);
}
