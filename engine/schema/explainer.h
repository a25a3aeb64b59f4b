/*
 * Values line by line, with where each is from.  What was decoded and the tree that it was decoded
 * from are gone through together: what is not in the tree is a default.
 */
#ifndef RNL_ENGINE_SCHEMA_EXPLAINER_H
#define RNL_ENGINE_SCHEMA_EXPLAINER_H

#include "engine/schema/printer.h"

typedef struct rnl_explainer {
    rnl_printer p;
    long line; /* where it begins in the output */
} rnl_explainer;

/* A line each, or several; `given` is the mapping in the tree, NULL if there is none. */
void rnl_explain_fields(rnl_explainer *e, const rnl_field *fields, const void *source,
                        const rnl_node *given, int indent);

/* Text behind the key. */
void rnl_explain_value(rnl_explainer *e, const rnl_field *field, const void *source,
                       const rnl_node *given, int indent);

/* A value as it is printed, behind the key. */
void rnl_explain_plain(rnl_explainer *e, const rnl_field *field, const void *value,
                       const rnl_node *given);

/* Ends a line with its origin, or one that only names what follows. */
void rnl_explain_end_line(rnl_explainer *e, rnl_origin origin);
void rnl_explain_end_heading(rnl_explainer *e);

/* The origin of a value; of one on several places, the command line if any of it is from there. */
rnl_origin rnl_origin_of(const rnl_node *given);

#endif
