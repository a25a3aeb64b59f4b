#include "benchmarks/fma_peak.h"

#include "benchmarks/team_timing.h"

#define ROUNDS 300000
#define TRIES  8

typedef struct measurement {
    const rnl_machine_loops *loops;
    volatile float sink;
} measurement;

static void run_chains(size_t worker, void *context)
{
    measurement *m = context;
    const float result = m->loops->fma(ROUNDS);
    if (worker == 0)
        m->sink = result;
}

const rnl_machine_loops *rnl_machine_loops_of(rnl_isa isa)
{
    return isa == RNL_ISA_AVX512 ? &rnl_machine_loops_avx512
           : isa == RNL_ISA_AVX2 ? &rnl_machine_loops_avx2
                                 : NULL;
}

double rnl_fma_peak(rnl_isa isa, size_t workers)
{
    measurement m = {.loops = rnl_machine_loops_of(isa)};
    if (!m.loops)
        return 0;
    const double seconds = rnl_team_best_time(workers, TRIES, run_chains, &m);
    return 2.0 * (double)m.loops->lanes * RNL_FMA_CHAINS * ROUNDS * (double)workers / seconds;
}
