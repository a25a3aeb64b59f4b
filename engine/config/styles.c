#include "engine/config/styles.h"

#include "engine/base/error.h"
#include "engine/config/layers_inside.h"
#include "engine/schema/node.h"

#include <string.h>

#define MOST_STYLES 64

static rnl_status check_styles(const rnl_node *styles)
{
    if (styles->type != RNL_MAPPING || styles->count > MOST_STYLES)
        return rnl_fail_at(styles->place,
                           "styles: expected at most %d, a mapping of keys to values "
                           "under the name of each",
                           MOST_STYLES);
    for (size_t i = 0; i < styles->count; ++i)
        if (styles->items[i]->type != RNL_MAPPING)
            return rnl_fail_at(styles->items[i]->place,
                               "styles: expected a mapping of keys to values under '%.60s'",
                               styles->items[i]->key);
    return RNL_OK;
}

static rnl_status find_style(const rnl_node *styles, const rnl_node *like, const rnl_node **style)
{
    const char *names[MOST_STYLES];
    *style = like->type == RNL_SCALAR ? rnl_node_get(styles, like->text) : NULL;
    if (*style)
        return RNL_OK;
    for (size_t i = 0; i < styles->count; ++i)
        names[i] = styles->items[i]->key;
    const char *text = like->type == RNL_SCALAR ? like->text : "";
    const char *nearest = rnl_nearest(text, names, styles->count);
    return rnl_fail_at(
        like->place, "like: expected the name of one of model.styles, got '%.60s'%s%s%s", text,
        nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

/* Gives a layer what it does not set itself. */
static rnl_status give_style(const rnl_kind *kind, rnl_node *parameters, const rnl_node *style)
{
    for (size_t i = 0; i < style->count; ++i) {
        const rnl_node *value = style->items[i];
        if (!rnl_field_find(kind->fields, value->key))
            return rnl_fail_at(value->key_place,
                               "styles: %s, which is like '%.60s', has no key '%.60s'", kind->name,
                               style->key, value->key);
        if (!rnl_node_get(parameters, value->key))
            RNL_TRY(rnl_node_give(parameters, rnl_node_copy(value)));
    }
    return RNL_OK;
}

static rnl_status style_list(const rnl_node *list, const rnl_node *styles,
                             const rnl_kind_table *layers)
{
    for (size_t i = 0; list->type == RNL_LIST && i < list->count; ++i) {
        const rnl_node *layer = list->items[i], *style;
        if (layer->type != RNL_MAPPING || layer->count != 1)
            continue;
        const rnl_kind *kind = rnl_kind_find(layers, layer->items[0]->key);
        const rnl_node *inside = kind ? rnl_layers_inside(kind, layer, layers) : NULL;
        rnl_node *parameters = layer->items[0];
        if (inside)
            RNL_TRY(style_list(inside, styles, layers));
        if (inside || !kind || !kind->fields || kind->shorthand ||
            parameters->type != RNL_MAPPING || !rnl_node_get(parameters, "like"))
            continue;
        RNL_TRY(find_style(styles, rnl_node_get(parameters, "like"), &style));
        rnl_node_free(rnl_node_take(parameters, "like"));
        RNL_TRY(give_style(kind, parameters, style));
    }
    return RNL_OK;
}

rnl_status rnl_styles_apply(const rnl_node *model, const rnl_kind_table *layers)
{
    const rnl_node *styles = rnl_node_get(model, "styles");
    if (!styles)
        return RNL_OK;
    RNL_TRY(check_styles(styles));
    return style_list(rnl_node_get(model, "layers"), styles, layers);
}
