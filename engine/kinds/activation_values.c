/*
 * An activation by itself, as the kernels compute it.
 */
#include "engine/base/error.h"
#include "engine/kinds/activations.h"
#include "engine/schema/config.h"
#include "engine/schema/field_types.h"
#include "engine/schema/node.h"
#include "engine/schema/words.h"
#include "threading/floating_mode.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct one_activation {
    rnl_choice activation;
} one_activation;

static const rnl_field fields[] = {
    {.key = "activation",
     .type = RNL_FIELD_KIND,
     .offset = offsetof(one_activation, activation),
     .kinds = &rnl_activations,
     .help = ""},
    {.key = NULL},
};

/* The text's tree under the key `activation`. */
static rnl_status read_under_key(rnl_tree *tree, const char *text)
{
    RNL_TRY(rnl_tree_read_text(tree, "activation", text));
    rnl_node *mapping = rnl_node_create(RNL_MAPPING, tree->root->place);
    char *key = strdup(fields->key);
    if (!mapping || !key) {
        free(key);
        rnl_node_free(mapping);
        return rnl_fail_memory(sizeof *mapping);
    }
    tree->root->key = key;
    tree->root->key_place = tree->root->place;
    rnl_node *given = tree->root;
    tree->root = mapping;
    return rnl_node_give(mapping, given);
}

/* Refuses what is no function of one number. */
static rnl_status check_kind(const rnl_node *given)
{
    const bool bare = given->type == RNL_SCALAR;
    const char *name = bare ? given->text : given->count > 0 ? given->items[0]->key : NULL;
    for (const char *const *layer = rnl_activation_layers; name && *layer; ++layer)
        if (strcmp(name, *layer) == 0)
            return rnl_fail_at(given->place,
                               "the slope of %s is learned or drawn: expected an activation with "
                               "a slope of its own, such as {leaky_relu: 0.3}",
                               name);
    return RNL_OK;
}

static rnl_status decode(one_activation *one, rnl_tree *tree)
{
    RNL_TRY(rnl_words_settle(fields, tree->root));
    RNL_TRY(check_kind(tree->root->items[0]));
    RNL_TRY(rnl_schema_decode(fields, tree->root, one));
    const rnl_choice *a = &one->activation;
    if (!rnl_activation_of(a)->only_with_loss)
        return RNL_OK;
    const rnl_status status =
        rnl_fail_at(a->place,
                    "%s is no function of one number: each output of a row depends on "
                    "all of its inputs",
                    a->kind->name);
    rnl_schema_release(fields, one);
    return status;
}

/* The slope is kept beside the value, or follows from it on the way back of a gradient of 1. */
static void compute(const rnl_choice *activation, const float *z, float *y, float *slope,
                    size_t count)
{
    rnl_bound_activation bound;
    rnl_activation_of(activation)
        ->bind(&bound, rnl_kernels_of(rnl_isa_detect()), activation->parameters);
    bound.forward(&(const rnl_activation_forward){.rows = 1,
                                                  .columns = count,
                                                  .z = {z, count},
                                                  .y = {y, count},
                                                  .kept = bound.keeps_slope ? slope : NULL,
                                                  .alpha = bound.alpha,
                                                  .self = bound.self});
    if (bound.keeps_slope)
        return;
    for (size_t i = 0; i < count; ++i)
        slope[i] = 1;
    bound.backward(&(const rnl_activation_backward){.rows = 1,
                                                    .columns = count,
                                                    .upstream = {slope, count, 1, 0},
                                                    .y = {y, count},
                                                    .delta = {slope, count},
                                                    .alpha = bound.alpha});
}

rnl_status rnl_activation_values(const char *activation, const float *z, float *y, float *slope,
                                 size_t count)
{
    RNL_OWN_FLOATING_MODE;
    rnl_tree tree = {0};
    one_activation one = {0};
    rnl_status status = read_under_key(&tree, activation);
    if (status == RNL_OK)
        status = decode(&one, &tree);
    if (status == RNL_OK) {
        compute(&one.activation, z, y, slope, count);
        rnl_schema_release(fields, &one);
    }
    rnl_tree_free(&tree);
    return status;
}
