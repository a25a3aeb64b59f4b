/*
 * The arithmetic limit of bfloat16 products: VDPBF16PS on independent registers, nothing else.
 */
#ifndef RNL_BENCHMARKS_BFLOAT16_PEAK_H
#define RNL_BENCHMARKS_BFLOAT16_PEAK_H

#include "simd/kernels.h"

#include <stddef.h>

/* Multiply-adds of two bfloat16 pairs each that are under way at the same time. */
#define RNL_BFLOAT16_CHAINS 12

/* Operations of one VDPBF16PS: 16 lanes of two pairs, each a multiplication and an addition. */
#define RNL_BFLOAT16_OPERATIONS 64

/* Adds 1 to each of the chains in each round, by two products of 0.5; chain i begins with i.
 * Returns the sum of the chains.  Needs AVX512_BF16. */
float rnl_bfloat16_chains(size_t rounds);

/* Operations per second of `workers` workers at once, the best of several tries; 0 where processor
 * or instruction set has no VDPBF16PS. */
double rnl_bfloat16_peak(rnl_isa isa, size_t workers);

#endif
