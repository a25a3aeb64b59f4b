/*
 * Paths such as training.optimizer.adam.learning_rate: keys, names of kinds behind the keys whose
 * values they are, and items of lists and maps.
 */
#ifndef RNL_ENGINE_CONFIG_HELP_PATH_H
#define RNL_ENGINE_CONFIG_HELP_PATH_H

#include "engine/schema/schema.h"

/* The part of its field's value that a place on a path is. */
typedef enum rnl_place_part {
    RNL_PLACE_WHOLE,
    RNL_PLACE_LAYERS,  /* of model: */
    RNL_PLACE_STYLES,  /* of model:, by name */
    RNL_PLACE_ITEM,    /* of a list, or by a name of the user's own */
    RNL_PLACE_SETTINGS /* of layers, without a kind: model's defaults, or a style */
} rnl_place_part;

/* A place on a path: a field, a part of it, or a kind that its value names. */
typedef struct rnl_path_place {
    const rnl_field *field;
    rnl_place_part part;
    const rnl_kind *kind;
    const rnl_kind_table *several; /* whose kinds have the field, where none was named */
    const rnl_field *fields;       /* what may stand next, by its key; NULL: no key */
    const char *list_kind;         /* of an item that is a list without a name; NULL: none is */
} rnl_path_place;

/* Bytes of the longest path, with the NUL. */
#define RNL_PATH_BYTES 1024

/* Follows a path; the place has no field where no configuration has it. */
rnl_path_place rnl_find_path(const char *path);

/* Keys that may stand behind a kind's name though they are none of its parameters; NULL: none. */
const rnl_field *rnl_layer_keys(const rnl_path_place *place);

#endif
