/*
 * What an Arrow stream may hold, and that none of it leads out of its buffers.
 */
#include "engine/base/error.h"
#include "engine/base/utf8.h"
#include "engine/data/arrow_frame.h"
#include "engine/data/caller_array.h"

#include <stdlib.h>
#include <string.h>

/* ---- the schema ------------------------------------------------------------------------------ */

/* The type that a format of the interface stands for. */
static bool find_type(const char *format, rnl_arrow_type *type)
{
    static const struct {
        const char *format;
        rnl_arrow_type type;
    } types[] = {
        {"c", {RNL_ARROW_NUMBERS, RNL_TYPE_INT8}},    {"C", {RNL_ARROW_NUMBERS, RNL_TYPE_UINT8}},
        {"s", {RNL_ARROW_NUMBERS, RNL_TYPE_INT16}},   {"S", {RNL_ARROW_NUMBERS, RNL_TYPE_UINT16}},
        {"i", {RNL_ARROW_NUMBERS, RNL_TYPE_INT32}},   {"I", {RNL_ARROW_NUMBERS, RNL_TYPE_UINT32}},
        {"l", {RNL_ARROW_NUMBERS, RNL_TYPE_INT64}},   {"L", {RNL_ARROW_NUMBERS, RNL_TYPE_UINT64}},
        {"e", {RNL_ARROW_NUMBERS, RNL_TYPE_FLOAT16}}, {"f", {RNL_ARROW_NUMBERS, RNL_TYPE_FLOAT32}},
        {"g", {RNL_ARROW_NUMBERS, RNL_TYPE_FLOAT64}}, {"b", {RNL_ARROW_BITS, RNL_TYPE_BOOL}},
        {"n", {RNL_ARROW_NOTHING, RNL_TYPE_BOOL}},    {"u", {RNL_ARROW_TEXTS, RNL_TYPE_BOOL}},
        {"U", {RNL_ARROW_LONG_TEXTS, RNL_TYPE_BOOL}}, {"vu", {RNL_ARROW_TEXT_VIEWS, RNL_TYPE_BOOL}},
    };
    for (size_t i = 0; format && i < sizeof types / sizeof *types; ++i)
        if (strcmp(types[i].format, format) == 0) {
            *type = types[i].type;
            return true;
        }
    return false;
}

static bool is_whole(rnl_arrow_type type)
{
    return type.layout == RNL_ARROW_NUMBERS && type.number < RNL_TYPE_FLOAT16;
}

static rnl_status fail_type(const rnl_arrow_frame *frame, const char *name, const char *format)
{
    return rnl_fail(RNL_BAD_DATA,
                    "%s: column '%.60s': expected numbers, truth values, texts or categories, got "
                    "Arrow's type '%.20s'",
                    frame->source, name, format ? format : "");
}

static rnl_status read_column(const rnl_arrow_frame *frame, const struct ArrowSchema *schema,
                              rnl_arrow_column *column)
{
    const struct ArrowSchema *dictionary = schema->dictionary;
    *column = (rnl_arrow_column){.name = schema->name, .dictionary = dictionary != NULL};
    if (!find_type(schema->format, &column->type))
        return fail_type(frame, column->name, schema->format);
    if (dictionary && (!is_whole(column->type) || dictionary->dictionary ||
                       !find_type(dictionary->format, &column->values)))
        return fail_type(frame, column->name, dictionary->format);
    return RNL_OK;
}

rnl_status rnl_arrow_check_schema(rnl_arrow_frame *frame)
{
    const struct ArrowSchema *schema = &frame->schema;
    if (!schema->format || strcmp(schema->format, "+s") != 0 || schema->dictionary ||
        schema->n_children < 1 || schema->n_children > INT32_MAX || !schema->children)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected columns in the Arrow stream, got type '%.20s' of %lld fields",
                        frame->source, schema->format ? schema->format : "",
                        (long long)schema->n_children);
    frame->columns = calloc((size_t)schema->n_children, sizeof *frame->columns);
    if (!frame->columns)
        return rnl_fail_memory((size_t)schema->n_children * sizeof *frame->columns);
    for (size_t i = 0; i < (size_t)schema->n_children; ++i) {
        const struct ArrowSchema *child = schema->children[i];
        if (!child || !child->name || !*child->name)
            return rnl_fail(RNL_BAD_DATA, "%s: expected a name for column %zu", frame->source, i);
        if (!rnl_is_utf8(child->name))
            return rnl_fail(RNL_BAD_DATA, "%s: expected the name of column %zu in UTF-8",
                            frame->source, i);
        if (rnl_text_index_find(&frame->names, child->name))
            return rnl_fail(RNL_BAD_DATA, "%s: the column '%.60s' is there twice", frame->source,
                            child->name);
        RNL_TRY(rnl_text_index_add(&frame->names, child->name, i));
        RNL_TRY(read_column(frame, child, &frame->columns[i]));
        frame->column_count = i + 1;
    }
    return RNL_OK;
}

/* ---- chunks ---------------------------------------------------------------------------------- */

/* A column of a chunk under check. */
typedef struct checked {
    const rnl_arrow_frame *frame;
    const char *name;
    const struct ArrowArray *array;
    size_t begin, end; /* indices of the cells that are read */
} checked;

static rnl_status refuse(const checked *c, const char *expected)
{
    return rnl_fail(RNL_BAD_DATA, "%s: column '%.60s': the Arrow array is damaged: expected %s",
                    c->frame->source, c->name, expected);
}

/* Tests lengths that pointers can be made of: a cell has up to 16 bytes. */
static bool has_extent(const struct ArrowArray *array)
{
    int64_t end;
    return array->length >= 0 && array->offset >= 0 && array->null_count >= -1 &&
           array->null_count <= array->length &&
           !__builtin_add_overflow(array->offset, array->length, &end) && end < PTRDIFF_MAX / 32;
}

static int64_t offset_at(const checked *c, bool wide, size_t i)
{
    const char *at = (const char *)c->array->buffers[1] + i * (wide ? 8 : 4);
    int64_t wide_offset;
    int32_t offset;
    memcpy(&offset, at, sizeof offset);
    if (!wide)
        return offset;
    memcpy(&wide_offset, at, sizeof wide_offset);
    return wide_offset;
}

/* Texts lie between offsets that never fall. */
static rnl_status check_texts(const checked *c, bool wide)
{
    int64_t before = offset_at(c, wide, c->begin);
    const int64_t first = before;
    if (first < 0)
        return refuse(c, "offsets of at least 0");
    for (size_t i = c->begin; i < c->end; ++i) {
        const int64_t next = offset_at(c, wide, i + 1);
        if (next < before)
            return refuse(c, "offsets that do not fall");
        before = next;
    }
    return before == first || c->array->buffers[2] ? RNL_OK : refuse(c, "a buffer of texts");
}

typedef struct view {
    int32_t length;
    char prefix[4];
    int32_t buffer, offset;
} view;

/* Texts of up to 12 bytes lie in the view, others in one of the buffers behind, whose sizes are the
 * last. */
static rnl_status check_views(const checked *c)
{
    const struct ArrowArray *a = c->array;
    const int64_t buffers = a->n_buffers - 3;
    const int64_t *sizes = a->buffers[a->n_buffers - 1];
    for (size_t i = c->begin; i < c->end; ++i) {
        view v;
        int64_t size;
        memcpy(&v, (const char *)a->buffers[1] + i * sizeof v, sizeof v);
        if (rnl_arrow_is_null(a, i) || (v.length >= 0 && v.length <= 12))
            continue;
        if (v.length < 0 || v.buffer < 0 || v.buffer >= buffers || v.offset < 0 || !sizes ||
            !a->buffers[2 + v.buffer])
            return refuse(c, "views of its buffers");
        memcpy(&size, &sizes[v.buffer], sizeof size);
        if ((int64_t)v.offset + v.length > size)
            return refuse(c, "views within its buffers");
    }
    return RNL_OK;
}

static rnl_status check_cells(const checked *c, rnl_arrow_layout layout)
{
    const struct ArrowArray *a = c->array;
    static const int64_t counts[] = {2, 2, 0, 3, 3, 3};
    const bool views = layout == RNL_ARROW_TEXT_VIEWS;
    /* Some writers, as polars, give a bitmap of nulls to cells that are nothing else. */
    const bool bare = layout == RNL_ARROW_NOTHING && a->n_buffers == 1;
    if (a->n_children != 0 || (views ? a->n_buffers < 3 || a->n_buffers > INT32_MAX
                                     : !bare && a->n_buffers != counts[layout]))
        return refuse(c, "as many buffers as its type has");
    if (layout == RNL_ARROW_NOTHING)
        return RNL_OK;
    if (!a->buffers || (a->null_count > 0 && !a->buffers[0]))
        return refuse(c, "a bitmap of its nulls");
    if (c->begin == c->end)
        return RNL_OK;
    if (!a->buffers[1])
        return refuse(c, "a buffer of cells");
    return views                            ? check_views(c)
           : layout == RNL_ARROW_TEXTS      ? check_texts(c, false)
           : layout == RNL_ARROW_LONG_TEXTS ? check_texts(c, true)
                                            : RNL_OK;
}

static rnl_status check_indices(const checked *c, const rnl_arrow_column *column)
{
    const int64_t count = c->array->dictionary->length;
    const rnl_arrow_cells cells = {column, c->array, c->begin, 0, c->end - c->begin};
    for (size_t row = 0; row < cells.last; ++row)
        if (!rnl_arrow_is_null(c->array, c->begin + row) &&
            rnl_arrow_index(&cells, row) >= (size_t)count)
            return refuse(c, "indices within its dictionary");
    return RNL_OK;
}

static rnl_status check_dictionary(const checked *c, const rnl_arrow_column *column)
{
    const struct ArrowArray *values = c->array->dictionary;
    if (!values || values->dictionary || !has_extent(values))
        return refuse(c, "a dictionary");
    const checked of_values = {c->frame, c->name, values, (size_t)values->offset,
                               (size_t)(values->offset + values->length)};
    RNL_TRY(check_cells(&of_values, column->values.layout));
    return check_indices(c, column);
}

static rnl_status check_column(const rnl_arrow_frame *frame, const struct ArrowArray *chunk,
                               size_t number)
{
    const rnl_arrow_column *column = &frame->columns[number];
    const struct ArrowArray *array = chunk->children[number];
    checked c = {.frame = frame, .name = column->name, .array = array};
    if (!array || !has_extent(array) || array->length < chunk->offset + chunk->length)
        return refuse(&c, "as many cells as there are rows");
    c.begin = (size_t)(array->offset + chunk->offset);
    c.end = c.begin + (size_t)chunk->length;
    if (!column->dictionary && array->dictionary)
        return refuse(&c, "no dictionary");
    RNL_TRY(check_cells(&c, column->type.layout));
    return column->dictionary ? check_dictionary(&c, column) : RNL_OK;
}

rnl_status rnl_arrow_check_chunk(const rnl_arrow_frame *frame, const struct ArrowArray *chunk)
{
    const bool whole = has_extent(chunk) && chunk->n_children == (int64_t)frame->column_count &&
                       chunk->children && chunk->n_buffers == 1 && chunk->buffers;
    if (!whole)
        return rnl_fail(RNL_BAD_DATA, "%s: the Arrow array is damaged: expected %zu columns",
                        frame->source, frame->column_count);
    for (int64_t i = chunk->offset; i < chunk->offset + chunk->length; ++i)
        if (rnl_arrow_is_null(chunk, (size_t)i))
            return rnl_fail(RNL_BAD_DATA, "%s: row %zu: expected cells, got a row that is null",
                            frame->source, frame->rows + (size_t)(i - chunk->offset));
    for (size_t i = 0; i < frame->column_count; ++i)
        RNL_TRY(check_column(frame, chunk, i));
    return RNL_OK;
}

size_t rnl_arrow_find_column(const rnl_arrow_frame *frame, const char *name)
{
    const rnl_indexed_text *known = rnl_text_index_find(&frame->names, name);
    return known ? known->number : frame->column_count;
}
