#include "cli/cores.h"

#include <stdio.h>

/* Hardware threads of one core list each other; a CPU of which nothing is known is its own core. */
static int first_sibling(int cpu)
{
    char path[96];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
    FILE *file = fopen(path, "re");
    int first;
    if (!file)
        return cpu;
    const bool read = fscanf(file, "%d", &first) == 1 && first >= 0 && first <= cpu;
    fclose(file);
    return read ? first : cpu;
}

/* The core's number among those that may be used. */
static size_t rank(const rnl_cores *cores, int core)
{
    size_t before = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &cores->cpus) && cores->core_of[cpu] < core) {
            bool counted = false;
            for (int earlier = 0; earlier < cpu && !counted; ++earlier)
                counted = CPU_ISSET(earlier, &cores->cpus) &&
                          cores->core_of[earlier] == cores->core_of[cpu];
            before += !counted;
        }
    return before;
}

bool rnl_cores_read(rnl_cores *cores)
{
    if (sched_getaffinity(0, sizeof cores->cpus, &cores->cpus) != 0)
        return false;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        cores->core_of[cpu] = CPU_ISSET(cpu, &cores->cpus) ? first_sibling(cpu) : cpu;
    cores->count = rank(cores, CPU_SETSIZE);
    return cores->count > 0;
}

cpu_set_t rnl_cores_part(const rnl_cores *cores, size_t part, size_t parts)
{
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &cores->cpus) &&
            rank(cores, cores->core_of[cpu]) * parts / cores->count == part)
            CPU_SET(cpu, &cpus);
    return cpus;
}
