/*
 * --vary KEY=VALUE,VALUE...: a key of the configuration and the values to compare.
 */
#ifndef RNL_CLI_VARIATION_H
#define RNL_CLI_VARIATION_H

#include <stdbool.h>
#include <stddef.h>

#define RNL_MAX_VARIED 8

typedef struct rnl_variation {
    char *key;
    size_t count;
    char **values; /* (count) YAML each */
} rnl_variation;

/* Splits at the commas outside of brackets, braces and quotes.  False, with the variation empty, if
 * a key or a value is missing, a bracket is left open, or memory runs out. */
bool rnl_variation_parse(rnl_variation *variation, const char *text);
void rnl_variation_release(rnl_variation *variation);

#endif
