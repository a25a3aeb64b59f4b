#include "engine/model/layer_selection.h"

#include "engine/base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_DIGITS 9
#define WORD        64

/* A whole number from 1; 0 if the text is none. */
static size_t number_of(const char *text)
{
    const size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits <= MOST_DIGITS && text[digits] == '\0' ? strtoul(text, NULL, 10)
                                                                       : 0;
}

static rnl_status fail_name(rnl_place place, const rnl_selectable *layers, const char *name)
{
    char names[384];
    size_t length = 0;
    for (size_t i = 0; i < layers->count && length < sizeof names; ++i)
        length += (size_t)snprintf(names + length, sizeof names - length, i > 0 ? ", %s" : "%s",
                                   layers->names[i]);
    const char *nearest = rnl_nearest(name, layers->names, layers->count);
    if (nearest)
        return rnl_fail_at(place, "%s: there is no layer '%.60s'%s; did you mean '%s'?",
                           layers->key, name, layers->where, nearest);
    return rnl_fail_at(place, "%s: there is no layer '%.60s'%s; expected one of %s", layers->key,
                       name, layers->where, names);
}

/* The index of a layer that is given by its number, from 1, or its name. */
static rnl_status find(rnl_place place, const rnl_selectable *layers, const char *text,
                       size_t *index)
{
    const size_t number = number_of(text);
    if (number > layers->count)
        return rnl_fail_at(place, "%s: layer %zu of %zu%s", layers->key, number, layers->count,
                           layers->where);
    *index = number - 1;
    if (number > 0)
        return RNL_OK;
    for (*index = 0; *index < layers->count; ++*index)
        if (strcmp(layers->names[*index], text) == 0)
            return RNL_OK;
    return fail_name(place, layers, text);
}

/* `first..last` */
static rnl_status select_range(rnl_place place, const rnl_selectable *layers, const char *text,
                               bool *selected)
{
    const char *dots = strstr(text, "..");
    char from[WORD];
    size_t first, last;
    snprintf(from, sizeof from, "%.*s", (int)(dots - text), text);
    RNL_TRY(find(place, layers, from, &first));
    RNL_TRY(find(place, layers, dots + 2, &last));
    if (first > last)
        return rnl_fail_at(place, "%s: expected first..last, got '%.60s', backwards", layers->key,
                           text);
    for (size_t i = first; i <= last; ++i)
        selected[i] = true;
    return RNL_OK;
}

static rnl_status select_item(rnl_place place, const rnl_selectable *layers, const char *text,
                              bool *selected)
{
    size_t index;
    if (strstr(text, ".."))
        return select_range(place, layers, text, selected);
    RNL_TRY(find(place, layers, text, &index));
    selected[index] = true;
    return RNL_OK;
}

rnl_status rnl_layers_select(const rnl_text_list *chosen, const rnl_selectable *layers,
                             bool *selected)
{
    const char *only = chosen->count == 1 ? chosen->items[0] : "";
    const bool all = strcmp(only, "all") == 0;
    size_t last = all ? layers->count : 0;
    if (layers->first && number_of(only) > 0) {
        RNL_TRY(find(chosen->place, layers, only, &last));
        ++last;
    }
    for (size_t i = 0; i < last; ++i)
        selected[i] = true;
    for (size_t i = 0; last == 0 && i < chosen->count; ++i)
        RNL_TRY(select_item(chosen->place, layers, chosen->items[i], selected));
    return RNL_OK;
}
