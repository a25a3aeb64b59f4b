/*
 * The one matrix product that dense layers are made of: C = A B, with A (rows, inner) and C (rows,
 * columns) row-major, B (inner, columns) packed.  Forward A is the input and B the weights; for the
 * gradients A is the input turned and B delta; on the way down A is delta and B the weights turned.
 * To turn an operand once costs less than what a library loses in each product over a turned one.
 *
 * One of two files stands behind this interface: product_onednn.c, the one file that knows oneDNN,
 * or product_reference.c, plain C for sanitizers and cross-checks (-Dgemm=reference).
 *
 * A product has a fixed shape, so that a given row's result never depends on how many workers there
 * are.
 *
 * Threads.  All of this is called from inside the worker team alone.  A product is made by one
 * worker and may then be read by all; calls belong to the worker that bound them.
 */
#ifndef RNL_ENGINE_PRODUCT_PRODUCT_H
#define RNL_ENGINE_PRODUCT_PRODUCT_H

#include "engine/product/packing.h"
#include "runnel/runnel.h"

#include <stdbool.h>

typedef struct rnl_product_shape {
    size_t rows, inner, columns;
    size_t a_stride; /* floats between A's rows: one of the two below, of `inner` */
} rnl_product_shape;

typedef struct rnl_product rnl_product;

/* What a call may take for itself, on each worker. */
size_t rnl_product_call_bytes(void);

rnl_status rnl_product_create(rnl_product **product, rnl_product_shape shape);
void rnl_product_free(rnl_product *product);

/* The distance in floats between the rows of C, and of matrices that are A in one product and C in
 * another.  With narrow panels whole lines of the cache, so that workers who write columns side by
 * side share none; what is behind the columns has to be 0 in A, as it may count as inner.  Else as
 * few as keep rows from being a multiple of 1 KiB apart, because these would compete for the same
 * lines where a product walks down columns. */
size_t rnl_product_row_stride(size_t columns);

/* As close as the rows of an A can be. */
size_t rnl_product_close_stride(size_t columns);

/* What computes it, for the log. */
const char *rnl_product_description(const rnl_product *product);

/* The working memory of one worker, for one call at a time. */
typedef struct rnl_product_worker rnl_product_worker;

/* `products` are all that the worker will bind. */
rnl_status rnl_product_worker_create(rnl_product_worker **worker, rnl_product *const *products,
                                     size_t count);
void rnl_product_worker_free(rnl_product_worker *worker);

/* A product bound to its operands, to be executed many times by the worker. */
typedef struct rnl_product_call rnl_product_call;

rnl_status rnl_product_bind(rnl_product_call **call, const rnl_product *product,
                            rnl_product_worker *worker, const float *a, const float *b, float *c);
void rnl_product_call_free(rnl_product_call *call);
rnl_status rnl_product_execute(const rnl_product_call *call);

/* Lowers the library behind it to an instruction set ("scalar", "avx2" or "avx512"), before
 * anything else of it was used in this process. false if that came too late. */
bool rnl_product_lower(const char *isa);

/* Name and version of the library behind it: "oneDNN 2.6.3". */
const char *rnl_product_library(void);

/* The same with the instruction set that it computes with, whatever has limited it: "oneDNN 2.6.3
 * avx512_core".  From the first call on, it cannot be lowered any more. */
const char *rnl_product_computation(void);

#endif
