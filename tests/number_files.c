#include "tests/number_files.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void write_number(FILE *file, double number, number_kind kind, bool swapped)
{
    const int64_t whole = (int64_t)number;
    const int32_t half = (int32_t)number;
    unsigned char bytes[8];
    const size_t size = kind == INT32 ? 4 : 8;
    if (kind == FLOAT64)
        memcpy(bytes, &number, sizeof number);
    else if (kind == INT64)
        memcpy(bytes, &whole, sizeof whole);
    else
        memcpy(bytes, &half, sizeof half);
    for (size_t i = 0; i < size; ++i)
        fputc(bytes[swapped ? size - 1 - i : i], file);
}

static void write_array(FILE *file, const double *numbers, size_t count, number_kind kind,
                        bool swapped)
{
    cr_assert_not_null(file);
    for (size_t i = 0; i < count; ++i)
        write_number(file, numbers[i], kind, swapped);
    cr_assert_eq(fclose(file), 0);
}

void number_file_npy(const char *path, const double *numbers, size_t count, number_kind kind)
{
    static const char *const types[] = {"<f8", "<i8", "<i4"};
    char header[119];
    snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (%zu, 1), }",
             types[kind], count);
    FILE *file = fopen(path, "wb");
    fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, file);
    fprintf(file, "%-117s\n", header);
    write_array(file, numbers, count, kind, false);
}

void number_file_idx(const char *path, const double *numbers, size_t count, number_kind kind)
{
    const unsigned char type = kind == FLOAT64 ? 0x0e : 0x0c;
    const unsigned char high = (unsigned char)(count >> 8), low = (unsigned char)count;
    const unsigned char head[] = {0, 0, type, 2, 0, 0, high, low, 0, 0, 0, 1};
    FILE *file = fopen(path, "wb");
    fwrite(head, 1, sizeof head, file);
    write_array(file, numbers, count, kind, true);
}
