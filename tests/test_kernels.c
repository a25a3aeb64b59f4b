/*
 * A test for each kernel of the list on each instruction set of this processor, and the choice of
 * one.
 */
#include "tests/kernels/kernel_checks.h"

static void check_on(rnl_isa isa, void (*check)(const rnl_kernels *))
{
    const rnl_kernels *kernels = rnl_kernels_of(isa);
    if (!kernels)
        cr_skip_test("this processor has no %s", rnl_isa_name(isa));
    cr_assert_eq(kernels->isa, isa);
    check(kernels);
}

#define RNL_KERNEL(name, arguments)                                                                \
    Test(scalar, name)                                                                             \
    {                                                                                              \
        check_on(RNL_ISA_SCALAR, check_##name);                                                    \
    }                                                                                              \
    Test(avx2, name)                                                                               \
    {                                                                                              \
        check_on(RNL_ISA_AVX2, check_##name);                                                      \
    }                                                                                              \
    Test(avx512, name)                                                                             \
    {                                                                                              \
        check_on(RNL_ISA_AVX512, check_##name);                                                    \
    }
#include "simd/kernels.inc"
#undef RNL_KERNEL

/* The pair kernels of AVX-512 alone, which AVX512_BF16 replaces. */
#define RNL_KERNEL(name, arguments)
#define RNL_PAIR_KERNEL(name, arguments)                                                           \
    Test(avx512_without_bfloat16, name)                                                            \
    {                                                                                              \
        if (!rnl_kernels_without_bfloat16())                                                       \
            cr_skip_test("this processor has no avx512");                                          \
        check_##name(rnl_kernels_without_bfloat16());                                              \
    }
#include "simd/kernels.inc"
#undef RNL_KERNEL

/* ---- the choice ------------------------------------------------------------------------------ */

Test(isa, environment_lowers_the_choice)
{
    unsetenv("RUNNEL_ISA");
    const rnl_isa best = rnl_isa_detect();
    cr_expect_null(rnl_isa_request_problem());
    cr_expect_not_null(rnl_kernels_of(best));
    setenv("RUNNEL_ISA", "scalar", 1);
    cr_expect_eq(rnl_isa_detect(), RNL_ISA_SCALAR);
    cr_expect_null(rnl_isa_request_problem());
    setenv("RUNNEL_ISA", "sse9", 1);
    cr_expect_eq(rnl_isa_detect(), best);
    cr_expect_str_eq(rnl_isa_request_problem(),
                     "RUNNEL_ISA: expected scalar, avx2 or avx512, got 'sse9'");
    setenv("RUNNEL_ISA", "avx512", 1);
    cr_expect_eq(rnl_isa_request_problem() == NULL, best == RNL_ISA_AVX512);
    cr_expect_eq(rnl_isa_detect(), best);
}
