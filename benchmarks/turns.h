/*
 * Contenders that take turns on one team: in each round all of them, in an order drawn anew, so
 * that a mood of the machine meets all alike.
 */
#ifndef RNL_BENCHMARKS_TURNS_H
#define RNL_BENCHMARKS_TURNS_H

#include "benchmarks/samples.h"
#include "runnel/runnel.h"

#include <stddef.h>

typedef struct rnl_contender {
    /* One iteration of one worker; all workers run it at the same time. */
    void (*work)(size_t worker, void *context);
    void *context;
    size_t iterations;             /* of a turn; 0: as many as take some 200 microseconds */
    rnl_samples seconds;           /* of one iteration: one figure for each round */
    rnl_samples processor_seconds; /* of the whole process, the same */
} rnl_contender;

typedef struct rnl_turns {
    size_t threads;
    size_t count;
    rnl_contender *contenders;
    double deadline;     /* rnl_seconds after which no round begins, once there were the fewest */
    size_t fewest, most; /* rounds */
    double narrow;       /* ends when all medians are known within this share of them */
} rnl_turns;

/* Warms up, then runs rounds.  Workers are placed as those of a training run, and flush denormals
 * to zero. */
rnl_status rnl_take_turns(const rnl_turns *turns);

/* Both samples of all contenders. */
void rnl_turns_release(const rnl_turns *turns);

#endif
