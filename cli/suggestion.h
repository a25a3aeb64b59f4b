/*
 * The name that a mistyped word was probably meant to be.
 */
#ifndef RNL_CLI_SUGGESTION_H
#define RNL_CLI_SUGGESTION_H

#include <stddef.h>

typedef struct rnl_suggestion {
    const char *word;
    const char *name; /* the nearest name offered so far; NULL: none is near */
    size_t distance;  /* of the name; before that, one more than still counts as near */
} rnl_suggestion;

rnl_suggestion rnl_suggestion_for(const char *word);
void rnl_suggestion_offer(rnl_suggestion *suggestion, const char *name);

#endif
