/*
 * A table at work: a CSV file whose columns are known by name, read row by row.
 */
#ifndef RNL_ENGINE_DATA_CSV_TABLE_H
#define RNL_ENGINE_DATA_CSV_TABLE_H

#include "engine/data/class_selection.h"
#include "engine/data/csv_reader.h"
#include "engine/data/formats.h"

typedef struct rnl_csv_table {
    const rnl_csv_parameters *parameters;
    const rnl_loading *loading;
    rnl_csv_reader reader;
    size_t width;         /* cells of every record */
    size_t unnamed;       /* columns whose name is empty */
    rnl_text_list names;  /* (width) of the columns */
    rnl_text_index index; /* of the names; of several empty ones, the first */
    size_t *inputs;       /* the cell of each input column, */
    size_t *targets;      /* and of each target column */
    bool weighted;
    size_t weight;  /* the cell of the sample weights, if they are asked for */
    size_t dropped; /* rows so far, for what they miss */
    bool in_hand;   /* the reader's record is the first row */
    bool selects;   /* rows of some classes are left out, or of another class: */
    size_t class;   /* the cell of the class */
} rnl_csv_table;

static inline rnl_encoding *rnl_csv_encoding(const rnl_csv_table *t)
{
    return t->loading->encoding;
}

/* Opens the file and finds the columns of the encoding, which is begun if it is empty. */
rnl_status rnl_csv_table_open(rnl_csv_table *t, const rnl_csv_parameters *parameters,
                              const rnl_loading *loading);
void rnl_csv_table_close(rnl_csv_table *t);

/* The next record, which has a cell for each column; none is left if the reader's count is 0. */
rnl_status rnl_csv_table_record(rnl_csv_table *t);

/* The next row that is not dropped; none is left if the reader's count is 0. */
rnl_status rnl_csv_table_next(rnl_csv_table *t);

/* The targets that are asked for: none in prediction. */
static inline size_t rnl_csv_target_count(const rnl_csv_table *t)
{
    return t->loading->predicting || t->loading->without_targets
               ? 0
               : rnl_csv_encoding(t)->targets.count;
}

static inline rnl_missing_rule rnl_csv_missing_rule(const rnl_csv_table *t)
{
    return *(const rnl_missing_rule *)t->parameters->missing.kind->operations;
}

/* ---- cells of the row that was read last (csv_cells.c) --------------------------------------- */

static inline const char *rnl_csv_text(const rnl_csv_table *t, size_t cell)
{
    return t->reader.cells[cell].text;
}

bool rnl_csv_is_missing(const rnl_csv_table *t, size_t cell);

/* The cell is a number in the table's way of writing them. */
bool rnl_csv_is_number(const rnl_csv_table *t, size_t cell, double *number);
/* A number within float32, or RNL_BAD_DATA. */
rnl_status rnl_csv_read_number(const rnl_csv_table *t, size_t cell, double *number);

/* The same of an input, which may be a truth value. */
rnl_status rnl_csv_read_input(const rnl_csv_table *t, size_t cell, double *number);

/* RNL_BAD_DATA: "path:line:column: column 'x': expected ..., got ...". */
rnl_status rnl_csv_fail_cell(const rnl_csv_table *t, size_t cell, const char *expected);
rnl_status rnl_csv_fail_missing(const rnl_csv_table *t, size_t cell);

/* The cell of the column of that name; RNL_BAD_CONFIG at the place that names it, if there is one.
 */
rnl_status rnl_csv_find_cell(const rnl_csv_table *t, const char *name, rnl_place place,
                             size_t *cell);

/* ---- other files of the table ---------------------------------------------------------------- */

/* Begins the encoding with the columns that the configuration chooses (csv_columns.c). */
rnl_status rnl_csv_choose_columns(const rnl_csv_table *t);

/* Tests if a name under `categorical` is none of a column, and asks for those of texts
 * (csv_columns.c). */
bool rnl_csv_finds_texts(const rnl_csv_table *t);

/* Reads all rows to find the inputs that hold texts, and makes them categorical (csv_texts.c). */
rnl_status rnl_csv_find_texts(rnl_csv_table *t);

/* Reads all rows to find categories and what fills missing cells (csv_measure.c). */
rnl_status rnl_csv_measure(const rnl_csv_parameters *parameters, const rnl_loading *loading);

/* Reads as many rows into the dataset (csv_encode.c). */
rnl_status rnl_csv_encode(rnl_csv_table *t, rnl_dataset *dataset, size_t rows);

/* Makes a set of so many rows, if any, without inputs; once all targets are there, it is completed.
 */
rnl_status rnl_csv_allocate(rnl_dataset *dataset, const rnl_csv_table *t, size_t rows);
void rnl_csv_complete(rnl_dataset *dataset);

/* Writes the inputs of the row that was read last. */
rnl_status rnl_csv_encode_inputs(const rnl_csv_table *t, const rnl_dataset *dataset, size_t row);

/* The targets of the row that was read last, as numbers, and behind them its weight, if it has one;
 * and into a set. */
rnl_status rnl_csv_read_answers(const rnl_csv_table *t, double *answers);
void rnl_csv_put_answers(rnl_dataset *dataset, size_t row, const double *answers);

/* The text is what other programs write for a missing value. */
bool rnl_csv_looks_missing(const char *text);

/* What may be wrong where a number, or a column, was expected (csv_hints.c): text to be put behind
 * that, or "". */
#define RNL_CSV_HINT 512
void rnl_csv_hint_number(const rnl_csv_table *t, size_t cell, char hint[RNL_CSV_HINT]);
void rnl_csv_hint_missing(const rnl_csv_table *t, size_t cell, char hint[RNL_CSV_HINT]);
void rnl_csv_hint_column(const rnl_csv_table *t, const char *name, char hint[RNL_CSV_HINT]);
void rnl_csv_hint_width(const rnl_csv_table *t, char hint[RNL_CSV_HINT]);

#endif
