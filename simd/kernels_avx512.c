#include "simd/vector_avx512.h"

#define KERNEL(name) rnl_##name##_avx512
#define KERNEL_ISA   RNL_ISA_AVX512
#define KERNEL_TABLE rnl_kernels_avx512
#include "simd/kernels_all.inc"
