#include "benchmarks/bench_report.h"

#include "engine/product/product.h"
#include "simd/kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Wider intervals of the median, as a share of it, are warned about. */
#define NOISE 0.05

void rnl_bench_result_count(rnl_bench_result *result, const char *name, double value)
{
    result->counters[result->counter_count++] = (rnl_counter){name, value};
}

/* "115.3 us" */
static void print_seconds(double seconds)
{
    static const struct {
        double unit;
        const char *name;
    } units[] = {{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}};
    size_t i = 0;
    while (i < 3 && seconds < units[i].unit)
        ++i;
    printf(" %7.4g %-2s", seconds / units[i].unit, units[i].name);
}

static void print_counter(const rnl_counter *counter)
{
    if (strncmp(counter->name, "share", 5) == 0)
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
        print_counter(&r->counters[i]);
    putchar('\n');
    fflush(stdout);
}

void rnl_bench_report_add(rnl_bench_report *report, const rnl_bench_result *result)
{
    if (report->count == report->capacity) {
        report->capacity = 2 * report->capacity + 32;
        report->results = realloc(report->results, report->capacity * sizeof *report->results);
        if (!report->results) {
            fputs("runnel: out of memory\n", stderr);
            exit(1);
        }
    }
    report->results[report->count++] = *result;
    report->noisy |= result->seconds.median > 0 && rnl_spread_width(&result->seconds) > NOISE;
    if (!report->json)
        print_line(result);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void print_context(void)
{
    char host[64] = "", date[40];
    const time_t now = time(NULL);
    gethostname(host, sizeof host - 1);
    strftime(date, sizeof date, "%FT%T%z", localtime(&now));
    printf(
        "{\n  \"context\": {\n    \"date\": \"%s\",\n    \"host_name\": \"%s\",\n"
        "    \"executable\": \"runnel\",\n    \"num_cpus\": %ld,\n"
        "    \"library_version\": \"%s\",\n    \"products\": \"%s\",\n    \"isa\": \"%s\"\n  },\n",
        date, host, sysconf(_SC_NPROCESSORS_ONLN), rnl_version(), rnl_product_library(),
        rnl_isa_name(rnl_isa_detect()));
}

/* A repetition's aggregates are what counts: the median is the time, the others are counters. */
static void print_json_result(const rnl_bench_result *r)
{
    printf("    {\n      \"name\": \"%s\",\n      \"run_name\": \"%s\",\n"
           "      \"run_type\": \"iteration\",\n      \"repetitions\": %zu,\n"
           "      \"threads\": %zu,\n      \"iterations\": %zu,\n      \"real_time\": %.9g,\n"
           "      \"cpu_time\": %.9g,\n      \"time_unit\": \"us\"",
           r->name, r->name, r->repetitions, r->threads, r->repetitions, 1e6 * r->seconds.median,
           1e6 * r->seconds.median * (double)r->threads);
    if (r->seconds.median > 0)
        printf(",\n      \"best\": %.9g,\n      \"p90\": %.9g,\n      \"p99\": %.9g,\n"
               "      \"interval_low\": %.9g,\n      \"interval_high\": %.9g",
               1e6 * r->seconds.best, 1e6 * r->seconds.p90, 1e6 * r->seconds.p99,
               1e6 * r->seconds.low, 1e6 * r->seconds.high);
    for (size_t i = 0; i < r->counter_count; ++i)
        printf(",\n      \"%s\": %.9g", r->counters[i].name, r->counters[i].value);
    printf("\n    }");
}

void rnl_bench_report_finish(rnl_bench_report *report)
{
    if (report->json) {
        print_context();
        printf("  \"benchmarks\": [\n");
        for (size_t i = 0; i < report->count; ++i) {
            print_json_result(&report->results[i]);
            puts(i + 1 < report->count ? "," : "");
        }
        printf("  ]\n}\n");
    }
    if (report->noisy)
        fprintf(stderr, "warning: the machine is noisy: intervals wider than +- %.0f %%\n",
                100 * NOISE);
    free(report->results);
    *report = (rnl_bench_report){0};
}
