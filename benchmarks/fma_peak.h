/*
 * The arithmetic limit: fused multiply-adds on independent registers, nothing else.
 */
#ifndef RNL_BENCHMARKS_FMA_PEAK_H
#define RNL_BENCHMARKS_FMA_PEAK_H

#include "simd/kernels.h"

/* Operations per second of `workers` workers at once, each multiply-add counted as two, in the
 * instruction set given; 0 for the scalar one.  The best of several tries. */
double rnl_fma_peak(rnl_isa isa, size_t workers);

/* One worker's loop: `rounds` rounds of RNL_FMA_CHAINS multiply-adds of a whole vector. */
#define RNL_FMA_CHAINS 12
float rnl_fma_loop_avx2(size_t rounds);
float rnl_fma_loop_avx512(size_t rounds);

#endif
