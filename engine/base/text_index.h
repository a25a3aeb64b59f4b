/*
 * Finds texts in constant time: a hash table of texts, each with a number.
 */
#ifndef RNL_ENGINE_BASE_TEXT_INDEX_H
#define RNL_ENGINE_BASE_TEXT_INDEX_H

#include "runnel/runnel.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct rnl_indexed_text {
    char *text; /* a copy; NULL where there is none */
    size_t number;
} rnl_indexed_text;

typedef struct rnl_text_index {
    size_t count, capacity; /* a power of two, or 0 */
    rnl_indexed_text *slots;
} rnl_text_index;

/* FNV-1a. */
uint64_t rnl_text_hash(const char *text);

/* The entry of the text, or NULL.  Valid until the next one is added. */
rnl_indexed_text *rnl_text_index_find(const rnl_text_index *index, const char *text);

/* One more text, which is not there yet. */
rnl_status rnl_text_index_add(rnl_text_index *index, const char *text, size_t number);

void rnl_text_index_release(rnl_text_index *index);

#endif
