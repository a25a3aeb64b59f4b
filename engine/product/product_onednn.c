#include "engine/product/product.h"

#include "engine/error.h"

#include <dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#define TRY_DNNL(expression)                                                                       \
    do {                                                                                           \
        const dnnl_status_t dnnl_try_status = (expression);                                        \
        if (dnnl_try_status != dnnl_success)                                                       \
            return fail_dnnl(dnnl_try_status, #expression);                                        \
    } while (0)

static rnl_status fail_dnnl(dnnl_status_t status, const char *expression)
{
    if (status == dnnl_out_of_memory)
        return rnl_fail(RNL_NO_MEMORY, "out of memory in oneDNN");
    return rnl_fail(RNL_PRODUCT, "oneDNN failed with status %d: %.120s", (int)status, expression);
}

/* ---- the differences between oneDNN 2 and 3 -------------------------------------------------- */

#if DNNL_VERSION_MAJOR >= 3

typedef const_dnnl_memory_desc_t matrix_desc; /* borrowed */
typedef dnnl_memory_desc_t owned_desc;

static dnnl_status_t desc_create(owned_desc *desc, size_t rows, size_t columns,
                                 dnnl_format_tag_t tag)
{
    const dnnl_dims_t dims = {(dnnl_dim_t)rows, (dnnl_dim_t)columns};
    return dnnl_memory_desc_create_with_tag(desc, 2, dims, dnnl_f32, tag);
}

static dnnl_status_t desc_create_strided(owned_desc *desc, size_t rows, size_t columns,
                                         size_t row_stride, size_t column_stride)
{
    const dnnl_dims_t dims = {(dnnl_dim_t)rows, (dnnl_dim_t)columns};
    const dnnl_dims_t strides = {(dnnl_dim_t)row_stride, (dnnl_dim_t)column_stride};
    return dnnl_memory_desc_create_with_strides(desc, 2, dims, dnnl_f32, strides);
}

static void desc_destroy(owned_desc *desc)
{
    if (*desc)
        dnnl_memory_desc_destroy(*desc);
}

static matrix_desc desc_of(const owned_desc *desc)
{
    return *desc;
}

static dnnl_status_t forward_desc(dnnl_primitive_desc_t *desc, dnnl_engine_t engine, bool training,
                                  matrix_desc x, matrix_desc weights, matrix_desc z,
                                  const_dnnl_primitive_attr_t attributes)
{
    return dnnl_inner_product_forward_primitive_desc_create(
        desc, engine, training ? dnnl_forward_training : dnnl_forward_inference, x, weights, NULL,
        z, attributes);
}

static dnnl_status_t backward_weights_desc(dnnl_primitive_desc_t *desc, dnnl_engine_t engine,
                                           const_dnnl_primitive_desc_t forward, matrix_desc x,
                                           matrix_desc weights, matrix_desc z,
                                           const_dnnl_primitive_attr_t attributes)
{
    return dnnl_inner_product_backward_weights_primitive_desc_create(desc, engine, x, weights, NULL,
                                                                     z, forward, attributes);
}

static dnnl_status_t backward_data_desc(dnnl_primitive_desc_t *desc, dnnl_engine_t engine,
                                        const_dnnl_primitive_desc_t forward, matrix_desc x,
                                        matrix_desc weights, matrix_desc z,
                                        const_dnnl_primitive_attr_t attributes)
{
    return dnnl_inner_product_backward_data_primitive_desc_create(desc, engine, x, weights, z,
                                                                  forward, attributes);
}

#else

typedef const dnnl_memory_desc_t *matrix_desc; /* borrowed */
typedef dnnl_memory_desc_t owned_desc;

static dnnl_status_t desc_create(owned_desc *desc, size_t rows, size_t columns,
                                 dnnl_format_tag_t tag)
{
    const dnnl_dims_t dims = {(dnnl_dim_t)rows, (dnnl_dim_t)columns};
    return dnnl_memory_desc_init_by_tag(desc, 2, dims, dnnl_f32, tag);
}

static dnnl_status_t desc_create_strided(owned_desc *desc, size_t rows, size_t columns,
                                         size_t row_stride, size_t column_stride)
{
    const dnnl_dims_t dims = {(dnnl_dim_t)rows, (dnnl_dim_t)columns};
    const dnnl_dims_t strides = {(dnnl_dim_t)row_stride, (dnnl_dim_t)column_stride};
    return dnnl_memory_desc_init_by_strides(desc, 2, dims, dnnl_f32, strides);
}

static void desc_destroy(owned_desc *desc)
{
    (void)desc;
}

static matrix_desc desc_of(const owned_desc *desc)
{
    return desc;
}

static dnnl_status_t forward_desc(dnnl_primitive_desc_t *desc, dnnl_engine_t engine, bool training,
                                  matrix_desc x, matrix_desc weights, matrix_desc z,
                                  const_dnnl_primitive_attr_t attributes)
{
    dnnl_inner_product_desc_t operation;
    const dnnl_status_t status = dnnl_inner_product_forward_desc_init(
        &operation, training ? dnnl_forward_training : dnnl_forward_inference, x, weights, NULL, z);
    return status != dnnl_success
               ? status
               : dnnl_primitive_desc_create(desc, &operation, attributes, engine, NULL);
}

static dnnl_status_t backward_weights_desc(dnnl_primitive_desc_t *desc, dnnl_engine_t engine,
                                           const_dnnl_primitive_desc_t forward, matrix_desc x,
                                           matrix_desc weights, matrix_desc z,
                                           const_dnnl_primitive_attr_t attributes)
{
    dnnl_inner_product_desc_t operation;
    const dnnl_status_t status =
        dnnl_inner_product_backward_weights_desc_init(&operation, x, weights, NULL, z);
    return status != dnnl_success
               ? status
               : dnnl_primitive_desc_create(desc, &operation, attributes, engine, forward);
}

static dnnl_status_t backward_data_desc(dnnl_primitive_desc_t *desc, dnnl_engine_t engine,
                                        const_dnnl_primitive_desc_t forward, matrix_desc x,
                                        matrix_desc weights, matrix_desc z,
                                        const_dnnl_primitive_attr_t attributes)
{
    dnnl_inner_product_desc_t operation;
    const dnnl_status_t status =
        dnnl_inner_product_backward_data_desc_init(&operation, x, weights, z);
    return status != dnnl_success
               ? status
               : dnnl_primitive_desc_create(desc, &operation, attributes, engine, forward);
}

#endif

/* ---- products by sgemm -----------------------------------------------------------------------

Below AVX-512, the inner product of oneDNN 2 is its sgemm on dense matrices.  Called itself, it
takes strides, which avoid rows that compete for the same lines of the cache: up to twice the speed.
*/

static bool by_sgemm(void)
{
    const unsigned wanted = dnnl_cpu_isa_avx512_core;
    return DNNL_VERSION_MAJOR < 3 && ((unsigned)dnnl_get_effective_cpu_isa() & wanted) != wanted;
}

size_t rnl_product_row_stride(size_t columns)
{
    return by_sgemm() && columns % 256 == 0 ? columns + 16 : columns;
}

static dnnl_status_t run_sgemm(const rnl_product_shape *shape, rnl_product_kind kind,
                               const rnl_product_buffers *b)
{
    const dnnl_dim_t rows = (dnnl_dim_t)shape->rows[kind], fan_in = (dnnl_dim_t)shape->fan_in,
                     units = (dnnl_dim_t)shape->units,
                     x_stride = (dnnl_dim_t)rnl_product_row_stride(shape->fan_in),
                     z_stride = (dnnl_dim_t)rnl_product_row_stride(shape->units);
    switch (kind) {
    case RNL_PRODUCT_FORWARD:
        return dnnl_sgemm('N', 'N', rows, units, fan_in, 1, b->x, x_stride, b->weights, z_stride, 0,
                          b->z, z_stride);
    case RNL_PRODUCT_BACKWARD_WEIGHTS:
        return dnnl_sgemm('T', 'N', fan_in, units, rows, 1, b->x, x_stride, b->delta, z_stride, 0,
                          b->gradient, z_stride);
    default:
        return dnnl_sgemm('N', 'T', rows, fan_in, units, 1, b->delta, z_stride, b->weights,
                          z_stride, 0, b->dx, x_stride);
    }
}

/* ---- products -------------------------------------------------------------------------------- */

struct rnl_product {
    rnl_product_shape shape;
    dnnl_primitive_attr_t attributes;
    owned_desc x[RNL_PRODUCT_KINDS], z[RNL_PRODUCT_KINDS]; /* dense, row-major */
    dnnl_primitive_desc_t descs[RNL_PRODUCT_KINDS];
    dnnl_primitive_t primitives[RNL_PRODUCT_KINDS];
    char description[192];
};

/* oneDNN executes a primitive only on a stream of the engine that it was made for, so one engine
 * serves the whole process, until it ends. */
static dnnl_engine_t engine;
static once_flag engine_once = ONCE_FLAG_INIT;

static void create_engine(void)
{
    if (dnnl_engine_create(&engine, dnnl_cpu, 0) != dnnl_success)
        engine = NULL;
}

static rnl_status need_engine(void)
{
    call_once(&engine_once, create_engine);
    return engine ? RNL_OK : rnl_fail(RNL_PRODUCT, "oneDNN cannot make an engine for the CPU");
}

static matrix_desc weights_desc(const rnl_product *product)
{
    return dnnl_primitive_desc_query_md(product->descs[RNL_PRODUCT_FORWARD], dnnl_query_weights_md,
                                        0);
}

static const char *implementation(const_dnnl_primitive_desc_t desc)
{
    const char *name = "none";
    if (desc)
        dnnl_primitive_desc_query(desc, dnnl_query_impl_info_str, 0, &name);
    return name;
}

/* oneDNN's weights are (units, fan_in): the plain kernel (fan_in, units) seen transposed. */
static dnnl_status_t kernel_desc(owned_desc *desc, const rnl_product_shape *shape, size_t stride)
{
    return desc_create_strided(desc, shape->units, shape->fan_in, 1, stride);
}

/* oneDNN's plain implementation is a hundred times slower than any other. */
static bool is_slow(const_dnnl_primitive_desc_t desc)
{
    return desc && strncmp(implementation(desc), "ref", 3) == 0;
}

static dnnl_status_t create_forward(rnl_product *product, rnl_product_kind rows_of,
                                    matrix_desc weights, dnnl_primitive_desc_t *desc)
{
    return forward_desc(desc, engine, product->shape.rows[RNL_PRODUCT_BACKWARD_WEIGHTS] > 0,
                        desc_of(&product->x[rows_of]), weights, desc_of(&product->z[rows_of]),
                        product->attributes);
}

/* A backward product on the weights of the forward one.  oneDNN asks for a forward product with the
 * same rows as a hint. */
static dnnl_status_t create_backward(rnl_product *product, rnl_product_kind kind)
{
    const matrix_desc x = desc_of(&product->x[kind]), z = desc_of(&product->z[kind]);
    const matrix_desc weights = weights_desc(product);
    dnnl_primitive_desc_t hint = NULL;
    dnnl_status_t status = create_forward(product, kind, weights, &hint);
    if (status == dnnl_success)
        status =
            (kind == RNL_PRODUCT_BACKWARD_WEIGHTS ? backward_weights_desc : backward_data_desc)(
                &product->descs[kind], engine, hint, x, weights, z, product->attributes);
    if (hint)
        dnnl_primitive_desc_destroy(hint);
    return status;
}

/* Descriptors of all products on one layout of the weights: `wanted` in the forward product, and
 * what that makes of it in the others. */
static rnl_status create_descs(rnl_product *product, matrix_desc wanted)
{
    TRY_DNNL(
        create_forward(product, RNL_PRODUCT_FORWARD, wanted, &product->descs[RNL_PRODUCT_FORWARD]));
    for (rnl_product_kind kind = RNL_PRODUCT_BACKWARD_WEIGHTS; kind < RNL_PRODUCT_KINDS; ++kind)
        if (product->shape.rows[kind] > 0)
            TRY_DNNL(create_backward(product, kind));
    return RNL_OK;
}

static void destroy_descs(rnl_product *product)
{
    for (size_t kind = 0; kind < RNL_PRODUCT_KINDS; ++kind) {
        if (product->descs[kind])
            dnnl_primitive_desc_destroy(product->descs[kind]);
        product->descs[kind] = NULL;
    }
}

/* oneDNN's own choice of layout if all products are fast on it, else the plain one, (fan_in,
 * units), for which there is always a fast way. */
static rnl_status choose_layout(rnl_product *product)
{
    const rnl_product_shape *shape = &product->shape;
    owned_desc any, plain;
    TRY_DNNL(desc_create(&any, shape->units, shape->fan_in, dnnl_format_tag_any));
    rnl_status status = create_descs(product, desc_of(&any));
    desc_destroy(&any);
    bool slow = status != RNL_OK;
    for (size_t kind = 0; kind < RNL_PRODUCT_KINDS; ++kind)
        slow |= is_slow(product->descs[kind]);
    if (!slow)
        return RNL_OK;
    destroy_descs(product);
    TRY_DNNL(kernel_desc(&plain, shape, shape->units));
    status = create_descs(product, desc_of(&plain));
    desc_destroy(&plain);
    return status;
}

static rnl_status create_primitives(rnl_product *product)
{
    const rnl_product_shape *shape = &product->shape;
    if (by_sgemm()) {
        snprintf(product->description, sizeof product->description, "sgemm");
        return RNL_OK;
    }
    RNL_TRY(need_engine());
    TRY_DNNL(dnnl_primitive_attr_create(&product->attributes));
    TRY_DNNL(
        dnnl_primitive_attr_set_scratchpad_mode(product->attributes, dnnl_scratchpad_mode_user));
    for (size_t kind = 0; kind < RNL_PRODUCT_KINDS; ++kind)
        if (shape->rows[kind] > 0) {
            TRY_DNNL(desc_create(&product->x[kind], shape->rows[kind], shape->fan_in, dnnl_ab));
            TRY_DNNL(desc_create(&product->z[kind], shape->rows[kind], shape->units, dnnl_ab));
        }
    RNL_TRY(choose_layout(product));
    const dnnl_primitive_desc_t *descs = product->descs;
    for (size_t kind = 0; kind < RNL_PRODUCT_KINDS; ++kind)
        if (descs[kind])
            TRY_DNNL(dnnl_primitive_create(&product->primitives[kind], descs[kind]));
    snprintf(product->description, sizeof product->description,
             "forward %s, backward weights %s, backward data %s",
             implementation(descs[RNL_PRODUCT_FORWARD]),
             implementation(descs[RNL_PRODUCT_BACKWARD_WEIGHTS]),
             implementation(descs[RNL_PRODUCT_BACKWARD_DATA]));
    return RNL_OK;
}

rnl_status rnl_product_create(rnl_product **product, rnl_product_shape shape)
{
    rnl_product *created = calloc(1, sizeof *created);
    if (!created)
        return rnl_fail_memory(sizeof *created);
    created->shape = shape;
    const rnl_status status = create_primitives(created);
    if (status != RNL_OK) {
        rnl_product_free(created);
        return status;
    }
    *product = created;
    return RNL_OK;
}

void rnl_product_free(rnl_product *product)
{
    if (!product)
        return;
    for (size_t kind = 0; kind < RNL_PRODUCT_KINDS; ++kind)
        if (product->primitives[kind])
            dnnl_primitive_destroy(product->primitives[kind]);
    destroy_descs(product);
    for (size_t kind = 0; kind < RNL_PRODUCT_KINDS; ++kind) {
        desc_destroy(&product->x[kind]);
        desc_destroy(&product->z[kind]);
    }
    if (product->attributes)
        dnnl_primitive_attr_destroy(product->attributes);
    free(product);
}

/* The distance between rows of the packed weights of sgemm: those of a plain kernel. */
static size_t packed_stride(const rnl_product *product)
{
    return rnl_product_row_stride(product->shape.units);
}

size_t rnl_product_packed_count(const rnl_product *product)
{
    if (by_sgemm())
        return product->shape.fan_in * packed_stride(product);
    return dnnl_memory_desc_get_size(weights_desc(product)) / sizeof(float);
}

const char *rnl_product_description(const rnl_product *product)
{
    return product->description;
}

/* Copies between two layouts of one matrix. */
static rnl_status reorder(matrix_desc from, const float *source, matrix_desc to, float *target)
{
    dnnl_primitive_desc_t desc = NULL;
    dnnl_primitive_t primitive = NULL;
    dnnl_memory_t source_memory = NULL, target_memory = NULL;
    dnnl_stream_t stream = NULL;
    dnnl_status_t status =
        dnnl_reorder_primitive_desc_create(&desc, from, engine, to, engine, NULL);
    if (status == dnnl_success)
        status = dnnl_primitive_create(&primitive, desc);
    if (status == dnnl_success)
        status = dnnl_memory_create(&source_memory, from, engine, (void *)source);
    if (status == dnnl_success)
        status = dnnl_memory_create(&target_memory, to, engine, target);
    if (status == dnnl_success)
        status = dnnl_stream_create(&stream, engine, dnnl_stream_default_flags);
    if (status == dnnl_success) {
        const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, source_memory},
                                             {DNNL_ARG_TO, target_memory}};
        status = dnnl_primitive_execute(primitive, stream, 2, arguments);
    }
    if (status == dnnl_success)
        status = dnnl_stream_wait(stream);
    if (stream)
        dnnl_stream_destroy(stream);
    if (target_memory)
        dnnl_memory_destroy(target_memory);
    if (source_memory)
        dnnl_memory_destroy(source_memory);
    if (primitive)
        dnnl_primitive_destroy(primitive);
    if (desc)
        dnnl_primitive_desc_destroy(desc);
    return status == dnnl_success ? RNL_OK : fail_dnnl(status, "reorder of weights");
}

static void copy_rows(const rnl_product_shape *shape, const float *source, size_t source_stride,
                      float *target, size_t target_stride)
{
    for (size_t i = 0; i < shape->fan_in; ++i)
        memcpy(target + i * target_stride, source + i * source_stride,
               shape->units * sizeof *target);
}

rnl_status rnl_product_pack(const rnl_product *product, const float *kernel, size_t stride,
                            float *packed)
{
    if (by_sgemm()) {
        memset(packed, 0, rnl_product_packed_count(product) * sizeof *packed);
        copy_rows(&product->shape, kernel, stride, packed, packed_stride(product));
        return RNL_OK;
    }
    owned_desc plain;
    TRY_DNNL(kernel_desc(&plain, &product->shape, stride));
    const rnl_status status = reorder(desc_of(&plain), kernel, weights_desc(product), packed);
    desc_destroy(&plain);
    return status;
}

rnl_status rnl_product_unpack(const rnl_product *product, const float *packed, float *kernel,
                              size_t stride)
{
    if (by_sgemm()) {
        copy_rows(&product->shape, packed, packed_stride(product), kernel, stride);
        return RNL_OK;
    }
    owned_desc plain;
    TRY_DNNL(kernel_desc(&plain, &product->shape, stride));
    const rnl_status status = reorder(weights_desc(product), packed, desc_of(&plain), kernel);
    desc_destroy(&plain);
    return status;
}

/* ---- workers and calls ----------------------------------------------------------------------- */

struct rnl_product_worker {
    dnnl_stream_t stream;
    void *scratch;
};

rnl_status rnl_product_worker_create(rnl_product_worker **worker, rnl_product *const *products,
                                     size_t count)
{
    size_t largest = 64;
    for (size_t i = 0; i < count; ++i)
        for (size_t kind = 0; kind < RNL_PRODUCT_KINDS; ++kind)
            if (products[i]->descs[kind]) {
                const matrix_desc scratch = dnnl_primitive_desc_query_md(
                    products[i]->descs[kind], dnnl_query_scratchpad_md, 0);
                const size_t size = dnnl_memory_desc_get_size(scratch);
                largest = size > largest ? size : largest;
            }
    largest = (largest + 63) / 64 * 64;
    RNL_TRY(need_engine());

    rnl_product_worker *created = calloc(1, sizeof *created);
    if (!created)
        return rnl_fail_memory(sizeof *created);
    created->scratch = aligned_alloc(64, largest);
    if (!created->scratch) {
        free(created);
        return rnl_fail_memory(largest);
    }
    const dnnl_status_t status =
        dnnl_stream_create(&created->stream, engine, dnnl_stream_default_flags);
    if (status != dnnl_success) {
        rnl_product_worker_free(created);
        return fail_dnnl(status, "stream");
    }
    *worker = created;
    return RNL_OK;
}

void rnl_product_worker_free(rnl_product_worker *worker)
{
    if (!worker)
        return;
    if (worker->stream)
        dnnl_stream_destroy(worker->stream);
    free(worker->scratch);
    free(worker);
}

#define ARGUMENTS 4

struct rnl_product_call {
    rnl_product_shape shape; /* for sgemm, which has no primitive, */
    rnl_product_kind kind;
    rnl_product_buffers buffers;
    dnnl_primitive_t primitive; /* of the product */
    dnnl_stream_t stream;       /* of the worker */
    int argument_count;
    dnnl_exec_arg_t arguments[ARGUMENTS];
};

static rnl_status bind_sgemm(rnl_product_call **call, const rnl_product *product,
                             rnl_product_kind kind, const rnl_product_buffers *buffers)
{
    rnl_product_call *bound = calloc(1, sizeof *bound);
    if (!bound)
        return rnl_fail_memory(sizeof *bound);
    bound->shape = product->shape;
    bound->kind = kind;
    bound->buffers = *buffers;
    *call = bound;
    return RNL_OK;
}

static rnl_status bind_primitive(rnl_product_call **call, const rnl_product *product,
                                 rnl_product_worker *worker, rnl_product_kind kind,
                                 const rnl_product_buffers *buffers)
{
    const matrix_desc x = desc_of(&product->x[kind]);
    const matrix_desc z = desc_of(&product->z[kind]);
    const matrix_desc weights = weights_desc(product);
    const matrix_desc scratch =
        dnnl_primitive_desc_query_md(product->descs[kind], dnnl_query_scratchpad_md, 0);
    const struct {
        int argument;
        matrix_desc desc;
        const void *buffer;
    } bindings[RNL_PRODUCT_KINDS][ARGUMENTS] = {
        [RNL_PRODUCT_FORWARD] = {{DNNL_ARG_SRC, x, buffers->x},
                                 {DNNL_ARG_WEIGHTS, weights, buffers->weights},
                                 {DNNL_ARG_DST, z, buffers->z},
                                 {DNNL_ARG_SCRATCHPAD, scratch, worker->scratch}},
        [RNL_PRODUCT_BACKWARD_WEIGHTS] = {{DNNL_ARG_SRC, x, buffers->x},
                                          {DNNL_ARG_DIFF_DST, z, buffers->delta},
                                          {DNNL_ARG_DIFF_WEIGHTS, weights, buffers->gradient},
                                          {DNNL_ARG_SCRATCHPAD, scratch, worker->scratch}},
        [RNL_PRODUCT_BACKWARD_DATA] = {{DNNL_ARG_DIFF_DST, z, buffers->delta},
                                       {DNNL_ARG_WEIGHTS, weights, buffers->weights},
                                       {DNNL_ARG_DIFF_SRC, x, buffers->dx},
                                       {DNNL_ARG_SCRATCHPAD, scratch, worker->scratch}},
    };
    rnl_product_call *bound = calloc(1, sizeof *bound);
    if (!bound)
        return rnl_fail_memory(sizeof *bound);
    bound->primitive = product->primitives[kind];
    bound->stream = worker->stream;
    /* oneDNN refuses scratch memory, the last argument, where it needs none. */
    bound->argument_count = dnnl_memory_desc_get_size(scratch) > 0 ? ARGUMENTS : ARGUMENTS - 1;
    for (int i = 0; i < bound->argument_count; ++i) {
        bound->arguments[i].arg = bindings[kind][i].argument;
        const dnnl_status_t status =
            dnnl_memory_create(&bound->arguments[i].memory, bindings[kind][i].desc, engine,
                               (void *)bindings[kind][i].buffer);
        if (status != dnnl_success) {
            rnl_product_call_free(bound);
            return fail_dnnl(status, "memory of a product");
        }
    }
    *call = bound;
    return RNL_OK;
}

rnl_status rnl_product_bind(rnl_product_call **call, const rnl_product *product,
                            rnl_product_worker *worker, rnl_product_kind kind,
                            const rnl_product_buffers *buffers)
{
    return by_sgemm() ? bind_sgemm(call, product, kind, buffers)
                      : bind_primitive(call, product, worker, kind, buffers);
}
void rnl_product_call_free(rnl_product_call *call)
{
    if (!call)
        return;
    for (size_t i = 0; i < ARGUMENTS; ++i)
        if (call->arguments[i].memory)
            dnnl_memory_destroy(call->arguments[i].memory);
    free(call);
}

rnl_status rnl_product_execute(const rnl_product_call *call)
{
    if (!call->primitive) {
        TRY_DNNL(run_sgemm(&call->shape, call->kind, &call->buffers));
        return RNL_OK;
    }
    TRY_DNNL(dnnl_primitive_execute(call->primitive, call->stream, call->argument_count,
                                    call->arguments));
    return RNL_OK;
}

bool rnl_product_lower(const char *isa)
{
    if (strcmp(isa, "avx512") == 0)
        return true;
    const dnnl_cpu_isa_t limit = strcmp(isa, "avx2") == 0 ? dnnl_cpu_isa_avx2 : dnnl_cpu_isa_sse41;
    return dnnl_set_max_cpu_isa(limit) == dnnl_success;
}

const char *rnl_product_library(void)
{
    static _Thread_local char text[48];
    const dnnl_version_t *version = dnnl_version();
    snprintf(text, sizeof text, "oneDNN %d.%d.%d", version->major, version->minor, version->patch);
    return text;
}
