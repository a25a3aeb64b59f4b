/*
 * .npy files: every type, order and version of good ones, and that bad ones are refused.
 */
#include "engine/data/formats.h"
#include "tests/scratch.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char inputs_path[] = "inputs.npy", targets_path[] = "targets.npy",
            weights_path[] = "weights.npy";

TestSuite(npy, .init = scratch_enter, .fini = scratch_leave);

/* Writes a file of a version with this header, padded as NumPy does. */
static void write_file(const char *path, int version, const char *header, const void *elements,
                       size_t count)
{
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    const size_t length = (strlen(header) + 63) / 64 * 64;
    const unsigned char start[] = {0x93,
                                   'N',
                                   'U',
                                   'M',
                                   'P',
                                   'Y',
                                   (unsigned char)version,
                                   0,
                                   (unsigned char)length,
                                   (unsigned char)(length >> 8),
                                   0,
                                   0};
    fwrite(start, 1, version == 1 ? 10 : 12, file);
    fprintf(file, "%-*s\n", (int)length - 1, header);
    fwrite(elements, 1, count, file);
    cr_assert_eq(fclose(file), 0);
}

static const char labels_header[] = "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }";
static const int64_t two_labels[] = {1, 0};

static rnl_status load(rnl_dataset *dataset)
{
    const rnl_array_files files = {.inputs = inputs_path, .targets = targets_path};
    return rnl_npy_format.load(dataset, &files, &(const rnl_loading){0});
}

static void load_good(rnl_dataset *dataset, int version, const char *header, const void *elements,
                      size_t count)
{
    write_file(inputs_path, version, header, elements, count);
    write_file(targets_path, 1, labels_header, two_labels, sizeof two_labels);
    cr_assert_eq(load(dataset), RNL_OK, "%s", rnl_message());
    cr_expect_eq(dataset->rows, 2);
    cr_expect_eq(dataset->labels[0], 1);
    cr_expect_eq(dataset->labels[1], 0);
    cr_expect_eq(dataset->largest_label, 1);
}

struct typed {
    char descr[8];
    size_t count;
    unsigned char elements[64]; /* of (2, 2) */
    float expected[4];
};

ParameterizedTestParameters(npy, every_type_is_read)
{
    static struct typed cases[] = {
        {"|b1", 4, {1, 0, 0, 1}, {1, 0, 0, 1}},
        {"|u1", 4, {1, 2, 255, 0}, {1, 2, 255, 0}},
        {"|i1", 4, {1, 2, 255, 128}, {1, 2, -1, -128}},
        {"<u2", 8, {1, 0, 0, 1, 255, 255, 2, 0}, {1, 256, 65535, 2}},
        {">u2", 8, {0, 1, 1, 0, 255, 255, 0, 2}, {1, 256, 65535, 2}},
        {"<i2", 8, {1, 0, 255, 255, 0, 128, 2, 0}, {1, -1, -32768, 2}},
        {">i4", 16, {0, 0, 0, 1, 255, 255, 255, 255, 0, 0, 1, 0, 0, 0, 0, 0}, {1, -1, 256, 0}},
        {"<u4", 16, {1, 0, 0, 0, 0, 0, 0, 128, 0, 1, 0, 0, 0, 0, 0, 0}, {1, 2147483648.0f, 256, 0}},
        {">i8", 32, {0, 0, 0, 0, 0, 0, 0, 1, 255, 255, 255, 255, 255, 255, 255, 254}, {1, -2}},
        {"<f2", 8, {0, 0x3c, 0, 0xc0, 1, 0, 0xff, 0x7b}, {1, -2, 0x1p-24f, 65504}},
        {">f4",
         16,
         {0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0, 0x40, 0x49, 0x0f, 0xdb, 0, 0, 0, 0},
         {1, -2, 3.14159274f, 0}},
        {"<f8", 32, {0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0}, {1, -2}},
    };
    return cr_make_param_array(struct typed, cases, sizeof cases / sizeof *cases);
}

ParameterizedTest(struct typed *c, npy, every_type_is_read)
{
    char header[128];
    rnl_dataset dataset;
    snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (2, 2), }",
             c->descr);
    load_good(&dataset, 1, header, c->elements, c->count);
    cr_expect_eq(dataset.features, 2);
    for (size_t i = 0; i < 4; ++i) {
        const float got = dataset.element == RNL_UINT8 ? (float)((uint8_t *)dataset.inputs)[i]
                                                       : ((float *)dataset.inputs)[i];
        cr_expect_eq(got, c->expected[i], "%s, element %zu: %g", c->descr, i, (double)got);
    }
    rnl_dataset_release(&dataset);
}

/* Fortran's order of (2, 3, 2), in bytes and in shorts, and in any version and order of keys. */
Test(npy, fortran_order_is_transposed)
{
    unsigned char bytes[12], shorts[24];
    for (size_t i = 0; i < 2; ++i)
        for (size_t j = 0; j < 3; ++j)
            for (size_t k = 0; k < 2; ++k) {
                const size_t place = i + 2 * j + 6 * k;
                bytes[place] = (unsigned char)(100 * i + 10 * j + k);
                shorts[2 * place] = bytes[place];
                shorts[2 * place + 1] = 0;
            }
    for (int version = 1; version <= 3; ++version)
        for (int wide = 0; wide < 2; ++wide) {
            rnl_dataset dataset;
            load_good(&dataset, version,
                      wide ? "{'shape': (2, 3, 2), 'fortran_order': True, 'descr': '<i2'}"
                           : "{'fortran_order':True,'descr':'|u1','shape':(2,3,2)}",
                      wide ? shorts : bytes, wide ? 24 : 12);
            cr_expect_eq(dataset.rank, 2);
            for (size_t i = 0; i < 12; ++i) {
                const float got =
                    wide ? ((float *)dataset.inputs)[i] : (float)((uint8_t *)dataset.inputs)[i];
                cr_expect_eq(got, (float)(100 * (i / 6) + 10 * (i / 2 % 3) + i % 2));
            }
            rnl_dataset_release(&dataset);
        }
}

ParameterizedTestParameters(npy, bad_headers_are_refused)
{
    static char headers[][96] = {
        "",
        "{}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), 'more': 1}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (2, 2)}",
        "{'descr': '<c8', 'fortran_order': False, 'shape': (2, 2)}",
        "{'descr': '<f3', 'fortran_order': False, 'shape': (2, 2)}",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 2)}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, -2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,1,1,1,1,1,1,1,2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)} x",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2",
        "{'descr': '<f4",
    };
    return cr_make_param_array(char[96], headers, sizeof headers / sizeof *headers);
}

ParameterizedTest(char (*header)[96], npy, bad_headers_are_refused)
{
    static const float elements[4] = {1, 2, 3, 4};
    rnl_dataset dataset;
    write_file(inputs_path, 1, *header, elements, sizeof elements);
    write_file(targets_path, 1, labels_header, two_labels, sizeof two_labels);
    cr_expect_eq(load(&dataset), RNL_BAD_DATA, "%s", *header);
    cr_expect_eq(strncmp(rnl_message(), inputs_path, strlen(inputs_path)), 0, "%s", rnl_message());
}

Test(npy, what_was_found_is_told)
{
    static const float elements[4] = {1, 2, 3, 4};
    rnl_dataset dataset;
    write_file(targets_path, 1, labels_header, two_labels, sizeof two_labels);
    write_file(inputs_path, 1, "{'descr': '|O', 'fortran_order': False, 'shape': (2, 2)}", elements,
               sizeof elements);
    cr_expect_eq(load(&dataset), RNL_BAD_DATA);
    cr_expect(strstr(rnl_message(), "expected a type such as '<f4', got '|O'"), "%s",
              rnl_message());
    FILE *file = fopen(inputs_path, "w");
    fputs("PK\003\004 and the rest of an archive", file);
    fclose(file);
    cr_expect_eq(load(&dataset), RNL_BAD_DATA);
    cr_expect(strstr(rnl_message(), "got a zip archive (of an .npz"), "%s", rnl_message());
}

/* Every truncation, and one byte too many. */
Test(npy, wrong_sizes_are_refused)
{
    static const float elements[5] = {1, 2, 3, 4, 5};
    static const char header[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }";
    rnl_dataset dataset;
    write_file(targets_path, 1, labels_header, two_labels, sizeof two_labels);
    write_file(inputs_path, 1, header, elements, 17);
    cr_expect_eq(load(&dataset), RNL_BAD_DATA);
    write_file(inputs_path, 1, header, elements, 16);
    for (off_t size = 10 + 64 + 16; size-- > 0;) {
        cr_assert_eq(truncate(inputs_path, size), 0);
        cr_expect_eq(load(&dataset), RNL_BAD_DATA, "%lld bytes", (long long)size);
    }
}

Test(npy, labels_must_be_class_numbers)
{
    static const float elements[4] = {1, 2, 3, 4};
    static const char header[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }";
    static const int64_t negative[] = {0, -1}, huge[] = {0, INT64_C(1) << 40}, three[] = {0, 1, 0};
    rnl_dataset dataset;
    write_file(inputs_path, 1, header, elements, sizeof elements);
    write_file(targets_path, 1, labels_header, negative, sizeof negative);
    cr_expect_eq(load(&dataset), RNL_BAD_DATA);
    write_file(targets_path, 1, labels_header, huge, sizeof huge);
    cr_expect_eq(load(&dataset), RNL_BAD_DATA);
    write_file(targets_path, 1, "{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }", three,
               sizeof three);
    cr_expect_eq(load(&dataset), RNL_BAD_DATA);
    write_file(targets_path, 1, header, elements, sizeof elements);
    cr_expect_eq(load(&dataset), RNL_BAD_DATA);
}

static void expect_column(const char *header, const void *labels, size_t count)
{
    rnl_dataset dataset;
    write_file(targets_path, 1, header, labels, count);
    cr_assert_eq(load(&dataset), RNL_OK, "%s", rnl_message());
    cr_expect_eq(dataset.labels[0], 1);
    cr_expect_eq(dataset.labels[1], 0);
    cr_expect_null(dataset.values);
    rnl_dataset_release(&dataset);
}

/* One number for each row, as Keras takes them. */
Test(npy, labels_in_a_column)
{
    static const float elements[4] = {1, 2, 3, 4};
    static const double doubles[] = {1, 0};
    write_file(inputs_path, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }",
               elements, sizeof elements);
    expect_column("{'descr': '<i8', 'fortran_order': False, 'shape': (2, 1), }", two_labels,
                  sizeof two_labels);
    expect_column("{'descr': '<i8', 'fortran_order': True, 'shape': (2, 1, 1), }", two_labels,
                  sizeof two_labels);
    expect_column("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1), }", doubles,
                  sizeof doubles);
}

Test(npy, numbers_beyond_float32_are_refused)
{
    static const double elements[] = {1, 2, -1e39, 3};
    rnl_dataset dataset;
    write_file(inputs_path, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }",
               elements, sizeof elements);
    write_file(targets_path, 1, labels_header, two_labels, sizeof two_labels);
    cr_expect_eq(load(&dataset), RNL_BAD_DATA);
    cr_expect(
        strstr(rnl_message(), "row 1, column 0: expected a number within float32, got -1e+39"),
        "%s", rnl_message());
}

Test(npy, sample_weights)
{
    static const double good[] = {0, 2.5, 1}, negative[] = {1, -1};
    static const float elements[4] = {1, 2, 3, 4}, nan[] = {1, NAN};
    static const char header[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }";
    static const char two[] = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }";
    const rnl_array_files files = {inputs_path, targets_path, weights_path};
    rnl_loading loading = {0};
    rnl_dataset dataset;
    write_file(inputs_path, 1, header, elements, sizeof elements);
    write_file(targets_path, 1, labels_header, two_labels, sizeof two_labels);
    write_file(weights_path, 1, two, good, 16);
    cr_assert_eq(rnl_npy_format.load(&dataset, &files, &loading), RNL_OK, "%s", rnl_message());
    cr_expect_arr_eq(dataset.sample_weights, ((const float[]){0, 2.5f}), 8);
    rnl_dataset_release(&dataset);

    write_file(weights_path, 1, two, negative, 16);
    cr_expect_eq(rnl_npy_format.load(&dataset, &files, &loading), RNL_BAD_DATA);
    cr_expect(strstr(rnl_message(), "row 1: expected a finite sample weight of at least 0, got -1"),
              "%s", rnl_message());
    write_file(weights_path, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }", nan,
               8);
    cr_expect_eq(rnl_npy_format.load(&dataset, &files, &loading), RNL_BAD_DATA);
    cr_expect(strstr(rnl_message(), "got NaN"), "%s", rnl_message());
    write_file(weights_path, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }", good,
               24);
    cr_expect_eq(rnl_npy_format.load(&dataset, &files, &loading), RNL_BAD_DATA);
    cr_expect(strstr(rnl_message(), "weights.npy: expected a sample weight for each of 2 rows, "
                                    "got 3 numbers"),
              "%s", rnl_message());
    write_file(weights_path, 1, header, elements, sizeof elements);
    cr_expect_eq(rnl_npy_format.load(&dataset, &files, &loading), RNL_BAD_DATA);
    cr_expect(strstr(rnl_message(), "got 2 x 2 numbers"), "%s", rnl_message());

    loading.predicting = true; /* then they are not read */
    cr_assert_eq(rnl_npy_format.load(&dataset, &files, &loading), RNL_OK);
    cr_expect_null(dataset.sample_weights);
    rnl_dataset_release(&dataset);
}

/* A version to come, and a header longer than any that is read. */
Test(npy, headers_that_cannot_be_read_are_refused)
{
    static const char header[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }";
    static const float elements[4] = {1, 2, 3, 4};
    static char beyond[1 << 18];
    const unsigned char start[] = {0x93, 'N', 'U', 'M', 'P', 'Y', 2, 0, 0, 0, 3, 0};
    rnl_dataset dataset;
    write_file(targets_path, 1, labels_header, two_labels, sizeof two_labels);
    for (int version = 0; version <= 4; version += 4) {
        write_file(inputs_path, version, header, elements, sizeof elements);
        cr_expect_eq(load(&dataset), RNL_BAD_DATA);
        cr_expect(strstr(rnl_message(), "of version 1 to 3"), "%s", rnl_message());
    }
    FILE *file = fopen(inputs_path, "wb");
    cr_assert_not_null(file);
    memset(beyond, ' ', sizeof beyond);
    fwrite(start, 1, sizeof start, file);
    fwrite(beyond, 1, sizeof beyond, file);
    cr_assert_eq(fclose(file), 0);
    cr_expect_eq(load(&dataset), RNL_BAD_DATA);
    cr_expect(strstr(rnl_message(), "a header of at most 65536 bytes, got 196608"), "%s",
              rnl_message());
}
