/*
 * A frame: columns by name, in chunks of rows, in the memory of the program that gave an Arrow
 * stream.  It is read to its end and checked once; what the interface cannot tell, that buffers are
 * as long as its format says, is the giver's word.
 */
#ifndef RNL_ENGINE_DATA_ARROW_FRAME_H
#define RNL_ENGINE_DATA_ARROW_FRAME_H

#include "engine/data/arrow_abi.h"
#include "engine/data/dataset.h"

/* How the cells of a column lie. */
typedef enum rnl_arrow_layout {
    RNL_ARROW_NUMBERS,
    RNL_ARROW_BITS,       /* truth values, eight to a byte */
    RNL_ARROW_NOTHING,    /* no cell has a value */
    RNL_ARROW_TEXTS,      /* between offsets of 32 bits */
    RNL_ARROW_LONG_TEXTS, /* between offsets of 64 bits */
    RNL_ARROW_TEXT_VIEWS  /* in views of 16 bytes */
} rnl_arrow_layout;

typedef struct rnl_arrow_type {
    rnl_arrow_layout layout;
    rnl_type number; /* of numbers */
} rnl_arrow_type;

typedef struct rnl_arrow_column {
    const char *name;
    rnl_arrow_type type; /* of the cells; with a dictionary, their indices in it */
    bool dictionary;
    rnl_arrow_type values; /* of the dictionary */
} rnl_arrow_column;

typedef struct rnl_arrow_chunk {
    struct ArrowArray array;
    size_t first, rows; /* of the frame's */
} rnl_arrow_chunk;

typedef struct rnl_arrow_frame {
    const char *source; /* "training rows", for messages */
    struct ArrowSchema schema;
    size_t column_count;
    rnl_arrow_column *columns;
    rnl_text_index names; /* of the columns */
    size_t chunk_count, capacity;
    rnl_arrow_chunk *chunks;
    size_t rows;
} rnl_arrow_frame;

/* Reads a stream to its end.  RNL_BAD_DATA for what the interface does not allow, types that are no
 * numbers, truth values or texts, and columns without a name of their own; RNL_NO_MEMORY.  To be
 * released in any case. */
rnl_status rnl_arrow_frame_read(rnl_arrow_frame *frame, struct ArrowArrayStream *stream,
                                const char *source);
void rnl_arrow_frame_release(rnl_arrow_frame *frame);

/* ---- checks (arrow_check.c) ------------------------------------------------------------------ */

/* Finds the columns and their types. */
rnl_status rnl_arrow_check_schema(rnl_arrow_frame *frame);
/* Refuses a chunk that does not follow the schema, or leads out of its buffers. */
rnl_status rnl_arrow_check_chunk(const rnl_arrow_frame *frame, const struct ArrowArray *chunk);

/* Returns the number of a column; the count of them if there is none of that name. */
size_t rnl_arrow_find_column(const rnl_arrow_frame *frame, const char *name);

/* ---- cells (arrow_cells.c) ------------------------------------------------------------------- */

/* The cells of a column in a chunk. */
typedef struct rnl_arrow_cells {
    const rnl_arrow_column *column;
    const struct ArrowArray *array;
    size_t begin;       /* index in the array of the chunk's first row */
    size_t first, last; /* rows of the frame that they are of */
} rnl_arrow_cells;

rnl_arrow_cells rnl_arrow_cells_of(const rnl_arrow_frame *frame, size_t column, size_t chunk);

/* Bytes of a text, its final 0 included; longer ones are refused. */
#define RNL_ARROW_TEXT 4096

/* Tests if a row's cell has no value: null, or an empty text. */
bool rnl_arrow_is_missing(const rnl_arrow_cells *cells, size_t row);

/* Copies what a cell with a value says, numbers as they would be written; false if it is longer, or
 * no UTF-8, or has a 0 within. */
bool rnl_arrow_text(const rnl_arrow_cells *cells, size_t row, char text[RNL_ARROW_TEXT]);

/* The same of a dictionary's value, which may be null or empty. */
bool rnl_arrow_has_value(const rnl_arrow_cells *cells, size_t index);
bool rnl_arrow_value_text(const rnl_arrow_cells *cells, size_t index, char text[RNL_ARROW_TEXT]);

/* Returns a row's index in the dictionary. */
size_t rnl_arrow_index(const rnl_arrow_cells *cells, size_t row);

/* Numbers or truth values of rows first to last - 1 into a column of a row-major matrix. */
void rnl_arrow_read_numbers(const rnl_arrow_cells *cells, size_t first, size_t last,
                            rnl_element element, void *column, size_t width);

static inline bool rnl_arrow_is_number(const rnl_arrow_column *column)
{
    return !column->dictionary && column->type.layout < RNL_ARROW_TEXTS;
}

/* Tests a bit of a bitmap. */
static inline bool rnl_arrow_bit(const void *bits, size_t i)
{
    return ((const uint8_t *)bits)[i / 8] >> i % 8 & 1;
}

static inline bool rnl_arrow_is_null(const struct ArrowArray *array, size_t i)
{
    return array->null_count != 0 && array->buffers[0] && !rnl_arrow_bit(array->buffers[0], i);
}

/* ---- what becomes of it ---------------------------------------------------------------------- */

/* What is done with a frame. */
typedef struct rnl_arrow_use {
    rnl_missing_rule missing;
    bool all_categories;
    bool automatic;         /* as `categorical: auto` */
    rnl_encoding *encoding; /* measured if it is empty, else followed */
    bool keeps_all;         /* rows without targets, each of which is asked for */
} rnl_arrow_use;

/* Measures the encoding of a frame's columns, of the rows that are kept (arrow_encoding.c).  With
 * all_categories, values of dictionaries that no row has are categories, too. */
rnl_status rnl_arrow_measure(const rnl_arrow_frame *frame, const bool *kept,
                             const rnl_arrow_use *use);

/* Makes inputs of a frame (arrow_rows.c).  `kept` becomes the rows that are kept, if some are
 * dropped, for the caller to free; else NULL. */
rnl_status rnl_arrow_take(rnl_dataset *dataset, const rnl_arrow_frame *frame,
                          const rnl_arrow_use *use, bool **kept);

/* Notes what is odd about the columns of a frame whose encoding was measured on its rows, which the
 * dataset has all, with their targets (arrow_oddities.c). */
rnl_status rnl_arrow_note_oddities(const rnl_arrow_frame *frame, const rnl_dataset *dataset,
                                   const bool *kept, const rnl_encoding *encoding,
                                   rnl_notes *notes);

#endif
