/*
 * Tables of text with aligned columns: the first to the left, the others to the right.
 */
#ifndef RNL_CLI_TEXT_TABLE_H
#define RNL_CLI_TEXT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#define RNL_TABLE_GAP 2 /* spaces between two columns */

typedef struct rnl_text_table {
    size_t columns;
    size_t count, capacity; /* of cells */
    char **cells;           /* row by row */
    bool failed;            /* an allocation did */
} rnl_text_table;

/* Columns that a text takes on the screen. */
int rnl_text_width(const char *text);

/* Adds the next cell of the current row, or the first of the next. */
void rnl_text_table_add(rnl_text_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints the table on standard output; false, and nothing printed, if memory ran out. */
bool rnl_text_table_print(const rnl_text_table *table);

/* The same as a table of Markdown, its first row that of the names. */
bool rnl_text_table_print_markdown(const rnl_text_table *table);
void rnl_text_table_release(rnl_text_table *table);

#endif
