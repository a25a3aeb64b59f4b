/*
 * `runnel train --init`: runs that start from earlier ones.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>

TestSuite(program_start, .init = program_enter, .fini = scratch_leave);

static void write_config(const char *path, const char *head, const char *training)
{
    char text[1024];
    snprintf(text, sizeof text,
             "data: {train: {spirals: {rows: 300}}, scaling: standardize}\n"
             "model: [dense: {units: 30, activation: tanh}, dense: {units: 20, activation: tanh}, "
             "dense: {%s}]\n"
             "training: {loss: sparse_categorical_crossentropy, optimizer: adam, %s}\n",
             head, training);
    program_write(path, text);
}

Test(program_start, takes_an_earlier_model)
{
    write_config("a.yaml", "units: 3, activation: softmax", "epochs: 2");
    write_config("b.yaml", "units: 3, activation: softmax, name: head", "epochs: 1, seed: 5");
    cr_assert_eq(program_run("train a.yaml -o a"), 0, "%s", program_read("err"));
    cr_assert_eq(program_shell("cp a/model.safetensors kept"), 0);
    cr_assert_eq(program_run("train b.yaml -o b --init a/model.safetensors"), 0, "%s",
                 program_read("err"));
    program_expect("err", "from a/model.safetensors:\ntaken: dense_1, dense_2\nfresh: head\n"
                          "scaling of inputs: by the numbers of the earlier model\n");
    cr_expect_eq(program_shell("cmp a/model.safetensors kept"), 0);
    /* Killed and gone on with, whether MODEL is still there or not: the same bytes. */
    cr_assert_eq(program_run("train b.yaml -o c --init a/model.safetensors --quiet "
                             "--set training.checkpoint_every=2 --threads 1"),
                 0);
    cr_expect_eq(program_shell("cmp b/history.csv c/history.csv >/dev/null; "
                               "\"$R\" diff b/model.safetensors c/model.safetensors >/dev/null"),
                 0);
    cr_assert_eq(program_shell("rm c/model.safetensors kept; mv a gone"), 0);
    cr_expect_eq(program_run("train b.yaml -o c --init a/model.safetensors --resume "
                             "--set training.checkpoint_every=2"),
                 0, "%s", program_read("err"));
    cr_expect_eq(program_shell("\"$R\" diff b/model.safetensors c/model.safetensors >/dev/null"),
                 0);
}

Test(program_start, with_the_optimizer_of_a_checkpoint)
{
    write_config("a.yaml", "units: 3, activation: softmax", "epochs: 2");
    cr_assert_eq(program_run("train a.yaml -o a"), 0);
    cr_assert_eq(program_run("train a.yaml -o b --init a/checkpoint.safetensors --keep-optimizer"),
                 0, "%s", program_read("err"));
    program_expect("err", "optimizer's state: after 20 steps\n");
}

/* A file of another program: its name stands in the configuration. */
Test(program_start, takes_a_plain_file)
{
    cr_assert_eq(
        program_shell("h='{\"w\":{\"dtype\":\"F32\",\"shape\":[2,30],\"data_offsets\":[0,240]},"
                      "\"b\":{\"dtype\":\"F32\",\"shape\":[30],\"data_offsets\":[240,360]}}'; "
                      "{ printf \"\\\\$(printf %%o ${#h})\\0\\0\\0\\0\\0\\0\\0%%s\" \"$h\"; "
                      "head -c 360 /dev/zero; } >w.safetensors"),
        0);
    write_config("a.yaml", "units: 3, activation: softmax",
                 "epochs: 1, init_names: {dense_1.kernel: w, dense_1.bias: b}");
    cr_assert_eq(program_run("train a.yaml -o a --init w.safetensors "
                             "--set model.0.dense.trainable=false"),
                 0, "%s", program_read("err"));
    program_expect("err", "from w.safetensors:\ntaken: dense_1\nfresh: dense_2, dense_3\n");
    cr_expect_eq(program_run("train a.yaml -o b --init w.safetensors "
                             "--set model.0.dense.units=31"),
                 1);
    program_expect("err", "tensor w: expected 2 x 31 numbers for dense_1.kernel, got 2 x 30");
    cr_expect_eq(program_run("train a.yaml -o b --init w.safetensors "
                             "--set 'training.init_names={dense_1.kernel: v, dense_1.bias: b}'"),
                 2);
    program_expect("err", "init_names: w.safetensors has no tensor 'v'");
    cr_expect_not(program_has("b"));
}

Test(program_start, mistakes_are_answered_and_nothing_is_written)
{
    write_config("a.yaml", "units: 3, activation: softmax", "epochs: 1");
    write_config("b.yaml", "units: 4, activation: softmax", "epochs: 1");
    cr_assert_eq(program_run("train a.yaml -o a"), 0);
    program_write("k.h5", "\x89HDF\r\n\x1a\n and what follows");
    cr_expect_eq(program_run("train b.yaml -o b --init k.h5"), 1);
    program_expect("err", "k.h5: this is HDF5, as Keras writes .h5");
    cr_expect_eq(program_run("train b.yaml -o b --init nowhere"), 1);
    program_expect("err", "nowhere");
    cr_expect_eq(program_run("train b.yaml -o b --init a/model.safetensors"), 1);
    program_expect("err", "layer dense_3: kernel 20 x 3 in the earlier model, kernel 20 x 4 in "
                          "this one: another name, or --skip-mismatch, lets it start fresh");
    cr_expect_eq(program_run("train b.yaml -o b --skip-mismatch"), 2);
    program_expect("err", "--skip-mismatch says how to start from a model: --init MODEL");
    cr_expect_eq(program_run("train a.yaml -o a --force --init a/model.safetensors"), 1);
    program_expect("err", "a/model.safetensors");
    cr_expect_not(program_has("b"));
    cr_expect_eq(
        program_run("train b.yaml -o b --init a/model.safetensors --skip-mismatch --quiet"), 0);
    cr_expect(program_has("b/model.safetensors"));
}
