/*
 * What is said of a name that no table has: where it belongs, what stands for it, or which is
 * nearest.
 */
#ifndef RNL_ENGINE_SCHEMA_UNKNOWN_H
#define RNL_ENGINE_SCHEMA_UNKNOWN_H

#include "engine/schema/schema.h"

/* Of a key in a mapping that the fields describe; `context` names the mapping. */
rnl_status rnl_fail_unknown_key(const rnl_field *fields, const rnl_node *node, const char *context);

/* What stands for a key of another library; NULL if nothing is known of it. */
const char *rnl_key_hint(const char *key);

rnl_status rnl_fail_unknown_kind(const rnl_kind_table *table, rnl_place place, const char *name);

#endif
