/*
 * Every kernel of the list on all instruction sets of this processor, and as a processor without
 * FMA would run it: the same bits, whatever the numbers, with denormals and without.  Only which
 * NaN comes out may differ, since a compiler may exchange the terms of a sum.
 */
#include "tests/kernels/kernel_checks.h"
#include "tests/kernels/same_bits_arguments.h"

/* ---- the numbers ----------------------------------------------------------------------------- */

typedef enum numbers { ORDINARY, ZEROS, SPECIAL, LARGE, ANY_BITS, KINDS_OF_NUMBERS } numbers;

static float draw(numbers kind)
{
    switch (kind) {
    case ORDINARY:
        return random_float(3);
    case ZEROS: /* and few others: sums whose terms cancel, maxima among zeros */
        return random_word() % 4 == 0 ? random_float(1) : random_word() % 2 ? 0.0f : -0.0f;
    case SPECIAL:
        return random_word() % 8 == 0 ? special[random_word() % SPECIALS] : random_float(20);
    case LARGE:
        return random_float(3e38f);
    default:
        return random_bits();
    }
}

enum { POOL = 1 << 16 };

/* Numbers that are drawn once, and of which a call takes a part. */
static const float *pool_of(numbers kind)
{
    static float pools[KINDS_OF_NUMBERS][POOL];
    static bool filled[KINDS_OF_NUMBERS];
    for (size_t i = 0; i < POOL && !filled[kind]; ++i)
        pools[kind][i] = draw(kind);
    filled[kind] = true;
    return pools[kind];
}

static void fill(workspace *w, call *c, numbers kind)
{
    for (size_t a = 0; a < 6; ++a)
        memcpy(w->array[a], pool_of(kind) + random_word() % (POOL - FLOATS), sizeof w->array[a]);
    for (size_t i = 0; i < FLOATS; ++i)
        w->wide[i] = kind == ANY_BITS ? (double)random_bits() : 1e9 / 3 + (double)draw(kind);
    for (size_t i = 0; i < WIDTH; ++i)
        for (size_t k = 0; k < 3; ++k)
            w->by_column[k][i] = (double)random_float(2) / 3;
    for (size_t i = 0; i < MOST_ROWS; ++i) {
        w->labels[i] = (int32_t)(random_word() % c->columns);
        w->indices[i] = random_word() % MOST_ROWS;
        w->found[i] = -1;
    }
    w->sums[0] = w->sums[1] = 0;
    for (size_t i = 0; i < 6; ++i)
        c->factor[i] = kind == ANY_BITS ? draw(kind) : (float)(random_word() % 1000 + 1) / 1024;
    if (random_word() % 3 == 0)
        c->factor[0] = 1; /* an alpha for which elu has a form of its own */
    c->random = (int)(random_word() >> 8);
}

static call draw_shape(size_t round)
{
    call c = {.rows = 1 + random_word() % MOST_ROWS, .partials = 1};
    c.columns = round < MOST_COLUMNS ? round + 1 : 1 + random_word() % MOST_COLUMNS;
    if (c.rows <= 8)
        c.partials = 1 + random_word() % 3;
    return c;
}

/* ---- the comparison -------------------------------------------------------------------------- */

static bool floats_agree(const float *a, const float *b, size_t count, size_t *at)
{
    for (*at = 0; *at < count; ++*at)
        if (bits_of_float(a[*at]) != bits_of_float(b[*at]) && !(isnan(a[*at]) && isnan(b[*at])))
            return false;
    return true;
}

static bool doubles_agree(const double *a, const double *b, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        if (memcmp(&a[i], &b[i], sizeof *a) != 0 && !(isnan(a[i]) && isnan(b[i])))
            return false;
    return true;
}

static void expect_same(const workspace *a, const workspace *b, const call *c, const char *name,
                        const char *set)
{
    for (size_t k = 0; k < 6; ++k) {
        size_t at;
        cr_assert(floats_agree(a->array[k], b->array[k], FLOATS, &at),
                  "%s, %s, %zu x %zu: array %zu, number %zu is %a, not %a", name, set, c->rows,
                  c->columns, k, at, (double)a->array[k][at], (double)b->array[k][at]);
    }
    cr_assert(doubles_agree(a->sums, b->sums, 2), "%s, %s: sums", name, set);
    cr_assert_arr_eq(a->found, b->found, sizeof a->found, "%s, %s: columns found", name, set);
}

enum { ROUNDS_EACH = 160 };

/* The tables of this processor, without the first. */
static size_t list_tables(const rnl_kernels *tables[RNL_ISA_COUNT + 1])
{
    size_t count = 0;
    for (rnl_isa isa = RNL_ISA_SCALAR; isa < RNL_ISA_COUNT; ++isa)
        if (rnl_kernels_of(isa))
            tables[count++] = rnl_kernels_of(isa);
    if (rnl_kernels_without_bfloat16())
        tables[count++] = rnl_kernels_without_bfloat16();
    return count;
}

/* A kernel of one table, with its arguments in a workspace. */
typedef void run_kernel(const rnl_kernels *kernels, workspace *w, const call *c);

static void compare(run_kernel *run, const char *name)
{
    static workspace first, expected, found;
    const rnl_kernels *tables[RNL_ISA_COUNT + 1];
    const size_t count = list_tables(tables);
    for (size_t round = 0; round < ROUNDS_EACH * KINDS_OF_NUMBERS; ++round) {
        call c = draw_shape(round % ROUNDS_EACH);
        fill(&first, &c, round / ROUNDS_EACH);
        memcpy(&expected, &first, sizeof first);
        run(rnl_kernels_without_fma(), &expected, &c);
        for (size_t i = 0; i < count; ++i) {
            memcpy(&found, &first, sizeof first);
            run(tables[i], &found, &c);
            expect_same(&found, &expected, &c, name, rnl_isa_name(tables[i]->isa));
        }
    }
}

#define RNL_KERNEL(name, arguments)                                                                \
    static void run_##name(const rnl_kernels *kernels, workspace *w, const call *c)                \
    {                                                                                              \
        const arguments a = make_##arguments(w, c);                                                \
        kernels->name(&a);                                                                         \
    }                                                                                              \
    Test(same_bits, name)                                                                          \
    {                                                                                              \
        compare(run_##name, #name);                                                                \
        flush_denormals();                                                                         \
        compare(run_##name, #name);                                                                \
    }
#include "simd/kernels.inc"
#undef RNL_KERNEL

/* ---- one rounding ---------------------------------------------------------------------------- */

/* w - rate g, where rate g is within some 2^-24 of half a unit of w: two roundings, to double and
 * to float, go wrong once in 200 times. */
static void check_near_halfway(void)
{
    enum { COUNT = 16 };
    float weights[COUNT], before[COUNT], gradients[COUNT], check;
    const float rate = 1 + (float)(random_word() >> 9) * 0x1p-23f;
    for (size_t i = 0; i < COUNT; ++i) {
        before[i] = weights[i] = 0x1p24f * (2.1f + random_float(1));
        const float half = ldexpf(0.5f, ilogbf(before[i]) - 23) / rate;
        gradients[i] = float_of_bits(bits_of_float(half) + random_word() % 5 - 2);
        gradients[i] *= random_word() % 2 ? -1.0f : 1.0f;
    }
    rnl_kernels_without_fma()->sgd_update(&(const rnl_update){.count = COUNT,
                                                              .weights = weights,
                                                              .gradients = gradients,
                                                              .learning_rate = rate,
                                                              .check = &check});
    for (size_t i = 0; i < COUNT; ++i)
        cr_assert_eq(weights[i], fmaf(-rate, gradients[i], before[i]), "%a - %a %a",
                     (double)before[i], (double)rate, (double)gradients[i]);
}

Test(same_bits, a_sum_near_halfway_is_rounded_once)
{
    for (int i = 0; i < 1 << 14; ++i)
        check_near_halfway();
    flush_denormals();
    for (int i = 0; i < 1 << 14; ++i)
        check_near_halfway();
}
