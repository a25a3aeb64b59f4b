/*
 * IDX files: what is read from good ones, and that bad ones are refused with the reason.
 */
#include "engine/data/formats.h"
#include "tests/scratch.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* ---- files --------------------------------------------------------------------------------- */

static char inputs_path[16] = "inputs", targets_path[] = "targets";

TestSuite(idx, .init = scratch_enter, .fini = scratch_leave);

static void write_plain(const char *path, const void *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, count, file), count);
    cr_assert_eq(fclose(file), 0);
}

static void write_gzip(const char *path, const void *bytes, size_t count)
{
    gzFile file = gzopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(gzwrite(file, bytes, (unsigned)count), (int)count);
    cr_assert_eq(gzclose(file), Z_OK);
}

static size_t read_all(const char *path, unsigned char *bytes, size_t limit)
{
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file);
    const size_t count = fread(bytes, 1, limit, file);
    cr_assert_eq(fclose(file), 0);
    cr_assert_lt(count, limit);
    return count;
}

/* 4 images of 2 x 3, the pixels 0 .. 23, and their labels. */
static const unsigned char images[] = {0,  0,  8,  3,  0,  0,  0,  4,  0,  0,  0,  2, 0,  0,
                                       0,  3,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11,
                                       12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23};
static const unsigned char labels[] = {0, 0, 8, 1, 0, 0, 0, 4, 3, 0, 7, 1};

static rnl_status load_idx(rnl_dataset *dataset)
{
    const rnl_array_files paths = {.inputs = inputs_path, .targets = targets_path};
    return rnl_idx_format.load(dataset, &paths, &(const rnl_loading){0});
}

static void expect_images(void)
{
    rnl_dataset dataset;
    cr_assert_eq(load_idx(&dataset), RNL_OK, "%s", rnl_message());
    cr_expect_eq(dataset.rows, 4);
    cr_expect_eq(dataset.features, 6);
    cr_expect_eq(dataset.rank, 2);
    cr_expect_eq(dataset.shape[0], 2);
    cr_expect_eq(dataset.shape[1], 3);
    cr_expect_eq(dataset.element, RNL_UINT8);
    cr_expect_arr_eq(dataset.inputs, images + 16, 24);
    const int32_t expected[] = {3, 0, 7, 1};
    cr_expect_arr_eq(dataset.labels, expected, sizeof expected);
    cr_expect_eq(dataset.largest_label, 7);
    cr_expect_not_null(strstr(dataset.name, inputs_path));
    cr_expect_not_null(strstr(dataset.name, targets_path));
    rnl_dataset_release(&dataset);
}

Test(idx, plain_bytes)
{
    write_plain(inputs_path, images, sizeof images);
    write_plain(targets_path, labels, sizeof labels);
    expect_images();
}

Test(idx, gzip_by_content)
{
    write_gzip(inputs_path, images, sizeof images);
    write_gzip(targets_path, labels, sizeof labels);
    expect_images();
}

Test(idx, other_types_become_float)
{
    static const struct {
        unsigned char code, count, bytes[16];
        float expected[2];
    } cases[] = {
        {0x09, 2, {0x80, 0x7f}, {-128, 127}},
        {0x0b, 4, {0x80, 0x00, 0x01, 0x02}, {-32768, 258}},
        {0x0c, 8, {0xff, 0xff, 0xff, 0xfe, 0x00, 0x01, 0x00, 0x00}, {-2, 65536}},
        {0x0d, 8, {0xbf, 0xc0, 0, 0, 0x40, 0x49, 0x0f, 0xdb}, {-1.5f, 3.14159274f}},
        {0x0e,
         16,
         {0xc0, 0x04, 0, 0, 0, 0, 0, 0, 0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a},
         {-2.5f, 0.1f}},
    };
    static const unsigned char two_labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 0, 1};
    write_plain(targets_path, two_labels, sizeof two_labels);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        unsigned char file[8 + 16] = {0, 0, cases[i].code, 1, 0, 0, 0, 2};
        memcpy(file + 8, cases[i].bytes, cases[i].count);
        write_plain(inputs_path, file, 8u + cases[i].count);
        rnl_dataset dataset;
        cr_assert_eq(load_idx(&dataset), RNL_OK, "%s", rnl_message());
        cr_expect_eq(dataset.element, RNL_FLOAT32);
        cr_expect_eq(dataset.rank, 1);
        cr_expect_eq(dataset.shape[0], 1);
        cr_expect_arr_eq(dataset.inputs, cases[i].expected, sizeof cases[i].expected, "type %02x",
                         cases[i].code);
        rnl_dataset_release(&dataset);
    }
}

Test(idx, labels_of_wide_types)
{
    static const unsigned char one_input[] = {0, 0, 8, 1, 0, 0, 0, 1, 5};
    static const unsigned char wide[] = {0, 0, 0x0c, 1, 0, 0, 0, 1, 0, 0x01, 0x11, 0x70};
    write_plain(inputs_path, one_input, sizeof one_input);
    write_plain(targets_path, wide, sizeof wide);
    rnl_dataset dataset;
    cr_assert_eq(load_idx(&dataset), RNL_OK, "%s", rnl_message());
    cr_expect_eq(dataset.labels[0], 70000);
    cr_expect_eq(dataset.largest_label, 70000);
    rnl_dataset_release(&dataset);
}

/* ---- files that are refused ---------------------------------------------------------------- */

/* The message names the file at fault and says what is wrong with it. */
static void expect_refused(rnl_status expected, const char *path, const char *words)
{
    rnl_dataset dataset;
    const rnl_status status = load_idx(&dataset);
    cr_assert_eq(status, expected, "status %d, expected %d: %s", (int)status, (int)expected, words);
    cr_expect_eq(strncmp(rnl_message(), path, strlen(path)), 0, "%s", rnl_message());
    cr_expect_not_null(strstr(rnl_message(), words), "expected '%s' in: %s", words, rnl_message());
}

static void write_good(void)
{
    write_plain(inputs_path, images, sizeof images);
    write_plain(targets_path, labels, sizeof labels);
}

Test(idx, missing_and_no_file)
{
    write_good();
    unlink(targets_path);
    expect_refused(RNL_BAD_DATA, targets_path, "No such file");
    unlink(inputs_path);
    expect_refused(RNL_BAD_DATA, inputs_path, "No such file");
    strcpy(inputs_path, ".");
    expect_refused(RNL_BAD_DATA, ".", "got a directory");
}

Test(idx, unreadable)
{
    cr_assert_eq(symlink(inputs_path, inputs_path), 0);
    expect_refused(RNL_IO, inputs_path, "symbolic links");
}

Test(idx, every_truncation)
{
    write_good();
    for (size_t length = 0; length < sizeof images; ++length) {
        write_plain(inputs_path, images, length);
        expect_refused(RNL_BAD_DATA, inputs_path, length < 16 ? "header" : "expected 40 bytes");
    }
    write_good();
    for (size_t length = 0; length < sizeof labels; ++length) {
        write_plain(targets_path, labels, length);
        expect_refused(RNL_BAD_DATA, targets_path, "expected");
    }
}

Test(idx, every_truncation_of_gzip)
{
    write_good();
    write_gzip(inputs_path, images, sizeof images);
    unsigned char whole[256];
    const size_t count = read_all(inputs_path, whole, sizeof whole);
    for (size_t length = 0; length < count; ++length) {
        write_plain(inputs_path, whole, length);
        expect_refused(RNL_BAD_DATA, inputs_path, "expected");
    }
}

Test(idx, every_damaged_bit_of_gzip)
{
    write_good();
    write_gzip(inputs_path, images, sizeof images);
    unsigned char whole[256];
    const size_t count = read_all(inputs_path, whole, sizeof whole);
    /* Behind the 10 bytes of gzip's header, which hold a time and the like.  Up to 7 bits after the
     * last block fill its byte and mean nothing. */
    size_t harmless = 0;
    for (size_t bit = 10 * 8; bit < count * 8; ++bit) {
        whole[bit / 8] ^= (unsigned char)(1 << bit % 8);
        write_plain(inputs_path, whole, count);
        rnl_dataset dataset;
        const rnl_status status = load_idx(&dataset);
        cr_assert(status == RNL_OK || status == RNL_BAD_DATA, "%s", rnl_message());
        if (status == RNL_OK) {
            cr_assert_arr_eq(dataset.inputs, images + 16, 24);
            rnl_dataset_release(&dataset);
            ++harmless;
        }
        whole[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    cr_expect_leq(harmless, 7);
}

Test(idx, over_long)
{
    unsigned char longer[sizeof images + 1] = {0};
    memcpy(longer, images, sizeof images);
    write_good();
    write_plain(inputs_path, longer, sizeof longer);
    expect_refused(RNL_BAD_DATA, inputs_path, "expected 40 bytes for 4 x 2 x 3");
    write_gzip(inputs_path, longer, sizeof longer);
    expect_refused(RNL_BAD_DATA, inputs_path, "got more than 24");
}

Test(idx, short_inside_whole_gzip)
{
    write_good();
    write_gzip(inputs_path, images, sizeof images - 1);
    expect_refused(RNL_BAD_DATA, inputs_path, "expected 24 bytes of elements, got 23");
}

/* The header of the images with one byte replaced. */
static void expect_header_refused(size_t position, unsigned char byte, const char *words)
{
    unsigned char changed[sizeof images];
    memcpy(changed, images, sizeof images);
    changed[position] = byte;
    write_plain(inputs_path, changed, sizeof changed);
    expect_refused(RNL_BAD_DATA, inputs_path, words);
    write_gzip(inputs_path, changed, sizeof changed);
    expect_refused(RNL_BAD_DATA, inputs_path, words);
}

Test(idx, wrong_headers)
{
    write_good();
    expect_header_refused(0, 1, "got the bytes 01 00 08");
    expect_header_refused(1, 255, "got the bytes 00 ff 08");
    write_plain(inputs_path, "PK\3\4\24\0\0\0\0", 9);
    expect_refused(RNL_BAD_DATA, inputs_path, "got a zip archive (of an .npz");
    expect_header_refused(2, 0x0a, "got the bytes 00 00 0a");
    expect_header_refused(2, 0, "got the bytes 00 00 00");
    expect_header_refused(3, 0, "expected 1 to 8 dimensions, got 0");
    expect_header_refused(3, 9, "expected 1 to 8 dimensions, got 9");
    expect_header_refused(7, 0, "got 0 x 2 x 3");
    expect_header_refused(15, 0, "got 4 x 2 x 0");
}

Test(idx, hostile_dimensions)
{
    write_good();
    unsigned char hostile[4 + 4 * 8];
    memset(hostile, 0xff, sizeof hostile);
    memcpy(hostile, (const unsigned char[]){0, 0, 8, 8}, 4);
    write_plain(inputs_path, hostile, sizeof hostile);
    expect_refused(RNL_BAD_DATA, inputs_path, "fit in memory");
    write_gzip(inputs_path, hostile, sizeof hostile);
    expect_refused(RNL_BAD_DATA, inputs_path, "fit in memory");
    /* 2^64 bytes, 0 in 64 bits */
    static const unsigned char wrapping[] = {0, 0, 8, 4, 0, 1, 0, 0, 0, 1,
                                             0, 0, 0, 1, 0, 0, 0, 1, 0, 0};
    write_plain(inputs_path, wrapping, sizeof wrapping);
    expect_refused(RNL_BAD_DATA, inputs_path, "fit in memory");
    /* 2^60 bytes; 2^36 bytes */
    static const unsigned char exponents[][2] = {{30, 30}, {18, 18}};
    for (size_t i = 0; i < 2; ++i) {
        unsigned char large[12] = {0, 0, 8, 2};
        for (size_t j = 0; j < 2; ++j)
            large[4 + 4 * j + 3 - exponents[i][j] / 8] = (unsigned char)(1 << exponents[i][j] % 8);
        write_plain(inputs_path, large, sizeof large);
        expect_refused(RNL_BAD_DATA, inputs_path, "got 12");
        write_gzip(inputs_path, large, sizeof large);
        expect_refused(RNL_BAD_DATA, inputs_path, "got a gzip file of");
    }
}

static void expect_labels_refused(const unsigned char *file, size_t count, const char *words)
{
    write_plain(targets_path, file, count);
    expect_refused(RNL_BAD_DATA, targets_path, words);
}

Test(idx, labels_that_do_not_fit)
{
    write_good();
    static const unsigned char three[] = {0, 0, 8, 1, 0, 0, 0, 3, 3, 0, 7};
    expect_labels_refused(three, sizeof three,
                          "expected targets for 4 rows, as many as there are inputs, got 3");
    static const unsigned char table[] = {0, 0, 8, 2, 0, 0, 0, 4, 0, 0,
                                          0, 2, 3, 0, 7, 1, 1, 1, 1, 1};
    expect_labels_refused(table, sizeof table,
                          "expected a class number for each row, got uint8 of 4 x 2");
    static const unsigned char negative[] = {0, 0, 9, 1, 0, 0, 0, 4, 3, 0, 0xff, 1};
    expect_labels_refused(negative, sizeof negative,
                          "row 2: expected a class number from 0, got -1");
    static const unsigned char half[8 + 16] = {0, 0, 0x0d, 1, 0, 0, 0, 4, 0x3f};
    expect_labels_refused(
        half, sizeof half,
        "row 0: expected a class number from 0, got 0.5 (values need a loss such as "
        "mean_squared_error)");
}

static void expect_labels(const unsigned char *file, size_t count, const int32_t expected[4])
{
    rnl_dataset dataset;
    write_plain(targets_path, file, count);
    cr_assert_eq(load_idx(&dataset), RNL_OK, "%s", rnl_message());
    cr_expect_arr_eq(dataset.labels, expected, 4 * sizeof *expected);
    cr_expect_null(dataset.values);
    rnl_dataset_release(&dataset);
}

/* One number for each row, whatever the dimensions and the type. */
Test(idx, labels_in_a_column)
{
    write_good();
    static const unsigned char column[] = {0, 0, 8, 2, 0, 0, 0, 4, 0, 0, 0, 1, 3, 0, 7, 1};
    expect_labels(column, sizeof column, (const int32_t[]){3, 0, 7, 1});
    static const unsigned char reals[8 + 16] = {0, 0, 0x0d, 1, 0, 0, 0, 4, 0x40};
    expect_labels(reals, sizeof reals, (const int32_t[]){2, 0, 0, 0});
}
