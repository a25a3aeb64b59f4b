#include "cli/comparison_training.h"
#include "cli/folder.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/trial_files.h"
#include "cli/trial_letters.h"
#include "cli/trial_worker.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REASON_BYTES 1024

/* The trials that are still to be trained, and how many of them have begun and ended. */
typedef struct work {
    rnl_comparison *comparison;
    const rnl_compare_arguments *arguments;
    rnl_crew *crew;
    rnl_job *job; /* NULL: this process is alone */
    size_t ranks, places;
    size_t count, begun, ended, failed;
    rnl_trial **trials;  /* (count) */
    const char ***words; /* (count) of those trained here, else NULL */
    size_t *busy;        /* (ranks) places */
    size_t *owners;      /* (count) the other rank that has the trial now, or 0 */
    int interrupted;     /* the signal, or 0 */
    bool broken;         /* the job is */
} work;

static size_t count_trials(const rnl_comparison *comparison)
{
    size_t all = 0;
    for (size_t i = 0; i < comparison->count; ++i)
        all += comparison->combinations[i].count;
    return all;
}

/* Prepares the trials that are to be trained, and lists them. */
static int list_work(work *w)
{
    const size_t all = count_trials(w->comparison);
    w->words = calloc(all, sizeof *w->words);
    w->trials = calloc(all, sizeof *w->trials);
    w->busy = calloc(w->ranks, sizeof *w->busy);
    w->owners = calloc(all, sizeof *w->owners);
    if (!w->words || !w->trials || !w->busy || !w->owners)
        return rnl_complain_memory();
    for (size_t i = 0; i < w->comparison->count; ++i) {
        const rnl_combination *c = &w->comparison->combinations[i];
        for (size_t k = 0; k < c->count; ++k) {
            if (c->trials[k].done)
                continue;
            if (!rnl_trial_files_prepare(&c->trials[k], w->arguments->force))
                return RNL_EXIT_FAILURE;
            w->trials[w->count++] = &c->trials[k];
        }
    }
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

/* [3/8] runs/a-compare/02-optimizer_adam/run: trained */
static void note_end(work *w, size_t rank, size_t number, int exit_code)
{
    rnl_trial *trial = w->trials[number];
    --w->busy[rank];
    trial->done = exit_code == RNL_EXIT_OK && rnl_trial_files_hold_model(trial);
    w->failed += !trial->done;
    ++w->ended;
    if (trial->done && !w->arguments->common.quiet)
        fprintf(stderr, "[%zu/%zu] %s: trained\n", w->ended, w->count, trial->directory.path);
    else if (!trial->done)
        tell_failure(w, trial, exit_code);
}

/* A trial that cannot begin, or whose files do not come back, has failed; the others go on. */
static void note_refusal(work *w, size_t rank, size_t number, const char *why)
{
    char where[32] = "";
    if (w->job)
        snprintf(where, sizeof where, " on rank %zu", rank);
    --w->busy[rank];
    ++w->failed;
    ++w->ended;
    rnl_complain("[%zu/%zu] %s: failed%s: %s", w->ended, w->count,
                 w->trials[number]->directory.path, where, why);
}

static void note_break(work *w)
{
    rnl_complain_status(RNL_JOB);
    w->broken = true;
}

/* Another rank no longer has the trial. */
static void take_back(work *w, size_t number)
{
    rnl_trial *trial = w->trials[number];
    if (trial->directory.lock >= 0)
        close(trial->directory.lock);
    trial->directory.lock = -1;
    w->owners[number] = 0;
}

/* ---- dealt out ------------------------------------------------------------------------------- */

static bool train_here(work *w, size_t number)
{
    const rnl_trial *trial = w->trials[number];
    w->words[number] = rnl_trial_words(w->arguments, trial->config, trial->directory.path);
    if (!w->words[number]) {
        rnl_complain_memory();
        return false;
    }
    return rnl_crew_start(w->crew, w->words[number], trial->log, number);
}

/* Its directory is this process' until the trial is back. */
static bool train_there(work *w, size_t rank, size_t number)
{
    rnl_trial *trial = w->trials[number];
    const char *path = trial->directory.path;
    const rnl_trial_letter letter = {.word = RNL_TRIAL_BEGIN, .number = number};
    if (!rnl_run_directory_claim(&trial->directory))
        return false;
    w->owners[number] = rank;
    const rnl_status status = rnl_trial_send(w->job, rank, letter, path, path);
    if (status == RNL_JOB)
        note_break(w);
    else if (status != RNL_OK)
        take_back(w, number);
    return status == RNL_OK;
}

/* The rank with the fewest trials, of those the first; w->ranks if no place is free. */
static size_t find_rank(const work *w)
{
    size_t found = w->ranks, fewest = w->places;
    for (size_t r = 0; r < w->ranks; ++r)
        if (w->busy[r] < fewest) {
            fewest = w->busy[r];
            found = r;
        }
    return found;
}

static void deal(work *w)
{
    for (size_t rank;
         !w->interrupted && !w->broken && w->begun < w->count && (rank = find_rank(w)) < w->ranks;
         ++w->begun) {
        ++w->busy[rank];
        const bool begins = rank == 0 ? train_here(w, w->begun) : train_there(w, rank, w->begun);
        if (!begins && !w->broken)
            note_refusal(w, rank, w->begun, "it cannot begin");
    }
}

/* ---- and gathered ---------------------------------------------------------------------------- */

/* Running trials save a checkpoint, and no other begins. */
static void stop(work *w, int signal)
{
    const rnl_trial_letter letter = {.word = RNL_TRIAL_STOP, .code = signal};
    if (w->interrupted || !signal)
        return;
    w->interrupted = signal;
    rnl_crew_stop(w->crew);
    for (size_t r = 1; r < w->ranks; ++r)
        rnl_trial_send(w->job, r, letter, NULL, NULL);
}

static void take_files(work *w, const rnl_trial_post *post)
{
    rnl_trial *trial = w->trials[post->letter.number];
    const bool written = rnl_folder_unpack(trial->directory.path, post->rest, post->rest_size);
    if (post->letter.word == RNL_TRIAL_STANDS)
        return;
    take_back(w, post->letter.number);
    note_end(w, post->rank, post->letter.number, written ? post->letter.code : 1);
}

static void take_refusal(work *w, const rnl_trial_post *post)
{
    take_back(w, post->letter.number);
    note_refusal(w, post->rank, post->letter.number, post->text);
}

/* Ends the comparison: a trial that such a letter begins or ends would be waited for. */
static void note_damage(work *w, const char *way, size_t rank, const char *what)
{
    if (!w->broken)
        rnl_complain("a letter %s rank %zu is %s: the comparison ends, and the same command goes "
                     "on with what is missing",
                     way, rank, what);
    w->broken = true;
}

static bool is_about_trial(uint32_t word)
{
    return word == RNL_TRIAL_STANDS || word == RNL_TRIAL_ENDED || word == RNL_TRIAL_REFUSED;
}

static void take_letter(work *w, const rnl_trial_post *post)
{
    const rnl_trial_letter *letter = &post->letter;
    if (letter->word == RNL_TRIAL_STOP && (letter->code == SIGINT || letter->code == SIGTERM))
        stop(w, letter->code);
    else if (letter->word == RNL_TRIAL_DAMAGED)
        note_damage(w, "to", post->rank, "damaged");
    else if (!is_about_trial(letter->word))
        note_damage(w, "of", post->rank, "damaged");
    else if (letter->number >= w->count || w->owners[letter->number] != post->rank)
        note_damage(w, "of", post->rank, "about a trial that it does not have");
    else if (letter->word == RNL_TRIAL_REFUSED)
        take_refusal(w, post);
    else
        take_files(w, post);
}

static void take_letters(work *w)
{
    rnl_trial_post post;
    do {
        if (!rnl_trial_receive(w->job, &post))
            w->broken = true;
        if (post.damaged)
            note_damage(w, "of", post.rank, "damaged");
        if (post.bytes)
            take_letter(w, &post);
        free(post.bytes);
    } while (post.bytes);
}

static size_t count_busy(const work *w)
{
    size_t busy = 0;
    for (size_t r = 0; r < w->ranks; ++r)
        busy += w->busy[r];
    return busy;
}

static void wait_for_end(work *w)
{
    size_t number;
    int code;
    if (rnl_crew_wait(w->crew, w->job != NULL, &number, &code))
        note_end(w, 0, number, code);
    stop(w, rnl_crew_interrupted());
    if (w->job && !w->broken)
        take_letters(w);
}

static bool goes_on(const work *w)
{
    const bool more = w->begun < w->count && !w->interrupted && !w->broken;
    return more || (w->broken ? w->busy[0] : count_busy(w)) > 0;
}

/* Where the job is broken, what runs here saves a checkpoint. */
static int run_all(work *w)
{
    bool stopped = false;
    while (goes_on(w)) {
        deal(w);
        if (w->broken && !stopped) {
            stopped = true;
            rnl_crew_stop(w->crew);
        }
        if (goes_on(w))
            wait_for_end(w);
    }
    if (!w->interrupted)
        return w->broken ? RNL_EXIT_FAILURE : RNL_EXIT_OK;
    rnl_complain("interrupted; the same command goes on with what is missing");
    return 128 + w->interrupted;
}

static int train_listed(work *w, rnl_core_share share)
{
    RNL_TRY_EXIT(list_work(w));
    if (w->count == 0)
        return RNL_EXIT_OK;
    if (!rnl_comparison_forget(w->comparison))
        return RNL_EXIT_FAILURE;
    w->crew = rnl_crew_open(w->places, share);
    if (!w->crew)
        return RNL_EXIT_FAILURE;
    const int code = run_all(w);
    rnl_crew_close(w->crew);
    return code;
}

int rnl_comparison_train(rnl_comparison *comparison, const rnl_compare_arguments *arguments,
                         rnl_job *job, rnl_core_share share, size_t *failed)
{
    work w = {.comparison = comparison,
              .arguments = arguments,
              .job = job,
              .ranks = rnl_job_ranks(job),
              .places = arguments->jobs > 0 ? arguments->jobs : 1};
    const int code = train_listed(&w, share);
    *failed = w.failed;
    for (size_t i = 0; w.words && i < w.count; ++i)
        free(w.words[i]);
    free(w.words);
    free(w.trials);
    free(w.busy);
    free(w.owners);
    return code;
}
