#include "engine/schema/printer.h"

#include "engine/base/error.h"
#include "engine/schema/field_types.h"

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

void rnl_print_word(const rnl_printer *p, const char *word)
{
    if (p->json)
        rnl_print_quoted(p, word);
    else
        fputs(word, p->out);
}

void rnl_print_items(const rnl_printer *p, const rnl_field *fields, const void *source)
{
    const char *separator = "";
    for (const rnl_field *f = fields; f->key; ++f) {
        if (f->rewritten)
            continue;
        fputs(separator, p->out);
        separator = ", ";
        rnl_print_word(p, f->key);
        fputs(": ", p->out);
        rnl_print_value(p, f, source);
    }
}

void rnl_print_fields(const rnl_printer *p, const rnl_field *fields, const void *source)
{
    fputc('{', p->out);
    rnl_print_items(p, fields, source);
    fputc('}', p->out);
}

void rnl_print_value(const rnl_printer *p, const rnl_field *field, const void *source)
{
    rnl_field_operations_of(field)->print(p, field, member(source, field));
}

void rnl_print_block(const rnl_printer *p, const rnl_field *fields, const void *source, int indent)
{
    for (const rnl_field *f = fields; f->key; ++f) {
        const rnl_field_operations *operations = rnl_field_operations_of(f);
        if (f->rewritten)
            continue;
        fprintf(p->out, "%*s%s:", indent, "", f->key);
        if (operations->print_block) {
            operations->print_block(p, f, member(source, f), indent);
            continue;
        }
        fputc(' ', p->out);
        rnl_print_value(p, f, source);
        fputc('\n', p->out);
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
        rnl_print_fields(&p, fields, source);
    else
        rnl_print_block(&p, fields, source, 0);
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
