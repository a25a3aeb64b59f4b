/*
 * What a type of field does.  A new one is a value of rnl_field_type and its operations, in the
 * file of its family, with their place in the table (field_types.c).
 *
 *     field_scalars.c     integer, number, boolean, text
 *     field_lists.c       lists of texts and numbers, these by name
 *     field_kinds.c       one of the kinds of a table
 *     field_kind_lists.c  lists of kinds, kinds by name
 *     field_formula.c     a formula
 *     field_items.c       what lists and names of the user's own have in common
 *     field_section.c     a section
 *
 * A value is the member of the struct that a field describes.
 */
#ifndef RNL_ENGINE_SCHEMA_FIELD_TYPES_H
#define RNL_ENGINE_SCHEMA_FIELD_TYPES_H

#include "engine/schema/explainer.h"
#include "engine/schema/printer.h"
#include "engine/schema/schema.h"

typedef struct rnl_field_operations {
    size_t size; /* of the value; 0 of a section, whose fields have theirs */
    /* On failure, release frees what has been allocated so far. */
    rnl_status (*decode)(const rnl_field *field, const rnl_node *node, void *value);
    void (*release)(const rnl_field *field, void *value); /* NULL: nothing is allocated */
    /* On one line, as YAML or JSON. */
    void (*print)(const rnl_printer *p, const rnl_field *field, const void *value);
    /* Behind the key, on lines of its own in block style; NULL: on the key's line. */
    void (*print_block)(const rnl_printer *p, const rnl_field *field, const void *value,
                        int indent);
    /* Behind the key, with the origin of each line; NULL: as it is printed. */
    void (*explain)(rnl_explainer *e, const rnl_field *field, const void *value,
                    const rnl_node *given, int indent);
    /* For people: "integer from 1 to 100". */
    void (*describe)(FILE *out, const rnl_field *field);
} rnl_field_operations;

extern const rnl_field_operations rnl_integer_field, rnl_number_field, rnl_boolean_field,
    rnl_text_field, rnl_text_list_field, rnl_number_list_field, rnl_number_map_field,
    rnl_text_map_field, rnl_kind_field, rnl_kind_list_field, rnl_kind_map_field, rnl_formula_field,
    rnl_section_field;

/* Indexed by rnl_field_type. */
extern const rnl_field_operations *const rnl_field_types[];

static inline const rnl_field_operations *rnl_field_operations_of(const rnl_field *field)
{
    return rnl_field_types[field->type];
}

/* "units: expected an integer, got 'many'" */
rnl_status rnl_fail_value(const rnl_field *field, const rnl_node *node, const char *expected);

/* "a list", "nothing", "'many'" */
const char *rnl_node_describe(const rnl_node *node, char text[80]);

/* ---- choices, as the types of kinds share them (field_kinds.c) ------------------------------- */

rnl_status rnl_choice_decode(const rnl_kind_table *table, const rnl_node *node, rnl_choice *choice);
void rnl_choice_release(rnl_choice *choice);

/* `name: {parameters}`: bare, as an element of a block list, or in braces. */
void rnl_choice_print_bare(const rnl_printer *p, const rnl_choice *choice);
void rnl_choice_print(const rnl_printer *p, const rnl_choice *choice);

/* What stands behind the name. */
void rnl_choice_explain_parameters(rnl_explainer *e, const rnl_choice *choice,
                                   const rnl_node *given, int indent);

#endif
