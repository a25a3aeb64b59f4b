#include "cli/comparison_training.h"
#include "cli/jobs.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/trial_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REASON_BYTES 1024

/* The trials that are still to be trained, and how many of them have ended. */
typedef struct work {
    rnl_comparison *comparison;
    const rnl_compare_arguments *arguments;
    size_t count, ended, failed;
    rnl_job *jobs;      /* (count) */
    rnl_trial **trials; /* (count) */
    char threads[24];
} work;

static const char **words_for(const work *w, const rnl_trial *trial)
{
    const char *const words[] = {
        "runnel",
        "train",
        trial->config,
        "--output",
        trial->directory.path,
        "--pin",
        rnl_pin_words[w->arguments->common.pin],
        "--products",
        rnl_products_words[w->arguments->common.products],
        "--resume",
        w->arguments->common.threads > 0 ? "--threads" : NULL,
        w->threads,
        NULL,
    };
    const char **copy = malloc(sizeof words);
    if (copy)
        memcpy(copy, words, sizeof words);
    return copy;
}

/* Prepares a trial and puts it on the list. */
static int list_trial(work *w, rnl_trial *trial)
{
    if (!rnl_trial_files_prepare(trial, w->arguments->force))
        return RNL_EXIT_FAILURE;
    const char **words = words_for(w, trial);
    if (!words)
        return rnl_complain_memory();
    w->trials[w->count] = trial;
    w->jobs[w->count++] = (rnl_job){words, trial->log};
    return RNL_EXIT_OK;
}

static int list_work(work *w)
{
    const rnl_comparison *comparison = w->comparison;
    size_t all = 0;
    for (size_t i = 0; i < comparison->count; ++i)
        all += comparison->combinations[i].count;
    w->jobs = calloc(all, sizeof *w->jobs);
    w->trials = calloc(all, sizeof *w->trials);
    if (!w->jobs || !w->trials)
        return rnl_complain_memory();
    snprintf(w->threads, sizeof w->threads, "%zu", w->arguments->common.threads);
    for (size_t i = 0; i < comparison->count; ++i)
        for (size_t k = 0; k < comparison->combinations[i].count; ++k)
            if (!comparison->combinations[i].trials[k].done)
                RNL_TRY_EXIT(list_trial(w, &comparison->combinations[i].trials[k]));
    return RNL_EXIT_OK;
}

/* The last line that a trial's program said of itself; empty if there is none. */
static void read_reason(const char *path, char reason[REASON_BYTES])
{
    static const char beginning[] = "runnel: ";
    char *line = NULL;
    size_t size = 0;
    FILE *log = fopen(path, "re");
    *reason = '\0';
    while (log && getline(&line, &size, log) > 0)
        if (strncmp(line, beginning, sizeof beginning - 1) == 0)
            snprintf(reason, REASON_BYTES, "%s", line + sizeof beginning - 1);
    reason[strcspn(reason, "\n")] = '\0';
    free(line);
    if (log)
        fclose(log);
}

static void tell_failure(const work *w, const rnl_trial *trial, int exit_code)
{
    char reason[REASON_BYTES];
    read_reason(trial->log, reason);
    fprintf(stderr, "[%zu/%zu] %s: %s%s%s; see %s\n", w->ended, w->count, trial->directory.path,
            exit_code >= 128 ? "stopped" : "failed", *reason ? ": " : "", reason, trial->log);
}

/* [3/8] runs/a-compare/02-optimizer_adam/run: trained, exit code 0 */
static void trial_ended(size_t job, int exit_code, void *user)
{
    work *w = user;
    rnl_trial *trial = w->trials[job];
    trial->done = exit_code == RNL_EXIT_OK && rnl_trial_files_hold_model(trial);
    w->failed += !trial->done;
    ++w->ended;
    if (trial->done && !w->arguments->common.quiet)
        fprintf(stderr, "[%zu/%zu] %s: trained\n", w->ended, w->count, trial->directory.path);
    else if (!trial->done)
        tell_failure(w, trial, exit_code);
}

static int train_listed(work *w)
{
    const size_t at_once = w->arguments->jobs > 0 ? w->arguments->jobs : 1;
    int interrupted = 0;
    RNL_TRY_EXIT(list_work(w));
    if (w->count == 0)
        return RNL_EXIT_OK;
    if (!rnl_comparison_forget(w->comparison))
        return RNL_EXIT_FAILURE;
    const bool started = rnl_jobs_run(w->jobs, w->count, at_once, trial_ended, w, &interrupted);
    if (!interrupted)
        return started ? RNL_EXIT_OK : RNL_EXIT_FAILURE;
    rnl_complain("interrupted; the same command goes on with what is missing");
    return 128 + interrupted;
}

int rnl_comparison_train(rnl_comparison *comparison, const rnl_compare_arguments *arguments,
                         size_t *failed)
{
    work w = {.comparison = comparison, .arguments = arguments};
    const int code = train_listed(&w);
    *failed = w.failed;
    for (size_t i = 0; i < w.count; ++i)
        free(w.jobs[i].words);
    free(w.jobs);
    free(w.trials);
    return code;
}
