/*
 * The command line: usage, help, streams, and what is printed in place of a run.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

TestSuite(cli, .init = program_enter, .fini = program_leave);

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
    cr_expect_eq(program_run("help config training.optimizer.adam"), 0);
    program_expect("out", "beta_1");
    cr_expect_eq(program_run("help config training.optimizr"), 2);
    program_expect("err", "did you mean 'optimizer'?");
    cr_expect_eq(program_run("help config dnse"), 2);
    cr_expect_str_eq(program_read("out"), "");
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
    cr_expect_eq(program_run("train " SPIRALS " --set model.2.dense.activation=relu --output o"),
                 2);
    program_expect("err", "needs a last layer with activation softmax");
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
    cr_expect_eq(WEXITSTATUS(system(command)), 0);
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

Test(cli, measures)
{
    cr_expect_eq(
        program_run("bench train " SPIRALS " --threads 1 --seconds 0.5 --json --processes 2"), 0,
        "%s", program_read("err"));
    program_expect("out", "\"name\": \"train/spirals/batch:32/threads:1\"");
    program_expect("out", "\"time_unit\": \"ns\"");
    program_expect("out", "\"repetition_index\": 1");
    program_expect("out", "\"process\": 1");
    program_expect("out", "\"processes\": 2");
    program_expect("out", "\"taken_by_others\": ");
    program_expect("out", "\"huge_pages\": ");
    cr_expect_eq(program_run("bench trian"), 2);
    program_expect("err", "expected machine, train, products, latency, activations, optimizers, "
                          "matrix, data, network or diff");
    cr_expect_eq(program_run("bench products " SPIRALS " --quick --csv"), 0);
    program_expect("out", "\nproducts/spirals/dense_1/forward/");
    cr_expect_eq(program_run("bench latency --products own"), 2);
    program_expect("err", "--products is not of latency");
    cr_expect_eq(program_run("train " SPIRALS " --products mkl"), 2);
    program_expect("err", "--products expects auto, own or onednn, got 'mkl'");
    cr_expect_eq(program_run("bench train --threads 1,x"), 2);
    program_expect("err", "--threads expects numbers from 1, as in 1,2,4, got '1,x'");
    cr_expect_eq(program_run("bench train " SPIRALS " --threads 1 --quick --csv"), 0);
    program_expect("out", "name,threads,samples,seconds,");
    program_expect("out", "\ntrain/spirals/batch:32/threads:1,1,");
    cr_expect_eq(program_run("bench train --csv --json"), 2);
    program_expect("err", "--json and --csv exclude each other");
    cr_expect_eq(program_run("bench train --processes 2"), 2);
    program_expect("err", "--processes is of --json");
    cr_expect_eq(program_run("bench matrix " SPIRALS " --json --processes 2"), 2);
    program_expect("err", "matrix is measured by one process");
    cr_expect_eq(program_run("bench train --seconds 0"), 2);
    program_expect("err", "--seconds expects a number above 0, up to 86400");
}

/* LeakSanitizer of gcc 12 crashes where a thread that still waits has thread-local data of a
 * library that was loaded late, as oneDNN is. */
Test(cli, measures_activations)
{
    setenv("LSAN_OPTIONS", "use_tls=0", 1);
    cr_assert_eq(
        program_run("bench activations --quick --seconds 0.1 --threads 1 "
                    "--activations 'elu,{leaky_relu: {negative_slope: 0.1}}' --json --processes 1"),
        0, "%s", program_read("err"));
    program_expect("out", "\"name\": \"activations/elu/forward/");
    program_expect("out", "/memory/threads:1_median\"");
    program_expect("out", "\"name\": \"activations/relu/backward/");
    program_expect("out", "\"over_relu_high\": ");
    program_expect("out", "\"proven_ulp\": 1.0");
    cr_expect_eq(program_run("bench activations --activations relu,elo"), 2);
    program_expect("err", "did you mean 'elu'?");
    cr_expect_eq(program_run("bench machine --activations relu"), 2);
    program_expect("err", "--activations is not of machine");
}

Test(cli, measures_optimizers)
{
    cr_assert_eq(
        program_run(
            "bench optimizers --quick --seconds 0.1 --threads 1 --optimizers "
            "'sgd,rmsprop,{rmsprop: {momentum: 0.9, centered: true}}' --json --processes 1"),
        0, "%s", program_read("err"));
    program_expect("out", "\"name\": \"optimizers/sgd/alone/parameters:10000/threads:1\"");
    program_expect("out", "\"optimizers/rmsprop:2/fused/parameters:10000000/threads:1_median\"");
    program_expect("out", "\"bytes_per_parameter\": 32.0");
    cr_expect_eq(program_run("bench optimizers --optimizers adm"), 2);
    program_expect("err", "did you mean 'adam'?");
    cr_expect_eq(program_run("bench activations --optimizers adam"), 2);
    program_expect("err", "--optimizers is not of activations");
}

Test(cli, bench_compares_precisions)
{
    cr_assert_eq(program_run("bench train " SPIRALS " --threads 1 --seconds 0.1 "
                             "--precision float32,mixed_bfloat16"),
                 0, "%s", program_read("err"));
    program_expect("out", "train/spirals/precision:float32/batch:32/threads:1");
    program_expect("out", "train/spirals/precision:mixed_bfloat16/batch:32/threads:1");
    program_expect("out", "speedup");
    cr_expect_eq(program_run("bench train --precision float3"), 2);
    program_expect("err", "did you mean 'float32'?");
    cr_expect_eq(program_run("bench machine --precision float32"), 2);
    program_expect("err", "--precision is not of machine");
}

Test(cli, bench_matrix_tells_each_training)
{
    cr_assert_eq(program_run("bench matrix " SPIRALS " --quick --threads 1 --seeds 2 "
                             "--optimizers adam --activations elu --target val_accuracy=0.99"),
                 0, "%s", program_read("err"));
    program_expect("err", "[1/2] adam/elu, seed 42: ");
    program_expect("err", "the target not reached");
    program_expect("out", "reached 0  of 2  epochs_to_target inf");
}

Test(cli, measures_a_sweep_of_batches_and_threads)
{
    cr_assert_eq(program_run("bench train " SPIRALS " --threads 1,2 --seconds 0.1 --batch 8,64"), 0,
                 "%s", program_read("err"));
    program_expect("out", "train/spirals/batch:8/threads:1 ");
    program_expect("out", "train/spirals/batch:64/threads:2 ");
    program_expect("out", "  efficiency ");
    cr_expect_eq(program_run("bench train --batch 8,0"), 2);
    program_expect("err", "--batch expects numbers from 1, as in 1,8,64, got '8,0'");
    cr_expect_eq(program_run("bench machine --batch 8"), 2);
    program_expect("err", "--batch is not of machine");
}

Test(cli, compares_the_latency_of_activations)
{
    cr_assert_eq(program_run("bench latency " SPIRALS " --threads 1 --seconds 0.2 --batch 8 "
                             "--activations relu,elu,tanh --cold --json --processes 2"),
                 0, "%s", program_read("err"));
    program_expect("out", "\"name\": \"latency/spirals/relu/batch:8/threads:1\"");
    program_expect("out", "\"name\": \"latency/spirals/tanh/train/batch:8/threads:1_median\"");
    program_expect("out", "\"latency/spirals/elu_over_relu/train/batch:8/threads:1_median\"");
    program_expect("out", "\"latency/spirals/tanh_over_relu/cold/batch:8/threads:1_median\"");
    program_expect("out", "\"label\": \"tanh costs ");
    cr_assert_eq(
        program_run("bench latency " SPIRALS " --threads 1 --seconds 0.2 --batch 8 --layers"), 0,
        "%s", program_read("err"));
    program_expect("out", "latency/spirals/layer:dense_1/batch:8/threads:1 ");
    program_expect("out", "latency/spirals/layer:dense_1/gradients/train/batch:8/threads:1 ");
    program_expect("out", "share_of_layers ");
    cr_expect_eq(program_run("bench latency --activations softmux"), 2);
    program_expect("err", "did you mean 'softmax'?");
}

Test(cli, measures_the_latency_of_a_model_beside_its_fold)
{
    cr_assert_eq(program_run("train " SPIRALS " --output r --set training.epochs=1 --set "
                             "'model=[{dense: {units: 8, activation: linear}}, "
                             "batch_normalization, {activation: elu}, "
                             "{dense: {units: 3, activation: softmax}}]'"),
                 0, "%s", program_read("err"));
    cr_assert_eq(program_run("bench latency r/model.safetensors --threads 1,2 --seconds 0.1 "
                             "--batch 2,512 --json --processes 1"),
                 0, "%s", program_read("err"));
    program_expect("out", "\"name\": \"latency/spirals/model/batch:2/threads:1_median\"");
    program_expect("out", "\"name\": \"latency/spirals/fold/batch:512/threads:2_median\"");
    program_expect("out", "\"name\": \"latency/spirals/fold_over_model/batch:2/threads:1\"");
    cr_expect_eq(strstr(program_read("out"), "/train/"), NULL);
    cr_expect_eq(program_run("bench latency r/model.safetensors --activations relu"), 2);
    program_expect("err", "a trained model has its own activations");
    cr_assert_eq(program_run("bench latency " SPIRALS " --threads 1 --seconds 0.01 --batch 512"),
                 0);
    program_expect("out", "p99_9_us - (");
    program_expect("out", " of 10000 samples)");
    cr_assert_eq(program_run("bench latency " SPIRALS " --threads 2 --seconds 0.01 --batch 8 "
                             "--set data.train.spirals.rows=100"),
                 0);
    program_expect("out", "latency/spirals/batch:8/threads:2 ");
}

/* Ten rounds of each of two results, in another unit after. */
static void write_rounds(const char *path, double first, double second, const char *unit,
                         double seconds)
{
    char text[8192];
    size_t at = (size_t)snprintf(text, sizeof text,
                                 "{\"context\": {\"processor\": \"X\"}, \"benchmarks\": [");
    for (size_t i = 0; i < 20; ++i)
        at += (size_t)snprintf(
            text + at, sizeof text - at,
            "%s{\"name\": \"%s\", \"run_type\": \"iteration\", \"real_time\": %.9g, "
            "\"cpu_time\": 1, \"time_unit\": \"%s\"}",
            i > 0 ? "," : "", i % 2 ? "b" : "a",
            (i % 2 ? second : first) * (1 + 1e-3 * (double)(i * 7 % 5)) / seconds, unit);
    snprintf(text + at, sizeof text - at, "]}");
    program_write(path, text);
}

/* Two rounds of each of two results in each of five processes, which differ by a thousandth. */
static void write_processes(const char *path, double first, double second, double taken)
{
    char text[8192];
    size_t at = (size_t)snprintf(
        text, sizeof text, "{\"context\": {\"taken_by_others\": %g}, \"benchmarks\": [", taken);
    for (size_t i = 0; i < 20; ++i)
        at += (size_t)snprintf(
            text + at, sizeof text - at,
            "%s{\"name\": \"%s\", \"run_type\": \"iteration\", \"real_time\": %.9g, "
            "\"time_unit\": \"ns\", \"threads\": 1, \"process\": %zu}",
            i > 0 ? "," : "", i < 10 ? "a" : "b",
            (i < 10 ? first : second) * (1 + 1e-3 * (double)(i / 2 % 5)) *
                (1 + 0.1 * (double)(i % 2)),
            i / 2 % 5);
    snprintf(text + at, sizeof text - at, "]}");
    program_write(path, text);
}

Test(cli, compares_processes)
{
    write_processes("a.json", 100, 200, 0.01);
    write_processes("b.json", 100, 210, 0.01);
    write_processes("c.json", 101.5, 203, 0.01);
    write_processes("d.json", 100, 210, 0.2);
    write_processes("e.json", 150, 200, 0.2);
    cr_expect_eq(program_run("bench diff a.json b.json"), 0);
    program_expect("out", " slower by 5.0 %: 210.4 ns, before 200.4 ns, p ");
    program_expect("out", "1 of 2 results changed beyond noise");
    cr_expect_eq(program_read("err")[0], '\0');
    cr_expect_eq(program_run("bench diff a.json c.json"), 0);
    program_expect("out", "nothing beyond noise, of 2 results");
    cr_expect_eq(program_run("bench diff a.json d.json"), 0);
    program_expect("out", "nothing beyond noise, of 2 results");
    program_expect("err", "d.json: others took 20 % of the processors' time");
    cr_expect_eq(program_run("bench diff a.json e.json"), 0);
    program_expect("out", " slower by 50.0 %");
}

Test(cli, tells_what_changed_beyond_noise)
{
    write_rounds("a.json", 1e-4, 2e-4, "ns", 1e-9);
    write_rounds("b.json", 1e-4, 2.1e-4, "us", 1e-6);
    write_rounds("c.json", 1e-4, 2.06e-4, "ms", 1e-3);
    write_rounds("d.json", 1e-4, 2.01e-4, "s", 1);
    cr_expect_eq(program_run("bench diff a.json a.json"), 0);
    program_expect("out", "nothing beyond noise, of 2 results");
    cr_expect_eq(program_run("bench diff a.json b.json"), 0);
    program_expect("out", " slower by 5.0 %: 210.4 us, before 200.4 us, p ");
    program_expect("out", "1 of 2 results changed beyond noise");
    cr_expect_eq(program_run("bench diff c.json a.json"), 0);
    program_expect("out", " faster by 2.9 %");
    cr_expect_eq(program_run("bench diff a.json d.json"), 0);
    program_expect("out", "nothing beyond noise, of 2 results");
    program_write("bad.json", "{\"context\": {}}");
    cr_expect_eq(program_run("bench diff a.json bad.json"), 1);
    program_expect("err", "bad.json: expected what `runnel bench --json` prints");
    cr_expect_eq(program_run("bench diff a.json"), 2);
    program_expect("err", "diff needs two files");
}

Test(cli, measures_data)
{
    cr_assert_eq(program_run("bench data --quick --seconds 0.2 --threads 1"), 0, "%s",
                 program_read("err"));
    program_expect("out", "data/read/csv/rows:20000 ");
    program_expect("out", "data/read/npy/rows:20000 ");
    program_expect("out", "data/read/idx/rows:20000 ");
    program_expect("out", "data/gather/float64/random/threads:1 ");
    cr_expect_eq(program_run("bench data " SPIRALS " --quick --seconds 0.2 --threads 1 "
                             "--set data.train.spirals.rows=400 --set validation_split=0"),
                 2);
    cr_assert_eq(program_run("bench data " SPIRALS " --quick --seconds 0.2 --threads 1 "
                             "--set data.train.spirals.rows=400"),
                 0);
    program_expect("out", "data/read/spirals/rows:");
}

Test(cli, measures_a_matrix)
{
#define MATRIX                                                                                     \
    "bench matrix " SPIRALS                                                                        \
    " --threads 1 --set training.epochs=3 --set data.train.spirals.rows=400 "
    cr_assert_eq(program_run(MATRIX
                             "--seeds 3 --target val_acc=0.1 --normalization --json --processes 1 "
                             "--optimizers 'sgd,{adam: {learning_rate: 0.01}}'"),
                 0, "%s", program_read("err"));
    program_expect("out", "\"name\": \"matrix/adam/elu/batch_normalization/threads:1_median\"");
    program_expect("out", "\"val_accuracy\": 0.");
    program_expect("out",
                   "\"reached\": 3.0,\n      \"of\": 3.0,\n      \"epochs_to_target\": 1.0,");
    cr_assert_eq(program_run(MATRIX "--seeds 1 --target loss=-1 --activations tanh --tune-rate"),
                 0);
    program_expect("out", "reached 0  of 1  epochs_to_target inf  seconds_to_target inf  rate 0.");
    cr_expect_eq(program_run(MATRIX "--target val_acuracy=1"), 2);
    program_expect("err", "got 'val_acuracy'; did you mean 'accuracy'?");
    cr_expect_eq(program_run(MATRIX "--target loss"), 2);
    cr_expect_eq(program_run("bench matrix"), 2);
    program_expect("err", "matrix needs a CONFIG");
    cr_expect_eq(program_run("bench matrix a.yaml b.yaml"), 2);
    program_expect("err", "matrix takes 1 file, got 'b.yaml' too");
}

Test(cli, measures_the_bfloat16_peak_where_there_is_one)
{
    const bool there =
        system("grep -q avx512_bf16 /proc/cpuinfo && [ \"${RUNNEL_ISA:-avx512}\" = avx512 ]") == 0;
    cr_assert_eq(program_run("bench machine --threads 1"), 0, "%s", program_read("err"));
    cr_expect_eq(strstr(program_read("out"), "machine/bfloat16_peak/threads:1") != NULL, there);
    cr_expect_eq(setenv("RUNNEL_ISA", "avx2", 1), 0);
    cr_assert_eq(program_run("bench machine --threads 1"), 0, "%s", program_read("err"));
    cr_expect_null(strstr(program_read("out"), "bfloat16_peak"));
}
