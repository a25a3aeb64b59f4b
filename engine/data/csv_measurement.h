/*
 * What is known of a table's columns while its rows are measured.
 */
#ifndef RNL_ENGINE_DATA_CSV_MEASUREMENT_H
#define RNL_ENGINE_DATA_CSV_MEASUREMENT_H

#include "engine/data/csv_table.h"
#include "engine/data/renaming.h"

/* Where an input column first has a truth value, and a number other than 0 and 1. */
typedef struct rnl_csv_mix {
    size_t truth_line, truth_column; /* 0: nowhere */
    double number;                   /* 0: none */
} rnl_csv_mix;

/* Statistics of an input column, in the order of the rows. */
typedef struct rnl_csv_seen {
    rnl_csv_mix mix;
    size_t cells; /* with a value */
    double first; /* number; a category counts as 0 */
    double sum;
    bool others; /* some number is not the one before plus 1, */
    bool varies; /* or not the first */
} rnl_csv_seen;

typedef struct rnl_csv_measurement {
    size_t rows, columns;
    size_t dropped;       /* rows, for what they miss */
    rnl_csv_seen *inputs; /* (columns) */
    bool *is_the_target;  /* (columns) each cell with a value equals the target */
    rnl_renamings *renamings;
    double *row;      /* (columns) numbers of the row that was measured last */
    bool open_target; /* the cells decide whether it holds values or two classes */
    bool numbers;     /* all of them are numbers */
    bool shares;      /* other ranks measure other rows */
} rnl_csv_measurement;

/* Ended also after a failure. */
rnl_status rnl_csv_begin_measuring(rnl_csv_measurement *m, const rnl_csv_table *t, bool shares);
void rnl_csv_end_measuring(rnl_csv_measurement *m);

/* Measures the row that was read last, but for what depends on the order of rows. */
rnl_status rnl_csv_measure_row(const rnl_csv_table *t, rnl_csv_measurement *m);

/* Adds what a later section has seen, behind so many lines. */
void rnl_csv_join_mix(rnl_csv_mix *mix, const rnl_csv_mix *later, size_t lines);

/* Adds the numbers of a row to that; rows come in their order. */
void rnl_csv_add_row(rnl_csv_measurement *m, const double *row);

/* Completes the encoding after the last row; it follows an earlier one. */
rnl_status rnl_csv_finish_measuring(const rnl_csv_table *t, const rnl_csv_measurement *m);

#endif
