/*
 * What a ratio and its interval say, in words.
 */
#ifndef RNL_BENCHMARKS_VERDICT_H
#define RNL_BENCHMARKS_VERDICT_H

#include "benchmarks/samples.h"

/* "elu costs 0.3 % (0.1 to 0.6) more than relu" */
void rnl_verdict(char *text, size_t size, const char *name, const char *than,
                 const rnl_ratio *ratio);

#endif
