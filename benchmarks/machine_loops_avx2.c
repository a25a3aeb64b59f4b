#include <immintrin.h>

#define LOOPS        rnl_machine_loops_avx2
#define VECTOR       __m256
#define LANES        8
#define SET(x)       _mm256_set1_ps(x)
#define FMA(x, y, z) _mm256_fmadd_ps(x, y, z)
#define ADD(x, y)    _mm256_add_ps(x, y)
#define LOAD(p)      _mm256_load_ps(p)
#define STORE(p, x)  _mm256_store_ps(p, x)
#define STREAM(p, x) _mm256_stream_ps(p, x)
#define FIRST(x)     _mm256_cvtss_f32(x)

#include "benchmarks/machine_loops.inc"
