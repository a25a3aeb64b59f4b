#include "cli/interruption.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

enum { LEFT_NONE_YET, LEFT_MODEL, LEFT_CHECKPOINT, LEFT_NOTHING };

static _Atomic(rnl_model *) guarded;
static const char *_Atomic checkpoints[2]; /* paths, or NULL */
static atomic_int left;                    /* by a training that has ended */
static atomic_int received;
static _Atomic double received_at; /* seconds */

/* Some senders, `timeout` among them, send one signal twice. */
static const double same_signal_seconds = 0.2;

/* A terminal has shown ^C where the message would begin. */
static atomic_bool on_terminal;

static void say(const char *text, size_t length)
{
    if (write(STDERR_FILENO, text, length) < 0)
        return; /* nothing else can be done in a signal handler */
}

static bool is_saved(void)
{
    for (int i = 0; i < 2; ++i) {
        const char *path = atomic_load(&checkpoints[i]);
        if (path && access(path, F_OK) == 0)
            return true;
    }
    return false;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#define SAY(text)                                                                                  \
    (atomic_load(&on_terminal) ? say("\n" text, sizeof(text)) : say(text, sizeof(text) - 1))

static void handle(int signal)
{
    rnl_model *model = atomic_load(&guarded);
    int none = 0;
    if (model && atomic_compare_exchange_strong(&received, &none, signal)) {
        atomic_store(&received_at, now());
        SAY("runnel: stopping after this step; again to stop at once\n");
        rnl_stop(model);
        return;
    }
    if (model && now() - atomic_load(&received_at) < same_signal_seconds)
        return;
    if (model ? is_saved() : atomic_load(&left) == LEFT_CHECKPOINT)
        SAY("runnel: interrupted; the last checkpoint stands\n");
    else if (model)
        SAY("runnel: interrupted before a checkpoint was saved\n");
    else if (atomic_load(&left) == LEFT_MODEL)
        SAY("runnel: interrupted after the model was saved\n");
    else if (atomic_load(&left) == LEFT_NONE_YET)
        SAY("runnel: interrupted before training began\n");
    _exit(128 + signal);
}

void rnl_interruption_start(void)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    atomic_store(&on_terminal, isatty(STDERR_FILENO) == 1);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void rnl_interruption_guard(rnl_model *model)
{
    atomic_store(&guarded, model);
}

void rnl_interruption_name_checkpoint(const char *checkpoint, const char *previous)
{
    atomic_store(&checkpoints[0], checkpoint);
    atomic_store(&checkpoints[1], previous);
}

void rnl_interruption_release(bool model_is_saved)
{
    atomic_store(&left, model_is_saved ? LEFT_MODEL : is_saved() ? LEFT_CHECKPOINT : LEFT_NOTHING);
    atomic_store(&guarded, NULL);
}

int rnl_interruption_code(void)
{
    const int signal = atomic_load(&received);
    return signal ? 128 + signal : 0;
}
