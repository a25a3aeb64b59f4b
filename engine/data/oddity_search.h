/*
 * Finds what is odd about an input, number by number or text by text, until nothing can be.
 */
#ifndef RNL_ENGINE_DATA_ODDITY_SEARCH_H
#define RNL_ENGINE_DATA_ODDITY_SEARCH_H

#include "engine/data/dataset.h"
#include "engine/data/oddities.h"
#include "engine/data/renaming.h"

typedef struct rnl_oddity_search {
    const rnl_dataset *dataset; /* of all rows, with their targets */
    size_t row;                 /* of the input's, how many were looked at */
    rnl_renamings *renamings;   /* of this input alone */
    rnl_oddities found;         /* by the rows so far */
} rnl_oddity_search;

/* Begins a search, which is to be ended unless that fails. */
rnl_status rnl_oddity_search_begin(rnl_oddity_search *search, const rnl_dataset *dataset);
void rnl_oddity_search_end(rnl_oddity_search *search);

/* Begins another input. */
void rnl_oddity_search_next(rnl_oddity_search *search);

/* Add a cell of a row of the dataset, which come in their order: a number, a text or none. */
void rnl_oddity_search_number(rnl_oddity_search *search, size_t row, double number);
void rnl_oddity_search_text(rnl_oddity_search *search, size_t row, const char *text);
void rnl_oddity_search_nothing(rnl_oddity_search *search);

/* Tests if more cells may still be odd. */
bool rnl_oddity_search_goes_on(const rnl_oddity_search *search);

/* Returns what was found, after the last cell, or the one that ended the search. */
const rnl_oddities *rnl_oddity_search_found(rnl_oddity_search *search);

#endif
