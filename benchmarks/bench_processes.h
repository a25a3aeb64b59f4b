/*
 * A benchmark measured by several processes, one after the other.
 *
 * Two processes of one program differ, by where the system puts their pages, by more than the
 * rounds within one of them tell: what is to be compared with another run takes several.
 */
#ifndef RNL_BENCHMARKS_BENCH_PROCESSES_H
#define RNL_BENCHMARKS_BENCH_PROCESSES_H

#include <stddef.h>

typedef struct rnl_bench_processes {
    size_t count;
    double seconds; /* of all together */
    double most;    /* no other process begins if it would end behind so many; 0: all do */
} rnl_bench_processes;

/* Runs this command again, once for each process, and prints what they found together as JSON.
 * Returns an exit code: the first one's that failed. */
int rnl_bench_in_processes(const rnl_bench_processes *how);

#endif
