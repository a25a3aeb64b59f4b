/*
 * `runnel bench`: what each benchmark prints, and what `diff` tells of two files.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(program_bench, .init = program_enter, .fini = scratch_leave);

Test(program_bench, measures)
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
 * library that was loaded late, as oneDNN is.  Without these data it takes for lost what dlopen
 * keeps of its last error, that of a library which oneDNN looks for. */
Test(program_bench, measures_activations)
{
    program_write("known", "leak:dlerror_run\nleak:dl_exception_create\n");
    setenv("LSAN_OPTIONS", "use_tls=0:suppressions=known", 1);
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

Test(program_bench, measures_optimizers)
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

Test(program_bench, bench_compares_precisions)
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

Test(program_bench, bench_matrix_tells_each_training)
{
    cr_assert_eq(program_run("bench matrix " SPIRALS " --quick --threads 1 --seeds 2 "
                             "--optimizers adam --activations elu --target val_accuracy=0.99"),
                 0, "%s", program_read("err"));
    program_expect("err", "[1/2] adam/elu, seed 42: ");
    program_expect("err", "the target not reached");
    program_expect("out", "reached 0  of 2  epochs_to_target inf");
}

Test(program_bench, measures_a_sweep_of_batches_and_threads)
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

Test(program_bench, compares_the_latency_of_activations)
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

Test(program_bench, measures_the_latency_of_a_model_beside_its_fold)
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

Test(program_bench, compares_processes)
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

Test(program_bench, tells_what_changed_beyond_noise)
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

Test(program_bench, measures_data)
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

Test(program_bench, measures_a_matrix)
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

Test(program_bench, measures_the_bfloat16_peak_where_there_is_one)
{
    const bool there =
        system("grep -q avx512_bf16 /proc/cpuinfo && [ \"${RUNNEL_ISA:-avx512}\" = avx512 ]") == 0;
    cr_assert_eq(program_run("bench machine --threads 1"), 0, "%s", program_read("err"));
    cr_expect_eq(strstr(program_read("out"), "machine/bfloat16_peak/threads:1") != NULL, there);
    cr_expect_eq(setenv("RUNNEL_ISA", "avx2", 1), 0);
    cr_assert_eq(program_run("bench machine --threads 1"), 0, "%s", program_read("err"));
    cr_expect_null(strstr(program_read("out"), "bfloat16_peak"));
}
