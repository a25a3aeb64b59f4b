/*
 * The machine as this process may use it.  topology.c is the one file that knows hwloc.
 */
#ifndef RNL_THREADING_TOPOLOGY_H
#define RNL_THREADING_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>

/* A physical core of which at least one hardware thread may be used. */
typedef struct rnl_core {
    unsigned processor;    /* operating system's number of its first usable hardware thread */
    unsigned first_thread; /* of its first thread, usable or not: the same for all processes */
    unsigned core, package, numa_node; /* logical numbers */
    bool claimed;                      /* by a run; set by rnl_claims_read */
} rnl_core;

typedef struct rnl_topology {
    size_t core_count; /* usable physical cores, ordered by NUMA node, then by core */
    rnl_core *cores;
    size_t machine_cores, machine_processors; /* of the whole machine */
    size_t usable_processors;                 /* hardware threads left by cpuset and affinity */
    size_t numa_nodes;                        /* number of those with usable cores */
    double quota; /* processors' worth of cgroup CPU time; 0: no limit */
} rnl_topology;

/* A set of processors by their operating system's numbers. */
typedef struct rnl_processor_set {
    size_t count;
    unsigned *numbers;
} rnl_processor_set;

/* The machine to read.  All NULL: this machine and this process.  For another machine, synthetic or
 * xml, affinity and quota are only what is given here. */
typedef struct rnl_topology_source {
    const char *synthetic;             /* an hwloc synthetic string, "numa:2 core:32 pu:2" */
    const char *xml;                   /* a file that hwloc wrote */
    const rnl_processor_set *affinity; /* instead of the process's own */
    const char *cgroup_root;           /* instead of /sys/fs/cgroup */
    const char *cgroup_file;           /* instead of /proc/self/cgroup */
} rnl_topology_source;

/* Returns false on failure, with a message in `problem`.  This machine is known from the last time,
 * if the affinity is given and as it was then; its quota, if that was within the last second. */
bool rnl_topology_read(rnl_topology *topology, const rnl_topology_source *source, char *problem,
                       size_t problem_size);
void rnl_topology_forget(void); /* what is known, while no other thread reads */
void rnl_topology_release(rnl_topology *topology);

/* Leaves the share of one of `count` processes that may use the same cores: contiguous ones, of the
 * quota as much.  With fewer cores than processes, several have the same one, and a quota below 1.
 */
void rnl_topology_take_share(rnl_topology *topology, size_t index, size_t count);

#endif
