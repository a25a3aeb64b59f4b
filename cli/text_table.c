#include "cli/text_table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(rnl_text_table *table)
{
    if (table->count < table->capacity)
        return true;
    const size_t capacity = table->capacity ? 2 * table->capacity : 64;
    char **cells = reallocarray(table->cells, capacity, sizeof *cells);
    if (!cells)
        return false;
    table->cells = cells;
    table->capacity = capacity;
    return true;
}

void rnl_text_table_add(rnl_text_table *table, const char *format, ...)
{
    char *cell = NULL;
    va_list values;
    va_start(values, format);
    if (table->failed || !make_room(table) || vasprintf(&cell, format, values) < 0)
        table->failed = true;
    else
        table->cells[table->count++] = cell;
    va_end(values);
}

/* Characters of UTF-8: all bytes but those that go on with one. */
int rnl_text_width(const char *cell)
{
    int width = 0;
    for (const char *c = cell; *c; ++c)
        width += (*c & 0xc0) != 0x80;
    return width;
}

bool rnl_text_table_print(const rnl_text_table *table)
{
    int *widths = calloc(table->columns, sizeof *widths);
    if (table->failed || !widths) {
        free(widths);
        return false;
    }
    for (size_t i = 0; i < table->count; ++i) {
        int *width = &widths[i % table->columns];
        const int own = rnl_text_width(table->cells[i]);
        *width = own > *width ? own : *width;
    }
    for (size_t i = 0; i < table->count; ++i) {
        const size_t column = i % table->columns;
        const int space = widths[column] - rnl_text_width(table->cells[i]);
        if (column == 0)
            printf("%s%*s", table->cells[i], space, "");
        else
            printf("%*s%s", space + RNL_TABLE_GAP, "", table->cells[i]);
        if (column + 1 == table->columns)
            putchar('\n');
    }
    free(widths);
    return true;
}

static void print_markdown_cell(const char *cell)
{
    fputs("| ", stdout);
    for (; *cell; ++cell) {
        if (strchr("|\\*_`<", *cell))
            putchar('\\');
        putchar(*cell);
    }
    putchar(' ');
}

bool rnl_text_table_print_markdown(const rnl_text_table *table)
{
    if (table->failed)
        return false;
    for (size_t i = 0; i < table->count; ++i) {
        print_markdown_cell(table->cells[i]);
        if ((i + 1) % table->columns == 0)
            puts("|");
        for (size_t k = 0; i + 1 == table->columns && k < table->columns; ++k)
            fputs(k == 0 ? "|---" : "|---:", stdout);
        if (i + 1 == table->columns)
            puts("|");
    }
    return true;
}

void rnl_text_table_release(rnl_text_table *table)
{
    for (size_t i = 0; i < table->count; ++i)
        free(table->cells[i]);
    free(table->cells);
}
