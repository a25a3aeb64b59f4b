#include "engine/product/product.h"

#include "engine/base/error.h"

#include <stdlib.h>
#include <string.h>

struct rnl_product {
    rnl_product_shape shape;
};

struct rnl_product_worker {
    char unused;
};

struct rnl_product_call {
    rnl_product_shape shape;
    const float *a, *b;
    float *c;
};

/* As in product_onednn.c, so that sanitizers see accesses between rows. */
size_t rnl_product_row_stride(size_t columns)
{
    enum { VECTOR = 16 };
    return (columns + VECTOR - 1) / VECTOR * VECTOR;
}

size_t rnl_product_close_stride(size_t columns)
{
    return columns;
}

/* As narrow as in product_onednn.c, so that both use panels. */
rnl_packing rnl_packing_of(size_t rows, size_t columns)
{
    enum { WIDTH = 16 };
    return (rnl_packing){.rows = rows,
                         .columns = columns,
                         .width = WIDTH,
                         .stride = WIDTH,
                         .distance = (rows + WIDTH - 1) / WIDTH * WIDTH * WIDTH,
                         .panels = (columns + WIDTH - 1) / WIDTH};
}

size_t rnl_product_call_bytes(const rnl_product *product)
{
    (void)product;
    return 0;
}

size_t rnl_product_create_bytes(void)
{
    return 0;
}

rnl_status rnl_product_create(rnl_product **product, rnl_product_shape shape)
{
    rnl_product *created = malloc(sizeof *created);
    if (!created)
        return rnl_fail_memory(sizeof *created);
    created->shape = shape;
    *product = created;
    return RNL_OK;
}

void rnl_product_free(rnl_product *product)
{
    free(product);
}

const char *rnl_product_description(const rnl_product *product)
{
    (void)product;
    return "plain C";
}

rnl_status rnl_product_worker_create(rnl_product_worker **worker, rnl_product *const *products,
                                     size_t count)
{
    (void)products;
    (void)count;
    *worker = malloc(sizeof **worker);
    return *worker ? RNL_OK : rnl_fail_memory(sizeof **worker);
}

void rnl_product_worker_free(rnl_product_worker *worker)
{
    free(worker);
}

rnl_status rnl_product_bind(rnl_product_call **call, const rnl_product *product,
                            rnl_product_worker *worker, const float *a, const float *b, float *c)
{
    (void)worker;
    rnl_product_call *bound = malloc(sizeof *bound);
    if (!bound)
        return rnl_fail_memory(sizeof *bound);
    *bound = (rnl_product_call){product->shape, a, b, c};
    *call = bound;
    return RNL_OK;
}

void rnl_product_call_free(rnl_product_call *call)
{
    free(call);
}

static void multiply_panel(const rnl_product_call *call, const rnl_packing *packing, size_t panel)
{
    const rnl_product_shape *shape = &call->shape;
    const size_t columns = rnl_panel_columns(packing, panel);
    const float *b = call->b + rnl_packed_at(packing, panel, 0);
    for (size_t i = 0; i < shape->rows; ++i) {
        const float *a = call->a + i * shape->a_stride;
        float *c = call->c + i * rnl_product_row_stride(shape->columns) + panel * packing->width;
        memset(c, 0, columns * sizeof *c);
        for (size_t k = 0; k < shape->inner; ++k)
            for (size_t j = 0; j < columns; ++j)
                c[j] += a[k] * b[k * packing->stride + j];
    }
}

rnl_status rnl_product_execute(const rnl_product_call *call)
{
    const rnl_packing packing = rnl_packing_of(call->shape.inner, call->shape.columns);
    for (size_t p = 0; p < packing.panels; ++p)
        multiply_panel(call, &packing, p);
    return RNL_OK;
}

bool rnl_product_lower(const char *isa)
{
    (void)isa;
    return true;
}

const char *rnl_product_library(void)
{
    return "plain C";
}

const char *rnl_product_computation(void)
{
    return rnl_product_library();
}
