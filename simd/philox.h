/*
 * Philox4x32-10, the counter-based random number generator of Salmon, Moraes, Dror and Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).  A number is a pure function of key and
 * counter: it depends neither on the thread that draws it nor on the order of draws.
 */
#ifndef RNL_SIMD_PHILOX_H
#define RNL_SIMD_PHILOX_H

#include "simd/arithmetic.h"

#include <stdint.h>

/* The purpose of a number: different purposes have disjoint streams. */
typedef enum rnl_random_purpose {
    RNL_RANDOM_INITIAL_WEIGHTS = 1,
    RNL_RANDOM_ROW_ORDER = 2,
    RNL_RANDOM_GENERATED_DATA = 3,
    RNL_RANDOM_TRAINING = 4,  /* drawn by layers in a training step */
    RNL_RANDOM_PREDICTION = 5 /* drawn by layers in a pass of Monte Carlo prediction */
} rnl_random_purpose;

typedef struct rnl_philox_block {
    uint32_t word[4];
} rnl_philox_block;

/* Applies the ten rounds to the counter. */
rnl_philox_block rnl_philox(uint64_t key, rnl_philox_block counter);

/* The position of a number in the stream of a seed. */
typedef struct rnl_random_place {
    rnl_random_purpose purpose;
    uint32_t layer; /* below 2^24 */
    uint32_t step;
    uint32_t row;
    uint32_t column;
} rnl_random_place;

/* Returns the last word of the counter. */
static inline uint32_t rnl_random_stream(rnl_random_purpose purpose, uint32_t layer)
{
    return (uint32_t)purpose << 24 | layer;
}

/* Returns the four words of one position: counter = (column, row, step, purpose << 24 | layer), key
 * = seed. */
rnl_philox_block rnl_random(uint64_t seed, rnl_random_place place);

/* Uniform in (0, 1): (word + 0.5) / 2^32 in double. */
double rnl_random_uniform(uint32_t word);

#endif
