/*
 * Activations by oneDNN's eltwise primitives, to compare with.
 */
#ifndef RNL_BENCHMARKS_ELTWISE_H
#define RNL_BENCHMARKS_ELTWISE_H

#include "benchmarks/vector_math.h"

/* NULL if oneDNN has no such activation, or is not built in.  The first run of a thread over a
 * number of elements prepares the primitive; nothing of it is freed before the program ends. */
const rnl_vector_function *rnl_eltwise_function(const char *activation);

#endif
