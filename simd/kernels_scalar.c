#include "simd/vector_scalar.h"

#define KERNEL(name) rnl_##name##_scalar
#define KERNEL_ISA   RNL_ISA_SCALAR
#define KERNEL_TABLE rnl_kernels_scalar
#include "simd/kernels_all.inc"
