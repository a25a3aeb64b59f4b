#include "cli/comparison_names.h"

#include <stdio.h>
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

static bool has_long_values(const rnl_variation *variation)
{
    for (size_t i = 0; i < variation->count; ++i)
        if (strlen(variation->values[i]) > LONGEST)
            return true;
    return false;
}

char *rnl_comparison_value_name(const rnl_comparison *comparison, const rnl_combination *c,
                                size_t variation, bool begun)
{
    const rnl_variation *varied = &comparison->variations[variation];
    const char *value = c->values[variation];
    char *text;
    if (!has_long_values(varied))
        return strdup(value);
    size_t number = 0;
    while (number + 1 < varied->count && varied->values[number] != value)
        ++number;
    const int length = strlen(value) > BEGUN ? BEGUN : (int)strlen(value);
    const int printed = begun ? asprintf(&text, "#%zu %.*s%s", number + 1, length, value,
                                         strlen(value) > BEGUN ? "..." : "")
                              : asprintf(&text, "#%zu", number + 1);
    return printed < 0 ? NULL : text;
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
