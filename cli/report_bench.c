#include "cli/messages.h"
#include "cli/page.h"
#include "cli/report.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Results in one drawing at most. */
enum { MOST_DOTS = 30 };

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static double number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* ---- conditions ------------------------------------------------------------------------------ */

static void write_conditions(FILE *page, const json_t *context)
{
    const char *key;
    json_t *value;
    rnl_page_table_begin(page);
    json_object_foreach((json_t *)context, key, value)
    {
        char *text =
            json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        if (strcmp(key, "json_schema_version") != 0 && strcmp(key, "executable") != 0 &&
            strcmp(key, "warnings") != 0) {
            rnl_page_row(page);
            rnl_page_cell(page, "%s", key);
            rnl_page_words(page, "%s", text ? text : json_string_value(value));
        }
        free(text);
    }
    rnl_page_table_end(page);
    const json_t *warnings = json_object_get(context, "warnings");
    for (size_t i = 0; i < json_array_size(warnings); ++i)
        rnl_page_text(page, "Warning: %s.", json_string_value(json_array_get(warnings, i)));
}

/* ---- results --------------------------------------------------------------------------------- */

/* The median with its spread and counters. */
static bool is_median(const json_t *entry)
{
    return strcmp(text_of(entry, "aggregate_name"), "median") == 0;
}

static bool is_usual(const char *key)
{
    static const char *const usual[] = {
        "name",      "run_name",     "run_type",      "threads",        "iterations",
        "real_time", "cpu_time",     "time_unit",     "aggregate_name", "aggregate_unit",
        "best",      "interval_low", "interval_high", "repetitions",    "repetition_index",
        "p90",       "label",        "p99",           "p99_9"};
    for (size_t i = 0; i < sizeof usual / sizeof *usual; ++i)
        if (strcmp(usual[i], key) == 0)
            return true;
    return false;
}

/* Nanoseconds in a unit that suits them. */
typedef struct time_unit {
    double nanoseconds;
    const char *name;
} time_unit;

static time_unit unit_for(double nanoseconds)
{
    static const time_unit units[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {1, "ns"}};
    size_t i = 0;
    while (i < 3 && !(nanoseconds >= units[i].nanoseconds))
        ++i;
    return units[i];
}

static void write_time(FILE *page, const json_t *entry, const char *key)
{
    const double time = number_of(entry, key);
    const time_unit unit = unit_for(time);
    if (isfinite(time) && time > 0)
        rnl_page_cell(page, "%.4g %s", time / unit.nanoseconds, unit.name);
    else
        rnl_page_cell(page, "%s", "");
}

static void write_counters(FILE *page, const json_t *entry)
{
    const char *key;
    json_t *value;
    char text[512] = "";
    size_t at = 0;
    json_object_foreach((json_t *)entry, key,
                        value) if (!is_usual(key) && json_is_number(value) && at < sizeof text)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s %.4g", at > 0 ? ", " : "", key,
                               json_number_value(value));
    rnl_page_words(page, "%s%s%s", text_of(entry, "label"), text_of(entry, "label")[0] ? "; " : "",
                   text);
}

static void write_results(FILE *page, const json_t *benchmarks)
{
    static const char *const times[] = {"real_time", "interval_low", "interval_high",
                                        "best",      "p90",          "p99"};
    static const char *const names[] = {"result", "median", "from", "to", "best", "p90", "p99", ""};
    rnl_page_table_begin(page);
    rnl_page_row(page);
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
        rnl_page_cell(page, "%s", names[i]);
    for (size_t i = 0; i < json_array_size(benchmarks); ++i) {
        const json_t *entry = json_array_get(benchmarks, i);
        if (!is_median(entry))
            continue;
        rnl_page_row(page);
        rnl_page_cell(page, "%s", text_of(entry, "run_name"));
        for (size_t k = 0; k < sizeof times / sizeof *times; ++k)
            write_time(page, entry, times[k]);
        write_counters(page, entry);
    }
    rnl_page_table_end(page);
}

/* ---- drawings -------------------------------------------------------------------------------- */

/* The part of a name behind its first two: what differs within "activations/elu/". */
static size_t group_length(const char *name)
{
    const char *first = strchr(name, '/');
    const char *second = first ? strchr(first + 1, '/') : NULL;
    return second ? (size_t)(second - name) + 1 : 0;
}

static bool in_group(const json_t *entry, const char *group, size_t length)
{
    const char *name = text_of(entry, "run_name");
    return is_median(entry) && group_length(name) == length && strncmp(name, group, length) == 0 &&
           number_of(entry, "real_time") > 0 && number_of(entry, "interval_low") > 0;
}

/* The length of whole parts, up to a '/', that the name shares with the first `length` of another.
 */
static size_t common_length(const char *name, const char *other, size_t length)
{
    size_t parts = 0;
    for (size_t i = 0; i < length && name[i] == other[i]; ++i)
        if (name[i] == '/')
            parts = i + 1;
    return parts;
}

/* What all results of the group, two or more, share; else the group. */
static size_t title_length(const json_t *benchmarks, const char *group, size_t length)
{
    size_t common = strlen(group), members = 0;
    for (size_t i = 0; i < json_array_size(benchmarks); ++i) {
        const json_t *entry = json_array_get(benchmarks, i);
        if (!in_group(entry, group, length))
            continue;
        common = common_length(text_of(entry, "run_name"), group, common);
        ++members;
    }
    return members > 1 && common > length ? common : length;
}

/* Medians of the results from `first` on that have its group, with their intervals. */
static bool draw_group(FILE *page, const json_t *benchmarks, size_t first)
{
    rnl_dot dots[MOST_DOTS];
    const char *group = text_of(json_array_get(benchmarks, first), "run_name");
    const size_t length = group_length(group);
    const time_unit unit = unit_for(number_of(json_array_get(benchmarks, first), "real_time"));
    char title[128];
    rnl_dot_plot plot = {.title = title, .label = unit.name, .logarithmic = true, .dots = dots};
    const size_t shared = title_length(benchmarks, group, length);
    snprintf(title, sizeof title, "%.*s", shared > 0 ? (int)shared - 1 : 0, group);
    for (size_t i = first; i < json_array_size(benchmarks) && plot.count < MOST_DOTS; ++i) {
        const json_t *entry = json_array_get(benchmarks, i);
        if (in_group(entry, group, length))
            dots[plot.count++] = (rnl_dot){text_of(entry, "run_name") + shared,
                                           number_of(entry, "real_time") / unit.nanoseconds,
                                           number_of(entry, "interval_low") / unit.nanoseconds,
                                           number_of(entry, "interval_high") / unit.nanoseconds};
    }
    return plot.count == 0 || rnl_page_dots(page, &plot);
}

static bool is_first(const json_t *benchmarks, size_t number)
{
    const char *group = text_of(json_array_get(benchmarks, number), "run_name");
    const size_t length = group_length(group);
    for (size_t i = 0; i < number; ++i)
        if (in_group(json_array_get(benchmarks, i), group, length))
            return false;
    return in_group(json_array_get(benchmarks, number), group, length);
}

static bool draw_results(FILE *page, const json_t *benchmarks)
{
    bool drawn = true;
    rnl_page_drawings_begin(page);
    for (size_t i = 0; drawn && i < json_array_size(benchmarks); ++i)
        if (is_first(benchmarks, i))
            drawn = draw_group(page, benchmarks, i);
    rnl_page_drawings_end(page);
    return drawn;
}

bool rnl_report_benchmarks(FILE *page, const char *path)
{
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);
    const json_t *benchmarks = json_object_get(root, "benchmarks");
    bool right = json_is_object(json_object_get(root, "context")) && json_is_array(benchmarks);
    if (!root)
        rnl_complain("%s:%d:%d: expected JSON: %s", path, error.line, error.column, error.text);
    else if (!right)
        rnl_complain("%s: expected what `runnel bench --json` prints, with context and benchmarks",
                     path);
    if (right) {
        rnl_page_heading(page, 2, path);
        right = draw_results(page, benchmarks);
        write_results(page, benchmarks);
        rnl_page_heading(page, 3, "Conditions");
        write_conditions(page, json_object_get(root, "context"));
    }
    json_decref(root);
    return right;
}
