/*
 * The same said in other words.  Before anything else looks at a tree, each kind gets the name that
 * its table has, and a value that stands for a kind's main parameter gets its key:
 *
 *     activation: {LeakyReLU: 0.2}   ->   activation: {leaky_relu: {negative_slope: 0.2}}
 */
#ifndef RNL_ENGINE_SCHEMA_WORDS_H
#define RNL_ENGINE_SCHEMA_WORDS_H

#include "engine/schema/schema.h"

/* In a mapping that the fields describe, and in all below it.  What is wrong stays as it is, for
 * decoding to tell. */
rnl_status rnl_words_settle(const rnl_field *fields, rnl_node *mapping);

#endif
