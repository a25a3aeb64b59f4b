/*
 * Inputs that are NaN, infinite, or beyond float32: refused wherever rows come in, with the row and
 * the column.
 */
#include "engine/data/formats.h"
#include "engine/schema/config.h"
#include "tests/config_texts.h"
#include "tests/fixtures.h"
#include "tests/scratch.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

TestSuite(finite, .init = scratch_enter, .fini = scratch_leave);

static void write_bytes(const char *path, const void *head, size_t head_size, const void *elements,
                        size_t size)
{
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    fwrite(head, 1, head_size, file);
    fwrite(elements, 1, size, file);
    cr_assert_eq(fclose(file), 0);
}

static void write_npy(const char *path, const char *descr, bool fortran, const char *shape,
                      const void *elements, size_t size)
{
    char head[128], header[128 - 10];
    snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", descr,
             fortran ? "True" : "False", shape);
    memcpy(head, "\x93NUMPY\x01\x00\x76\x00", 10);
    snprintf(head + 10, sizeof head - 10, "%-*s", 117, header);
    head[127] = '\n';
    write_bytes(path, head, sizeof head, elements, size);
}

static void expect_refused(rnl_status status, const char *message)
{
    cr_expect_eq(status, RNL_BAD_DATA, "%s", message);
    cr_expect_not_null(strstr(rnl_message(), message), "'%s' instead of '%s'", rnl_message(),
                       message);
}

/* As for prediction and as for training, kept as floats or as doubles. */
static void expect_file_refused(const rnl_data_format *format, const char *path,
                                const char *message)
{
    rnl_dataset dataset;
    rnl_array_files files = {.inputs = (char *)(uintptr_t)path, .targets = "absent"};
    for (int i = 0; i < 4; ++i) {
        const rnl_loading loading = {.predicting = i & 1, .wide_inputs = i & 2};
        expect_refused(format->load(&dataset, &files, &loading), message);
    }
}

Test(finite, npy_of_every_type)
{
    const uint16_t halves[6] = {0, 0x3c00, 0x7c00, 0, 0, 0};
    const float singles[6] = {1, 2, 3, 4, 5, NAN};
    const double doubles[6] = {1, 2, -INFINITY, 4, 5, 6}, large[6] = {1, 2, 3, 1e39, 5, 6};
    write_npy("h.npy", "<f2", false, "(3, 2)", halves, sizeof halves);
    expect_file_refused(&rnl_npy_format, "h.npy",
                        "h.npy: row 1, column 0: expected a finite number, got infinity");
    write_npy("s.npy", "<f4", false, "(2, 3)", singles, sizeof singles);
    expect_file_refused(&rnl_npy_format, "s.npy",
                        "s.npy: row 1, column 2: expected a finite number, got NaN");
    write_npy("d.npy", "<f8", true, "(2, 3)", doubles, sizeof doubles);
    expect_file_refused(&rnl_npy_format, "d.npy",
                        "d.npy: row 0, column 1: expected a finite number, got -infinity");
    write_npy("l.npy", "<f8", false, "(3, 2)", large, sizeof large);
    expect_file_refused(&rnl_npy_format, "l.npy",
                        "l.npy: row 1, column 1: expected a number within float32, got 1e+39");
    write_npy("i.npy", "<f4", false, "(1, 2, 3)", singles, sizeof singles);
    expect_file_refused(&rnl_npy_format, "i.npy", "i.npy: row 0, column 5: expected a finite");
}

Test(finite, idx_floats)
{
    const unsigned char single[] = {0, 0, 0x0d, 2, 0, 0, 0, 2, 0, 0, 0, 1};
    const unsigned char wide[] = {0, 0, 0x0e, 2, 0, 0, 0, 2, 0, 0, 0, 1};
    const unsigned char floats[] = {0x3f, 0x80, 0, 0, 0x7f, 0xc0, 0, 0};
    const unsigned char doubles[16] = {0x7f, 0xf0};
    write_bytes("s.idx", single, sizeof single, floats, sizeof floats);
    expect_file_refused(&rnl_idx_format, "s.idx", "s.idx: row 1, column 0: expected a finite");
    write_bytes("d.idx", wide, sizeof wide, doubles, sizeof doubles);
    expect_file_refused(&rnl_idx_format, "d.idx", "d.idx: row 0, column 0: expected a finite");
}

Test(finite, targets_and_weights_of_files)
{
    const float x[2] = {1, 2}, bad[2] = {0, INFINITY};
    rnl_dataset dataset;
    write_npy("x.npy", "<f4", false, "(2, 1)", x, sizeof x);
    write_npy("bad.npy", "<f4", false, "(2,)", bad, sizeof bad);
    const rnl_array_files targets = {.inputs = "x.npy", .targets = "bad.npy"};
    const rnl_array_files weights = {
        .inputs = "x.npy", .targets = "x.npy", .sample_weight = "bad.npy"};
    const rnl_loading loading = {.target = RNL_TARGET_VALUES};
    expect_refused(rnl_npy_format.load(&dataset, &targets, &loading), "bad.npy: row 1, column 0");
    expect_refused(rnl_npy_format.load(&dataset, &weights, &loading), "bad.npy: row 1, column 0");
}

Test(finite, tables)
{
    static const char *const cells[] = {"nan", "inf", "-inf", "1e39", "NaN"};
    rnl_config *config = fixture_config("data: {train: {csv: {path: t.csv, target: y}}}\n"
                                        "model: [dense: {units: 1}]\n"
                                        "training: {loss: mean_squared_error, optimizer: sgd}\n");
    for (size_t i = 0; i < sizeof cells / sizeof *cells; ++i) {
        char table[64];
        rnl_data *data = NULL;
        const int size = snprintf(table, sizeof table, "x,y\n1,2\n%s,3\n", cells[i]);
        write_bytes("t.csv", "", 0, table, (size_t)size);
        expect_refused(rnl_data_load(&data, config, RNL_TRAIN), "t.csv:3:1: column 'x'");
    }
    rnl_config_free(config);
}

/* In every part; a step never sees them. */
Test(finite, arrays_of_a_program)
{
    static const size_t shape[] = {2, 2};
    static float x[12] = {0, 1, 2, 3, 4, 5, 6, NAN, 8, 9, 10, -INFINITY};
    const rnl_rows bad = {.rows = 3, .rank = 2, .shape = shape, .floats = x};
    const rnl_rows late = {.rows = 1, .rank = 2, .shape = shape, .floats = x + 8};
    const rnl_rows good = {.rows = 1, .rank = 2, .shape = shape, .floats = x};
    rnl_data *data = NULL;
    expect_refused(rnl_data_create(&data, &bad, NULL, NULL),
                   "training rows: row 1, column 3: expected a finite number, got NaN");
    expect_refused(rnl_data_create(&data, &good, &late, NULL),
                   "validation rows: row 0, column 3: expected a finite number, got -infinity");
    expect_refused(rnl_data_create(&data, NULL, NULL, &bad), "test rows: row 1, column 3");
    cr_assert_eq(rnl_data_create(&data, &good, NULL, NULL), RNL_OK, "%s", rnl_message());
    rnl_data_free(data);
}

/* Their points would be infinite: noise counts in distances between arms, which are that close. */
Test(finite, spirals_of_countless_turns)
{
    config_text_expect_refused(
        "data: {train: {spirals: {noise: 1e6, turns: 1e-300}}}\n"
        "model: [dense: {units: 3, activation: softmax}]\n"
        "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n",
        NULL, "turns: expected a number from 1e-06 to 1000000");
}
