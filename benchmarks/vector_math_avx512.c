#include <immintrin.h>

__m512 _ZGVeN16v_expf(__m512 x);
__m512 _ZGVeN16v_expm1f(__m512 x);
__m512 _ZGVeN16v_tanhf(__m512 x);

#define FUNCTIONS      rnl_vector_math_avx512
#define VECTOR         __m512
#define LANES          16
#define SET(x)         _mm512_set1_ps(x)
#define LOAD(p)        _mm512_load_ps(p)
#define STORE(p, x)    _mm512_store_ps(p, x)
#define ADD(x, y)      _mm512_add_ps(x, y)
#define SUBTRACT(x, y) _mm512_sub_ps(x, y)
#define DIVIDE(x, y)   _mm512_div_ps(x, y)
#define MAX(x, y)      _mm512_max_ps(x, y)
#define MIN(x, y)      _mm512_min_ps(x, y)
#define EXP(x)         _ZGVeN16v_expf(x)
#define EXPM1(x)       _ZGVeN16v_expm1f(x)
#define TANH(x)        _ZGVeN16v_tanhf(x)

#include "benchmarks/vector_math.inc"
