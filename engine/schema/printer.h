/*
 * Values as YAML or JSON.
 */
#ifndef RNL_ENGINE_SCHEMA_PRINTER_H
#define RNL_ENGINE_SCHEMA_PRINTER_H

#include "engine/schema/schema.h"

#include <stdio.h>

typedef struct rnl_printer {
    FILE *out;
    bool json; /* every key and text in quotes */
} rnl_printer;

/* On one line: the member of the struct, `{key: value, ...}`, and what these consist of. */
void rnl_print_value(const rnl_printer *p, const rnl_field *field, const void *source);
void rnl_print_fields(const rnl_printer *p, const rnl_field *fields, const void *source);
/* Those fields without the braces. */
void rnl_print_items(const rnl_printer *p, const rnl_field *fields, const void *source);
void rnl_print_word(const rnl_printer *p, const char *word);
void rnl_print_quoted(const rnl_printer *p, const char *text);
/* The shortest decimal that reads back to the same double, with a point in any locale. */
void rnl_print_number(const rnl_printer *p, double number);

/* In YAML's block style: fields that are written so on lines of their own, the others on one. */
void rnl_print_block(const rnl_printer *p, const rnl_field *fields, const void *source, int indent);

#endif
