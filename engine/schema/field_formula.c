/*
 * A field that holds a formula.
 */
#include "engine/base/error.h"
#include "engine/schema/field_types.h"
#include "engine/schema/formula.h"

#include <stdio.h>

static rnl_status decode(const rnl_field *field, const rnl_node *node, void *value)
{
    if (node->type != RNL_SCALAR || *node->text == '\0')
        return rnl_fail_value(field, node, "a formula");
    rnl_formula **formula = value;
    RNL_TRY(rnl_formula_parse(formula, node->text, node->place, "formula", field->names));
    return field->prepare ? field->prepare(*formula) : RNL_OK;
}

static void release(const rnl_field *field, void *value)
{
    (void)field;
    rnl_formula_free(*(rnl_formula **)value);
}

static void print(const rnl_printer *p, const rnl_field *field, const void *value)
{
    (void)field;
    const rnl_formula *formula = *(rnl_formula *const *)value;
    rnl_print_quoted(p, formula ? formula->text : "");
}

static void describe(FILE *out, const rnl_field *field)
{
    fputs("formula of", out);
    for (const char *const *name = field->names; *name; ++name)
        fprintf(out, " %s", *name);
    fputs("; " RNL_FORMULA_WORDS, out);
}

const rnl_field_operations rnl_formula_field = {
    .size = sizeof(rnl_formula *),
    .decode = decode,
    .release = release,
    .print = print,
    .describe = describe,
};
