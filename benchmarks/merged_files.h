/*
 * Benchmarks of one kind from several processes, as one file.
 */
#ifndef RNL_BENCHMARKS_MERGED_FILES_H
#define RNL_BENCHMARKS_MERGED_FILES_H

#include <jansson.h>
#include <stddef.h>

/* Returns what the files say together: the rounds of all, each with the number of its process, and
 * of medians and counters the median over the processes; of a ratio the mean of its logarithms,
 * with Student's interval over the processes.  The context is the first one's, with the warnings of
 * all.  NULL: out of memory. */
json_t *rnl_bench_merge(json_t *const *files, size_t count);

#endif
