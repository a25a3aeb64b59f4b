/*
 * Arrow arrays and streams made by hand.
 */
#ifndef RNL_TESTS_ARROW_COLUMNS_H
#define RNL_TESTS_ARROW_COLUMNS_H

#include "engine/data/arrow_abi.h"

#include <stddef.h>

#define ARROW_COLUMNS 8
#define ARROW_CHUNKS  3

/* Columns, with the chunks that a stream gives of them. */
typedef struct arrow_table {
    struct ArrowSchema columns[ARROW_COLUMNS], dictionaries[ARROW_COLUMNS],
        *column_pointers[ARROW_COLUMNS];
    struct ArrowArray cells[ARROW_CHUNKS][ARROW_COLUMNS], values[ARROW_CHUNKS][ARROW_COLUMNS],
        *cell_pointers[ARROW_CHUNKS][ARROW_COLUMNS];
    const void *buffers[ARROW_CHUNKS][ARROW_COLUMNS][5],
        *value_buffers[ARROW_CHUNKS][ARROW_COLUMNS][5];
    const void *no_nulls[1];
    size_t column_count, chunk_count, next;
    struct ArrowSchema schema;
    struct ArrowArray chunks[ARROW_CHUNKS];
    int error;   /* of get_next, behind the last chunk */
    size_t held; /* schemas, chunks and streams that have not been released */
    struct ArrowArrayStream stream;
} arrow_table;

/* A table without columns, of one chunk of these rows. */
void arrow_begin(arrow_table *t, int64_t rows);

/* Adds a column with buffers of nulls (NULL: none), cells and texts; `format` as the interface
 * names types. */
struct ArrowArray *arrow_add(arrow_table *t, const char *name, const char *format,
                             const void *nulls, const void *cells, const void *texts);

/* The same, of indices of 32 bits in a dictionary of texts with offsets of 32 bits. */
struct ArrowArray *arrow_add_dictionary(arrow_table *t, const char *name, const void *nulls,
                                        const void *indices, const int32_t *offsets,
                                        const char *texts, int64_t count);

/* Cuts the only chunk before these rows. */
void arrow_cut(arrow_table *t, int64_t first, int64_t second);

/* A stream of the table, which can be given once. */
struct ArrowArrayStream *arrow_open(arrow_table *t);

#endif
