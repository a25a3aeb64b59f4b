#include "cli/comparison_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 40 /* of a value that stands for itself */
#define BEGUN   24 /* letters of one that does not */

/* The last `words` words of a key, or all of it. */
static const char *ending(const char *key, size_t words)
{
    const char *at = key + strlen(key);
    for (; at > key; --at)
        if (at[-1] == '.' && --words == 0)
            break;
    return at;
}

static bool is_shared(const rnl_comparison *comparison, size_t variation, size_t words)
{
    const char *own = ending(comparison->variations[variation].key, words);
    for (size_t v = 0; v < comparison->varied; ++v)
        if (v != variation && strcmp(own, ending(comparison->variations[v].key, words)) == 0)
            return true;
    return false;
}

const char *rnl_comparison_key_name(const rnl_comparison *comparison, size_t variation)
{
    const char *key = comparison->variations[variation].key;
    size_t words = 1;
    while (is_shared(comparison, variation, words) && ending(key, words) > key)
        ++words;
    return ending(key, words);
}

/* Names make up for the length. */
static bool has_long_values(const rnl_variation *variation)
{
    for (size_t i = 0; i < variation->count; ++i)
        if (strlen(variation->values[i]) > LONGEST && !*variation->names[i])
            return true;
    return false;
}

static size_t number_of(const rnl_comparison *comparison, const rnl_combination *c,
                        size_t variation)
{
    const rnl_variation *varied = &comparison->variations[variation];
    size_t number = 0;
    while (number + 1 < varied->count && varied->values[number] != c->values[variation])
        ++number;
    return number;
}

const char *rnl_comparison_given_name(const rnl_comparison *comparison, const rnl_combination *c,
                                      size_t variation)
{
    return comparison->variations[variation].names[number_of(comparison, c, variation)];
}

char *rnl_comparison_value_name(const rnl_comparison *comparison, const rnl_combination *c,
                                size_t variation, bool begun)
{
    const char *value = c->values[variation],
               *given = rnl_comparison_given_name(comparison, c, variation);
    char *text;
    if (*given)
        return strdup(given);
    if (!has_long_values(&comparison->variations[variation]))
        return strdup(value);
    const size_t number = number_of(comparison, c, variation);
    const int length = strlen(value) > BEGUN ? BEGUN : (int)strlen(value);
    const int printed = begun ? asprintf(&text, "#%zu %.*s%s", number + 1, length, value,
                                         strlen(value) > BEGUN ? "..." : "")
                              : asprintf(&text, "#%zu", number + 1);
    return printed < 0 ? NULL : text;
}

char *rnl_comparison_label(const rnl_comparison *comparison, const rnl_combination *c,
                           size_t but_variation)
{
    char *text = strdup("");
    for (size_t v = 0; text && v < comparison->varied; ++v) {
        if (v == but_variation)
            continue;
        char *longer = NULL, *name = rnl_comparison_value_name(comparison, c, v, true);
        if (!name || asprintf(&longer, "%s%s%s", text, *text ? ", " : "", name) < 0)
            longer = NULL;
        free(name);
        free(text);
        text = longer;
    }
    return text;
}

void rnl_comparison_print_legend(const rnl_comparison *comparison)
{
    for (size_t v = 0; v < comparison->varied; ++v) {
        const rnl_variation *variation = &comparison->variations[v];
        for (size_t i = 0; i < variation->count && has_long_values(variation); ++i)
            printf("%s #%zu: %s\n", rnl_comparison_key_name(comparison, v), i + 1,
                   variation->values[i]);
    }
}
