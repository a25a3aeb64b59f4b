/*
 * Rank 0 of a comparison takes letters of another rank.  Functions of the test stand for all but
 * the sharing out of trials: one of two is trained here, and ends when it is stopped.
 */
#include "cli/comparison_training.h"
#include "cli/folder.h"
#include "cli/messages.h"
#include "cli/trial_files.h"
#include "cli/trial_letters.h"
#include "cli/trial_worker.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rnl_crew {
    bool runs, stopped;
} crew;

static rnl_trial_letter arriving;
static size_t times; /* it still arrives */
static bool damaged;

bool rnl_comparison_forget(const rnl_comparison *comparison)
{
    return comparison != NULL;
}

bool rnl_trial_files_prepare(rnl_trial *trial, bool force)
{
    trial->directory.lock = -1;
    return !force;
}

bool rnl_trial_files_hold_model(const rnl_trial *trial)
{
    return trial != NULL;
}

bool rnl_run_directory_claim(rnl_run_directory *directory)
{
    return directory->lock < 0;
}

const char **rnl_trial_words(const rnl_compare_arguments *arguments, const char *config,
                             const char *output)
{
    (void)arguments, (void)config, (void)output;
    return calloc(1, sizeof(char *));
}

bool rnl_folder_unpack(const char *path, const void *bytes, size_t size)
{
    (void)path, (void)bytes, (void)size;
    return true;
}

rnl_crew *rnl_crew_open(size_t places, rnl_core_share share)
{
    (void)share;
    cr_assert_eq(places, 1);
    return &crew;
}

void rnl_crew_close(rnl_crew *closed)
{
    cr_expect_not(closed->runs);
}

bool rnl_crew_start(rnl_crew *started, const char *const *words, const char *log, size_t number)
{
    (void)words, (void)log;
    cr_expect_eq(number, 0);
    return started->runs = true;
}

bool rnl_crew_wait(rnl_crew *waiting, bool briefly, size_t *number, int *exit_code)
{
    cr_expect(briefly);
    *number = 0;
    *exit_code = 130;
    const bool ends = waiting->stopped && waiting->runs;
    waiting->runs &= !ends;
    return ends;
}

void rnl_crew_stop(const rnl_crew *stopped)
{
    cr_expect_eq(stopped, &crew);
    crew.stopped = true;
}

int rnl_crew_interrupted(void)
{
    return 0;
}

rnl_status rnl_trial_send(rnl_job *job, size_t rank, rnl_trial_letter letter, const char *folder,
                          const char *text)
{
    (void)job, (void)folder, (void)text;
    cr_expect_eq(rank, 1);
    cr_expect_eq(letter.word, RNL_TRIAL_BEGIN);
    return RNL_OK;
}

bool rnl_trial_receive(rnl_job *job, rnl_trial_post *post)
{
    (void)job;
    *post = (rnl_trial_post){.rank = 1, .letter = arriving, .text = "", .damaged = damaged};
    if (times > 0 && !damaged)
        post->bytes = malloc(1);
    times -= times > 0;
    damaged = false;
    return true;
}

size_t rnl_job_ranks(const rnl_job *job)
{
    return job ? 2 : 1;
}

/* Trains trials 0, here, and 1, on the other rank. */
static int compare(rnl_trial_letter letter, size_t letters, bool is_damaged)
{
    static const rnl_compare_arguments arguments = {.common = {.quiet = true}};
    char path[] = "runs/trial", log[] = "/nonexistent/log";
    int job;
    size_t failed;
    rnl_trial trials[2] = {{.directory = {.path = path}, .log = log},
                           {.directory = {.path = path}, .log = log}};
    rnl_combination combination = {.count = 2, .trials = trials};
    rnl_comparison comparison = {.count = 1, .combinations = &combination};
    arriving = letter;
    times = letters;
    damaged = is_damaged;
    crew.stopped = false;
    return rnl_comparison_train(&comparison, &arguments, (rnl_job *)&job, (rnl_core_share){0, 1},
                                &failed);
}

/* Checks that a letter ends the comparison: it tells nothing of the trial of rank 1, so that no
 * later letter could be relied on. */
static void expect_end(rnl_trial_letter letter, bool is_damaged)
{
    cr_expect_eq(compare(letter, 1, is_damaged), RNL_EXIT_FAILURE, "word %u, trial %lu, code %d",
                 letter.word, letter.number, letter.code);
    cr_expect(crew.stopped);
}

Test(comparison_training, a_damaged_letter_ends_it)
{
    static const rnl_trial_letter wrong[] = {
        {.word = RNL_TRIAL_DAMAGED},
        {.word = RNL_TRIAL_ENDED, .number = 0},
        {.word = RNL_TRIAL_ENDED, .number = 2},
        {.word = RNL_TRIAL_ENDED, .number = UINT64_MAX},
        {.word = RNL_TRIAL_BEGIN, .number = 1},
        {.word = RNL_TRIAL_LEAVE, .number = 1},
        {.word = 99, .number = 1},
        {.word = RNL_TRIAL_STOP, .code = 0},
        {.word = RNL_TRIAL_STOP, .code = 9},
    };
    expect_end((rnl_trial_letter){0}, true);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i)
        expect_end(wrong[i], false);
}

Test(comparison_training, its_end_is_told_once, .init = cr_redirect_stderr)
{
    const rnl_trial_letter unknown = {.word = RNL_TRIAL_ENDED, .number = 2};
    cr_expect_eq(compare(unknown, 2, false), RNL_EXIT_FAILURE);
    fflush(stderr);
    cr_expect_stderr_eq_str(
        "runnel: a letter of rank 1 is about a trial that it does not have: the comparison ends, "
        "and the same command goes on with what is missing\n"
        "[1/2] runs/trial: stopped; see /nonexistent/log\n");
}
