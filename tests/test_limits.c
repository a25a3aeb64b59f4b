/*
 * The program under limits of memory near its need: it either refuses before the first step, with a
 * message that names the limit, or trains, saves and evaluates.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <fcntl.h>
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

TestSuite(limits, .init = enter, .fini = program_leave);

/* The sanitizer maps more than any limit. */
#ifndef __SANITIZE_ADDRESS__

/* A limit of memory, and what computes under it. */
typedef struct conditions {
    __rlimit_resource_t resource;
    const char *isa; /* NULL: the processor's own */
    const char *workers;
} conditions;

static int train_within(const conditions *given, size_t bytes)
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
        execl(RUNNEL_PROGRAM, RUNNEL_PROGRAM, "train", "net.yaml", "-o", "run", "--threads",
              given->workers, (char *)NULL);
        _exit(127);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Whether a model was saved under the limit.  127: the loader had too little for the libraries. */
static bool saves(const conditions *given, size_t bytes)
{
    cr_assert_eq(system("rm -rf run"), 0);
    const int code = train_within(given, bytes);
    const bool there = program_has("run/model.safetensors");
    cr_expect(code == 127 || code == (there ? 0 : 1), "limit %zu: code %d, %s", bytes, code,
              there ? "saved" : "not saved");
    cr_expect(there || !program_has("run/history.csv"), "limit %zu: trained for nothing", bytes);
    return there;
}

/* A limit under which the net can be trained, while it cannot under a megabyte less. */
static size_t need_of(const conditions *given)
{
    size_t refused = (size_t)8 << 20, saved = (size_t)512 << 20;
    cr_assert(saves(given, saved));
    while (saved - refused > (size_t)1 << 20) {
        const size_t middle = refused + (saved - refused) / 2;
        *(saves(given, middle) ? &saved : &refused) = middle;
    }
    return saved;
}

static void walk(__rlimit_resource_t resource, const char *isa, const char *workers)
{
    const conditions given = {resource, isa, workers};
    const size_t need = need_of(&given), step = (size_t)900 << 10, below = 14, above = 4;
    for (size_t i = 1; i <= below && need > (i + 4) * step; ++i)
        if (!saves(&given, need - i * step))
            program_expect("out",
                           resource == RLIMIT_AS ? "RLIMIT_AS leaves" : "RLIMIT_DATA leaves");
    for (size_t i = 1; i <= above; ++i)
        cr_expect(saves(&given, need + i * step), "limit %zu", need + i * step);
}

static void walk_all(__rlimit_resource_t resource)
{
    walk(resource, NULL, "1");
    walk(resource, NULL, "8");
    walk(resource, "avx2", "2");
    walk(resource, "scalar", "2");
}

Test(limits, private_memory, .timeout = 280)
{
    walk_all(RLIMIT_DATA);
}

Test(limits, address_space, .timeout = 280)
{
    walk_all(RLIMIT_AS);
}

Test(limits, names_of_categories, .timeout = 60)
{
    program_write("table.yaml",
                  "data: {train: {csv: {path: t.csv, target: kind}}}\n"
                  "model: [dense: {units: 2, activation: softmax}]\n"
                  "training: {loss: sparse_categorical_crossentropy, optimizer: adam}\n");
    cr_expect_eq(program_shell("awk 'BEGIN { print \"a,kind\"; for (i = 0; i < 200000; ++i) "
                               "printf \"1,x%%080d\\n\", i }' > t.csv; "
                               "ulimit -d 60000; $R train table.yaml 2>err"),
                 1);
    program_expect("err", "kind: needs ");
    program_expect("err", "RLIMIT_DATA leaves");
}

#endif
