#include "engine/product/onednn.h"

#include "engine/base/memory.h"
#include "engine/base/number.h"
#include "engine/product/onednn_library.h"
#include "engine/product/onednn_operands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what differs between oneDNN 2 and 3 ----------------------------------------------------- */

#if DNNL_VERSION_MAJOR >= 3

typedef dnnl_memory_desc_t owned_desc;
typedef const_dnnl_memory_desc_t matrix_desc; /* borrowed */

static matrix_desc desc_of(const owned_desc *desc)
{
    return *desc;
}

static void desc_destroy(owned_desc *desc)
{
    if (*desc)
        rnl_dnnl.memory_desc_destroy(*desc);
}

static dnnl_status_t desc_create(owned_desc *desc, const dnnl_dims_t dims)
{
    return rnl_dnnl.memory_desc_create_with_tag(desc, 2, dims, dnnl_f32, dnnl_ab);
}

static dnnl_status_t append_sum(dnnl_post_ops_t operations)
{
    return rnl_dnnl.post_ops_append_sum(operations, 1, 0, dnnl_data_type_undef);
}

static dnnl_status_t matmul_desc(dnnl_primitive_desc_t *desc, dnnl_engine_t engine, matrix_desc a,
                                 matrix_desc b, matrix_desc c,
                                 const_dnnl_primitive_attr_t attributes)
{
    return rnl_dnnl.matmul_primitive_desc_create(desc, engine, a, b, NULL, c, attributes);
}

#else

typedef dnnl_memory_desc_t owned_desc;
typedef const dnnl_memory_desc_t *matrix_desc; /* borrowed */

static matrix_desc desc_of(const owned_desc *desc)
{
    return desc;
}

static void desc_destroy(owned_desc *desc)
{
    (void)desc;
}

static dnnl_status_t desc_create(owned_desc *desc, const dnnl_dims_t dims)
{
    return rnl_dnnl.memory_desc_init_by_tag(desc, 2, dims, dnnl_f32, dnnl_ab);
}

static dnnl_status_t append_sum(dnnl_post_ops_t operations)
{
    return rnl_dnnl.post_ops_append_sum(operations, 1);
}

static dnnl_status_t matmul_desc(dnnl_primitive_desc_t *desc, dnnl_engine_t engine, matrix_desc a,
                                 matrix_desc b, matrix_desc c,
                                 const_dnnl_primitive_attr_t attributes)
{
    dnnl_matmul_desc_t operation;
    const dnnl_status_t status = rnl_dnnl.matmul_desc_init(&operation, a, b, NULL, c);
    return status != dnnl_success
               ? status
               : rnl_dnnl.primitive_desc_create(desc, &operation, attributes, engine, NULL);
}

#endif

/* ---- its status as ours ---------------------------------------------------------------------- */

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
    return rnl_fail(RNL_PRODUCT, "oneDNN failed with '%s': %.120s", rnl_dnnl.status2str(status),
                    expression);
}

const char *rnl_onednn_version(void)
{
    static _Thread_local char text[48];
    if (rnl_dnnl_load() != RNL_OK)
        return NULL;
    const dnnl_version_t *version = rnl_dnnl.version();
    snprintf(text, sizeof text, "oneDNN %d.%d.%d", version->major, version->minor, version->patch);
    return text;
}

/* ---- code for each shape --------------------------------------------------------------------- */

/* C = A B, or C += A B, of dense row-major matrices. */
typedef struct matmul {
    size_t rows, inner, columns;
    bool adds;
    owned_desc a, b, c;
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t primitive;
} matmul;

struct rnl_onednn {
    const rnl_kernels *kernels;
    dnnl_engine_t engine;
    size_t count, capacity;
    matmul *items;
    size_t scratch; /* bytes, the most of all */
    bool lacks_memory;
};

rnl_status rnl_onednn_create(rnl_onednn **onednn, const rnl_kernels *kernels)
{
    if (kernels->isa != RNL_ISA_AVX512)
        return rnl_fail(RNL_BAD_CONFIG,
                        "products by oneDNN have the bits of all others with AVX-512 alone, and "
                        "this run computes with %s",
                        rnl_isa_name(kernels->isa));
    RNL_TRY(rnl_dnnl_load());
    rnl_onednn *created = calloc(1, sizeof *created);
    if (!created)
        return rnl_fail_memory(sizeof *created);
    created->kernels = kernels;
    *onednn = created;
    return RNL_OK;
}

static void matmul_release(matmul *item)
{
    if (item->primitive)
        rnl_dnnl.primitive_destroy(item->primitive);
    if (item->desc)
        rnl_dnnl.primitive_desc_destroy(item->desc);
    desc_destroy(&item->a);
    desc_destroy(&item->b);
    desc_destroy(&item->c);
}

void rnl_onednn_free(rnl_onednn *onednn)
{
    if (!onednn)
        return;
    for (size_t i = 0; i < onednn->count; ++i)
        matmul_release(&onednn->items[i]);
    if (onednn->engine)
        rnl_dnnl.engine_destroy(onednn->engine);
    free(onednn->items);
    free(onednn);
}

/* Returns the number of items if there is none of this shape. */
static size_t find(const rnl_onednn *onednn, size_t rows, size_t inner, size_t columns, bool adds)
{
    size_t i = 0;
    for (; i < onednn->count; ++i) {
        const matmul *item = &onednn->items[i];
        if (item->rows == rows && item->inner == inner && item->columns == columns &&
            item->adds == adds)
            break;
    }
    return i;
}

static void need(rnl_onednn *onednn, size_t rows, size_t inner, size_t columns, bool adds)
{
    if (rows == 0 || find(onednn, rows, inner, columns, adds) < onednn->count)
        return;
    if (onednn->count == onednn->capacity) {
        const size_t larger = 2 * onednn->capacity + 16;
        matmul *grown = realloc(onednn->items, larger * sizeof *grown);
        onednn->lacks_memory |= !grown;
        if (!grown)
            return;
        onednn->items = grown;
        onednn->capacity = larger;
    }
    onednn->items[onednn->count++] =
        (matmul){.rows = rows, .inner = inner, .columns = columns, .adds = adds};
}

void rnl_onednn_need(rnl_onednn *onednn, size_t rows, size_t inner, size_t columns)
{
    const size_t groups[] = {rows >= RNL_ONEDNN_ROWS ? RNL_ONEDNN_ROWS : 0, rows % RNL_ONEDNN_ROWS};
    for (size_t g = 0; g < 2; ++g)
        for (size_t k = 0; k < inner; k += RNL_PRODUCT_BLOCK)
            need(onednn, groups[g], rnl_least(inner - k, RNL_PRODUCT_BLOCK), columns, k > 0);
}

static rnl_status create_descs(matmul *item)
{
    const dnnl_dim_t rows = (dnnl_dim_t)item->rows, inner = (dnnl_dim_t)item->inner,
                     columns = (dnnl_dim_t)item->columns;
    TRY_DNNL(desc_create(&item->a, (dnnl_dims_t){rows, inner}));
    TRY_DNNL(desc_create(&item->b, (dnnl_dims_t){inner, columns}));
    TRY_DNNL(desc_create(&item->c, (dnnl_dims_t){rows, columns}));
    return RNL_OK;
}

static rnl_status set_attributes(dnnl_primitive_attr_t attributes, dnnl_post_ops_t operations,
                                 bool adds)
{
    TRY_DNNL(rnl_dnnl.primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user));
    TRY_DNNL(rnl_dnnl.primitive_attr_set_fpmath_mode(attributes, dnnl_fpmath_mode_strict));
    if (adds) {
        TRY_DNNL(append_sum(operations));
        TRY_DNNL(rnl_dnnl.primitive_attr_set_post_ops(attributes, operations));
    }
    return RNL_OK;
}

static rnl_status create_desc(rnl_onednn *onednn, matmul *item)
{
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_post_ops_t operations = NULL;
    dnnl_status_t made = rnl_dnnl.primitive_attr_create(&attributes);
    if (made == dnnl_success)
        made = rnl_dnnl.post_ops_create(&operations);
    rnl_status status = made == dnnl_success ? set_attributes(attributes, operations, item->adds)
                                             : fail_dnnl(made, "attributes");
    if (status == RNL_OK) {
        made = matmul_desc(&item->desc, onednn->engine, desc_of(&item->a), desc_of(&item->b),
                           desc_of(&item->c), attributes);
        status = made == dnnl_success ? RNL_OK : fail_dnnl(made, "matmul");
    }
    if (operations)
        rnl_dnnl.post_ops_destroy(operations);
    if (attributes)
        rnl_dnnl.primitive_attr_destroy(attributes);
    return status;
}

/* Refuses other implementations, which add in other orders: sgemm, AMX, plain C++. */
static rnl_status check_implementation(const matmul *item)
{
    const char *name = "unknown";
    TRY_DNNL(rnl_dnnl.primitive_desc_query(item->desc, dnnl_query_impl_info_str, 0, &name));
    if (strncmp(name, "brg", 3) == 0 && strstr(name, "avx512_core") && !strstr(name, "amx"))
        return RNL_OK;
    return rnl_fail(RNL_PRODUCT,
                    "%s multiplies %zu x %zu x %zu by '%s', whose bits are not those of Runnel's "
                    "products: use --products own",
                    rnl_onednn_version(), item->rows, item->inner, item->columns, name);
}

/* Free memory required before oneDNN generates code: it ends the process if memory runs out there.
 * A primitive has at most 32 kernels and 3 that copy, each in RNL_PRODUCT_BLOCK KB of its own (in
 * practice 2 MB and less). */
#define PRIMITIVE_BYTES ((size_t)12 << 20)

static rnl_status generate(rnl_onednn *onednn, matmul *item)
{
    RNL_TRY(rnl_require_memory("the code of oneDNN's products", PRIMITIVE_BYTES));
    RNL_TRY(create_descs(item));
    RNL_TRY(create_desc(onednn, item));
    RNL_TRY(check_implementation(item));
    TRY_DNNL(rnl_dnnl.primitive_create(&item->primitive, item->desc));
    const size_t scratch = rnl_dnnl.memory_desc_get_size(
        rnl_dnnl.primitive_desc_query_md(item->desc, dnnl_query_scratchpad_md, 0));
    onednn->scratch = scratch > onednn->scratch ? scratch : onednn->scratch;
    return RNL_OK;
}

rnl_status rnl_onednn_generate(rnl_onednn *onednn)
{
    if (onednn->lacks_memory)
        return rnl_fail_memory(onednn->capacity * sizeof *onednn->items);
    TRY_DNNL(rnl_dnnl.engine_create(&onednn->engine, dnnl_cpu, 0));
    for (size_t i = 0; i < onednn->count; ++i)
        RNL_TRY(generate(onednn, &onednn->items[i]));
    return RNL_OK;
}

/* ---- a worker -------------------------------------------------------------------------------- */

enum { SOURCE, WEIGHTS, RESULT, SCRATCH, ARGUMENTS };

/* A product's arguments, with the worker's own memory, and B and C set for each call. */
typedef struct bound {
    int count;
    dnnl_exec_arg_t arguments[ARGUMENTS];
} bound;

struct rnl_onednn_worker {
    const rnl_onednn *onednn;
    dnnl_stream_t stream;
    float *a, *c; /* dense copies of a call's operands */
    void *scratch;
    bound *bound; /* of each item */
};

static void *allocate(size_t bytes)
{
    return aligned_alloc(64, (bytes + 64) / 64 * 64);
}

static rnl_status bind_item(rnl_onednn_worker *worker, const matmul *item, bound *made)
{
    const matrix_desc scratch =
        rnl_dnnl.primitive_desc_query_md(item->desc, dnnl_query_scratchpad_md, 0);
    const matrix_desc descs[ARGUMENTS] = {desc_of(&item->a), desc_of(&item->b), desc_of(&item->c),
                                          scratch};
    static const int names[ARGUMENTS] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST,
                                         DNNL_ARG_SCRATCHPAD};
    void *const buffers[ARGUMENTS] = {worker->a, DNNL_MEMORY_NONE, worker->c, worker->scratch};
    /* oneDNN refuses scratch memory, the last argument, where it needs none. */
    const int count = rnl_dnnl.memory_desc_get_size(scratch) > 0 ? ARGUMENTS : ARGUMENTS - 1;
    for (; made->count < count; ++made->count) {
        dnnl_exec_arg_t *argument = &made->arguments[made->count];
        argument->arg = names[made->count];
        TRY_DNNL(rnl_dnnl.memory_create(&argument->memory, descs[made->count],
                                        worker->onednn->engine, buffers[made->count]));
    }
    return RNL_OK;
}

static rnl_status set_up(rnl_onednn_worker *worker)
{
    const rnl_onednn *onednn = worker->onednn;
    const size_t a = RNL_ONEDNN_ROWS * RNL_PRODUCT_BLOCK * sizeof *worker->a,
                 c = RNL_ONEDNN_ROWS * RNL_ONEDNN_COLUMNS * sizeof *worker->c;
    worker->a = allocate(a);
    worker->c = allocate(c);
    worker->scratch = allocate(onednn->scratch);
    worker->bound = calloc(onednn->count + 1, sizeof *worker->bound);
    if (!worker->a || !worker->c || !worker->scratch || !worker->bound)
        return rnl_fail_memory(a + c + onednn->scratch);
    TRY_DNNL(rnl_dnnl.stream_create(&worker->stream, onednn->engine, dnnl_stream_default_flags));
    for (size_t i = 0; i < onednn->count; ++i)
        RNL_TRY(bind_item(worker, &onednn->items[i], &worker->bound[i]));
    return RNL_OK;
}

rnl_status rnl_onednn_worker_create(rnl_onednn_worker **worker, const rnl_onednn *onednn)
{
    rnl_onednn_worker *created = calloc(1, sizeof *created);
    if (!created)
        return rnl_fail_memory(sizeof *created);
    created->onednn = onednn;
    const rnl_status status = set_up(created);
    if (status != RNL_OK) {
        rnl_onednn_worker_free(created);
        return status;
    }
    *worker = created;
    return RNL_OK;
}

void rnl_onednn_worker_free(rnl_onednn_worker *worker)
{
    if (!worker)
        return;
    for (size_t i = 0; worker->bound && i < worker->onednn->count; ++i)
        for (int k = 0; k < worker->bound[i].count; ++k)
            if (worker->bound[i].arguments[k].memory)
                rnl_dnnl.memory_destroy(worker->bound[i].arguments[k].memory);
    if (worker->stream)
        rnl_dnnl.stream_destroy(worker->stream);
    free(worker->bound);
    free(worker->scratch);
    free(worker->c);
    free(worker->a);
    free(worker);
}

/* ---- a call ---------------------------------------------------------------------------------- */

/* Calls the code for a piece, with A and C dense. */
static rnl_status execute(rnl_onednn_worker *worker, const rnl_product_piece *p, const float *a,
                          float *c)
{
    const rnl_onednn *onednn = worker->onednn;
    const rnl_view b = p->product->b;
    const size_t number = find(onednn, p->rows, p->terms, b.stride, p->inner > 0);
    if (number == onednn->count)
        return rnl_fail(RNL_PRODUCT, "a product of %zu x %zu x %zu is not planned", p->rows,
                        p->terms, b.stride);
    const bound *call = &worker->bound[number];
    const float *const operands[] = {a, b.values + p->inner * b.stride, c};
    for (size_t i = SOURCE; i <= RESULT; ++i)
        TRY_DNNL(rnl_dnnl.memory_set_data_handle(call->arguments[i].memory, (void *)operands[i]));
    TRY_DNNL(rnl_dnnl.primitive_execute(onednn->items[number].primitive, worker->stream,
                                        call->count, call->arguments));
    return RNL_OK;
}

static rnl_status multiply_rows(rnl_onednn_worker *worker, bool by_columns, rnl_product_piece p)
{
    const rnl_panel_product *product = p.product;
    const bool dense = rnl_piece_has_dense_c(&p);
    float *c = dense ? product->c.values + p.row * product->c.stride : worker->c;
    for (; p.inner < product->inner; p.inner += RNL_PRODUCT_BLOCK) {
        p.terms = rnl_least(product->inner - p.inner, RNL_PRODUCT_BLOCK);
        RNL_TRY(execute(worker, &p,
                        rnl_piece_dense_a(&p, by_columns, worker->onednn->kernels, worker->a), c));
    }
    if (!dense)
        rnl_piece_copy_c(&p, c);
    return RNL_OK;
}

rnl_status rnl_onednn_multiply(rnl_onednn_worker *worker, bool by_columns,
                               const rnl_panel_product *arguments)
{
    for (size_t row = 0; row < arguments->rows; row += RNL_ONEDNN_ROWS)
        RNL_TRY(multiply_rows(
            worker, by_columns,
            (rnl_product_piece){.product = arguments,
                                .row = row,
                                .rows = rnl_least(arguments->rows - row, RNL_ONEDNN_ROWS)}));
    return RNL_OK;
}
