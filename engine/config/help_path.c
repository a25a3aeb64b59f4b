#include "engine/config/help_path.h"

#include "engine/schema/config.h"

#include <string.h>

/* Keys of layers that are none of their parameters. */
static const rnl_field layer_keys[] = {
    {.key = "project", /* of residual alone */
     .type = RNL_FIELD_BOOLEAN,
     .fallback = "false",
     .help = "adds a dense projection of the inputs where widths differ"},
    {.key = RNL_NAME_KEY,
     .type = RNL_FIELD_TEXT,
     .fallback = "null",
     .help = "the layer's, without which it is called by kind and number"},
    {.key = "like",
     .type = RNL_FIELD_TEXT,
     .fallback = "null",
     .help = "a name of model.styles, whose parameters the layer takes unless it gives its own"},
    {.key = NULL}};

/* Goes on to a field, if there is one. */
static bool enter(rnl_path_place *place, const rnl_field *field)
{
    if (!field)
        return false;
    *place = (rnl_path_place){.field = field};
    if (field->type == RNL_FIELD_SECTION)
        place->fields = field->section;
    return true;
}

const rnl_field *rnl_layer_keys(const rnl_path_place *place)
{
    if (!place->kind || !place->field->kinds->named)
        return NULL;
    return layer_keys + (strcmp(place->kind->name, "residual") != 0);
}

static const rnl_field *find_layer_key(const rnl_path_place *place, const char *word)
{
    const rnl_field *keys = rnl_layer_keys(place);
    const bool own = place->fields && rnl_field_find(place->fields, word);
    return keys && !own ? rnl_field_find(keys, word) : NULL;
}

/* Tests if the word is a list's number or a name of the user's own. */
static bool names_item(const rnl_field *f, const char *word)
{
    const bool number = word[strspn(word, "0123456789")] == '\0';
    return f->type == RNL_FIELD_NUMBER_MAP || f->type == RNL_FIELD_TEXT_MAP ||
           f->type == RNL_FIELD_KIND_MAP ||
           (number && (f->type == RNL_FIELD_TEXT_LIST || f->type == RNL_FIELD_NUMBER_LIST ||
                       f->type == RNL_FIELD_KIND_LIST));
}

static bool enter_kind(rnl_path_place *place, const char *name)
{
    const rnl_kind_table *table = place->field->kinds;
    place->kind = rnl_kind_find(table, name);
    place->several = NULL;
    place->fields = place->kind ? place->kind->fields : NULL;
    return place->kind ||
           (table->unnamed && enter(place, rnl_field_find(table->unnamed->fields, name)));
}

/* Goes on to a parameter that some of the kinds have, where the path does not say which. */
static bool enter_parameter(rnl_path_place *place, const char *name)
{
    const rnl_kind_table *table = place->field->kinds;
    const rnl_field *f = NULL;
    for (size_t k = 0; k < table->count && !f; ++k)
        f = table->kinds[k].fields ? rnl_field_find(table->kinds[k].fields, name) : NULL;
    const bool found = enter(place, f);
    place->several = table;
    return found;
}

/* Goes on behind model: to its layers, defaults or styles. */
static bool enter_model_part(rnl_path_place *place, const char *word)
{
    static const struct {
        const char *word;
        rnl_place_part part;
    } parts[] = {{"layers", RNL_PLACE_LAYERS},
                 {"defaults", RNL_PLACE_SETTINGS},
                 {"styles", RNL_PLACE_STYLES}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; ++i)
        if (strcmp(word, parts[i].word) == 0) {
            place->part = parts[i].part;
            return true;
        }
    return false;
}

static bool is_model(const rnl_path_place *place)
{
    return place->part == RNL_PLACE_WHOLE &&
           place->field == rnl_field_find(rnl_config_fields, "model");
}

/* Goes on to an item, or to the settings of a style. */
static bool enter_item(rnl_path_place *place, const char *word)
{
    const bool may = place->part == RNL_PLACE_STYLES ||
                     (place->part < RNL_PLACE_STYLES && names_item(place->field, word));
    if (may)
        place->part = place->part == RNL_PLACE_STYLES ? RNL_PLACE_SETTINGS : RNL_PLACE_ITEM;
    return may;
}

/* Goes on by a word.  Behind a kind with a shorthand it belongs to the value of that field. */
static bool follow_word(rnl_path_place *place, const char *word)
{
    if (enter(place, find_layer_key(place, word)))
        return true;
    if (place->kind && place->kind->shorthand && !rnl_field_find(place->fields, word)) {
        const char *list_kind = place->kind->list_kind;
        enter(place, rnl_kind_shorthand(place->kind));
        place->list_kind = list_kind;
    }
    if (place->kind || place->fields)
        return place->fields && enter(place, rnl_field_find(place->fields, word));
    if (place->part == RNL_PLACE_ITEM && place->list_kind && names_item(place->field, word))
        return enter_kind(place, place->list_kind) && follow_word(place, word);
    if ((is_model(place) && enter_model_part(place, word)) || enter_item(place, word))
        return true;
    return place->field->kinds && place->field->type != RNL_FIELD_TEXT &&
           ((place->part != RNL_PLACE_SETTINGS && enter_kind(place, word)) ||
            (place->part != RNL_PLACE_LAYERS && enter_parameter(place, word)));
}

rnl_path_place rnl_find_path(const char *path)
{
    static const rnl_path_place nowhere = {.field = NULL};
    char rest[RNL_PATH_BYTES], *saved = NULL;
    if (strlen(path) >= sizeof rest)
        return nowhere;
    rnl_path_place place = {.fields = rnl_config_fields};
    for (char *word = strtok_r(strcpy(rest, path), ".", &saved); word;
         word = strtok_r(NULL, ".", &saved))
        if (!follow_word(&place, word))
            return nowhere;
    return place;
}
