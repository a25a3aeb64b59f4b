#include "engine/layers/reuse_layer.h"

#include "engine/base/error.h"
#include "engine/schema/schema.h"

#include <stddef.h>

const rnl_field rnl_reuse_fields[] = {
    {.key = "model",
     .type = RNL_FIELD_TEXT,
     .offset = offsetof(rnl_reuse, model),
     .help = "path of a saved model or a checkpoint; it is only read"},
    {.key = "layers",
     .type = RNL_FIELD_TEXT_LIST,
     .offset = offsetof(rnl_reuse, layers),
     .fallback = "all",
     .help = "of its entries from the inputs on: all, 3 for the first three, 2..4, first..last by "
             "name, or names"},
    {.key = "without",
     .type = RNL_FIELD_INTEGER,
     .offset = offsetof(rnl_reuse, without),
     .fallback = "0",
     .maximum = 1 << 24,
     .help = "drops so many at the end: 1 for the head"},
    {.key = "trainable",
     .type = RNL_FIELD_BOOLEAN,
     .offset = offsetof(rnl_reuse, trainable),
     .fallback = "true",
     .help = "false: they are frozen"},
    {.key = NULL},
};

/* Reached only where the file was not there when the configuration was read. */
static rnl_status build(rnl_layer *layer)
{
    const rnl_reuse *reuse = layer->choice->parameters;
    return rnl_fail_at(layer->choice->place, "reuse: %s does not exist", reuse->model);
}

const rnl_layer_operations rnl_reuse_operations = {.build = build};

bool rnl_is_reuse(const rnl_kind *layer)
{
    return layer && layer->operations == &rnl_reuse_operations;
}
