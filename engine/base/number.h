/*
 * Numbers as people write them.
 */
#ifndef RNL_ENGINE_BASE_NUMBER_H
#define RNL_ENGINE_BASE_NUMBER_H

#include <stdbool.h>

/* A finite decimal number with a point, whatever the locale; false if the text is anything else. */
bool rnl_parse_number(const char *text, double *number);

#endif
