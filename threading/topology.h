/*
 * The machine as this process may use it.  The one file that knows hwloc is topology.c.
 */
#ifndef RNL_THREADING_TOPOLOGY_H
#define RNL_THREADING_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>

/* A physical core of which at least one hardware thread may be used. */
typedef struct rnl_core {
    unsigned processor;    /* the operating system's number of its first usable hardware thread */
    unsigned first_thread; /* that of its first, usable or not: the same for all processes */
    unsigned core, package, numa_node; /* logical numbers */
    bool claimed;                      /* by a run; set by rnl_claims_read */
} rnl_core;

typedef struct rnl_topology {
    size_t core_count; /* usable physical cores, ordered by NUMA node, then core */
    rnl_core *cores;
    size_t machine_cores, machine_processors; /* of the whole machine */
    size_t usable_processors;                 /* hardware threads left by cpuset and affinity */
    size_t numa_nodes;                        /* that have usable cores */
    double quota; /* processors' worth of cgroup CPU time; 0: no limit */
} rnl_topology;

/* A set of processors by their operating system's numbers. */
typedef struct rnl_processor_set {
    size_t count;
    unsigned *numbers;
} rnl_processor_set;

/* Where to look.  All NULL: this machine and this process.  Another machine, synthetic or xml, has
 * no affinity and no quota but what is given here. */
typedef struct rnl_topology_source {
    const char *synthetic;             /* an hwloc synthetic string, "numa:2 core:32 pu:2" */
    const char *xml;                   /* a file that hwloc wrote */
    const rnl_processor_set *affinity; /* in place of the process's own */
    const char *cgroup_root;           /* in place of /sys/fs/cgroup */
    const char *cgroup_file;           /* in place of /proc/self/cgroup */
} rnl_topology_source;

/* false on failure, with a message in `problem`. */
bool rnl_topology_read(rnl_topology *topology, const rnl_topology_source *source, char *problem,
                       size_t problem_size);
void rnl_topology_release(rnl_topology *topology);

#endif
