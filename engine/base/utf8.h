/*
 * Texts of UTF-8.
 */
#ifndef RNL_ENGINE_BASE_UTF8_H
#define RNL_ENGINE_BASE_UTF8_H

#include <stdbool.h>

/* Tests if all bytes are well-formed UTF-8 (The Unicode Standard, table 3-7). */
bool rnl_is_utf8(const char *text);

#endif
