/*
 * What is odd about an input of a table, a frame or an array, and the note that tells it.
 */
#ifndef RNL_ENGINE_DATA_ODDITIES_H
#define RNL_ENGINE_DATA_ODDITIES_H

#include "engine/data/encoding.h"
#include "engine/data/notes.h"

#include <stdbool.h>
#include <stddef.h>

/* The columns that an input is one of. */
typedef struct rnl_odd_table {
    const char *name;   /* a file's path, or "training rows" */
    bool is_file;       /* whose configuration may ignore a column */
    const char *target; /* its column; NULL: given beside the frame */
    bool has_values;    /* the target is numbers, not classes */
    size_t rows;
    size_t constants; /* inputs that are the same in every row, so far, */
    size_t constant;  /* the first of them */
} rnl_odd_table;

/* Found in the cells that have a value. */
typedef struct rnl_oddities {
    size_t cells;        /* all of them, if something is odd */
    bool says_target;    /* they are the target's */
    bool renames_target; /* there is one word for each class, and another for each */
    bool numbers_rows;   /* every row has one, a number, from `first` on */
    bool constant;       /* they are one number, `first` */
    double first;
} rnl_oddities;

/* Adds a note of the oddity that matters most; none where fewer than 10 cells have a value.
 * Constants are counted: they say nothing of the target.  `columns` names the inputs; NULL: they
 * have numbers. */
rnl_status rnl_note_oddities(rnl_notes *notes, rnl_odd_table *table, const rnl_columns *columns,
                             size_t input, const rnl_oddities *found);

/* Adds a note of rows that were left out because they miss a value, if there are any. */
rnl_status rnl_note_dropped(rnl_notes *notes, const char *name, size_t dropped, size_t kept);

/* Adds a note of each input that has rare categories. */
rnl_status rnl_note_rare(rnl_notes *notes, const char *name, const rnl_columns *columns);

/* Adds one note of all constants, after the last input. */
rnl_status rnl_note_constants(rnl_notes *notes, const rnl_odd_table *table,
                              const rnl_columns *columns);

#endif
