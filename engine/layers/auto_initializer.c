#include "engine/layers/auto_initializer.h"

#include "engine/kinds/activations.h"
#include "engine/kinds/initializers.h"
#include "engine/layers/layers.h"
#include "engine/schema/config.h"

#include <string.h>

static const rnl_layer_operations *operations_of(const rnl_choice *layer)
{
    return layer->kind->operations;
}

static bool is_linear(const rnl_choice *activation)
{
    return strcmp(activation->kind->name, "linear") == 0;
}

static void look_at(rnl_dense_choice *dense, const rnl_choice *activation)
{
    const rnl_activation *operations = rnl_activation_of(activation);
    const char *const *suitable = operations->initializers;
    dense->activation = activation->kind->name;
    dense->slope = operations->slope ? operations->slope(activation->parameters) : 0;
    dense->suitable = suitable ? suitable : rnl_glorot_initializers;
}

static double slope_of(const rnl_choice *layer)
{
    const rnl_prelu *prelu = layer->parameters;
    const rnl_rrelu *rrelu = layer->parameters;
    return operations_of(layer) == &rnl_prelu_operations ? prelu->initial_slope
                                                         : (rrelu->lower + rrelu->upper) / 2;
}

/* Finds a following activation that is a layer of its own: such layers are of relu's family. */
static void look_behind(rnl_dense_choice *dense, const rnl_choice_list *layers, size_t index)
{
    while (++index < layers->count && operations_of(&layers->items[index])->keeps_units) {
        const rnl_choice *layer = &layers->items[index];
        if (operations_of(layer) == &rnl_activation_operations) {
            look_at(dense, &((const rnl_activation_layer *)layer->parameters)->function);
            return;
        }
        if (rnl_is_activation_layer(layer->kind)) {
            dense->activation = layer->kind->name;
            dense->slope = slope_of(layer);
            dense->suitable = rnl_he_initializers;
            return;
        }
    }
}

void rnl_dense_choices_visit(const rnl_choice_list *layers,
                             void (*visit)(const rnl_dense_choice *dense, void *user), void *user)
{
    for (size_t i = 0; i < layers->count; ++i) {
        const rnl_choice *layer = &layers->items[i];
        if (operations_of(layer)->group)
            rnl_dense_choices_visit(operations_of(layer)->group(layer).layers, visit, user);
        if (operations_of(layer) != &rnl_dense_operations)
            continue;
        rnl_dense *parameters = layer->parameters;
        rnl_dense_choice dense = {.layer = layer, .initializer = &parameters->kernel_initializer};
        look_at(&dense, &parameters->activation);
        if (is_linear(&parameters->activation))
            look_behind(&dense, layers, i);
        visit(&dense, user);
    }
}

static void resolve(const rnl_dense_choice *dense, void *user)
{
    rnl_status *status = user;
    if (*status != RNL_OK || strcmp(dense->initializer->kind->name, "auto") != 0)
        return;
    if (dense->slope != 0)
        *status =
            rnl_initializer_set_scale(dense->initializer, 2 / (1 + dense->slope * dense->slope));
    else
        dense->initializer->kind = rnl_kind_find(&rnl_initializers, dense->suitable[0]);
}

rnl_status rnl_auto_initializers_resolve(const rnl_choice_list *layers)
{
    rnl_status status = RNL_OK;
    rnl_dense_choices_visit(layers, resolve, &status);
    return status;
}
