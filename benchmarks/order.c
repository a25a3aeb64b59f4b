#include "benchmarks/order.h"

#include "benchmarks/samples.h"

uint64_t rnl_order_seed(void)
{
    return (uint64_t)(1e9 * rnl_seconds());
}

/* Fisher and Yates. */
void rnl_order_draw(size_t *order, size_t count, uint64_t *state)
{
    for (size_t i = 0; i < count; ++i)
        order[i] = i;
    for (size_t i = count; i > 1; --i) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        const size_t k = (size_t)(*state >> 33) % i, kept = order[k];
        order[k] = order[i - 1];
        order[i - 1] = kept;
    }
}
