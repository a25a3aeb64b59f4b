/*
 * How much memory is left to this process: the smallest of what its control groups, its own limits
 * and the machine leave.
 */
#ifndef RNL_ENGINE_BASE_MEMORY_LEFT_H
#define RNL_ENGINE_BASE_MEMORY_LEFT_H

#include <stdint.h>

typedef struct rnl_memory_left {
    uint64_t bytes;   /* that can be had beside what is used; UINT64_MAX: nothing limits it */
    uint64_t limit;   /* of the source, what is used included */
    char source[128]; /* "control group /x/y", "RLIMIT_AS", "RLIMIT_DATA", "the machine" */
} rnl_memory_left;

/* Looks at /proc/self/cgroup and /proc/self/mountinfo for the control groups of version 1 and 2
 * above the process, at each of them, at the limits of the process (getrlimit(2)) and at
 * /proc/meminfo.  `root` stands before every path: "", or a tree that a test has made.  What cannot
 * be read sets no limit. */
rnl_memory_left rnl_memory_left_under(const char *root);

#endif
