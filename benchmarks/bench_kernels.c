/*
 * The time of every kernel of the list, in nanoseconds per element, on every instruction set of
 * this processor, for arrays within the L1 cache, the L2 cache, and memory.
 *
 *     bench_kernels [NAME]       only kernels whose name contains NAME
 *
 * The best of many repetitions.  One "element" is one output; a row of the losses has 10 classes.
 */
#include "simd/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xmmintrin.h>

/* Elements: 8 KiB, 128 KiB, 32 MiB of floats for each array. */
static const size_t sizes[] = {2048, 32768, 8u << 20};
enum { SIZES = sizeof sizes / sizeof *sizes, CLASSES = 10, GATHERED = 1024, ARRAYS = 5 };

/* Arrays for any kernel's arguments. */
typedef struct workspace {
    float *array[ARRAYS]; /* of the largest size */
    int32_t *labels, *predicted;
    uint32_t *indices;
    double *wide; /* of the largest size */
} workspace;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *allocate(size_t count, size_t size)
{
    void *memory = aligned_alloc(64, (count * size + 63) / 64 * 64);
    if (!memory) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return memory;
}

static void fill(workspace *w)
{
    const size_t most = sizes[SIZES - 1];
    for (size_t a = 0; a < ARRAYS; ++a) {
        w->array[a] = allocate(most, sizeof(float));
        for (size_t i = 0; i < most; ++i)
            w->array[a][i] = (float)((i * 2654435761u + a) % 4001) / 1000 - 2;
    }
    w->labels = allocate(most, sizeof(int32_t));
    w->predicted = allocate(most, sizeof(int32_t));
    w->indices = allocate(most, sizeof(uint32_t));
    w->wide = allocate(most, sizeof(double));
    memset(w->wide, 0, most * sizeof(double));
    for (size_t i = 0; i < most; ++i) {
        w->labels[i] = (int32_t)(i % CLASSES);
        w->indices[i] = (uint32_t)i;
    }
    for (size_t i = 0; i < most; ++i)
        w->array[4][i] = w->array[4][i] * w->array[4][i] + 1e-3f;
}

/* if(z >= 0, z, exp(z) - 1) */
static const rnl_formula_program elu_formula = {.numbers = 2,
                                                .number = {0, 1},
                                                .steps = 4,
                                                .value_steps = 4,
                                                .step = {{RNL_OP_AT_MOST, 3, 1, 0, 0},
                                                         {RNL_OP_EXP, 4, 0, 0, 0},
                                                         {RNL_OP_SUBTRACT, 4, 4, 2, 0},
                                                         {RNL_OP_CHOOSE, 5, 3, 0, 4}},
                                                .value = 5};

/* The arguments of each kind for n elements. */
static rnl_activation_forward arguments_rnl_activation_forward(const workspace *w, size_t n)
{
    return (rnl_activation_forward){.rows = n / 512,
                                    .columns = 512,
                                    .z = {w->array[0], 512},
                                    .bias = w->array[1],
                                    .y = {w->array[2], 512},
                                    .alpha = 1,
                                    .self = &elu_formula};
}

static rnl_activation_backward arguments_rnl_activation_backward(const workspace *w, size_t n)
{
    return (rnl_activation_backward){.rows = n / 512,
                                     .columns = 512,
                                     .upstream = {w->array[0], 512, 1, 0},
                                     .y = {w->array[1], 512},
                                     .delta = {w->array[2], 512},
                                     .alpha = 1};
}

static rnl_loss_rows arguments_rnl_loss_rows(const workspace *w, size_t n)
{
    return (rnl_loss_rows){.rows = n / CLASSES,
                           .columns = CLASSES,
                           .z = {w->array[0], CLASSES},
                           .labels = w->labels,
                           .targets = {w->array[3], CLASSES},
                           .scale = 1,
                           .delta = {w->array[1], CLASSES},
                           .loss = w->array[2]};
}

static rnl_largest arguments_rnl_largest(const workspace *w, size_t n)
{
    return (rnl_largest){.rows = n / CLASSES,
                         .columns = CLASSES,
                         .z = {w->array[0], CLASSES},
                         .column = w->predicted};
}

static rnl_softmax arguments_rnl_softmax(const workspace *w, size_t n)
{
    return (rnl_softmax){n / CLASSES, CLASSES, {w->array[0], CLASSES}, {w->array[1], CLASSES}};
}

static rnl_update arguments_rnl_update(const workspace *w, size_t n)
{
    static float check;
    return (rnl_update){.count = n,
                        .weights = w->array[0],
                        .gradients = w->array[1],
                        .velocity = w->array[2],
                        .squares = w->array[4],
                        .means = w->array[3],
                        .learning_rate = 1e-6f,
                        .gradient_rate = 1e-6f,
                        .root_scale = 1,
                        .momentum = 0.9f,
                        .beta_2 = 0.999f,
                        .epsilon = 1e-7f,
                        .check = &check};
}

static rnl_penalty_slope arguments_rnl_penalty_slope(const workspace *w, size_t n)
{
    return (rnl_penalty_slope){n, w->array[0], w->array[1], 1e-6f, 1e-6f};
}

static rnl_clamp arguments_rnl_clamp(const workspace *w, size_t n)
{
    return (rnl_clamp){n, w->array[0], 1};
}

static rnl_shrink arguments_rnl_shrink(const workspace *w, size_t n)
{
    return (rnl_shrink){n, w->array[0], 1e-9f};
}

static rnl_sizes arguments_rnl_sizes(const workspace *w, size_t n)
{
    static double absolutes, squares;
    return (rnl_sizes){n, w->array[0], &absolutes, &squares};
}

static rnl_add_squares arguments_rnl_add_squares(const workspace *w, size_t n)
{
    return (rnl_add_squares){n, w->array[0], w->array[1]};
}

static rnl_multiply arguments_rnl_multiply(const workspace *w, size_t n)
{
    return (rnl_multiply){n, w->array[0], w->array[2], false};
}

static rnl_gather arguments_rnl_gather(const workspace *w, size_t n)
{
    static double wide[GATHERED]; /* 0: how large numbers are does not matter */
    return (rnl_gather){.rows = n / GATHERED,
                        .features = GATHERED,
                        .indices = w->indices,
                        .source = w->wide, /* enough for doubles; the others read less of it */
                        .centre = wide,
                        .scale = wide,
                        .offset = wide,
                        .x = {w->array[1], GATHERED}};
}

static rnl_smooth_clip arguments_rnl_smooth_clip(const workspace *w, size_t n)
{
    return (rnl_smooth_clip){n / 512, 512, {w->array[2], 512}, w->array[3]};
}

static rnl_add_rows arguments_rnl_add_rows(const workspace *w, size_t n)
{
    return (rnl_add_rows){.rows = n / 512,
                          .columns = 512,
                          .x = {w->array[0], 512, 1, 0},
                          .addend = {w->array[1], 512},
                          .y = {w->array[2], 512}};
}

static rnl_column_sums arguments_rnl_column_sums(const workspace *w, size_t n)
{
    return (rnl_column_sums){16, n / 16, {w->array[0], n / 16}, w->array[1]};
}

static rnl_transpose arguments_rnl_transpose(const workspace *w, size_t n)
{
    return (rnl_transpose){32, n / 32, {w->array[0], n / 32}, {w->array[1], 32}};
}

static rnl_random_rows arguments_rnl_random_rows(const workspace *w, size_t n)
{
    return (rnl_random_rows){.rows = n / 512,
                             .columns = 512,
                             .x = {w->array[0], 512, 1, 0},
                             .sign = {w->array[1], 512},
                             .seed = 42,
                             .rate = 0.5f,
                             .scale = 2,
                             .upper = 1,
                             .y = {w->array[2], 512}};
}

static rnl_learned_factors arguments_rnl_learned_factors(const workspace *w, size_t n)
{
    return (rnl_learned_factors){n / 32, 32, {w->array[0], 32}, w->array[1], {w->array[2], 32}};
}

static rnl_learned_factors_backward arguments_rnl_learned_factors_backward(const workspace *w,
                                                                           size_t n)
{
    static float gradient[32];
    return (rnl_learned_factors_backward){.rows = n / 32,
                                          .columns = 32,
                                          .upstream = {w->array[0], 32, 1, 0},
                                          .z = {w->array[1], 32},
                                          .factors = w->array[3],
                                          .delta = {w->array[2], 32},
                                          .gradient = gradient};
}

static rnl_column_moments arguments_rnl_column_moments(const workspace *w, size_t n)
{
    return (rnl_column_moments){n / 32, 32, {w->array[0], 32}, w->array[1], w->array[4]};
}

static rnl_normalize arguments_rnl_normalize(const workspace *w, size_t n)
{
    return (rnl_normalize){.rows = n / 32,
                           .columns = 32,
                           .x = {w->array[0], 32},
                           .mean = w->array[1],
                           .variance = w->array[4],
                           .gamma = w->array[3],
                           .beta = w->array[3],
                           .epsilon = 1e-3f,
                           .y = {w->array[2], 32}};
}

static rnl_normalize_sums arguments_rnl_normalize_sums(const workspace *w, size_t n)
{
    static float gradients[64];
    return (rnl_normalize_sums){.rows = n / 32,
                                .columns = 32,
                                .upstream = {w->array[0], 32, 1, 0},
                                .x = {w->array[1], 32},
                                .mean = w->array[3],
                                .variance = w->array[4],
                                .epsilon = 1e-3f,
                                .dy = {w->array[2], 32},
                                .gamma_gradient = gradients,
                                .beta_gradient = gradients + 32};
}

static rnl_normalize_backward arguments_rnl_normalize_backward(const workspace *w, size_t n)
{
    static const float gradients[64];
    return (rnl_normalize_backward){.rows = n / 32,
                                    .columns = 32,
                                    .measured = n / 32,
                                    .x = {w->array[1], 32},
                                    .mean = w->array[3],
                                    .variance = w->array[4],
                                    .gamma_gradient = gradients,
                                    .beta_gradient = gradients + 32,
                                    .epsilon = 1e-3f,
                                    .dx = {w->array[2], 32}};
}

static rnl_unary arguments_rnl_unary(const workspace *w, size_t n)
{
    return (rnl_unary){n, w->array[4], w->array[1]};
}

/* 32 inner terms for each element; A lies by rows for one kernel, by columns for the other. */
static rnl_panel_product arguments_rnl_panel_product(const workspace *w, size_t n)
{
    enum { INNER = 32, COLUMNS = 64 };
    return (rnl_panel_product){.rows = n / COLUMNS,
                               .inner = INNER,
                               .columns = COLUMNS,
                               .a = w->array[0],
                               .row_step = INNER,
                               .inner_step = n / COLUMNS,
                               .segment = INNER,
                               .b = {w->array[1], COLUMNS},
                               .c = {w->array[2], COLUMNS}};
}

static rnl_bfloat16_row arguments_rnl_bfloat16_row(const workspace *w, size_t n)
{
    return (rnl_bfloat16_row){.columns = n, .pairs = w->array[0], .y = w->array[1]};
}

static rnl_rounding arguments_rnl_rounding(const workspace *w, size_t n)
{
    enum { COLUMNS = 64 };
    return (rnl_rounding){.rows = n / COLUMNS,
                          .columns = COLUMNS,
                          .x = {w->array[0], COLUMNS},
                          .y = {w->array[2], COLUMNS},
                          .by_rows = {w->array[1], COLUMNS / 2},
                          .by_columns = {w->array[3], COLUMNS}};
}

/* Nanoseconds per element: the best of repetitions that last a fifth of a second together. */
#define RNL_KERNEL(name, type)                                                                     \
    static double time_##name(const rnl_kernels *kernels, const workspace *w, size_t n)            \
    {                                                                                              \
        const type a = arguments_##type(w, n);                                                     \
        const size_t calls = n < 100000 ? 100000 / n + 1 : 1;                                      \
        double best = 1e9;                                                                         \
        for (const double start = now(); now() - start < 0.2;) {                                   \
            const double before = now();                                                           \
            for (size_t i = 0; i < calls; ++i)                                                     \
                kernels->name(&a);                                                                 \
            const double seconds = (now() - before) / (double)calls;                               \
            best = seconds < best ? seconds : best;                                                \
        }                                                                                          \
        return 1e9 * best / (double)n;                                                             \
    }
#include "simd/kernels.inc"
#undef RNL_KERNEL

int main(int argc, char **argv)
{
    static workspace w;
    _mm_setcsr(_mm_getcsr() | 0x8040u);
    fill(&w);
    printf("%-18s %-7s %10s %10s %10s   ns per element\n", "kernel", "isa", "8 KiB", "128 KiB",
           "32 MiB");
#define RNL_KERNEL(name, type)                                                                     \
    for (rnl_isa isa = RNL_ISA_SCALAR; isa < RNL_ISA_COUNT; ++isa) {                               \
        const rnl_kernels *kernels = rnl_kernels_of(isa);                                          \
        if (!kernels || (argc > 1 && !strstr(#name, argv[1])))                                     \
            continue;                                                                              \
        printf("%-18s %-7s", #name, rnl_isa_name(isa));                                            \
        for (size_t s = 0; s < SIZES; ++s)                                                         \
            printf(" %10.4f", time_##name(kernels, &w, sizes[s]));                                 \
        printf("\n");                                                                              \
        fflush(stdout);                                                                            \
    }
#include "simd/kernels.inc"
#undef RNL_KERNEL
    return 0;
}
