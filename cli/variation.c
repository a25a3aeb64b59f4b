#include "cli/variation.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* The length of the value that begins here, up to a comma or the end; `open`: whether a
 * bracket or quote is left open. */
static size_t value_length(const char *text, bool *open)
{
    size_t depth = 0, i = 0;
    char quote = '\0';
    for (; text[i] && (quote || depth > 0 || text[i] != ','); ++i) {
        if (quote)
            quote = text[i] == quote ? '\0' : quote;
        else if (text[i] == '"' || text[i] == '\'')
            quote = text[i];
        else if (text[i] == '[' || text[i] == '{')
            ++depth;
        else if ((text[i] == ']' || text[i] == '}') && depth > 0)
            --depth;
    }
    *open = quote || depth > 0;
    return i;
}

static char *trimmed(const char *text, size_t length)
{
    while (length > 0 && isspace((unsigned char)*text))
        ++text, --length;
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        --length;
    return length > 0 ? strndup(text, length) : NULL;
}

static bool add_value(rnl_variation *variation, char *value)
{
    char **values =
        value ? reallocarray(variation->values, variation->count + 1, sizeof *values) : NULL;
    if (!values) {
        free(value);
        return false;
    }
    values[variation->count++] = value;
    variation->values = values;
    return true;
}

static bool parse(rnl_variation *variation, const char *text)
{
    const char *equals = strchr(text, '=');
    variation->key = equals ? trimmed(text, (size_t)(equals - text)) : NULL;
    if (!variation->key)
        return false;
    for (const char *at = equals + 1;;) {
        bool open;
        const size_t length = value_length(at, &open);
        if (open || !add_value(variation, trimmed(at, length)))
            return false;
        if (at[length] == '\0')
            return true;
        at += length + 1;
    }
}

bool rnl_variation_parse(rnl_variation *variation, const char *text)
{
    *variation = (rnl_variation){0};
    const bool parsed = parse(variation, text);
    if (!parsed)
        rnl_variation_release(variation);
    return parsed;
}

void rnl_variation_release(rnl_variation *variation)
{
    for (size_t i = 0; i < variation->count; ++i)
        free(variation->values[i]);
    free(variation->values);
    free(variation->key);
    *variation = (rnl_variation){0};
}
