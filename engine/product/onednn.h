/*
 * oneDNN as product_onednn.c calls it: its status as ours, and what differs between oneDNN 2 and 3.
 */
#ifndef RNL_ENGINE_PRODUCT_ONEDNN_H
#define RNL_ENGINE_PRODUCT_ONEDNN_H

#include "engine/base/error.h"

#include <dnnl.h>
#include <dnnl_debug.h>
#include <stddef.h>

#define TRY_DNNL(expression)                                                                       \
    do {                                                                                           \
        const dnnl_status_t dnnl_try_status = (expression);                                        \
        if (dnnl_try_status != dnnl_success)                                                       \
            return fail_dnnl(dnnl_try_status, #expression);                                        \
    } while (0)

static inline rnl_status fail_dnnl(dnnl_status_t status, const char *expression)
{
    if (status == dnnl_out_of_memory)
        return rnl_fail(RNL_NO_MEMORY, "out of memory in oneDNN");
    return rnl_fail(RNL_PRODUCT, "oneDNN failed with status %d: %.120s", (int)status, expression);
}

#if DNNL_VERSION_MAJOR >= 3

typedef const_dnnl_memory_desc_t matrix_desc; /* borrowed */
typedef dnnl_memory_desc_t owned_desc;

static inline dnnl_status_t desc_create(owned_desc *desc, size_t rows, size_t columns,
                                        dnnl_format_tag_t tag)
{
    const dnnl_dims_t dims = {(dnnl_dim_t)rows, (dnnl_dim_t)columns};
    return dnnl_memory_desc_create_with_tag(desc, 2, dims, dnnl_f32, tag);
}

static inline void desc_destroy(owned_desc *desc)
{
    if (*desc)
        dnnl_memory_desc_destroy(*desc);
}

static inline matrix_desc desc_of(const owned_desc *desc)
{
    return *desc;
}

static inline dnnl_status_t inner_product_desc(dnnl_primitive_desc_t *desc, dnnl_engine_t engine,
                                               matrix_desc a, matrix_desc b, matrix_desc c,
                                               const_dnnl_primitive_attr_t attributes)
{
    return dnnl_inner_product_forward_primitive_desc_create(desc, engine, dnnl_forward_training, a,
                                                            b, NULL, c, attributes);
}

static inline dnnl_status_t matmul_desc(dnnl_primitive_desc_t *desc, dnnl_engine_t engine,
                                        matrix_desc a, matrix_desc b, matrix_desc c,
                                        const_dnnl_primitive_attr_t attributes)
{
    return dnnl_matmul_primitive_desc_create(desc, engine, a, b, NULL, c, attributes);
}

#else

typedef const dnnl_memory_desc_t *matrix_desc; /* borrowed */
typedef dnnl_memory_desc_t owned_desc;

static inline dnnl_status_t desc_create(owned_desc *desc, size_t rows, size_t columns,
                                        dnnl_format_tag_t tag)
{
    const dnnl_dims_t dims = {(dnnl_dim_t)rows, (dnnl_dim_t)columns};
    return dnnl_memory_desc_init_by_tag(desc, 2, dims, dnnl_f32, tag);
}

static inline void desc_destroy(owned_desc *desc)
{
    (void)desc;
}

static inline matrix_desc desc_of(const owned_desc *desc)
{
    return desc;
}

static inline dnnl_status_t inner_product_desc(dnnl_primitive_desc_t *desc, dnnl_engine_t engine,
                                               matrix_desc a, matrix_desc b, matrix_desc c,
                                               const_dnnl_primitive_attr_t attributes)
{
    dnnl_inner_product_desc_t operation;
    const dnnl_status_t status =
        dnnl_inner_product_forward_desc_init(&operation, dnnl_forward_training, a, b, NULL, c);
    return status != dnnl_success
               ? status
               : dnnl_primitive_desc_create(desc, &operation, attributes, engine, NULL);
}

static inline dnnl_status_t matmul_desc(dnnl_primitive_desc_t *desc, dnnl_engine_t engine,
                                        matrix_desc a, matrix_desc b, matrix_desc c,
                                        const_dnnl_primitive_attr_t attributes)
{
    dnnl_matmul_desc_t operation;
    const dnnl_status_t status = dnnl_matmul_desc_init(&operation, a, b, NULL, c);
    return status != dnnl_success
               ? status
               : dnnl_primitive_desc_create(desc, &operation, attributes, engine, NULL);
}

#endif

#endif
