/*
 * Cells of a frame: what is null, texts, indices of dictionaries, numbers.
 */
#include "engine/base/utf8.h"
#include "engine/data/arrow_frame.h"
#include "engine/data/caller_array.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

rnl_arrow_cells rnl_arrow_cells_of(const rnl_arrow_frame *frame, size_t column, size_t chunk)
{
    const rnl_arrow_chunk *c = &frame->chunks[chunk];
    const struct ArrowArray *array = c->array.children[column];
    return (rnl_arrow_cells){.column = &frame->columns[column],
                             .array = array,
                             .begin = (size_t)(array->offset + c->array.offset),
                             .first = c->first,
                             .last = c->first + c->rows};
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* Bytes of a text in place. */
typedef struct piece {
    const char *bytes;
    size_t length;
} piece;

static piece text_between(const struct ArrowArray *array, size_t i)
{
    int32_t ends[2];
    memcpy(ends, (const char *)array->buffers[1] + i * sizeof *ends, sizeof ends);
    return (piece){(const char *)array->buffers[2] + ends[0], (size_t)(ends[1] - ends[0])};
}

static piece long_text_between(const struct ArrowArray *array, size_t i)
{
    int64_t ends[2];
    memcpy(ends, (const char *)array->buffers[1] + i * sizeof *ends, sizeof ends);
    return (piece){(const char *)array->buffers[2] + ends[0], (size_t)(ends[1] - ends[0])};
}

static piece text_in_view(const struct ArrowArray *array, size_t i)
{
    enum { VIEW = 16, WITHIN = 12 };
    const char *view = (const char *)array->buffers[1] + i * VIEW;
    int32_t length, place[2];
    memcpy(&length, view, sizeof length);
    if (length <= WITHIN)
        return (piece){view + 4, (size_t)length};
    memcpy(place, view + 8, sizeof place);
    return (piece){(const char *)array->buffers[2 + place[0]] + place[1], (size_t)length};
}

static piece text_of(rnl_arrow_layout layout, const struct ArrowArray *array, size_t i)
{
    return layout == RNL_ARROW_TEXTS        ? text_between(array, i)
           : layout == RNL_ARROW_LONG_TEXTS ? long_text_between(array, i)
                                            : text_in_view(array, i);
}

/* ---- numbers --------------------------------------------------------------------------------- */

static double number_at(rnl_type type, const struct ArrowArray *array, size_t i)
{
    static const ptrdiff_t no_offset = 0;
    const rnl_caller_array alone = {.type = type,
                                    .first =
                                        (const char *)array->buffers[1] + i * rnl_type_bytes(type),
                                    .columns = 1,
                                    .offsets = &no_offset};
    double number;
    rnl_caller_array_read(&alone, 0, 1, RNL_FLOAT64, &number, 1);
    return number;
}

/* Writes the fewest digits that give the number back. */
static void write_number(rnl_type type, double number, char text[RNL_ARROW_TEXT])
{
    const bool narrow = type == RNL_TYPE_FLOAT32 || type == RNL_TYPE_FLOAT16;
    for (int digits = 1; digits <= 17; ++digits) {
        snprintf(text, RNL_ARROW_TEXT, "%.*g", digits, number);
        if (narrow ? strtof(text, NULL) == (float)number : strtod(text, NULL) == number)
            break;
    }
    const size_t mantissa = strspn(text, "+-0123456789");
    if (text[mantissa] != '\0' && strchr("eni", text[mantissa]) == NULL)
        text[mantissa] = '.'; /* in a locale that has a comma there */
}

static void write_whole(rnl_type type, const struct ArrowArray *array, size_t i,
                        char text[RNL_ARROW_TEXT])
{
    uint64_t large;
    if (type == RNL_TYPE_UINT64 || type == RNL_TYPE_INT64) {
        memcpy(&large, (const char *)array->buffers[1] + i * sizeof large, sizeof large);
        snprintf(text, RNL_ARROW_TEXT, type == RNL_TYPE_UINT64 ? "%llu" : "%lld",
                 (unsigned long long)large);
    } else
        snprintf(text, RNL_ARROW_TEXT, "%.0f", number_at(type, array, i));
}

/* ---- cells ----------------------------------------------------------------------------------- */

static bool lacks_value(rnl_arrow_type type, const struct ArrowArray *array, size_t i)
{
    return type.layout == RNL_ARROW_NOTHING || rnl_arrow_is_null(array, i) ||
           (type.layout >= RNL_ARROW_TEXTS && text_of(type.layout, array, i).length == 0);
}

/* Copies a text that is one. */
static bool copy_text(piece found, char text[RNL_ARROW_TEXT])
{
    if (found.length >= RNL_ARROW_TEXT || memchr(found.bytes, '\0', found.length))
        return false;
    memcpy(text, found.bytes, found.length);
    text[found.length] = '\0';
    return rnl_is_utf8(text);
}

static bool write_cell(rnl_arrow_type type, const struct ArrowArray *array, size_t i,
                       char text[RNL_ARROW_TEXT])
{
    if (type.layout >= RNL_ARROW_TEXTS)
        return copy_text(text_of(type.layout, array, i), text);
    if (type.layout == RNL_ARROW_BITS)
        strcpy(text, rnl_arrow_bit(array->buffers[1], i) ? "True" : "False");
    else if (type.number < RNL_TYPE_FLOAT16)
        write_whole(type.number, array, i, text);
    else
        write_number(type.number, number_at(type.number, array, i), text);
    return true;
}

static size_t place_of(const rnl_arrow_cells *cells, size_t row)
{
    return cells->begin + (row - cells->first);
}

size_t rnl_arrow_index(const rnl_arrow_cells *cells, size_t row)
{
    const size_t i = place_of(cells, row);
    uint64_t large;
    if (rnl_type_bytes(cells->column->type.number) < sizeof large)
        return (size_t)(int64_t)number_at(cells->column->type.number, cells->array, i);
    memcpy(&large, (const char *)cells->array->buffers[1] + i * sizeof large, sizeof large);
    return (size_t)large;
}

static size_t value_place(const rnl_arrow_cells *cells, size_t index)
{
    return (size_t)cells->array->dictionary->offset + index;
}

bool rnl_arrow_has_value(const rnl_arrow_cells *cells, size_t index)
{
    return !lacks_value(cells->column->values, cells->array->dictionary, value_place(cells, index));
}

bool rnl_arrow_value_text(const rnl_arrow_cells *cells, size_t index, char text[RNL_ARROW_TEXT])
{
    return write_cell(cells->column->values, cells->array->dictionary, value_place(cells, index),
                      text);
}

bool rnl_arrow_is_missing(const rnl_arrow_cells *cells, size_t row)
{
    return lacks_value(cells->column->type, cells->array, place_of(cells, row)) ||
           (cells->column->dictionary && !rnl_arrow_has_value(cells, rnl_arrow_index(cells, row)));
}

bool rnl_arrow_text(const rnl_arrow_cells *cells, size_t row, char text[RNL_ARROW_TEXT])
{
    return cells->column->dictionary
               ? rnl_arrow_value_text(cells, rnl_arrow_index(cells, row), text)
               : write_cell(cells->column->type, cells->array, place_of(cells, row), text);
}

void rnl_arrow_read_numbers(const rnl_arrow_cells *cells, size_t first, size_t last,
                            rnl_element element, void *column, size_t width)
{
    static const ptrdiff_t no_offset = 0;
    const rnl_arrow_type type = cells->column->type;
    if (type.layout == RNL_ARROW_NUMBERS) {
        const size_t size = rnl_type_bytes(type.number), begin = place_of(cells, first);
        const rnl_caller_array array = {.type = type.number,
                                        .first =
                                            (const char *)cells->array->buffers[1] + begin * size,
                                        .columns = 1,
                                        .row_stride = (ptrdiff_t)size,
                                        .offsets = &no_offset};
        rnl_caller_array_read(&array, 0, last - first, element, column, width);
        return;
    }
    for (size_t row = first; row < last; ++row)
        rnl_element_put(element, column, (row - first) * width,
                        type.layout == RNL_ARROW_BITS &&
                            rnl_arrow_bit(cells->array->buffers[1], place_of(cells, row)));
}
