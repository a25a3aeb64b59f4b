/*
 * The memory left to this process: the least of what its control groups, its own limits and the
 * machine leave.
 */
#ifndef RNL_ENGINE_BASE_MEMORY_LEFT_H
#define RNL_ENGINE_BASE_MEMORY_LEFT_H

#include <stdint.h>

typedef struct rnl_memory_left {
    uint64_t bytes;   /* available beside what is used; UINT64_MAX: no limit */
    uint64_t limit;   /* the source's total, including what is used */
    char source[128]; /* "control group /x/y", "RLIMIT_AS", "RLIMIT_DATA", "the machine" */
} rnl_memory_left;

/* Reads /proc/self/cgroup and /proc/self/mountinfo to find the control groups of version 1 and 2
 * above the process, and their limits; the process's own limits (getrlimit(2)); and /proc/meminfo.
 * `root` is prefixed to every path: "", or a directory made by a test.  Unreadable files set no
 * limit. */
rnl_memory_left rnl_memory_left_under(const char *root);

/* The same of the running system, for a request of so many bytes.  Files that were read within the
 * last second are not read again for requests that are small beside what they left; the process's
 * own limits are. */
rnl_memory_left rnl_memory_left_for(uint64_t bytes);
void rnl_memory_left_forget(void); /* what was read, while no other thread reads */

#endif
