/*
 * Decimal numbers in text.
 */
#ifndef RNL_ENGINE_BASE_NUMBER_H
#define RNL_ENGINE_BASE_NUMBER_H

#include <stdbool.h>

/* Parses a finite decimal number with a point, in any locale; false if the text is anything
 * else. */
bool rnl_parse_number(const char *text, double *number);

#endif
