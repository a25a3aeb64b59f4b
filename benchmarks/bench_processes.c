#include "benchmarks/bench_processes.h"

#include "benchmarks/bench.h"
#include "benchmarks/merged_files.h"
#include "cli/messages.h"
#include "engine/base/error.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_WORDS = 256, LINE_SIZE = 512, MOST_TOLD = 64 };

typedef struct runs {
    char *words[MOST_WORDS];
    char command[1 << 16]; /* what the words point into */
    char seconds[32];
    size_t count; /* of files */
    json_t **files;
    size_t told_count;
    char told[MOST_TOLD][LINE_SIZE]; /* lines of standard error, without digits */
} runs;

/* ---- the command ----------------------------------------------------------------------------- */

/* The words of this process, and what makes it one of several; later ones count. */
static bool read_words(runs *r, double seconds)
{
    static char option[] = "--processes", one[] = "1", time[] = "--seconds";
    char *const own[] = {option, one, time, r->seconds};
    FILE *in = fopen("/proc/self/cmdline", "r");
    const size_t size = in ? fread(r->command, 1, sizeof r->command - 1, in) : 0;
    size_t count = 0;
    if (in)
        fclose(in);
    for (size_t at = 0; at < size && count < MOST_WORDS - 5; at += strlen(r->command + at) + 1)
        r->words[count++] = r->command + at;
    snprintf(r->seconds, sizeof r->seconds, "%.6f", seconds);
    memcpy(r->words + count, own, sizeof own);
    return count > 1;
}

/* ---- standard error -------------------------------------------------------------------------- */

/* Leaves out lines that another process wrote but for their numbers. */
static bool is_new(runs *r, const char *line)
{
    char bare[LINE_SIZE];
    size_t size = 0;
    for (; *line && size < LINE_SIZE - 1; ++line)
        if (!isdigit((unsigned char)*line))
            bare[size++] = *line;
    bare[size] = '\0';
    for (size_t i = 0; i < r->told_count; ++i)
        if (strcmp(r->told[i], bare) == 0)
            return false;
    if (r->told_count < MOST_TOLD)
        memcpy(r->told[r->told_count++], bare, sizeof bare);
    return true;
}

static void pass_on(runs *r, FILE *said)
{
    char line[LINE_SIZE];
    rewind(said);
    while (fgets(line, sizeof line, said))
        if (is_new(r, line))
            fputs(line, stderr);
}

/* ---- one process ----------------------------------------------------------------------------- */

/* The child until it is another program.  It does not outlive this process. */
static _Noreturn void become(const runs *r, int out, int err, pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent &&
        dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0)
        execv("/proc/self/exe", r->words);
    _exit(127);
}

static int wait_for(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Reads one file from the process behind the pipe, which is read to its end: a process that prints
 * more would be ended by it. */
static int collect(runs *r, pid_t child, FILE *from)
{
    json_error_t error;
    json_t *file = json_loadf(from, 0, &error);
    while (getc(from) != EOF)
        continue;
    fclose(from);
    const int code = wait_for(child);
    if (file && code == 0)
        r->files[r->count++] = file;
    else
        json_decref(file);
    if (code >= 126)
        return rnl_complain_status(
            rnl_fail(RNL_IO, "a process of this benchmark ended with code %d", code));
    if (!file && code == 0)
        return rnl_complain_status(
            rnl_fail(RNL_IO, "a process of this benchmark printed no JSON: %s", error.text));
    return code;
}

static int run_one(runs *r)
{
    int ends[2];
    FILE *said = tmpfile(), *from = NULL;
    if (!said || pipe(ends) != 0) {
        if (said)
            fclose(said);
        return rnl_complain_status(rnl_fail(RNL_IO, "cannot start a process: %s", strerror(errno)));
    }
    const pid_t parent = getpid(), child = fork();
    if (child == 0) {
        close(ends[0]);
        become(r, ends[1], fileno(said), parent);
    }
    close(ends[1]);
    from = fdopen(ends[0], "r");
    const int code =
        child > 0 && from
            ? collect(r, child, from)
            : rnl_complain_status(rnl_fail(RNL_IO, "cannot start a process: %s", strerror(errno)));
    pass_on(r, said);
    fclose(said);
    return code;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static int run_all(runs *r, const rnl_bench_processes *how)
{
    const double start = rnl_seconds();
    for (size_t i = 0; i < how->count; ++i) {
        const double spent = rnl_seconds() - start;
        if (i > 0 && how->most > 0 && spent / (double)i * (double)(i + 1) > how->most)
            break;
        const int code = run_one(r);
        if (code != 0)
            return code;
    }
    return 0;
}

static int print(const runs *r)
{
    json_t *merged = rnl_bench_merge(r->files, r->count);
    if (!merged)
        return rnl_complain_status(rnl_fail_memory(1));
    json_dumpf(merged, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(merged);
    return 0;
}

int rnl_bench_in_processes(const rnl_bench_processes *how)
{
    runs *r = calloc(1, sizeof *r);
    json_t **files = calloc(how->count, sizeof(json_t *));
    int code = 0;
    if (!r || !files)
        code = rnl_complain_status(rnl_fail_memory(sizeof *r));
    if (code == 0) {
        r->files = files;
        code = read_words(r, how->seconds / (double)how->count)
                   ? run_all(r, how)
                   : rnl_complain_status(rnl_fail(RNL_IO, "/proc/self/cmdline cannot be read"));
    }
    if (code == 0)
        code = print(r);
    for (size_t i = 0; r && i < r->count; ++i)
        json_decref(r->files[i]);
    free(files);
    free(r);
    return code;
}
