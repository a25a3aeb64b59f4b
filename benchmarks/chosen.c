#include "benchmarks/chosen.h"

#include "engine/base/error.h"
#include "engine/schema/tree.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct chosen {
    rnl_choice_list list;
} chosen;

/* Tests if a parameter has to be given, as a formula's text: such a kind is none of "all". */
static bool needs_parameters(const rnl_kind *kind)
{
    for (const rnl_field *field = kind->fields; field && field->key; ++field)
        if (!field->fallback)
            return true;
    return false;
}

/* "[relu, elu]" */
static char *document(const rnl_kind_table *table, const char *text, const char *more)
{
    char *made = NULL;
    size_t size;
    FILE *out = open_memstream(&made, &size);
    if (!out)
        return NULL;
    fputs("list: [", out);
    if (text)
        fputs(text, out);
    for (size_t i = 0; !text && i < table->count; ++i)
        if (!needs_parameters(&table->kinds[i]))
            fprintf(out, "%s, ", table->kinds[i].name);
    if (!text && more)
        fputs(more, out);
    fputs("]\n", out);
    fclose(out);
    return made;
}

static void make_fields(rnl_field fields[2], const rnl_kind_table *table)
{
    fields[0] = (rnl_field){.key = "list",
                            .type = RNL_FIELD_KIND_LIST,
                            .offset = offsetof(chosen, list),
                            .kinds = table};
    fields[1] = (rnl_field){.key = NULL};
}

rnl_status rnl_choose(rnl_choice_list *list, const rnl_kind_table *table, const char *option,
                      const char *text, const char *more)
{
    rnl_field fields[2];
    rnl_tree tree = {0};
    chosen c = {0};
    char *yaml = document(table, text, more);
    if (!yaml)
        return rnl_fail_memory(64);
    make_fields(fields, table);
    rnl_status status = rnl_tree_read_text(&tree, option, yaml);
    if (status == RNL_OK)
        status = rnl_schema_decode(fields, tree.root, &c);
    rnl_tree_free(&tree);
    free(yaml);
    *list = c.list;
    return status;
}

void rnl_choose_release(rnl_choice_list *list, const rnl_kind_table *table)
{
    rnl_field fields[2];
    chosen c = {*list};
    make_fields(fields, table);
    rnl_schema_release(fields, &c);
    *list = (rnl_choice_list){0};
}

rnl_status rnl_choose_json(json_t **array, const rnl_kind_table *table, const char *option,
                           const char *text)
{
    rnl_field fields[2];
    chosen c = {0};
    char *json = NULL;
    make_fields(fields, table);
    RNL_TRY(rnl_choose(&c.list, table, option, text, NULL));
    const rnl_status status = rnl_schema_print_json(fields, &c, &json);
    rnl_choose_release(&c.list, table);
    json_t *document = json ? json_loads(json, 0, NULL) : NULL;
    *array = json_incref(json_object_get(document, "list"));
    json_decref(document);
    free(json);
    return status;
}

const char *rnl_choice_name(const json_t *choice)
{
    return json_is_string(choice) ? json_string_value(choice)
                                  : json_object_iter_key(json_object_iter((json_t *)choice));
}
