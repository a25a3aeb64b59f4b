#include "arrow_columns.h"

#include <string.h>

static void release_schema(struct ArrowSchema *schema)
{
    --((arrow_table *)schema->private_data)->held;
    schema->release = NULL;
}

static void release_chunk(struct ArrowArray *array)
{
    --((arrow_table *)array->private_data)->held;
    array->release = NULL;
}

static void release_stream(struct ArrowArrayStream *stream)
{
    --((arrow_table *)stream->private_data)->held;
    stream->release = NULL;
}

void arrow_begin(arrow_table *t, int64_t rows)
{
    memset(t, 0, sizeof *t);
    t->chunk_count = 1;
    t->schema = (struct ArrowSchema){.format = "+s",
                                     .children = t->column_pointers,
                                     .release = release_schema,
                                     .private_data = t};
    for (size_t i = 0; i < ARROW_CHUNKS; ++i)
        t->chunks[i] = (struct ArrowArray){.length = rows,
                                           .n_buffers = 1,
                                           .buffers = t->no_nulls,
                                           .children = t->cell_pointers[i],
                                           .release = release_chunk,
                                           .private_data = t};
}

struct ArrowArray *arrow_add(arrow_table *t, const char *name, const char *format,
                             const void *nulls, const void *cells, const void *texts)
{
    const size_t column = t->column_count++;
    t->columns[column] = (struct ArrowSchema){.format = format, .name = name};
    t->column_pointers[column] = &t->columns[column];
    for (size_t i = 0; i < ARROW_CHUNKS; ++i) {
        const void **buffers = t->buffers[i][column];
        buffers[0] = nulls;
        buffers[1] = cells;
        buffers[2] = texts;
        t->cells[i][column] = (struct ArrowArray){.length = t->chunks[0].length,
                                                  .null_count = nulls ? -1 : 0,
                                                  .n_buffers = strpbrk(format, "uU") ? 3 : 2,
                                                  .buffers = buffers};
        t->cell_pointers[i][column] = &t->cells[i][column];
        t->chunks[i].n_children = t->schema.n_children = (int64_t)t->column_count;
    }
    return &t->cells[0][column];
}

struct ArrowArray *arrow_add_dictionary(arrow_table *t, const char *name, const void *nulls,
                                        const void *indices, const int32_t *offsets,
                                        const char *texts, int64_t count)
{
    struct ArrowArray *array = arrow_add(t, name, "i", nulls, indices, NULL);
    const size_t column = t->column_count - 1;
    t->dictionaries[column] = (struct ArrowSchema){.format = "u"};
    t->columns[column].dictionary = &t->dictionaries[column];
    for (size_t i = 0; i < ARROW_CHUNKS; ++i) {
        const void **buffers = t->value_buffers[i][column];
        buffers[1] = offsets;
        buffers[2] = texts;
        t->values[i][column] =
            (struct ArrowArray){.length = count, .n_buffers = 3, .buffers = buffers};
        t->cells[i][column].dictionary = &t->values[i][column];
    }
    return array;
}

/* The middle chunk begins by the offset of its columns, the others by their own. */
void arrow_cut(arrow_table *t, int64_t first, int64_t second)
{
    const int64_t ends[] = {0, first, second, t->chunks[0].length};
    t->chunk_count = ARROW_CHUNKS;
    for (size_t i = 0; i < ARROW_CHUNKS; ++i) {
        t->chunks[i].length = ends[i + 1] - ends[i];
        t->chunks[i].offset = i == 1 ? 0 : ends[i];
        for (size_t column = 0; column < t->column_count && i == 1; ++column) {
            t->cells[i][column].offset = ends[i];
            t->cells[i][column].length -= ends[i];
        }
    }
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    arrow_table *t = stream->private_data;
    *out = t->schema;
    ++t->held;
    return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    arrow_table *t = stream->private_data;
    if (t->next == t->chunk_count) {
        out->release = NULL;
        return t->error;
    }
    *out = t->chunks[t->next++];
    ++t->held;
    return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream)
{
    (void)stream;
    return "the disk is gone";
}

struct ArrowArrayStream *arrow_open(arrow_table *t)
{
    t->next = 0;
    ++t->held;
    t->stream = (struct ArrowArrayStream){get_schema, get_next, get_last_error, release_stream, t};
    return &t->stream;
}
