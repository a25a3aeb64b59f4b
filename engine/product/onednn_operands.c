#include "engine/product/onednn_operands.h"

#include "engine/base/number.h"
#include "engine/product/packing.h"

#include <string.h>

static void copy_row(const rnl_product_piece *p, size_t row, float *to)
{
    const rnl_panel_product *product = p->product;
    const float *a = product->a + (p->row + row) * product->row_step;
    for (size_t done = 0, some; done < p->terms; done += some) {
        const size_t term = p->inner + done, in_segment = term % product->segment;
        some = rnl_least(p->terms - done, product->segment - in_segment);
        memcpy(to + done, a + term / product->segment * product->segment_distance + in_segment,
               some * sizeof *to);
    }
}

static void transpose(const rnl_product_piece *p, const rnl_kernels *kernels, float *to)
{
    const rnl_panel_product *product = p->product;
    kernels->transpose(&(const rnl_transpose){
        .rows = p->terms,
        .columns = p->rows,
        .x = {product->a + p->inner * product->inner_step + p->row, product->inner_step},
        .y = {to, p->terms},
    });
}

const float *rnl_piece_dense_a(const rnl_product_piece *piece, bool by_columns,
                               const rnl_kernels *kernels, float *buffer)
{
    const rnl_panel_product *product = piece->product;
    if (by_columns)
        transpose(piece, kernels, buffer);
    else if (piece->terms == product->row_step && product->segment >= product->inner)
        return product->a + piece->row * product->row_step;
    else
        for (size_t i = 0; i < piece->rows; ++i)
            copy_row(piece, i, buffer + i * piece->terms);
    return buffer;
}

bool rnl_piece_has_dense_c(const rnl_product_piece *piece)
{
    const rnl_panel_product *product = piece->product;
    return product->c.stride == product->b.stride &&
           rnl_in_vectors(product->columns) == product->b.stride;
}

void rnl_piece_copy_c(const rnl_product_piece *piece, const float *from)
{
    const rnl_panel_product *product = piece->product;
    float *c = product->c.values + piece->row * product->c.stride;
    for (size_t i = 0; i < piece->rows; ++i)
        memcpy(c + i * product->c.stride, from + i * product->b.stride,
               rnl_in_vectors(product->columns) * sizeof *c);
}
