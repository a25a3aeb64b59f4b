#include "simd/philox.h"

#include <criterion/criterion.h>

static void expect_block(rnl_philox_block block, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    cr_expect_eq(block.word[0], a);
    cr_expect_eq(block.word[1], b);
    cr_expect_eq(block.word[2], c);
    cr_expect_eq(block.word[3], d);
}

/* The known answers that Random123 publishes for philox4x32 with 10 rounds. */
Test(philox, gives_the_published_answers)
{
    const uint32_t all = 0xffffffffu;
    expect_block(rnl_philox(0, (rnl_philox_block){{0, 0, 0, 0}}), 0x6627e8d5, 0xe169c58d,
                 0xbc57ac4c, 0x9b00dbd8);
    expect_block(rnl_philox(UINT64_MAX, (rnl_philox_block){{all, all, all, all}}), 0x408f276d,
                 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
    expect_block(rnl_philox(UINT64_C(0x299f31d0a4093822),
                            (rnl_philox_block){{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}),
                 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1);
}

/* Each part of the place, and the seed, changes the numbers. */
Test(philox, every_part_of_a_place_counts)
{
    const rnl_random_place places[] = {
        {RNL_RANDOM_ROW_ORDER, 1, 1, 1, 1}, {RNL_RANDOM_INITIAL_WEIGHTS, 1, 1, 1, 1},
        {RNL_RANDOM_ROW_ORDER, 2, 1, 1, 1}, {RNL_RANDOM_ROW_ORDER, 1, 2, 1, 1},
        {RNL_RANDOM_ROW_ORDER, 1, 1, 2, 1}, {RNL_RANDOM_ROW_ORDER, 1, 1, 1, 2},
    };
    enum { PLACES = sizeof places / sizeof *places };
    uint32_t first[PLACES + 1];
    for (size_t i = 0; i < PLACES; ++i)
        first[i] = rnl_random(9, places[i]).word[0];
    first[PLACES] = rnl_random(9 + (UINT64_C(1) << 40), places[0]).word[0];
    for (size_t i = 0; i <= PLACES; ++i)
        for (size_t j = 0; j < i; ++j)
            cr_expect_neq(first[i], first[j], "%zu and %zu", i, j);
}

Test(philox, uniform_numbers_lie_strictly_between_0_and_1)
{
    cr_expect_gt(rnl_random_uniform(0), 0.0);
    cr_expect_lt(rnl_random_uniform(UINT32_MAX), 1.0);
    cr_expect_eq(rnl_random_uniform(0x80000000u), 0.5 + 0x1p-33);
}
