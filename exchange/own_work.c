#include "exchange/own_work.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static double read_clock(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The state behind the name, which may hold brackets. */
static bool waits_for_disk(const char *thread)
{
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/self/task/%.20s/stat", thread);
    FILE *file = fopen(path, "re");
    const bool read = file && fgets(line, sizeof line, file);
    if (file)
        fclose(file);
    const char *name_end = read ? strrchr(line, ')') : NULL;
    return name_end && strncmp(name_end, ") D", 3) == 0;
}

/* True where nobody can tell. */
static bool any_waits_for_disk(void)
{
    DIR *threads = opendir("/proc/self/task");
    bool waits = !threads;
    for (struct dirent *entry; !waits && (entry = readdir(threads));)
        waits = entry->d_name[0] != '.' && waits_for_disk(entry->d_name);
    if (threads)
        closedir(threads);
    return waits;
}

bool rnl_own_work_goes_on(rnl_own_work *work)
{
    static const double least = 1e-4, most_seconds = 1;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    const rnl_own_work now = {
        .at = read_clock(CLOCK_MONOTONIC),
        .processor = read_clock(CLOCK_PROCESS_CPUTIME_ID) - read_clock(CLOCK_THREAD_CPUTIME_ID),
        .blocks = usage.ru_inblock + usage.ru_oublock + usage.ru_majflt,
    };
    const rnl_own_work before = *work;
    const double gap = now.at - before.at, counted = gap < most_seconds ? gap : most_seconds;
    *work = now;
    return now.processor - before.processor >= least * counted || now.blocks != before.blocks ||
           any_waits_for_disk();
}
