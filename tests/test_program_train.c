/*
 * Training, evaluating and summing up.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(program_train, .init = program_enter, .fini = scratch_leave);

Test(program_train, trains_evaluates_and_summarizes)
{
    cr_expect_eq(program_run("train " SPIRALS " --output run/one --set training.epochs=3"), 0);
    program_expect("err", "epoch 1/3  loss ");
    program_expect("err", "epoch 3/3  loss ");
    program_expect("out", "test: loss ");
    program_expect("out", "model: run/one/model.safetensors\nhistory: run/one/history.csv\n");
    const char *history = program_read("run/one/history.csv");
    cr_expect_eq(strncmp(history,
                         "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,"
                         "momentum,samples_per_second\n1,",
                         84),
                 0, "%s", history);
    const char *test_line = program_read("out");
    char accuracy[32] = "";
    cr_assert_eq(sscanf(strstr(test_line, "accuracy"), "accuracy %31s", accuracy), 1);

    cr_expect_eq(program_run("evaluate run/one/model.safetensors"), 0);
    program_expect("out", accuracy);
    program_expect("out", "Confusion matrix");
    program_expect("out", "precision");
    cr_expect_str_eq(program_read("err"), "");
    cr_expect_eq(program_run("evaluate run/one/model.safetensors --data validation"), 0);
    program_expect("out", "validation data: 300 rows");
    cr_expect_eq(program_run("summary run/one/model.safetensors"), 0);
    program_expect("out", "Total parameters: 2,371");
    cr_expect_eq(program_run("summary " SPIRALS), 0);
    program_expect("out", "Total parameters: 2,371");
}

/* 28 x 28 pixels, 300, 100 and 10 units: the counts are known answers; the operations are
 * 2 (784 300 + 300 100 + 100 10), and in training three times that without 2 784 300. */
Test(program_train, summary_tells_shapes_parameters_work_and_memory)
{
    static const unsigned char header[] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 118, 0};
    FILE *file = fopen("x.npy", "wb");
    fwrite(header, 1, sizeof header, file);
    fprintf(file, "%-117s\n", "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 28, 28), }");
    for (size_t i = 0; i < 2 * 28 * 28; ++i)
        fputc((int)i % 256, file);
    fclose(file);
    file = fopen("y.npy", "wb");
    fwrite(header, 1, sizeof header, file);
    fprintf(file, "%-117s\n%c%c", "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }", 0,
            9);
    fclose(file);
    program_write("pixels.yaml",
                  "data: {train: {npy: {inputs: x.npy, targets: y.npy}}}\n"
                  "model: [flatten, dense: {units: 300, activation: elu}, dense: {units: 100}, "
                  "activation: elu, dense: {units: 10, activation: softmax}]\n"
                  "training: {loss: sparse_categorical_crossentropy, optimizer: adam}\n");
    cr_expect_eq(program_run("summary pixels.yaml"), 0);
    cr_expect_str_eq(
        program_read("out"),
        "Layer (type)                       Output shape             Parameters\n"
        "input                              (None, 28, 28)                    0\n"
        "flatten_1 (flatten)                (None, 784)                       0\n"
        "dense_1 (dense)                    (None, 300)                 235,500\n"
        "dense_2 (dense)                    (None, 100)                  30,100\n"
        "activation_1 (activation)          (None, 100)                       0\n"
        "dense_3 (dense)                    (None, 10)                    1,010\n"
        "Total parameters: 266,610 (1.07 MB)\n"
        "Trainable parameters: 266,610 (1.07 MB)\n"
        "Non-trainable parameters: 0 (0 B)\n"
        "Zero weights: 0 of 266,200 in kernels (0.0 %); within 0.001 of 0: 1.3 %\n"
        "FLOPs of a row's matrix products: forward 532,400, training 1,126,800\n"
        "Memory: parameters 1.07 MB, activations of a mini-batch of 32 rows 165.63 kB, state of "
        "adam 2.13 MB\n");
    cr_expect_eq(program_run("summary pixels.yaml --set training.optimizer=sgd"), 0);
    program_expect("out", "state of sgd 0 B");
}

Test(program_train, one_hash_on_any_number_of_threads)
{
    for (int threads = 1; threads <= 16; threads *= 2)
        cr_expect_eq(program_run("train " SPIRALS
                                 " --output t%d --threads %d --set training.epochs=1",
                                 threads, threads),
                     0);
    for (int threads = 2; threads <= 16; threads *= 2) {
        char command[128];
        snprintf(command, sizeof command, "cmp t1/model.safetensors t%d/model.safetensors",
                 threads);
        cr_expect_eq(system(command), 0);
    }
    cr_expect_eq(program_run("train " SPIRALS " --output other --seed 7 --set training.epochs=1"),
                 0);
    cr_expect_neq(system("cmp -s t1/model.safetensors other/model.safetensors"), 0);
}

static double number_before(const char *text, const char *mark)
{
    const char *end = strstr(text, mark);
    cr_assert(end != NULL, "'%s' is not in:\n%s", mark, text);
    while (end > text && strchr(".0123456789", end[-1]))
        --end;
    return atof(end);
}

/* Megabytes of a run with layers of so many units. */
static void measure_memory(unsigned units, double *planned, double *peak)
{
    cr_assert_eq(program_run("train " SPIRALS
                             " --output memory_%u --verbose --set training.epochs=1"
                             " --set training.batch_size=512 --set model.0.dense.units=%u"
                             " --set model.1.dense.units=%u",
                             units, units, units),
                 0);
    const char *text = program_read("err");
    *planned = number_before(text, " MB: parameters");
    const char *resident = strstr(text, "resident at the peak: ");
    cr_assert(resident != NULL, "%s", text);
    *peak = atof(resident + strlen("resident at the peak: "));
}

/* Sanitizers keep books of their own. */
#ifndef __SANITIZE_ADDRESS__
Test(program_train, keeps_to_its_plan_of_memory)
{
    double small_plan, small_peak, plan, peak;
    measure_memory(16, &small_plan, &small_peak);
    measure_memory(1500, &plan, &peak);
    const double grown = peak - small_peak, planned = plan - small_plan;
    cr_expect(planned > 50, "%g MB planned", planned);
    cr_expect(fabs(grown - planned) < 0.1 * planned, "%g MB, where %g were planned", grown,
              planned);
}
#endif

Test(program_train, damaged_model_is_refused)
{
    cr_expect_eq(program_run("train " SPIRALS " --output r --set training.epochs=1"), 0);
    struct stat about;
    cr_assert_eq(stat("r/model.safetensors", &about), 0);
    cr_assert_eq(truncate("r/model.safetensors", about.st_size - 1), 0);
    cr_expect_eq(program_run("evaluate r/model.safetensors"), 1);
    program_expect("err", "r/model.safetensors: ");
    program_write("text.safetensors", "no model");
    cr_expect_eq(program_run("evaluate text.safetensors"), 1);
    cr_expect_eq(program_run("evaluate nothing.safetensors"), 1);
}
