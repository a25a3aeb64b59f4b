/*
 * The matrix product of a dense layer's tile, forward and backward.
 *
 * One of two files stands behind this interface: product_onednn.c, the one file that knows oneDNN,
 * or product_reference.c, plain C for sanitizers and cross-checks (-Dgemm=reference).
 *
 * A call has a fixed shape, rows x fan_in times fan_in x units, so that a given row's result never
 * depends on how many workers there are.  Its weights are packed: in whatever layout the product
 * prefers, for the whole run.  Gradients have the layout of the weights.
 *
 * Threads.  All of this is called from inside the worker team alone.  A product is made by one
 * worker and may then be read by all; calls belong to the worker that bound them.
 */
#ifndef RNL_ENGINE_PRODUCT_PRODUCT_H
#define RNL_ENGINE_PRODUCT_PRODUCT_H

#include "runnel/runnel.h"

#include <stdbool.h>

typedef enum rnl_product_kind {
    RNL_PRODUCT_FORWARD,          /* z (rows, units) = x (rows, fan_in) weights */
    RNL_PRODUCT_BACKWARD_WEIGHTS, /* gradient (as weights) = x' delta */
    RNL_PRODUCT_BACKWARD_DATA,    /* dx (rows, fan_in) = delta (rows, units) weights' */
    RNL_PRODUCT_KINDS
} rnl_product_kind;

typedef struct rnl_product_shape {
    size_t fan_in, units;
    size_t rows[RNL_PRODUCT_KINDS]; /* of a call of each kind; 0: not asked for, but forward */
} rnl_product_shape;

typedef struct rnl_product rnl_product;

rnl_status rnl_product_create(rnl_product **product, rnl_product_shape shape);
void rnl_product_free(rnl_product *product);

/* The distance in floats between the rows of a matrix over a mini-batch, of x, z, delta and dx: at
 * least its columns.  Where a product walks down columns, rows that are 1 KiB or a multiple apart
 * would compete for the same lines of the cache. */
size_t rnl_product_row_stride(size_t columns);

/* Floats of one packed weight matrix, padding included; the padding is 0, and stays
 * what it is in a gradient. */
size_t rnl_product_packed_count(const rnl_product *product);

/* What computes it, for the log: "forward NAME, backward weights NAME, backward data NAME". */
const char *rnl_product_description(const rnl_product *product);

/* Between plain (fan_in, units), with a row stride, and packed. */
rnl_status rnl_product_pack(const rnl_product *product, const float *kernel, size_t stride,
                            float *packed);
rnl_status rnl_product_unpack(const rnl_product *product, const float *packed, float *kernel,
                              size_t stride);

/* The working memory of one worker, for one call at a time. */
typedef struct rnl_product_worker rnl_product_worker;

/* `products` are all that the worker will bind. */
rnl_status rnl_product_worker_create(rnl_product_worker **worker, rnl_product *const *products,
                                     size_t count);
void rnl_product_worker_free(rnl_product_worker *worker);

/* The buffers of a call; each kind uses three of them.  All are row-major with the stride that
 * belongs to their columns, but for weights and gradient, which are packed. */
typedef struct rnl_product_buffers {
    const float *x;       /* (rows, fan_in) */
    const float *weights; /* packed */
    float *z;             /* (rows, units) */
    const float *delta;   /* (rows, units) */
    float *gradient;      /* packed */
    float *dx;            /* (rows, fan_in) */
} rnl_product_buffers;

/* A product bound to its buffers, to be executed many times by the worker. */
typedef struct rnl_product_call rnl_product_call;

rnl_status rnl_product_bind(rnl_product_call **call, const rnl_product *product,
                            rnl_product_worker *worker, rnl_product_kind kind,
                            const rnl_product_buffers *buffers);
void rnl_product_call_free(rnl_product_call *call);
rnl_status rnl_product_execute(const rnl_product_call *call);

/* Lowers the library behind it to an instruction set ("scalar", "avx2" or "avx512"), before
 * anything else of it was used in this process. false if that came too late. */
bool rnl_product_lower(const char *isa);

/* Name and version of the library behind it: "oneDNN 2.6.3". */
const char *rnl_product_library(void);

#endif
