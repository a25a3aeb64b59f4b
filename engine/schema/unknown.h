/*
 * Messages for names that no table has: where the name belongs, what replaces it, or the nearest
 * name.
 */
#ifndef RNL_ENGINE_SCHEMA_UNKNOWN_H
#define RNL_ENGINE_SCHEMA_UNKNOWN_H

#include "engine/schema/schema.h"

/* Fails for a key in a mapping that the fields describe; `context` names the mapping. */
rnl_status rnl_fail_unknown_key(const rnl_field *fields, const rnl_node *node, const char *context);

/* Fails for a key in a mapping that is given to a kind without parameters. */
rnl_status rnl_fail_no_parameter(const rnl_kind *kind, const rnl_node *node);

/* Returns what replaces a key of another library; NULL if the key is not known. */
const char *rnl_key_hint(const char *key);

/* Writes where else the configuration has such a key; false if nowhere. */
bool rnl_key_elsewhere(const char *key, char path[128]);

/* Returns the kind's name that is near, or NULL. */
const char *rnl_kind_nearest(const rnl_kind_table *table, const char *name);

rnl_status rnl_fail_unknown_kind(const rnl_kind_table *table, rnl_place place, const char *name);

#endif
