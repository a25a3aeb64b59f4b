#include "engine/model/fixup.h"

#include "engine/base/functions.h"

#include <math.h>

/* Stands for "not yet". */
#define UNSET (-1.0)

static bool has_weights(const rnl_layer *layer)
{
    return rnl_layer_operations_of(layer)->product_flops != NULL;
}

/* The layers with weights between the two that are in no block within this one. */
static void place_branch(rnl_layer *layers, size_t begin, size_t end, double blocks)
{
    double count = 0;
    rnl_layer *last = NULL;
    for (size_t i = begin + 1; i < end; ++i)
        if (has_weights(&layers[i]) && layers[i].fixup == UNSET) {
            ++count;
            last = &layers[i];
        }
    for (size_t i = begin + 1; i < end; ++i)
        if (has_weights(&layers[i]) && layers[i].fixup == UNSET)
            layers[i].fixup = count > 1 ? rnl_power(blocks, -1 / (2 * count - 2)) : 0;
    if (last)
        last->fixup = 0;
}

void rnl_fixup_place(rnl_layer *layers, size_t count)
{
    double blocks = 0;
    rnl_layer *last = NULL;
    for (size_t i = 0; i < count; ++i) {
        layers[i].fixup = UNSET;
        blocks += rnl_layer_operations_of(&layers[i])->ends_residual;
        last = has_weights(&layers[i]) ? &layers[i] : last;
    }
    for (size_t i = 0; i < count; ++i)
        if (rnl_layer_operations_of(&layers[i])->ends_residual)
            place_branch(layers, layers[i].begin, i, blocks);
    if (last && last->fixup == UNSET)
        last->fixup = 0;
    for (size_t i = 0; i < count; ++i)
        if (layers[i].fixup == UNSET)
            layers[i].fixup = 1;
}
