#include "benchmarks/bfloat16_peak.h"

#include "benchmarks/team_timing.h"

#include <stdio.h>
#include <stdlib.h>

/* Sums stay whole numbers that float32 holds. */
enum { ROUNDS = 300000, TRIES = 8, CHAINS = RNL_BFLOAT16_CHAINS };

static void run_chains(size_t worker, void *context)
{
    const float sum = rnl_bfloat16_chains(ROUNDS);
    if (worker == 0)
        *(float *)context = sum;
}

double rnl_bfloat16_peak(rnl_isa isa, size_t workers)
{
    __builtin_cpu_init();
    if (isa != RNL_ISA_AVX512 || !__builtin_cpu_supports("avx512bf16"))
        return 0;
    float sum = 0;
    const double seconds = rnl_team_best_time(workers, TRIES, run_chains, &sum);
    if (sum != (float)(CHAINS * (CHAINS - 1) / 2 + CHAINS * ROUNDS)) {
        fprintf(stderr, "runnel: VDPBF16PS added up to %g\n", (double)sum);
        exit(1);
    }
    return (double)RNL_BFLOAT16_OPERATIONS * CHAINS * ROUNDS * (double)workers / seconds;
}
