#include <immintrin.h>

#define LOOPS        rnl_machine_loops_avx512
#define VECTOR       __m512
#define LANES        16
#define SET(x)       _mm512_set1_ps(x)
#define FMA(x, y, z) _mm512_fmadd_ps(x, y, z)
#define ADD(x, y)    _mm512_add_ps(x, y)
#define LOAD(p)      _mm512_load_ps(p)
#define STORE(p, x)  _mm512_store_ps(p, x)
#define STREAM(p, x) _mm512_stream_ps(p, x)
#define FIRST(x)     _mm512_cvtss_f32(x)

#include "benchmarks/machine_loops.inc"
