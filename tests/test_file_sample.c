/*
 * The sample of a file: what it covers tells files apart, and nothing else does.
 */
#include "engine/storage/file_sample.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Blocks begin 16579 bytes apart. */
enum { BYTES = 1 << 20, BLOCK = 4096, SECOND = (BYTES - BLOCK) / 63 };

typedef struct sample {
    char digits[RNL_DIGEST_DIGITS + 1];
} sample;

/* Samples `count` bytes of which one is another; a change at BYTES is none. */
static sample sample_of(size_t count, size_t changed)
{
    char path[] = "/tmp/rnl_test_file_sample_XXXXXX";
    char *bytes = malloc(BYTES + 1);
    const int descriptor = mkstemp(path);
    sample made;
    cr_assert(descriptor >= 0 && bytes);
    for (size_t i = 0; i <= BYTES; ++i)
        bytes[i] = (char)(i * i / 251);
    bytes[changed] ^= 1;
    FILE *file = fdopen(descriptor, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, count, file), count);
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(rnl_sample_file(made.digits, path), RNL_OK, "%s", rnl_message());
    unlink(path);
    free(bytes);
    return made;
}

static bool is_noticed(size_t changed)
{
    const sample plain = sample_of(BYTES, BYTES), other = sample_of(BYTES, changed);
    cr_expect_eq(strlen(plain.digits), RNL_DIGEST_DIGITS);
    return strcmp(plain.digits, other.digits) != 0;
}

Test(file_sample, first_and_last_blocks_count_whole)
{
    cr_expect(is_noticed(0));
    cr_expect(is_noticed(BLOCK - 1));
    cr_expect(is_noticed(BYTES - BLOCK));
    cr_expect(is_noticed(BYTES - 1));
}

Test(file_sample, bytes_between_blocks_do_not)
{
    cr_expect_not(is_noticed(BLOCK));
    cr_expect_not(is_noticed(SECOND - 1));
    cr_expect(is_noticed(SECOND));
    cr_expect(is_noticed(SECOND + BLOCK - 1));
    cr_expect_not(is_noticed(SECOND + BLOCK));
    cr_expect_not(is_noticed(BYTES - BLOCK - 1));
}

Test(file_sample, a_small_file_counts_whole)
{
    const sample plain = sample_of(64 * BLOCK, BYTES);
    cr_expect_str_neq(sample_of(64 * BLOCK, BLOCK).digits, plain.digits);
    cr_expect_str_neq(sample_of(64 * BLOCK, 30 * BLOCK + 7).digits, plain.digits);
}

Test(file_sample, the_size_counts)
{
    cr_expect_str_neq(sample_of(BYTES, BYTES).digits, sample_of(BYTES - 1, BYTES).digits);
    cr_expect_str_neq(sample_of(1, BYTES).digits, sample_of(0, BYTES).digits);
}
