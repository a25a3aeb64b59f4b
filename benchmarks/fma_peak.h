/*
 * The arithmetic limit: fused multiply-adds on independent registers, nothing else.
 */
#ifndef RNL_BENCHMARKS_FMA_PEAK_H
#define RNL_BENCHMARKS_FMA_PEAK_H

#include "benchmarks/machine_loops.h"
#include "simd/kernels.h"

/* The loops of an instruction set; NULL for the scalar one. */
const rnl_machine_loops *rnl_machine_loops_of(rnl_isa isa);

/* Operations per second of `workers` workers at once, each multiply-add counted as two, in the
 * instruction set given; 0 for the scalar one.  The best of several tries. */
double rnl_fma_peak(rnl_isa isa, size_t workers);

#endif
