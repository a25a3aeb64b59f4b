/*
 * Every call of Runnel's own code that can be refused is refused once: the k-th allocation, object
 * of a library, or system call on a file of a short run fails, alone or with all after it, for
 * every k; of those that come from one place, as from a loop, for the first and every sixteenth.
 * Then nothing crashes, hangs or leaks (the sanitizer build sees leaks), a status comes with a
 * message, the same process can still work, and training goes on from the checkpoint that is left
 * and ends with the same model.  So it does where the process ends between two system calls, and
 * where the last checkpoint was damaged when training began.
 *
 * The linker sends the calls of this program, and of the engine in it, to the functions named
 * __wrap_; those of other libraries go their own way.  Each k is a process of its own.
 */
#include "tests/failing_calls.h"
#include "engine/base/memory_left.h"
#include "tests/failing_runs.h"
#include "tests/scratch.h"
#include "threading/topology.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_SECONDS 280

typedef struct contents {
    size_t count;
    char bytes[1 << 16];
} contents;

#define CHECKPOINTS 4

static contents whole_model, checkpoints[CHECKPOINTS]; /* of steps 2, 4, 6, and the end */

static void write_file(const char *path, const char *text, size_t count)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(text, 1, count, file) != count || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

static void read_file(contents *into, const char *path)
{
    FILE *file = fopen(path, "rb");
    into->count = file ? fread(into->bytes, 1, sizeof into->bytes, file) : 0;
    if (file)
        fclose(file);
}

static bool holds(const char *path, const contents *expected)
{
    static contents found;
    read_file(&found, path);
    return found.count == expected->count && memcmp(found.bytes, expected->bytes, found.count) == 0;
}

static bool holds_checkpoint(const char *path)
{
    for (size_t i = 0; i < CHECKPOINTS; ++i)
        if (holds(path, &checkpoints[i]))
            return true;
    return false;
}

static void damage(const char *path)
{
    if (truncate(path, 1000) != 0)
        perror(path);
}

static bool absent(const char *path)
{
    return access(path, F_OK) != 0;
}

/* Whole files under their names, and a checkpoint among them. */
static bool files_are_whole(void)
{
    const bool last = holds_checkpoint(CHECKPOINT);
    const bool previous = holds_checkpoint(CHECKPOINT ".previous");
    return (last || previous) && (last || absent(CHECKPOINT)) &&
           (previous || absent(CHECKPOINT ".previous")) && holds(MODEL, &whole_model);
}

typedef struct trial {
    scenario run;
    failure failure;
} trial;

/* ---- children -------------------------------------------------------------------------------- */

enum { FINE = 0, BROKEN = 1, NOTHING_FAILED = 3 };

static int complain(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, rnl_message());
    return BROKEN;
}

static int go_on_to_the_end(const trial *t)
{
    (void)t;
    run continued = {0};
    const rnl_status status = run_go_on(&continued);
    run_release(&continued);
    if (status != RNL_OK)
        return complain("training cannot go on");
    return holds(MODEL, &whole_model) ? FINE : complain("another model after going on");
}

/* A model that a failure left in the middle of training, or before it, ends as if nothing had been.
 */
static bool goes_on_with_model(run *r, rnl_status status)
{
    if (status == RNL_OK || !r->training)
        return true;
    rnl_options quiet = run_options;
    quiet.checkpoint = NULL;
    return (r->trained || rnl_train(r->model, r->data, &quiet) == RNL_OK) &&
           rnl_model_save(r->model, "again") == RNL_OK && holds("again", &whole_model);
}

/* Every eighth goes on by itself; of the files that the others leave, all_go_on has shown it. */
static int fail_once(const trial *t)
{
    run interrupted = {0};
    start_failing(&t->failure);
    const rnl_status status = t->run(&interrupted);
    const bool failed = stop_failing();
    const bool told = *rnl_message() != '\0';
    const bool same = !failed || goes_on_with_model(&interrupted, status);
    run_release(&interrupted);
    if (!same)
        return complain("another model of the same handles");
    if (status != RNL_OK && (!failed || t->failure.harmless || !told))
        return complain("a status that should not be");
    if (t->failure.kind == ALLOCATION && status != RNL_OK && !strstr(rnl_message(), "memory"))
        return complain("memory that ran out is told as another mistake");
    if (!files_are_whole())
        return complain("files that are not whole");
    if (!failed)
        return NOTHING_FAILED;
    return t->failure.number % 8 == 0 ? go_on_to_the_end(t) : FINE;
}

/* The last checkpoint was saved after an even step. */
static int keep_checkpoint(const rnl_progress *progress, void *user)
{
    (void)user;
    char name[32];
    snprintf(name, sizeof name, "checkpoint_%d", (int)progress->step / 2);
    return progress->step > 2 && progress->step % 2 == 1 && link(CHECKPOINT, name) != 0;
}

static int make_expected(const trial *t)
{
    (void)t;
    run whole = {0};
    rnl_options keeping = run_options;
    keeping.on_step = keep_checkpoint;
    const bool made = run_train(&whole, &keeping) == RNL_OK &&
                      link(CHECKPOINT ".previous", "checkpoint_3") == 0 &&
                      link(CHECKPOINT, "checkpoint_4") == 0;
    run_release(&whole);
    return made ? FINE : complain("the run without failures");
}

/* What the child returns; a crash, a hang and the sanitizer's verdict are BROKEN. */
static int run_child(int (*body)(const trial *t), const trial *t)
{
    fflush(NULL);
    const pid_t process = fork();
    if (process == 0) {
        alarm(CHILD_SECONDS);
        rnl_topology_forget();
        rnl_memory_left_forget();
        exit(body(t));
    }
    int status;
    if (process < 0 || waitpid(process, &status, 0) < 0)
        return BROKEN;
    if (WIFSIGNALED(status))
        printf("ended by signal %d (%s)\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
    return WIFEXITED(status) ? WEXITSTATUS(status) : BROKEN;
}

static void keep_previous_alone(void)
{
    if (rename(CHECKPOINT, CHECKPOINT ".previous") != 0)
        perror(CHECKPOINT);
    write_file(CHECKPOINT, checkpoints[1].bytes, checkpoints[1].count);
    damage(CHECKPOINT);
}

static void reset_files(void)
{
    unlink(CHECKPOINT ".previous");
    unlink(CHECKPOINT ".next");
    write_file(MODEL, whole_model.bytes, whole_model.count);
    write_file(CHECKPOINT, checkpoints[0].bytes, checkpoints[0].count);
}

static void read_expected(void)
{
    read_file(&whole_model, MODEL);
    for (int i = 0; i < CHECKPOINTS; ++i) {
        char name[32];
        snprintf(name, sizeof name, "checkpoint_%d", i + 1);
        read_file(&checkpoints[i], name);
    }
}

/* Training goes on to the same model, whichever checkpoint it begins with. */
static bool all_go_on(void)
{
    for (int i = 0; i < CHECKPOINTS; ++i) {
        reset_files();
        write_file(CHECKPOINT, checkpoints[i].bytes, checkpoints[i].count);
        if (checkpoints[i].count == 0 || run_child(go_on_to_the_end, NULL) != FINE)
            return false;
    }
    return true;
}

/* One of the two names is that of a whole checkpoint, from which training goes on. */
static int go_on_after_stop(void)
{
    const bool whole = holds_checkpoint(CHECKPOINT) || holds_checkpoint(CHECKPOINT ".previous");
    if (!whole)
        printf("no checkpoint is whole\n");
    return whole ? run_child(go_on_to_the_end, NULL) : BROKEN;
}

static int stop_once(const trial *t)
{
    run interrupted = {0};
    start_failing(&t->failure);
    const rnl_status status = t->run(&interrupted);
    stop_failing();
    run_release(&interrupted);
    return status == RNL_OK ? NOTHING_FAILED : complain("a run that nothing stopped");
}

static int fail_or_stop(const trial *t)
{
    if (!t->failure.stops)
        return run_child(fail_once, t);
    const int code = run_child(stop_once, t);
    return code == STOPPED_CODE ? go_on_after_stop() : code;
}

/* ---- calls from one place -------------------------------------------------------------------- */

static call_places *places; /* shared with the children */

static void prepare_files(scenario run_it)
{
    reset_files();
    if (run_it == run_go_on)
        keep_previous_alone();
}

static int note_calls(const trial *t)
{
    run noted = {0};
    note_places(places);
    start_failing(&t->failure);
    const rnl_status status = t->run(&noted);
    stop_failing();
    run_release(&noted);
    return status == RNL_OK ? FINE : complain("a run in which nothing failed");
}

static bool note_places_of(scenario run_it, call_kind kind)
{
    places->count = 0;
    if (kind != ALLOCATION && kind != OBJECT)
        return true;
    prepare_files(run_it);
    return run_child(note_calls, &(const trial){run_it, {"none", .kind = kind}}) == FINE;
}

/* Tries, of the calls from one noted place, the first and then every so many. */
static bool is_tried(long number)
{
    enum { EVERY = 16 };
    long before = 0;
    for (long i = 1; i < number && number <= places->count; ++i)
        before += places->places[i - 1] == places->places[number - 1];
    return before % EVERY == 0;
}

/* Every k, until a run makes fewer than k calls. */
static bool fail_each(scenario run_it, failure f)
{
    bool fine = note_places_of(run_it, f.kind);
    long tried = 0;
    for (f.number = 1;; ++f.number) {
        if (!is_tried(f.number))
            continue;
        ++tried;
        prepare_files(run_it);
        const int code = fail_or_stop(&(const trial){run_it, f});
        if (code == NOTHING_FAILED)
            break;
        if (code != FINE) {
            printf("FAILED at number %ld of: %s\n", f.number, f.name);
            fine = false;
        }
    }
    printf("%4ld of %4ld %s\n", tried - 1, f.number - 1, f.name);
    return fine;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static const failure failures[] = {
    {"allocations failed, each alone", .kind = ALLOCATION},
    {"allocations failed, with all that followed", .kind = ALLOCATION, .onward = true},
    {"objects of libraries refused, each alone", .kind = OBJECT},
    {"system calls on files failed, each alone", .kind = FILE_CALL},
    {"system calls on files failed, with all that followed", .kind = FILE_CALL, .onward = true},
    {"reads and writes cut short", .kind = SHORT_TRANSFER, .harmless = true},
    {"reads and writes interrupted", .kind = INTERRUPTED_TRANSFER, .harmless = true},
};

static const failure stop = {"stops before a system call on a file", FILE_CALL, .stops = true};

static void write_rows(void)
{
    char rows[1024] = "x,town,class\n";
    for (int i = 0; i < 30; ++i)
        sprintf(rows + strlen(rows), "%d,%s,%s\n", i * 7 % 11, i % 3 ? "Ulm" : "Bern",
                i % 2 ? "yes" : "no");
    write_file("rows.csv", rows, strlen(rows));
}

static char *enter_directory(void)
{
    static char directory[32];
    snprintf(directory, sizeof directory, "%s/runnel_XXXXXX", scratch_parent());
    if (mkdtemp(directory) && chdir(directory) == 0)
        return directory;
    perror("a temporary directory");
    exit(1);
}

/* On one processor, the two workers wait for each other asleep. */
static void stay_on_one_processor(void)
{
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET(sched_getcpu(), &here);
    sched_setaffinity(0, sizeof here, &here);
}

static bool prepare(void)
{
    places = mmap(NULL, sizeof *places, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (places == MAP_FAILED)
        return false;
    write_rows();
    write_file("config.yaml", run_config, strlen(run_config));
    if (run_child(make_expected, NULL) != FINE)
        return false;
    read_expected();
    return all_go_on();
}

static const char plain_text[] =
    "data: {train: {spirals: {rows: 30}}, validation_split: 0.2}\n"
    "model: [dense: {units: 3}, dense: {units: 3, activation: softmax}]\n"
    "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n";

/* Allocations of ours while a model trains on so many rows, or -1. */
static long allocations_of_training(int rows)
{
    char override[48];
    const char *const overrides[] = {override};
    const failure none = {"none", .kind = ALLOCATION};
    const rnl_options quiet = {.threads = 2};
    run r = {0};
    snprintf(override, sizeof override, "data.train.spirals.rows=%d", rows);
    rnl_status status = rnl_config_parse(&r.config, "spirals", plain_text, overrides, 1);
    if (status == RNL_OK)
        status = rnl_data_load(&r.data, r.config, RNL_TRAIN);
    if (status == RNL_OK)
        status = rnl_model_create(&r.model, r.config, r.data);
    start_failing(&none);
    if (status == RNL_OK)
        status = rnl_train(r.model, r.data, &quiet);
    stop_failing();
    run_release(&r);
    if (status != RNL_OK)
        fprintf(stderr, "%s\n", rnl_message());
    return status == RNL_OK ? calls_made() : -1;
}

/* Files of the system are read by the first training, and by one that a second has passed in. */
static long least_allocations(int rows)
{
    long least = allocations_of_training(rows);
    for (int again = 0; again < 4; ++again) {
        const long made = allocations_of_training(rows);
        least = made < least ? made : least;
    }
    return least;
}

/* Steps allocate nothing, so ten times as many make no more allocations. */
static int count_allocations(void)
{
    const long few = least_allocations(100), many = least_allocations(1000);
    printf("%ld allocations where an epoch is short, %ld where it is ten times as long\n", few,
           many);
    return few > 0 && few == many ? 0 : 1;
}

int main(int count, char **words)
{
    if (count == 2 && strcmp(words[1], "steps") == 0)
        return count_allocations();
    const bool stopping = count == 2 && strcmp(words[1], "stop") == 0;
    scenario run_it = count == 2 && strcmp(words[1], "train") == 0 ? run_train_and_save
                      : count == 2 && strcmp(words[1], "use") == 0 ? run_use
                                                                   : NULL;
    if (!run_it && !stopping) {
        fprintf(stderr, "usage: failing_calls train|use|stop|steps\n");
        return 2;
    }
    const char *directory = enter_directory();
    stay_on_one_processor();
    bool fine = prepare();
    if (stopping)
        fine = fine && fail_each(run_train_and_save, stop) && fail_each(run_go_on, stop);
    for (size_t i = 0; run_it && fine && i < sizeof failures / sizeof *failures; ++i)
        fine = fail_each(run_it, failures[i]);
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", directory);
    return system(command) == 0 && fine ? 0 : 1;
}
