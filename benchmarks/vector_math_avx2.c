#include <immintrin.h>

__m256 _ZGVdN8v_expf(__m256 x);
__m256 _ZGVdN8v_expm1f(__m256 x);
__m256 _ZGVdN8v_tanhf(__m256 x);

#define FUNCTIONS      rnl_vector_math_avx2
#define VECTOR         __m256
#define LANES          8
#define SET(x)         _mm256_set1_ps(x)
#define LOAD(p)        _mm256_load_ps(p)
#define STORE(p, x)    _mm256_store_ps(p, x)
#define ADD(x, y)      _mm256_add_ps(x, y)
#define SUBTRACT(x, y) _mm256_sub_ps(x, y)
#define DIVIDE(x, y)   _mm256_div_ps(x, y)
#define MAX(x, y)      _mm256_max_ps(x, y)
#define MIN(x, y)      _mm256_min_ps(x, y)
#define EXP(x)         _ZGVdN8v_expf(x)
#define EXPM1(x)       _ZGVdN8v_expm1f(x)
#define TANH(x)        _ZGVdN8v_tanhf(x)

#include "benchmarks/vector_math.inc"
