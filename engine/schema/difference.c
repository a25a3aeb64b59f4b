#include "engine/schema/difference.h"

#include "engine/base/number.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define MAX_DEPTH   64
#define PATH_BYTES  128
#define VALUE       60 /* bytes of a value that are shown */
#define VALUE_BYTES 72 /* with dots around them */

typedef struct level {
    const char *key; /* in quotes; NULL: a list */
    size_t index;    /* of the list's item */
    const char *value;
} level;

static const char *behind_text(const char *quote)
{
    for (++quote; *quote && *quote != '"'; ++quote)
        quote += *quote == '\\' && quote[1];
    return *quote ? quote + 1 : quote;
}

static const char *behind_blanks(const char *at)
{
    return at + strspn(at, " ");
}

/* Follows the text up to `end`, where the other one differs; returns the number of levels that are
 * open there, of which the last one's value holds that place. */
static size_t follow(const char *text, const char *end, level levels[MAX_DEPTH])
{
    size_t depth = 0;
    for (const char *at = text, *next; at < end; at = next) {
        level *inner = depth > 0 ? &levels[depth - 1] : NULL;
        next = *at == '"' ? behind_text(at) : at + 1;
        if ((*at == '{' || *at == '[') && depth < MAX_DEPTH)
            levels[depth++] = (level){.key = *at == '{' ? "" : NULL, .value = behind_blanks(next)};
        else if ((*at == '}' || *at == ']') && depth > 0)
            --depth;
        else if (*at == ',' && inner && !inner->key) {
            ++inner->index;
            inner->value = behind_blanks(next);
        } else if (*at == '"' && *next == ':' && next < end && inner && inner->key) {
            inner->key = at;
            inner->value = behind_blanks(next + 1);
        } else if (*at == ',' && inner) {
            inner->key = "";
        }
    }
    /* A key that differs says of the mapping around it that it does. */
    while (depth > 1 && levels[depth - 1].key && !*levels[depth - 1].key)
        --depth;
    return depth;
}

static void print_path(char path[PATH_BYTES], const level *levels, size_t depth)
{
    size_t length = 0;
    for (size_t i = 0; i < depth && length < PATH_BYTES; ++i) {
        if (levels[i].key && !*levels[i].key)
            return;
        const char *key = levels[i].key, *dot = i > 0 ? "." : "";
        length += (size_t)(key ? snprintf(path + length, PATH_BYTES - length, "%s%.*s", dot,
                                          (int)strcspn(key + 1, "\""), key + 1)
                               : snprintf(path + length, PATH_BYTES - length, "%s%zu", dot,
                                          levels[i].index));
    }
}

/* Characters of a value, to its end. */
static int value_length(const char *value)
{
    size_t depth = 0;
    const char *at = value;
    while (*at && !(depth == 0 && strchr(",}]", *at))) {
        depth += *at == '{' || *at == '[';
        depth -= *at == '}' || *at == ']';
        at = *at == '"' ? behind_text(at) : at + 1;
    }
    return (int)(at - value);
}

/* A list that goes on differs behind its last common item. */
static bool are_equal(const char *a, const char *b)
{
    const int length = value_length(a);
    return length == value_length(b) && strncmp(a, b, (size_t)length) == 0;
}

/* Tests if the byte is not the first one of a character of UTF-8. */
static bool is_within_character(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

static size_t count_items(const char *list)
{
    size_t count = 0;
    for (const char *at = list + 1; *at && *at != ']'; at += strspn(at, ", ")) {
        at += value_length(at);
        ++count;
    }
    return count;
}

/* Writes a value; of a long one the part around the place where it differs. */
static void print_value(char text[VALUE_BYTES], const char *value, size_t difference)
{
    const size_t length = (size_t)value_length(value);
    size_t begin = 0;
    if (length > VALUE && difference > VALUE / 2)
        begin = rnl_least(difference - VALUE / 4, length - VALUE);
    while (begin > 0 && is_within_character(value[begin]))
        --begin;
    size_t end = length - begin > VALUE ? begin + VALUE : length;
    while (end < length && end > begin && is_within_character(value[end]))
        --end;
    snprintf(text, VALUE_BYTES, "%s%.*s%s", begin > 0 ? "..." : "", (int)(end - begin),
             value + begin, end < length ? "..." : "");
}

void rnl_difference_describe(const char *before, const char *now, char text[RNL_DIFFERENCE_TEXT])
{
    level levels[MAX_DEPTH];
    char path[PATH_BYTES] = "", old[VALUE_BYTES], new[VALUE_BYTES];
    size_t same = 0;
    while (before[same] && before[same] == now[same])
        ++same;
    size_t depth = follow(before, before + same, levels);
    while (depth > 1 &&
           are_equal(levels[depth - 1].value, now + (levels[depth - 1].value - before)))
        --depth;
    print_path(path, levels, depth);
    const char *was = depth > 0 ? levels[depth - 1].value : before, *is = now + (was - before);
    const char *what = *path ? path : "it";
    const bool is_long = value_length(was) > VALUE || value_length(is) > VALUE;
    if (is_long && *was == '[' && *is == '[' && count_items(was) != count_items(is)) {
        snprintf(text, RNL_DIFFERENCE_TEXT, "%s had %zu items and has %zu", what, count_items(was),
                 count_items(is));
        return;
    }
    print_value(old, was, (size_t)(before + same - was));
    print_value(new, is, (size_t)(before + same - was));
    snprintf(text, RNL_DIFFERENCE_TEXT, "%s was %s and is %s", what, old, new);
}
