/*
 * The state of the machine that a measurement depends on, and what disturbed it.
 */
#ifndef RNL_BENCHMARKS_CONDITIONS_H
#define RNL_BENCHMARKS_CONDITIONS_H

#include "benchmarks/neighbours.h"

#include <stdbool.h>
#include <stddef.h>

/* Time of all processors since the machine started. */
typedef struct rnl_ticks {
    double all, used, stolen;
} rnl_ticks;

typedef struct rnl_conditions {
    char processor[96];    /* "AMD EPYC 9R14" */
    char frequency[96];    /* "2.60 GHz by a chain of multiplications; governor ..." */
    char allowed[128];     /* processors that this process may use: "0-1" */
    char huge_pages[16];   /* of anonymous memory: "madvise" */
    char turbo[8], smt[8]; /* "on", "off" or "unknown" */
    char governor[32];
    double gigahertz; /* of one core, by a chain of multiplications */
    double load[3];   /* averages over 1, 5 and 15 minutes */
    double quota;     /* processors' worth of time by control groups; 0: no limit */
    size_t processors;
    bool virtual_machine;
    rnl_ticks ticks;
    double processor_seconds; /* of this process */
    double begun;
    rnl_neighbours neighbours;
} rnl_conditions;

/* Looks at the machine; what it does not tell is "unknown". */
void rnl_conditions_read(rnl_conditions *conditions);
void rnl_conditions_release(rnl_conditions *conditions);

enum { RNL_DISTURBANCES = 5, RNL_DISTURBANCE_SIZE = 192 };

typedef struct rnl_disturbances {
    size_t count;
    char lines[RNL_DISTURBANCES][RNL_DISTURBANCE_SIZE];
    double share; /* of the processors' time that other processes and machines took */
} rnl_disturbances;

/* Finds what disturbed measurements since then, with a line for each thing: other processes, with
 * the busiest one's name; stolen time; a frequency that moved; a quota. */
void rnl_conditions_disturbances(const rnl_conditions *then, rnl_disturbances *found);

/* A chain of multiplications, and the cycles that it takes on every current x86-64. */
void rnl_clock_chain(void);
#define RNL_CLOCK_CHAIN_CYCLES 480000.0

#endif
