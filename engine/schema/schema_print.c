#include "engine/schema/printer.h"

#include "engine/base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const void *member(const void *source, const rnl_field *field)
{
    return (const char *)source + field->offset;
}

void rnl_print_number(const rnl_printer *p, double number)
{
    char text[40];
    for (int digits = 1; digits <= 17; ++digits) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    const size_t mantissa = strspn(text, "+-0123456789");
    if (text[mantissa] != '\0' && text[mantissa] != 'e')
        text[mantissa] = '.';
    fputs(text, p->out);
    if (!strpbrk(text, ".e"))
        fputs(".0", p->out);
}

/* The six bits of a byte that continues a character; false, as of the byte that ends a text, if it
 * does not. */
static bool continues(unsigned char byte, unsigned *code)
{
    *code = *code << 6 | (byte & 0x3fu);
    return (byte & 0xc0) == 0x80;
}

/* The number of bytes and the code of a character that YAML takes for a line break or for none;
 * 0 if it stands for itself. */
static size_t unprintable_length(const unsigned char *text, unsigned *code)
{
    *code = text[0];
    if (text[0] < 0x80)
        return text[0] < 0x20 || text[0] == 0x7f;
    if ((text[0] & 0xe0) == 0xc0) {
        *code = text[0] & 0x1fu;
        return continues(text[1], code) && *code < 0xa0 ? 2 : 0;
    }
    *code = text[0] & 0x0fu;
    if ((text[0] & 0xf0) != 0xe0 || !continues(text[1], code) || !continues(text[2], code))
        return 0;
    return *code == 0x2028 || *code == 0x2029 || *code == 0xfeff || *code >= 0xfffe ? 3 : 0;
}

void rnl_print_quoted(const rnl_printer *p, const char *text)
{
    fputc('"', p->out);
    for (const unsigned char *c = (const unsigned char *)text; *c;) {
        unsigned code;
        const size_t unprintable = unprintable_length(c, &code);
        if (unprintable)
            fprintf(p->out, "\\u%04x", code);
        else if (*c == '"' || *c == '\\')
            fprintf(p->out, "\\%c", *c);
        else
            fputc(*c, p->out);
        c += unprintable ? unprintable : 1;
    }
    fputc('"', p->out);
}

static void print_word(const rnl_printer *p, const char *word)
{
    if (p->json)
        rnl_print_quoted(p, word);
    else
        fputs(word, p->out);
}

static void print_flow_mapping(const rnl_printer *p, const rnl_field *fields, const void *source)
{
    fputc('{', p->out);
    const char *separator = "";
    for (const rnl_field *f = fields; f->key; ++f) {
        if (f->rewritten)
            continue;
        fputs(separator, p->out);
        separator = ", ";
        print_word(p, f->key);
        fputs(": ", p->out);
        rnl_print_value(p, f, source);
    }
    fputc('}', p->out);
}

const rnl_field *rnl_kind_shorthand(const rnl_kind *kind)
{
    const rnl_field *f = kind->fields;
    while (strcmp(f->key, kind->shorthand) != 0)
        ++f;
    return f;
}

/* Without braces, `name: {parameters}`: fit for an element of a block list. */
static void print_bare_choice(const rnl_printer *p, const rnl_choice *choice)
{
    print_word(p, choice->kind->name);
    if (!choice->kind->fields)
        return;
    fputs(": ", p->out);
    if (choice->kind->shorthand)
        rnl_print_value(p, rnl_kind_shorthand(choice->kind), choice->parameters);
    else
        print_flow_mapping(p, choice->kind->fields, choice->parameters);
}

static void print_choice(const rnl_printer *p, const rnl_choice *choice)
{
    if (!choice->kind) {
        fputs("null", p->out);
        return;
    }
    const bool braces = choice->kind->fields != NULL;
    fputs(braces ? "{" : "", p->out);
    print_bare_choice(p, choice);
    fputs(braces ? "}" : "", p->out);
}

static void print_kind(const rnl_printer *p, const rnl_kind_table *table, const rnl_choice *choice)
{
    if (rnl_choice_is_plain(table, choice))
        rnl_print_value(p, rnl_kind_shorthand(choice->kind), choice->parameters);
    else if (choice->kind && choice->kind == table->unnamed)
        print_flow_mapping(p, choice->kind->fields, choice->parameters);
    else
        print_choice(p, choice);
}

static void print_named_choices(const rnl_printer *p, const rnl_choice_map *map)
{
    fputc('{', p->out);
    for (size_t i = 0; i < map->count; ++i) {
        fputs(i > 0 ? ", " : "", p->out);
        rnl_print_quoted(p, map->items[i].name);
        fputs(": ", p->out);
        print_choice(p, &map->items[i].choice);
    }
    fputc('}', p->out);
}

static void print_choices(const rnl_printer *p, const rnl_choice_list *list)
{
    fputc('[', p->out);
    for (size_t i = 0; i < list->count; ++i) {
        if (i > 0)
            fputs(", ", p->out);
        print_choice(p, &list->items[i]);
    }
    fputc(']', p->out);
}

static void print_texts(const rnl_printer *p, const rnl_text_list *list)
{
    fputc('[', p->out);
    for (size_t i = 0; i < list->count; ++i) {
        fputs(i > 0 ? ", " : "", p->out);
        rnl_print_quoted(p, list->items[i]);
    }
    fputc(']', p->out);
}

static void print_number_list(const rnl_printer *p, const rnl_number_list *list)
{
    fputc('[', p->out);
    for (size_t i = 0; i < list->count; ++i) {
        fputs(i > 0 ? ", " : "", p->out);
        rnl_print_number(p, list->items[i]);
    }
    fputc(']', p->out);
}

static void print_numbers(const rnl_printer *p, const rnl_number_map *map)
{
    fputc('{', p->out);
    for (size_t i = 0; i < map->count; ++i) {
        fputs(i > 0 ? ", " : "", p->out);
        rnl_print_quoted(p, map->items[i].name);
        fputs(": ", p->out);
        rnl_print_number(p, map->items[i].value);
    }
    fputc('}', p->out);
}

void rnl_print_value(const rnl_printer *p, const rnl_field *field, const void *source)
{
    const void *value = member(source, field);
    switch (field->type) {
    case RNL_FIELD_INTEGER:
        fprintf(p->out, "%lld", (long long)*(const int64_t *)value);
        break;
    case RNL_FIELD_NUMBER:
        if (field->zero && *(const double *)value == 0)
            print_word(p, field->zero);
        else
            rnl_print_number(p, *(const double *)value);
        break;
    case RNL_FIELD_BOOLEAN:
        fputs(*(const bool *)value ? "true" : "false", p->out);
        break;
    case RNL_FIELD_TEXT:
        if (*(char *const *)value)
            rnl_print_quoted(p, *(char *const *)value);
        else
            fputs("null", p->out);
        break;
    case RNL_FIELD_TEXT_LIST:
        print_texts(p, value);
        break;
    case RNL_FIELD_NUMBER_LIST:
        print_number_list(p, value);
        break;
    case RNL_FIELD_NUMBER_MAP:
        if (((const rnl_number_map *)value)->word)
            print_word(p, field->word);
        else
            print_numbers(p, value);
        break;
    case RNL_FIELD_KIND:
        print_kind(p, field->kinds, value);
        break;
    case RNL_FIELD_KIND_LIST:
        print_choices(p, value);
        break;
    case RNL_FIELD_KIND_MAP:
        print_named_choices(p, value);
        break;
    case RNL_FIELD_SECTION:
        print_flow_mapping(p, field->section, value);
        break;
    }
}

/* Sections and lists of kinds in block style, the rest on a line each. */
static void print_block(const rnl_printer *p, const rnl_field *fields, const void *source,
                        int indent)
{
    for (const rnl_field *f = fields; f->key; ++f) {
        const void *value = member(source, f);
        if (f->rewritten)
            continue;
        fprintf(p->out, "%*s%s:", indent, "", f->key);
        if (f->type == RNL_FIELD_SECTION) {
            fputc('\n', p->out);
            print_block(p, f->section, value, indent + 2);
        } else if (f->type == RNL_FIELD_KIND_LIST && ((const rnl_choice_list *)value)->count > 0) {
            const rnl_choice_list *list = value;
            for (size_t i = 0; i < list->count; ++i) {
                fprintf(p->out, "\n%*s- ", indent + 2, "");
                print_bare_choice(p, &list->items[i]);
            }
            fputc('\n', p->out);
        } else {
            fputc(' ', p->out);
            rnl_print_value(p, f, source);
            fputc('\n', p->out);
        }
    }
}

static rnl_status print(const rnl_field *fields, const void *source, bool json, char **text)
{
    char *printed = NULL;
    size_t size;
    const rnl_printer p = {.out = open_memstream(&printed, &size), .json = json};
    if (!p.out)
        return rnl_fail_memory(4096);
    if (json)
        print_flow_mapping(&p, fields, source);
    else
        print_block(&p, fields, source, 0);
    if (fclose(p.out) != 0) {
        free(printed);
        return rnl_fail_memory(size);
    }
    *text = printed;
    return RNL_OK;
}

rnl_status rnl_schema_print_yaml(const rnl_field *fields, const void *source, char **text)
{
    return print(fields, source, false, text);
}

rnl_status rnl_schema_print_json(const rnl_field *fields, const void *source, char **text)
{
    return print(fields, source, true, text);
}
