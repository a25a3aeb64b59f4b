/*
 * Categories that one process has counted, for another that counts the same columns in other rows:
 * of each column their number, and each with its rows and its name.
 */
#include "engine/data/encoding.h"

#include <string.h>

/* Columns of inputs, then of targets; NULL behind the last. */
static rnl_column *column_at(const rnl_encoding *encoding, size_t i)
{
    const rnl_columns *inputs = &encoding->inputs, *targets = &encoding->targets;
    if (i < inputs->count)
        return &inputs->items[i];
    return i - inputs->count < targets->count ? &targets->items[i - inputs->count] : NULL;
}

size_t rnl_encoding_counted_bytes(const rnl_encoding *encoding)
{
    size_t bytes = 0;
    const rnl_column *column;
    for (size_t i = 0; (column = column_at(encoding, i)); ++i) {
        bytes += sizeof(size_t);
        for (size_t k = 0; k < column->category_count; ++k)
            bytes += sizeof(size_t) + strlen(column->categories[k].name) + 1;
    }
    return bytes;
}

static char *put(char *to, const void *from, size_t count)
{
    memcpy(to, from, count);
    return to + count;
}

void rnl_encoding_write_counted(const rnl_encoding *encoding, char *bytes)
{
    const rnl_column *column;
    for (size_t i = 0; (column = column_at(encoding, i)); ++i) {
        bytes = put(bytes, &column->category_count, sizeof(size_t));
        for (size_t k = 0; k < column->category_count; ++k) {
            const rnl_category *category = &column->categories[k];
            bytes = put(bytes, &category->rows, sizeof(size_t));
            bytes = put(bytes, category->name, strlen(category->name) + 1);
        }
    }
}

static const char *take(size_t *number, const char *from)
{
    memcpy(number, from, sizeof *number);
    return from + sizeof *number;
}

rnl_status rnl_encoding_count_also(rnl_encoding *encoding, const char *bytes)
{
    rnl_column *column;
    for (size_t i = 0; (column = column_at(encoding, i)); ++i) {
        size_t count, rows;
        for (bytes = take(&count, bytes); count > 0; --count) {
            bytes = take(&rows, bytes);
            const rnl_status status = rnl_column_count(column, bytes, rows);
            if (status != RNL_OK)
                return status;
            bytes += strlen(bytes) + 1;
        }
    }
    return RNL_OK;
}
