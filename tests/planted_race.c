/*
 * A race that tests/threads_sanitized must be told of: one worker writes with a kernel what the
 * other reads, and no barrier stands between.
 */
#include "simd/kernels.h"
#include "tests/roll_call.h"

#include <stdio.h>

#define LENGTH 64

static void race(rnl_worker *worker, void *context)
{
    const float inputs[LENGTH] = {0};
    volatile float *shared = context;
    if (worker->index == 0) {
        const rnl_unary task = {.count = LENGTH, .x = inputs, .y = context};
        rnl_kernels_of(rnl_isa_detect())->exponential(&task);
        return;
    }
    for (size_t i = 0; i < LENGTH; ++i)
        (void)shared[i];
}

int main(void)
{
    char problem[300];
    float shared[LENGTH] = {0};
    if (run(2, RNL_PINNING_OFF, race, shared, problem, sizeof problem))
        return 0;
    fprintf(stderr, "%s\n", problem);
    return 1;
}
