/*
 * The exponential family over all 2^32 float32 inputs, on every instruction set of this processor.
 * The oracle is the C library in double; where the error is so near to the bound that the oracle's
 * own error could decide, MPFR decides.
 */
#include "simd/kernels.h"
#include "simd/proven_ulp.h"
#include "tests/ulp.h"

#include <criterion/criterion.h>
#include <mpfr.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 1 << 16, WORKERS = 2 };

typedef void evaluate_chunk(const rnl_kernels *kernels, const float *x, float *y);

typedef struct function {
    evaluate_chunk *evaluate;
    double (*oracle)(double);
    int (*precise)(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t);
    double bound;                   /* in ULP */
    double relative_from, absolute; /* below that input, the bound is absolute; 0 for none */
} function;

static void evaluate_exponential(const rnl_kernels *kernels, const float *x, float *y)
{
    kernels->exponential(&(const rnl_unary){CHUNK, x, y});
}

static void evaluate_logarithm(const rnl_kernels *kernels, const float *x, float *y)
{
    kernels->logarithm(&(const rnl_unary){CHUNK, x, y});
}

static void evaluate_elu(const rnl_kernels *kernels, const float *x, float *y)
{
    kernels->elu_forward(&(const rnl_activation_forward){
        .rows = 1, .columns = CHUNK, .z = {x, CHUNK}, .y = {y, CHUNK}, .alpha = 1});
}

static void evaluate_sigmoid(const rnl_kernels *kernels, const float *x, float *y)
{
    kernels->sigmoid_forward(&(const rnl_activation_forward){
        .rows = 1, .columns = CHUNK, .z = {x, CHUNK}, .y = {y, CHUNK}});
}

static void evaluate_tanh(const rnl_kernels *kernels, const float *x, float *y)
{
    kernels->tanh_forward(&(const rnl_activation_forward){
        .rows = 1, .columns = CHUNK, .z = {x, CHUNK}, .y = {y, CHUNK}});
}

static void evaluate_selu(const rnl_kernels *kernels, const float *x, float *y)
{
    kernels->selu_forward(&(const rnl_activation_forward){
        .rows = 1, .columns = CHUNK, .z = {x, CHUNK}, .y = {y, CHUNK}});
}

static void evaluate_softplus(const rnl_kernels *kernels, const float *x, float *y)
{
    kernels->softplus_forward(&(const rnl_activation_forward){
        .rows = 1, .columns = CHUNK, .z = {x, CHUNK}, .y = {y, CHUNK}});
}

static void evaluate_softsign(const rnl_kernels *kernels, const float *x, float *y)
{
    kernels->softsign_forward(&(const rnl_activation_forward){
        .rows = 1, .columns = CHUNK, .z = {x, CHUNK}, .y = {y, CHUNK}});
}

static double selu_oracle(double x)
{
    return 1.0507009873554805 * (x >= 0 ? x : 1.6732632423543772 * expm1(x));
}

static int selu_precise(mpfr_ptr y, mpfr_srcptr x, mpfr_rnd_t rounding)
{
    if (mpfr_sgn(x) >= 0)
        return mpfr_mul_d(y, x, 1.0507009873554805, rounding);
    mpfr_expm1(y, x, rounding);
    mpfr_mul_d(y, y, 1.6732632423543772, rounding);
    return mpfr_mul_d(y, y, 1.0507009873554805, rounding);
}

static double softplus_oracle(double x)
{
    return isnan(x) ? x : fmax(x, 0) + log1p(exp(-fabs(x)));
}

static int softplus_precise(mpfr_ptr y, mpfr_srcptr x, mpfr_rnd_t rounding)
{
    mpfr_exp(y, x, rounding);
    return mpfr_log1p(y, y, rounding);
}

static double softsign_oracle(double x)
{
    return isinf(x) ? copysign(1, x) : x / (1 + fabs(x));
}

static int softsign_precise(mpfr_ptr y, mpfr_srcptr x, mpfr_rnd_t rounding)
{
    mpfr_t sum;
    mpfr_init2(sum, 160);
    mpfr_abs(sum, x, rounding);
    mpfr_add_ui(sum, sum, 1, rounding);
    const int inexact = mpfr_div(y, x, sum, rounding);
    mpfr_clear(sum);
    return inexact;
}

static void evaluate_gelu(const rnl_kernels *kernels, const float *x, float *y)
{
    kernels->gelu_forward(&(const rnl_activation_forward){
        .rows = 1, .columns = CHUNK, .z = {x, CHUNK}, .y = {y, CHUNK}});
}

static double gelu_oracle(double x)
{
    return isinf(x) ? fmax(x, 0) : x * erfc(-x / sqrt(2)) / 2;
}

static int gelu_precise(mpfr_ptr y, mpfr_srcptr x, mpfr_rnd_t rounding)
{
    mpfr_t root;
    mpfr_init2(root, 160);
    mpfr_sqrt_ui(root, 2, rounding);
    mpfr_div(y, x, root, rounding);
    mpfr_neg(y, y, rounding);
    mpfr_erfc(y, y, rounding);
    mpfr_div_ui(y, y, 2, rounding);
    const int inexact = mpfr_mul(y, y, x, rounding);
    mpfr_clear(root);
    return inexact;
}

static void evaluate_mish(const rnl_kernels *kernels, const float *x, float *y)
{
    kernels->mish_forward(&(const rnl_activation_forward){
        .rows = 1, .columns = CHUNK, .z = {x, CHUNK}, .y = {y, CHUNK}});
}

static double mish_oracle(double x)
{
    const double w = exp(fmin(x, 100)), n = w * (w + 2);
    return isnan(x) || x > 100 ? x : x < -700 ? 0 : x * n / (n + 2);
}

static int mish_precise(mpfr_ptr y, mpfr_srcptr x, mpfr_rnd_t rounding)
{
    softplus_precise(y, x, rounding);
    mpfr_tanh(y, y, rounding);
    return mpfr_mul(y, y, x, rounding);
}

static double sigmoid_oracle(double x)
{
    return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

static int sigmoid_precise(mpfr_ptr y, mpfr_srcptr x, mpfr_rnd_t rounding)
{
    mpfr_neg(y, x, rounding);
    mpfr_exp(y, y, rounding);
    mpfr_add_ui(y, y, 1, rounding);
    return mpfr_ui_div(y, 1, y, rounding);
}

static double elu_oracle(double x)
{
    return x >= 0 ? x : expm1(x);
}

static int elu_precise(mpfr_ptr y, mpfr_srcptr x, mpfr_rnd_t rounding)
{
    return mpfr_sgn(x) >= 0 ? mpfr_set(y, x, rounding) : mpfr_expm1(y, x, rounding);
}

static double precise_error(const function *f, float result, double x)
{
    mpfr_t argument, value;
    mpfr_inits2(160, argument, value, (mpfr_ptr)0);
    mpfr_set_d(argument, x, MPFR_RNDN);
    f->precise(value, argument, MPFR_RNDN);
    const double exponent = (double)mpfr_get_exp(value);
    mpfr_sub_d(value, value, (double)result, MPFR_RNDN);
    const double error = fabs(mpfr_get_d(value, MPFR_RNDN)) / ldexp(1, (int)exponent - 24);
    mpfr_clears(argument, value, (mpfr_ptr)0);
    return error;
}

typedef struct verdict {
    double worst;
    uint32_t worst_bits;
    uint64_t failures;
} verdict;

typedef struct share {
    const function *f;
    uint64_t begin, end;
    verdict verdicts[RNL_ISA_COUNT];
} share;

static void judge(const function *f, verdict *v, uint32_t bits, float result, double exact)
{
    const bool far = f->absolute > 0 && (double)float_of_bits(bits) < f->relative_from;
    double error =
        far ? f->bound * fabs((double)result - exact) / f->absolute : ulp_error(result, exact);
    if (!far && fabs(error - f->bound) < 1e-6)
        error = precise_error(f, result, without_denormal(float_of_bits(bits)));
    v->failures += !(error <= f->bound);
    if (!(error <= v->worst)) {
        v->worst = error;
        v->worst_bits = bits;
    }
}

static void *run_share(void *argument)
{
    share *s = argument;
    flush_denormals();
    float *x = malloc(CHUNK * sizeof *x), *y = malloc(CHUNK * sizeof *y);
    double *exact = malloc(CHUNK * sizeof *exact);
    for (uint64_t first = s->begin; first < s->end; first += CHUNK) {
        for (uint32_t i = 0; i < CHUNK; ++i) {
            x[i] = float_of_bits((uint32_t)first + i);
            exact[i] = s->f->oracle(without_denormal(x[i]));
        }
        for (rnl_isa isa = RNL_ISA_SCALAR; isa < RNL_ISA_COUNT; ++isa) {
            const rnl_kernels *kernels = rnl_kernels_of(isa);
            if (!kernels)
                continue;
            s->f->evaluate(kernels, x, y);
            for (uint32_t i = 0; i < CHUNK; ++i)
                judge(s->f, &s->verdicts[isa], (uint32_t)first + i, y[i], exact[i]);
        }
    }
    free(x);
    free(y);
    free(exact);
    return NULL;
}

static void check(const char *name, const function *f)
{
    pthread_t threads[WORKERS];
    share shares[WORKERS] = {0};
    for (uint64_t w = 0; w < WORKERS; ++w) {
        const uint64_t part = (UINT64_C(1) << 32) / WORKERS;
        shares[w] = (share){.f = f, .begin = w * part, .end = (w + 1) * part};
        cr_assert_eq(pthread_create(&threads[w], NULL, run_share, &shares[w]), 0);
    }
    for (size_t w = 0; w < WORKERS; ++w)
        pthread_join(threads[w], NULL);
    for (rnl_isa isa = RNL_ISA_SCALAR; isa < RNL_ISA_COUNT; ++isa)
        for (size_t w = 0; w < WORKERS; ++w) {
            const verdict *v = &shares[w].verdicts[isa];
            if (!rnl_kernels_of(isa)) {
                fprintf(stderr, "%s: skipped on %s, which this processor lacks\n", name,
                        rnl_isa_name(isa));
                break;
            }
            fprintf(stderr, "%s on %s: worst %.6f ULP at %a\n", name, rnl_isa_name(isa), v->worst,
                    (double)float_of_bits(v->worst_bits));
            cr_expect_eq(v->failures, 0, "%s on %s: %llu inputs beyond %g ULP", name,
                         rnl_isa_name(isa), (unsigned long long)v->failures, f->bound);
        }
}

Test(exhaustive, elu)
{
    check("elu",
          &(const function){evaluate_elu, elu_oracle, elu_precise, rnl_proven_ulp("elu"), 0, 0});
}

Test(exhaustive, exponential)
{
    check("exponential", &(const function){evaluate_exponential, exp, mpfr_exp,
                                           rnl_proven_ulp("exponential"), 0, 0});
}

Test(exhaustive, logarithm)
{
    check("logarithm",
          &(const function){evaluate_logarithm, log, mpfr_log, rnl_proven_ulp("logarithm"), 0, 0});
}

Test(exhaustive, sigmoid)
{
    check("sigmoid", &(const function){evaluate_sigmoid, sigmoid_oracle, sigmoid_precise,
                                       rnl_proven_ulp("sigmoid"), 0, 0});
}

Test(exhaustive, tanh)
{
    check("tanh", &(const function){evaluate_tanh, tanh, mpfr_tanh, rnl_proven_ulp("tanh"), 0, 0});
}

Test(exhaustive, selu)
{
    check("selu", &(const function){evaluate_selu, selu_oracle, selu_precise,
                                    rnl_proven_ulp("selu"), 0, 0});
}

Test(exhaustive, softplus)
{
    check("softplus", &(const function){evaluate_softplus, softplus_oracle, softplus_precise,
                                        rnl_proven_ulp("softplus"), 0, 0});
}

Test(exhaustive, softsign)
{
    check("softsign", &(const function){evaluate_softsign, softsign_oracle, softsign_precise,
                                        rnl_proven_ulp("softsign"), 0, 0});
}

/* Where erfc underflows in double, the result is 0 long since. */
Test(exhaustive, gelu)
{
    check("gelu", &(const function){evaluate_gelu, gelu_oracle, gelu_precise,
                                    rnl_proven_ulp("gelu"), -5, 5e-9});
}

/* Below -70 parts of e^z may be flushed. */
Test(exhaustive, mish)
{
    check("mish", &(const function){evaluate_mish, mish_oracle, mish_precise,
                                    rnl_proven_ulp("mish"), -70, 4e-36});
}
