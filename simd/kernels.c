#include "simd/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const rnl_kernels rnl_kernels_scalar, rnl_kernels_scalar_fma, rnl_kernels_avx2,
    rnl_kernels_avx512, rnl_kernels_avx512_bf16;

static const char *const names[RNL_ISA_COUNT] = {"scalar", "avx2", "avx512"};

/* These builtins check both the processor and, for the wide registers, the operating system. */
static rnl_isa best(void)
{
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return RNL_ISA_SCALAR;
    const int wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                     __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    return wide ? RNL_ISA_AVX512 : RNL_ISA_AVX2;
}

/* Returns RNL_ISA_COUNT for an unknown name. */
static rnl_isa named(const char *name)
{
    rnl_isa isa = RNL_ISA_SCALAR;
    while (isa < RNL_ISA_COUNT && strcmp(name, names[isa]) != 0)
        ++isa;
    return isa;
}

rnl_isa rnl_isa_detect(void)
{
    const char *request = getenv("RUNNEL_ISA");
    const rnl_isa most = best();
    const rnl_isa asked = request ? named(request) : most;
    return asked < most ? asked : most;
}

const char *rnl_isa_request_problem(void)
{
    static _Thread_local char problem[160];
    const char *request = getenv("RUNNEL_ISA");
    if (!request)
        return NULL;
    const rnl_isa asked = named(request);
    if (asked == RNL_ISA_COUNT)
        snprintf(problem, sizeof problem,
                 "RUNNEL_ISA: expected scalar, avx2 or avx512, got '%.40s'", request);
    else if (asked > best())
        snprintf(problem, sizeof problem, "RUNNEL_ISA: this processor has no %s, but %s",
                 names[asked], names[best()]);
    else
        return NULL;
    return problem;
}

const char *rnl_isa_name(rnl_isa isa)
{
    return names[isa];
}

static const rnl_kernels *scalar(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("fma") ? &rnl_kernels_scalar_fma : &rnl_kernels_scalar;
}

static const rnl_kernels *avx512(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512bf16") ? &rnl_kernels_avx512_bf16 : &rnl_kernels_avx512;
}

const rnl_kernels *rnl_kernels_of(rnl_isa isa)
{
    if (isa > best())
        return NULL;
    return isa == RNL_ISA_SCALAR ? scalar() : isa == RNL_ISA_AVX2 ? &rnl_kernels_avx2 : avx512();
}

const rnl_kernels *rnl_kernels_without_fma(void)
{
    return &rnl_kernels_scalar;
}

bool rnl_kernels_have_bfloat16(const rnl_kernels *kernels)
{
    return kernels == &rnl_kernels_avx512_bf16;
}

const rnl_kernels *rnl_kernels_without_bfloat16(void)
{
    return best() == RNL_ISA_AVX512 ? &rnl_kernels_avx512 : NULL;
}
