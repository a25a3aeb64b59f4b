/*
 * A rank other than the first, in a comparison.  Functions of the test stand for the job.
 */
#include "cli/messages.h"
#include "cli/trial_letters.h"
#include "cli/trial_worker.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static size_t sent;
static rnl_trial_word last_sent, arriving;
static size_t arriving_size; /* 0: nothing arrives any more */

rnl_status __wrap_rnl_job_receive(rnl_job *job, size_t *rank, void **bytes, size_t *size);
rnl_status __wrap_rnl_job_send(rnl_job *job, size_t rank, const void *bytes, size_t size);
int __wrap_rnl_ranks_agree(rnl_ranks *ranks, int code);

rnl_status __wrap_rnl_job_receive(rnl_job *job, size_t *rank, void **bytes, size_t *size)
{
    const rnl_trial_letter letter = {.word = arriving};
    (void)job;
    *rank = 0;
    *bytes = arriving_size > 0 ? calloc(1, sizeof letter + 1) : NULL;
    *size = arriving_size;
    if (*bytes)
        memcpy(*bytes, &letter, sizeof letter);
    arriving_size = 0;
    return RNL_OK;
}

rnl_status __wrap_rnl_job_send(rnl_job *job, size_t rank, const void *bytes, size_t size)
{
    const rnl_trial_letter *letter = bytes;
    (void)job;
    cr_expect_eq(rank, 0);
    cr_assert_geq(size, sizeof *letter);
    last_sent = letter->word;
    ++sent;
    return RNL_OK;
}

int __wrap_rnl_ranks_agree(rnl_ranks *ranks, int code)
{
    (void)ranks;
    return code;
}

static int serve(rnl_trial_word word, size_t cut_off)
{
    static const rnl_compare_arguments arguments;
    rnl_ranks ranks = {0};
    arriving = word;
    arriving_size = sizeof(rnl_trial_letter) + 1 - cut_off;
    return rnl_trials_serve(&ranks, &arguments, (rnl_core_share){0, 1});
}

Test(trial_worker, it_leaves_when_it_is_told)
{
    cr_expect_eq(serve(RNL_TRIAL_LEAVE, 0), RNL_EXIT_OK);
    cr_expect_eq(sent, 0);
}

/* Rank 0 waits for nothing but the end of others once it has told them to leave. */
Test(trial_worker, a_damaged_letter_ends_it)
{
    static const struct {
        rnl_trial_word word;
        size_t cut_off;
    } letters[] = {
        {RNL_TRIAL_BEGIN, 1},   {RNL_TRIAL_STOP, 1},     {RNL_TRIAL_LEAVE, 1},
        {RNL_TRIAL_STANDS, 0},  {RNL_TRIAL_ENDED, 0},    {RNL_TRIAL_REFUSED, 0},
        {RNL_TRIAL_DAMAGED, 0}, {(rnl_trial_word)99, 0},
    };
    for (size_t i = 0; i < sizeof letters / sizeof *letters; ++i) {
        cr_expect_eq(serve(letters[i].word, letters[i].cut_off), RNL_EXIT_FAILURE);
        cr_expect_eq(sent, i + 1);
        cr_expect_eq(last_sent, RNL_TRIAL_DAMAGED);
    }
}
