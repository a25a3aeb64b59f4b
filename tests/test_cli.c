/*
 * The command line: usage, help, streams, and what is printed in place of a run.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

TestSuite(cli, .init = program_enter, .fini = scratch_leave);

Test(cli, usage_mistakes_name_the_nearest)
{
    cr_expect_eq(program_run("trian x.yaml"), 2);
    program_expect("err", "did you mean 'train'?");
    cr_expect_eq(program_run("train --thread 2 x.yaml"), 2);
    program_expect("err", "did you mean '--threads'?");
    cr_expect_eq(program_run("train --batch-size 64 x.yaml"), 2);
    program_expect("err", "'--batch-size'; a key of the configuration is set by --set");
    cr_expect_eq(program_run("train --training.patience=6 x.yaml"), 2);
    program_expect("err", "unknown option '--training.patience'\n");
    cr_expect_eq(program_run("train --training.shards=6 x.yaml"), 2);
    program_expect("err", "'--training.shards'; a key of the configuration is set by --set");
    cr_expect_eq(program_run("train --learning-rate 1 x.yaml"), 2);
    program_expect("err", "'--learning-rate'; a key of the configuration is set by --set");
    cr_expect_eq(program_run("train --adam 0.1 x.yaml"), 2);
    program_expect("err", "unknown option '--adam'\n");
    cr_expect_eq(program_run("train --losses x.yaml"), 2);
    program_expect("err", "unknown option '--losses'\n");
    cr_expect_eq(program_run("train --gpu x.yaml"), 2);
    program_expect("err", "unknown option '--gpu'\n");
    cr_expect_eq(program_run("train"), 2);
    program_expect("err", "CONFIG is missing");
    cr_expect_eq(program_run("diff a"), 2);
    program_expect("err", "diff: B is missing");
    cr_expect_eq(program_run("train ''"), 2);
    program_expect("err", "train: an argument is empty");
    cr_expect_eq(program_run("train a b"), 2);
    cr_expect_eq(program_run("train --threads 0 x.yaml"), 2);
    cr_expect_eq(program_run("train --threads=two x.yaml"), 2);
    cr_expect_eq(program_run("train --pin maybe x.yaml"), 2);
    cr_expect_eq(program_run("train --seed -1 x.yaml"), 2);
    cr_expect_eq(program_run("%s", ""), 2);
    cr_expect_str_eq(program_read("out"), "");
}

Test(cli, help_and_version_go_to_stdout)
{
    cr_expect_eq(program_run("--version"), 0);
    program_expect("out", "runnel ");
    cr_expect_eq(program_run("help"), 0);
    program_expect("out", "train");
    static const char *const commands[] = {"train", "evaluate", "summary", "help"};
    for (size_t i = 0; i < 4; ++i) {
        cr_expect_eq(program_run("help %s", commands[i]), 0);
        program_expect("out", "Options:");
        cr_expect_eq(program_run("%s --help", commands[i]), 0);
    }
    cr_expect_eq(program_run("help config dense"), 0);
    program_expect("out", "kernel_initializer");
    cr_expect_eq(program_run("help config training.optimizer.adam.learning_rate"), 0);
    program_expect("out", "default 0.001");
    cr_expect_eq(program_run("help config model.0.residual.1.dense.units"), 0);
    program_expect("out", "outputs of the layer");
    cr_expect_eq(program_run("help config model.0.residual.1.dense.unit"), 2);
    cr_expect_eq(program_run("help config data.validation_split"), 0);
    program_expect("out", "share of the training rows, rounded up");
    cr_expect_eq(program_run("help config layers"), 0);
    cr_expect_eq(strncmp(program_read("out"), "Layers\n", 7), 0);
    cr_expect_eq(program_run("help config training.optimizer.adam"), 0);
    program_expect("out", "beta_1");
    cr_expect_eq(program_run("help config training.optimizr"), 2);
    program_expect("err", "did you mean 'optimizer'?");
    cr_expect_eq(program_run("help config dnse"), 2);
    cr_expect_str_eq(program_read("out"), "");
}

/* What an option takes is told whole, and its explanation stands in one column. */
Test(cli, options_longer_than_their_column_are_whole)
{
    cr_expect_eq(program_run("help topology"), 0);
    program_expect("out",
                   "      --network MICROSECONDS,GBITS|FILE\n                          between");
    cr_expect_eq(program_run("help compare"), 0);
    program_expect("out", "      --vary KEY=VALUE,VALUE...\n                          a key");
    program_expect("out", "      --metric NAME       the figure");
}

Test(cli, mistake_in_a_configuration_writes_nothing)
{
    program_write("bad.yaml",
                  "data: {train: {spirals: {rows: 9}}}\n"
                  "model:\n"
                  "  - dense: {units: 3, activaton: relu}\n"
                  "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n");
    cr_expect_eq(program_run("train bad.yaml"), 2);
    program_expect("err",
                   "bad.yaml:3:23: dense: unknown key 'activaton'; did you mean 'activation'?");
    cr_expect_not(program_has("runs"));
    cr_expect_eq(program_run("train missing.yaml"), 2);
    cr_expect_eq(program_run("train " SPIRALS " --set training.epoch=1 --output o"), 2);
    cr_expect_eq(program_run("train " SPIRALS " --set data.fold=2 --output o"), 2);
    program_expect("err", "data.fold: expected data.folds beside it, got fold 2 alone");
    cr_expect_eq(program_run("train " SPIRALS " --set model.2.dense.activation=relu --output o"),
                 2);
    program_expect("err", "needs a last layer with activation softmax, got relu");
    cr_expect_eq(
        program_run("train " SPIRALS " --set model.2.dense.activity_regularizer=l2 --output o"), 2);
    program_expect("err", "is for the last layer only, where it is computed together with the "
                          "loss; the last one is activity_regularization_1");
    cr_expect_eq(program_run("train " SPIRALS " --set model.2=batch_normalization --output o"), 2);
    program_expect("err", "activation softmax, got none: it is of kind batch_normalization");
    cr_expect_eq(program_run("train " SPIRALS
                             " --set 'data.train={idx: {inputs: a, targets: b}}' --output o"),
                 1);
    program_expect("err", "a: cannot be opened");
    cr_expect_not(program_has("o"));
}

Test(cli, closed_streams_are_kept_out_of_files)
{
    char command[1024];
    snprintf(command, sizeof command,
             "'%s' train " SPIRALS " --output r --set training.epochs=1 <&- >&- 2>&-",
             RUNNEL_PROGRAM);
    cr_expect_eq(WEXITSTATUS(system(command)), 1);
    cr_expect(program_has("r/model.safetensors"));
    cr_expect_eq(strncmp(program_read("r/history.csv"), "epoch,", 6), 0);
    cr_expect_eq(strstr(program_read("r/history.csv"), "worker"), NULL);
}

Test(cli, draws_machines)
{
    cr_expect_eq(program_run("topology"), 0);
    program_expect("out", "usable ");
    cr_expect_eq(program_run("topology 'numa:2 core:4 pu:2' --threads 5"), 0);
    program_expect("out", "machine   8 cores, 16 hardware threads\n");
    program_expect("out", "on 2 NUMA nodes\n");
    program_expect("out", "workers   5, each bound to its core\n");
    cr_expect_eq(program_run("topology 'numa:8 core:16 pu:1'"), 0);
    program_expect("out", "node 7    112 113");
    cr_expect_eq(program_run("topology 'numa:2 core:32 pu:1' --model " SPIRALS), 0);
    program_expect("out", "dense_1 gradients");
    program_expect("out", "1 of 1 workers have tiles, on 1 node.");
    cr_expect_eq(program_run("topology 'numa:4 core:2 pu:1' --model " SPIRALS
                             " --set training.batch_size=512 --set model.0.dense.units=600"
                             " --set model.1.dense.units=600"),
                 0);
    program_expect("out", "8 of 8 workers have tiles, on 4 nodes.");
    cr_expect_eq(program_run("topology --model " SPIRALS " --set model.0.dense.units=none"), 2);
    /* 4096 x 256 and 256 floats: half of the other's gradients, then half of the sum; and 16 bytes
     * and a float for each of 16 rows.  Two messages at 1 ms, 4,195,408 bytes at 1 GB/s. */
    program_write("wide.yaml",
                  "data: {train: {blobs: {rows: 64, features: 4096, classes: 256}}}\n"
                  "model: [{dense: {units: 256, activation: softmax}}]\n"
                  "training: {loss: sparse_categorical_crossentropy, optimizer: sgd, shards: 2}\n");
    cr_expect_eq(
        program_run(
            "topology 'core:2 pu:1' --model wide.yaml --ranks 2 --network 1000,8 --threads 1"),
        0);
    program_expect("out", " 6195.4 us");
    program_expect("out", " 4.195 MB");
    program_expect("out", "warning: 1 rank would be faster than 2");
    /* Measured, in any order: 5 ms for messages of no bytes, 2 ms more for each 2 MB. */
    program_write("network.json",
                  "{\"benchmarks\": ["
                  "{\"run_name\": \"network/swap/bytes:4000000/ranks:2\", \"time_unit\": \"us\", "
                  "\"aggregate_name\": \"median\", \"real_time\": 9000},"
                  "{\"run_name\": \"network/swap/bytes:0/ranks:2\", \"time_unit\": \"ms\", "
                  "\"aggregate_name\": \"median\", \"real_time\": 5},"
                  "{\"run_name\": \"network/swap/bytes:0/ranks:2\", \"time_unit\": \"ms\", "
                  "\"real_time\": 7}]}\n[17.3] tag_match.c:62 UCX  WARN  a warning\n");
    cr_expect_eq(program_run("topology 'core:2 pu:1' --model wide.yaml --ranks 2 --network "
                             "network.json --threads 1"),
                 0);
    program_expect("out", " 14195.4 us");
    cr_expect_eq(program_run("topology --model wide.yaml --ranks 2 --network wide.yaml"), 1);
    program_expect("err", "wide.yaml:1:4: expected JSON");
    program_write("network.json", "{\"benchmarks\": []}");
    cr_expect_eq(program_run("topology --model wide.yaml --ranks 2 --network network.json"), 1);
    program_expect("err", "network.json: expected what `mpirun -n 2 runnel bench network --json`");
    cr_expect_eq(program_run("topology --model wide.yaml --ranks 3"), 2);
    program_expect("err", "3 ranks expect training.shards of at least as many, got 2");
    cr_expect_eq(program_run("topology nonsense"), 1);
    program_expect("err", "not a machine: nonsense");
    cr_expect_eq(program_run("topology missing.xml"), 1);
}

Test(cli, prints_a_configuration_that_loads_again)
{
    cr_expect_eq(program_run("train " SPIRALS " --print-config --set training.epochs=5"), 0);
    cr_expect_eq(rename("out", "printed.yaml"), 0);
    cr_expect_eq(program_run("train printed.yaml --print-config"), 0);
    cr_expect_eq(system("sed -i 's/  *# .*//' out && sed 's/  *# .*//' printed.yaml | cmp - out"),
                 0);
    program_expect("printed.yaml",
                   "  epochs: 5                                       # command line\n");
    program_expect("printed.yaml", "  batch_size: 32                                  # file\n");
    program_expect("printed.yaml", "  drop_last: false                                # default\n");
    cr_expect_not(program_has("runs"));
}
