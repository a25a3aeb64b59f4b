/*
 * Trouble: the place where an update met NaN or infinity, packed into one number so that the
 * earliest is the smallest:
 *
 *     bits 63..24  number of the step | 23..2  block of the step | 1..0  what
 */
#ifndef RNL_ENGINE_STEP_TROUBLE_H
#define RNL_ENGINE_STEP_TROUBLE_H

#include <stddef.h>
#include <stdint.h>

typedef enum rnl_trouble {
    RNL_TROUBLE_GRADIENT,
    RNL_TROUBLE_VALUES,
    RNL_TROUBLE_STATE /* of the optimizer */
} rnl_trouble;

#define RNL_NO_TROUBLE UINT64_MAX

enum { RNL_TROUBLE_BITS = 2, RNL_TROUBLE_BLOCK_BITS = 22 };

#define RNL_TROUBLE_BLOCKS    (((uint64_t)1 << RNL_TROUBLE_BLOCK_BITS) - 1)
#define RNL_TROUBLE_LAST_STEP (UINT64_MAX >> (RNL_TROUBLE_BITS + RNL_TROUBLE_BLOCK_BITS))

static inline uint64_t rnl_trouble_pack(uint64_t number, size_t block, rnl_trouble trouble)
{
    const uint64_t place = number << RNL_TROUBLE_BLOCK_BITS | (block & RNL_TROUBLE_BLOCKS);
    return place << RNL_TROUBLE_BITS | trouble;
}

static inline uint64_t rnl_trouble_step(uint64_t packed)
{
    return packed >> (RNL_TROUBLE_BITS + RNL_TROUBLE_BLOCK_BITS);
}

static inline size_t rnl_trouble_block(uint64_t packed)
{
    return packed >> RNL_TROUBLE_BITS & RNL_TROUBLE_BLOCKS;
}

static inline rnl_trouble rnl_trouble_kind(uint64_t packed)
{
    return packed & (((uint64_t)1 << RNL_TROUBLE_BITS) - 1);
}

#endif
