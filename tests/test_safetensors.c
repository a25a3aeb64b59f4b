/*
 * The safetensors format: what is written is read back, and nothing damaged is taken on faith.
 */
#include "engine/storage/atomic_file.h"
#include "engine/storage/safetensors.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/rnl_test_safetensors_XXXXXX";
static char path[80];

static void enter(void)
{
    cr_assert_not_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/model.safetensors", directory);
}

static void leave(void)
{
    unlink(path);
    rmdir(directory);
}

static size_t files_in_directory(void)
{
    DIR *opened = opendir(directory);
    cr_assert_not_null(opened);
    size_t count = 0;
    for (const struct dirent *entry; (entry = readdir(opened));)
        count += entry->d_name[0] != '.';
    closedir(opened);
    return count;
}

static void write_bytes(const void *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, count, file), count);
    cr_assert_eq(fclose(file), 0);
}

static size_t read_bytes(char *bytes, size_t limit)
{
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file);
    const size_t count = fread(bytes, 1, limit, file);
    cr_assert_eq(fclose(file), 0);
    cr_assert_lt(count, limit);
    return count;
}

static const float kernel[] = {1, -2, 3.5f, 0, 1e-30f, -6}, bias[] = {7, 8, 9};
static const rnl_tensor tensors[] = {
    {.name = "dense/kernel", .rank = 2, .shape = {2, 3}, .values = kernel},
    {.name = "dense/bias", .rank = 1, .shape = {3}, .values = bias},
    {.name = "scalar", .values = bias},
    {.name = "empty", .rank = 2, .shape = {0, 4}},
};
static const rnl_metadata metadata[] = {
    {"format", "runnel"},
    {"config", "{\"name\":\"a \\\"digest\\\":\\\"xxh3-128:00\",\"z\":\"\u00e4\"}"},
};
enum { TENSORS = sizeof tensors / sizeof *tensors };

static rnl_status write_small(void)
{
    return rnl_safetensors_write(path, metadata, 2, tensors, TENSORS);
}

/* ---- there and back ------------------------------------------------------------------------ */

Test(safetensors, there_and_back, .init = enter, .fini = leave)
{
    cr_assert_eq(write_small(), RNL_OK, "%s", rnl_message());
    cr_expect_eq(files_in_directory(), 1);
    rnl_safetensors file;
    cr_assert_eq(rnl_safetensors_read(&file, path), RNL_OK, "%s", rnl_message());
    cr_expect(file.has_digest);
    cr_assert_eq(file.tensor_count, TENSORS);
    const rnl_tensor *read = rnl_safetensors_tensor(&file, "dense/kernel");
    cr_assert_not_null(read);
    cr_expect_eq(read, &file.tensors[0]);
    cr_expect_eq(read->rank, 2);
    cr_expect_eq(read->shape[0], 2);
    cr_expect_eq(read->shape[1], 3);
    cr_expect_arr_eq(read->values, kernel, sizeof kernel);
    read = rnl_safetensors_tensor(&file, "dense/bias");
    cr_assert_not_null(read);
    cr_expect_arr_eq(read->values, bias, sizeof bias);
    read = rnl_safetensors_tensor(&file, "scalar");
    cr_assert_not_null(read);
    cr_expect_eq(read->rank, 0);
    cr_expect_eq(read->values[0], bias[0]);
    cr_expect_not_null(rnl_safetensors_tensor(&file, "empty"));
    cr_expect_null(rnl_safetensors_tensor(&file, "dense"));
    cr_expect_str_eq(rnl_safetensors_metadata(&file, "format"), "runnel");
    cr_expect_str_eq(rnl_safetensors_metadata(&file, "config"), metadata[1].value);
    cr_expect_null(rnl_safetensors_metadata(&file, "missing"));
    cr_expect_str_eq(file.metadata[0].key, "format");
    cr_expect_str_eq(file.metadata[2].key, "digest");
    rnl_safetensors_release(&file);
}

/* Without tensors the file ends with its header. */
Test(safetensors, nothing_but_metadata, .init = enter, .fini = leave)
{
    cr_assert_eq(rnl_safetensors_write(path, metadata, 1, NULL, 0), RNL_OK, "%s", rnl_message());
    rnl_safetensors file;
    cr_assert_eq(rnl_safetensors_read(&file, path), RNL_OK, "%s", rnl_message());
    cr_expect_eq(file.tensor_count, 0);
    cr_expect_str_eq(rnl_safetensors_metadata(&file, "format"), "runnel");
    rnl_safetensors_release(&file);
}

Test(safetensors, same_content_same_bytes_in_the_given_order, .init = enter, .fini = leave)
{
    static char first[2048], second[2048];
    cr_assert_eq(write_small(), RNL_OK);
    const size_t count = read_bytes(first, sizeof first);
    cr_assert_eq(write_small(), RNL_OK);
    cr_expect_eq(read_bytes(second, sizeof second), count);
    cr_expect_arr_eq(first, second, count);
    uint64_t length;
    memcpy(&length, first, sizeof length);
    cr_expect_eq(length % 8, 0);
    cr_expect_eq(8 + length + sizeof kernel + sizeof bias + sizeof(float), count);
    static const char *const order[] = {"{\"__metadata__\":{\"format\":",
                                        "\"config\":",
                                        "\"digest\":\"xxh3-128:",
                                        "\"dense/kernel\":",
                                        "\"dense/bias\":",
                                        "\"scalar\":",
                                        "\"empty\":"};
    const char *last = first + 8;
    for (size_t i = 0; i < sizeof order / sizeof *order; ++i) {
        const char *found = memmem(first + 8, length, order[i], strlen(order[i]));
        cr_assert_not_null(found, "%s", order[i]);
        cr_expect_geq(found, last);
        last = found;
    }
    const rnl_tensor swapped[] = {tensors[1], tensors[0]};
    cr_assert_eq(rnl_safetensors_write(path, metadata, 2, swapped, 2), RNL_OK);
    rnl_safetensors file;
    cr_assert_eq(rnl_safetensors_read(&file, path), RNL_OK, "%s", rnl_message());
    cr_expect_str_eq(file.tensors[0].name, "dense/bias");
    rnl_safetensors_release(&file);
}

Test(safetensors, names_must_be_unique, .init = enter, .fini = leave)
{
    const rnl_tensor twice[] = {tensors[0], tensors[0]};
    cr_expect_eq(rnl_safetensors_write(path, metadata, 2, twice, 2), RNL_IO);
    const rnl_metadata taken[] = {{"digest", "mine"}};
    cr_expect_eq(rnl_safetensors_write(path, taken, 1, tensors, 2), RNL_IO);
    cr_expect_eq(files_in_directory(), 0);
}

/* ---- damage -------------------------------------------------------------------------------- */

static void expect_refused(const char *what, size_t number)
{
    rnl_safetensors file;
    cr_assert_eq(rnl_safetensors_read(&file, path), RNL_BAD_DATA, "%s %zu", what, number);
    cr_assert_eq(strncmp(rnl_message(), path, strlen(path)), 0, "%s", rnl_message());
}

Test(safetensors, every_flipped_bit, .init = enter, .fini = leave)
{
    cr_assert_eq(write_small(), RNL_OK);
    static char bytes[2048];
    const size_t count = read_bytes(bytes, sizeof bytes);
    for (size_t bit = 0; bit < 8 * count; ++bit) {
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        write_bytes(bytes, count);
        expect_refused("bit", bit);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
    }
}

Test(safetensors, every_truncation, .init = enter, .fini = leave)
{
    cr_assert_eq(write_small(), RNL_OK);
    static char bytes[2048];
    const size_t count = read_bytes(bytes, sizeof bytes);
    for (size_t length = 0; length < count; ++length) {
        write_bytes(bytes, length);
        expect_refused("length", length);
    }
    write_bytes(bytes, count + 1);
    expect_refused("length", count + 1);
}

/* ---- files of other programs --------------------------------------------------------------- */

static void write_foreign(const char *header, size_t data_bytes)
{
    static const float data[64] = {1.5f, 2.5f, 3.5f, 4.5f};
    char bytes[4096];
    const uint64_t length = strlen(header);
    cr_assert_leq(8 + length + data_bytes, sizeof bytes);
    cr_assert_leq(data_bytes, sizeof data);
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, length);
    memcpy(bytes + 8 + length, data, data_bytes);
    write_bytes(bytes, 8 + length + data_bytes);
}

#define TENSOR(type, shape, begin, end)                                                            \
    "{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

/* Without digest, with a header of odd length, its tensors not in the order of their data. */
Test(safetensors, foreign_file, .init = enter, .fini = leave)
{
    static const char *const headers[] = {
        "{\"b\":" TENSOR("F32", "[1]", "12", "16") ",\"a\":" TENSOR("F32", "[3]", "0", "12") "}",
        "{\"b\":" TENSOR("F32", "[1]", "12", "16") ",\"a\":" TENSOR("F32", "[3]", "0", "12") "} ",
    };
    for (size_t i = 0; i < 2; ++i) {
        write_foreign(headers[i], 16);
        rnl_safetensors file;
        cr_assert_eq(rnl_safetensors_read(&file, path), RNL_OK, "%s", rnl_message());
        cr_expect_not(file.has_digest);
        cr_assert_eq(file.tensor_count, 2);
        cr_expect_str_eq(file.tensors[0].name, "a");
        cr_expect_eq(file.tensors[0].values[2], 3.5f);
        cr_expect_eq(file.tensors[1].values[0], 4.5f);
        cr_expect_eq((uintptr_t)file.tensors[0].values % sizeof(float), 0);
        rnl_safetensors_release(&file);
    }
}

static void expect_header_refused(const char *header, size_t data_bytes, const char *words)
{
    write_foreign(header, data_bytes);
    rnl_safetensors file;
    cr_assert_eq(rnl_safetensors_read(&file, path), RNL_BAD_DATA, "%s", header);
    cr_expect_eq(strncmp(rnl_message(), path, strlen(path)), 0, "%s", rnl_message());
    cr_expect_not_null(strstr(rnl_message(), words), "expected '%s' in: %s", words, rnl_message());
}

Test(safetensors, rules_of_the_header, .init = enter, .fini = leave)
{
    expect_header_refused("", 0, "begins with {");
    expect_header_refused("[]", 0, "begins with {");
    expect_header_refused(" {}", 0, "begins with {");
    expect_header_refused("{", 0, "JSON");
    expect_header_refused("{}x", 0, "JSON");
    expect_header_refused(
        "{\"a\":" TENSOR("F32", "[1]", "0", "4") ",\"a\":" TENSOR("F32", "[1]", "0", "4") "}", 4,
        "duplicate");
    expect_header_refused("{\"__metadata__\":[]}", 0, "expected an object");
    expect_header_refused("{\"__metadata__\":{\"a\":1}}", 0, "expected a text");
    expect_header_refused("{\"a\":7}", 0, "tensor a");
    expect_header_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "data_offsets");
    expect_header_refused(
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"more\":1}}", 4, "more");
    expect_header_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 4,
                          "tensor a");
    expect_header_refused("{\"a\":" TENSOR("F16", "[2]", "0", "4") "}", 4, "F32 or F64, got F16");
    expect_header_refused("{\"a\":" TENSOR("F64", "[1]", "0", "4") "}", 4, "fit its shape");
    expect_header_refused("{}", 4, "expected 0 bytes of data, got 4");
}

Test(safetensors, rules_of_shapes_and_offsets, .init = enter, .fini = leave)
{
    expect_header_refused("{\"a\":" TENSOR("F32", "[1,1,1,1,1]", "0", "4") "}", 4, "4 dimensions");
    expect_header_refused("{\"a\":" TENSOR("F32", "3", "0", "4") "}", 4, "shape");
    expect_header_refused("{\"a\":" TENSOR("F32", "[1.0]", "0", "4") "}", 4, "integers");
    expect_header_refused("{\"a\":" TENSOR("F32", "[-1]", "0", "4") "}", 4, "integers");
    expect_header_refused("{\"a\":" TENSOR("F32", "[2]", "0", "4") "}", 4, "do not fit its shape");
    /* 4 (2^62 + 1) is 4 modulo 2^64, 4 * 2^31 * 2^31 * 4 is 0 */
    expect_header_refused("{\"a\":" TENSOR("F32", "[4611686018427387905]", "0", "4") "}", 4,
                          "do not fit its shape");
    expect_header_refused("{\"a\":" TENSOR("F32", "[2147483648,2147483648,4]", "0", "0") "}", 0,
                          "do not fit its shape");
    expect_header_refused("{\"a\":" TENSOR("F32", "[1]", "0", "99999999999999999999") "}", 4,
                          "JSON");
    expect_header_refused("{\"a\":" TENSOR("F32", "[1]", "4", "0") "}", 4, "offsets");
    expect_header_refused("{\"a\":" TENSOR("F32", "[1]", "-4", "0") "}", 4, "offsets");
    expect_header_refused("{\"a\":" TENSOR("F32", "[2]", "0", "8") "}", 4, "within 4 bytes");
    expect_header_refused("{\"a\":" TENSOR("F32", "[1]", "4", "8") "}", 8, "without hole");
    expect_header_refused(
        "{\"a\":" TENSOR("F32", "[2]", "0", "8") ",\"b\":" TENSOR("F32", "[1]", "4", "8") "}", 8,
        "overlap");
    expect_header_refused("{\"a\":" TENSOR("F32", "[1]", "0", "4") "}", 8,
                          "expected 4 bytes of data, got 8");
}

Test(safetensors, other_formats_are_named, .init = enter, .fini = leave)
{
    static const struct {
        const char *start, *words;
    } cases[] = {
        {"\x89HDF\r\n\x1a\n", "this is HDF5"},
        {"PK\x03\x04\x14\0\0\0", "this is a zip archive"},
        {"\x1f\x8b\x08\0\x12\x34\x56jm", "this is compressed by gzip"},
        {"\x1f\x8b\x08\0\0\0\0\0\2\3", "this is compressed by gzip"},
        {"\x1f\x8b\x08\0\0\0\0\0{", "expected a safetensors header within"},
        {"PK\x03\x04\0\0\0\0{", "expected a safetensors header within"},
        {"n\xc3\xa4me:\tx", "this is text"},
        {"a:\r\n b: ", "this is text"},
        {"\x7f"
         "ELF\x02\x01\x01j",
         "expected a safetensors header within"},
        {"text\0tex", "expected a safetensors header within"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        char bytes[16] = "";
        memcpy(bytes, cases[i].start, 9);
        write_bytes(bytes, sizeof bytes);
        rnl_safetensors file;
        cr_assert_eq(rnl_safetensors_read(&file, path), RNL_BAD_DATA);
        cr_expect_not_null(strstr(rnl_message(), cases[i].words), "expected '%s' in: %s",
                           cases[i].words, rnl_message());
    }
}

Test(safetensors, gzip_is_named_that_ends_where_a_header_would_begin, .init = enter, .fini = leave)
{
    rnl_safetensors file;
    write_bytes("\x1f\x8b\x08\0\0\0\0\0", 8);
    cr_assert_eq(rnl_safetensors_read(&file, path), RNL_BAD_DATA);
    cr_expect_not_null(strstr(rnl_message(), "this is compressed by gzip"), "%s", rnl_message());
}

Test(safetensors, hostile_length, .init = enter, .fini = leave)
{
    static const uint64_t lengths[] = {1, 100000001, UINT64_MAX, UINT64_MAX - 7, 1ull << 60};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; ++i) {
        write_bytes(&lengths[i], sizeof lengths[i]);
        expect_refused("length", lengths[i]);
        cr_expect_not_null(strstr(rnl_message(), "got a length of"), "%s", rnl_message());
    }
}

Test(safetensors, no_such_file, .init = enter, .fini = leave)
{
    expect_refused("missing", 0);
    rnl_safetensors file;
    cr_expect_eq(rnl_safetensors_read(&file, directory), RNL_BAD_DATA);
}

/* ---- the old file stays until the new one is whole ----------------------------------------- */

static void expect_old_file(void)
{
    char bytes[8];
    cr_assert_eq(read_bytes(bytes, sizeof bytes), 3);
    cr_expect_arr_eq(bytes, "old", 3);
    cr_expect_eq(files_in_directory(), 1);
}

Test(atomic_file, replaces_only_when_committed, .init = enter, .fini = leave)
{
    write_bytes("old", 3);
    rnl_atomic_file file;
    cr_assert_eq(rnl_atomic_file_open(&file, path, 6), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_atomic_file_write(&file, "new", 3), RNL_OK);
    rnl_atomic_file_release(&file);
    expect_old_file();

    cr_assert_eq(rnl_atomic_file_open(&file, path, 6), RNL_OK);
    cr_assert_eq(rnl_atomic_file_write(&file, "new", 3), RNL_OK);
    cr_expect_eq(rnl_atomic_file_commit(&file), RNL_IO);
    cr_expect_not_null(strstr(rnl_message(), "expected 6 bytes"), "%s", rnl_message());
    rnl_atomic_file_release(&file);
    expect_old_file();

    cr_assert_eq(rnl_atomic_file_open(&file, path, 6), RNL_OK);
    cr_assert_eq(rnl_atomic_file_write(&file, "newest", 6), RNL_OK);
    cr_assert_eq(rnl_atomic_file_commit(&file), RNL_OK, "%s", rnl_message());
    rnl_atomic_file_release(&file);
    char bytes[8];
    cr_expect_eq(read_bytes(bytes, sizeof bytes), 6);
    cr_expect_arr_eq(bytes, "newest", 6);
    cr_expect_eq(files_in_directory(), 1);
}

/* A limit on the size of files stands for the full disk. */
Test(atomic_file, no_room, .init = enter, .fini = leave)
{
    write_bytes("old", 3);
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit limit = {100, RLIM_INFINITY};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_expect_eq(write_small(), RNL_IO);
    cr_expect_not_null(strstr(rnl_message(), "bytes needed"), "%s", rnl_message());
    cr_expect_not_null(strstr(rnl_message(), path), "%s", rnl_message());
    const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    expect_old_file();
}

Test(atomic_file, no_such_directory, .init = enter, .fini = leave)
{
    char nowhere[120];
    snprintf(nowhere, sizeof nowhere, "%s/missing/model.safetensors", directory);
    cr_expect_eq(rnl_safetensors_write(nowhere, metadata, 2, tensors, 2), RNL_IO);
    cr_expect_not_null(strstr(rnl_message(), nowhere), "%s", rnl_message());
}

/* The name is taken by a directory: the rename fails. */
Test(atomic_file, name_that_cannot_be_taken, .init = enter, .fini = leave)
{
    cr_assert_eq(mkdir(path, 0777), 0);
    cr_expect_eq(write_small(), RNL_IO);
    cr_expect_eq(files_in_directory(), 1);
    cr_assert_eq(rmdir(path), 0);
}

/* In a directory without a name of its own in the path. */
Test(atomic_file, relative_path, .init = enter, .fini = leave)
{
    cr_assert_eq(chdir(directory), 0);
    cr_assert_eq(rnl_safetensors_write("model.safetensors", metadata, 2, tensors, 2), RNL_OK, "%s",
                 rnl_message());
    cr_expect_eq(files_in_directory(), 1);
}

/* Names that a killed run has left behind are passed over. */
Test(atomic_file, leftovers_are_kept, .init = enter, .fini = leave)
{
    char leftover[120];
    snprintf(leftover, sizeof leftover, "%s.%ld.0.tmp", path, (long)getpid());
    FILE *file = fopen(leftover, "wb");
    cr_assert_not_null(file);
    fclose(file);
    cr_expect_eq(write_small(), RNL_OK, "%s", rnl_message());
    cr_expect_eq(files_in_directory(), 2);
    unlink(leftover);
}
