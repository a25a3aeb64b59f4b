/*
 * The reference of the configuration, written from the tables that check it.
 */
#include "engine/config/config.h"
#include "engine/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TOPICS 256

/* "one of the optimizers", "an integer from 1 to 100" */
static void print_type(FILE *out, const rnl_field *f)
{
    switch (f->type) {
    case RNL_FIELD_INTEGER:
    case RNL_FIELD_NUMBER:
        fputs(f->type == RNL_FIELD_INTEGER ? "integer" : "number", out);
        if (f->above_minimum)
            fprintf(out, " above %.15g, at most %.15g", f->minimum, f->maximum);
        else if (f->minimum != 0 || f->maximum != 0)
            fprintf(out, " from %.15g to %.15g", f->minimum, f->maximum);
        if (f->zero)
            fprintf(out, ", or %s", f->zero);
        break;
    case RNL_FIELD_BOOLEAN:
        fputs("true or false", out);
        break;
    case RNL_FIELD_TEXT:
        fputs("text", out);
        break;
    case RNL_FIELD_TEXT_LIST:
        fputs("text or list of texts", out);
        break;
    case RNL_FIELD_NUMBER_LIST:
        fprintf(out, "list of numbers from %.15g to %.15g", f->minimum, f->maximum);
        break;
    case RNL_FIELD_NUMBER_MAP:
        fprintf(out, "mapping of names to numbers from %.15g to %.15g", f->minimum, f->maximum);
        break;
    case RNL_FIELD_KIND:
        fprintf(out, "one of the %s", f->kinds->plural);
        break;
    case RNL_FIELD_KIND_LIST:
        fprintf(out, "list of %s", f->kinds->plural);
        break;
    case RNL_FIELD_SECTION:
        fputs("section", out);
        break;
    }
}

static void print_field(FILE *out, const rnl_field *f, int indent)
{
    fprintf(out, "%*s%-*s ", indent, "", 22 - indent, f->key);
    print_type(out, f);
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
    fprintf(out, "\n%c%s\n\n", table->plural[0] - 'a' + 'A', table->plural + 1);
    print_kinds(out, table);
}

static void print_overview(FILE *out)
{
    fputs("A configuration is a YAML file. A kind (a layer, an activation, an optimizer, ...) is\n"
          "written `name`, or `name: {parameter: value}`.\n\nKeys\n\n",
          out);
    print_fields(out, rnl_config_fields, 0);
    for (const rnl_kind_table *const *table = rnl_kind_tables; *table; ++table) {
        print_heading(out, *table);
    }
    fputs("\n`runnel help config NAME` explains a kind or a section.\n", out);
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
}

static bool print_kind(FILE *out, const char *topic)
{
    bool found = false;
    for (const rnl_kind_table *const *table = rnl_kind_tables; *table; ++table)
        for (size_t i = 0; i < (*table)->count; ++i) {
            const rnl_kind *kind = &(*table)->kinds[i];
            if (strcmp(kind->name, topic) != 0)
                continue;
            fprintf(out, "%s%s (%s): %s\n", found ? "\n" : "", kind->name, (*table)->noun,
                    kind->help);
            if (kind->fields) {
                fputs("\nParameters\n\n", out);
                print_fields(out, kind->fields, 2);
            }
            print_example(out, kind);
            found = true;
        }
    return found;
}

static bool print_table(FILE *out, const char *topic)
{
    for (const rnl_kind_table *const *table = rnl_kind_tables; *table; ++table)
        if (strcmp((*table)->plural, topic) == 0 || strcmp((*table)->noun, topic) == 0) {
            print_heading(out, *table);
            return true;
        }
    return false;
}

static bool print_section(FILE *out, const char *topic)
{
    for (const rnl_field *f = rnl_config_fields; f->key; ++f)
        if (strcmp(f->key, topic) == 0) {
            print_field(out, f, 0);
            if (f->type == RNL_FIELD_SECTION)
                print_fields(out, f->section, 2);
            if (f->kinds) {
                fputc('\n', out);
                print_kinds(out, f->kinds);
            }
            return true;
        }
    return false;
}

static rnl_status fail_topic(const char *topic)
{
    const char *names[MAX_TOPICS] = {0};
    size_t count = 0;
    for (const rnl_field *f = rnl_config_fields; f->key; ++f)
        names[count++] = f->key;
    for (const rnl_kind_table *const *table = rnl_kind_tables; *table; ++table) {
        names[count++] = (*table)->plural;
        for (size_t i = 0; i < (*table)->count && count + 1 < MAX_TOPICS; ++i)
            names[count++] = (*table)->kinds[i].name;
    }
    const char *nearest = rnl_nearest(topic, names, count);
    if (nearest)
        return rnl_fail(RNL_BAD_CONFIG, "the configuration has no '%.60s'; did you mean '%s'?",
                        topic, nearest);
    return rnl_fail(RNL_BAD_CONFIG,
                    "the configuration has no '%.60s'; `runnel help config` lists all there is",
                    topic);
}

/* A table's name may be a kind's too ("activation" is also a layer): then both are told. */
rnl_status rnl_config_help(const char *topic, char **text)
{
    char *printed = NULL;
    size_t size;
    FILE *out = open_memstream(&printed, &size);
    if (!out)
        return rnl_fail_memory(4096);
    bool found = true;
    if (!topic) {
        print_overview(out);
    } else if (!print_section(out, topic)) {
        found = print_kind(out, topic);
        found |= print_table(out, topic);
    }
    if (fclose(out) != 0) {
        free(printed);
        return rnl_fail_memory(size);
    }
    if (!found) {
        free(printed);
        return fail_topic(topic);
    }
    *text = printed;
    return RNL_OK;
}
