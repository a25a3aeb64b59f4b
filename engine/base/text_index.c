#include "engine/base/text_index.h"

#include "engine/base/error.h"

#include <stdlib.h>
#include <string.h>

uint64_t rnl_text_hash(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (; *text; ++text)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
    return hash;
}

/* The slot that holds the text, or the free one where it belongs. */
static rnl_indexed_text *slot_of(const rnl_text_index *index, const char *text)
{
    const uint64_t hash = rnl_text_hash(text);
    size_t slot = (hash ^ hash >> 32) & (index->capacity - 1);
    while (index->slots[slot].text && strcmp(index->slots[slot].text, text) != 0)
        slot = (slot + 1) & (index->capacity - 1);
    return &index->slots[slot];
}

rnl_indexed_text *rnl_text_index_find(const rnl_text_index *index, const char *text)
{
    rnl_indexed_text *slot = index->capacity > 0 ? slot_of(index, text) : NULL;
    return slot && slot->text ? slot : NULL;
}

static rnl_status enlarge(rnl_text_index *index)
{
    const size_t capacity = index->capacity > 0 ? 2 * index->capacity : 16;
    rnl_text_index larger = {index->count, capacity, calloc(capacity, sizeof *larger.slots)};
    if (!larger.slots)
        return rnl_fail_memory(capacity * sizeof *larger.slots);
    for (size_t i = 0; i < index->capacity; ++i)
        if (index->slots[i].text)
            *slot_of(&larger, index->slots[i].text) = index->slots[i];
    free(index->slots);
    *index = larger;
    return RNL_OK;
}

rnl_status rnl_text_index_add(rnl_text_index *index, const char *text, size_t number)
{
    if (2 * index->count >= index->capacity)
        RNL_TRY(enlarge(index));
    char *own = strdup(text);
    if (!own)
        return rnl_fail_memory(strlen(text) + 1);
    *slot_of(index, text) = (rnl_indexed_text){own, number};
    ++index->count;
    return RNL_OK;
}

void rnl_text_index_release(rnl_text_index *index)
{
    for (size_t i = 0; i < index->capacity; ++i)
        free(index->slots[i].text);
    free(index->slots);
    *index = (rnl_text_index){0};
}
