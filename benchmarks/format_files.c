#include "benchmarks/format_files.h"

#include "engine/base/error.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FEATURES = 28, CLASSES = 10 };

static const char *const names[] = {"csv", "npy", "idx"};
static const char *const all[] = {"csv", "npy", "npy-targets", "idx", "idx-targets"};

const char *rnl_format_files_name(size_t format)
{
    return names[format];
}

/* ---- contents -------------------------------------------------------------------------------- */

/* A byte that has no pattern. */
static uint8_t value_at(size_t row, size_t feature)
{
    return (uint8_t)((row * FEATURES + feature + 1) * UINT64_C(2654435761) >> 24);
}

static void write_csv(FILE *out, size_t rows)
{
    for (size_t c = 0; c < FEATURES; ++c)
        fprintf(out, "x%zu,", c);
    fputs("class\n", out);
    for (size_t r = 0; r < rows; ++r) {
        for (size_t c = 0; c < FEATURES; ++c)
            fprintf(out, "%.6f,", value_at(r, c) / 255.0);
        fprintf(out, "%zu\n", r % CLASSES);
    }
}

/* The header is padded to a multiple of 64 bytes. */
static void write_npy_header(FILE *out, const char *type, const char *shape)
{
    char header[118];
    const int length =
        snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                 type, shape);
    fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, out);
    fprintf(out, "%-117.*s\n", length, header);
}

static void write_npy(FILE *out, size_t rows)
{
    char shape[48];
    snprintf(shape, sizeof shape, "%zu, %d", rows, FEATURES);
    write_npy_header(out, "<f4", shape);
    for (size_t i = 0; i < rows * FEATURES; ++i) {
        const float value = (float)(value_at(i / FEATURES, i % FEATURES) / 255.0);
        fwrite(&value, sizeof value, 1, out);
    }
}

static void write_npy_targets(FILE *out, size_t rows)
{
    char shape[48];
    snprintf(shape, sizeof shape, "%zu,", rows);
    write_npy_header(out, "<i4", shape);
    for (size_t i = 0; i < rows; ++i) {
        const int32_t class = (int32_t)(i % CLASSES);
        fwrite(&class, sizeof class, 1, out);
    }
}

static void write_idx_header(FILE *out, size_t rank, size_t rows)
{
    const uint32_t numbers[] = {(uint32_t)(0x800 + rank), (uint32_t)rows, FEATURES};
    for (size_t i = 0; i <= rank; ++i)
        for (int shift = 24; shift >= 0; shift -= 8)
            fputc((int)(numbers[i] >> shift & 255), out);
}

static void write_idx(FILE *out, size_t rows)
{
    write_idx_header(out, 2, rows);
    for (size_t i = 0; i < rows * FEATURES; ++i)
        fputc(value_at(i / FEATURES, i % FEATURES), out);
}

static void write_idx_targets(FILE *out, size_t rows)
{
    write_idx_header(out, 1, rows);
    for (size_t i = 0; i < rows; ++i)
        fputc((int)(i % CLASSES), out);
}

/* ---- files ----------------------------------------------------------------------------------- */

static void name_path(char path[96], const rnl_format_files *files, const char *name)
{
    snprintf(path, 96, "%s/%s", files->directory, name);
}

static rnl_status write_file(const rnl_format_files *files, size_t number, size_t rows)
{
    static void (*const contents[])(FILE * out, size_t rows) = {
        write_csv, write_npy, write_npy_targets, write_idx, write_idx_targets};
    char path[96];
    name_path(path, files, all[number]);
    FILE *out = fopen(path, "w");
    if (!out)
        return rnl_fail(RNL_IO, "cannot write %s: %s", path, strerror(errno));
    contents[number](out, rows);
    const bool failed = ferror(out);
    return fclose(out) == 0 && !failed
               ? RNL_OK
               : rnl_fail(RNL_IO, "cannot write %s: %s", path, strerror(errno));
}

rnl_status rnl_format_files_write(rnl_format_files *files, size_t rows)
{
    const char *parent = getenv("TMPDIR");
    snprintf(files->directory, sizeof files->directory, "%.40s/runnel-XXXXXX",
             parent && *parent ? parent : "/tmp");
    if (!mkdtemp(files->directory)) {
        const rnl_status status =
            rnl_fail(RNL_IO, "cannot make a directory %s: %s", files->directory, strerror(errno));
        files->directory[0] = '\0';
        return status;
    }
    for (size_t i = 0; i < sizeof all / sizeof *all; ++i)
        RNL_TRY(write_file(files, i, rows));
    for (size_t i = 0; i < RNL_FILE_FORMATS; ++i) {
        char path[96];
        struct stat status;
        name_path(path, files, names[i]);
        files->bytes[i] = stat(path, &status) == 0 ? (double)status.st_size : 0;
    }
    return RNL_OK;
}

void rnl_format_files_remove(rnl_format_files *files)
{
    if (!files->directory[0])
        return;
    for (size_t i = 0; i < sizeof all / sizeof *all; ++i) {
        char path[96];
        name_path(path, files, all[i]);
        unlink(path);
    }
    rmdir(files->directory);
    files->directory[0] = '\0';
}

char *rnl_format_files_config(const rnl_format_files *files, size_t format)
{
    char *text = NULL, source[320];
    if (format == 0)
        snprintf(source, sizeof source, "csv: {path: %s/csv, target: class}", files->directory);
    else
        snprintf(source, sizeof source, "%s: {inputs: %s/%s, targets: %s/%s-targets}",
                 names[format], files->directory, names[format], files->directory, names[format]);
    return asprintf(&text,
                    "data: {train: {%s}}\nmodel: [dense: {units: %d, activation: softmax}]\n"
                    "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n",
                    source, CLASSES) < 0
               ? NULL
               : text;
}
