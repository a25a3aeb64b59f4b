/*
 * The name that a mistyped word was probably meant to be.
 */
#ifndef RNL_CLI_NEAREST_H
#define RNL_CLI_NEAREST_H

#include <stddef.h>

typedef struct rnl_nearest {
    const char *word;
    const char *name; /* the nearest name offered so far; NULL: none is near */
    size_t distance;  /* of the name; before that, one more than still counts as near */
} rnl_nearest;

rnl_nearest rnl_nearest_to(const char *word);
void rnl_nearest_offer(rnl_nearest *nearest, const char *name);

#endif
