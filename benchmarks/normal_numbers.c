#include "benchmarks/normal_numbers.h"

#include <math.h>

double rnl_uniform_number(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return ((double)(*state >> 12) + 0.5) / 4503599627370496.0;
}

/* Pairs by Box and Muller. */
void rnl_normal_numbers(float *numbers, size_t count, uint64_t *state)
{
    for (size_t i = 0; i < count; i += 2) {
        const double radius = sqrt(-2 * log(rnl_uniform_number(state)));
        const double angle = 6.283185307179586 * rnl_uniform_number(state);
        numbers[i] = (float)(radius * cos(angle));
        if (i + 1 < count)
            numbers[i + 1] = (float)(radius * sin(angle));
    }
}
