/*
 * The cores that this process may use, cut into equal parts for processes of their own.
 */
#ifndef RNL_CLI_CORES_H
#define RNL_CLI_CORES_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct rnl_cores {
    cpu_set_t cpus;           /* that may be used */
    size_t count;             /* of the cores that they belong to */
    int core_of[CPU_SETSIZE]; /* the first CPU of the core of each CPU */
} rnl_cores;

/* False if the system does not report them. */
bool rnl_cores_read(rnl_cores *cores);

/* The CPUs of part `part`, from 0, of `parts`, at most as many as there are cores. */
cpu_set_t rnl_cores_part(const rnl_cores *cores, size_t part, size_t parts);

#endif
