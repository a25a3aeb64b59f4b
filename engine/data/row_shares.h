/*
 * Work on many rows, shared by several threads where it is worth their start.
 */
#ifndef RNL_ENGINE_DATA_ROW_SHARES_H
#define RNL_ENGINE_DATA_ROW_SHARES_H

#include <stddef.h>

/* Works on rows first to last - 1.  What it does to a row must depend on no other. */
typedef void rnl_row_work(size_t first, size_t last, void *context);

/* Calls the work for all rows, which read so many bytes together: on the calling thread where they
 * are few, or threads cannot be had; else on as many as OMP_NUM_THREADS and the machine allow. */
void rnl_share_rows(size_t rows, size_t bytes, rnl_row_work *work, void *context);

#endif
