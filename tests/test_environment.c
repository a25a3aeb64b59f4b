/*
 * The team in any environment: the OpenMP runtime reads its variables when a program is loaded, so
 * the tests start this program again, as "test_environment --probe THREADS auto|on|off", which runs
 * one team and prints what it found.  "inside" runs it in one of two threads of a parallel region.
 */
#include "tests/roll_call.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int run_probe(size_t threads, const char *pin)
{
    const rnl_pinning pinning = strcmp(pin, "on") == 0    ? RNL_PINNING_ON
                                : strcmp(pin, "off") == 0 ? RNL_PINNING_OFF
                                                          : RNL_PINNING_AUTO;
    char problem[300];
    const cpu_set_t before = own_affinity();
    const int inner_before = omp_get_max_threads();
    rnl_placement placement = place(threads, pinning);
    roll r = {0};
    if (!rnl_team_run(&placement, enrol, &r, problem, sizeof problem)) {
        printf("refused: %s, %zu ran\n", problem, count_entered(&r));
        rnl_placement_release(&placement);
        return 0;
    }
    cpu_set_t all;
    CPU_ZERO(&all);
    size_t single = 0;
    int most = 0;
    for (size_t w = 0; w < placement.workers; ++w) {
        CPU_OR(&all, &all, &r.affinity[w]);
        single += r.inner_threads[w] == 1;
        if (CPU_COUNT(&r.affinity[w]) > most)
            most = CPU_COUNT(&r.affinity[w]);
    }
    const cpu_set_t after = own_affinity();
    printf("%zu workers ran, %zu with one thread, on %d processors, at most %d each, %s\n",
           count_entered(&r), single, CPU_COUNT(&all), most,
           CPU_EQUAL(&before, &after) && omp_get_max_threads() == inner_before ? "restored"
                                                                               : "not restored");
    rnl_placement_release(&placement);
    return 0;
}

typedef struct probe {
    const char *variable, *value; /* of the environment, NULL for none */
    const char *threads, *pin;
    const cpu_set_t *affinity; /* NULL for the test's own */
} probe;

/* What the tests set, and what else changes the number of threads or their places. */
static const char *const openmp_variables[] = {
    "OMP_DYNAMIC",    "OMP_NUM_THREADS",  "OMP_MAX_ACTIVE_LEVELS", "OMP_NESTED",
    "OMP_PROC_BIND",  "OMP_PLACES",       "GOMP_CPU_AFFINITY",     "OMP_WAIT_POLICY",
    "GOMP_SPINCOUNT", "OMP_THREAD_LIMIT",
};

static void become_probe(const probe *p, const int *ends)
{
    unsetenv("BXFI_MAP"); /* by which Criterion makes this program run one test */
    for (size_t i = 0; i < COUNT(openmp_variables); ++i)
        unsetenv(openmp_variables[i]);
    if (p->variable)
        setenv(p->variable, p->value, 1);
    if (p->affinity)
        sched_setaffinity(0, sizeof *p->affinity, p->affinity);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    execl("/proc/self/exe", "test_environment", "--probe", p->threads, p->pin, NULL);
    _exit(127);
}

/* The line that the probe printed, in one of two buffers in turn. */
static const char *ask_probe(probe p)
{
    static char lines[2][400];
    static unsigned turn;
    char *line = lines[turn++ % 2];
    int ends[2], status;
    cr_assert_eq(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0)
        become_probe(&p, ends);
    close(ends[1]);
    FILE *answer = fdopen(ends[0], "r");
    cr_assert(answer && fgets(line, sizeof lines[0], answer), "no answer");
    fclose(answer);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    return line;
}

Test(environment, neither_shrinks_nor_squeezes_the_team)
{
    static const char *const variables[][2] = {
        {"OMP_DYNAMIC", "true"},    {"OMP_NUM_THREADS", "1"},   {"OMP_MAX_ACTIVE_LEVELS", "0"},
        {"OMP_PROC_BIND", "true"},  {"OMP_PROC_BIND", "close"}, {"OMP_PROC_BIND", "spread"},
        {"OMP_PLACES", "cores"},    {"OMP_PLACES", "threads"},  {"OMP_WAIT_POLICY", "passive"},
        {"OMP_NUM_THREADS", "100"},
    };
    static const char *const threads[] = {"0", "1", "2", "5", "16"};
    static const char *const pins[] = {"auto", "on", "off"};
    for (size_t t = 0; t < COUNT(threads); ++t)
        for (size_t p = 0; p < COUNT(pins); ++p) {
            char plain[400];
            strcpy(plain, ask_probe((probe){.threads = threads[t], .pin = pins[p]}));
            cr_assert(strstr(plain, " workers ran") && strstr(plain, ", restored"), "%s", plain);
            for (size_t v = 0; v < COUNT(variables); ++v)
                cr_expect_str_eq(
                    ask_probe((probe){variables[v][0], variables[v][1], threads[t], pins[p], NULL}),
                    plain, "%s=%s", variables[v][0], variables[v][1]);
        }
}

Test(environment, limits_are_named_when_they_refuse)
{
    const char *line = ask_probe((probe){"OMP_THREAD_LIMIT", "1", "4", "auto", NULL});
    cr_expect(strstr(line, "refused: 4 workers asked for") && strstr(line, "only 1 ") &&
                  strstr(line, "OMP_THREAD_LIMIT") && strstr(line, ", 0 ran"),
              "%s", line);
    line = ask_probe((probe){"OMP_THREAD_LIMIT", "1", "1", "auto", NULL});
    cr_expect_eq(strncmp(line, "1 workers ran, 1 with one thread", 32), 0, "%s", line);
    line = ask_probe((probe){"OMP_THREAD_LIMIT", "4", "4", "auto", NULL});
    cr_expect_eq(strncmp(line, "4 workers ran, 4 with one thread", 32), 0, "%s", line);
}

/* A team inside of a region of the application is not a part of it. */
Test(environment, a_region_of_the_application_takes_nothing_away)
{
    const char *line = ask_probe((probe){"OMP_THREAD_LIMIT", "4", "4", "inside", NULL});
    cr_expect_eq(strncmp(line, "4 workers ran, 4 with one thread", 32), 0, "%s", line);
}

Test(environment, processors_given_to_the_process_are_all_that_it_uses)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first_processor(), &one);
    static const char *const binds[] = {"false", "true"};
    for (size_t b = 0; b < COUNT(binds); ++b) {
        cr_expect_str_eq(ask_probe((probe){"OMP_PROC_BIND", binds[b], "0", "auto", &one}),
                         "1 workers ran, 1 with one thread, on 1 processors, at most 1 each, "
                         "restored\n");
        cr_expect_str_eq(ask_probe((probe){"OMP_PROC_BIND", binds[b], "16", "auto", &one}),
                         "16 workers ran, 16 with one thread, on 1 processors, at most 1 each, "
                         "restored\n");
    }
    char place_list[40];
    snprintf(place_list, sizeof place_list, "{%u}", first_processor());
    cr_expect_str_eq(ask_probe((probe){"OMP_PLACES", place_list, "0", "auto", NULL}),
                     "1 workers ran, 1 with one thread, on 1 processors, at most 1 each, "
                     "restored\n");
}

static int run_probe_inside(size_t threads)
{
    int status = 0;
#pragma omp parallel num_threads(2)
    {
        if (omp_get_thread_num() == 0)
            status = run_probe(threads, "off");
    }
    return status;
}

int main(int count, char **arguments)
{
    if (count == 4 && strcmp(arguments[1], "--probe") == 0)
        return strcmp(arguments[3], "inside") == 0
                   ? run_probe_inside(strtoul(arguments[2], NULL, 10))
                   : run_probe(strtoul(arguments[2], NULL, 10), arguments[3]);
    struct criterion_test_set *tests = criterion_initialize();
    const int status =
        criterion_handle_args(count, arguments, true) && !criterion_run_all_tests(tests);
    criterion_finalize(tests);
    return status;
}
