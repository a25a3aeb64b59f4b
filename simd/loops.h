/*
 * Loops over rows and vectors, written in the vector vocabulary, which is included before.
 */
#ifndef RNL_SIMD_LOOPS_H
#define RNL_SIMD_LOOPS_H

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* A row of a view. */
#define ROW(view, i) ((view).values + (i) * (view).stride)

/* Runs body(j, n, ...) over n elements from j: whole vectors, several of them in flight, then a
 * masked vector.  What stands behind the body is passed on to it. */
#define EACH_VECTOR(count, body, ...)                                                              \
    do {                                                                                           \
        size_t j = 0;                                                                              \
        _Pragma("GCC unroll 4") for (; j + LANES <= (count); j += LANES)                           \
            body(j, (size_t)LANES __VA_OPT__(, ) __VA_ARGS__);                                     \
        if (j < (count))                                                                           \
            body(j, (count)-j __VA_OPT__(, ) __VA_ARGS__);                                         \
    } while (0)

#endif
