#include "cli/options.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool rnl_read_whole(const char *text, uint64_t most, uint64_t *number)
{
    if (*text == '\0' || strspn(text, "0123456789") != strlen(text))
        return false;
    uint64_t value = 0;
    for (; *text; ++text) {
        const uint64_t digit = (uint64_t)(*text - '0');
        if (value > (most - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *number = value;
    return true;
}

bool rnl_read_count(const char *text, uint64_t fewest, size_t *count)
{
    uint64_t number;
    if (!rnl_read_whole(text, 1000000, &number) || number < fewest)
        return false;
    *count = number;
    return true;
}

bool rnl_take_switch(rnl_arguments *arguments, void *member, const char *value)
{
    (void)arguments, (void)value;
    return *(bool *)member = true;
}

bool rnl_take_text(rnl_arguments *arguments, void *member, const char *value)
{
    (void)arguments;
    *(const char **)member = value;
    return *value != '\0';
}

bool rnl_take_count(rnl_arguments *arguments, void *member, const char *value)
{
    (void)arguments;
    return rnl_read_count(value, 1, member);
}

bool rnl_take_threads(rnl_arguments *arguments, void *member, const char *value)
{
    (void)arguments;
    uint64_t number;
    if (!rnl_read_whole(value, SIZE_MAX, &number) || number == 0)
        return false;
    *(size_t *)member = number;
    return true;
}

const char *const rnl_pin_words[3] = {
    [RNL_PIN_AUTO] = "auto", [RNL_PIN_ON] = "on", [RNL_PIN_OFF] = "off"};
const char *const rnl_products_words[3] = {
    [RNL_PRODUCTS_AUTO] = "auto", [RNL_PRODUCTS_OWN] = "own", [RNL_PRODUCTS_ONEDNN] = "onednn"};

/* Returns 3 if it is none of the names. */
static size_t choice_of(const char *const names[3], const char *value)
{
    size_t i = 0;
    while (i < 3 && strcmp(value, names[i]) != 0)
        ++i;
    return i;
}

bool rnl_take_pin(rnl_arguments *arguments, void *member, const char *value)
{
    const size_t choice = choice_of(rnl_pin_words, value);
    (void)arguments;
    *(rnl_pin *)member = (rnl_pin)choice;
    return choice < 3;
}

bool rnl_take_products(rnl_arguments *arguments, void *member, const char *value)
{
    const size_t choice = choice_of(rnl_products_words, value);
    (void)arguments;
    *(rnl_products *)member = (rnl_products)choice;
    return choice < 3;
}

bool rnl_take_override(rnl_arguments *arguments, void *member, const char *value)
{
    (void)member;
    arguments->overrides[arguments->override_count++] = value;
    return strchr(value, '=') != NULL;
}

bool rnl_take_seed(rnl_arguments *arguments, void *seed, const char *value)
{
    rnl_seed *taken = seed;
    if (!rnl_read_whole(value, UINT64_C(1) << 53, &taken->value))
        return false;
    taken->given = true;
    snprintf(taken->override, sizeof taken->override, "training.seed=%" PRIu64, taken->value);
    return rnl_take_override(arguments, NULL, taken->override);
}
