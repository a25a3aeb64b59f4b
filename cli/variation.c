#include "cli/variation.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
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

/* The length of a name before a list or a mapping: "after" of "after:[...]"; 0: there is none. */
static size_t name_length(const char *text)
{
    const size_t length =
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    const bool names = text[length] == ':' && (text[length + 1] == '[' || text[length + 1] == '{');
    return names ? length : 0;
}

/* Takes over the text. */
static bool append(char ***list, size_t count, char *text)
{
    char **longer = text ? reallocarray(*list, count + 1, sizeof *longer) : NULL;
    if (!longer) {
        free(text);
        return false;
    }
    longer[count] = text;
    *list = longer;
    return true;
}

static bool add_value(rnl_variation *variation, const char *text, size_t length)
{
    while (length > 0 && isspace((unsigned char)*text))
        ++text, --length;
    const size_t named = name_length(text), begin = named > 0 ? named + 1 : 0;
    if (!append(&variation->names, variation->count, strndup(text, named)))
        return false;
    if (!append(&variation->values, variation->count, trimmed(text + begin, length - begin))) {
        free(variation->names[variation->count]);
        return false;
    }
    ++variation->count;
    return true;
}

/* ---- ranges ---------------------------------------------------------------------------------- */

static const struct {
    const char *word;
    rnl_range range;
} range_words[] = {
    {"log:", RNL_RANGE_LOG}, {"uniform:", RNL_RANGE_UNIFORM}, {"int:", RNL_RANGE_INT}};

static const char *begin_range(rnl_variation *variation, const char *text)
{
    for (size_t i = 0; i < sizeof range_words / sizeof *range_words; ++i)
        if (strncmp(text, range_words[i].word, strlen(range_words[i].word)) == 0) {
            variation->range = range_words[i].range;
            return text + strlen(range_words[i].word);
        }
    return NULL;
}

static bool limits_are_right(const rnl_variation *variation)
{
    const double low = variation->low, high = variation->high;
    const bool whole = low == floor(low) && high == floor(high) && fabs(high) < 1e15;
    return isfinite(low) && isfinite(high) && low < high &&
           (variation->range != RNL_RANGE_LOG || low > 0) &&
           (variation->range != RNL_RANGE_INT || whole);
}

static bool read_limits(rnl_variation *variation, const char *text)
{
    char *end, *last;
    variation->low = strtod(text, &end);
    if (end == text || *end != ':')
        return false;
    variation->high = strtod(end + 1, &last);
    return last != end + 1 && *last == '\0' && limits_are_right(variation);
}

/* A number from 0 to 1, by splitmix64. */
static double drawn(uint64_t seed, uint64_t number, uint64_t draw)
{
    uint64_t z = seed * 0xd1342543de82ef95u + number * 0x2545f4914f6cdd1du +
                 (draw + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static char *value_at(const rnl_variation *variation, double share)
{
    const double low = variation->low, high = variation->high;
    char text[32];
    if (variation->range == RNL_RANGE_INT)
        snprintf(text, sizeof text, "%.0f", floor(low + share * (high - low + 1)));
    else
        snprintf(text, sizeof text, "%.4g",
                 variation->range == RNL_RANGE_LOG ? low * pow(high / low, share)
                                                   : low + share * (high - low));
    return strdup(text);
}

bool rnl_variation_draw(rnl_variation *variation, size_t count, uint64_t seed, uint64_t number)
{
    for (size_t i = 0; i < count; ++i) {
        char *value = value_at(variation, drawn(seed, number, i));
        const bool added = value && add_value(variation, value, strlen(value));
        free(value);
        if (!added)
            return false;
    }
    return true;
}

/* ---- all together ---------------------------------------------------------------------------- */

static bool parse(rnl_variation *variation, const char *text)
{
    const char *equals = strchr(text, '=');
    variation->key = equals ? trimmed(text, (size_t)(equals - text)) : NULL;
    if (!variation->key)
        return false;
    const char *range = begin_range(variation, equals + 1);
    if (range)
        return read_limits(variation, range);
    for (const char *at = equals + 1;;) {
        bool open;
        const size_t length = value_length(at, &open);
        if (open || !add_value(variation, at, length))
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
    for (size_t i = 0; i < variation->count; ++i) {
        free(variation->values[i]);
        free(variation->names[i]);
    }
    free(variation->values);
    free(variation->names);
    free(variation->key);
    *variation = (rnl_variation){0};
}
