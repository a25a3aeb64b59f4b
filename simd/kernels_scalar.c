#include "simd/vector_scalar.h"

/* Compiled a second time for processors that have FMA. */
#ifdef RNL_SCALAR_FMA
#define KERNEL(name) rnl_##name##_scalar_fma
#define KERNEL_TABLE rnl_kernels_scalar_fma
#else
#define KERNEL(name) rnl_##name##_scalar
#define KERNEL_TABLE rnl_kernels_scalar
#endif
#define KERNEL_ISA RNL_ISA_SCALAR
#include "simd/kernels_all.inc"
