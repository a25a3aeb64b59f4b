/*
 * The other processes of the machine, and the processor time that they take.
 */
#ifndef RNL_BENCHMARKS_NEIGHBOURS_H
#define RNL_BENCHMARKS_NEIGHBOURS_H

#include <stddef.h>

typedef struct rnl_neighbour {
    long process;
    double seconds; /* of processors, since it began */
} rnl_neighbour;

typedef struct rnl_neighbours {
    size_t count;
    rnl_neighbour *items; /* by process */
} rnl_neighbours;

/* All processes that /proc shows, but this one. */
void rnl_neighbours_read(rnl_neighbours *neighbours);
void rnl_neighbours_release(rnl_neighbours *neighbours);

typedef struct rnl_busiest {
    long process; /* 0: none took any */
    char name[32];
    double seconds;     /* of processors, between the two looks */
    double all_seconds; /* of all others together */
} rnl_busiest;

rnl_busiest rnl_neighbours_busiest(const rnl_neighbours *before, const rnl_neighbours *after);

#endif
