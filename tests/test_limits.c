/*
 * The program under limits of memory near its need: it either refuses before the first step, with a
 * message, or trains and saves.
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
    "data: {train: {blobs: {rows: 256, features: 300, classes: 8}}, validation_split: 0.2}\n"
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

static int train_within(__rlimit_resource_t resource, size_t bytes)
{
    const pid_t child = fork();
    if (child == 0) {
        const struct rlimit limit = {bytes, bytes};
        const int out = open("out", O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(out, STDOUT_FILENO);
        dup2(out, STDERR_FILENO);
        setrlimit(resource, &limit);
        execl(RUNNEL_PROGRAM, RUNNEL_PROGRAM, "train", "net.yaml", "-o", "run", "--threads", "1",
              (char *)NULL);
        _exit(127);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* 127: the loader had too little for the libraries. */
static void sweep(__rlimit_resource_t resource, size_t first, size_t step, size_t count)
{
    size_t saved = 0, refused = 0;
    for (size_t i = 0; i < count; ++i) {
        cr_assert_eq(system("rm -rf run"), 0);
        const int code = train_within(resource, first + i * step);
        const bool there = program_has("run/model.safetensors");
        cr_expect(code == 127 || code == (there ? 0 : 1), "limit %zu: code %d, %s",
                  first + i * step, code, there ? "saved" : "not saved");
        cr_expect(there || !program_has("run/history.csv"), "limit %zu: trained for nothing",
                  first + i * step);
        saved += there;
        refused += code == 1;
    }
    cr_expect(saved > 0 && refused > 0, "%zu saved, %zu refused", saved, refused);
}

Test(limits, private_memory, .timeout = 280)
{
    sweep(RLIMIT_DATA, (size_t)8 << 20, (size_t)300 << 10, 120);
}

Test(limits, address_space, .timeout = 280)
{
    sweep(RLIMIT_AS, (size_t)60 << 20, (size_t)900 << 10, 120);
}

#endif
