/*
 * The matrix product of dense layers: C = A B, with A (rows, inner) and C (rows, columns) row-major
 * and B (inner, columns) packed:
 *
 *     product           A                    B
 *     forward           inputs               weights
 *     input gradient    delta                weights, transposed
 *     weight gradient   inputs, transposed   delta
 *
 * Operands are transposed once, because a library loses more time in every product with a
 * transposed operand.
 *
 * Two files implement this interface: product_onednn.c, the one file that knows oneDNN, and
 * product_reference.c, plain C for sanitizers and cross-checks (-Dgemm=reference).
 *
 * A product has a fixed shape, so that a row's result never depends on the number of workers.
 *
 * Threads.  All functions that take a product or a call run only on workers.  A product is created
 * by one worker and may then be read by all; a call belongs to the worker that bound it.
 */
#ifndef RNL_ENGINE_PRODUCT_PRODUCT_H
#define RNL_ENGINE_PRODUCT_PRODUCT_H

#include "engine/product/packing.h"
#include "runnel/runnel.h"

#include <stdbool.h>

typedef struct rnl_product_shape {
    size_t rows, inner, columns;
    size_t a_stride; /* floats between A's rows: one of the two strides below, for `inner`
                        columns */
} rnl_product_shape;

typedef struct rnl_product rnl_product;

/* Bytes that the creation of a product may allocate. */
size_t rnl_product_create_bytes(void);

rnl_status rnl_product_create(rnl_product **product, rnl_product_shape shape);
void rnl_product_free(rnl_product *product);

/* Returns the floats between rows of C, and of a matrix that is A in one product and C in another.
 * With narrow panels, rows are whole cache lines, so that workers that write neighbouring columns
 * share none; floats after the columns must be 0 in A, where they may count as inner.  Otherwise
 * the smallest stride that is not a multiple of 1 KiB: rows at such distances compete for the same
 * cache lines when a product reads columns. */
size_t rnl_product_row_stride(size_t columns);

/* Returns the smallest floats between rows that A may have. */
size_t rnl_product_close_stride(size_t columns);

/* Bytes that the execution of a call may allocate on each worker. */
size_t rnl_product_call_bytes(const rnl_product *product);

/* Returns the name of the implementation, for the log. */
const char *rnl_product_description(const rnl_product *product);

/* The working memory of one worker; it serves one call at a time. */
typedef struct rnl_product_worker rnl_product_worker;

/* `products` are all products that the worker will bind. */
rnl_status rnl_product_worker_create(rnl_product_worker **worker, rnl_product *const *products,
                                     size_t count);
void rnl_product_worker_free(rnl_product_worker *worker);

/* A product bound to its operands, to be executed many times by the worker. */
typedef struct rnl_product_call rnl_product_call;

rnl_status rnl_product_bind(rnl_product_call **call, const rnl_product *product,
                            rnl_product_worker *worker, const float *a, const float *b, float *c);
void rnl_product_call_free(rnl_product_call *call);
rnl_status rnl_product_execute(const rnl_product_call *call);

/* Limits the library to an instruction set ("scalar", "avx2" or "avx512").  Returns false if the
 * process has already used the library. */
bool rnl_product_lower(const char *isa);

/* Returns name and version of the library: "oneDNN 2.6.3". */
const char *rnl_product_library(void);

/* Returns the same with the instruction set that the library really uses: "oneDNN 2.6.3
 * avx512_core".  After the first call, the instruction set can no longer be limited. */
const char *rnl_product_computation(void);

#endif
