#include "engine/data/oddities.h"

#include <stdio.h>

/* Fewer rows may be alike by chance. */
#define ROWS_TO_JUDGE       10
#define ROWS_TO_JUDGE_WORDS 20

static const char *see_also(const rnl_odd_table *table)
{
    return table->is_file ? "; see `ignore`" : "";
}

static rnl_status note_answer(rnl_notes *notes, const rnl_odd_table *table, const rnl_column *input,
                              bool same)
{
    char of[96] = "the target";
    if (table->target)
        snprintf(of, sizeof of, "target '%.60s'", table->target);
    if (same)
        return rnl_notes_add(notes, RNL_LOG_WARNING,
                             "%s: input '%.60s' says in every row what %s says: the net has the "
                             "answer%s",
                             table->name, input->name, of, see_also(table));
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

rnl_status rnl_note_oddities(rnl_notes *notes, const rnl_odd_table *table, const rnl_column *input,
                             const rnl_oddities *found)
{
    const bool renames = table->rows >= ROWS_TO_JUDGE_WORDS && found->renames_target;
    if (table->rows < ROWS_TO_JUDGE)
        return RNL_OK;
    if (found->says_target || renames)
        return note_answer(notes, table, input, found->says_target);
    if (input->categorical && input->category_count == table->rows)
        return rnl_notes_add(notes, RNL_LOG_WARNING,
                             "%s: input '%.60s' has a category of its own in every row: new rows "
                             "have others%s",
                             table->name, input->name, see_also(table));
    return found->numbers_rows && !input->categorical
               ? note_number(notes, table, input, found->first)
               : RNL_OK;
}
