/*
 * Arithmetic as it is written: trained bits are the same on every processor only if the compiler
 * keeps the order of operations, rounds each to its type, and contracts none.
 */
#ifndef RNL_SIMD_ARITHMETIC_H
#define RNL_SIMD_ARITHMETIC_H

#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) ||     \
    defined(__NO_SIGNED_ZEROS__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "Runnel's bits need arithmetic as it is written: build without -ffast-math or -Ofast"
#endif

#include <float.h>
#if FLT_EVAL_METHOD != 0
#error "Runnel's bits need float and double that are rounded after each operation (-mfpmath=sse)"
#endif

#endif
