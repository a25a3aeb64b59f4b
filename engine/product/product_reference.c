#include "engine/product/product.h"

#include "engine/error.h"

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
    rnl_product_kind kind;
    rnl_product_buffers buffers;
};

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

size_t rnl_product_row_stride(size_t columns)
{
    return columns;
}

size_t rnl_product_packed_count(const rnl_product *product)
{
    return product->shape.fan_in * product->shape.units;
}

const char *rnl_product_description(const rnl_product *product)
{
    (void)product;
    return "plain C";
}

rnl_status rnl_product_pack(const rnl_product *product, const float *kernel, size_t stride,
                            float *packed)
{
    const rnl_product_shape *shape = &product->shape;
    for (size_t i = 0; i < shape->fan_in; ++i)
        memcpy(packed + i * shape->units, kernel + i * stride, shape->units * sizeof *packed);
    return RNL_OK;
}

rnl_status rnl_product_unpack(const rnl_product *product, const float *packed, float *kernel,
                              size_t stride)
{
    const rnl_product_shape *shape = &product->shape;
    for (size_t i = 0; i < shape->fan_in; ++i)
        memcpy(kernel + i * stride, packed + i * shape->units, shape->units * sizeof *packed);
    return RNL_OK;
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
                            rnl_product_worker *worker, rnl_product_kind kind,
                            const rnl_product_buffers *buffers)
{
    (void)worker;
    rnl_product_call *bound = malloc(sizeof *bound);
    if (!bound)
        return rnl_fail_memory(sizeof *bound);
    *bound = (rnl_product_call){product->shape, kind, *buffers};
    *call = bound;
    return RNL_OK;
}

void rnl_product_call_free(rnl_product_call *call)
{
    free(call);
}

static void forward(const rnl_product_shape *s, const float *x, const float *w, float *z)
{
    for (size_t r = 0; r < s->rows[RNL_PRODUCT_FORWARD]; ++r) {
        float *row = z + r * s->units;
        memset(row, 0, s->units * sizeof *row);
        for (size_t i = 0; i < s->fan_in; ++i)
            for (size_t u = 0; u < s->units; ++u)
                row[u] += x[r * s->fan_in + i] * w[i * s->units + u];
    }
}

static void backward_weights(const rnl_product_shape *s, const float *x, const float *delta,
                             float *gradient)
{
    memset(gradient, 0, s->fan_in * s->units * sizeof *gradient);
    for (size_t r = 0; r < s->rows[RNL_PRODUCT_BACKWARD_WEIGHTS]; ++r)
        for (size_t i = 0; i < s->fan_in; ++i)
            for (size_t u = 0; u < s->units; ++u)
                gradient[i * s->units + u] += x[r * s->fan_in + i] * delta[r * s->units + u];
}

static void backward_data(const rnl_product_shape *s, const float *delta, const float *w, float *dx)
{
    for (size_t r = 0; r < s->rows[RNL_PRODUCT_BACKWARD_DATA]; ++r)
        for (size_t i = 0; i < s->fan_in; ++i) {
            float sum = 0;
            for (size_t u = 0; u < s->units; ++u)
                sum += delta[r * s->units + u] * w[i * s->units + u];
            dx[r * s->fan_in + i] = sum;
        }
}

rnl_status rnl_product_execute(const rnl_product_call *call)
{
    const rnl_product_buffers *b = &call->buffers;
    switch (call->kind) {
    case RNL_PRODUCT_FORWARD:
        forward(&call->shape, b->x, b->weights, b->z);
        break;
    case RNL_PRODUCT_BACKWARD_WEIGHTS:
        backward_weights(&call->shape, b->x, b->delta, b->gradient);
        break;
    case RNL_PRODUCT_BACKWARD_DATA:
        backward_data(&call->shape, b->delta, b->weights, b->dx);
        break;
    case RNL_PRODUCT_KINDS:
        break;
    }
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
