/*
 * The reference of the configuration, generated from the tables that check it.
 */
#include "engine/base/error.h"
#include "engine/config/help_path.h"
#include "engine/schema/config.h"
#include "engine/schema/field_types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TOPICS 1024
#define MAX_TABLES 64

static void print_field(FILE *out, const rnl_field *f, int indent)
{
    fprintf(out, "%*s%-*s ", indent, "", 22 - indent, f->key);
    rnl_field_operations_of(f)->describe(out, f);
    if (!f->fallback)
        fputs(f->type == RNL_FIELD_SECTION ? "" : "; required", out);
    else if (f->type != RNL_FIELD_SECTION && strcmp(f->fallback, "null") != 0)
        fprintf(out, "; default %s", f->fallback);
    fprintf(out, "\n%*s %s\n", 22, "", f->help);
}

static void print_fields(FILE *out, const rnl_field *fields, int indent)
{
    for (const rnl_field *f = fields; f->key; ++f) {
        print_field(out, f, indent);
        if (f->type == RNL_FIELD_SECTION)
            print_fields(out, f->section, indent + 2);
    }
}

static void print_kinds(FILE *out, const rnl_kind_table *table)
{
    for (size_t i = 0; i < table->count; ++i)
        fprintf(out, "  %-31s %s\n", table->kinds[i].name, table->kinds[i].help);
}

static void print_heading(FILE *out, const rnl_kind_table *table)
{
    fprintf(out, "%s%c%s\n\n", ftell(out) > 0 ? "\n" : "", table->plural[0] - 'a' + 'A',
            table->plural + 1);
    print_kinds(out, table);
}

static void print_overview(FILE *out)
{
    fputs("A configuration is a YAML file. A kind (a layer, an activation, an optimizer, ...) is\n"
          "written `name`, or `name: {parameter: value}`. Keras's names for them are taken, too.\n"
          "Paths are relative to the directory in which runnel is called.\n\n"
          "Keys\n\n",
          out);
    print_fields(out, rnl_config_fields, 0);
    for (const rnl_kind_table *const *table = rnl_kind_tables; *table; ++table)
        print_heading(out, *table);
    fputs("\n`runnel help config NAME` explains a kind, a section or a key.\n", out);
}

/* `name: {required: ..., optional: default}` */
static void print_example(FILE *out, const rnl_kind *kind)
{
    fprintf(out, "\nWritten\n\n  %s", kind->name);
    if (kind->shorthand) {
        fprintf(out, ": ...\n");
        return;
    }
    const char *separator = ": {";
    for (const rnl_field *f = kind->fields; f && f->key; ++f) {
        fprintf(out, "%s%s: %s", separator, f->key, f->fallback ? f->fallback : "...");
        separator = ", ";
    }
    fputs(kind->fields ? "}\n" : "\n", out);
    if (kind->main)
        fprintf(out, "  %s: <%s>\n", kind->name, kind->main);
}

static void print_kind(FILE *out, const rnl_kind *kind, const rnl_kind_table *table)
{
    fprintf(out, "%s%s (%s): %s\n", ftell(out) > 0 ? "\n" : "", kind->name, table->noun,
            kind->help);
    if (kind->aliases)
        fprintf(out, "Also called: %s\n", kind->aliases);
    if (kind->fields) {
        fputs("\nParameters\n\n", out);
        print_fields(out, kind->fields, 2);
    }
    if (table->named)
        fputs("\nname: NAME among the parameters names the layer; without it, it is called by kind "
              "and\nnumber.\n",
              out);
    print_example(out, kind);
}

/* ---- topics ---------------------------------------------------------------------------------- */

typedef struct tables {
    const rnl_kind_table *items[MAX_TABLES];
    size_t count;
} tables;

static void add_table(tables *all, const rnl_kind_table *table)
{
    for (size_t i = 0; i < all->count; ++i)
        if (all->items[i] == table)
            return;
    if (all->count < MAX_TABLES)
        all->items[all->count++] = table;
}

static void add_tables_of(tables *all, const rnl_field *fields)
{
    for (const rnl_field *f = fields; f && f->key; ++f) {
        if (f->kinds)
            add_table(all, f->kinds);
        add_tables_of(all, f->section);
    }
}

/* Lists the tables of the overview, and those that only a parameter refers to. */
static tables all_tables(void)
{
    tables all = {.count = 0};
    for (const rnl_kind_table *const *table = rnl_kind_tables; *table; ++table)
        add_table(&all, *table);
    add_tables_of(&all, rnl_config_fields);
    for (size_t i = 0; i < all.count; ++i)
        for (size_t k = 0; k < all.items[i]->count; ++k)
            add_tables_of(&all, all.items[i]->kinds[k].fields);
    return all;
}

static bool print_kinds_named(FILE *out, const tables *all, const char *topic)
{
    bool found = false;
    for (size_t i = 0; i < all->count; ++i) {
        const rnl_kind *kind = rnl_kind_find(all->items[i], topic);
        if (kind)
            print_kind(out, kind, all->items[i]);
        found |= kind != NULL;
    }
    return found;
}

static bool print_tables_named(FILE *out, const tables *all, const char *topic)
{
    bool found = false;
    for (size_t i = 0; i < all->count; ++i) {
        const rnl_kind_table *table = all->items[i];
        if (strcmp(table->plural, topic) != 0 && strcmp(table->noun, topic) != 0)
            continue;
        print_heading(out, table);
        found = true;
    }
    return found;
}

/* Finds a key in the sections, including nested ones. */
static const rnl_field *find_key(const rnl_field *fields, const char *topic)
{
    const rnl_field *found = rnl_field_find(fields, topic);
    for (const rnl_field *f = fields; f->key && !found; ++f)
        if (f->type == RNL_FIELD_SECTION)
            found = find_key(f->section, topic);
    return found;
}

static void print_key(FILE *out, const rnl_field *f)
{
    print_field(out, f, 0);
    if (f->type == RNL_FIELD_SECTION)
        print_fields(out, f->section, 2);
    if (f->kinds && f->type != RNL_FIELD_TEXT) {
        fputc('\n', out);
        print_kinds(out, f->kinds);
    }
}

/* NULL: no memory. */
static char *field_text(const rnl_field *f)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    print_field(out, f, 0);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

/* Tests if both are printed alike. */
static bool alike(const rnl_field *a, const rnl_field *b)
{
    char *first = field_text(a), *second = field_text(b);
    const bool same = first && second && strcmp(first, second) == 0;
    free(first);
    free(second);
    return same;
}

/* Prints a parameter of kinds of these tables, again where another kind's is not the same, and
 * names the kinds. */
static bool print_parameter(FILE *out, const rnl_kind_table *const *of, size_t count,
                            const char *name)
{
    const rnl_field *last = NULL;
    for (size_t i = 0; i < count; ++i)
        for (size_t k = 0; k < of[i]->count; ++k) {
            const rnl_kind *kind = &of[i]->kinds[k];
            const rnl_field *f = kind->fields ? rnl_field_find(kind->fields, name) : NULL;
            if (!f || kind->shorthand) /* a value behind the kind's name has no key */
                continue;
            if (!last || !alike(f, last))
                print_field(out, f, 0);
            fprintf(out, "%*s of %s %s\n", 22, "", of[i]->noun, kind->name);
            last = f;
        }
    return last != NULL;
}

static bool print_path(FILE *out, const char *path)
{
    const rnl_path_place place = rnl_find_path(path);
    if (place.kind)
        print_kind(out, place.kind, place.field->kinds);
    else if (place.several)
        print_parameter(out, &place.several, 1, place.field->key);
    else if (place.field)
        print_key(out, place.field);
    return place.field;
}

static void add_keys(const char *names[MAX_TOPICS], size_t *count, const rnl_field *fields)
{
    for (const rnl_field *f = fields; f && f->key && *count < MAX_TOPICS; ++f) {
        names[(*count)++] = f->key;
        add_keys(names, count, f->section);
    }
}

static rnl_status fail_topic(const tables *all, const char *topic)
{
    const char *names[MAX_TOPICS] = {0};
    size_t count = 0;
    add_keys(names, &count, rnl_config_fields);
    for (size_t i = 0; i < all->count && count < MAX_TOPICS; ++i) {
        names[count++] = all->items[i]->plural;
        for (size_t k = 0; k < all->items[i]->count && count < MAX_TOPICS; ++k) {
            names[count++] = all->items[i]->kinds[k].name;
            add_keys(names, &count, all->items[i]->kinds[k].fields);
        }
    }
    const char *dot = strrchr(topic, '.');
    const char *nearest = rnl_nearest(dot ? dot + 1 : topic, names, count);
    if (nearest)
        return rnl_fail(RNL_BAD_CONFIG, "the configuration has no '%.60s'; did you mean '%s'?",
                        topic, nearest);
    return rnl_fail(RNL_BAD_CONFIG,
                    "the configuration has no '%.60s'; `runnel help config` lists all there is",
                    topic);
}

static void add_words_behind(const char *names[MAX_TOPICS], size_t *count,
                             const rnl_path_place *place)
{
    const rnl_kind_table *kinds = place->kind ? NULL : place->field->kinds;
    add_keys(names, count, place->fields);
    add_keys(names, count, rnl_layer_keys(place));
    for (size_t k = 0; kinds && k < kinds->count && *count < MAX_TOPICS; ++k)
        names[(*count)++] = kinds->kinds[k].name;
}

/* Names the part of a path that is there, and the word behind it that is not. */
static rnl_status fail_path(const tables *all, const char *path)
{
    const char *names[MAX_TOPICS] = {0};
    size_t count = 0;
    char known[RNL_PATH_BYTES], word[61] = "";
    rnl_path_place place = {.field = NULL};
    if (strlen(path) >= sizeof known)
        return rnl_fail(RNL_BAD_CONFIG, "expected a path of at most %zu characters, got %zu",
                        sizeof known - 1, strlen(path));
    snprintf(known, sizeof known, "%s", path);
    while (!place.field && strrchr(known, '.')) {
        *strrchr(known, '.') = '\0';
        place = rnl_find_path(known);
    }
    if (!place.field)
        return fail_topic(all, path);
    const char *lost = path + strlen(known) + 1;
    strncat(word, lost, strcspn(lost, ".") < 60 ? strcspn(lost, ".") : 60);
    add_words_behind(names, &count, &place);
    const char *nearest = rnl_nearest(word, names, count);
    return nearest ? rnl_fail(RNL_BAD_CONFIG, "%s has no '%s'; did you mean '%s'?", known, word,
                              nearest)
                   : rnl_fail(RNL_BAD_CONFIG,
                              "%s has no '%s'; `runnel help config %s` tells what it has", known,
                              word, known);
}

/* Prints all that have the name: a key and a kind, such as "rare", or a table and a kind, such as
 * "activation". */
static bool print_topic(FILE *out, const tables *all, const char *topic)
{
    const rnl_field *key = find_key(rnl_config_fields, topic);
    if (key)
        print_key(out, key);
    else if (print_path(out, topic))
        return true;
    const bool is_kind = print_kinds_named(out, all, topic);
    if (key)
        return true;
    const bool is_table = print_tables_named(out, all, topic);
    return is_kind || print_parameter(out, all->items, all->count, topic) || is_table;
}

static bool is_parameter(const char *name)
{
    const tables all = all_tables();
    for (size_t i = 0; i < all.count; ++i)
        for (size_t k = 0; k < all.items[i]->count; ++k)
            if (all.items[i]->kinds[k].fields &&
                rnl_field_find(all.items[i]->kinds[k].fields, name))
                return true;
    return false;
}

int rnl_config_has_key(const char *name)
{
    const rnl_path_place place = rnl_find_path(name);
    return find_key(rnl_config_fields, name) || (place.field && !place.kind) || is_parameter(name);
}

rnl_status rnl_config_help(const char *topic, char **text)
{
    char *printed = NULL;
    size_t size;
    const tables all = all_tables();
    FILE *out = open_memstream(&printed, &size);
    if (!out)
        return rnl_fail_memory(4096);
    if (!topic)
        print_overview(out);
    const bool found = !topic || print_topic(out, &all, topic);
    if (fclose(out) != 0) {
        free(printed);
        return rnl_fail_memory(size);
    }
    if (!found) {
        free(printed);
        return fail_path(&all, topic);
    }
    *text = printed;
    return RNL_OK;
}
