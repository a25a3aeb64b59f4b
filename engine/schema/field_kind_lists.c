/*
 * Fields of several kinds: in a list, or by names of the user's own.
 */
#include "engine/schema/field_items.h"

#include <stddef.h>
#include <stdio.h>

/* ---- an item --------------------------------------------------------------------------------- */

static rnl_status decode_choice(const rnl_field *field, const rnl_node *node, void *value)
{
    return rnl_choice_decode(field->kinds, node, value);
}

static void release_choice(const rnl_field *field, void *value)
{
    (void)field;
    rnl_choice_release(value);
}

static bool is_unnamed(const rnl_field *field)
{
    return field->kinds->kinds == field->kinds->unnamed;
}

static void print_choice(const rnl_printer *p, const rnl_field *field, const void *value)
{
    const rnl_choice *choice = value;
    if (is_unnamed(field))
        rnl_print_fields(p, field->kinds->unnamed->fields, choice->parameters);
    else
        rnl_choice_print(p, choice);
}

static const rnl_field_operations choice_operations = {
    .decode = decode_choice,
    .release = release_choice,
    .print = print_choice,
};

/* ---- lists ----------------------------------------------------------------------------------- */

static const rnl_item_type choices = {.size = sizeof(rnl_choice), .value = &choice_operations};

static rnl_status decode_choices(const rnl_field *field, const rnl_node *node, void *value)
{
    char expected[192];
    snprintf(expected, sizeof expected, "a list of %s", field->kinds->plural);
    if (node->type == RNL_SCALAR && rnl_kind_find(field->kinds, node->text))
        snprintf(expected, sizeof expected, "a list of %s, as [%s]", field->kinds->plural,
                 node->text);
    return rnl_items_decode(&choices, field, node, expected, value);
}

static void release_choices(const rnl_field *field, void *value)
{
    rnl_items_release(&choices, field, value);
}

static void print_choices(const rnl_printer *p, const rnl_field *field, const void *value)
{
    rnl_items_print(&choices, p, field, value);
}

static void print_block(const rnl_printer *p, const rnl_field *field, const void *value, int indent)
{
    const rnl_choice_list *list = value;
    if (list->count == 0) {
        fputc(' ', p->out);
        print_choices(p, field, value);
    }
    for (size_t i = 0; i < list->count; ++i) {
        fprintf(p->out, "\n%*s- ", indent + 2, "");
        if (is_unnamed(field))
            rnl_print_fields(p, field->kinds->unnamed->fields, list->items[i].parameters);
        else
            rnl_choice_print_bare(p, &list->items[i]);
    }
    fputc('\n', p->out);
}

static void explain_choices(rnl_explainer *e, const rnl_field *field, const void *value,
                            const rnl_node *given, int indent)
{
    const rnl_choice_list *list = value;
    if (list->count == 0 || is_unnamed(field)) {
        rnl_explain_plain(e, field, value, given);
        return;
    }
    rnl_explain_end_heading(e);
    for (size_t i = 0; i < list->count; ++i) {
        fprintf(e->p.out, "%*s- %s", indent + 2, "", list->items[i].kind->name);
        rnl_choice_explain_parameters(e, &list->items[i], given ? given->items[i] : NULL,
                                      indent + 4);
    }
}

static void describe_choices(FILE *out, const rnl_field *field)
{
    fprintf(out, "list of %s", field->kinds->plural);
}

const rnl_field_operations rnl_kind_list_field = {
    .size = sizeof(rnl_choice_list),
    .decode = decode_choices,
    .release = release_choices,
    .print = print_choices,
    .print_block = print_block,
    .explain = explain_choices,
    .describe = describe_choices,
};

/* ---- by name --------------------------------------------------------------------------------- */

static const rnl_item_type named_choices = {
    .size = sizeof(rnl_named_choice),
    .value_offset = offsetof(rnl_named_choice, choice),
    .value = &choice_operations,
};

static rnl_status decode_named_choices(const rnl_field *field, const rnl_node *node, void *value)
{
    char expected[96];
    snprintf(expected, sizeof expected, "a mapping of names to %s", field->kinds->plural);
    return rnl_items_decode(&named_choices, field, node, expected, value);
}

static void release_named_choices(const rnl_field *field, void *value)
{
    rnl_items_release(&named_choices, field, value);
}

static void print_named_choices(const rnl_printer *p, const rnl_field *field, const void *value)
{
    rnl_items_print(&named_choices, p, field, value);
}

static void describe_named_choices(FILE *out, const rnl_field *field)
{
    fprintf(out, "mapping of names to %s", field->kinds->plural);
}

const rnl_field_operations rnl_kind_map_field = {
    .size = sizeof(rnl_choice_map),
    .decode = decode_named_choices,
    .release = release_named_choices,
    .print = print_named_choices,
    .describe = describe_named_choices,
};
