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

/* On one line, as all of these. */
void rnl_print_value(const rnl_printer *p, const rnl_field *field, const void *source);
void rnl_print_quoted(const rnl_printer *p, const char *text);
/* The shortest decimal that reads back to the same double, with a point in any locale. */
void rnl_print_number(const rnl_printer *p, double number);

/* The field that stands for a kind that has a shorthand. */
const rnl_field *rnl_kind_shorthand(const rnl_kind *kind);

#endif
