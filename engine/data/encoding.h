/*
 * How the columns of a table become numbers: which columns the inputs and targets are, what
 * categories a column of names has, and what stands for a missing cell.  It is measured on the
 * training rows and kept in the model.
 */
#ifndef RNL_ENGINE_DATA_ENCODING_H
#define RNL_ENGINE_DATA_ENCODING_H

#include "engine/base/text_index.h"
#include "engine/data/category_rules.h"

typedef struct rnl_category {
    char *name;
    double number; /* that the name is, if it is one */
    size_t rows;   /* that have it, while the encoding is measured */
    bool rare;     /* shares the input of the column's rare ones */
} rnl_category;

/* How a column was found to hold texts. */
typedef struct rnl_found_text {
    size_t line, column; /* of the first one in a file; 0 in a frame */
    size_t texts, numbers;
    char first[32]; /* the beginning of it */
} rnl_found_text;

typedef struct rnl_column {
    char *name;
    bool categorical; /* an input becomes a 0 or 1 for each category, a target a class number */
    size_t category_count;
    rnl_category *categories; /* sorted: as numbers if all of them are, else byte by byte; */
    size_t rare;              /* of them, at the end, share an input */
    bool plus_minus;          /* the two inputs that they would become are one, of -1 and 1 */
    bool automatic;           /* found, and not named, while the encoding is measured, */
    rnl_found_text found;     /* by what the cells say */
    rnl_text_index index;     /* of the categories */
    size_t name_bytes;        /* of the categories, their keys and the index */
    bool numbers;             /* all categories are numbers */
    double fill;  /* for a missing cell: the mean, or the most frequent category's index, or the
                     count of categories: none */
    size_t cells; /* with a value, while the encoding is measured */
} rnl_column;

typedef struct rnl_columns {
    size_t count;
    rnl_column *items;
} rnl_columns;

typedef struct rnl_encoding {
    rnl_columns inputs, targets; /* none until it has been measured */
    rnl_category_rules rules;    /* the configuration's: no part of what is saved */
} rnl_encoding;

/* Frees what is in it, not itself. */
void rnl_encoding_release(rnl_encoding *encoding);

static inline bool rnl_encoding_measured(const rnl_encoding *encoding)
{
    return encoding->inputs.count > 0;
}

/* Frees the columns, of which none are left. */
void rnl_columns_release(rnl_columns *columns);

/* One more column at the end, whose name is copied. */
rnl_status rnl_columns_add(rnl_columns *columns, const char *name, bool categorical);

/* Counts more rows of the category, which is added if it is new.  Equal numbers, "0" and "0.0",
 * are one category, which has the shortest of its names. */
rnl_status rnl_column_count(rnl_column *column, const char *category, size_t rows);

/* The categories counted so far, as bytes for another process, which counts them too: the order in
 * which categories are counted decides nothing. */
size_t rnl_encoding_counted_bytes(const rnl_encoding *encoding);
void rnl_encoding_write_counted(const rnl_encoding *encoding, char *bytes);
rnl_status rnl_encoding_count_also(rnl_encoding *encoding, const char *bytes);

/* Puts the categories into their final order: those of fewer rows are rare. */
void rnl_column_sort(rnl_column *column, size_t least);

/* Returns how many numbers an input of the column becomes. */
static inline size_t rnl_column_width(const rnl_column *column)
{
    return column->categorical && !column->plus_minus
               ? column->category_count - column->rare + (column->rare > 0)
               : 1;
}

/* Returns number i of those that a category becomes; for none, the count of categories, all are
 * 0. */
static inline double rnl_column_number(const rnl_column *column, size_t category, size_t i)
{
    const size_t frequent = column->category_count - column->rare;
    const bool none = category >= column->category_count;
    const size_t place = category < frequent ? category : frequent;
    if (column->plus_minus)
        return none ? 0 : place == 0 ? -1 : 1;
    return !none && place == i;
}

/* The column holds values after all: its categories are forgotten. */
void rnl_column_drop_categories(rnl_column *column);

/* The index of a category; the count of them if there is none of that name. */
size_t rnl_column_find(const rnl_column *column, const char *category);

/* Finds what a category of an input becomes: its index, or the count of them for none.  False if
 * the training rows do not have it, and the rules refuse that. */
bool rnl_encoding_place(const rnl_encoding *encoding, const rnl_column *column,
                        const char *category, size_t *place);

/* "one of the 5 categories of the training rows (perhaps 'red')", where another was found; of an
 * input with the rule that takes it. */
#define RNL_EXPECTED_CATEGORY 256
void rnl_column_expect(const rnl_column *column, bool is_input, const char *found,
                       char expected[RNL_EXPECTED_CATEGORY]);

/* The numbers that the inputs of a row become. */
size_t rnl_encoding_features(const rnl_encoding *encoding);

/* As JSON, and back: RNL_BAD_DATA unless targets are either one column of classes or columns of
 * values, no column is there twice, and all else is whole.  `source` names the text in messages. */
rnl_status rnl_encoding_print(const rnl_encoding *encoding, char **text);
rnl_status rnl_encoding_parse(rnl_encoding *encoding, const char *source, const char *text);

rnl_status rnl_encoding_copy(rnl_encoding *copy, const rnl_encoding *encoding);

#endif
