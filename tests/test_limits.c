/*
 * The program under limits of memory near its need: it either refuses before the first step or the
 * first row, with a message that names the limit, or does all of its work.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const char net[] =
    "data: {train: {blobs: {rows: 256, features: 300, classes: 8}}, validation_split: 0.2,\n"
    "       test: {blobs: {rows: 90, features: 300, classes: 8}}}\n"
    "model:\n"
    "  - dense: {units: 200, activation: relu}\n"
    "  - batch_normalization\n"
    "  - dense: {units: 8, activation: softmax}\n"
    "training: {loss: sparse_categorical_crossentropy, optimizer: adam, batch_size: 64,\n"
    "           early_stopping: {patience: 5}}\n";

static void enter(void)
{
    program_enter();
    program_write("net.yaml", net);
}

TestSuite(limits, .init = enter, .fini = scratch_leave);

/* What runs, and the file that it makes, if it does, after that of its beginning. */
typedef struct task {
    const char *words[8];
    const char *made, *begun; /* NULL: none */
} task;

static const task train = {
    {"train", "net.yaml", "-o", "run"}, "run/model.safetensors", "run/history.csv"};
static const task predict = {
    {"predict", "trained/model.safetensors", "--data", "rows.npy", "-o", "run/p.csv"},
    "run/p.csv",
    NULL};
static const task evaluate = {{"evaluate", "trained/model.safetensors"}, NULL, NULL};

/* A limit of memory, and what computes under it. */
typedef struct conditions {
    const task *task;
    __rlimit_resource_t resource;
    const char *isa; /* NULL: the processor's own */
    const char *workers;
} conditions;

/* Becomes the program. */
static void execute(const conditions *given)
{
    const char *words[16] = {RUNNEL_PROGRAM};
    size_t count = 1;
    for (; given->task->words[count - 1]; ++count)
        words[count] = given->task->words[count - 1];
    words[count++] = "--threads";
    words[count] = given->workers;
    execv(RUNNEL_PROGRAM, (char *const *)words);
}

static int run_within(const conditions *given, size_t bytes)
{
    const pid_t child = fork();
    if (child == 0) {
        const struct rlimit limit = {bytes, bytes};
        const int out = open("out", O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(out, STDOUT_FILENO);
        dup2(out, STDERR_FILENO);
        if (given->isa)
            setenv("RUNNEL_ISA", given->isa, 1);
        setrlimit(given->resource, &limit);
        execute(given);
        _exit(127);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Whether the work was done under the limit.  127: the loader had too little for the libraries. */
static bool works(const conditions *given, size_t bytes)
{
    const task *t = given->task;
    cr_assert_eq(system("rm -rf run; mkdir run"), 0);
    const int code = run_within(given, bytes);
    const bool done = t->made ? program_has(t->made) : code == 0;
    cr_expect(code == 127 || code == (done ? 0 : 1), "%s, limit %zu: code %d, %s", t->words[0],
              bytes, code, done ? "done" : "not done");
    cr_expect(done || !t->begun || !program_has(t->begun), "limit %zu: begun for nothing", bytes);
    return done;
}

/* A limit under which the work can be done, while it cannot under a megabyte less. */
static size_t need_of(const conditions *given)
{
    size_t refused = (size_t)8 << 20, done = (size_t)512 << 20;
    cr_assert(works(given, done), "%s", program_read("out"));
    while (done - refused > (size_t)1 << 20) {
        const size_t middle = refused + (done - refused) / 2;
        *(works(given, middle) ? &done : &refused) = middle;
    }
    return done;
}

static void walk(const task *work, __rlimit_resource_t resource, const char *isa,
                 const char *workers)
{
    const conditions given = {work, resource, isa, workers};
    const size_t need = need_of(&given), step = (size_t)900 << 10, below = 14, above = 4;
    for (size_t i = 1; i <= below && need > (i + 4) * step; ++i)
        if (!works(&given, need - i * step))
            program_expect("out",
                           resource == RLIMIT_AS ? "RLIMIT_AS leaves" : "RLIMIT_DATA leaves");
    for (size_t i = 1; i <= above; ++i)
        cr_expect(works(&given, need + i * step), "limit %zu", need + i * step);
}

static void walk_all(__rlimit_resource_t resource)
{
    walk(&train, resource, NULL, "1");
    walk(&train, resource, NULL, "8");
    walk(&train, resource, "avx2", "2");
    walk(&train, resource, "scalar", "2");
}

static void write_rows(void)
{
    static const float rows[90 * 300];
    char header[128];
    snprintf(header, sizeof header, "\x93NUMPY\x01%cv%c%-117s", 0, 0,
             "{'descr': '<f4', 'fortran_order': False, 'shape': (90, 300), }");
    header[127] = '\n';
    FILE *file = fopen("rows.npy", "wb");
    cr_assert_eq(fwrite(header, 1, sizeof header, file), sizeof header);
    cr_assert_eq(fwrite(rows, 1, sizeof rows, file), sizeof rows);
    fclose(file);
}

static void walk_model(const task *work)
{
    write_rows();
    cr_assert_eq(program_run("train net.yaml -q -o trained"), 0);
    walk(work, RLIMIT_AS, NULL, "1");
    walk(work, RLIMIT_AS, NULL, "8");
    walk(work, RLIMIT_DATA, NULL, "2");
    walk(work, RLIMIT_DATA, "avx2", "1");
}

Test(limits, predictions)
{
    walk_model(&predict);
}

Test(limits, evaluations)
{
    walk_model(&evaluate);
}

Test(limits, private_memory)
{
    walk_all(RLIMIT_DATA);
}

Test(limits, address_space)
{
    walk_all(RLIMIT_AS);
}

Test(limits, names_of_categories)
{
    program_write("table.yaml",
                  "data: {train: {csv: {path: t.csv, target: kind}}}\n"
                  "model: [dense: {units: 2, activation: softmax}]\n"
                  "training: {loss: sparse_categorical_crossentropy, optimizer: adam}\n");
    cr_expect_eq(program_shell("awk 'BEGIN { print \"a,kind\"; for (i = 0; i < 200000; ++i) "
                               "printf \"1,x%%080d\\n\", i }' > t.csv; "
                               "ulimit -d 60000; \"$R\" train table.yaml 2>err"),
                 1);
    program_expect("err", "kind: needs ");
    program_expect("err", "RLIMIT_DATA leaves");
}
