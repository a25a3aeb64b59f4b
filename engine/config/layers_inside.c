#include "engine/config/layers_inside.h"

#include "engine/schema/node.h"

rnl_node *rnl_layers_inside(const rnl_kind *kind, const rnl_node *layer,
                            const rnl_kind_table *layers)
{
    const rnl_field *field = kind->fields;
    while (field && field->key && !(field->type == RNL_FIELD_KIND_LIST && field->kinds == layers))
        ++field;
    if (!field || !field->key || layer->type != RNL_MAPPING)
        return NULL;
    rnl_node *given = layer->items[0];
    if (given->type == RNL_MAPPING)
        given = (rnl_node *)(uintptr_t)rnl_node_get(given, field->key);
    return given && given->type == RNL_LIST ? given : NULL;
}
