/*
 * Tables of the elementary functions: powers of 2 for sigmoid, and polynomials in segments for tanh
 * and gelu, each coefficient for all sixteen segments, as v_lookup_16 reads them.
 */
#ifndef RNL_SIMD_ELEMENTARY_TABLES_H
#define RNL_SIMD_ELEMENTARY_TABLES_H

#include <stdint.h>

/* The bits of -2^(i / 8) e^s, s = -0.0025643, each less i << 20: v_minus_exp_minus adds n << 20,
 * where i are the three lowest bits of n. */
static const uint32_t minus_eighths[8] = {0xbf7f5829, 0xbf7b3a3e, 0xbf77d424, 0xbf759202,
                                          0xbf748e45, 0xbf74e5be, 0xbf76b7da, 0xbf7a26de};

/* tanh x = p0 + u p(u) with u = |x| - c: c, p0 and the coefficients of p for each of sixteen
 * segments of |x|, by the two lowest bits of the exponent and the two highest of the mantissa of
 * |x| + 1/2. Each c is one whose tanh is within 2^-13 ULP of a float, p0.  The fits are least
 * squares over the nodes of Chebyshev, in units of the result's last place, each coefficient
 * rounded before the next is fitted. */
enum { TANH_SEGMENTS = 16, TANH_CENTRE = 0, TANH_FIRST = 1, TANH_LAST = 7 };
static const float tanh_segments[TANH_LAST + 1][TANH_SEGMENTS] = {
    {0x1.bff09ap+0f, 0x1.1ff226p+1f, 0x1.5ff05ep+1f, 0x1.9feb98p+1f, 0x1.000cbep+2f, 0x1.3ffc3cp+2f,
     0x1.800688p+2f, 0x1.fe2804p+2f, 0, 0x1.7ff11ap-3f, 0x1.400624p-2f, 0x1.c0023cp-2f,
     0x1.400dfap-1f, 0x1.c0129cp-1f, 0x1.20155cp+0f, 0x1.5fef1ep+0f},
    {0x1.e1f878p-1f, 0x1.f4bd6ep-1f, 0x1.fbd406p-1f, 0x1.fe75fcp-1f, 0x1.ffa83ap-1f, 0x1.fff418p-1f,
     0x1.fffe64p-1f, 0x1.fffff8p-1f, 0, 0x1.7b8196p-3f, 0x1.35ff1ep-2f, 0x1.a5747ap-2f,
     0x1.1bfe2cp-1f, 0x1.686fb4p-1f, 0x1.9e6b72p-1f, 0x1.c27104p-1f},
    {0x1.d26162p-4f, 0x1.645bfp-5f, 0x1.09e80ep-6f, 0x1.896c6cp-8f, 0x1.5efbd2p-10f,
     0x1.7cfdbcp-13f, 0x1.9c01b2p-16f, 0x1.035bfap-21f, 0x1p+0f, 0x1.ee6b38p-1f, 0x1.d113c4p-1f,
     0x1.a944f6p-1f, 0x1.627a08p-1f, 0x1.0242d2p-1f, 0x1.61204ep-2f, 0x1.cedcf8p-3f},
    {-0x1.b706d4p-4f, -0x1.5c859ep-5f, -0x1.07bd62p-6f, -0x1.883da4p-8f, -0x1.5ebe9cp-10f,
     -0x1.7cf3a4p-13f, -0x1.9bffp-16f, -0x1.039aa6p-21f, -0x1.72bf5p-25f, -0x1.6e7982p-3f,
     -0x1.19962ep-2f, -0x1.5e0ff4p-2f, -0x1.893cdap-2f, -0x1.6b9eaap-2f, -0x1.1dd33ap-2f,
     -0x1.973662p-3f},
    {0x1.01d822p-4f, 0x1.bc25a2p-6f, 0x1.59e5c6p-7f, 0x1.03e7e6p-8f, 0x1.d28d26p-11f,
     0x1.fb4cc6p-14f, 0x1.125caep-16f, 0x1.3afe78p-22f, -0x1.555416p-2f, -0x1.27a5ep-2f,
     -0x1.c197b4p-3f, -0x1.16dc2cp-3f, -0x1.235488p-6f, 0x1.4f3b1ap-4f, 0x1.c6925p-4f,
     0x1.97eed6p-4f},
    {-0x1.817944p-6f, -0x1.941342p-7f, -0x1.4e888cp-8f, -0x1.00c71cp-9f, -0x1.d17632p-12f,
     -0x1.fb505ap-15f, -0x1.127418p-17f, -0x1.32bad8p-23f, -0x1.687832p-13f, 0x1.cf7f02p-4f,
     0x1.43eb9ep-3f, 0x1.5c2a2p-3f, 0x1.1a5c02p-3f, 0x1.f1b7a2p-5f, 0x1.a55db2p-9f,
     -0x1.5d9fa6p-6f},
    {0x1.c82a3ap-9f, 0x1.04c636p-8f, 0x1.f67eap-10f, 0x1.947ff4p-11f, 0x1.81cd5ap-13f,
     0x1.a6f656p-16f, 0x1.ca02dp-19f, 0x1.772f12p-24f, 0x1.16a71ap-3f, 0x1.84b9b8p-4f,
     0x1.660ab6p-5f, -0x1.c8174ep-8f, -0x1.bc609ap-5f, -0x1.e109d6p-5f, -0x1.064ae4p-5f,
     -0x1.37ea0ap-7f},
    {0x1.113de2p-9f, -0x1.789192p-11f, -0x1.1df3dcp-11f, -0x1.fee4fap-13f, -0x1.f965c2p-15f,
     -0x1.177488p-17f, -0x1.2f2b9ap-20f, -0x1.0d286cp-25f, -0x1.4414c6p-6f, -0x1.f65e28p-5f,
     -0x1.4879bp-4f, -0x1.010d54p-4f, -0x1.8c987p-6f, 0x1.a5367ep-7f, 0x1.2f18e8p-6f,
     0x1.66851cp-7f},
};

/* -t (1 - Phi(t)) = h0 + u h(u) with u = c - t for t from 0 to 6.1, where it ends at 0; Phi is the
 * normal distribution.  c, h0 and the coefficients of h are looked up by t (1.4 + 0.184 t),
 * rounded, and fitted as those of tanh are: within 0.2 ULP up to 5.85, beyond within 3.3e-9. */
enum { GELU_SEGMENTS = 16, GELU_CENTRE = 0, GELU_START = 1, GELU_LAST = 8 };
static const float gelu_segments[GELU_LAST + 1][GELU_SEGMENTS] = {
    {0, 0x1.4b3b48p-1f, 0x1.390702p+0f, 0x1.bce8a8p+0f, 0x1.1ad15p+1f, 0x1.52afcep+1f,
     0x1.86f46p+1f, 0x1.b84e5ap+1f, 0x1.e73706p+1f, 0x1.09f24ap+2f, 0x1.1f4ba2p+2f, 0x1.33e6e8p+2f,
     0x1.47b78cp+2f, 0x1.5ae3c4p+2f, 0x1.6d7754p+2f, 0x1.866666p+2f},
    {0, -0x1.56f072p-3f, -0x1.153db4p-3f, -0x1.24a854p-4f, -0x1.eb398cp-6f, -0x1.611c5ap-7f,
     -0x1.c3811p-9f, -0x1.06629p-10f, -0x1.196e3ap-12f, -0x1.1af60cp-14f, -0x1.0d7948p-16f,
     -0x1.e4efa6p-19f, -0x1.a2b002p-21f, -0x1.5a9016p-23f, -0x1.146bf6p-25f, 0},
    {0x1p-1f, 0x1.95539ap-5f, -0x1.eca678p-4f, -0x1.cad824p-4f, -0x1.02ce8ep-4f, -0x1.c73494p-6f,
     -0x1.53551cp-7f, -0x1.be95aap-9f, -0x1.09db3p-10f, -0x1.246486p-12f, -0x1.2d33d2p-14f,
     -0x1.22b806p-16f, -0x1.0b54p-18f, -0x1.d4aaccp-21f, -0x1.89f8bep-23f, 0},
    {0x1.988454p-2f, 0x1.06090cp-2f, 0x1.86a13cp-5f, -0x1.7044f2p-5f, -0x1.9a1122p-5f,
     -0x1.ed4234p-6f, -0x1.c374f4p-7f, -0x1.5a647ep-8f, -0x1.d2735cp-10f, -0x1.1c3528p-11f,
     -0x1.3fa532p-13f, -0x1.4d4a5cp-15f, -0x1.48339p-17f, -0x1.3201c6p-19f, -0x1.1013f4p-21f,
     -0x1.602ff8p-17f},
    {0x1.90de24p-21f, 0x1.ffdeb4p-4f, 0x1.8afaap-4f, 0x1.99a328p-6f, -0x1.71b56ep-7f,
     -0x1.051366p-6f, -0x1.4e33d2p-7f, -0x1.3c6572p-8f, -0x1.f10cc6p-10f, -0x1.56193ep-11f,
     -0x1.a99764p-13f, -0x1.e3ee0ep-15f, -0x1.00f78ep-16f, -0x1.003cf8p-18f, -0x1.e40c56p-21f,
     0x1.3f28d2p-12f},
    {-0x1.104888p-4f, -0x1.133184p-6f, 0x1.10bf74p-5f, 0x1.e26cd8p-6f, 0x1.2cbc12p-7f,
     -0x1.079066p-9f, -0x1.0820d4p-8f, -0x1.6740fep-9f, -0x1.5e282p-10f, -0x1.193c8cp-11f,
     -0x1.8ac474p-13f, -0x1.f01304p-15f, -0x1.1ec872p-16f, -0x1.34023ep-18f, -0x1.36bc36p-20f,
     -0x1.e0fc6cp-9f},
    {0x1.19acb4p-13f, -0x1.83d6d6p-6f, -0x1.dd8bf4p-8f, 0x1.fe1304p-8f, 0x1.f23708p-8f,
     0x1.5be66ap-9f, -0x1.e6e45ap-13f, -0x1.c25276p-11f, -0x1.448b3p-11f, -0x1.455252p-12f,
     -0x1.0acbecp-13f, -0x1.7a0d36p-15f, -0x1.e272f4p-17f, -0x1.19d322p-18f, -0x1.31de88p-20f,
     0x1.6682c2p-6f},
    {0x1.5aa3fap-7f, -0x1.da1514p-13f, -0x1.b50edap-8f, -0x1.1c7a12p-9f, 0x1.a64e9ap-10f,
     0x1.bd31b2p-10f, 0x1.5244p-11f, 0x1.448f3ap-21f, -0x1.4ba216p-13f, -0x1.003f6ep-13f,
     -0x1.08960ap-14f, -0x1.b7b8bp-16f, -0x1.3ce2eap-17f, -0x1.989b5cp-19f, -0x1.e263cep-21f,
     -0x1.05e65p-4f},
    {0x1.605ad2p-10f, 0x1.92a7e4p-9f, -0x1.483c96p-12f, -0x1.a5204cp-10f, -0x1.44f246p-11f,
     0x1.42ecfap-12f, 0x1.77bed2p-12f, 0x1.279a1ap-13f, -0x1.ada778p-20f, -0x1.e36112p-16f,
     -0x1.57ceaap-16f, -0x1.791aaep-17f, -0x1.3a4326p-18f, -0x1.bf7d02p-20f, -0x1.223c92p-21f,
     0x1.2b7f6cp-4f},
};

#endif
