#include "engine/schema/schema.h"

#include <ctype.h>
#include <string.h>

const rnl_field *rnl_field_find(const rnl_field *fields, const char *key)
{
    for (const rnl_field *f = fields; f->key; ++f)
        if (strcmp(f->key, key) == 0)
            return f;
    return NULL;
}

/* "HeNormal" is the class of he_normal; the class name ends at a blank or at its end. */
static bool is_class_of(const char *name, const char *kind)
{
    if (!isupper((unsigned char)*name))
        return false;
    for (; *kind && *kind != ' '; ++kind)
        if (*kind != '_' && tolower((unsigned char)*name++) != *kind)
            return false;
    return *name == '\0';
}

/* Tests if the name is one of the words. */
static bool is_called(const char *words, const char *name)
{
    const size_t length = strlen(name);
    while (words && *words) {
        const size_t next = strcspn(words, " ");
        if ((next == length && strncmp(words, name, length) == 0) || is_class_of(name, words))
            return true;
        words += next + strspn(words + next, " ");
    }
    return false;
}

const rnl_kind *rnl_kind_find(const rnl_kind_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; ++i)
        if (strcmp(table->kinds[i].name, name) == 0)
            return &table->kinds[i];
    for (size_t i = 0; i < table->count; ++i)
        if (is_called(table->kinds[i].aliases, name) || is_class_of(name, table->kinds[i].name))
            return &table->kinds[i];
    return NULL;
}

const rnl_field *rnl_kind_shorthand(const rnl_kind *kind)
{
    return rnl_field_find(kind->fields, kind->shorthand);
}

bool rnl_choice_is_plain(const rnl_kind_table *table, const rnl_choice *choice)
{
    return table->plain && choice->kind && strcmp(choice->kind->name, table->plain) == 0;
}
