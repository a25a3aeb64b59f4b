/*
 * A configuration line by line, with where each value is from.  What was decoded and the tree that
 * it was decoded from are gone through together: what is not in the tree is a default.
 */
#include "engine/base/error.h"
#include "engine/schema/config.h"
#include "engine/schema/node.h"
#include "engine/schema/printer.h"

#include <stdlib.h>
#include <string.h>

#define COMMENT_COLUMN 48

typedef struct explainer {
    rnl_printer p;
    long line; /* where it begins in the output */
} explainer;

static void end_line(explainer *e, rnl_origin origin)
{
    static const char *const names[] = {
        [RNL_FROM_FILE] = "file",
        [RNL_FROM_COMMAND_LINE] = "command line",
        [RNL_FROM_PRESET] = "preset",
        [RNL_FROM_DEFAULT] = "default",
    };
    const long length = ftell(e->p.out) - e->line;
    const int room = length < COMMENT_COLUMN ? (int)(COMMENT_COLUMN - length) : 0;
    fprintf(e->p.out, "%*s  # %s\n", room, "", names[origin]);
    e->line = ftell(e->p.out);
}

static void end_heading(explainer *e)
{
    fputc('\n', e->p.out);
    e->line = ftell(e->p.out);
}

/* Of a value; of one on several places, the command line if any of it is from there. */
static rnl_origin origin_of(const rnl_node *given)
{
    if (!given)
        return RNL_FROM_DEFAULT;
    for (size_t i = 0; given->type == RNL_LIST && i < given->count; ++i)
        if (given->items[i]->place.origin == RNL_FROM_COMMAND_LINE)
            return RNL_FROM_COMMAND_LINE;
    return given->place.origin;
}

/* ---- kinds ----------------------------------------------------------------------------------- */

static void explain_value(explainer *e, const rnl_field *field, const void *source,
                          const rnl_node *given, int indent);

static void explain_fields(explainer *e, const rnl_field *fields, const void *source,
                           const rnl_node *given, int indent)
{
    for (const rnl_field *f = fields; f->key; ++f) {
        if (f->rewritten)
            continue;
        fprintf(e->p.out, "%*s%s:", indent, "", f->key);
        explain_value(e, f, source, given ? rnl_node_get(given, f->key) : NULL, indent);
    }
}

/* A choice was written `name`, or as a mapping with the parameters. */
static const rnl_node *parameters_of(const rnl_node *given)
{
    return given && given->type == RNL_MAPPING && given->count == 1 ? given->items[0] : NULL;
}

static rnl_origin origin_of_name(const rnl_node *given)
{
    const rnl_node *parameters = parameters_of(given);
    return parameters ? parameters->key_place.origin : origin_of(given);
}

/* From behind the name on. */
static void explain_parameters(explainer *e, const rnl_choice *choice, const rnl_node *given,
                               int indent)
{
    const rnl_kind *kind = choice->kind;
    const rnl_node *parameters = parameters_of(given);
    if (!kind->fields) {
        end_line(e, origin_of_name(given));
        return;
    }
    fputc(':', e->p.out);
    if (!kind->shorthand) {
        end_line(e, origin_of_name(given));
        explain_fields(e, kind->fields, choice->parameters, parameters, indent + 2);
        return;
    }
    const rnl_field *field = rnl_kind_shorthand(kind);
    const rnl_node *named = parameters ? rnl_node_get(parameters, field->key) : NULL;
    explain_value(e, field, choice->parameters, named ? named : parameters, indent);
}

static void explain_choice(explainer *e, const rnl_choice *choice, const rnl_node *given,
                           int indent)
{
    if (!choice->kind) {
        fputs(" null", e->p.out);
        end_line(e, origin_of(given));
        return;
    }
    if (choice->kind->fields) {
        end_heading(e);
        fprintf(e->p.out, "%*s", indent + 1, "");
    }
    fprintf(e->p.out, " %s", choice->kind->name);
    explain_parameters(e, choice, given, indent + 2);
}

static void explain_choices(explainer *e, const rnl_choice_list *list, const rnl_node *given,
                            int indent)
{
    if (list->count == 0) {
        fputs(" []", e->p.out);
        end_line(e, origin_of(given));
        return;
    }
    end_heading(e);
    for (size_t i = 0; i < list->count; ++i) {
        fprintf(e->p.out, "%*s- %s", indent + 2, "", list->items[i].kind->name);
        explain_parameters(e, &list->items[i], given ? given->items[i] : NULL, indent + 4);
    }
}

/* ---- values ---------------------------------------------------------------------------------- */

static void explain_numbers(explainer *e, const rnl_number_map *map, const rnl_node *given,
                            int indent)
{
    if (map->count == 0) {
        fputs(" {}", e->p.out);
        end_line(e, origin_of(given));
        return;
    }
    end_heading(e);
    for (size_t i = 0; i < map->count; ++i) {
        fprintf(e->p.out, "%*s", indent + 2, "");
        rnl_print_quoted(&e->p, map->items[i].name);
        fputs(": ", e->p.out);
        rnl_print_number(&e->p, map->items[i].value);
        end_line(e, origin_of(given ? given->items[i] : NULL));
    }
}

/* On its line. */
static void explain_plain(explainer *e, const rnl_field *field, const void *source,
                          const rnl_node *given)
{
    fputc(' ', e->p.out);
    rnl_print_value(&e->p, field, source);
    end_line(e, origin_of(given));
}

/* From behind the key on. */
static void explain_value(explainer *e, const rnl_field *field, const void *source,
                          const rnl_node *given, int indent)
{
    const void *value = (const char *)source + field->offset;
    switch (field->type) {
    case RNL_FIELD_SECTION:
        end_heading(e);
        explain_fields(e, field->section, value, given, indent + 2);
        break;
    case RNL_FIELD_KIND:
        if (rnl_choice_is_plain(field->kinds, value) ||
            (field->kinds->unnamed && ((const rnl_choice *)value)->kind == field->kinds->unnamed))
            explain_plain(e, field, source, given);
        else
            explain_choice(e, value, given, indent);
        break;
    case RNL_FIELD_KIND_LIST:
        explain_choices(e, value, given, indent);
        break;
    case RNL_FIELD_NUMBER_MAP:
        if (((const rnl_number_map *)value)->word)
            explain_plain(e, field, source, given);
        else
            explain_numbers(e, value, given, indent);
        break;
    default:
        explain_plain(e, field, source, given);
        break;
    }
}

rnl_status rnl_config_print_origins(const rnl_config *config, char **text)
{
    char *printed = NULL;
    size_t size;
    explainer e = {.p = {.out = open_memstream(&printed, &size)}};
    if (!e.p.out)
        return rnl_fail_memory(4096);
    explain_fields(&e, rnl_config_fields, config, config->tree.root, 0);
    if (fclose(e.p.out) != 0) {
        free(printed);
        return rnl_fail_memory(size);
    }
    *text = printed;
    return RNL_OK;
}
