/*
 * The program as a user meets it: exit codes, which stream says what, files written and files left
 * alone.  RUNNEL_PROGRAM and RUNNEL_EXAMPLES come from the build.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[] = "/tmp/runnel_cli_XXXXXX";

static void enter_directory(void)
{
    cr_assert(mkdtemp(directory) != NULL);
    cr_assert_eq(chdir(directory), 0);
}

static void leave_directory(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", directory);
    cr_assert_eq(system(command), 0);
}

TestSuite(cli, .init = enter_directory, .fini = leave_directory);

static char *read_text(const char *path)
{
    static char text[4][1 << 20]; /* a line for each epoch of a second or two */
    static size_t next;
    char *buffer = text[next++ % 4];
    FILE *file = fopen(path, "r");
    cr_assert(file != NULL, "%s", path);
    buffer[fread(buffer, 1, sizeof text[0] - 1, file)] = '\0';
    fclose(file);
    return buffer;
}

/* Runs the program through the shell; the streams are kept in the files out and err. */
__attribute__((format(printf, 1, 2))) static int run(const char *format, ...)
{
    char words[1024], command[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    snprintf(command, sizeof command, "'%s' %s >out 2>err </dev/null", RUNNEL_PROGRAM, words);
    const int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect_in(const char *path, const char *part)
{
    const char *text = read_text(path);
    cr_expect(strstr(text, part) != NULL, "'%s' is not in %s:\n%s", part, path, text);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

#define SPIRALS "'" RUNNEL_EXAMPLES "/spirals.yaml'"

Test(cli, usage_mistakes_name_the_nearest)
{
    cr_expect_eq(run("trian x.yaml"), 2);
    expect_in("err", "did you mean 'train'?");
    cr_expect_eq(run("train --thread 2 x.yaml"), 2);
    expect_in("err", "did you mean '--threads'?");
    cr_expect_eq(run("train"), 2);
    expect_in("err", "CONFIG is missing");
    cr_expect_eq(run("train a b"), 2);
    cr_expect_eq(run("train --threads 0 x.yaml"), 2);
    cr_expect_eq(run("train --threads=two x.yaml"), 2);
    cr_expect_eq(run("train --pin maybe x.yaml"), 2);
    cr_expect_eq(run("train --seed -1 x.yaml"), 2);
    cr_expect_eq(run("%s", ""), 2);
    cr_expect_str_eq(read_text("out"), "");
}

Test(cli, help_and_version_go_to_stdout)
{
    cr_expect_eq(run("--version"), 0);
    expect_in("out", "runnel ");
    cr_expect_eq(run("help"), 0);
    expect_in("out", "train");
    static const char *const commands[] = {"train", "evaluate", "summary", "help"};
    for (size_t i = 0; i < 4; ++i) {
        cr_expect_eq(run("help %s", commands[i]), 0);
        expect_in("out", "Options:");
        cr_expect_eq(run("%s --help", commands[i]), 0);
    }
    cr_expect_eq(run("help config dense"), 0);
    expect_in("out", "kernel_initializer");
    cr_expect_eq(run("help config dnse"), 2);
    cr_expect_str_eq(read_text("out"), "");
}

Test(cli, mistake_in_a_configuration_writes_nothing)
{
    write_text("bad.yaml", "data: {train: {spirals: {rows: 9}}}\n"
                           "model:\n"
                           "  - dense: {units: 3, activaton: relu}\n"
                           "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n");
    cr_expect_eq(run("train bad.yaml"), 2);
    expect_in("err", "bad.yaml:3:23: dense: unknown key 'activaton'; did you mean 'activation'?");
    cr_expect_not(exists("runs"));
    cr_expect_eq(run("train missing.yaml"), 2);
    cr_expect_eq(run("train " SPIRALS " --set training.epoch=1 --output o"), 2);
    cr_expect_eq(run("train " SPIRALS " --set model.2.dense.activation=relu --output o"), 2);
    expect_in("err", "needs a last layer with activation softmax");
    cr_expect_eq(
        run("train " SPIRALS " --set 'data.train={idx: {inputs: a, targets: b}}' --output o"), 1);
    expect_in("err", "a: cannot be opened");
    cr_expect_not(exists("o"));
}

Test(cli, trains_evaluates_and_summarizes)
{
    cr_expect_eq(run("train " SPIRALS " --output run/one --set training.epochs=3"), 0);
    expect_in("err", "epoch 1/3  loss ");
    expect_in("err", "epoch 3/3  loss ");
    expect_in("out", "test: loss ");
    expect_in("out", "model: run/one/model.safetensors\nhistory: run/one/history.csv\n");
    const char *history = read_text("run/one/history.csv");
    cr_expect_eq(strncmp(history,
                         "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,"
                         "samples_per_second\n1,",
                         75),
                 0, "%s", history);
    char *test_line = read_text("out");
    char accuracy[32] = "";
    cr_assert_eq(sscanf(strstr(test_line, "accuracy"), "accuracy %31s", accuracy), 1);

    cr_expect_eq(run("evaluate run/one/model.safetensors"), 0);
    expect_in("out", accuracy);
    expect_in("out", "Confusion matrix");
    expect_in("out", "precision");
    cr_expect_str_eq(read_text("err"), "");
    cr_expect_eq(run("evaluate run/one/model.safetensors --data validation"), 0);
    expect_in("out", "validation data: 300 rows");
    cr_expect_eq(run("summary run/one/model.safetensors"), 0);
    expect_in("out", "Total parameters: 2,371");
    cr_expect_eq(run("summary " SPIRALS), 0);
    expect_in("out", "Total parameters: 2,371");
}

/* 28 x 28 pixels, 300, 100 and 10 units: the counts are known answers; the operations are
 * 2 (784 300 + 300 100 + 100 10), and in training three times that without 2 784 300. */
Test(cli, summary_tells_shapes_parameters_work_and_memory)
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
    write_text("pixels.yaml",
               "data: {train: {npy: {inputs: x.npy, targets: y.npy}}}\n"
               "model: [flatten, dense: {units: 300, activation: elu}, dense: {units: 100}, "
               "activation: elu, dense: {units: 10, activation: softmax}]\n"
               "training: {loss: sparse_categorical_crossentropy, optimizer: adam}\n");
    cr_expect_eq(run("summary pixels.yaml"), 0);
    cr_expect_str_eq(
        read_text("out"),
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
        "FLOPs of a row's matrix products: forward 532,400, training 1,126,800\n"
        "Memory: parameters 1.07 MB, activations of a mini-batch of 32 rows 165.63 kB, state of "
        "adam 2.13 MB\n");
    cr_expect_eq(run("summary pixels.yaml --set training.optimizer=sgd"), 0);
    expect_in("out", "state of sgd 0 B");
}

Test(cli, an_earlier_run_is_not_overwritten)
{
    cr_expect_eq(run("train " SPIRALS " --output r --set training.epochs=1 --quiet"), 0);
    cr_expect_str_eq(read_text("err"), "");
    cr_expect_eq(run("train " SPIRALS " --output r --set training.epochs=1"), 2);
    expect_in("err", "--force");
    cr_expect_eq(run("train " SPIRALS " --output r --set training.epochs=1 --force"), 0);
}

/* What is refused late, when the workers are placed, has not touched the run that was there. */
Test(cli, a_refused_run_leaves_the_earlier_one)
{
    cr_assert_eq(run("train " SPIRALS " --output r --set training.epochs=2 --quiet"), 0);
    cr_assert_eq(system("cp -r r kept"), 0);
    cr_expect_eq(run("train " SPIRALS " --output r --force --threads 5000"), 1);
    expect_in("err", "5000 threads");
    cr_expect_eq(system("diff -r r kept"), 0);
    cr_expect_eq(run("train " SPIRALS " --output fresh --threads 5000"), 1);
    cr_expect(!exists("fresh"));
    cr_expect_eq(run("train " SPIRALS " --output r --resume --set training.epochs=1"), 2);
    expect_in("err", "training.epochs: 1, but the checkpoint is");
    cr_expect_eq(system("diff -r r kept"), 0);
}

Test(cli, closed_streams_are_kept_out_of_files)
{
    char command[1024];
    snprintf(command, sizeof command,
             "'%s' train " SPIRALS " --output r --set training.epochs=1 <&- >&- 2>&-",
             RUNNEL_PROGRAM);
    cr_expect_eq(WEXITSTATUS(system(command)), 0);
    cr_expect_eq(strncmp(read_text("r/history.csv"), "epoch,", 6), 0);
    cr_expect_eq(strstr(read_text("r/history.csv"), "worker"), NULL);
}

static const char houses[] = "area,town,price\n50,Ulm,1\n80,Bern,4\n60,Ulm,2\n90,Bern,5\n";

static const char houses_config[] =
    "data: {train: {csv: {path: houses.csv, target: %s, categorical: town}},\n"
    "       scaling: standardize}\n"
    "model: [dense: {units: %d, activation: %s}]\n"
    "training: {loss: %s, optimizer: adam, epochs: 2}\n";

static void train_houses(const char *target, int units, const char *activation, const char *loss)
{
    char text[512];
    snprintf(text, sizeof text, houses_config, target, units, activation, loss);
    write_text("houses.csv", houses);
    write_text("houses.yaml", text);
    cr_assert_eq(run("train houses.yaml --force --quiet"), 0, "%s", read_text("err"));
}

#define HOUSES "runs/houses/model.safetensors"

Test(cli, predicts_values)
{
    train_houses("price", 1, "linear", "mean_squared_error");
    write_text("new.csv", "town,extra,area\nUlm,?,70\nBern,?,71\n");
    cr_expect_eq(run("predict " HOUSES " --data new.csv"), 0, "%s", read_text("err"));
    double first, second;
    cr_expect_eq(sscanf(read_text("out"), "price\n%lf\n%lf\n", &first, &second), 2);
    cr_expect_eq(run("predict " HOUSES " --data new.csv --output p.npy"), 0);
    cr_expect_str_eq(read_text("out"), "");
    FILE *file = fopen("p.npy", "rb");
    char head[128];
    float values[2];
    cr_assert_eq(fread(head, 1, 128, file), 128);
    cr_assert_eq(fread(values, sizeof *values, 2, file), 2);
    cr_expect_eq(fgetc(file), EOF);
    fclose(file);
    cr_expect(strstr(head + 10, "'shape': (2, 1)") != NULL);
    cr_expect_eq(values[0], (float)first);
    cr_expect_eq(values[1], (float)second);
    cr_expect_eq(run("predict " HOUSES " --data new.csv --probabilities"), 2);
    expect_in("err", "the model predicts values");
    cr_expect_eq(run("predict " HOUSES), 2);
    expect_in("err", "--data FILE is missing");
    write_text("new.csv", "town,area\nUlm,70\nBonn,71\n");
    cr_expect_eq(run("predict " HOUSES " --data new.csv --output never.csv"), 1);
    expect_in("err", "new.csv:3:1: column 'town': expected one of the 2 categories of the training "
                     "rows (perhaps 'Bern'), got 'Bonn'");
    cr_expect(!exists("never.csv"));
    cr_expect_eq(run("predict " HOUSES " --data houses.csv -o /nowhere/p.csv"), 1);
    expect_in("err", "/nowhere/p.csv");
}

Test(cli, predicts_classes_by_name)
{
    train_houses("town", 2, "softmax", "sparse_categorical_crossentropy");
    cr_expect_eq(run("predict " HOUSES " --data houses.csv --probabilities"), 0);
    double p[2];
    cr_expect_eq(sscanf(read_text("out"), "Bern,Ulm\n%lf,%lf\n", &p[0], &p[1]), 2);
    cr_expect_float_eq(p[0] + p[1], 1, 1e-6);
    cr_expect_eq(run("predict " HOUSES " --data houses.csv"), 0);
    char class[8];
    double probability;
    cr_expect_eq(sscanf(read_text("out"), "class,probability\n%7[^,],%lf\n", class, &probability),
                 2);
    cr_expect_str_eq(class, p[0] >= p[1] ? "Bern" : "Ulm");
    cr_expect_eq(probability, p[0] >= p[1] ? p[0] : p[1]);
    cr_expect_eq(run("evaluate " HOUSES " --data train"), 0, "%s", read_text("err"));
    expect_in("out", "Bern");

    /* Training goes on with the rows and categories that it began with. */
    write_text("houses.csv", "area,town,price\n50,Ulm,1\n80,Bern,4\n60,Ulm,2\n");
    cr_expect_eq(run("train houses.yaml --resume --set training.epochs=3"), 1);
    expect_in("err", "expected 4 training rows, as the checkpoint was made with, got 3");
    write_text("houses.csv", "area,town,price\n50,Ulm,1\n80,Bonn,4\n60,Ulm,2\n90,Bern,5\n");
    cr_expect_eq(run("train houses.yaml --resume --set training.epochs=3"), 1);
    expect_in("err", "got 'Bonn'");

    /* A single output: the second of two classes. */
    train_houses("town", 1, "sigmoid", "binary_crossentropy");
    cr_expect_eq(run("predict " HOUSES " --data houses.csv --probabilities"), 0);
    cr_expect_eq(sscanf(read_text("out"), "Bern,Ulm\n%lf,%lf\n", &p[0], &p[1]), 2);
    cr_expect_float_eq(p[0] + p[1], 1, 1e-6);
}

Test(cli, one_hash_on_any_number_of_threads)
{
    for (int threads = 1; threads <= 16; threads *= 2)
        cr_expect_eq(run("train " SPIRALS " --output t%d --threads %d --set training.epochs=1",
                         threads, threads),
                     0);
    for (int threads = 2; threads <= 16; threads *= 2) {
        char command[128];
        snprintf(command, sizeof command, "cmp t1/model.safetensors t%d/model.safetensors",
                 threads);
        cr_expect_eq(system(command), 0);
    }
    cr_expect_eq(run("train " SPIRALS " --output other --seed 7 --set training.epochs=1"), 0);
    cr_expect_neq(system("cmp -s t1/model.safetensors other/model.safetensors"), 0);
}

/* Killed at growing moments and resumed at changing numbers of threads, until it ends by itself;
 * the last of the columns of history.csv that it has for so many is the time's. */
static void kill_and_resume(const char *options, const char *columns)
{
    cr_assert_eq(run("train %s --output whole --force", options), 0);
    int code = -1;
    for (int i = 0; i < 200 && code != 0; ++i) {
        char command[2048];
        snprintf(command, sizeof command,
                 "timeout -s KILL %d.%03d '%s' train %s --output parts --resume --threads %d "
                 ">out 2>>log",
                 (30 + 10 * i) / 1000, (30 + 10 * i) % 1000, RUNNEL_PROGRAM, options, 1 + i % 4);
        code = WEXITSTATUS(system(command));
    }
    cr_assert_eq(code, 0, "it never ended: %s", read_text("log"));
    char command[256];
    snprintf(command, sizeof command,
             "cut -d, -f%s whole/history.csv >a; cut -d, -f%s parts/history.csv >b; cmp a b",
             columns, columns);
    cr_expect_eq(system(command), 0);
    cr_expect_eq(system("cmp whole/model.safetensors parts/model.safetensors"), 0);
    cr_expect_eq(system("cmp whole/inspect.csv parts/inspect.csv"), 0);
}

#define KILLED SPIRALS " --set training.checkpoint_every=7 --set training.inspect=true --quiet"

Test(cli, killed_and_resumed_ends_with_the_same_weights)
{
    kill_and_resume(KILLED, "1-6");
    expect_in("parts/history.csv", "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,sa");
}

Test(cli, killed_and_resumed_validates_at_the_same_steps)
{
    kill_and_resume(KILLED " --set training.validate_every=11 --set training.epochs=4"
                           " --set training.early_stopping.patience=40",
                    "1-7");
    cr_expect_eq(system("cmp whole/best.safetensors parts/best.safetensors"), 0);
    cr_expect_eq(system("cmp whole/last.safetensors parts/last.safetensors"), 0);
    expect_in("parts/history.csv", "epoch,step,loss,accuracy,val_loss,val_accuracy,learning_rate,");
    expect_in("parts/history.csv", "\n4,340,");
}

Test(cli, resumes_only_what_fits)
{
    cr_expect_eq(run("train " SPIRALS " --output r --resume --set training.epochs=2"), 0);
    expect_in("err", "no checkpoint in r: starting from the beginning");
    cr_expect_eq(run("train " SPIRALS " --output r --resume --set training.epochs=3"), 0);
    expect_in("err", "resuming r/checkpoint.safetensors at step 170");
    expect_in("err", "epoch 3/3");
    cr_expect_eq(run("train " SPIRALS " --output r --resume --set training.batch_size=8"), 2);
    expect_in("err", "made under another configuration");
    /* A damaged checkpoint is told, and the one before serves. */
    cr_assert_eq(truncate("r/checkpoint.safetensors", 100), 0);
    cr_expect_eq(run("train " SPIRALS " --output r --resume --set training.epochs=3"), 0);
    expect_in("err", "r/checkpoint.safetensors: ");
    expect_in("err", "resuming r/checkpoint.safetensors.previous at step 170");
}

Test(cli, resumes_only_with_its_rows)
{
    static const char config[] = "data: {train: {csv: {path: t.csv, target: y}}, "
                                 "validation_split: {random: 0.5}}\n"
                                 "model: [dense: {units: 1}]\n"
                                 "training: {loss: mean_squared_error, optimizer: sgd}\n";
    write_text("c.yaml", config);
    write_text("t.csv", "x,y\n1,2\n2,4\n3,6\n4,8\n");
    cr_assert_eq(run("train c.yaml --output r"), 0);
    cr_expect_eq(run("train c.yaml --output r --resume --set training.epochs=2"), 0);
    write_text("t.csv", "x,y\n1,9\n2,4\n3,6\n4,9\n");
    cr_expect_eq(run("train c.yaml --output r --resume --set training.epochs=3"), 1);
    expect_in("err", "t.csv: the targets of the ");
    expect_in("err", " rows are not those that the checkpoint was made with");
    cr_expect_eq(run("train c.yaml --output r --force --set training.epochs=3"), 0);
}

static const char inspected[] = "epoch,layer,mean,std,saturated,dead,gradient_norm,update_norm,"
                                "weight_norm,gradient_to_weights,update_to_weights\n";

static size_t lines_of(const char *path)
{
    size_t lines = 0;
    for (const char *c = read_text(path); *c; ++c)
        lines += *c == '\n';
    return lines;
}

/* Epoch 0 and each of the others, on three layers. */
Test(cli, looks_inside)
{
    static const char options[] = SPIRALS " --output r --set training.inspect=true";
    cr_assert_eq(run("train %s --set training.epochs=2", options), 0);
    expect_in("out", "inspection: r/inspect.csv\n");
    cr_expect_eq(strncmp(read_text("r/inspect.csv"), inspected, sizeof inspected - 1), 0);
    expect_in("r/inspect.csv", "\n0,dense_1,");
    cr_expect_eq(lines_of("r/inspect.csv"), 1 + 3 * 3);
    cr_expect_eq(run("inspect r"), 0);
    expect_in("out", "r/inspect.csv, after epoch 2\n");
    expect_in("out", "\ndense_1 ");
    const char *last = strstr(read_text("out"), "\ndense_3 ");
    cr_expect(last && !strstr(last, "\ndense_1 "), "one epoch alone");
    cr_expect_str_eq(read_text("err"), "");
    cr_expect_eq(run("inspect r/inspect.csv --epoch 0"), 0);
    expect_in("out", "before the first step");
    cr_expect_eq(run("inspect r --epoch 3"), 1);
    expect_in("err", "has no epoch 3");
    cr_expect_eq(run("inspect elsewhere"), 1);
    expect_in("err", "training.inspect: true");
    cr_expect_eq(run("inspect r --epoch two"), 2);

    /* A line of epoch 12 that a killed run has not finished is none of epoch 1. */
    cr_assert_eq(system("printf 1 >> r/inspect.csv"), 0);
    cr_assert_eq(run("train %s --resume --set training.epochs=3", options), 0);
    cr_expect_eq(lines_of("r/inspect.csv"), 1 + 4 * 3);
    cr_expect_eq(run("inspect r --epoch 3"), 0);
    expect_in("out", "\ndense_1 ");
    cr_assert_eq(run("train " SPIRALS " --output plain --set training.epochs=3"), 0);
    cr_expect_not(exists("plain/inspect.csv"));
    /* 2,371 parameters of four bytes. */
    cr_expect_eq(system("tail -c 9484 r/model.safetensors >a;"
                        "tail -c 9484 plain/model.safetensors | cmp - a"),
                 0);

    /* It may be asked for later on, and goes with its run. */
    cr_assert_eq(run("train " SPIRALS " --output plain --resume --set training.epochs=4 "
                     "--set training.inspect=true"),
                 0);
    cr_expect_eq(lines_of("plain/inspect.csv"), 1 + 3);
    cr_assert_eq(run("train " SPIRALS " --output plain --force --set training.epochs=1"), 0);
    cr_expect_not(exists("plain/inspect.csv"));
}

static void expect_finding(const char *lines, const char *expected, const char *other)
{
    FILE *file = fopen("inspect.csv", "w");
    fprintf(file, "%s%s", inspected, lines);
    fclose(file);
    cr_expect_eq(run("inspect ."), 0);
    expect_in("out", expected);
    cr_expect_eq(strstr(read_text("out"), other), NULL, "%s", read_text("out"));
}

/* Just within the limits and just beyond; the last layer with a kernel is not hidden. */
Test(cli, says_what_it_sees_inside)
{
    expect_finding("1,a,0,1,0.25,,1.1e-3,1,10,1,0.1\n1,b,0,1,,0.25,,,,,\n1,c,0,1,,,1,0,2,0.5,0\n"
                   "1,d,0,1,0.9,0.9,5e-9,0,0,,\n",
                   "healthy", "try");
    expect_finding("1,a,0,1,,,9e-4,0,1,1,0\n1,b,0,1,,,1,0,1,1,0\n1,c,0,1,,,9,0,1,1,0\n",
                   "vanishing gradients: that of a, the first hidden layer, is 0.0009 of that of b",
                   "healthy");
    expect_finding("1,a,0,1,,,0,0,1,1,0\n1,c,0,1,,,9,0,1,1,0\n",
                   "vanishing gradients: that of a is 0", "healthy");
    expect_finding("1,a,0,1,,,2000,0,1,1,0\n1,b,0,1,,,1,0,1,1,0\n1,c,0,1,,,9,0,1,1,0\n",
                   "exploding gradients: that of a, the first hidden layer, is 2e+03 times",
                   "vanish");
    expect_finding("1,a,0,1,,,1,0,1,1,0\n1,c,0,1,,,9,0,1,1,0.11\n",
                   "exploding updates: the next step would move c by 0.11 of its weights (over "
                   "0.1; 1 layer)",
                   "healthy");
    expect_finding("1,a,0,1,,,1,inf,1,1,inf\n1,c,0,1,,,9,0,1,1,0.1\n",
                   "exploding: a number of a is NaN or infinite", "healthy");
    expect_finding("1,a,0,1,,0.26,1,0,1,1,0\n1,b,0,1,,0.5,1,0,1,1,0\n1,c,0,1,,,9,0,1,1,0\n",
                   "dying units: 50.0 % of b are 0 for every row (over 25 %; 2 layers)",
                   "mini-batch");
    expect_finding("0,a,0,1,,0.26,1,0,1,1,0\n0,c,0,1,,,9,0,1,1,0\n",
                   "dying units: 26.0 % of a are 0 for every row", "mini-batch");
    expect_finding("1,a,0,1,0.26,,1,0,1,1,0\n1,c,0,1,0.9,,9,0,1,1,0\n",
                   "saturation: 26.0 % of the outputs of a", "healthy");
    static const char *const damaged[] = {"1,a,0,1\n", "1,a,0,1,,,x,0,1,1,0\n",
                                          "x,a,0,1,,,1,0,1,1,0\n", "1,a,0,1,,,1,0,1,1,0,\n"};
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; ++i) {
        char text[256];
        snprintf(text, sizeof text, "%s%s", inspected, damaged[i]);
        write_text("inspect.csv", text);
        cr_expect_eq(run("inspect ."), 1, "%s", damaged[i]);
        expect_in("err", "inspect.csv:2: not a line of inspect.csv");
    }
    write_text("inspect.csv", "epoch,loss\n1,2\n");
    cr_expect_eq(run("inspect ."), 1);
    write_text("inspect.csv", inspected);
    cr_expect_eq(run("inspect ."), 1);
    expect_in("err", "has no epoch yet");
}

Test(cli, signals_save_and_end_with_their_code)
{
    static const int signals[] = {15, 2};
    for (size_t i = 0; i < 2; ++i) {
        char command[1024];
        snprintf(command, sizeof command,
                 "timeout --preserve-status -s %d 1.5 '%s' train " SPIRALS
                 " --output s%zu --set training.epochs=100000 >out 2>err",
                 signals[i], RUNNEL_PROGRAM, i);
        cr_expect_eq(WEXITSTATUS(system(command)), 128 + signals[i]);
        expect_in("err", "saved in s");
        cr_expect_eq(run("evaluate s%zu/checkpoint.safetensors", i), 0);
        cr_expect_not(exists("s0/model.safetensors"));
    }
}

Test(cli, two_runs_do_not_share_a_directory)
{
    char command[1024];
    snprintf(command, sizeof command,
             "'%s' train " SPIRALS " --output d --set training.epochs=100000 -q >/dev/null 2>&1 & "
             "sleep 1.5; '%s' train " SPIRALS
             " --output d --resume --set training.epochs=100000 >out 2>err; code=$?; "
             "kill $!; wait; exit $code",
             RUNNEL_PROGRAM, RUNNEL_PROGRAM);
    const int code = WEXITSTATUS(system(command));
    cr_expect_neq(code, 0);
    const char *text = read_text("err");
    cr_expect(strstr(text, "another run is writing to this directory") != NULL, "%s", text);
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
    cr_assert_eq(run("train " SPIRALS " --output memory_%u --verbose --set training.epochs=1"
                     " --set training.batch_size=512 --set model.0.dense.units=%u"
                     " --set model.1.dense.units=%u",
                     units, units, units),
                 0);
    const char *text = read_text("err");
    *planned = number_before(text, " MB: parameters");
    const char *resident = strstr(text, "resident at the peak: ");
    cr_assert(resident != NULL, "%s", text);
    *peak = atof(resident + strlen("resident at the peak: "));
}

/* Sanitizers keep books of their own. */
#ifndef __SANITIZE_ADDRESS__
Test(cli, keeps_to_its_plan_of_memory)
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

#define ZERO(layer) "--set model." layer ".dense.kernel_initializer=zeros "
#define ZEROS       ZERO("0") ZERO("1") ZERO("2")

/* Without gnuplot there are points, and a word about the plots. */
Test(cli, finds_a_learning_rate)
{
    cr_expect_eq(run("find-lr " SPIRALS " --steps 60 --set training.batch_size=50"), 0);
    expect_in("out", "learning rate: ");
    expect_in("out", "* smoothed loss");
    const char *points = read_text("runs/spirals-find-lr/find_lr.csv");
    cr_expect_eq(strncmp(points, "learning_rate,loss,smoothed_loss\n1e-05,", 39), 0, "%s", points);
    const bool can_draw = system("command -v gnuplot >/dev/null") == 0;
    cr_expect_eq(exists("runs/spirals-find-lr/find_lr.png"), can_draw);
    if (can_draw)
        expect_in("runs/spirals-find-lr/find_lr.svg", "suggested");
    cr_expect_eq(run("find-lr " SPIRALS " --from 1e5 --to 1e6 --steps 20 -o none"), 1);
    expect_in("err", "begin lower (--from)");
    cr_expect_eq(
        run("find-lr " SPIRALS " --to 1e-3 --steps 60 -o low --set training.optimizer=adam"), 0);
    expect_in("err", "the range ended at 0.001 before the loss began to climb");
    cr_expect_eq(run("find-lr " SPIRALS " --steps 60 -o still " ZEROS), 1);
    expect_in("err", "no rate is suggested: the net does not learn");
    cr_expect_eq(
        run("compare " SPIRALS " --tune-rate -o still --vary training.optimizer=sgd,adam " ZEROS),
        1);
    expect_in("err", "no rate for the combination 'sgd': in the range test the net does not learn");
    cr_expect_eq(run("find-lr " SPIRALS " --from 2 --to 1 -o bad"), 2);
    cr_expect_eq(run("find-lr " SPIRALS " --steps 1 -o bad"), 2);
    cr_expect(!exists("bad"));
}

#define NET "--set training.epochs=4 --set training.batch_size=50 "

Test(cli, compares_every_combination)
{
    cr_expect_eq(run("compare " SPIRALS " " NET "-o c --folds 2 --repeats 2 --tune-rate --vary "
                     "'training.optimizer=sgd, {adam: {beta_1: 0.8, beta_2: 0.99}}' "
                     "--vary training.batch_size=25,50"),
                 0);
    expect_in("out", "val_accuracy");
    expect_in("out", "{adam: {beta_1: 0.8, beta_2: 0.99}}");
    expect_in("c/02-optimizer_adam_beta_1_0.8_beta_2_0.99_-batch_size_25/seed1-fold2/config.yaml",
              "beta_1: 0.8");
    size_t lines = 0;
    for (const char *c = read_text("c/compare.csv"); *c; c++)
        lines += *c == '\n';
    cr_expect_eq(lines, 1 + 4 * 2 * 2);
    expect_in("c/compare.json", "\"values\": {\"training.optimizer\": \"sgd\", "
                                "\"training.batch_size\": \"25\"}, \"trials\": 4, \"done\": 4");
}

Test(cli, compares_on_stratified_folds)
{
    cr_expect_eq(run("compare " SPIRALS " " NET "-o c --folds stratified:2 --vary "
                     "training.batch_size=50"),
                 0);
    expect_in("c/00-batch_size_50/run-fold2/config.yaml", "folds: {stratified: 2}");
    cr_expect_eq(run("compare " SPIRALS " -o d --folds stratified:1 --vary training.epochs=1"), 2);
    expect_in("err", "--folds expects a whole number from 2, or stratified: before one");
}

/* The means are those of the trials' models; what it printed before, it prints again. */
Test(cli, compares_what_was_trained)
{
    cr_expect_eq(run("compare " SPIRALS " " NET "-o c --vary training.seed=3,4 --metric val_loss "
                     "--target val_loss=1e9"),
                 0);
    char first[4096];
    snprintf(first, sizeof first, "%s", read_text("out"));
    cr_expect_eq(run("compare " SPIRALS " " NET "-o c --vary training.seed=3,4 --metric val_loss "
                     "--target val_loss=1e9"),
                 0);
    cr_expect_str_eq(read_text("out"), first);
    cr_expect_str_eq(read_text("err"), exists("c/compare.png") ? "" : read_text("err"));
    cr_expect_eq(run("evaluate c/00-seed_3/run/model.safetensors --data validation"), 0);
    double loss;
    cr_assert_eq(sscanf(strstr(read_text("out"), "loss"), "loss %lf", &loss), 1);
    char cell[32];
    snprintf(cell, sizeof cell, "%.4f", loss);
    cr_expect_not_null(strstr(first, cell), "%s is not in %s", cell, first);
}

/* Stopped after the first trial, it goes on and ends with the same models. */
Test(cli, compare_goes_on_with_what_is_missing)
{
    const char *words = "compare " SPIRALS " --set training.epochs=300 --vary training.seed=1,2,3 "
                        "--threads 1 -o";
    cr_expect_eq(run("%s whole", words), 0);
    char command[1024];
    snprintf(command, sizeof command,
             "'" RUNNEL_PROGRAM "' %s c >out 2>err </dev/null & "
             "while ! [ -e c/01-seed_2/run/checkpoint.safetensors ]; do sleep 0.01; done; "
             "kill -TERM $!; wait $!",
             words);
    const int status = system(command);
    cr_expect_eq(WEXITSTATUS(status), 143);
    expect_in("err", "the same command goes on");
    cr_expect(exists("c/00-seed_1/run/model.safetensors"));
    cr_expect(!exists("c/02-seed_3/run/config.yaml") || !exists("c/02-seed_3/run/history.csv"));
    cr_expect_eq(run("%s c", words), 0);
    expect_in("err", "[2/2]");
    for (int seed = 1; seed <= 3; seed++) {
        snprintf(command, sizeof command,
                 "cmp whole/0%d-seed_%d/run/model.safetensors "
                 "c/0%d-seed_%d/run/model.safetensors",
                 seed - 1, seed, seed - 1, seed);
        cr_expect_eq(system(command), 0);
    }
}

/* An epoch that a kill left without a time counts as the mean of the others, which take 10, 20
 * and 30 seconds for 2,700 rows. */
Test(cli, compare_takes_the_time_of_an_epoch_from_the_others)
{
    const char *words = "compare " SPIRALS " " NET "-o c --vary training.seed=3 --metric val_loss "
                        "--target val_loss=1e9";
    cr_expect_eq(run("%s", words), 0);
    write_text("c/00-seed_3/run/history.csv", "epoch,val_loss,samples_per_second\n1,2,0\n2,2,270\n"
                                              "3,2,135\n4,2,90\n");
    cr_expect_eq(run("%s", words), 0);
    expect_in("c/compare.json", "\"seconds_per_epoch\": 20,");
    expect_in("c/compare.json", "\"seconds_to_target\": 20}");
}

Test(cli, compare_refuses_before_anything_is_written)
{
    static const struct {
        const char *words, *message;
    } mistakes[] = {
        {"", "--vary is missing"},
        {"--vary training.optimiser=sgd,adam", "did you mean 'optimizer'?"},
        {"--vary training.optimizer=sgd,adm", "did you mean 'adam'?"},
        {"--vary 'training.optimizer=sgd,{adam: {}'", "--vary expects KEY=VALUE,VALUE..."},
        {"--vary training.epochs=", "--vary expects KEY=VALUE,VALUE..."},
        {"--vary training.epochs=1 --folds 10000", "data.folds: expected at most one for each"},
        {"--vary training.epochs=1 --folds 1", "--folds expects a whole number from 2"},
        {"--vary training.epochs=1 --set data.validation_split=0", "no validation rows"},
        {"--vary training.epochs=1 --metric val_mae", "'val_mae' is no figure of the validation"},
        {"--vary training.epochs=1 --target val_loss", "--target expects a figure and its value"},
        {"--vary training.epochs=1 --jobs 5000", "--jobs 5000: there are "},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        cr_expect_eq(run("compare " SPIRALS " -o c %s", mistakes[i].words), 2, "%s",
                     mistakes[i].words);
        expect_in("err", mistakes[i].message);
        cr_expect(!exists("c"));
    }
}

Test(cli, compare_tells_failed_trainings_and_other_comparisons)
{
    cr_expect_eq(run("compare " SPIRALS " " NET "-o c --vary "
                     "training.optimizer.momentum.learning_rate=0.01,1e6"),
                 1);
    expect_in("err", "failed; see c/01-learning_rate_1e6/run/log");
    expect_in("c/01-learning_rate_1e6/run/log", "NaN");
    expect_in("out", "1e6            ");
    cr_expect_eq(run("compare " SPIRALS " -o c --vary "
                     "training.optimizer.momentum.learning_rate=0.01,0.02"),
                 2);
    expect_in("err", "c/00-learning_rate_0.01/run/config.yaml is there from another comparison");
    cr_expect_eq(run("compare " SPIRALS " -o c --force --vary "
                     "training.optimizer.momentum.learning_rate=0.01,0.02"),
                 0);
}

/* The highest point is on the topmost row, the lowest and last on the lowest; what is left of a
 * line that a kill cut off is not taken. */
Test(cli, plots_learning_curves)
{
    cr_assert_eq(mkdir("a", 0777), 0);
    write_text("a/history.csv", "epoch,loss,val_loss,samples_per_second\n1,8,4,99\n2,4,nan,99\n"
                                "3,2,2,99\n4,1");
    cr_expect_eq(run("plot a"), 0);
    const char *drawn = read_text("out");
    cr_expect_eq(strncmp(drawn, "loss\n        8 |*", 17), 0, "%s", drawn);
    expect_in("out", "        2 |");
    expect_in("out", "o val_loss");
    cr_expect_null(strstr(drawn, "samples_per_second"));
    write_text("b.csv", "epoch,step,loss\n0.5,10,8\n1,20,4\n");
    cr_expect_eq(run("plot b.csv"), 0);
    cr_expect_null(strstr(read_text("out"), "step"));
    cr_expect_eq(run("plot a a/history.csv --columns val_loss"), 0);
    expect_in("out", "o a/history.csv, val_loss");
    cr_expect_eq(run("plot a --columns lss"), 1);
    expect_in("err", "no run has a column 'lss'");
    cr_expect_eq(run("plot a -o a.pdf"), 1);
    expect_in("err", "expected a name that ends in .png or .svg");
    cr_expect_eq(run("plot missing"), 1);
    expect_in("err", "missing/history.csv");
    write_text("b.csv", "epoch,loss\n1,two\n");
    cr_expect_eq(run("plot b.csv"), 1);
    expect_in("err", "b.csv:2: not a line of history.csv");
    cr_expect_eq(run("plot"), 2);
    cr_expect_eq(system("PATH=/nowhere '" RUNNEL_PROGRAM "' plot a -o a.svg 2>err"), 1 << 8);
    expect_in("err", "gnuplot");
    cr_expect(!exists("a.svg") && !exists("a.svg.tmp"));
    if (system("command -v gnuplot >/dev/null") == 0) {
        cr_expect_eq(run("plot a -o \"it's | a.svg\""), 0);
        expect_in("it's | a.svg", "val_loss");
        write_text("one.csv", "epoch,loss\n1,3\n"); /* gnuplot warns of what has no extent */
        cr_expect_eq(run("plot one.csv -o one.svg"), 0);
        cr_expect_str_eq(read_text("err"), "");
    }
}

Test(cli, draws_machines)
{
    cr_expect_eq(run("topology"), 0);
    expect_in("out", "usable ");
    cr_expect_eq(run("topology 'numa:2 core:4 pu:2' --threads 5"), 0);
    expect_in("out", "machine   8 cores, 16 hardware threads\n");
    expect_in("out", "on 2 NUMA nodes\n");
    expect_in("out", "workers   5, each bound to its core\n");
    cr_expect_eq(run("topology 'numa:8 core:16 pu:1'"), 0);
    expect_in("out", "node 7    112 113");
    cr_expect_eq(run("topology 'numa:2 core:32 pu:1' --model " SPIRALS), 0);
    expect_in("out", "dense_1 gradients");
    expect_in("out", "1 of 1 workers have tiles, on 1 node.");
    cr_expect_eq(run("topology 'numa:4 core:2 pu:1' --model " SPIRALS
                     " --set training.batch_size=512 --set model.0.dense.units=600"
                     " --set model.1.dense.units=600"),
                 0);
    expect_in("out", "8 of 8 workers have tiles, on 4 nodes.");
    cr_expect_eq(run("topology --model " SPIRALS " --set model.0.dense.units=none"), 2);
    cr_expect_eq(run("topology nonsense"), 1);
    expect_in("err", "not a machine: nonsense");
    cr_expect_eq(run("topology missing.xml"), 1);
}

Test(cli, prints_a_configuration_that_loads_again)
{
    cr_expect_eq(run("train " SPIRALS " --print-config --set training.epochs=5"), 0);
    cr_expect_eq(rename("out", "printed.yaml"), 0);
    cr_expect_eq(run("train printed.yaml --print-config"), 0);
    cr_expect_eq(system("sed -i 's/  *# .*//' out && sed 's/  *# .*//' printed.yaml | cmp - out"),
                 0);
    expect_in("printed.yaml", "  epochs: 5                                       # command line\n");
    expect_in("printed.yaml", "  batch_size: 32                                  # file\n");
    expect_in("printed.yaml", "  drop_last: false                                # default\n");
    cr_expect_not(exists("runs"));
}

Test(cli, damaged_model_is_refused)
{
    cr_expect_eq(run("train " SPIRALS " --output r --set training.epochs=1"), 0);
    struct stat about;
    cr_assert_eq(stat("r/model.safetensors", &about), 0);
    cr_assert_eq(truncate("r/model.safetensors", about.st_size - 1), 0);
    cr_expect_eq(run("evaluate r/model.safetensors"), 1);
    expect_in("err", "r/model.safetensors: ");
    write_text("text.safetensors", "no model");
    cr_expect_eq(run("evaluate text.safetensors"), 1);
    cr_expect_eq(run("evaluate nothing.safetensors"), 1);
}

Test(cli, measures)
{
    cr_expect_eq(run("bench train " SPIRALS " --threads 1 --quick --json"), 0, "%s",
                 read_text("err"));
    expect_in("out", "\"name\": \"train/spirals/batch:32/threads:1\"");
    expect_in("out", "\"time_unit\": \"us\"");
    cr_expect_eq(run("bench trian"), 2);
    expect_in("err", "expected machine, train, latency or optimizers");
    cr_expect_eq(run("bench train --threads 1,x"), 2);
    expect_in("err", "--threads expects numbers from 1, as in 1,2,4, got '1,x'");
}

/* What a run leaves that is killed in the middle of saving. */
Test(cli, sweeps_up_after_a_killed_run)
{
    static const char *const swept[] = {"r/model.safetensors.17.0.tmp",
                                        "r/best.safetensors.17.0.tmp",
                                        "r/last.safetensors.17.0.tmp",
                                        "r/checkpoint.safetensors.next",
                                        "r/checkpoint.safetensors.next.4242.1.tmp",
                                        "r/history.csv.tmp",
                                        "r/inspect.csv.tmp",
                                        NULL};
    static const char *const kept[] = {
        "r/notes.tmp",           "r/checkpoint.safetensors.mine", "r/model.safetensors.mine.tmp",
        "r/model.safetensors.7", "r/model.safetensors.7.tmp",     "r/model.safetensors.1.2.tmp.x",
        "r/my.17.0.tmp",         "r/model.safetensors.next",      NULL};
    cr_assert_eq(run("train " SPIRALS " --output r --set training.epochs=1"), 0);
    for (const char *const *path = swept; *path; ++path)
        write_text(*path, "half");
    for (const char *const *path = kept; *path; ++path)
        write_text(*path, "mine");
    cr_expect_eq(run("train " SPIRALS " --output r"), 2);
    cr_expect(exists(swept[0]), "a refused run removed a file");
    cr_assert_eq(run("train " SPIRALS " --output r --set training.epochs=2 --resume"), 0);
    for (const char *const *path = swept; *path; ++path)
        cr_expect(!exists(*path), "%s", *path);
    for (const char *const *path = kept; *path; ++path)
        cr_expect(exists(*path), "%s", *path);
}

Test(cli, best_and_last_are_of_this_run)
{
    cr_assert_eq(run("train " SPIRALS " --output r --set training.early_stopping.patience=1"), 0);
    expect_in("out", "model: r/model.safetensors\nbest: r/best.safetensors\n"
                     "last: r/last.safetensors\nhistory: r/history.csv\n");
    cr_expect_eq(system("cmp -s r/model.safetensors r/best.safetensors"), 0);
    cr_expect_neq(system("cmp -s r/last.safetensors r/best.safetensors"), 0);
    cr_expect_eq(run("evaluate r/last.safetensors"), 0);
    cr_assert_eq(run("train " SPIRALS " --output r --set training.epochs=1 --force"), 0);
    expect_in("out", "model: r/model.safetensors\nhistory: r/history.csv\n");
    cr_expect(!exists("r/best.safetensors") && !exists("r/last.safetensors"));
}

Test(cli, writes_event_files)
{
    static const char count[] = "ls r | grep -c '^events.out.tfevents.[0-9]*.runnel$' >count";
    const char *logging = SPIRALS " --output r --set training.tensorboard=true";
    cr_assert_eq(run("train %s --set training.epochs=2", logging), 0, "%s", read_text("err"));
    expect_in("out", "events: r\n");
    cr_expect_eq(system(count), 0);
    cr_expect_str_eq(read_text("count"), "1\n");
    cr_expect_eq(system("cat r/events.out.tfevents.* | grep -a -q val_accuracy"), 0);
    cr_assert_eq(run("train %s --set training.epochs=3 --resume", logging), 0);
    cr_expect_eq(system(count), 0);
    cr_expect_str_eq(read_text("count"), "2\n");
    cr_assert_eq(run("train " SPIRALS " --output r --resume --set training.epochs=4"), 0);
    cr_assert_eq(run("train " SPIRALS " --output r --force --set training.epochs=1"), 0);
    cr_expect_neq(system(count), 0);
    cr_expect_str_eq(read_text("count"), "0\n");
}

Test(cli, unwritable_output_is_told_before_training)
{
    write_text("file", "");
    cr_expect_eq(run("train " SPIRALS " --output file/run"), 1);
    expect_in("err", "file");
    cr_expect_eq(strstr(read_text("err"), "epoch"), NULL);
}
