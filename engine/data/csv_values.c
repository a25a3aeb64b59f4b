/*
 * What the cells of a table hold: nothing, a number, or a truth value.
 */
#include "engine/base/number.h"
#include "engine/data/csv_table.h"

#include <string.h>

bool rnl_csv_is_missing(const rnl_csv_table *t, size_t cell)
{
    const char *text = rnl_csv_text(t, cell);
    const rnl_text_list *others = &t->parameters->missing_values;
    bool missing = *text == '\0';
    for (size_t i = 0; i < others->count && !missing; ++i)
        missing = strcmp(others->items[i], text) == 0;
    return missing;
}

/* A comma in place of the point: then a point is not one. */
static bool parse_with_comma(const char *text, double *number)
{
    char copy[1024];
    const char *comma = strchr(text, ',');
    const size_t length = strlen(text);
    if (strchr(text, '.') || (comma && length >= sizeof copy))
        return false;
    if (!comma)
        return rnl_parse_number(text, number);
    memcpy(copy, text, length + 1);
    copy[comma - text] = '.';
    return rnl_parse_number(copy, number);
}

bool rnl_csv_parse_number(const char *text, char decimal, double *number)
{
    return decimal == ',' ? parse_with_comma(text, number) : rnl_parse_number(text, number);
}

static bool is_one_of(const char *text, const char *const words[3])
{
    return strcmp(text, words[0]) == 0 || strcmp(text, words[1]) == 0 ||
           strcmp(text, words[2]) == 0;
}

/* Truth values as pandas, R and spreadsheets write them; numbers, as they are in a frame. */
bool rnl_csv_parse_input(const char *text, char decimal, double *number)
{
    static const char *const yes[] = {"True", "true", "TRUE"}, *const no[] = {"False", "false",
                                                                              "FALSE"};
    if (rnl_csv_parse_number(text, decimal, number))
        return true;
    *number = is_one_of(text, yes);
    return *number == 1 || is_one_of(text, no);
}

bool rnl_csv_is_number(const rnl_csv_table *t, size_t cell, double *number)
{
    const char *text = rnl_csv_text(t, cell);
    /* A selected class has another name, which the configuration gives. */
    const bool own = text == t->reader.text + t->reader.cells[cell].begin;
    return rnl_csv_parse_number(text, own ? *t->parameters->decimal : '.', number);
}
