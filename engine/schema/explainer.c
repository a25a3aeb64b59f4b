#include "engine/schema/explainer.h"

#include "engine/schema/field_types.h"
#include "engine/schema/node.h"

#define COMMENT_COLUMN 48

void rnl_explain_end_line(rnl_explainer *e, rnl_origin origin)
{
    static const char *const names[] = {
        [RNL_FROM_FILE] = "file",       [RNL_FROM_COMMAND_LINE] = "command line",
        [RNL_FROM_PRESET] = "preset",   [RNL_FROM_MODEL] = "reused model",
        [RNL_FROM_DEFAULT] = "default",
    };
    const long length = ftell(e->p.out) - e->line;
    const int room = length < COMMENT_COLUMN ? (int)(COMMENT_COLUMN - length) : 0;
    fprintf(e->p.out, "%*s  # %s\n", room, "", names[origin]);
    e->line = ftell(e->p.out);
}

void rnl_explain_end_heading(rnl_explainer *e)
{
    fputc('\n', e->p.out);
    e->line = ftell(e->p.out);
}

rnl_origin rnl_origin_of(const rnl_node *given)
{
    if (!given)
        return RNL_FROM_DEFAULT;
    for (size_t i = 0; given->type == RNL_LIST && i < given->count; ++i)
        if (given->items[i]->place.origin == RNL_FROM_COMMAND_LINE)
            return RNL_FROM_COMMAND_LINE;
    return given->place.origin;
}

void rnl_explain_plain(rnl_explainer *e, const rnl_field *field, const void *value,
                       const rnl_node *given)
{
    fputc(' ', e->p.out);
    rnl_field_operations_of(field)->print(&e->p, field, value);
    rnl_explain_end_line(e, rnl_origin_of(given));
}

void rnl_explain_value(rnl_explainer *e, const rnl_field *field, const void *source,
                       const rnl_node *given, int indent)
{
    const rnl_field_operations *operations = rnl_field_operations_of(field);
    const void *value = (const char *)source + field->offset;
    if (operations->explain)
        operations->explain(e, field, value, given, indent);
    else
        rnl_explain_plain(e, field, value, given);
}

void rnl_explain_fields(rnl_explainer *e, const rnl_field *fields, const void *source,
                        const rnl_node *given, int indent)
{
    for (const rnl_field *f = fields; f->key; ++f) {
        if (f->rewritten)
            continue;
        fprintf(e->p.out, "%*s%s:", indent, "", f->key);
        rnl_explain_value(e, f, source, given ? rnl_node_get(given, f->key) : NULL, indent);
    }
}
