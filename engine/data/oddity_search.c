#include "engine/data/oddity_search.h"

#include "engine/base/error.h"

#include <stdlib.h>
#include <string.h>

/* The number's bits; 1 for those of 0. */
static uint64_t word_of(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits ? bits : 1;
}

static void add_word(rnl_oddity_search *s, size_t row, uint64_t word)
{
    const size_t class =
        rnl_renamings_class(s->renamings, word_of(rnl_dataset_target(s->dataset, row, 0, 1)));
    rnl_renamings_add(s->renamings, 0, class, word);
    s->found.renames_target =
        !s->renamings->columns[0].broken && s->renamings->classes <= RNL_RENAMED_CLASSES;
}

rnl_status rnl_oddity_search_begin(rnl_oddity_search *search, const rnl_dataset *dataset)
{
    *search = (rnl_oddity_search){.dataset = dataset, .renamings = rnl_renamings_create(1)};
    return search->renamings ? RNL_OK : rnl_fail_memory(rnl_renamings_bytes(1));
}

void rnl_oddity_search_end(rnl_oddity_search *search)
{
    free(search->renamings);
}

void rnl_oddity_search_next(rnl_oddity_search *search)
{
    const bool has = rnl_dataset_has_one_target(search->dataset);
    memset(search->renamings, 0, rnl_renamings_bytes(1));
    search->row = 0;
    search->found = (rnl_oddities){
        .says_target = has, .renames_target = has, .numbers_rows = true, .constant = true};
}

void rnl_oddity_search_number(rnl_oddity_search *search, size_t row, double number)
{
    rnl_oddities *found = &search->found;
    const bool narrow = search->dataset->values && !search->dataset->wide;
    if (found->cells == 0)
        found->first = number;
    found->numbers_rows &= number == found->first + (double)search->row;
    found->constant &= number == found->first;
    found->says_target = found->says_target && (narrow ? (double)(float)number : number) ==
                                                   rnl_dataset_target(search->dataset, row, 0, 1);
    if (found->renames_target)
        add_word(search, row, word_of(number));
    ++found->cells;
    ++search->row;
}

void rnl_oddity_search_text(rnl_oddity_search *search, size_t row, const char *text)
{
    search->found.says_target = search->found.numbers_rows = search->found.constant = false;
    if (search->found.renames_target)
        add_word(search, row, rnl_renaming_word(text));
    ++search->found.cells;
    ++search->row;
}

void rnl_oddity_search_nothing(rnl_oddity_search *search)
{
    search->found.numbers_rows = false;
    ++search->row;
}

bool rnl_oddity_search_goes_on(const rnl_oddity_search *search)
{
    const rnl_oddities *found = &search->found;
    return found->says_target || found->renames_target || found->numbers_rows || found->constant;
}

const rnl_oddities *rnl_oddity_search_found(rnl_oddity_search *search)
{
    search->found.renames_target =
        search->found.renames_target && rnl_renamings_hold(search->renamings, 0);
    return &search->found;
}
