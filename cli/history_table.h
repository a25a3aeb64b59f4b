/*
 * history.csv, read.
 */
#ifndef RNL_CLI_HISTORY_TABLE_H
#define RNL_CLI_HISTORY_TABLE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct rnl_history_table {
    size_t columns, rows, capacity;
    char *header;   /* the names stand in it */
    char **names;   /* (columns) the first is "epoch" */
    double *values; /* (rows, columns) */
} rnl_history_table;

/* Complains and returns false if the file cannot be read or is no history.  A last line that a
 * killed run left without its end is left out. */
bool rnl_history_read(rnl_history_table *table, const char *path);
void rnl_history_table_release(rnl_history_table *table);

/* The number of a column; the table's number of columns if there is none of this name. */
size_t rnl_history_column(const rnl_history_table *table, const char *name);

static inline double rnl_history_value(const rnl_history_table *table, size_t row, size_t column)
{
    return table->values[row * table->columns + column];
}

#endif
