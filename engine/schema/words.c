#include "engine/schema/words.h"

#include "engine/base/error.h"
#include "engine/schema/config.h"
#include "engine/schema/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names of kinds -------------------------------------------------------------------------- */

/* prelu and rrelu are layers that may be written as activations. */
static const rnl_kind *find(const rnl_kind_table *table, const char *name)
{
    const rnl_kind *kind = rnl_kind_find(table, name);
    if (kind || table != &rnl_activations)
        return kind;
    kind = rnl_kind_find(&rnl_layers, name);
    const char *const *layer = rnl_activation_layers;
    while (kind && *layer && strcmp(*layer, kind->name) != 0)
        ++layer;
    return *layer ? kind : NULL;
}

/* ---- the tree -------------------------------------------------------------------------------- */

/* Items to look at: all of a list or mapping the first time, then the one that an override entered,
 * so that many overrides take linear time. */
typedef struct range {
    size_t first, last;
} range;

static range begin(rnl_node *node)
{
    const range r = {node->settled ? node->entered : 0, node->settled ? node->entered : SIZE_MAX};
    node->settled = true;
    return r;
}

static rnl_status settle_value(const rnl_field *field, rnl_node *node);

static rnl_status rename_to(char **text, const char *name)
{
    if (strcmp(*text, name) == 0)
        return RNL_OK;
    char *copy = strdup(name);
    if (!copy)
        return rnl_fail_memory(strlen(name) + 1);
    free(*text);
    *text = copy;
    return RNL_OK;
}

/* `0.2` becomes `key: 0.2`. */
static rnl_status give_key(rnl_node *scalar, const char *key)
{
    rnl_node *child = rnl_node_create(RNL_SCALAR, scalar->place);
    char *copy = strdup(key);
    if (!child || !copy) {
        free(copy);
        rnl_node_free(child);
        return rnl_fail_memory(sizeof *child);
    }
    child->text = scalar->text;
    child->quoted = scalar->quoted;
    child->key = copy;
    child->key_place = scalar->place;
    scalar->text = NULL;
    scalar->quoted = false;
    scalar->type = RNL_MAPPING;
    return rnl_node_give(scalar, child);
}

/* `[[a, b], [c]]` becomes `[{branch: [a, b]}, {branch: [c]}]`. */
static rnl_status name_lists(rnl_node *list, const char *name)
{
    for (size_t i = 0; list->type == RNL_LIST && i < list->count; ++i) {
        rnl_node *inner = list->items[i];
        if (inner->type != RNL_LIST)
            continue;
        rnl_node *wrapped = rnl_node_create(RNL_MAPPING, inner->place);
        char *key = strdup(name);
        if (!wrapped || !key) {
            rnl_node_free(wrapped);
            free(key);
            return rnl_fail_memory(sizeof *wrapped);
        }
        inner->key = key;
        inner->key_place = inner->place;
        list->items[i] = wrapped;
        RNL_TRY(rnl_node_give(wrapped, inner));
    }
    return RNL_OK;
}

static rnl_status settle_parameters(const rnl_kind *kind, rnl_node *given)
{
    if (kind->list_kind)
        RNL_TRY(name_lists(given, kind->list_kind));
    const bool named =
        given->type == RNL_MAPPING && (!kind->shorthand || rnl_node_get(given, kind->shorthand));
    if (!kind->fields || rnl_node_is_empty(given))
        return RNL_OK;
    if (kind->main && given->type == RNL_SCALAR)
        return give_key(given, kind->main);
    if (named)
        return rnl_words_settle(kind->fields, given);
    return kind->shorthand ? settle_value(rnl_field_find(kind->fields, kind->shorthand), given)
                           : RNL_OK;
}

/* An override that calls a kind by another name than the file makes a second one. */
static rnl_status join(rnl_node *into, rnl_node *from)
{
    for (size_t i = 0; i < from->count; ++i) {
        rnl_node_free(rnl_node_take(into, from->items[i]->key));
        RNL_TRY(rnl_node_give(into, rnl_node_copy(from->items[i])));
    }
    return RNL_OK;
}

static bool is_second(const rnl_node *choice, const rnl_node *item, const rnl_kind *kind)
{
    const size_t first = rnl_node_find(choice, kind->name);
    return first < choice->count && choice->items[first] != item &&
           item->place.origin == RNL_FROM_COMMAND_LINE && item->type == RNL_MAPPING &&
           rnl_node_becomes_mapping(choice->items[first]);
}

static rnl_status settle_item(const rnl_kind_table *table, rnl_node *choice, size_t *index)
{
    rnl_node *item = choice->items[*index];
    const rnl_kind *kind = find(table, item->key);
    if (!kind)
        return RNL_OK;
    RNL_TRY(settle_parameters(kind, item));
    if (!is_second(choice, item, kind))
        return rnl_node_rename(choice, *index, kind->name);
    RNL_TRY(join(choice->items[rnl_node_find(choice, kind->name)], item));
    rnl_node_free(rnl_node_take(choice, item->key));
    --*index;
    return RNL_OK;
}

/* Tests if a text is no name of a kind, nor a slip of one. */
static bool is_formula(const char *text)
{
    return strpbrk(text, "()+*/^<>=") || strstr(text, " - ") || strchr("0123456789.-", *text);
}

/* `max(0, z)` becomes `formula: {expression: max(0, z)}`. */
static rnl_status settle_formula(const rnl_kind_table *table, rnl_node *node)
{
    const rnl_kind *kind = rnl_kind_find(table, table->formula);
    RNL_TRY(give_key(node, kind->name));
    return give_key(node->items[0], kind->main);
}

static rnl_status settle_choice(const rnl_kind_table *table, rnl_node *node)
{
    const rnl_kind *kind = node->type == RNL_SCALAR ? find(table, node->text) : NULL;
    if (kind)
        return rename_to(&node->text, kind->name);
    if (node->type == RNL_SCALAR && table->formula && *node->text && is_formula(node->text))
        return settle_formula(table, node);
    if (node->type != RNL_MAPPING)
        return RNL_OK;
    const range r = begin(node);
    for (size_t i = r.first; i < node->count && i <= r.last; ++i)
        RNL_TRY(settle_item(table, node, &i));
    return RNL_OK;
}

static rnl_status settle_list(const rnl_kind_table *table, rnl_node *list)
{
    if (list->type != RNL_LIST)
        return RNL_OK;
    const range r = begin(list);
    for (size_t i = r.first; i < list->count && i <= r.last; ++i)
        RNL_TRY(settle_choice(table, list->items[i]));
    return RNL_OK;
}

static rnl_status settle_default(const rnl_kind_table *table, rnl_node *value)
{
    for (size_t i = 0; i < table->count; ++i) {
        const rnl_kind *kind = &table->kinds[i];
        const rnl_field *field =
            kind->fields && !kind->shorthand ? rnl_field_find(kind->fields, value->key) : NULL;
        if (field)
            return settle_value(field, value);
    }
    return RNL_OK;
}

static rnl_status settle_defaults(const rnl_kind_table *table, rnl_node *defaults)
{
    if (defaults->type != RNL_MAPPING)
        return RNL_OK;
    const range r = begin(defaults);
    for (size_t i = r.first; i < defaults->count && i <= r.last; ++i)
        RNL_TRY(settle_default(table, defaults->items[i]));
    return RNL_OK;
}

/* A list, or `defaults`, `styles` and `layers`. */
static rnl_status settle_kinds(const rnl_kind_table *table, rnl_node *node)
{
    if (node->type != RNL_MAPPING)
        return settle_list(table, node);
    const range r = begin(node);
    for (size_t i = r.first; i < node->count && i <= r.last; ++i) {
        rnl_node *item = node->items[i];
        RNL_TRY(settle_list(table, item));
        if (strcmp(item->key, "styles") != 0)
            RNL_TRY(settle_defaults(table, item));
        for (size_t k = 0;
             strcmp(item->key, "styles") == 0 && item->type == RNL_MAPPING && k < item->count; ++k)
            RNL_TRY(settle_defaults(table, item->items[k]));
    }
    return RNL_OK;
}

/* `val_acc` becomes `val_accuracy`. */
static rnl_status settle_figure(const rnl_kind_table *metrics, rnl_node *node)
{
    char name[RNL_FIGURE_NAME];
    if (node->type != RNL_SCALAR)
        return RNL_OK;
    const bool validated = strncmp(node->text, "val_", 4) == 0;
    const rnl_kind *metric = rnl_kind_find(metrics, node->text + (validated ? 4 : 0));
    if (!metric)
        return RNL_OK;
    snprintf(name, sizeof name, "%s%s", validated ? "val_" : "", metric->name);
    return rename_to(&node->text, name);
}

static rnl_status settle_value(const rnl_field *field, rnl_node *node)
{
    switch (field->type) {
    case RNL_FIELD_KIND:
        return settle_choice(field->kinds, node);
    case RNL_FIELD_KIND_LIST:
        return settle_kinds(field->kinds, node);
    case RNL_FIELD_SECTION:
        return rnl_words_settle(field->section, node);
    case RNL_FIELD_TEXT:
        return field->kinds ? settle_figure(field->kinds, node) : RNL_OK;
    default:
        return RNL_OK;
    }
}

rnl_status rnl_words_settle(const rnl_field *fields, rnl_node *mapping)
{
    if (mapping->type != RNL_MAPPING)
        return RNL_OK;
    const range r = begin(mapping);
    for (size_t i = r.first; i < mapping->count && i <= r.last; ++i) {
        const rnl_field *field = rnl_field_find(fields, mapping->items[i]->key);
        if (field)
            RNL_TRY(settle_value(field, mapping->items[i]));
    }
    return RNL_OK;
}
