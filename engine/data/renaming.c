#include "engine/data/renaming.h"

#include "engine/base/text_index.h"

#include <stdlib.h>

uint64_t rnl_renaming_word(const char *text)
{
    const uint64_t hash = rnl_text_hash(text);
    return hash ? hash : 1;
}

size_t rnl_renamings_bytes(size_t columns)
{
    return sizeof(rnl_renamings) + columns * sizeof(rnl_renaming);
}

rnl_renamings *rnl_renamings_create(size_t columns)
{
    return calloc(1, rnl_renamings_bytes(columns));
}

static size_t find_class(rnl_renamings *r, uint64_t name)
{
    size_t class = 0;
    while (class < r->classes && class < RNL_RENAMED_CLASSES && r->names[class] != name)
        ++class;
    if (class < RNL_RENAMED_CLASSES)
        r->names[class] = name;
    r->classes += class == r->classes;
    return class;
}

size_t rnl_renamings_class(rnl_renamings *r, uint64_t name)
{
    return r->classes > RNL_RENAMED_CLASSES ? RNL_RENAMED_CLASSES : find_class(r, name);
}

static void add_word(rnl_renaming *column, size_t class, uint64_t word)
{
    for (size_t k = 0; k < RNL_RENAMED_CLASSES; ++k)
        column->broken |= k == class ? column->words[k] != 0 && column->words[k] != word
                                     : column->words[k] == word;
    column->words[class] = word;
}

void rnl_renamings_add(rnl_renamings *r, size_t column, size_t class, uint64_t cell)
{
    if (r->classes <= RNL_RENAMED_CLASSES && !r->columns[column].broken)
        add_word(&r->columns[column], class, cell);
}

void rnl_renamings_join(rnl_renamings *r, const rnl_renamings *other, size_t columns)
{
    if (other->classes > RNL_RENAMED_CLASSES)
        r->classes = other->classes;
    for (size_t k = 0; k < other->classes && r->classes <= RNL_RENAMED_CLASSES; ++k) {
        const size_t class = find_class(r, other->names[k]);
        for (size_t i = 0; i < columns && class < RNL_RENAMED_CLASSES; ++i)
            if (other->columns[i].words[k] != 0)
                add_word(&r->columns[i], class, other->columns[i].words[k]);
    }
    for (size_t i = 0; i < columns; ++i)
        r->columns[i].broken |= other->columns[i].broken;
}

bool rnl_renamings_hold(const rnl_renamings *r, size_t column)
{
    bool hold = r->classes > 1 && r->classes <= RNL_RENAMED_CLASSES && !r->columns[column].broken;
    for (size_t k = 0; k < r->classes && hold; ++k)
        hold = r->columns[column].words[k] != 0;
    return hold;
}
