#include "benchmarks/conditions.h"

#include "benchmarks/samples.h"
#include "threading/quota.h"

#include <math.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Shares of stolen time, and of the frequency's change, that count as a disturbance. */
static const double stolen_share = 0.01, drift = 0.03;

/* ---- what files tell ------------------------------------------------------------------------- */

/* The first line of a file, or `otherwise`. */
static void read_line(char *text, size_t size, const char *path, const char *otherwise)
{
    FILE *in = fopen(path, "r");
    if (!in || !fgets(text, (int)size, in))
        snprintf(text, size, "%s", otherwise);
    text[strcspn(text, "\n")] = '\0';
    if (in)
        fclose(in);
}

static void read_processor(rnl_conditions *c)
{
    char line[2048];
    FILE *in = fopen("/proc/cpuinfo", "r");
    snprintf(c->processor, sizeof c->processor, "unknown");
    while (in && fgets(line, sizeof line, in)) {
        const char *value = strchr(line, ':');
        if (value && strncmp(line, "model name", 10) == 0)
            snprintf(c->processor, sizeof c->processor, "%.*s", (int)strcspn(value + 2, "\n"),
                     value + 2);
        else if (value && strncmp(line, "flags", 5) == 0)
            c->virtual_machine = strstr(value, " hypervisor") != NULL;
    }
    if (in)
        fclose(in);
}

/* "always [madvise] never": the word in brackets. */
static void read_huge_pages(rnl_conditions *c)
{
    char line[64];
    read_line(line, sizeof line, "/sys/kernel/mm/transparent_hugepage/enabled", "[unknown]");
    const char *open = strchr(line, '[');
    snprintf(c->huge_pages, sizeof c->huge_pages, "%.*s", open ? (int)strcspn(open + 1, "]") : 7,
             open ? open + 1 : "unknown");
}

static const char *switch_name(const char *path, const char *on, const char *off)
{
    char line[16];
    read_line(line, sizeof line, path, "");
    return strcmp(line, on) == 0 ? "on" : strcmp(line, off) == 0 ? "off" : NULL;
}

static void read_switches(rnl_conditions *c)
{
    const char *boost = switch_name("/sys/devices/system/cpu/cpufreq/boost", "1", "0");
    if (!boost)
        boost = switch_name("/sys/devices/system/cpu/intel_pstate/no_turbo", "0", "1");
    const char *smt = switch_name("/sys/devices/system/cpu/smt/active", "1", "0");
    snprintf(c->turbo, sizeof c->turbo, "%s", boost ? boost : "unknown");
    snprintf(c->smt, sizeof c->smt, "%s", smt ? smt : "unknown");
    read_line(c->governor, sizeof c->governor,
              "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "unknown");
}

/* "0-3,8" */
static void read_allowed(rnl_conditions *c)
{
    char line[256];
    FILE *in = fopen("/proc/self/status", "r");
    snprintf(c->allowed, sizeof c->allowed, "unknown");
    while (in && fgets(line, sizeof line, in))
        if (strncmp(line, "Cpus_allowed_list:", 18) == 0)
            snprintf(c->allowed, sizeof c->allowed, "%.*s", (int)strcspn(line + 19, "\n"),
                     line + 19);
    if (in)
        fclose(in);
}

/* Ticks since the machine started: of all processors, and those of them that a hypervisor gave to
 * others, or that some process used. */
static void read_ticks(rnl_ticks *ticks)
{
    double fields[8] = {0};
    char line[256];
    read_line(line, sizeof line, "/proc/stat", "");
    const int count =
        sscanf(line, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &fields[0], &fields[1], &fields[2],
               &fields[3], &fields[4], &fields[5], &fields[6], &fields[7]);
    *ticks = (rnl_ticks){.stolen = fields[7]};
    for (int i = 0; i < count; ++i)
        ticks->all += fields[i];
    ticks->used = ticks->all - fields[3] - fields[4] - fields[7];
}

/* ---- a look ---------------------------------------------------------------------------------- */

/* Integers are multiplied in 3 cycles. */
void rnl_clock_chain(void)
{
    uint64_t x = 3;
    for (size_t i = 0; i < (size_t)(RNL_CLOCK_CHAIN_CYCLES / 3 / 8); ++i)
        __asm__ volatile("imul %0, %0\n imul %0, %0\n imul %0, %0\n imul %0, %0\n"
                         "imul %0, %0\n imul %0, %0\n imul %0, %0\n imul %0, %0\n"
                         : "+r"(x));
}

/* Cycles per second of the core that runs this. */
static double clock_rate(void)
{
    enum { TRIES = 20 };
    double best = INFINITY;
    for (size_t i = 0; i < TRIES; ++i) {
        const double start = rnl_seconds();
        rnl_clock_chain();
        best = fmin(best, rnl_seconds() - start);
    }
    return RNL_CLOCK_CHAIN_CYCLES / best;
}

void rnl_conditions_read(rnl_conditions *c)
{
    *c = (rnl_conditions){.processors = (size_t)sysconf(_SC_NPROCESSORS_ONLN)};
    read_processor(c);
    read_huge_pages(c);
    read_switches(c);
    read_allowed(c);
    if (getloadavg(c->load, 3) != 3)
        memset(c->load, 0, sizeof c->load);
    c->quota = rnl_quota_read("/sys/fs/cgroup", "/proc/self/cgroup");
    c->gigahertz = clock_rate() / 1e9;
    snprintf(c->frequency, sizeof c->frequency, "%.2f GHz, governor %s, turbo %s, SMT %s",
             c->gigahertz, c->governor, c->turbo, c->smt);
    read_ticks(&c->ticks);
    c->processor_seconds = rnl_processor_seconds();
    rnl_neighbours_read(&c->neighbours);
    c->begun = rnl_seconds();
}

void rnl_conditions_release(rnl_conditions *c)
{
    rnl_neighbours_release(&c->neighbours);
}

/* ---- what disturbed -------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void say(rnl_disturbances *d, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(d->lines[d->count++], RNL_DISTURBANCE_SIZE, format, values);
    va_end(values);
}

/* Returns the processors' seconds of the others, as the machine counts them. */
static double say_neighbours(rnl_disturbances *d, const rnl_conditions *then,
                             const rnl_ticks *ticks)
{
    rnl_neighbours now;
    rnl_neighbours_read(&now);
    const rnl_busiest busiest = rnl_neighbours_busiest(&then->neighbours, &now);
    rnl_neighbours_release(&now);
    const double used = (ticks->used - then->ticks.used) / (double)sysconf(_SC_CLK_TCK);
    const double others = used - (rnl_processor_seconds() - then->processor_seconds);
    d->count += rnl_neighbours_describe(d->lines[d->count], RNL_DISTURBANCE_SIZE, &busiest, others,
                                        fmax(rnl_seconds() - then->begun, 1e-3));
    return others;
}

void rnl_conditions_disturbances(const rnl_conditions *then, rnl_disturbances *found)
{
    rnl_ticks ticks;
    *found = (rnl_disturbances){.count = 0};
    read_ticks(&ticks);
    const double all = fmax(ticks.all - then->ticks.all, 1);
    const double taken = (ticks.stolen - then->ticks.stolen) / all;
    const double rate = clock_rate() / 1e9;
    const double others = say_neighbours(found, then, &ticks) * (double)sysconf(_SC_CLK_TCK) / all;
    found->share = fmin(fmax(others, 0) + taken, 1);
    if (taken > stolen_share)
        say(found, "the hypervisor gave %.1f %% of the processors' time to others", 100 * taken);
    if (fabs(rate / then->gigahertz - 1) > drift)
        say(found, "the frequency of a core moved from %.2f to %.2f GHz", then->gigahertz, rate);
    if (then->quota > 0 && then->quota < (double)then->processors)
        say(found, "a control group allows %.2f of %zu processors", then->quota, then->processors);
    if (strcmp(then->governor, "unknown") != 0 && strcmp(then->governor, "performance") != 0)
        say(found, "the frequency is governed by '%s': 'performance' is steadier", then->governor);
}
