/*
 * Columns of a set, one by one, with all rows: where ranks hold rows by parts, each gets whole
 * columns of its own share from all.
 */
#ifndef RNL_ENGINE_DATA_ROW_COLUMNS_H
#define RNL_ENGINE_DATA_ROW_COLUMNS_H

#include "engine/data/dataset.h"

/* Works on a column's numbers, which it may change: those of all rows, in the order of ranks. */
typedef void rnl_column_work(void *context, size_t column, double *numbers);

/* Works on columns from begin to end - 1, on each rank on its share of them.  Rows are those of the
 * training set. */
rnl_status rnl_each_column(const rnl_numbers *numbers, size_t begin, size_t end,
                           rnl_column_work *work, void *context);

/* Gives all ranks a result of each of these columns: an array (columns), of which each has its
 * share. */
rnl_status rnl_share_columns(const rnl_numbers *numbers, size_t begin, size_t end, double *results);

#endif
