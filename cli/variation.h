/*
 * --vary KEY=VALUE,VALUE...: a key of the configuration and the values to compare, each perhaps
 * with a name; or KEY=log:LOW:HIGH, a range to draw them from.
 */
#ifndef RNL_CLI_VARIATION_H
#define RNL_CLI_VARIATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RNL_MAX_VARIED 8

typedef enum rnl_range {
    RNL_RANGE_NONE,    /* values are listed */
    RNL_RANGE_LOG,     /* the logarithm is uniform */
    RNL_RANGE_UNIFORM, /* from LOW to HIGH */
    RNL_RANGE_INT      /* whole numbers, LOW and HIGH among them */
} rnl_range;

typedef struct rnl_variation {
    char *key;
    size_t count;
    char **values; /* (count) YAML each */
    char **names;  /* (count) what the user calls them; "": nothing */
    rnl_range range;
    double low, high; /* of the range */
} rnl_variation;

/* Splits at the commas outside of brackets, braces and quotes; `name:` before a bracket or brace
 * names a value.  A range has no values yet.  False, with the variation empty, if a key or a value
 * is missing, a bracket is left open, a range is empty, or memory runs out. */
bool rnl_variation_parse(rnl_variation *variation, const char *text);

/* Draws the values of a range, the same for the same seed and number; rounded to four digits, which
 * is what is shown.  False if memory runs out. */
bool rnl_variation_draw(rnl_variation *variation, size_t count, uint64_t seed, uint64_t number);
void rnl_variation_release(rnl_variation *variation);

#endif
