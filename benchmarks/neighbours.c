#include "benchmarks/neighbours.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Shares of a processor from which others disturb: named ones, and ticks of the machine, which are
 * coarse. */
static const double busy = 0.05, ticking = 0.1;
static const double shortest = 0.2; /* seconds, for the clock ticks of others */

/* Fields 14 and 15 of stat: user and system time; the name before them may hold anything. */
static double seconds_of(long process, char *name, size_t size)
{
    char path[64], text[1024];
    unsigned long user, kernel;
    snprintf(path, sizeof path, "/proc/%ld/stat", process);
    FILE *in = fopen(path, "r");
    if (!in)
        return -1;
    const size_t length = fread(text, 1, sizeof text - 1, in);
    fclose(in);
    text[length] = '\0';
    const char *open = strchr(text, '('), *close = strrchr(text, ')');
    if (!open || !close || close < open ||
        sscanf(close + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel) !=
            2)
        return -1;
    snprintf(name, size, "%.*s", (int)(close - open - 1), open + 1);
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static int by_process(const void *a, const void *b)
{
    const long x = ((const rnl_neighbour *)a)->process, y = ((const rnl_neighbour *)b)->process;
    return (x > y) - (x < y);
}

static void add(rnl_neighbours *neighbours, size_t *capacity, rnl_neighbour one)
{
    if (neighbours->count == *capacity) {
        const size_t more = 2 * *capacity + 64;
        rnl_neighbour *items = realloc(neighbours->items, more * sizeof *items);
        if (!items)
            return;
        neighbours->items = items;
        *capacity = more;
    }
    neighbours->items[neighbours->count++] = one;
}

void rnl_neighbours_read(rnl_neighbours *neighbours)
{
    size_t capacity = 0;
    char name[32];
    DIR *directory = opendir("/proc");
    *neighbours = (rnl_neighbours){0};
    for (const struct dirent *entry; directory && (entry = readdir(directory));) {
        const long process = strtol(entry->d_name, NULL, 10);
        const double seconds =
            process > 0 && process != getpid() ? seconds_of(process, name, sizeof name) : -1;
        if (seconds >= 0)
            add(neighbours, &capacity, (rnl_neighbour){process, seconds});
    }
    if (directory)
        closedir(directory);
    if (neighbours->count > 0)
        qsort(neighbours->items, neighbours->count, sizeof *neighbours->items, by_process);
}

void rnl_neighbours_release(rnl_neighbours *neighbours)
{
    free(neighbours->items);
    *neighbours = (rnl_neighbours){0};
}

rnl_busiest rnl_neighbours_busiest(const rnl_neighbours *before, const rnl_neighbours *after)
{
    rnl_busiest busiest = {0};
    for (size_t i = 0; i < after->count; ++i) {
        const rnl_neighbour *now = &after->items[i];
        const rnl_neighbour *then =
            before->count > 0 ? bsearch(now, before->items, before->count, sizeof *now, by_process)
                              : NULL;
        const double seconds = now->seconds - (then ? then->seconds : 0);
        busiest.all_seconds += seconds > 0 ? seconds : 0;
        if (seconds > busiest.seconds) {
            busiest.seconds = seconds;
            busiest.process = now->process;
        }
    }
    if (busiest.process > 0)
        seconds_of(busiest.process, busiest.name, sizeof busiest.name);
    return busiest;
}

bool rnl_neighbours_describe(char *line, size_t size, const rnl_busiest *busiest, double counted,
                             double seconds)
{
    const double named = busiest->all_seconds / seconds, all = fmax(named, counted / seconds);
    const bool others = counted - busiest->all_seconds > ticking * fmax(seconds, 1);
    if (seconds < shortest || (named <= busy && !others))
        return false;
    const double told = others ? all : named;
    if (named > busy)
        snprintf(line, size, "other processes used %.2f processors, most of all %s (%ld): %.2f",
                 told, busiest->name, busiest->process, busiest->seconds / seconds);
    else
        snprintf(line, size, "other processes, which came and went, used %.2f processors", told);
    return true;
}
