#include "benchmarks/bench_formats.h"

#include "benchmarks/caches.h"
#include "benchmarks/revision.h"
#include "runnel/runnel.h"
#include "simd/kernels.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef __OPTIMIZE__
#define BUILD_TYPE "release"
#else
#define BUILD_TYPE "debug"
#endif

/* Rounds that are written of a result; more are thinned out evenly. */
enum { MOST_ROUNDS = 100 };

/* ---- JSON ------------------------------------------------------------------------------------ */

static void put(json_t *object, const char *name, json_t *value)
{
    json_object_set_new(object, name, value ? value : json_null());
}

static void put_number(json_t *object, const char *name, double value)
{
    put(object, name, isfinite(value) ? json_real(value) : json_null());
}

static json_t *caches(void)
{
    json_t *array = json_array();
    for (int level = 1; level <= 3; ++level) {
        size_t sharing;
        const size_t size = rnl_cache_size(level, &sharing);
        json_array_append_new(array,
                              json_pack("{s:s, s:i, s:I, s:I}", "type",
                                        level == 1 ? "Data" : "Unified", "level", level, "size",
                                        (json_int_t)size, "num_sharing", (json_int_t)sharing));
    }
    return array;
}

static void put_versions(json_t *context)
{
    put(context, "executable", json_string("runnel"));
    put(context, "json_schema_version", json_integer(1));
    put(context, "library_version", json_string(rnl_version()));
    put(context, "library_build_type", json_string(BUILD_TYPE));
    put(context, "commit", json_string(RNL_REVISION));
    put(context, "products", json_string("own"));
    put(context, "isa", json_string(rnl_isa_name(rnl_isa_detect())));
}

static void put_machine(json_t *context, const rnl_conditions *c)
{
    json_t *load = json_array();
    for (size_t i = 0; i < 3; ++i)
        json_array_append_new(load, json_real(c->load[i]));
    put(context, "num_cpus", json_integer((json_int_t)c->processors));
    put(context, "mhz_per_cpu", json_integer((json_int_t)(1000 * c->gigahertz + 0.5)));
    put(context, "cpu_scaling_enabled",
        json_boolean(strcmp(c->governor, "unknown") != 0 &&
                     strcmp(c->governor, "performance") != 0));
    put(context, "caches", caches());
    put(context, "load_avg", load);
    put(context, "processor", json_string(c->processor));
    put(context, "governor", json_string(c->governor));
    put(context, "turbo", json_string(c->turbo));
    put(context, "smt", json_string(c->smt));
    put(context, "allowed_processors", json_string(c->allowed));
    put(context, "quota", c->quota > 0 ? json_real(c->quota) : json_null());
    put(context, "huge_pages", json_string(c->huge_pages));
    put(context, "virtual_machine", json_boolean(c->virtual_machine));
}

static json_t *context_of(const rnl_conditions *conditions, const rnl_disturbances *found)
{
    char host[64] = "", date[40];
    const time_t now = time(NULL);
    json_t *context = json_object(), *warnings = json_array();
    gethostname(host, sizeof host - 1);
    strftime(date, sizeof date, "%FT%T%z", localtime(&now));
    put(context, "date", json_string(date));
    put(context, "host_name", json_string(host));
    put_versions(context);
    put_machine(context, conditions);
    put_number(context, "taken_by_others", found->share);
    for (size_t i = 0; i < found->count; ++i)
        json_array_append_new(warnings, json_string(found->lines[i]));
    put(context, "warnings", warnings);
    return context;
}

static json_t *entry(const rnl_bench_result *r, double seconds, double processor_seconds)
{
    json_t *object = json_object();
    put(object, "name", json_string(r->name));
    put(object, "run_name", json_string(r->name));
    put(object, "run_type", json_string("iteration"));
    put(object, "threads", json_integer((json_int_t)r->threads));
    put(object, "iterations", json_integer((json_int_t)(r->repetitions ? r->repetitions : 1)));
    put_number(object, "real_time", 1e9 * seconds);
    put_number(object, "cpu_time", 1e9 * processor_seconds);
    put(object, "time_unit", json_string("ns"));
    if (r->label[0])
        put(object, "label", json_string(r->label));
    if (r->compared[0][0])
        put(object, "compared", json_pack("[ss]", r->compared[0], r->compared[1]));
    return object;
}

/* One entry for each round, as Google Benchmark has for each repetition. */
static void append_rounds(json_t *array, const rnl_bench_result *r)
{
    const size_t count = r->rounds ? r->rounds->count : 1;
    const size_t written = count < MOST_ROUNDS ? count : MOST_ROUNDS;
    for (size_t i = 0; i < written; ++i) {
        const size_t at = i * count / written;
        const double seconds = r->rounds ? r->rounds->values[at] : r->seconds.median;
        const bool told = r->processor_rounds && r->processor_rounds->count > at;
        json_t *object = entry(
            r, seconds, told ? r->processor_rounds->values[at] : seconds * (double)r->threads);
        put(object, "repetitions", json_integer((json_int_t)written));
        put(object, "repetition_index", json_integer((json_int_t)i));
        json_array_append_new(array, object);
    }
}

/* The median of all samples, with the spread and the counters. */
static void append_median(json_t *array, const rnl_bench_result *r)
{
    char name[192];
    json_t *object = entry(r, r->seconds.median, r->seconds.median * (double)r->threads);
    snprintf(name, sizeof name, "%s_median", r->name);
    put(object, "name", json_string(name));
    put(object, "run_type", json_string("aggregate"));
    put(object, "aggregate_name", json_string("median"));
    put(object, "aggregate_unit", json_string("time"));
    if (r->processor_rounds)
        put_number(object, "cpu_time", 1e9 * rnl_samples_summarize(r->processor_rounds).median);
    if (r->seconds.median > 0) {
        put_number(object, "best", 1e9 * r->seconds.best);
        put_number(object, "interval_low", 1e9 * r->seconds.low);
        put_number(object, "interval_high", 1e9 * r->seconds.high);
        put_number(object, "p90", 1e9 * r->seconds.p90);
        if (r->repetitions >= RNL_P99_SAMPLES)
            put_number(object, "p99", 1e9 * r->seconds.p99);
        if (r->repetitions >= RNL_P999_SAMPLES)
            put_number(object, "p99_9", 1e9 * r->seconds.p999);
    }
    for (size_t i = 0; i < r->counter_count; ++i)
        if (!isnan(r->counters[i].value))
            put_number(object, r->counters[i].name, r->counters[i].value);
    json_array_append_new(array, object);
}

void rnl_bench_print_json(const rnl_bench_report *report, const rnl_disturbances *found)
{
    json_t *root = json_object(), *benchmarks = json_array();
    put(root, "context", context_of(&report->conditions, found));
    for (size_t i = 0; i < report->count; ++i) {
        append_rounds(benchmarks, &report->results[i]);
        append_median(benchmarks, &report->results[i]);
    }
    put(root, "benchmarks", benchmarks);
    json_dumpf(root, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(root);
}

/* ---- CSV ------------------------------------------------------------------------------------- */

static bool named_before(const rnl_bench_report *report, size_t result, size_t counter)
{
    const char *name = report->results[result].counters[counter].name;
    for (size_t i = 0; i <= result; ++i)
        for (size_t k = 0; k < (i < result ? report->results[i].counter_count : counter); ++k)
            if (strcmp(report->results[i].counters[k].name, name) == 0)
                return true;
    return false;
}

/* The value of a counter in a line, or nothing; in the line of names (NULL), its name. */
static void print_cell(const rnl_bench_result *line, const char *name)
{
    if (!line)
        printf(",%s", name);
    for (size_t k = 0; line && k <= line->counter_count; ++k) {
        if (k == line->counter_count)
            putchar(',');
        else if (strcmp(line->counters[k].name, name) == 0) {
            const double value = line->counters[k].value;
            printf(isnan(value) ? "," : ",%.9g", value);
            break;
        }
    }
}

static void print_counters(const rnl_bench_report *report, const rnl_bench_result *line)
{
    for (size_t i = 0; i < report->count; ++i)
        for (size_t k = 0; k < report->results[i].counter_count; ++k)
            if (!named_before(report, i, k))
                print_cell(line, report->results[i].counters[k].name);
    putchar('\n');
}

void rnl_bench_print_csv(const rnl_bench_report *report)
{
    printf("name,threads,samples,seconds,interval_low,interval_high,best,p90");
    print_counters(report, NULL);
    for (size_t i = 0; i < report->count; ++i) {
        const rnl_bench_result *r = &report->results[i];
        printf("%s,%zu,%zu,", r->name, r->threads, r->repetitions);
        if (r->seconds.median > 0)
            printf("%.9g,%.9g,%.9g,%.9g,%.9g", r->seconds.median, r->seconds.low, r->seconds.high,
                   r->seconds.best, r->seconds.p90);
        else
            printf(",,,,");
        print_counters(report, r);
    }
}
