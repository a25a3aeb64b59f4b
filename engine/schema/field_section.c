#include "engine/schema/field_types.h"

static rnl_status decode_section(const rnl_field *field, const rnl_node *node, void *value)
{
    return rnl_schema_decode(field->section, node, value);
}

static void release_section(const rnl_field *field, void *value)
{
    rnl_schema_release(field->section, value);
}

static void print_section(const rnl_printer *p, const rnl_field *field, const void *value)
{
    rnl_print_fields(p, field->section, value);
}

static void print_block(const rnl_printer *p, const rnl_field *field, const void *value, int indent)
{
    fputc('\n', p->out);
    rnl_print_block(p, field->section, value, indent + 2);
}

static void explain_section(rnl_explainer *e, const rnl_field *field, const void *value,
                            const rnl_node *given, int indent)
{
    rnl_explain_end_heading(e);
    rnl_explain_fields(e, field->section, value, given, indent + 2);
}

static void describe_section(FILE *out, const rnl_field *field)
{
    (void)field;
    fputs("section", out);
}

const rnl_field_operations rnl_section_field = {
    .decode = decode_section,
    .release = release_section,
    .print = print_section,
    .print_block = print_block,
    .explain = explain_section,
    .describe = describe_section,
};
