/*
 * Pretraining as a user meets it: files, stages, kills, and a net that begins with the encoder.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void enter(void)
{
    program_enter();
    program_write("p.yaml",
                  "data: {train: {blobs: {rows: 3000, features: 20, classes: 5, spread: 0.5}},\n"
                  "       validation_split: 0.1, scaling: standardize}\n"
                  "model:\n"
                  "  - dense: {units: 40, activation: elu}\n"
                  "  - batch_normalization\n"
                  "  - dense: {units: 8, activation: tanh}\n"
                  "  - dense: {units: 5, activation: softmax}\n"
                  "pretraining:\n"
                  "  mode: stacked\n"
                  "  tied: true\n"
                  "  denoising: {gaussian_noise: 0.1}\n"
                  "  epochs: 6\n"
                  "  schedule: one_cycle\n"
                  "  early_stopping: {patience: 4}\n"
                  "training: {loss: sparse_categorical_crossentropy, metrics: [accuracy],\n"
                  "           optimizer: adam, epochs: 2, checkpoint_every: 50}\n");
}

TestSuite(program_pretrain, .init = enter, .fini = scratch_leave);

Test(program_pretrain, writes_an_autoencoder_and_its_stages)
{
    cr_assert_eq(program_run("pretrain p.yaml"), 0, "%s", program_read("err"));
    program_expect("out", "reconstruction: loss ");
    program_expect("out", "(300 validation rows)\nmodel: runs/p_pretraining/model.safetensors\n");
    program_expect("err", "stage 2 of 2\n");
    cr_expect_eq(program_run("evaluate runs/p_pretraining/model.safetensors --set "
                             "'data.test={blobs: {rows: 100, features: 20, classes: 5}}'"),
                 0, "%s", program_read("err"));
    program_expect("out", "loss");
    cr_expect(program_has("runs/p_pretraining/stage_1/history.csv"));
    cr_expect(program_has("runs/p_pretraining/stage_2/model.safetensors"));
    cr_expect_eq(program_run("pretrain p.yaml"), 2);
    program_expect("err", "is there from an earlier run: --force replaces it");
    cr_expect_eq(program_run("pretrain p.yaml --resume --quiet"), 0, "%s", program_read("err"));
    cr_expect_eq(program_run("pretrain p.yaml --resume --set pretraining.epochs=9"), 2);
    program_expect("err", "stage_1/model.safetensors is of another configuration");
    cr_expect_eq(program_run("pretrain p.yaml --resume --force --quiet"), 2);
    program_expect("err", "expected one of them");
    cr_expect_eq(program_run("pretrain none.yaml --resume --force"), 2);
    program_expect("err", "expected one of them");
    cr_expect_eq(program_run("pretrain p.yaml --force --quiet --set pretraining.mode=whole"), 0,
                 "%s", program_read("err"));
    cr_expect_not(program_has("runs/p_pretraining/stage_2/model.safetensors"),
                  "a later stage of the run before is gone");
    program_expect_swept();
}

/* Its selu is not that of a net that normalizes itself. */
Test(program_pretrain, of_the_preset_tabular_warns_of_nothing)
{
    cr_assert_eq(program_run("pretrain p.yaml --set preset=tabular --set data.scaling=none "
                             "--set model.0.dense.activation=selu --set pretraining.epochs=1"),
                 0, "%s", program_read("err"));
    cr_expect_not(strstr(program_read("err"), "selu"), "%s", program_read("err"));
}

/* Killed at any moment, in either stage, and resumed on another number of workers, it ends with the
 * same bytes. */
Test(program_pretrain, ends_the_same_after_kills)
{
    cr_assert_eq(program_run("pretrain p.yaml -q --threads 1 -o whole"), 0, "%s",
                 program_read("err"));
    for (int trial = 0; trial < 3; ++trial) {
        cr_assert_eq(program_shell("rm -rf killed; n=%d; "
                                   "until timeout -s KILL 0.$n \"$R\" pretrain p.yaml -q "
                                   "-o killed --resume --threads $((n %% 3 + 1)) >out 2>err; do "
                                   "n=$((n + 2)); [ $n -lt 98 ] || exec \"$R\" pretrain p.yaml "
                                   "-q -o killed --resume >out 2>err; done",
                                   20 + 7 * trial),
                     0, "%s", program_read("err"));
        cr_expect_eq(program_run("diff whole/model.safetensors killed/model.safetensors"), 0, "%s",
                     program_read("out"));
        cr_expect_eq(program_shell("cmp whole/model.safetensors killed/model.safetensors"), 0);
        cr_expect_eq(
            program_shell("cmp whole/stage_2/model.safetensors killed/stage_2/model.safetensors"),
            0);
    }
}

Test(program_pretrain, is_stopped_and_goes_on)
{
    cr_assert_eq(program_run("pretrain p.yaml -q --threads 1 -o whole"), 0, "%s",
                 program_read("err"));
    const int code = program_shell("\"$R\" pretrain p.yaml -o stopped >out 2>err & "
                                   "until [ -e stopped/stage_1/history.csv ] || ! kill -0 $!; do "
                                   "sleep 0.01; done; kill -TERM $!; wait $!");
    cr_expect(code == 143 || code == 0, "%d: %s", code, program_read("err"));
    cr_assert_eq(program_run("pretrain p.yaml -q -o stopped --resume"), 0, "%s",
                 program_read("err"));
    cr_expect_eq(program_shell("cmp whole/model.safetensors stopped/model.safetensors"), 0);
}

/* What a stage had come to is not replaced where no checkpoint of it can be read. */
Test(program_pretrain, does_not_begin_anew_where_a_checkpoint_is_damaged)
{
    cr_assert_eq(program_run("pretrain p.yaml -q -o ae"), 0, "%s", program_read("err"));
    cr_assert_eq(program_shell("cd ae && rm -f model.safetensors stage_2/*.safetensors "
                               "stage_2/*.previous && echo 1 >stage_2/checkpoint.safetensors"),
                 0);
    cr_expect_eq(program_run("pretrain p.yaml -q -o ae --resume"), 1);
    cr_expect_eq(program_shell("[ $(wc -l <err) = 1 ]"), 0, "%s", program_read("err"));
    program_expect("err", "ae/stage_2/checkpoint.safetensors: expected a safetensors file");
    cr_expect_not(program_has("ae/stage_2/model.safetensors"));
}

/* A net takes the encoder's layers by their names; frozen, they stay what they were. */
Test(program_pretrain, a_net_begins_with_the_encoder)
{
    cr_assert_eq(program_run("pretrain p.yaml -q -o ae"), 0, "%s", program_read("err"));
    cr_assert_eq(program_run("train p.yaml -o net --init ae/model.safetensors "
                             "--set model.0.dense.trainable=false "
                             "--set model.2.dense.trainable=false"),
                 0, "%s", program_read("err"));
    cr_expect_eq(program_run("diff ae/model.safetensors net/model.safetensors"), 1);
    cr_expect_eq(program_shell("grep -q 'dense_1.kernel .* equal$' out && "
                               "grep -q 'dense_2.kernel .* equal$' out && "
                               "grep -q 'decoder_1.kernel .* only in A$' out && "
                               "grep -q 'dense_3.kernel .* only in B$' out"),
                 0, "%s", program_read("out"));
    program_write(
        "r.yaml",
        "data: {train: {blobs: {rows: 3000, features: 20, classes: 5, spread: 0.5}},\n"
        "       validation_split: 0.1, scaling: standardize}\n"
        "model:\n"
        "  - reuse: {model: ae/model.safetensors, layers: 3, trainable: false}\n"
        "  - dense: {units: 5, activation: softmax}\n"
        "training: {loss: sparse_categorical_crossentropy, optimizer: adam, epochs: 1}\n");
    cr_assert_eq(program_run("train r.yaml -o reused"), 0, "%s", program_read("err"));
    cr_expect_eq(program_run("diff ae/model.safetensors reused/model.safetensors"), 1);
    cr_expect_eq(program_shell("grep -q 'dense_2.kernel .* equal$' out"), 0, "%s",
                 program_read("out"));
}

Test(program_pretrain, mistakes_write_nothing)
{
    cr_expect_eq(program_run("pretrain p.yaml --set pretraining.mode=staked"), 2);
    program_expect("err", "did you mean 'stacked'?");
    cr_expect_eq(program_run("pretrain p.yaml --set pretraining.epoch=3"), 2);
    program_expect("err", "did you mean 'epochs'?");
    cr_expect_eq(program_run("pretrain p.yaml --set 'model=[{dense: {units: 5, activation: "
                             "softmax}}]'"),
                 2);
    program_expect("err", "pretraining needs a hidden dense layer");
    cr_expect_eq(program_run("pretrain p.yaml --set 'data.train={npy: {inputs: no.npy}}'"), 1);
    program_expect("err", "no.npy: cannot be opened");
    cr_expect_not(program_has("runs"));
}
