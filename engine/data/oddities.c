#include "engine/data/oddities.h"

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

static rnl_status note_answer(rnl_notes *notes, const rnl_odd_table *table, const rnl_column *input,
                              const rnl_oddities *found)
{
    char of[96] = "the target";
    if (table->target)
        snprintf(of, sizeof of, "target '%.60s'", table->target);
    if (found->says_target)
        return rnl_notes_add(notes, RNL_LOG_WARNING,
                             "%s: input '%.60s' says %s what %s says: the net has the answer%s",
                             table->name, input->name, in_every_row(table, found->cells), of,
                             see_also(table));
    return rnl_notes_add(
        notes, RNL_LOG_WARNING,
        "%s: input '%.60s' has one value for each %s of %s: the net has the answer%s", table->name,
        input->name, table->has_values ? "value" : "class", of, see_also(table));
}

static rnl_status note_number(rnl_notes *notes, const rnl_odd_table *table, const rnl_column *input,
                              double first)
{
    char remedy[128] = "leave it out";
    if (table->is_file)
        snprintf(remedy, sizeof remedy, "`ignore: [\"%.60s\"]`", input->name);
    return rnl_notes_add(notes, RNL_LOG_INFO,
                         "%s: input '%.60s' numbers the rows from %g on; if it means nothing more, "
                         "%s",
                         table->name, input->name, first, remedy);
}

/* Counts the cells that have a category; 0 if two have the same. */
static size_t count_own_categories(const rnl_column *input)
{
    size_t cells = 0;
    for (size_t i = 0; i < input->category_count; ++i) {
        if (input->categories[i].rows > 1)
            return 0;
        cells += input->categories[i].rows;
    }
    return cells;
}

rnl_status rnl_note_oddities(rnl_notes *notes, const rnl_odd_table *table, const rnl_column *input,
                             const rnl_oddities *found)
{
    const size_t own = input->categorical ? count_own_categories(input) : 0;
    if ((found->says_target && found->cells >= CELLS_TO_JUDGE) ||
        (found->renames_target && found->cells >= CELLS_TO_JUDGE_WORDS))
        return note_answer(notes, table, input, found);
    if (own >= CELLS_TO_JUDGE)
        return rnl_notes_add(notes, RNL_LOG_WARNING,
                             "%s: input '%.60s' has a category of its own %s: new rows have "
                             "others%s",
                             table->name, input->name, in_every_row(table, own), see_also(table));
    return found->numbers_rows && !input->categorical && found->cells >= CELLS_TO_JUDGE
               ? note_number(notes, table, input, found->first)
               : RNL_OK;
}
