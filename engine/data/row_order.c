#include "engine/data/row_order.h"

#include "simd/philox.h"

/* Below `bound`, by the upper half of a product; at most 2^-32 away from uniform. */
static uint32_t draw_below(uint64_t seed, uint32_t epoch, uint32_t place, uint64_t bound)
{
    const rnl_philox_block block = rnl_random(seed, (rnl_random_place){
                                                        .purpose = RNL_RANDOM_ROW_ORDER,
                                                        .step = epoch,
                                                        .column = place,
                                                    });
    const uint64_t number = (uint64_t)block.word[1] << 32 | block.word[0];
    return (uint32_t)((unsigned __int128)number * bound >> 64);
}

/* Fisher and Yates's shuffle, as Durstenfeld put it in place. */
void rnl_row_order(uint32_t *order, size_t rows, uint64_t seed, uint32_t epoch, bool shuffle)
{
    for (size_t i = 0; i < rows; ++i)
        order[i] = (uint32_t)i;
    if (!shuffle)
        return;
    for (size_t i = rows; i-- > 1;) {
        const uint32_t j = draw_below(seed, epoch, (uint32_t)i, i + 1);
        const uint32_t kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}
