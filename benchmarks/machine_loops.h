/*
 * Loops that do one thing as fast as the machine can, for each instruction set.
 */
#ifndef RNL_BENCHMARKS_MACHINE_LOOPS_H
#define RNL_BENCHMARKS_MACHINE_LOOPS_H

#include <stddef.h>

/* `rounds` rounds of RNL_FMA_CHAINS multiply-adds of a whole vector. */
#define RNL_FMA_CHAINS 12

/* Counts are multiples of 64, arrays aligned to 64 bytes. */
typedef struct rnl_machine_loops {
    size_t lanes; /* floats of a vector */
    float (*fma)(size_t rounds);
    void (*triad)(float *a, const float *b, const float *c, float s,
                  size_t count); /* a = b + s c */
    void (*triad_around_cache)(float *a, const float *b, const float *c, float s, size_t count);
    float (*sum)(const float *a, size_t count);
} rnl_machine_loops;

extern const rnl_machine_loops rnl_machine_loops_avx2;
extern const rnl_machine_loops rnl_machine_loops_avx512;

#endif
