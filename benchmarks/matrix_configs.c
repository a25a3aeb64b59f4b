#include "benchmarks/matrix_configs.h"

#include "engine/base/error.h"
#include "engine/schema/config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The only key of an object: "dense" of {"dense": {...}}. */
static const char *kind_of(const json_t *layer)
{
    return json_is_object(layer) ? json_object_iter_key(json_object_iter((json_t *)layer)) : NULL;
}

static json_t *value_of(const json_t *layer)
{
    const char *kind = kind_of(layer);
    return kind ? json_object_get(layer, kind) : NULL;
}

static bool is_named(const json_t *choice, const char *name)
{
    const char *kind = json_is_string(choice) ? json_string_value(choice) : kind_of(choice);
    return kind && strcmp(kind, name) == 0;
}

/* A dense layer whose activation may be another. */
static bool may_change(const json_t *layer)
{
    const json_t *activation = json_object_get(value_of(layer), "activation");
    return activation && !is_named(activation, "linear") && !is_named(activation, "softmax");
}

typedef void change(json_t *layers, size_t number, json_t *value);

static bool is_last(const json_t *layers, size_t number, bool outermost)
{
    return outermost && number + 1 == json_array_size(layers);
}

/* Changes the layers of a list that may be changed, and those of lists in it, the last ones first;
 * returns how many there are. */
static size_t change_layers(json_t *layers, bool outermost, change *make, json_t *value)
{
    size_t count = 0;
    for (size_t i = json_array_size(layers); i-- > 0;) {
        json_t *layer = json_array_get(layers, i),
               *inner = json_object_get(value_of(layer), "layers");
        if (json_is_array(inner))
            count += change_layers(inner, false, make, value);
        if (is_last(layers, i, outermost) || !may_change(layer))
            continue;
        ++count;
        if (make)
            make(layers, i, value);
    }
    return count;
}

static void change_activation(json_t *layers, size_t number, json_t *value)
{
    json_object_set(value_of(json_array_get(layers, number)), "activation", value);
}

static void insert_behind(json_t *layers, size_t number, json_t *value)
{
    json_array_insert(layers, number + 1, value);
}

rnl_status rnl_matrix_read(json_t **document, size_t *layers, const rnl_config *config)
{
    char *text = NULL;
    RNL_TRY(rnl_config_print_json(config, &text));
    *document = json_loads(text, 0, NULL);
    rnl_text_free(text);
    if (!*document)
        return rnl_fail_memory(1);
    *layers = change_layers(json_object_get(*document, "model"), true, NULL, NULL);
    return RNL_OK;
}

void rnl_matrix_set_optimizer(json_t *document, json_t *optimizer)
{
    json_object_set(json_object_get(document, "training"), "optimizer", optimizer);
}

void rnl_matrix_set_activation(json_t *document, json_t *activation)
{
    change_layers(json_object_get(document, "model"), true, change_activation, activation);
}

void rnl_matrix_add_normalization(json_t *document, json_t *normalization)
{
    if (!json_is_null(normalization))
        change_layers(json_object_get(document, "model"), true, insert_behind, normalization);
}
