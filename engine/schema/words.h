/*
 * Synonyms.  Before anything else reads a tree, each kind gets its name in the table, and a value
 * that stands for a kind's main parameter gets its key:
 *
 *     activation: {LeakyReLU: 0.2}   ->   activation: {leaky_relu: {negative_slope: 0.2}}
 */
#ifndef RNL_ENGINE_SCHEMA_WORDS_H
#define RNL_ENGINE_SCHEMA_WORDS_H

#include "engine/schema/schema.h"

/* Settles a mapping that the fields describe, and all below it; after an override, what that
 * entered.  Mistakes are left for decoding to report. */
rnl_status rnl_words_settle(const rnl_field *fields, rnl_node *mapping);

#endif
