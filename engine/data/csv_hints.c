/*
 * What may be wrong with a table: the key that fits what was found.
 */
#include "engine/base/number.h"
#include "engine/data/csv_table.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BLANKS     " \t"
#define MOST_NAMES 5 /* of columns that a message lists */

bool rnl_csv_looks_missing(const char *text)
{
    static const char *const words[] = {"NA",   "N/A",  "#N/A", "NaN",     "null", "none",
                                        "nil",  "?",    "-",    "--",      ".",    "\\N",
                                        "(NA)", "<NA>", "N.A.", "missing", "n.d.", "#NULL!"};
    for (size_t i = 0; i < sizeof words / sizeof *words; ++i)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

/* A number but for the one character, which stands where a point would. */
static bool is_number_with(const char *text, char decimal)
{
    char copy[64];
    double number;
    const size_t length = strlen(text);
    char *at;
    if (length >= sizeof copy || strchr(text, decimal == ',' ? '.' : ','))
        return false;
    memcpy(copy, text, length + 1);
    at = strchr(copy, decimal);
    if (!at)
        return false;
    *at = '.';
    return rnl_parse_number(copy, &number);
}

static bool is_infinite(const char *text)
{
    text += *text == '+' || *text == '-';
    return strcasecmp(text, "inf") == 0 || strcasecmp(text, "infinity") == 0;
}

/* Groups of three digits with commas between them; behind them a point, where `fraction` is. */
static bool may_have_thousands(const char *text, bool fraction)
{
    text += *text == '+' || *text == '-';
    size_t digits = strspn(text, "0123456789"), groups = 0;
    if (digits < 1 || digits > 3)
        return false;
    for (text += digits; *text == ','; text += 4, ++groups)
        if (strspn(text + 1, "0123456789") != 3)
            return false;
    if (fraction && *text == '.')
        text += 1 + strspn(text + 1, "0123456789");
    else if (fraction)
        return false;
    return groups > 0 && *text == '\0';
}

/* A character that other tables have between their cells, or NULL. */
static const char *other_delimiter(const rnl_csv_table *t, const char *text)
{
    static const char *const names[] = {";", "\t", "|", ","};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
        if (t->reader.delimiter != *names[i] && strchr(text, *names[i]))
            return *names[i] == '\t' ? "\"\\t\"" : names[i];
    return NULL;
}

static bool is_all_numbers(const char *text)
{
    char copy[256], *rest = copy;
    double number;
    const size_t length = strlen(text);
    if (length >= sizeof copy)
        return false;
    memcpy(copy, text, length + 1);
    for (const char *word; (word = strsep(&rest, BLANKS));)
        if (*word && !rnl_parse_number(word, &number))
            return false;
    return true;
}

/* Passes over a number of at most so many digits; returns how many it has. */
static size_t pass_digits(const char **at, size_t most)
{
    const size_t digits = strspn(*at, "0123456789");
    *at += digits;
    return digits <= most ? digits : 0;
}

/* A time, as 12:30:00, or a date with a year of four digits, as 2024-01-31; a time may stand behind
 * it. */
static bool is_date(const char *text)
{
    const char *at = text;
    size_t digits[3];
    char separators[2] = "";
    for (size_t i = 0; i < 3; ++i) {
        digits[i] = pass_digits(&at, i == 1 ? 2 : 4);
        if (digits[i] == 0 || digits[i] == 3 || (i < 2 && strspn(at, "-/:") == 0))
            return false;
        if (i < 2)
            separators[i] = *at++;
    }
    const bool years = digits[0] == 4 || digits[2] == 4;
    return separators[0] == separators[1] && (digits[0] <= 2 || digits[2] <= 2) &&
           years == (separators[0] != ':') && at[strspn(at, "0123456789-+/:. TZ")] == '\0';
}

static bool is_target(const rnl_csv_table *t, size_t cell)
{
    for (size_t i = 0; i < rnl_csv_target_count(t); ++i)
        if (t->targets[i] == cell)
            return true;
    return false;
}

static bool begins_as_a_name(const char *text)
{
    return isalpha((unsigned char)*text) || (unsigned char)*text >= 0x80 || *text == '_';
}

static void hint_delimiter(const char *delimiter, char hint[RNL_CSV_HINT])
{
    const bool plain = *delimiter == '"';
    snprintf(hint, RNL_CSV_HINT,
             plain ? " (perhaps `delimiter: %s`)" : " (perhaps `delimiter: \"%s\"`)", delimiter);
}

/* An input that is to be a number, and holds a name. */
static bool holds_name(const rnl_csv_table *t, size_t input)
{
    const size_t cell = t->inputs[input];
    const char *text = rnl_csv_text(t, cell);
    double number;
    return !rnl_csv_encoding(t)->inputs.items[input].categorical && begins_as_a_name(text) &&
           !rnl_csv_is_missing(t, cell) && !rnl_csv_looks_missing(text) && !is_infinite(text) &&
           !rnl_csv_parse_input(text, *t->parameters->decimal, &number);
}

/* Names the other columns of the row that hold names, so that they need not be found one by one. */
static void hint_names(const rnl_csv_table *t, size_t cell, char hint[RNL_CSV_HINT])
{
    int length = snprintf(hint, RNL_CSV_HINT, " (columns of names belong under `categorical`");
    size_t others = 0;
    for (size_t i = 0; t->inputs && i < rnl_csv_encoding(t)->inputs.count; ++i) {
        const size_t other = t->inputs[i];
        if (other == cell || !holds_name(t, i) || ++others > MOST_NAMES)
            continue;
        length +=
            snprintf(hint + length, RNL_CSV_HINT - (size_t)length, "%s '%.30s', with '%.20s'",
                     others == 1 ? "; so do" : ",", t->names.items[other], rnl_csv_text(t, other));
    }
    if (others > MOST_NAMES)
        length += snprintf(hint + length, RNL_CSV_HINT - (size_t)length, " and %zu more",
                           others - MOST_NAMES);
    snprintf(hint + length, RNL_CSV_HINT - (size_t)length,
             rnl_text_index_find(&t->index, "auto") ? ")" : "; `categorical: auto` finds them)");
}

void rnl_csv_hint_number(const rnl_csv_table *t, size_t cell, char hint[RNL_CSV_HINT])
{
    const char *text = rnl_csv_text(t, cell);
    const char *delimiter = other_delimiter(t, text);
    const bool with_comma = *t->parameters->decimal == ',';
    hint[0] = '\0';
    if (rnl_csv_looks_missing(text))
        snprintf(hint, RNL_CSV_HINT,
                 " (if it means that there is none: `missing_values: [\"%.20s\"]`, with `missing: "
                 "drop` or `fill`)",
                 text);
    else if (is_infinite(text))
        snprintf(hint, RNL_CSV_HINT, " that is finite");
    else if (!with_comma && may_have_thousands(text, false))
        snprintf(hint, RNL_CSV_HINT,
                 " (with a decimal comma: `decimal: \",\"`; commas between thousands are not "
                 "read)");
    else if (!with_comma && may_have_thousands(text, true))
        snprintf(hint, RNL_CSV_HINT, " without commas between thousands");
    else if (!with_comma && is_number_with(text, ','))
        snprintf(hint, RNL_CSV_HINT, " (with a decimal comma: `decimal: \",\"`)");
    else if (with_comma && is_number_with(text, '.'))
        snprintf(hint, RNL_CSV_HINT, " with a decimal comma, as `decimal` says");
    else if (delimiter && *delimiter != ',')
        hint_delimiter(delimiter, hint);
    else if (strpbrk(text, BLANKS) && is_all_numbers(text))
        snprintf(hint, RNL_CSV_HINT, " (perhaps `delimiter: whitespace`)");
    else if (begins_as_a_name(text) && is_target(t, cell))
        snprintf(hint, RNL_CSV_HINT,
                 " (classes need the loss sparse_categorical_crossentropy with softmax or, if they "
                 "are two, binary_crossentropy with sigmoid)");
    else if (begins_as_a_name(text))
        hint_names(t, cell, hint);
    else if (!is_target(t, cell) && is_date(text))
        snprintf(hint, RNL_CSV_HINT,
                 " (dates and times are not read: `ignore: [\"%.60s\"]` leaves the column out)",
                 t->names.items[cell]);
}

/* A column that is empty to the end of the table is what delimiters at the ends of lines make. */
void rnl_csv_hint_missing(const rnl_csv_table *t, size_t cell, char hint[RNL_CSV_HINT])
{
    hint[0] = '\0';
    if (cell + 1 == t->width && cell > 0 && !is_target(t, cell) && *rnl_csv_text(t, cell) == '\0' &&
        t->reader.delimiter != RNL_CSV_BLANKS)
        snprintf(hint, RNL_CSV_HINT,
                 "; if every line ends with '%c', `ignore: [\"%.60s\"]` leaves out the empty "
                 "column behind it",
                 t->reader.delimiter, t->names.items[cell]);
}

static bool names_are_numbers(const rnl_csv_table *t)
{
    double number;
    for (size_t i = 0; i < t->names.count; ++i)
        if (!rnl_parse_number(t->names.items[i], &number))
            return false;
    return t->parameters->header;
}

/* The wanted name stands in a cell of the first line, between other delimiters. */
static bool stands_within(const char *cell, const char *name)
{
    const size_t length = strlen(name);
    const char *at = length > 0 ? strstr(cell, name) : NULL;
    for (; at; at = strstr(at + 1, name))
        if ((at == cell || strchr(";|,\t \"", at[-1])) && strchr(";|,\t \"", at[length]))
            return true;
    return false;
}

static void list_names(const rnl_csv_table *t, char hint[RNL_CSV_HINT])
{
    int length = snprintf(hint, RNL_CSV_HINT, "; it has");
    for (size_t i = 0; i < t->names.count && i < MOST_NAMES; ++i)
        length += snprintf(hint + length, RNL_CSV_HINT - (size_t)length, "%s '%.30s'",
                           i > 0 ? "," : "", t->names.items[i]);
    if (t->names.count > MOST_NAMES)
        snprintf(hint + length, RNL_CSV_HINT - (size_t)length, ", ...");
}

void rnl_csv_hint_column(const rnl_csv_table *t, const char *name, char hint[RNL_CSV_HINT])
{
    const char *nearest = rnl_nearest(name, (const char *const *)t->names.items, t->names.count);
    hint[0] = '\0';
    for (size_t i = 0; i < t->names.count; ++i) {
        const char *cell = t->parameters->header ? t->names.items[i] : rnl_csv_text(t, i);
        const char *delimiter = other_delimiter(t, cell);
        const bool likely = t->parameters->header ? stands_within(cell, name) : t->width == 1;
        if (likely && delimiter) {
            hint_delimiter(delimiter, hint);
            return;
        }
        if (likely && strpbrk(cell, BLANKS)) {
            snprintf(hint, RNL_CSV_HINT, " (perhaps `delimiter: whitespace`)");
            return;
        }
    }
    if (names_are_numbers(t))
        snprintf(hint, RNL_CSV_HINT,
                 ": its first line is all numbers; without names, `header: false`, and columns are "
                 "1, 2, 3, ...");
    else if (nearest)
        snprintf(hint, RNL_CSV_HINT, "; did you mean '%.60s'?", nearest);
    else
        list_names(t, hint);
}

void rnl_csv_hint_width(const rnl_csv_table *t, char hint[RNL_CSV_HINT])
{
    const rnl_csv_reader *reader = &t->reader;
    hint[0] = '\0';
    if (reader->delimiter == RNL_CSV_BLANKS || reader->count < t->width)
        return;
    if (reader->count == t->width + 1 && *rnl_csv_text(t, t->width) == '\0')
        snprintf(hint, RNL_CSV_HINT, ": this line ends with '%c', which the first does not",
                 reader->delimiter);
    else if (reader->delimiter == ',')
        snprintf(hint, RNL_CSV_HINT,
                 " (a ',' within a cell, as in a number with a decimal comma, needs quotes around "
                 "the cell)");
}
