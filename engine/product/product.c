#include "engine/product/product.h"

/* Floats of B: half a MiB, and more than an L2 cache holds beside A and C. */
#define FAR         ((size_t)128 << 10)
#define BEYOND_L2   ((size_t)512 << 10)

#define MOST_LEAVES 1024
#define TREE_TERMS  64 /* inner terms of all leaves, on AVX2 */

typedef void product_kernel(const rnl_panel_product *);

static product_kernel *kernel_of(const rnl_product *product)
{
    const rnl_kernels *kernels = product->kernels;
    const bool by_columns = product->shape.a_layout == RNL_BY_COLUMNS;
    if (product->shape.pairs)
        return by_columns ? kernels->transposed_bfloat16_product : kernels->bfloat16_product;
    return by_columns ? kernels->transposed_product : kernels->product;
}

size_t rnl_product_row_stride(size_t columns)
{
    const size_t stride = rnl_in_vectors(columns);
    return stride % 256 == 0 ? stride + RNL_PACKING_VECTOR : stride;
}

void rnl_product_need(const rnl_product_shape *shape, rnl_onednn *onednn)
{
    for (size_t p = 0; p < shape->b.panels; ++p)
        rnl_onednn_need(onednn, shape->rows, shape->inner, rnl_panel_stride(&shape->b, p));
}

static rnl_panel_product arguments_of(const rnl_product *product, size_t rows, size_t panel,
                                      const float *a, const float *b, float *c)
{
    const rnl_product_shape *shape = &product->shape;
    const bool by_columns = shape->a_layout == RNL_BY_COLUMNS,
               packed = shape->a_layout == RNL_PACKED;
    const size_t columns = rnl_panel_columns(&shape->b, panel);
    return (rnl_panel_product){
        .rows = rows,
        .inner = shape->inner,
        .columns = columns,
        .pads = shape->pads,
        .a = a,
        .row_step = by_columns ? 1 : shape->a_stride,
        .inner_step = by_columns ? shape->a_stride : 1,
        .segment = packed ? shape->a_stride : shape->inner,
        .segment_distance = shape->a_distance,
        .b = {b + rnl_packed_at(&shape->b, panel, 0), rnl_panel_stride(&shape->b, panel)},
        .far = rnl_packed_count(&shape->b) > FAR,
        .add = false,
        .leaf = 0,
        .nodes = NULL,
        .c = {c, shape->c_stride > 0 ? shape->c_stride : rnl_in_vectors(columns)},
        .next_a = NULL,
        .fetches = NULL,
    };
}

static rnl_status multiply(const rnl_product *product, rnl_onednn_worker *onednn,
                           const rnl_panel_product *arguments)
{
    if (onednn)
        return rnl_onednn_multiply(onednn, product->shape.a_layout == RNL_BY_COLUMNS, arguments);
    kernel_of(product)(arguments);
    return RNL_OK;
}

rnl_status rnl_product_panel(const rnl_product *product, rnl_onednn_worker *onednn, size_t rows,
                             size_t panel, const float *a, const float *b, float *c)
{
    const rnl_panel_product arguments = arguments_of(product, rows, panel, a, b, c);
    return multiply(product, onednn, &arguments);
}

/* Two workers whose matrices their L2 caches hold lose half a percent by it with AVX-512. */
bool rnl_product_fetches(const rnl_product *product)
{
    const rnl_product_shape *shape = &product->shape;
    const size_t floats = rnl_packed_count(&shape->b) * (shape->pairs ? 2 : 1);
    if (product->kernels->isa == RNL_ISA_AVX2)
        return shape->a_layout != RNL_BY_COLUMNS && !shape->pairs;
    return product->kernels->isa == RNL_ISA_AVX512 && floats > BEYOND_L2;
}

rnl_status rnl_product_panel_fetching(const rnl_product *product, rnl_onednn_worker *onednn,
                                      size_t rows, size_t panel, const float *a, const float *b,
                                      float *c, rnl_product_next next)
{
    rnl_panel_product arguments = arguments_of(product, rows, panel, a, b, c);
    arguments.next_a = next.a;
    arguments.fetches = next.fetches;
    return multiply(product, onednn, &arguments);
}

void rnl_product_panel_tree(const rnl_product *product, size_t rows, size_t panel, size_t count,
                            const float *a, const float *b, float *nodes, bool add, float *c)
{
    rnl_panel_product arguments = arguments_of(product, rows, panel, a, b, c);
    arguments.leaf = count > 1 ? arguments.inner : 0;
    arguments.inner *= count;
    arguments.nodes = nodes;
    arguments.add = add;
    kernel_of(product)(&arguments);
}

/* Columns take a cache line for each term, which AVX2's narrow blocks of sums read again and again.
 * Transposed inputs are read for each panel: half an L2 cache of 1 MiB has to hold them. */
bool rnl_product_is_faster_by_rows(const rnl_product *by_rows, size_t panels)
{
    enum { MANY_TERMS = 256, MANY_PANELS = 4, MOST_FLOATS = 128 << 10 };
    const rnl_product_shape *shape = &by_rows->shape;
    return by_rows->kernels && by_rows->kernels->isa == RNL_ISA_AVX2 &&
           shape->inner >= MANY_TERMS && shape->rows * shape->inner <= MOST_FLOATS &&
           panels >= MANY_PANELS;
}

/* AVX2's narrow blocks of sums read the pieces again and again: they have to stay in the L1 cache.
 */
size_t rnl_product_tree_most(const rnl_product *product)
{
    const rnl_isa isa = product->kernels->isa;
    const size_t terms = isa == RNL_ISA_AVX2 ? TREE_TERMS : SIZE_MAX;
    size_t most = 1;
    while (most < MOST_LEAVES && 2 * most * product->shape.inner <= terms)
        most *= 2;
    return most;
}

rnl_status rnl_product_all(const rnl_product *product, rnl_onednn_worker *onednn, size_t rows,
                           const float *a, const float *b, float *c)
{
    const rnl_packing *packing = &product->shape.b;
    const bool fetches = rnl_product_fetches(product);
    for (size_t p = 0; p < packing->panels; ++p) {
        float *columns = c + p * packing->width;
        const rnl_fetch written[] = {
            {columns, rows, rnl_panel_columns(packing, p), product->shape.c_stride}, {0}};
        const rnl_product_next next = {.fetches = fetches ? written : NULL};
        RNL_TRY(rnl_product_panel_fetching(product, onednn, rows, p, a, b, columns, next));
    }
    return RNL_OK;
}
