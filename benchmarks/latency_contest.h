/*
 * Contests of `bench latency`: activations, or a model and its fold, under one pass, in paired
 * rounds; and what came of them.
 */
#ifndef RNL_BENCHMARKS_LATENCY_CONTEST_H
#define RNL_BENCHMARKS_LATENCY_CONTEST_H

#include "benchmarks/bench.h"
#include "benchmarks/latency_subject.h"

enum { RNL_MOST_LATENCY_ACTIVATIONS = 16 };

/* The first subject is what the others are compared with. */
typedef struct rnl_latency_contest {
    rnl_latency_source *source;
    /* Contest of the same subjects, whose models inferences share; NULL: none. */
    const struct rnl_latency_contest *first;
    rnl_latency_pass pass;
    size_t count;
    char names[RNL_MOST_LATENCY_ACTIVATIONS][40]; /* "" for a net as it is */
    rnl_latency_subject subjects[RNL_MOST_LATENCY_ACTIVATIONS];
    size_t rounds;
    double spent; /* seconds of all rounds */
    bool over;
} rnl_latency_contest;

/* Makes the subjects; source, first and pass are given: those of the activations, or if that is
 * NULL the net as it is, and its fold where there is one.  A contest without rows is over.  It is
 * released also after a failure. */
rnl_status rnl_latency_contest_make(rnl_latency_contest *contest, json_t *activations);
void rnl_latency_contest_release(rnl_latency_contest *contest);

/* Lets all subjects run once, in an order drawn anew. */
rnl_status rnl_latency_contest_round(rnl_latency_contest *contest, uint64_t *state);

/* Tests if all ratios, or without any the median, are known narrowly. */
bool rnl_latency_contest_is_known(const rnl_latency_contest *contest);

/* Adds what is known to the report; by layer where that was asked for. */
rnl_status rnl_latency_contest_report(const rnl_latency_contest *contest, rnl_bench *bench);

#endif
