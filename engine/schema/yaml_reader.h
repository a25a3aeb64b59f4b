/*
 * YAML and JSON text into nodes.  The one file that knows libyaml is yaml_reader.c.
 */
#ifndef RNL_ENGINE_SCHEMA_YAML_READER_H
#define RNL_ENGINE_SCHEMA_YAML_READER_H

#include "engine/schema/tree.h"

/* One document; `source` names it and lives as long as the nodes.  Text without a document is an
 * empty scalar.  Aliases, anchors and tags are refused: nothing in a configuration needs them, and
 * they make small files explode. */
rnl_status rnl_yaml_read(rnl_node **root, const char *source, const char *text, size_t length);

#endif
