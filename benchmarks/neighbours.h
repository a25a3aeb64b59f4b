/*
 * The other processes of the machine, and the processor time that they take.
 */
#ifndef RNL_BENCHMARKS_NEIGHBOURS_H
#define RNL_BENCHMARKS_NEIGHBOURS_H

#include <stdbool.h>
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

/* Tells in a line, with the busiest one's name, process and share, what others used of so many
 * seconds, if that is enough to disturb.  counted: processors' seconds of all others as the machine
 * counts them, with processes that came and went, or that /proc does not show. */
bool rnl_neighbours_describe(char *line, size_t size, const rnl_busiest *busiest, double counted,
                             double seconds);

#endif
