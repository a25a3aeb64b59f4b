/*
 * Random numbers against their definition.
 */
#include "tests/kernels/kernel_checks.h"

static uint32_t step = 77;

/* The word that the scalar generator gives an element. */
static uint32_t word_of(size_t row, size_t column, size_t word)
{
    const rnl_philox_block counter = {
        {(uint32_t)(column / 64 * 16 + column % 16), (uint32_t)row + 5, step, 0x04000003}};
    return rnl_philox(0x123456789abcdef, counter).word[word];
}

static double uniform_of(size_t row, size_t column)
{
    return (double)(word_of(row, column, column % 64 / 16) >> 8) * 0x1p-24;
}

static double normal_of(size_t row, size_t column)
{
    const size_t word = column % 64 / 16, first = word & ~(size_t)1;
    const double u = ((double)(word_of(row, column, first) >> 8) + 0.5) * 0x1p-24;
    const double angle =
        2 * 3.14159265358979323846 * ((double)(word_of(row, column, first + 1) >> 8) * 0x1p-24);
    return sqrt(-2 * log(u)) * (word % 2 == 0 ? cos(angle) : sin(angle));
}

typedef void random_kernel(const rnl_random_rows *a);
typedef double random_oracle(const rnl_random_rows *a, double x, size_t row, size_t column);

/* Several inputs, every number of columns; the result of an element is its place's alone. */
static void check_random(random_kernel *kernel, random_oracle *expected, rnl_random_rows a)
{
    enum { PARTIALS = 2 };
    static guarded output;
    static float x[PARTIALS * RANDOM_SPACE], sign[RANDOM_SPACE];
    flush_denormals();
    for (size_t i = 0; i < PARTIALS * RANDOM_SPACE; ++i)
        x[i] = random_float(2);
    for (size_t i = 0; i < RANDOM_SPACE; ++i)
        sign[i] = i % 5 == 0 ? 0.0f : random_float(2);
    a.rows = ROWS;
    a.x = (rnl_partials){x, RANDOM_STRIDE, 1, RANDOM_SPACE};
    a.sign = (rnl_view){sign, RANDOM_STRIDE};
    a.seed = 0x123456789abcdef;
    a.stream = 0x04000003;
    a.step = step;
    a.first_row = 5;
    for (a.x.count = 1; a.x.count <= PARTIALS; ++a.x.count)
        for (a.columns = 0; a.columns <= RANDOM_COLUMNS; ++a.columns) {
            a.y = (rnl_mutable_view){guarded_start(&output, RANDOM_SPACE), RANDOM_STRIDE};
            kernel(&a);
            guarded_check(&output, ROWS, a.columns, RANDOM_STRIDE);
            for (size_t i = 0; i < ROWS; ++i)
                for (size_t j = 0; j < a.columns; ++j) {
                    const size_t at = i * RANDOM_STRIDE + j;
                    const float sum = a.x.count == 1 ? x[at] : x[at] + x[RANDOM_SPACE + at];
                    const double y = expected(&a, (double)sum, i, j);
                    cr_assert(fabs((double)a.y.values[at] - y) <= 2e-6 * (1 + fabs(y)),
                              "row %zu, column %zu of %zu: %g, expected %g", i, j, a.columns,
                              (double)a.y.values[at], y);
                }
        }
}

static double dropped(const rnl_random_rows *a, double x, size_t row, size_t column)
{
    return uniform_of(row, column) >= (double)a->rate ? (double)a->scale * x + (double)a->offset
                                                      : (double)a->dropped;
}

void check_drop(const rnl_kernels *k)
{
    check_random(k->drop, dropped,
                 (rnl_random_rows){.rate = 0.4f, .scale = 1.5f, .offset = 0.5f, .dropped = -2});
    check_random(k->drop, dropped, (rnl_random_rows){.rate = 1, .scale = 0});
    check_random(k->drop, dropped, (rnl_random_rows){.rate = 0, .scale = 1});
    /* An element whose number is the rate is kept. */
    check_random(k->drop, dropped, (rnl_random_rows){.rate = (float)uniform_of(0, 3), .scale = 2});
}

static double sloped(const rnl_random_rows *a, double x, size_t row, size_t column)
{
    const double u = uniform_of(row, column);
    const double slope = (double)a->lower + ((double)a->upper - (double)a->lower) * u;
    return a->sign.values[row * RANDOM_STRIDE + column] >= 0 ? x : slope * x;
}

void check_random_slope(const rnl_kernels *k)
{
    check_random(k->random_slope, sloped, (rnl_random_rows){.lower = 0.125f, .upper = 0.75f});
}

static double noisy(const rnl_random_rows *a, double x, size_t row, size_t column)
{
    return x + (double)a->scale * normal_of(row, column);
}

void check_add_noise(const rnl_kernels *k)
{
    check_random(k->add_noise, noisy, (rnl_random_rows){.scale = 0.7f});
    /* A step in which a number is 0, whose logarithm is infinite. */
    step = 523472;
    cr_assert_eq(word_of(0, 32, 2) >> 8, 0);
    check_random(k->add_noise, noisy, (rnl_random_rows){.scale = 0.7f});
    step = 77;
}
