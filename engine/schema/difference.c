#include "engine/schema/difference.h"

#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/storage/json_failure.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES  128
#define VALUE       60 /* bytes of a value that are shown */
#define VALUE_BYTES 72 /* with dots around them */

/* Values that differ, and where they stand. */
typedef struct difference {
    json_t *before, *now;
    char path[PATH_BYTES];
    size_t length;
} difference;

static void enter(difference *d, json_t *before, json_t *now, const char *name)
{
    const size_t room = PATH_BYTES - d->length;
    const int length = snprintf(d->path + d->length, room, "%s%s", d->length > 0 ? "." : "", name);
    d->length += rnl_least((size_t)length, room - 1);
    d->before = before;
    d->now = now;
}

/* Goes on to the first key whose values differ.  A mapping that lacks it differs itself. */
static bool enter_mapping(difference *d)
{
    const char *key;
    json_t *value;
    json_object_foreach(d->before, key, value)
    {
        json_t *other = json_object_get(d->now, key);
        if (json_equal(value, other))
            continue;
        if (other)
            enter(d, value, other, key);
        return other;
    }
    return false;
}

/* Goes on to the first item that differs, in lists of one length. */
static bool enter_list(difference *d)
{
    char number[24];
    if (json_array_size(d->before) != json_array_size(d->now))
        return false;
    for (size_t i = 0; i < json_array_size(d->before); ++i) {
        json_t *value = json_array_get(d->before, i), *other = json_array_get(d->now, i);
        if (json_equal(value, other))
            continue;
        snprintf(number, sizeof number, "%zu", i);
        enter(d, value, other, number);
        return true;
    }
    return false;
}

/* Tests if the byte is not the first one of a character of UTF-8. */
static bool is_within_character(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* Writes a value; of a long one the part around the place where it differs. */
static void print_value(char text[VALUE_BYTES], const char *value, size_t same)
{
    const size_t length = strlen(value);
    size_t begin = 0;
    if (length > VALUE && same > VALUE / 2)
        begin = rnl_least(same - VALUE / 4, length - VALUE);
    while (begin > 0 && is_within_character(value[begin]))
        --begin;
    size_t end = length - begin > VALUE ? begin + VALUE : length;
    while (end < length && end > begin && is_within_character(value[end]))
        --end;
    snprintf(text, VALUE_BYTES, "%s%.*s%s", begin > 0 ? "..." : "", (int)(end - begin),
             value + begin, end < length ? "..." : "");
}

static void print(const difference *d, const char *before, const char *now,
                  char text[RNL_DIFFERENCE_TEXT])
{
    char was[VALUE_BYTES], is[VALUE_BYTES];
    const char *what = *d->path ? d->path : "it";
    const size_t had = json_array_size(d->before), has = json_array_size(d->now);
    if (had > 0 && has > 0 && had != has && (strlen(before) > VALUE || strlen(now) > VALUE)) {
        snprintf(text, RNL_DIFFERENCE_TEXT, "%s had %zu items and has %zu", what, had, has);
        return;
    }
    size_t same = 0;
    while (before[same] && before[same] == now[same])
        ++same;
    print_value(was, before, same);
    print_value(is, now, same);
    snprintf(text, RNL_DIFFERENCE_TEXT, "%s was %s and is %s", what, was, is);
}

/* Prints both values with 15 digits, or with 17 where numbers differ in the last two alone. */
static bool print_values(const difference *d, char text[RNL_DIFFERENCE_TEXT])
{
    bool printed = true, same = true;
    for (size_t digits = 15; printed && same && digits <= 17; digits += 2) {
        const size_t flags = JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits);
        char *before = json_dumps(d->before, flags), *now = json_dumps(d->now, flags);
        printed = before && now;
        same = printed && strcmp(before, now) == 0;
        if (printed)
            print(d, before, now, text);
        free(before);
        free(now);
    }
    return printed;
}

/* `foreign` is set where Jansson does not read the text, though there is memory for it. */
static json_t *read_text(const char *text, bool *foreign)
{
    json_error_t error = {.text = ""};
    json_t *root = json_loads(text, JSON_DECODE_ANY, &error);
    *foreign |= !root && !rnl_json_lacked_memory(&error);
    return root;
}

rnl_status rnl_difference_describe(const char *before, const char *now,
                                   char text[RNL_DIFFERENCE_TEXT])
{
    bool foreign = false, printed = true;
    json_t *roots[] = {read_text(before, &foreign), read_text(now, &foreign)};
    difference d = {.before = roots[0], .now = roots[1]};
    while (!foreign && (enter_mapping(&d) || enter_list(&d)))
        ;
    if (foreign)
        print(&d, before, now, text);
    else
        printed = print_values(&d, text);
    json_decref(roots[0]);
    json_decref(roots[1]);
    return printed ? RNL_OK : rnl_fail_memory(strlen(before) + strlen(now));
}
