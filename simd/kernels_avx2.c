#include "simd/vector_avx2.h"

#define KERNEL(name) rnl_##name##_avx2
#define KERNEL_ISA   RNL_ISA_AVX2
#define KERNEL_TABLE rnl_kernels_avx2
#include "simd/kernels_all.inc"
