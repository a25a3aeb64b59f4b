/*
 * Calls that fail on demand, for a program whose linker was given --wrap for each of them.
 */
#ifndef RNL_TESTS_FAILING_CALLS_H
#define RNL_TESTS_FAILING_CALLS_H

#include <stdbool.h>

typedef enum call_kind {
    ALLOCATION,
    OBJECT,               /* that another library, or the system, makes for us */
    FILE_CALL,            /* opening, reserving, writing, syncing, renaming, closing, removing */
    SHORT_TRANSFER,       /* a read or write that moves half of the bytes */
    INTERRUPTED_TRANSFER, /* a read or write that a signal interrupts */
    CALL_KINDS
} call_kind;

typedef struct failure {
    const char *name;
    call_kind kind;
    bool onward;   /* all calls of the kind after it fail too */
    bool harmless; /* the run must succeed all the same */
    bool stops;    /* the process ends in place of the call, as if it were killed */
    long number;   /* of the first call that fails, from 1 */
} failure;

#define STOPPED_CODE 4 /* of the process that ends so */

void start_failing(const failure *f);

/* Whether a call has failed. */
bool stop_failing(void);

/* Calls since start_failing of the kind that was to fail. */
long calls_made(void);

/* Where calls come from. */
typedef struct call_places {
    long count;
    unsigned long places[1 << 13]; /* a number for the functions above each call */
} call_places;

/* Notes the place of each call of the kind from start_failing on; NULL ends it. */
void note_places(call_places *places);

#endif
