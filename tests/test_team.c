/*
 * The team of workers: that it has the size asked for, each worker where and as it should be, and
 * that the application is left as it was.
 */
#include "tests/roll_call.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

static const size_t worker_counts[] = {1, 2, 3, 4, 8, 16};

static char problem[300];

/* The application's own regions have the threads that they ask for, whatever the environment says.
 */
static void enter(void)
{
    omp_set_dynamic(0);
    omp_set_max_active_levels(2);
}

TestSuite(team, .init = enter);

Test(team, has_exactly_the_workers_asked_for)
{
    for (size_t i = 0; i < COUNT(worker_counts); ++i) {
        roll r = {0};
        const size_t workers = worker_counts[i];
        cr_assert(run(workers, RNL_PINNING_AUTO, enrol, &r, problem, sizeof problem), "%s",
                  problem);
        cr_expect_eq(count_entered(&r), workers);
        for (size_t w = 0; w < workers; ++w)
            cr_expect_not(pthread_equal(r.thread[w], pthread_self()), "worker %zu", w);
        for (size_t w = 0; w < workers; ++w) {
            cr_expect_eq(atomic_load(&r.entered[w]), 1);
            cr_expect_eq(r.count[w], workers);
            cr_expect_eq(r.inner_threads[w], 1, "worker %zu of %zu", w, workers);
            cr_expect_eq(r.mxcsr[w] & 0xffc0u, 0x9fc0u, "worker %zu: %x", w, r.mxcsr[w]);
            for (size_t v = 0; v < w; ++v)
                cr_expect_not(pthread_equal(r.thread[v], r.thread[w]));
        }
    }
}

Test(team, is_bound_where_the_placement_says)
{
    rnl_placement placement = place(5, RNL_PINNING_ON);
    roll r = {0};
    cr_assert(rnl_team_run(&placement, enrol, &r, problem, sizeof problem), "%s", problem);
    for (size_t w = 0; w < 5; ++w) {
        cr_expect_eq(CPU_COUNT(&r.affinity[w]), 1);
        cr_expect(CPU_ISSET(placement.processors[w], &r.affinity[w]));
    }
    rnl_placement_release(&placement);
}

Test(team, has_the_affinity_of_its_caller_if_not_pinned)
{
    /* Some runtimes keep their threads: those of the first team were bound, then given back. */
    roll r = {0};
    cr_assert(run(4, RNL_PINNING_ON, enrol, &r, problem, sizeof problem), "%s", problem);
    const cpu_set_t own = own_affinity();
    cr_assert(run(4, RNL_PINNING_OFF, enrol, &r, problem, sizeof problem), "%s", problem);
    for (size_t w = 0; w < 4; ++w)
        cr_expect(CPU_EQUAL(&own, &r.affinity[w]), "worker %zu", w);
}

Test(team, forms_inside_a_parallel_region_of_the_application)
{
    roll rolls[2] = {0};
    rnl_placement placement = place(3, RNL_PINNING_OFF);
    bool ran[2] = {false, false};
    char problems[2][300];
#pragma omp parallel num_threads(2)
    {
        const int i = omp_get_thread_num();
        ran[i] = rnl_team_run(&placement, enrol, &rolls[i], problems[i], sizeof problems[i]);
    }
    rnl_placement_release(&placement);
    for (size_t i = 0; i < 2; ++i) {
        cr_expect(ran[i], "%s", problems[i]);
        cr_expect_eq(count_entered(&rolls[i]), 3);
    }
}

/* ---- guests leave no trace ----------------------------------------------------------------- */

/* The state of the application's own OpenMP threads. */
typedef struct pool {
    pthread_t thread[4];
    cpu_set_t affinity[4];
    unsigned mxcsr[4];
    int inner_threads;
} pool;

static pool observe_pool(void)
{
    pool p = {.inner_threads = omp_get_max_threads()};
#pragma omp parallel num_threads(4)
    {
        const int i = omp_get_thread_num();
        p.thread[i] = pthread_self();
        p.affinity[i] = own_affinity();
        p.mxcsr[i] = _mm_getcsr();
    }
    return p;
}

/* Round down, up, to zero, to nearest; each on a processor of its own as far as they go. */
static void disturb_pool(void)
{
    rnl_placement placement = place(4, RNL_PINNING_ON);
#pragma omp parallel num_threads(4)
    {
        const int i = omp_get_thread_num();
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(placement.processors[3 - i], &set);
        pthread_setaffinity_np(pthread_self(), sizeof set, &set);
        _mm_setcsr(0x1f80u | (unsigned)(i + 1) % 4 << 13);
    }
    rnl_placement_release(&placement);
}

static void expect_same_pool(const pool *before)
{
    const pool after = observe_pool();
    for (size_t i = 0; i < 4; ++i) {
        cr_assert(pthread_equal(before->thread[i], after.thread[i]), "not the same threads");
        cr_expect(CPU_EQUAL(&before->affinity[i], &after.affinity[i]), "thread %zu", i);
        cr_expect_eq(before->mxcsr[i], after.mxcsr[i], "thread %zu: %x, then %x", i,
                     before->mxcsr[i], after.mxcsr[i]);
    }
    cr_expect_eq(before->inner_threads, after.inner_threads);
}

static void expect_untouched(const rnl_placement *placement, const pool *before)
{
    omp_set_dynamic(1);
    omp_set_max_active_levels(5);
    roll r = {0};
    cr_assert(rnl_team_run(placement, enrol, &r, problem, sizeof problem), "%s", problem);
    cr_expect_eq(omp_get_dynamic(), 1);
    cr_expect_eq(omp_get_max_active_levels(), 5);
    omp_set_dynamic(0);
    expect_same_pool(before);
}

Test(team, leaves_the_threads_of_the_application_as_they_were)
{
    omp_set_num_threads(3);
    rnl_placement placement = place(4, RNL_PINNING_ON);
    disturb_pool();
    const pool before = observe_pool();
    cr_assert_eq(before.inner_threads, 3);
    cr_assert_neq(before.mxcsr[0], before.mxcsr[1]);
    expect_untouched(&placement, &before);
    placement.pinned = false;
    expect_untouched(&placement, &before);
    rnl_placement_release(&placement);
}

/* ---- signals ------------------------------------------------------------------------------- */

typedef struct masks {
    sigset_t of_worker[4];
} masks;

static void read_mask(rnl_worker *worker, void *context)
{
    masks *m = context;
    pthread_sigmask(SIG_SETMASK, NULL, &m->of_worker[worker->index]);
}

Test(team, takes_no_signals)
{
    static const int blocked[] = {SIGINT, SIGTERM, SIGALRM, SIGUSR1, SIGPROF, SIGCHLD};
    masks m;
    sigset_t own;
    cr_assert(run(4, RNL_PINNING_AUTO, read_mask, &m, problem, sizeof problem), "%s", problem);
    for (size_t w = 0; w < 4; ++w) {
        for (size_t i = 0; i < COUNT(blocked); ++i)
            cr_expect(sigismember(&m.of_worker[w], blocked[i]) == 1, "worker %zu", w);
        cr_expect_not(sigismember(&m.of_worker[w], SIGSEGV) == 1, "worker %zu", w);
    }
    pthread_sigmask(SIG_SETMASK, NULL, &own);
    for (size_t i = 0; i < COUNT(blocked); ++i)
        cr_expect_not(sigismember(&own, blocked[i]) == 1);
}

/* ---- refusals ------------------------------------------------------------------------------ */

Test(team, that_cannot_be_bound_runs_nothing)
{
    unsigned processors[] = {0, 8000}, nodes[] = {0, 0};
    const rnl_placement placement = {
        .workers = 2, .pinned = true, .processors = processors, .numa_nodes = nodes};
    const cpu_set_t own = own_affinity();
    processors[0] = first_processor();
    roll r = {0};
    cr_assert_not(rnl_team_run(&placement, enrol, &r, problem, sizeof problem));
    cr_expect_eq(count_entered(&r), 0);
    cr_expect(strstr(problem, "worker 1") && strstr(problem, "8000"), "%s", problem);
    const cpu_set_t after = own_affinity();
    cr_expect(CPU_EQUAL(&own, &after));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* they need address space */
Test(team, that_the_system_refuses_runs_nothing)
{
    const struct rlimit tight = {256u << 20, 256u << 20};
    rnl_placement placement = place(500, RNL_PINNING_OFF);
    cr_assert_eq(setrlimit(RLIMIT_AS, &tight), 0);
    roll r = {0};
    cr_assert_not(rnl_team_run(&placement, enrol, &r, problem, sizeof problem));
    cr_expect_eq(count_entered(&r), 0);
    cr_expect(strstr(problem, "500 workers"), "%s", problem);
    rnl_placement_release(&placement);
}
#endif
