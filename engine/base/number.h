/*
 * Numbers: decimal ones in text, and divisions of sizes.
 */
#ifndef RNL_ENGINE_BASE_NUMBER_H
#define RNL_ENGINE_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

/* Parses a finite decimal number with a point, in any locale; false if the text is anything
 * else. */
bool rnl_parse_number(const char *text, double *number);

static inline size_t rnl_least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The number of groups of `size` that `count` things make, the last of which may be smaller. */
static inline size_t rnl_divide_up(size_t count, size_t size)
{
    return (count + size - 1) / size;
}

#endif
