/*
 * Products by oneDNN in place of the kernels, where a run asks for them (`--products onednn`) and
 * the library was built with it (-Donednn).  onednn.c calls it by onednn_library.h, which loads it;
 * onednn_none.c stands in its place without it.
 *
 * The bits are those of the kernels: oneDNN is called once for each block of RNL_PRODUCT_BLOCK
 * inner terms, and its AVX-512 products of so many terms are chains of FMAs from +0, whatever their
 * shape.  Its fast products take dense matrices alone, so that A is copied block by block, and C
 * where its rows lie further apart.
 *
 *     while the step is planned    rnl_onednn_create, rnl_onednn_need
 *     on worker 0                  rnl_onednn_generate
 *     on each worker               rnl_onednn_worker_create, then rnl_onednn_multiply
 */
#ifndef RNL_ENGINE_PRODUCT_ONEDNN_H
#define RNL_ENGINE_PRODUCT_ONEDNN_H

#include "engine/base/error.h"
#include "simd/kernels.h"

/* The code for all shapes that a step needs; all workers read it. */
typedef struct rnl_onednn rnl_onednn;

/* A worker's operands and memory. */
typedef struct rnl_onednn_worker rnl_onednn_worker;

/* Rows that oneDNN computes in one call; columns of a panel. */
#define RNL_ONEDNN_ROWS    64
#define RNL_ONEDNN_COLUMNS 64

/* Returns name and version: "oneDNN 2.6.3"; NULL, with a message, if there is none. */
const char *rnl_onednn_version(void);

/* RNL_BAD_CONFIG if the library was built without oneDNN, or the kernels are not those of AVX-512;
 * RNL_PRODUCT if it cannot be loaded. */
rnl_status rnl_onednn_create(rnl_onednn **onednn, const rnl_kernels *kernels);
void rnl_onednn_free(rnl_onednn *onednn);

/* Asks for products of so many rows and inner terms, with panels of so many columns between their
 * rows.  What it lacks the memory for, rnl_onednn_generate reports. */
void rnl_onednn_need(rnl_onednn *onednn, size_t rows, size_t inner, size_t columns);

/* Generates the code.  RNL_PRODUCT if oneDNN has no product of these bits here. */
rnl_status rnl_onednn_generate(rnl_onednn *onednn);

rnl_status rnl_onednn_worker_create(rnl_onednn_worker **worker, const rnl_onednn *onednn);
void rnl_onednn_worker_free(rnl_onednn_worker *worker);

/* Computes what the kernel `product` does; by_columns: `transposed_product`. */
rnl_status rnl_onednn_multiply(rnl_onednn_worker *worker, bool by_columns,
                               const rnl_panel_product *arguments);

#endif
