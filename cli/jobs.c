#include "cli/jobs.h"
#include "cli/cores.h"
#include "cli/messages.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t received;

/* SIGCHLD is but to end a wait. */
static void note(int signal)
{
    if (signal != SIGCHLD)
        received = signal;
}

#define SIGNALS 3
static const int signals[SIGNALS] = {SIGINT, SIGTERM, SIGCHLD};

/* The signals arrive while this process waits, and at no other time. */
typedef struct signal_state {
    struct sigaction actions[SIGNALS];
    sigset_t mask;
} signal_state;

static void catch_signals(signal_state *old)
{
    const struct sigaction action = {.sa_handler = note};
    sigset_t blocked;
    sigemptyset(&blocked);
    for (size_t i = 0; i < SIGNALS; ++i) {
        sigaddset(&blocked, signals[i]);
        sigaction(signals[i], &action, &old->actions[i]);
    }
    sigprocmask(SIG_BLOCK, &blocked, &old->mask);
}

static void release_signals(const signal_state *old)
{
    for (size_t i = 0; i < SIGNALS; ++i)
        sigaction(signals[i], &old->actions[i], NULL);
    sigprocmask(SIG_SETMASK, &old->mask, NULL);
}

/* A place for a running job. */
typedef struct place {
    pid_t process; /* 0: free */
    size_t job;
    cpu_set_t cpus;
} place;

/* The child until it is another program.  It does not outlive this process. */
static _Noreturn void become(const rnl_job *job, const cpu_set_t *cpus, const sigset_t *mask,
                             pid_t parent)
{
    const int log = open(job->log, O_WRONLY | O_CREAT | O_APPEND, 0666);
    const bool ready = prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent &&
                       sched_setaffinity(0, sizeof *cpus, cpus) == 0 && log >= 0 &&
                       dup2(log, STDOUT_FILENO) >= 0 && dup2(log, STDERR_FILENO) >= 0 &&
                       sigprocmask(SIG_SETMASK, mask, NULL) == 0;
    if (ready)
        execv("/proc/self/exe", (char *const *)(uintptr_t)job->words);
    _exit(127);
}

static bool start(place *p, const rnl_job *job, size_t number, const sigset_t *mask)
{
    const pid_t parent = getpid(), child = fork();
    if (child == 0)
        become(job, &p->cpus, mask, parent);
    if (child < 0) {
        rnl_complain("cannot start a process: %s", strerror(errno));
        return false;
    }
    p->process = child;
    p->job = number;
    return true;
}

static size_t running(const place *places, size_t count)
{
    size_t busy = 0;
    for (size_t i = 0; i < count; ++i)
        busy += places[i].process != 0;
    return busy;
}

static void pass_on(const place *places, size_t count, int signal)
{
    for (size_t i = 0; i < count; ++i)
        if (places[i].process)
            kill(places[i].process, signal);
}

static int exit_code(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* True if a job had ended. */
static bool reap_one(place *places, size_t count,
                     void (*ended)(size_t job, int exit_code, void *user), void *user)
{
    int status;
    const pid_t process = waitpid(-1, &status, WNOHANG);
    for (size_t i = 0; process > 0 && i < count; ++i)
        if (places[i].process == process) {
            places[i].process = 0;
            ended(places[i].job, exit_code(status), user);
        }
    return process > 0;
}

static bool run_all(place *places, size_t at_once, const rnl_job *jobs, size_t count,
                    const sigset_t *mask, void (*ended)(size_t job, int exit_code, void *user),
                    void *user)
{
    size_t next = 0;
    bool passed_on = false, started = true;
    while (running(places, at_once) > 0 || (next < count && !received && started)) {
        for (size_t i = 0; i < at_once && next < count && !received && started; ++i)
            if (!places[i].process) {
                started = start(&places[i], &jobs[next], next, mask);
                ++next;
            }
        if (received && !passed_on) {
            passed_on = true;
            pass_on(places, at_once, SIGTERM);
        }
        if (running(places, at_once) > 0 && !reap_one(places, at_once, ended, user))
            sigsuspend(mask);
    }
    return started;
}

bool rnl_jobs_run(const rnl_job *jobs, size_t count, size_t at_once,
                  void (*ended)(size_t job, int exit_code, void *user), void *user,
                  int *interrupted)
{
    rnl_cores *cores = malloc(sizeof *cores);
    place *places = calloc(at_once, sizeof *places);
    const bool ready = cores && places && rnl_cores_read(cores);
    bool ran = false;
    if (!ready)
        rnl_complain("out of memory");
    else {
        for (size_t i = 0; i < at_once; ++i)
            places[i].cpus = rnl_cores_part(cores, i, at_once);
        signal_state old;
        catch_signals(&old);
        ran = run_all(places, at_once, jobs, count, &old.mask, ended, user);
        release_signals(&old);
    }
    *interrupted = received;
    free(places);
    free(cores);
    return ran;
}
