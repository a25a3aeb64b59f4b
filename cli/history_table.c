#include "cli/history_table.h"
#include "cli/messages.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool take_header(rnl_history_table *table, const char *line)
{
    size_t columns = 1;
    for (const char *c = line; *c; ++c)
        columns += *c == ',';
    table->header = strdup(line);
    table->names = calloc(columns, sizeof *table->names);
    if (!table->header || !table->names)
        return false;
    for (char *rest = table->header; rest;)
        table->names[table->columns++] = strsep(&rest, ",");
    return strcmp(table->names[0], "epoch") == 0;
}

/* An empty cell is NaN. */
static bool parse_values(const char *line, double *values, size_t columns)
{
    for (size_t i = 0; i < columns; ++i) {
        char *end;
        values[i] = strtod(line, &end);
        const char expected = i + 1 < columns ? ',' : '\0';
        if (*end != expected)
            return false;
        if (end == line)
            values[i] = NAN;
        line = end + 1;
    }
    return true;
}

static bool add_line(rnl_history_table *table, const char *line)
{
    if (table->rows == table->capacity) {
        const size_t capacity = 2 * table->capacity + 16;
        double *values = reallocarray(table->values, capacity * table->columns, sizeof *values);
        if (!values)
            return false;
        table->values = values;
        table->capacity = capacity;
    }
    if (!parse_values(line, table->values + table->rows * table->columns, table->columns))
        return false;
    ++table->rows;
    return true;
}

static bool read_lines(rnl_history_table *table, FILE *file, const char *path)
{
    char *line = NULL;
    size_t size = 0, number = 0;
    bool right = true;
    for (ssize_t length; right && (length = getline(&line, &size, file)) > 0;) {
        if (line[length - 1] != '\n')
            break;
        line[length - 1] = '\0';
        right = ++number == 1 ? take_header(table, line) : add_line(table, line);
        if (!right)
            rnl_complain("%s:%zu: not a line of history.csv", path, number);
    }
    free(line);
    if (right && table->rows == 0)
        rnl_complain("%s: has no epoch yet", path);
    return right && table->rows > 0;
}

bool rnl_history_read(rnl_history_table *table, const char *path)
{
    *table = (rnl_history_table){0};
    FILE *file = fopen(path, "re");
    if (!file) {
        const bool traced = errno == ENOENT && strcmp(basename(path), "trace.csv") == 0;
        rnl_complain("cannot read %s: %s%s", path, strerror(errno),
                     traced ? "; `training.trace: {every: 1}` makes it" : "");
        return false;
    }
    const bool right = read_lines(table, file, path);
    fclose(file);
    if (!right)
        rnl_history_table_release(table);
    return right;
}

void rnl_history_table_release(rnl_history_table *table)
{
    free(table->header);
    free(table->names);
    free(table->values);
    *table = (rnl_history_table){0};
}

size_t rnl_history_column(const rnl_history_table *table, const char *name)
{
    size_t i = 0;
    while (i < table->columns && strcmp(table->names[i], name) != 0)
        ++i;
    return i;
}
