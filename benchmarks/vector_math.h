/*
 * Activations by the C library's vector functions (libmvec), to compare with.
 */
#ifndef RNL_BENCHMARKS_VECTOR_MATH_H
#define RNL_BENCHMARKS_VECTOR_MATH_H

#include <stddef.h>

typedef struct rnl_vector_function {
    const char *activation;                              /* "elu" */
    void (*run)(const float *x, float *y, size_t count); /* count: a multiple of 16 */
} rnl_vector_function;

enum { RNL_VECTOR_FUNCTIONS = 4 };

extern const rnl_vector_function rnl_vector_math_avx2[RNL_VECTOR_FUNCTIONS];
extern const rnl_vector_function rnl_vector_math_avx512[RNL_VECTOR_FUNCTIONS];

#endif
