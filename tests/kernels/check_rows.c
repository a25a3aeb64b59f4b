/*
 * Gathering, sums and transposition.
 */
#include "tests/kernels/kernel_checks.h"

typedef enum element_kind { BYTES, FLOATS, DOUBLES } element_kind;

/* As a file holds it: numbers around a mean that float32 has no digits left for, too. */
static double gathered(element_kind kind, size_t i)
{
    const double byte = (double)(random_word() & 255);
    if (kind == BYTES)
        return byte;
    const double around = i % 3 == 0 ? 0 : i % 3 == 1 ? 16000000 : 1700000000.25;
    return kind == FLOATS ? (double)(float)(around + byte) : around + byte / 3;
}

/* Scaled in double, or, of bytes, in float by a factor that allows it. */
static void check_gather(const rnl_kernels *k, element_kind kind, bool by_floats)
{
    enum { SOURCE_ROWS = 9 };
    static guarded output;
    static double doubles[SOURCE_ROWS * LONGEST], centre[LONGEST], scale[LONGEST], offset[LONGEST];
    const size_t size = kind == BYTES ? 1 : kind == FLOATS ? sizeof(float) : sizeof(double);
    const uint32_t indices[ROWS] = {8, 0, 5};
    const double pixel = 1.0 / 255;
    const float high = (float)pixel;
    flush_denormals();
    for (size_t features = 1; features <= LONGEST; ++features) {
        /* The source ends with its last row: a read behind it would be seen by a sanitizer. */
        const size_t count = SOURCE_ROWS * features;
        void *source = malloc(count * size);
        for (size_t i = 0; i < count; ++i) {
            doubles[i] = gathered(kind, i);
            if (kind == BYTES)
                ((uint8_t *)source)[i] = (uint8_t)doubles[i];
            else if (kind == FLOATS)
                ((float *)source)[i] = (float)doubles[i];
            else
                ((double *)source)[i] = doubles[i];
        }
        for (size_t j = 0; j < features; ++j) {
            centre[j] = by_floats ? 0 : doubles[j] + (double)random_float(5);
            scale[j] = by_floats ? pixel : (double)random_float(0.1f) / 3;
            offset[j] = by_floats ? 0 : (double)random_float(1) / 3;
        }
        float *x = guarded_start(&output, SPACE);
        const rnl_gather a = {.rows = ROWS,
                              .features = features,
                              .indices = indices,
                              .source = source,
                              .centre = centre,
                              .scale = scale,
                              .offset = offset,
                              .high = by_floats ? high : 0,
                              .low = by_floats ? (float)(pixel - (double)high) : 0,
                              .x = {x, STRIDE}};
        (kind == BYTES    ? k->gather_uint8
         : kind == FLOATS ? k->gather_float32
                          : k->gather_float64)(&a);
        guarded_check(&output, ROWS, features, STRIDE);
        for (size_t i = 0; i < ROWS; ++i)
            for (size_t j = 0; j < features; ++j) {
                const double distance = doubles[indices[i] * features + j] - centre[j];
                cr_assert_eq(x[i * STRIDE + j], (float)(distance * scale[j] + offset[j]));
            }
        free(source);
    }
}

void check_gather_uint8(const rnl_kernels *k)
{
    check_gather(k, BYTES, false);
    check_gather(k, BYTES, true);
}

void check_gather_float32(const rnl_kernels *k)
{
    check_gather(k, FLOATS, false);
}

void check_gather_float64(const rnl_kernels *k)
{
    check_gather(k, DOUBLES, false);
}

void check_smooth_clip(const rnl_kernels *k)
{
    static guarded output;
    static float before[SPACE], c[LONGEST];
    flush_denormals();
    for (size_t columns = 1; columns <= LONGEST; ++columns) {
        float *x = guarded_start(&output, SPACE);
        for (size_t j = 0; j < columns; ++j)
            c[j] = j % 3 == 0 ? 0 : 1.0f / (float)(1 + j % 3);
        for (size_t i = 0; i < ROWS; ++i)
            for (size_t j = 0; j < columns; ++j)
                before[i * STRIDE + j] = x[i * STRIDE + j] = random_float(i == 0   ? 3e38f
                                                                          : i == 1 ? 1e4f
                                                                                   : 5);
        k->smooth_clip(&(const rnl_smooth_clip){ROWS, columns, {x, STRIDE}, c});
        guarded_check(&output, ROWS, columns, STRIDE);
        for (size_t i = 0; i < ROWS; ++i)
            for (size_t j = 0; j < columns; ++j) {
                const double z = (double)before[i * STRIDE + j], part = z * (double)c[j];
                const double expected = z / sqrt(1 + part * part);
                cr_assert_float_eq((double)x[i * STRIDE + j], expected, 3e-7 * fabs(expected));
                cr_assert(c[j] > 0 || x[i * STRIDE + j] == before[i * STRIDE + j]);
            }
    }
}

void check_column_sums(const rnl_kernels *k)
{
    static guarded output;
    static float x[SPACE];
    flush_denormals();
    for (size_t i = 0; i < SPACE; ++i)
        x[i] = random_float(3);
    for (size_t rows = 1; rows <= ROWS; ++rows)
        for (size_t columns = 0; columns <= LONGEST; ++columns) {
            float *sums = guarded_start(&output, SPACE);
            k->column_sums(&(const rnl_column_sums){rows, columns, {x, STRIDE}, sums});
            guarded_check(&output, 1, columns, SPACE);
            for (size_t j = 0; j < columns; ++j) {
                float sum = x[j];
                for (size_t i = 1; i < rows; ++i)
                    sum += x[i * STRIDE + j];
                cr_assert_eq(sums[j], sum);
            }
        }
}

/* Squares of any vectors, and what is left at their edges. */
void check_transpose(const rnl_kernels *k)
{
    enum { SIDE = 35, X_STRIDE = SIDE + 3, Y_STRIDE = SIDE + 2 };
    static float x[SIDE * X_STRIDE], y[SIDE * Y_STRIDE], expected[SIDE * Y_STRIDE];
    for (size_t i = 0; i < SIDE * X_STRIDE; ++i)
        x[i] = i % 7 == 0 ? NAN : random_float(3);
    for (size_t rows = 0; rows <= SIDE; ++rows)
        for (size_t columns = 0; columns <= SIDE; ++columns) {
            for (size_t i = 0; i < SIDE * Y_STRIDE; ++i)
                y[i] = expected[i] = (float)i;
            for (size_t i = 0; i < rows; ++i)
                for (size_t j = 0; j < columns; ++j)
                    expected[j * Y_STRIDE + i] = x[i * X_STRIDE + j];
            k->transpose(&(const rnl_transpose){rows, columns, {x, X_STRIDE}, {y, Y_STRIDE}});
            cr_assert_eq(memcmp(y, expected, sizeof y), 0, "%zu x %zu", rows, columns);
        }
}

void check_add_rows(const rnl_kernels *k)
{
    enum { PARTIALS = 3 };
    static guarded output;
    static float x[PARTIALS * SPACE], addend[SPACE];
    flush_denormals();
    for (size_t i = 0; i < PARTIALS * SPACE; ++i)
        x[i] = random_float(3);
    for (size_t i = 0; i < SPACE; ++i)
        addend[i] = random_float(3);
    for (int added = 0; added < 2; ++added)
        for (size_t partials = 1; partials <= PARTIALS; ++partials)
            for (size_t columns = 0; columns <= LONGEST; ++columns) {
                float *y = guarded_start(&output, SPACE);
                k->add_rows(&(const rnl_add_rows){.rows = ROWS,
                                                  .columns = columns,
                                                  .x = {x, STRIDE, partials, SPACE},
                                                  .addend = {added ? addend : NULL, STRIDE},
                                                  .y = {y, STRIDE}});
                guarded_check(&output, ROWS, columns, STRIDE);
                for (size_t i = 0; i < ROWS; ++i)
                    for (size_t j = 0; j < columns; ++j) {
                        const size_t at = i * STRIDE + j;
                        float sum = x[at];
                        for (size_t p = 1; p < partials; ++p)
                            sum += x[p * SPACE + at];
                        cr_assert_eq(y[at], added ? sum + addend[at] : sum);
                    }
            }
}
