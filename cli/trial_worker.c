#include "cli/trial_worker.h"

#include "cli/folder.h"
#include "cli/messages.h"
#include "cli/output_file.h"
#include "cli/text_file.h"
#include "cli/trial_letters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Seconds between two looks for a new checkpoint. */
#define BETWEEN_LOOKS 10

const char **rnl_trial_words(const rnl_compare_arguments *arguments, const char *config,
                             const char *output)
{
    static char threads[24];
    snprintf(threads, sizeof threads, "%zu", arguments->common.threads);
    const char *const words[] = {
        "runnel",
        "train",
        config,
        "--output",
        output,
        "--pin",
        rnl_pin_words[arguments->common.pin],
        "--products",
        rnl_products_words[arguments->common.products],
        "--resume",
        arguments->common.threads > 0 ? "--threads" : NULL,
        threads,
        NULL,
    };
    const char **copy = malloc(sizeof words);
    if (copy)
        memcpy(copy, words, sizeof words);
    return copy;
}

/* A trial that is trained here. */
typedef struct task {
    uint64_t number; /* rank 0's */
    char *path;      /* of its directory there */
    char *folder;    /* of the directory here; NULL: the place is free */
    char *config, *log, *checkpoint;
    const char **words;
    struct timespec sent; /* when the checkpoint was made that rank 0 has */
} task;

typedef struct server {
    rnl_job *job;
    const rnl_compare_arguments *arguments;
    rnl_crew *crew;
    task *tasks; /* (count), one for each place */
    size_t count;
    time_t looked_at;
    bool stopping, told, leaving;
    int code;
} server;

static void release(task *t)
{
    if (t->folder)
        rnl_folder_remove(t->folder);
    free(t->folder);
    free(t->path);
    free(t->config);
    free(t->log);
    free(t->checkpoint);
    free(t->words);
    *t = (task){0};
}

static bool name_files(task *t, const rnl_compare_arguments *arguments)
{
    t->config = rnl_path_of(t->folder, "config.yaml");
    t->log = rnl_path_of(t->folder, "log");
    t->checkpoint = rnl_path_of(t->folder, "checkpoint.safetensors");
    if (!t->config || !t->log || !t->checkpoint)
        return false;
    t->words = rnl_trial_words(arguments, t->config, t->folder);
    if (!t->words)
        rnl_complain_memory();
    return t->words != NULL;
}

static struct timespec made(const task *t)
{
    struct stat status;
    return stat(t->checkpoint, &status) == 0 ? status.st_mtim : (struct timespec){0};
}

static bool begin(server *s, size_t place, const rnl_trial_post *post)
{
    task *t = &s->tasks[place];
    t->number = post->letter.number;
    t->folder = rnl_folder_make();
    t->path = strdup(post->text);
    if (!t->folder || !t->path || !rnl_folder_unpack(t->folder, post->rest, post->rest_size) ||
        !name_files(t, s->arguments))
        return false;
    t->sent = made(t);
    return rnl_crew_start(s->crew, t->words, t->log, place);
}

static rnl_trial_letter letter_of(rnl_trial_word word, const task *t, int code)
{
    return (rnl_trial_letter){.word = word, .code = code, .number = t->number};
}

static void refuse(server *s, uint64_t number, const char *why)
{
    const rnl_trial_letter refusal = {.word = RNL_TRIAL_REFUSED, .code = 1, .number = number};
    rnl_trial_send(s->job, 0, refusal, NULL, why);
}

/* Rank 0 deals no more trials than there are places. */
static void begin_in_free_place(server *s, const rnl_trial_post *post)
{
    size_t place = 0;
    while (place < s->count && s->tasks[place].folder)
        ++place;
    if (s->stopping || place == s->count) {
        refuse(s, post->letter.number, s->stopping ? "stopped" : "no place is free");
    } else if (!begin(s, place, post)) {
        release(&s->tasks[place]);
        refuse(s, post->letter.number, "no process or temporary directory can be had");
    }
}

static void stop(server *s)
{
    if (!s->stopping)
        rnl_crew_stop(s->crew);
    s->stopping = true;
}

/* Tells rank 0, which would wait for this one: it may have been the last letter. */
static void leave_damaged(server *s)
{
    rnl_complain("a letter of rank 0 is damaged");
    rnl_trial_send(s->job, 0, (rnl_trial_letter){.word = RNL_TRIAL_DAMAGED}, NULL, NULL);
    s->leaving = true;
    s->code = RNL_EXIT_FAILURE;
}

static void obey(server *s, const rnl_trial_post *post)
{
    switch (post->letter.word) {
    case RNL_TRIAL_BEGIN:
        begin_in_free_place(s, post);
        break;
    case RNL_TRIAL_STOP:
        stop(s);
        break;
    case RNL_TRIAL_LEAVE:
        s->leaving = true;
        break;
    default:
        leave_damaged(s);
    }
}

/* Where this rank is told to stop, all are. */
static void tell_signal(server *s)
{
    const int signal = rnl_crew_interrupted();
    if (!signal || s->told)
        return;
    s->told = true;
    stop(s);
    rnl_trial_send(s->job, 0, (rnl_trial_letter){.word = RNL_TRIAL_STOP, .code = signal}, NULL,
                   NULL);
}

/* What rank 0 has when this one dies. */
static void send_checkpoints(server *s)
{
    if (time(NULL) - s->looked_at < BETWEEN_LOOKS)
        return;
    s->looked_at = time(NULL);
    for (size_t i = 0; i < s->count; ++i) {
        task *t = &s->tasks[i];
        if (!t->folder)
            continue;
        const struct timespec last = made(t);
        if (last.tv_sec == 0 || (last.tv_sec == t->sent.tv_sec && last.tv_nsec == t->sent.tv_nsec))
            continue;
        t->sent = last;
        rnl_trial_send(s->job, 0, letter_of(RNL_TRIAL_STANDS, t, 0), t->folder, NULL);
    }
}

static bool take_letters(server *s)
{
    rnl_trial_post post;
    bool good;
    do {
        good = rnl_trial_receive(s->job, &post);
        if (post.damaged)
            leave_damaged(s);
        if (post.bytes)
            obey(s, &post);
        free(post.bytes);
    } while (good && post.bytes && !s->leaving);
    return good;
}

/* The temporary directory is nothing to anybody. */
static void write_renamed(FILE *file, const char *text, const task *t)
{
    const size_t length = strlen(t->folder);
    for (const char *found; (found = strstr(text, t->folder)); text = found + length)
        fprintf(file, "%.*s%s", (int)(found - text), text, t->path);
    fputs(text, file);
}

/* Puts rank 0's directory into the log, which stays as it is where that cannot be written. */
static void rename_in_log(const task *t)
{
    char *text = NULL;
    size_t room = 0;
    rnl_output_file output;
    FILE *file = fopen(t->log, "re");
    if (file && getdelim(&text, &room, '\0', file) > 0 && rnl_output_open(&output, t->log)) {
        write_renamed(output.file, text, t);
        rnl_output_close(&output, true);
    }
    free(text);
    if (file)
        fclose(file);
}

static void send_ended(server *s)
{
    size_t place;
    int code;
    if (!rnl_crew_wait(s->crew, true, &place, &code))
        return;
    task *t = &s->tasks[place];
    rename_in_log(t);
    if (rnl_trial_send(s->job, 0, letter_of(RNL_TRIAL_ENDED, t, code), t->folder, NULL) == RNL_IO)
        refuse(s, t->number, "its files cannot be read");
    release(t);
}

/* Ends the processes that a rank still has when it leaves. */
static void end_all(server *s)
{
    size_t place;
    int code;
    rnl_crew_stop(s->crew);
    for (int turn = 0; turn < 100 && rnl_crew_idle(s->crew) < s->count; ++turn)
        if (rnl_crew_wait(s->crew, true, &place, &code))
            release(&s->tasks[place]);
}

static bool open_places(server *s, rnl_core_share share)
{
    s->count = s->arguments->jobs > 0 ? s->arguments->jobs : 1;
    s->tasks = calloc(s->count, sizeof *s->tasks);
    if (!s->tasks)
        rnl_complain_memory();
    else
        s->crew = rnl_crew_open(s->count, share);
    return s->crew != NULL;
}

/* A broken job is found where letters are taken, whatever could not be sent. */
static int serve(server *s)
{
    while (!s->leaving && take_letters(s)) {
        tell_signal(s);
        send_checkpoints(s);
        send_ended(s);
    }
    end_all(s);
    for (size_t i = 0; i < s->count; ++i)
        release(&s->tasks[i]);
    return s->leaving ? s->code : RNL_EXIT_FAILURE;
}

int rnl_trials_serve(rnl_ranks *ranks, const rnl_compare_arguments *arguments, rnl_core_share share)
{
    server s = {.job = ranks->job, .arguments = arguments, .looked_at = time(NULL)};
    const bool opened = open_places(&s, share);
    int code = rnl_ranks_agree(ranks, opened ? RNL_EXIT_OK : RNL_EXIT_FAILURE);
    if (code == RNL_EXIT_OK)
        code = serve(&s);
    free(s.tasks);
    rnl_crew_close(s.crew);
    return code;
}
