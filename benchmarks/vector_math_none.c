/* Where the C library has no vector functions. */
#include "benchmarks/vector_math.h"

const rnl_vector_function rnl_vector_math_avx2[RNL_VECTOR_FUNCTIONS] = {{0}};
const rnl_vector_function rnl_vector_math_avx512[RNL_VECTOR_FUNCTIONS] = {{0}};
