/*
 * Fields of one value: integer, number, boolean, text.
 */
#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/schema/field_types.h"
#include "engine/schema/node.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers --------------------------------------------------------------------------------- */

/* Digits by which a limit is told: 0.9999999 in 15, 2^53 in 16. */
static int digits(double limit)
{
    return fabs(limit) < 1e15 ? 15 : 16;
}

/* "an integer from 1 to 100", "a number above 0 and at most 1" */
static void print_range(char *text, size_t size, const rnl_field *field, const char *what)
{
    if (field->minimum == 0 && field->maximum == 0)
        snprintf(text, size, "%s", what);
    else if (field->above_minimum)
        snprintf(text, size, "%s above %.*g and at most %.*g", what, digits(field->minimum),
                 field->minimum, digits(field->maximum), field->maximum);
    else
        snprintf(text, size, "%s from %.*g to %.*g", what, digits(field->minimum), field->minimum,
                 digits(field->maximum), field->maximum);
}

static bool in_range(const rnl_field *field, double value)
{
    if (field->minimum == 0 && field->maximum == 0)
        return true;
    return (field->above_minimum ? value > field->minimum : value >= field->minimum) &&
           value <= field->maximum;
}

/* Judges without rounding to a double: bounds are whole. */
static bool whole_in_range(const rnl_field *field, long long value)
{
    if (field->minimum == 0 && field->maximum == 0)
        return true;
    return value >= (long long)field->minimum && value <= (long long)field->maximum;
}

/* What stands in quotes is a text, also if it says a number, or true. */
static rnl_status fail_scalar(const rnl_field *field, const rnl_node *node, const char *expected)
{
    double number;
    if (node->type != RNL_SCALAR || !node->quoted ||
        !(rnl_parse_number(node->text, &number) || strcmp(node->text, "true") == 0 ||
          strcmp(node->text, "false") == 0))
        return rnl_fail_value(field, node, expected);
    return rnl_fail_at(node->place, "%s: expected %s, without quotes, got the text '%.60s'",
                       field->key, expected, node->text);
}

static rnl_status decode_integer(const rnl_field *field, const rnl_node *node, void *value)
{
    char expected[128];
    print_range(expected, sizeof expected, field,
                field->power_of_two ? "a power of two" : "an integer");
    if (node->type != RNL_SCALAR || node->quoted || rnl_node_is_empty(node) ||
        node->text[strspn(node->text, "+-0123456789")] != '\0')
        return fail_scalar(field, node, expected);
    char *end;
    errno = 0;
    const long long number = strtoll(node->text, &end, 10);
    if (*end != '\0' || errno != 0 || !whole_in_range(field, number) ||
        (field->power_of_two && (number & (number - 1)) != 0))
        return fail_scalar(field, node, expected);
    *(int64_t *)value = number;
    return RNL_OK;
}

static void print_integer(const rnl_printer *p, const rnl_field *field, const void *value)
{
    (void)field;
    fprintf(p->out, "%lld", (long long)*(const int64_t *)value);
}

static void describe_range(FILE *out, const rnl_field *f, const char *what)
{
    fputs(what, out);
    if (f->above_minimum)
        fprintf(out, " above %.*g, at most %.*g", digits(f->minimum), f->minimum,
                digits(f->maximum), f->maximum);
    else if (f->minimum != 0 || f->maximum != 0)
        fprintf(out, " from %.*g to %.*g", digits(f->minimum), f->minimum, digits(f->maximum),
                f->maximum);
    if (f->zero)
        fprintf(out, ", or %s", f->zero);
}

static void describe_integer(FILE *out, const rnl_field *field)
{
    describe_range(out, field, field->power_of_two ? "power of two" : "integer");
}

const rnl_field_operations rnl_integer_field = {
    .size = sizeof(int64_t),
    .decode = decode_integer,
    .print = print_integer,
    .describe = describe_integer,
};

static rnl_status decode_number(const rnl_field *field, const rnl_node *node, void *value)
{
    char expected[128];
    print_range(expected, sizeof expected, field, "a number");
    if (field->zero)
        snprintf(expected + strlen(expected), sizeof expected - strlen(expected), ", or %s",
                 field->zero);
    if (field->zero && node->type == RNL_SCALAR && strcmp(node->text, field->zero) == 0) {
        *(double *)value = 0;
        return RNL_OK;
    }
    double number;
    if (node->type != RNL_SCALAR || node->quoted || !rnl_parse_number(node->text, &number) ||
        !in_range(field, number))
        return fail_scalar(field, node, expected);
    *(double *)value = number;
    return RNL_OK;
}

static void print_number(const rnl_printer *p, const rnl_field *field, const void *value)
{
    const double number = *(const double *)value;
    if (field->zero && number == 0)
        rnl_print_word(p, field->zero);
    else
        rnl_print_number(p, number);
}

static void describe_number(FILE *out, const rnl_field *field)
{
    describe_range(out, field, "number");
}

const rnl_field_operations rnl_number_field = {
    .size = sizeof(double),
    .decode = decode_number,
    .print = print_number,
    .describe = describe_number,
};

/* ---- booleans and texts ---------------------------------------------------------------------- */

static rnl_status decode_boolean(const rnl_field *field, const rnl_node *node, void *value)
{
    if (node->type != RNL_SCALAR || node->quoted ||
        (strcmp(node->text, "true") != 0 && strcmp(node->text, "false") != 0))
        return fail_scalar(field, node, "true or false");
    *(bool *)value = *node->text == 't';
    return RNL_OK;
}

static void print_boolean(const rnl_printer *p, const rnl_field *field, const void *value)
{
    (void)field;
    fputs(*(const bool *)value ? "true" : "false", p->out);
}

static void describe_boolean(FILE *out, const rnl_field *field)
{
    (void)field;
    fputs("true or false", out);
}

const rnl_field_operations rnl_boolean_field = {
    .size = sizeof(bool),
    .decode = decode_boolean,
    .print = print_boolean,
    .describe = describe_boolean,
};

static rnl_status decode_text(const rnl_field *field, const rnl_node *node, void *value)
{
    if (node->type != RNL_SCALAR)
        return rnl_fail_value(field, node, "text");
    if (rnl_node_is_empty(node))
        return field->fallback && strcmp(field->fallback, "null") == 0
                   ? RNL_OK
                   : rnl_fail_value(field, node, "text");
    const char *expected = field->refuse ? field->refuse(node->text) : NULL;
    if (expected)
        return rnl_fail_value(field, node, expected);
    char *copy = strdup(node->text);
    *(char **)value = copy;
    return copy ? RNL_OK : rnl_fail_memory(strlen(node->text) + 1);
}

static void release_text(const rnl_field *field, void *value)
{
    (void)field;
    free(*(char **)value);
}

static void print_text(const rnl_printer *p, const rnl_field *field, const void *value)
{
    (void)field;
    const char *text = *(char *const *)value;
    if (text)
        rnl_print_quoted(p, text);
    else
        fputs("null", p->out);
}

static void describe_text(FILE *out, const rnl_field *field)
{
    (void)field;
    fputs("text", out);
}

const rnl_field_operations rnl_text_field = {
    .size = sizeof(char *),
    .decode = decode_text,
    .release = release_text,
    .print = print_text,
    .describe = describe_text,
};
