#include "engine/product/packing.h"

#include <string.h>

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

void rnl_clear_padding(const rnl_packing *packing, float *packed)
{
    for (size_t p = 0; p < packing->panels; ++p) {
        float *panel = packed + rnl_packed_at(packing, p, 0);
        const size_t columns = rnl_panel_columns(packing, p);
        for (size_t i = 0; columns < packing->width && i < packing->rows; ++i)
            memset(panel + rnl_packed_at(packing, 0, i) + columns, 0,
                   (packing->width - columns) * sizeof *panel);
        memset(panel + packing->rows * packing->stride, 0,
               (packing->distance - packing->rows * packing->stride) * sizeof *panel);
    }
}
