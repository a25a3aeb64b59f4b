#include "benchmarks/merged_files.h"

#include "benchmarks/bench_file.h"
#include "benchmarks/verdict.h"
#include "cli/paired_difference.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Rounds of a result that are written, of all processes together. */
enum { MOST_ROUNDS = 100 };

typedef struct merge {
    json_t *const *files;
    size_t count;
    json_t **results; /* (count) by name: the rounds, and the aggregate behind them */
    double *values;   /* (count) what is merged just now */
} merge;

static bool is_aggregate(const json_t *entry)
{
    return strcmp(rnl_json_text(entry, "run_type"), "aggregate") == 0;
}

/* ---- by name --------------------------------------------------------------------------------- */

static json_t *by_name(const json_t *file)
{
    json_t *results = json_object();
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(file, "benchmarks"), i, entry)
    {
        const char *name = rnl_json_text(entry, "run_name");
        if (!json_object_get(results, name))
            json_object_set_new(results, name, json_array());
        json_array_append(json_object_get(results, name), entry);
    }
    return results;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static size_t rounds_of(const json_t *result)
{
    size_t count = 0, i;
    json_t *entry;
    json_array_foreach(result, i, entry) count += !is_aggregate(entry);
    return count;
}

/* More than a process's share of them are thinned out evenly. */
static size_t rounds_written(const merge *m, const json_t *result)
{
    const size_t rounds = rounds_of(result), most = MOST_ROUNDS / m->count + 1;
    return rounds < most ? rounds : most;
}

static void append_rounds(const merge *m, json_t *array, const char *name)
{
    size_t all = 0, index = 0;
    for (size_t p = 0; p < m->count; ++p)
        all += rounds_written(m, json_object_get(m->results[p], name));
    for (size_t p = 0; p < m->count; ++p) {
        const json_t *result = json_object_get(m->results[p], name);
        const size_t rounds = rounds_of(result), written = rounds_written(m, result);
        for (size_t i = 0; i < written; ++i) {
            json_t *entry = json_array_get(result, i * rounds / written);
            json_object_set_new(entry, "repetitions", json_integer((json_int_t)all));
            json_object_set_new(entry, "repetition_index", json_integer((json_int_t)index++));
            json_object_set_new(entry, "process", json_integer((json_int_t)p));
            json_array_append(array, entry);
        }
    }
}

/* ---- aggregates ------------------------------------------------------------------------------ */

static const json_t *aggregate_of(const merge *m, size_t process, const char *name)
{
    const json_t *result = json_object_get(m->results[process], name);
    const size_t size = json_array_size(result);
    const json_t *last = size > 0 ? json_array_get(result, size - 1) : NULL;
    return last && is_aggregate(last) ? last : NULL;
}

/* Puts the numbers of all processes into m->values, and returns how many there are. */
static size_t numbers_of(const merge *m, const char *name, const char *key)
{
    size_t count = 0;
    for (size_t p = 0; p < m->count; ++p) {
        const json_t *value = json_object_get(aggregate_of(m, p, name), key);
        if (json_is_number(value))
            m->values[count++] = json_number_value(value);
    }
    return count;
}

static json_t *merge_numbers(const merge *m, const char *name, const char *key, bool whole)
{
    const size_t count = numbers_of(m, name, key);
    if (count == 0)
        return json_null();
    const double middle = rnl_median(m->values, count); /* sorts them */
    const double value = strcmp(key, "best") == 0 ? m->values[0] : middle;
    return whole ? json_integer((json_int_t)value) : json_real(value);
}

/* Fewer than two processes leave the interval of the first. */
static void merge_ratio(const merge *m, const char *name, json_t *made)
{
    const size_t count = numbers_of(m, name, "ratio");
    const json_t *compared = json_object_get(made, "compared");
    char text[160];
    for (size_t i = 0; i < count; ++i)
        m->values[i] = log(m->values[i]);
    const rnl_paired_difference over = rnl_paired_difference_of(m->values, count);
    if (!compared || count < 2)
        return;
    const rnl_ratio ratio = {exp(over.mean), exp(over.low), exp(over.high)};
    rnl_verdict(text, sizeof text, json_string_value(json_array_get(compared, 0)),
                json_string_value(json_array_get(compared, 1)), &ratio);
    json_object_set_new(made, "ratio", json_real(ratio.median));
    json_object_set_new(made, "ratio_low", json_real(ratio.low));
    json_object_set_new(made, "ratio_high", json_real(ratio.high));
    json_object_set_new(made, "label", json_string(text));
}

static void append_aggregate(const merge *m, json_t *array, const char *name)
{
    const json_t *first = aggregate_of(m, 0, name);
    json_t *made = json_object(), *value;
    const char *key;
    json_object_foreach((json_t *)first, key, value)
    {
        if (json_is_number(value) || json_is_null(value))
            json_object_set_new(made, key, merge_numbers(m, name, key, json_is_integer(value)));
        else
            json_object_set(made, key, value);
    }
    merge_ratio(m, name, made);
    if (first)
        json_array_append(array, made);
    json_decref(made);
}

/* ---- context --------------------------------------------------------------------------------- */

static bool holds(const json_t *array, const json_t *text)
{
    size_t i;
    json_t *other;
    json_array_foreach(array, i, other)
    {
        if (json_equal(other, (json_t *)text))
            return true;
    }
    return false;
}

static json_t *merge_warnings(const merge *m)
{
    json_t *all = json_array(), *line;
    size_t i;
    for (size_t p = 0; p < m->count; ++p)
        json_array_foreach(json_object_get(json_object_get(m->files[p], "context"), "warnings"), i,
                           line)
        {
            if (!holds(all, line))
                json_array_append(all, line);
        }
    return all;
}

static json_t *merge_contexts(const merge *m)
{
    static const char taken[] = "taken_by_others";
    json_t *made = json_deep_copy(json_object_get(m->files[0], "context"));
    double sum = 0;
    for (size_t p = 0; p < m->count; ++p)
        sum += json_number_value(json_object_get(json_object_get(m->files[p], "context"), taken));
    json_object_set_new(made, "processes", json_integer((json_int_t)m->count));
    json_object_set_new(made, taken, json_real(sum / (double)m->count));
    json_object_set_new(made, "warnings", merge_warnings(m));
    return made;
}

/* ---- all ------------------------------------------------------------------------------------- */

json_t *rnl_bench_merge(json_t *const *files, size_t count)
{
    merge m = {files, count, calloc(count, sizeof *m.results), calloc(count, sizeof *m.values)};
    json_t *root = m.results && m.values ? json_object() : NULL, *benchmarks = json_array();
    const char *name;
    json_t *result;
    for (size_t p = 0; root && p < count; ++p)
        m.results[p] = by_name(files[p]);
    if (root)
        json_object_set_new(root, "context", merge_contexts(&m));
    json_object_foreach(root ? m.results[0] : NULL, name, result)
    {
        append_rounds(&m, benchmarks, name);
        append_aggregate(&m, benchmarks, name);
    }
    json_object_set_new(root, "benchmarks", benchmarks);
    for (size_t p = 0; root && p < count; ++p)
        json_decref(m.results[p]);
    free(m.results);
    free(m.values);
    return root;
}
