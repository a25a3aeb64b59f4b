#include "engine/product/product.h"

#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/product/onednn.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

/* ---- layouts --------------------------------------------------------------------------------- */

/* With AVX-512, oneDNN runs at the speed of the processor on one panel of up to 64 columns by its
 * matmul, and on panels of 16 by its inner product; with the two exchanged, only for some shapes.
 * Below AVX-512, both call its sgemm on dense matrices; called directly, sgemm accepts strides,
 * which keep rows from competing for the same cache lines: up to twice the speed. */
static bool panels;
static once_flag panels_once = ONCE_FLAG_INIT;

static void decide_panels(void)
{
    const unsigned wanted = dnnl_cpu_isa_avx512_core;
    panels = ((unsigned)dnnl_get_effective_cpu_isa() & wanted) == wanted;
}

static bool has_panels(void)
{
    call_once(&panels_once, decide_panels);
    return panels;
}

#define VECTOR 16 /* a panel has whole vectors of columns, and a multiple of as many rows */

static const dnnl_format_tag_t panel_tags[] = {dnnl_BA16a16b, dnnl_BA16a32b, dnnl_BA16a48b,
                                               dnnl_BA16a64b};
static_assert(sizeof panel_tags / sizeof *panel_tags * VECTOR == RNL_PACKING_WIDEST,
              "a tag for each width");

static size_t in_vectors(size_t columns)
{
    return (columns + VECTOR - 1) / VECTOR * VECTOR;
}

/* One panel, or narrow ones; the padding of the last one is computed too. */
static size_t panel_width(size_t columns)
{
    return columns <= RNL_PACKING_WIDEST ? in_vectors(columns) : VECTOR;
}

size_t rnl_product_row_stride(size_t columns)
{
    if (has_panels())
        return in_vectors(columns);
    return columns % 256 == 0 ? columns + VECTOR : columns;
}

size_t rnl_product_close_stride(size_t columns)
{
    return has_panels() ? columns : rnl_product_row_stride(columns);
}

rnl_packing rnl_packing_of(size_t rows, size_t columns)
{
    if (has_panels())
        return (rnl_packing){
            .rows = rows,
            .columns = columns,
            .width = panel_width(columns),
            .stride = panel_width(columns),
            .distance = in_vectors(rows) * panel_width(columns),
            .panels = (columns + panel_width(columns) - 1) / panel_width(columns),
        };
    return (rnl_packing){
        .rows = rows,
        .columns = columns,
        .width = columns,
        .stride = rnl_product_row_stride(columns),
        .distance = rows * rnl_product_row_stride(columns),
        .panels = 1,
    };
}

/* ---- products -------------------------------------------------------------------------------- */

struct rnl_product {
    rnl_product_shape shape;
    rnl_packing packing; /* of B */
    dnnl_primitive_attr_t attributes;
    owned_desc a, b, c;
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t primitive; /* NULL: by sgemm */
};

/* One engine for the process, until it ends: oneDNN executes a primitive only on a stream of the
 * engine that created it. */
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

static const char *implementation(const rnl_product *product)
{
    const char *name = "sgemm";
    if (product->desc)
        dnnl_primitive_desc_query(product->desc, dnnl_query_impl_info_str, 0, &name);
    return name;
}

/* Rejects oneDNN's plain implementation, which is a hundred times slower than sgemm; for some
 * shapes it has no other. */
static void drop_slow_desc(rnl_product *product)
{
    if (product->desc && strncmp(implementation(product), "brg", 3) != 0) {
        dnnl_primitive_desc_destroy(product->desc);
        product->desc = NULL;
    }
}

static rnl_status create_primitive(rnl_product *product)
{
    const rnl_product_shape *shape = &product->shape;
    RNL_TRY(need_engine());
    TRY_DNNL(dnnl_primitive_attr_create(&product->attributes));
    TRY_DNNL(
        dnnl_primitive_attr_set_scratchpad_mode(product->attributes, dnnl_scratchpad_mode_user));
    const size_t columns = rnl_product_row_stride(shape->columns);
    TRY_DNNL(desc_create(&product->a, shape->rows, shape->a_stride, dnnl_ab));
    TRY_DNNL(desc_create(&product->c, shape->rows, columns, dnnl_ab));
    const bool wide = product->packing.width > VECTOR;
    if (wide)
        TRY_DNNL(desc_create(&product->b, shape->a_stride, columns,
                             panel_tags[product->packing.width / VECTOR - 1]));
    else
        TRY_DNNL(desc_create(&product->b, columns, shape->a_stride, dnnl_AB16b16a));
    const dnnl_status_t status = (wide ? matmul_desc : inner_product_desc)(
        &product->desc, engine, desc_of(&product->a), desc_of(&product->b), desc_of(&product->c),
        product->attributes);
    if (status == dnnl_unimplemented)
        return RNL_OK;
    TRY_DNNL(status);
    drop_slow_desc(product);
    if (product->desc)
        TRY_DNNL(dnnl_primitive_create(&product->primitive, product->desc));
    return RNL_OK;
}

/* Free memory required before oneDNN generates code: it ends the process if memory runs out there.
 * A primitive has at most 32 kernels and 3 that copy, each in 256 KB of its own (in practice 2 MB
 * and less); the first sgemm generates 6 MB. */
#define PRIMITIVE_BYTES ((size_t)12 << 20)
#define SGEMM_BYTES     ((size_t)16 << 20)

static atomic_bool sgemm_generated;

/* sgemm generates separate code for a matrix, a row and a column. */
static rnl_status generate_sgemm(void)
{
    static const dnnl_dim_t shapes[][2] = {{VECTOR, VECTOR}, {1, VECTOR}, {VECTOR, 1}};
    const float operand[VECTOR * VECTOR] = {0};
    float result[VECTOR * VECTOR];
    if (atomic_load(&sgemm_generated))
        return RNL_OK;
    RNL_TRY(rnl_require_memory("the code of oneDNN's sgemm", SGEMM_BYTES));
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; ++i)
        TRY_DNNL(dnnl_sgemm('N', 'N', shapes[i][0], shapes[i][1], VECTOR, 1, operand, VECTOR,
                            operand, VECTOR, 0, result, VECTOR));
    atomic_store(&sgemm_generated, true);
    return RNL_OK;
}

static rnl_status generate_code(rnl_product *product)
{
    if (has_panels()) {
        RNL_TRY(rnl_require_memory("the code of oneDNN's products", PRIMITIVE_BYTES));
        RNL_TRY(create_primitive(product));
    }
    return product->primitive ? RNL_OK : generate_sgemm();
}

size_t rnl_product_create_bytes(void)
{
    return has_panels() ? PRIMITIVE_BYTES : 0;
}

static size_t at_most(size_t size, size_t most)
{
    return size < most ? size : most;
}

/* sgemm packs blocks of its operands: of up to 10,000 of the columns, 384 of what is summed over
 * and 384 rows, rounded up to its vectors. */
size_t rnl_product_call_bytes(const rnl_product *product)
{
    const size_t few = (size_t)256 << 10;
    const rnl_product_shape *shape = &product->shape;
    const size_t columns = at_most(shape->columns + 64, 10112),
                 inner = at_most(shape->inner + 64, 448), rows = at_most(shape->rows + 64, 448);
    return product->primitive ? few : few + (columns + rows) * inner * sizeof(float);
}

rnl_status rnl_product_create(rnl_product **product, rnl_product_shape shape)
{
    rnl_product *created = calloc(1, sizeof *created);
    if (!created)
        return rnl_fail_memory(sizeof *created);
    created->shape = shape;
    created->packing = rnl_packing_of(shape.inner, shape.columns);
    const rnl_status status = generate_code(created);
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
    if (product->primitive)
        dnnl_primitive_destroy(product->primitive);
    if (product->desc)
        dnnl_primitive_desc_destroy(product->desc);
    desc_destroy(&product->a);
    desc_destroy(&product->b);
    desc_destroy(&product->c);
    if (product->attributes)
        dnnl_primitive_attr_destroy(product->attributes);
    free(product);
}

const char *rnl_product_description(const rnl_product *product)
{
    return implementation(product);
}

/* ---- workers and calls ----------------------------------------------------------------------- */

struct rnl_product_worker {
    dnnl_stream_t stream;
    void *scratch;
};

static matrix_desc scratch_desc(const rnl_product *product)
{
    return dnnl_primitive_desc_query_md(product->desc, dnnl_query_scratchpad_md, 0);
}

rnl_status rnl_product_worker_create(rnl_product_worker **worker, rnl_product *const *products,
                                     size_t count)
{
    size_t largest = 64;
    for (size_t i = 0; i < count; ++i)
        if (products[i]->desc) {
            const size_t size = dnnl_memory_desc_get_size(scratch_desc(products[i]));
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
    const rnl_product *product;
    const float *a, *b;
    float *c;
    dnnl_stream_t stream; /* of the worker */
    int argument_count;
    dnnl_exec_arg_t arguments[ARGUMENTS];
};

static rnl_status bind_arguments(rnl_product_call *call, rnl_product_worker *worker)
{
    const rnl_product *product = call->product;
    const matrix_desc scratch = scratch_desc(product);
    const struct {
        int argument;
        matrix_desc desc;
        const void *buffer;
    } bindings[ARGUMENTS] = {
        {DNNL_ARG_SRC, desc_of(&product->a), call->a},
        {DNNL_ARG_WEIGHTS, desc_of(&product->b), call->b},
        {DNNL_ARG_DST, desc_of(&product->c), call->c},
        {DNNL_ARG_SCRATCHPAD, scratch, worker->scratch},
    };
    /* oneDNN rejects a scratch argument, the last one, if it needs no scratch memory. */
    call->argument_count = dnnl_memory_desc_get_size(scratch) > 0 ? ARGUMENTS : ARGUMENTS - 1;
    call->stream = worker->stream;
    for (int i = 0; i < call->argument_count; ++i) {
        call->arguments[i].arg = bindings[i].argument;
        TRY_DNNL(dnnl_memory_create(&call->arguments[i].memory, bindings[i].desc, engine,
                                    (void *)bindings[i].buffer));
    }
    return RNL_OK;
}

rnl_status rnl_product_bind(rnl_product_call **call, const rnl_product *product,
                            rnl_product_worker *worker, const float *a, const float *b, float *c)
{
    rnl_product_call *bound = calloc(1, sizeof *bound);
    if (!bound)
        return rnl_fail_memory(sizeof *bound);
    bound->product = product;
    bound->a = a;
    bound->b = b;
    bound->c = c;
    const rnl_status status = product->primitive ? bind_arguments(bound, worker) : RNL_OK;
    if (status != RNL_OK) {
        rnl_product_call_free(bound);
        return status;
    }
    *call = bound;
    return RNL_OK;
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

static dnnl_status_t run_sgemm(const rnl_product_call *call)
{
    const rnl_product_shape *shape = &call->product->shape;
    const rnl_packing *packing = &call->product->packing;
    dnnl_status_t status = dnnl_success;
    for (size_t p = 0; status == dnnl_success && p < packing->panels; ++p)
        status = dnnl_sgemm(
            'N', 'N', (dnnl_dim_t)shape->rows, (dnnl_dim_t)rnl_panel_columns(packing, p),
            (dnnl_dim_t)shape->inner, 1, call->a, (dnnl_dim_t)shape->a_stride,
            call->b + rnl_packed_at(packing, p, 0), (dnnl_dim_t)packing->stride, 0,
            call->c + p * packing->width, (dnnl_dim_t)rnl_product_row_stride(shape->columns));
    return status;
}

rnl_status rnl_product_execute(const rnl_product_call *call)
{
    if (call->product->primitive)
        TRY_DNNL(dnnl_primitive_execute(call->product->primitive, call->stream,
                                        call->argument_count, call->arguments));
    else
        TRY_DNNL(run_sgemm(call));
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

/* Strips "cpu_isa_", and adds a word where narrower vectors are preferred. */
const char *rnl_product_computation(void)
{
    static _Thread_local char text[96];
    static const char beginning[] = "cpu_isa_";
    const char *isa = dnnl_cpu_isa2str(dnnl_get_effective_cpu_isa());
    if (strncmp(isa, beginning, sizeof beginning - 1) == 0)
        isa += sizeof beginning - 1;
    snprintf(text, sizeof text, "%s %s%s", rnl_product_library(), isa,
             dnnl_get_cpu_isa_hints() == dnnl_cpu_isa_prefer_ymm ? " prefer_ymm" : "");
    return text;
}
