/*
 * Two models compared, tensor by tensor.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

TestSuite(program_diff, .init = program_enter, .fini = scratch_leave);

/* Writes a safetensors file of float32 and float64 with this header. */
static void write_tensors(const char *path, const char *header, const void *data, size_t bytes)
{
    FILE *file = fopen(path, "wb");
    const uint64_t length = strlen(header);
    cr_assert_not_null(file);
    fwrite(&length, sizeof length, 1, file);
    fwrite(header, 1, length, file);
    fwrite(data, 1, bytes, file);
    fclose(file);
}

static void train(const char *run, const char *options)
{
    cr_assert_eq(program_run("train " SPIRALS " --quiet --threads 1 --set training.epochs=1 "
                             "--output %s %s",
                             run, options),
                 0, "%s", program_read("err"));
}

Test(program_diff, tells_what_training_changed)
{
    train("a", "");
    train("b", "");
    cr_expect_eq(program_run("diff a/model.safetensors b/model.safetensors"), 0, "%s",
                 program_read("err"));
    program_expect("out", "dense_1.kernel   2 x 64  equal\n");
    program_expect("out", "tensors are equal\n");
    cr_expect_str_eq(program_read("err"), "");
    train("c", "--set training.seed=7");
    cr_expect_eq(program_run("diff a/model.safetensors c/model.safetensors"), 1);
    program_expect("out", "differ, by up to ");
    cr_expect_str_eq(program_read("err"), "");
}

Test(program_diff, compares_values_shapes_and_names)
{
    const float a[] = {1, -0.0f, 3, 4, 5, 6, 7}, b[] = {1, 0.0f, 3.5f, 4, 5, 6, 8};
    write_tensors("a",
                  "{\"k\":{\"dtype\":\"F32\",\"shape\":[1,4],\"data_offsets\":[0,16]},"
                  "\"s\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[16,24]},"
                  "\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[24,28]}}",
                  a, sizeof a);
    write_tensors("b",
                  "{\"k\":{\"dtype\":\"F32\",\"shape\":[1,4],\"data_offsets\":[0,16]},"
                  "\"s\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[16,24]},"
                  "\"y\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[24,28]}}",
                  b, sizeof b);
    cr_expect_eq(program_run("diff a b"), 1);
    cr_expect_str_eq(program_read("out"), "k  1 x 4  2 of 4 differ, by up to 0.5\n"
                                          "s      2                   2 x 1 in B\n"
                                          "x      1                    only in A\n"
                                          "y      1                    only in B\n"
                                          "0 of 4 tensors are equal\n");
    cr_expect_eq(program_run("diff a a"), 0);
}

/* A value of float32 is the same as float64; NaN is told, and equal to itself alone. */
Test(program_diff, compares_types_and_nan)
{
    const double wide[] = {0.5, 0.25}, other[] = {0.5, 0.1};
    const float narrow[] = {0.5f, 0.25f};
    const uint32_t nan[] = {0x3f000000, 0x7fc00000};
    const char *of_floats = "{\"k\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
               *of_doubles = "{\"k\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]}}";
    write_tensors("wide", of_doubles, wide, sizeof wide);
    write_tensors("other", of_doubles, other, sizeof other);
    write_tensors("narrow", of_floats, narrow, sizeof narrow);
    write_tensors("nan", of_floats, nan, sizeof nan);
    cr_expect_eq(program_run("diff wide narrow"), 0);
    cr_expect_eq(program_run("diff narrow other"), 1);
    program_expect("out", "1 of 2 differ, by up to 0.15\n");
    cr_expect_eq(program_run("diff narrow nan"), 1);
    program_expect("out", "1 of 2 differ, by up to nan\n");
    cr_expect_eq(program_run("diff nan nan"), 0);
}

Test(program_diff, refuses_what_is_no_model)
{
    program_write("text", "no model at all");
    cr_expect_eq(program_run("diff text text"), 1);
    program_expect("err", "text: this is text, as a configuration is; expected a safetensors ");
    cr_expect_eq(program_run("diff missing text"), 1);
    program_expect("err", "missing: cannot be opened");
    cr_expect_eq(program_run("diff text"), 2);
    program_expect("err", "diff: B is missing");
    cr_expect_str_eq(program_read("out"), "");
}
