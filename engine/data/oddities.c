#include "engine/data/oddities.h"

#include "engine/base/error.h"
#include "engine/base/number.h"

#include <stdio.h>

/* Fewer cells may be alike by chance. */
#define CELLS_TO_JUDGE       10
#define CELLS_TO_JUDGE_WORDS 20

static const char *see_also(const rnl_odd_table *table)
{
    return table->is_file ? "; see `ignore`" : "";
}

static const char *in_every_row(const rnl_odd_table *table, size_t cells)
{
    return cells < table->rows ? "in every row that has a value" : "in every row";
}

#define INPUT_TEXT 80

/* "input 'area'", or "input number 3". */
static const char *name_of(char text[INPUT_TEXT], const rnl_columns *columns, size_t input)
{
    if (columns)
        snprintf(text, INPUT_TEXT, "input '%.60s'", columns->items[input].name);
    else
        snprintf(text, INPUT_TEXT, "input number %zu", input);
    return text;
}

static rnl_status note_answer(rnl_notes *notes, const rnl_odd_table *table, const char *input,
                              const rnl_oddities *found)
{
    char of[96] = "the target";
    if (table->target)
        snprintf(of, sizeof of, "target '%.60s'", table->target);
    if (found->says_target)
        return rnl_notes_add(notes, RNL_LOG_WARNING,
                             "%s: %s says %s what %s says: the net has the answer%s", table->name,
                             input, in_every_row(table, found->cells), of, see_also(table));
    return rnl_notes_add(
        notes, RNL_LOG_WARNING, "%s: %s has one value for each %s of %s: the net has the answer%s",
        table->name, input, table->has_values ? "value" : "class", of, see_also(table));
}

static rnl_status note_number(rnl_notes *notes, const rnl_odd_table *table, const char *input,
                              const char *column, double first)
{
    char remedy[128] = "leave it out";
    if (table->is_file)
        snprintf(remedy, sizeof remedy, "`ignore: [\"%.60s\"]`", column);
    return rnl_notes_add(notes, RNL_LOG_INFO,
                         "%s: %s numbers the rows from %g on; if it means nothing more, %s",
                         table->name, input, first, remedy);
}

/* Counts the cells whose category no other has; rare ones are one. */
static size_t count_own_categories(const rnl_column *input)
{
    size_t cells = 0;
    for (size_t i = 0; i < input->category_count - input->rare; ++i)
        cells += input->categories[i].rows == 1;
    return cells;
}

/* Tests if every row has one, or most of many have. */
static bool has_own_categories(const rnl_column *input, size_t own)
{
    return own == input->cells ? own >= CELLS_TO_JUDGE
                               : own >= CELLS_TO_JUDGE_WORDS && 2 * own > input->cells;
}

static rnl_status note_own_categories(rnl_notes *notes, const rnl_odd_table *table,
                                      const rnl_column *input, size_t own)
{
    char where[64];
    if (own == input->cells)
        snprintf(where, sizeof where, "%s", in_every_row(table, own));
    else
        snprintf(where, sizeof where, "in %zu of %zu rows", own, table->rows);
    return rnl_notes_add(notes, RNL_LOG_WARNING,
                         "%s: input '%.60s' has a category of its own %s: new rows have others%s",
                         table->name, input->name, where, see_also(table));
}

/* Rows without a value that are left out are none of the table's. */
static bool is_mostly_filled(const rnl_odd_table *table, const rnl_column *input)
{
    return table->rows >= CELLS_TO_JUDGE && 2 * input->cells < table->rows;
}

static rnl_status note_filled(rnl_notes *notes, const rnl_odd_table *table, const rnl_column *input)
{
    char fill[96];
    if (input->categorical && input->fill == (double)input->category_count)
        snprintf(fill, sizeof fill, "none of its categories");
    else if (input->categorical)
        snprintf(fill, sizeof fill, "the most frequent, '%.60s'",
                 input->categories[(size_t)input->fill].name);
    else
        snprintf(fill, sizeof fill, "the mean, %.4g", input->fill);
    return rnl_notes_add(
        notes, RNL_LOG_WARNING,
        "%s: input '%.60s' has a value in %zu of %zu rows alone: all others get %s%s", table->name,
        input->name, input->cells, table->rows, fill, see_also(table));
}

/* Tests if one category, or one number, is in all cells. */
static bool is_constant(const rnl_column *column, const rnl_oddities *found)
{
    size_t used = 0, rare = 0;
    if (!column || !column->categorical)
        return found->constant && found->cells >= CELLS_TO_JUDGE;
    for (size_t i = 0; i < column->category_count; ++i)
        if (column->categories[i].rows > 0)
            *(column->categories[i].rare ? &rare : &used) += 1;
    return used + (rare > 0) == 1 && column->cells >= CELLS_TO_JUDGE;
}

static void count_constant(rnl_odd_table *table, size_t input)
{
    if (table->constants++ == 0)
        table->constant = input;
}

rnl_status rnl_note_oddities(rnl_notes *notes, rnl_odd_table *table, const rnl_columns *columns,
                             size_t input, const rnl_oddities *found)
{
    char text[INPUT_TEXT];
    const rnl_column *column = columns ? &columns->items[input] : NULL;
    const bool categorical = column && column->categorical;
    const size_t own = categorical ? count_own_categories(column) : 0;
    name_of(text, columns, input);
    const bool constant = is_constant(column, found);
    if ((found->says_target && !constant && found->cells >= CELLS_TO_JUDGE) ||
        (found->renames_target && found->cells >= CELLS_TO_JUDGE_WORDS))
        return note_answer(notes, table, text, found);
    if (categorical && has_own_categories(column, own))
        return note_own_categories(notes, table, column, own);
    if (column && is_mostly_filled(table, column))
        return note_filled(notes, table, column);
    if (found->numbers_rows && !categorical && found->cells >= CELLS_TO_JUDGE)
        return note_number(notes, table, text, column ? column->name : "", found->first);
    if (constant)
        count_constant(table, input);
    return RNL_OK;
}

rnl_status rnl_note_constants(rnl_notes *notes, const rnl_odd_table *table,
                              const rnl_columns *columns)
{
    char text[INPUT_TEXT], others[48] = " is";
    if (table->constants == 0)
        return RNL_OK;
    if (table->constants > 1)
        snprintf(others, sizeof others, " and %zu other%s are", table->constants - 1,
                 table->constants > 2 ? "s" : "");
    return rnl_notes_add(notes, RNL_LOG_INFO,
                         "%s: %s%s the same in every row: the net learns nothing from %s%s",
                         table->name, name_of(text, columns, table->constant), others,
                         table->constants > 1 ? "them" : "it", see_also(table));
}

rnl_status rnl_note_dropped(rnl_notes *notes, const char *name, size_t dropped, size_t kept)
{
    return dropped == 0 ? RNL_OK
                        : rnl_notes_add(notes, dropped > kept ? RNL_LOG_WARNING : RNL_LOG_INFO,
                                        "%s: missing: drop leaves out %zu of %zu rows", name,
                                        dropped, dropped + kept);
}

/* "'Ulm', 'Worms' and 3 more" */
static void list_rare(const rnl_column *column, char *text, size_t size)
{
    enum { MOST = 3 };
    const size_t first = column->category_count - column->rare,
                 listed = rnl_least(column->rare, MOST);
    int length = 0;
    for (size_t i = 0; i < listed; ++i)
        length += snprintf(text + length, size - (size_t)length, "%s'%.30s'", i > 0 ? ", " : "",
                           column->categories[first + i].name);
    if (column->rare > listed)
        snprintf(text + length, size - (size_t)length, " and %zu more", column->rare - listed);
}

rnl_status rnl_note_rare(rnl_notes *notes, const char *name, const rnl_columns *columns)
{
    for (size_t i = 0; i < columns->count; ++i) {
        const rnl_column *column = &columns->items[i];
        char rare[192];
        if (column->rare == 0)
            continue;
        list_rare(column, rare, sizeof rare);
        RNL_TRY(rnl_notes_add(notes, RNL_LOG_INFO,
                              "%s: input '%.60s': rare categories share an input: %s, beside %zu "
                              "with their own",
                              name, column->name, rare, column->category_count - column->rare));
    }
    return RNL_OK;
}
