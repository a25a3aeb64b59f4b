#include "benchmarks/bench_report.h"

#include "benchmarks/bench_formats.h"
#include "benchmarks/revision.h"
#include "runnel/runnel.h"
#include "simd/kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Wider intervals of the median, as a share of it, are warned about. */
#define NOISE 0.05

static void add_counter(rnl_bench_result *result, const char *name, double value, size_t needed)
{
    if (result->counter_count == RNL_MAX_COUNTERS)
        return;
    rnl_counter *added = &result->counters[result->counter_count++];
    *added = (rnl_counter){.value = value, .needed = needed};
    snprintf(added->name, sizeof added->name, "%s", name);
}

void rnl_bench_result_count(rnl_bench_result *result, const char *name, double value)
{
    add_counter(result, name, value, 0);
}

void rnl_bench_result_count_of(rnl_bench_result *result, const char *name, double value,
                               size_t needed)
{
    const bool known = result->repetitions >= needed;
    add_counter(result, name, known ? value : (double)NAN, known ? 0 : needed);
}

/* ---- the table ------------------------------------------------------------------------------- */

/* "115.3 us" */
static void print_seconds(double seconds)
{
    const char *unit = rnl_time_unit(&seconds);
    printf(" %7.4g %-2s", seconds, unit);
}

/* The interval of the counter before it: "x (0.98 to 1.02)" of x, x_low and x_high. */
static bool print_bound(const rnl_counter *counter)
{
    const size_t length = strlen(counter->name);
    if (length > 4 && strcmp(counter->name + length - 4, "_low") == 0)
        printf(" (%.4g", counter->value);
    else if (length > 5 && strcmp(counter->name + length - 5, "_high") == 0)
        printf(" to %.4g)", counter->value);
    else
        return false;
    return true;
}

static void print_counter(const rnl_bench_result *r, const rnl_counter *counter)
{
    if (print_bound(counter))
        return;
    if (counter->needed > 0)
        printf("  %s - (%zu of %zu samples)", counter->name, r->repetitions, counter->needed);
    else if (isnan(counter->value))
        printf("  %s -", counter->name);
    else if (strncmp(counter->name, "share", 5) == 0)
        printf("  %s %.1f %%", counter->name, 100 * counter->value);
    else
        printf("  %s %.4g", counter->name, counter->value);
}

static void print_line(const rnl_bench_result *r)
{
    printf("%-56s", r->name);
    if (r->seconds.median > 0) {
        print_seconds(r->seconds.median);
        printf(" +- %4.1f %%  best", 100 * rnl_spread_width(&r->seconds));
        print_seconds(r->seconds.best);
    }
    for (size_t i = 0; i < r->counter_count; ++i)
        print_counter(r, &r->counters[i]);
    if (r->label[0])
        printf("  %s", r->label);
    putchar('\n');
    fflush(stdout);
}

static void print_conditions(const rnl_conditions *c)
{
    printf("# %s%s, %s\n# %zu processors, allowed %s, quota ", c->processor,
           c->virtual_machine ? " (virtual machine)" : "", c->frequency, c->processors, c->allowed);
    if (c->quota > 0)
        printf("%.2f", c->quota);
    else
        printf("none");
    printf(", load %.2f, huge pages %s\n# Runnel %s (%s), %s, %s\n", c->load[0], c->huge_pages,
           rnl_version(), RNL_REVISION, "own products", rnl_isa_name(rnl_isa_detect()));
    fflush(stdout);
}

/* ---- the report ------------------------------------------------------------------------------ */

void rnl_bench_report_begin(rnl_bench_report *report, rnl_bench_format format)
{
    *report = (rnl_bench_report){.format = format};
    rnl_conditions_read(&report->conditions);
    if (format == RNL_BENCH_TABLE)
        print_conditions(&report->conditions);
}

static const rnl_samples *copy(const rnl_samples *samples)
{
    rnl_samples *made = samples ? rnl_demand(calloc(1, sizeof *made)) : NULL;
    for (size_t i = 0; samples && i < samples->count; ++i)
        rnl_samples_add(made, samples->values[i]);
    return made;
}

static void release(const rnl_samples *samples)
{
    rnl_samples *owned = (rnl_samples *)samples;
    if (owned)
        rnl_samples_release(owned);
    free(owned);
}

void rnl_bench_report_add(rnl_bench_report *report, const rnl_bench_result *result)
{
    if (report->count == report->capacity) {
        report->capacity = 2 * report->capacity + 32;
        report->results =
            rnl_demand(realloc(report->results, report->capacity * sizeof *report->results));
    }
    rnl_bench_result *kept = &report->results[report->count++];
    *kept = *result;
    kept->rounds = copy(result->rounds);
    kept->processor_rounds = copy(result->processor_rounds);
    report->noisy |= result->seconds.median > 0 && rnl_spread_width(&result->seconds) > NOISE;
    if (report->format == RNL_BENCH_TABLE)
        print_line(result);
}

void rnl_bench_report_finish(rnl_bench_report *report)
{
    rnl_disturbances found;
    rnl_conditions_disturbances(&report->conditions, &found);
    if (report->format == RNL_BENCH_JSON)
        rnl_bench_print_json(report, &found);
    else if (report->format == RNL_BENCH_CSV)
        rnl_bench_print_csv(report);
    for (size_t i = 0; i < found.count; ++i)
        fprintf(stderr, "warning: %s\n", found.lines[i]);
    if (report->noisy)
        fprintf(stderr, "warning: the machine is noisy: intervals wider than +- %.0f %%\n",
                100 * NOISE);
    for (size_t i = 0; i < report->count; ++i) {
        release(report->results[i].rounds);
        release(report->results[i].processor_rounds);
    }
    free(report->results);
    rnl_conditions_release(&report->conditions);
    *report = (rnl_bench_report){.format = report->format};
}
