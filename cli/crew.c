#include "cli/crew.h"
#include "cli/cores.h"
#include "cli/messages.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static volatile sig_atomic_t received;

/* SIGCHLD is but to end a wait. */
static void note(int signal)
{
    if (signal != SIGCHLD)
        received = signal;
}

#define SIGNALS 3
static const int signals[SIGNALS] = {SIGINT, SIGTERM, SIGCHLD};

/* A place for a running process. */
typedef struct place {
    pid_t process; /* 0: free */
    size_t number;
    cpu_set_t cpus;
} place;

/* The signals arrive while this process waits, and at no other time. */
struct rnl_crew {
    struct sigaction actions[SIGNALS];
    sigset_t mask;
    const char **environment; /* of the processes */
    size_t count;
    place places[];
};

static void catch_signals(rnl_crew *crew)
{
    const struct sigaction action = {.sa_handler = note};
    sigset_t blocked;
    sigemptyset(&blocked);
    for (size_t i = 0; i < SIGNALS; ++i) {
        sigaddset(&blocked, signals[i]);
        sigaction(signals[i], &action, &crew->actions[i]);
    }
    sigprocmask(SIG_BLOCK, &blocked, &crew->mask);
}

static void release_signals(const rnl_crew *crew)
{
    for (size_t i = 0; i < SIGNALS; ++i)
        sigaction(signals[i], &crew->actions[i], NULL);
    sigprocmask(SIG_SETMASK, &crew->mask, NULL);
}

/* What a launcher has told this process makes no rank of another. */
static bool make_environment(rnl_crew *crew)
{
    size_t count = 0;
    while (environ[count])
        ++count;
    crew->environment = calloc(count + 2, sizeof *crew->environment);
    if (!crew->environment)
        return false;
    crew->environment[0] = "RUNNEL_MPI=none";
    memcpy(crew->environment + 1, environ, count * sizeof *environ);
    return true;
}

/* Several parts have the same core where there are more of them than cores. */
static void place_on(rnl_crew *crew, const rnl_cores *cores, rnl_core_share share)
{
    const size_t all = share.parts * crew->count, number = share.part * crew->count;
    const size_t most = all < cores->count ? all : cores->count;
    for (size_t i = 0; i < crew->count; ++i)
        crew->places[i].cpus = rnl_cores_part(cores, (number + i) % most, most);
}

rnl_crew *rnl_crew_open(size_t places, rnl_core_share share)
{
    rnl_cores *cores = malloc(sizeof *cores);
    rnl_crew *crew = calloc(1, sizeof *crew + places * sizeof *crew->places);
    if (!cores || !crew || !rnl_cores_read(cores) || !make_environment(crew)) {
        free(cores);
        free(crew);
        rnl_complain_memory();
        return NULL;
    }
    crew->count = places;
    place_on(crew, cores, share);
    catch_signals(crew);
    free(cores);
    return crew;
}

void rnl_crew_close(rnl_crew *crew)
{
    if (!crew)
        return;
    release_signals(crew);
    free(crew->environment);
    free(crew);
}

size_t rnl_crew_idle(const rnl_crew *crew)
{
    size_t idle = 0;
    for (size_t i = 0; i < crew->count; ++i)
        idle += crew->places[i].process == 0;
    return idle;
}

/* A signal that came since the fork ends the child; this process' handler would lose it. */
static void forget_signals(const rnl_crew *crew)
{
    for (size_t i = 0; i < SIGNALS; ++i)
        signal(signals[i], SIG_DFL);
    sigprocmask(SIG_SETMASK, &crew->mask, NULL);
}

/* The child until it is another program.  It does not outlive this process, and holds no
 * connection of it open. */
static _Noreturn void become(const rnl_crew *crew, const place *p, const char *const *words,
                             const char *log, pid_t parent)
{
    const int file = open(log, O_WRONLY | O_CREAT | O_APPEND, 0666);
    const bool ready = prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent &&
                       sched_setaffinity(0, sizeof p->cpus, &p->cpus) == 0 && file >= 0 &&
                       dup2(file, STDOUT_FILENO) >= 0 && dup2(file, STDERR_FILENO) >= 0;
    forget_signals(crew);
    if (ready) {
        close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
        execve("/proc/self/exe", (char *const *)(uintptr_t)words,
               (char *const *)(uintptr_t)crew->environment);
    }
    _exit(127);
}

bool rnl_crew_start(rnl_crew *crew, const char *const *words, const char *log, size_t number)
{
    place *p = crew->places;
    while (p->process)
        ++p;
    const pid_t parent = getpid(), child = fork();
    if (child == 0)
        become(crew, p, words, log, parent);
    if (child < 0) {
        rnl_complain("cannot start a process: %s", strerror(errno));
        return false;
    }
    p->process = child;
    p->number = number;
    return true;
}

void rnl_crew_stop(const rnl_crew *crew)
{
    for (size_t i = 0; i < crew->count; ++i)
        if (crew->places[i].process)
            kill(crew->places[i].process, SIGTERM);
}

static int code_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* True if a process of the crew had ended. */
static bool reap_one(rnl_crew *crew, size_t *number, int *exit_code)
{
    for (size_t i = 0; i < crew->count; ++i) {
        place *p = &crew->places[i];
        int status;
        if (!p->process || waitpid(p->process, &status, WNOHANG) != p->process)
            continue;
        p->process = 0;
        *number = p->number;
        *exit_code = code_of(status);
        return true;
    }
    return false;
}

bool rnl_crew_wait(rnl_crew *crew, bool briefly, size_t *number, int *exit_code)
{
    const struct timespec moment = {.tv_nsec = 20000000};
    if (reap_one(crew, number, exit_code))
        return true;
    if (briefly)
        ppoll(NULL, 0, &moment, &crew->mask);
    else
        sigsuspend(&crew->mask);
    return false;
}

int rnl_crew_interrupted(void)
{
    return received;
}
