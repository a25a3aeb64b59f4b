#include "engine/layers/dense/dense.h"

#include "engine/base/error.h"
#include "engine/schema/config.h"

#include <stdlib.h>
#include <string.h>

static bool is_dense(const rnl_layer *layer)
{
    return rnl_layer_operations_of(layer) == &rnl_dense_operations;
}

static rnl_status fail_unknown(const rnl_layer *layer, const rnl_layer *first, const char *wanted)
{
    const char **names = calloc(layer->index + 1, sizeof *names);
    size_t count = 0;
    if (!names)
        return rnl_fail_memory((layer->index + 1) * sizeof *names);
    for (const rnl_layer *l = first; l < layer; ++l)
        if (is_dense(l))
            names[count++] = l->name;
    const char *nearest = rnl_nearest(wanted, names, count);
    free(names);
    return rnl_fail_at(
        layer->choice->place,
        "%s: tied_to: expected the name of an earlier dense layer, got '%.60s'%s%s%s", layer->name,
        wanted, nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

static rnl_status check_shape(const rnl_layer *layer, const rnl_layer *other)
{
    const size_t *theirs = other->parameters[RNL_DENSE_KERNEL].size;
    const size_t inputs = layer->input.size[0], units = (size_t)rnl_dense_of(layer)->units;
    if (theirs[0] == units && theirs[1] == inputs)
        return RNL_OK;
    return rnl_fail_at(layer->choice->place,
                       "%s: tied_to: expected a kernel of %zu x %zu, the transposed of this "
                       "layer's, got that of %s, %zu x %zu",
                       layer->name, units, inputs, other->name, theirs[0], theirs[1]);
}

/* Refuses what the other layer says for both. */
static rnl_status check_keys(const rnl_layer *layer)
{
    const rnl_dense *dense = rnl_dense_of(layer);
    const rnl_choice *own = dense->kernel_regularizer.kind  ? &dense->kernel_regularizer
                            : dense->kernel_constraint.kind ? &dense->kernel_constraint
                                                            : NULL;
    return own ? rnl_fail_at(own->place,
                             "%s: %s: expected none beside tied_to: the kernel is that of %s, "
                             "which says it for both",
                             layer->name, own->kind->name, dense->tied_to)
               : RNL_OK;
}

rnl_status rnl_dense_tie(rnl_layer *layer)
{
    const char *wanted = rnl_dense_of(layer)->tied_to;
    rnl_layer *const first = layer - layer->index, *other = first;
    if (!wanted)
        return RNL_OK;
    while (other < layer && (!is_dense(other) || strcmp(other->name, wanted) != 0))
        ++other;
    if (other == layer)
        return fail_unknown(layer, first, wanted);
    if (other->tied_to)
        return rnl_fail_at(layer->choice->place, "%s: tied_to: %s is tied itself, to %s",
                           layer->name, other->name, other->tied_to->name);
    RNL_TRY(check_shape(layer, other));
    RNL_TRY(check_keys(layer));
    other->shared = true;
    layer->tied_to = other;
    return RNL_OK;
}
