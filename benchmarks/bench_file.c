#include "benchmarks/bench_file.h"

#include "engine/base/error.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

const char *rnl_json_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* Seconds of a unit; 0 for an unknown one. */
static double unit_of(const char *name)
{
    static const struct {
        const char *name;
        double seconds;
    } units[] = {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}};
    for (size_t i = 0; i < sizeof units / sizeof *units; ++i)
        if (strcmp(units[i].name, name) == 0)
            return units[i].seconds;
    return 0;
}

static rnl_filed_result *find(const rnl_bench_file *file, const char *name)
{
    for (size_t i = file->count; i-- > 0;)
        if (strcmp(file->results[i].name, name) == 0)
            return &file->results[i];
    return NULL;
}

const rnl_filed_result *rnl_bench_file_find(const rnl_bench_file *file, const char *name)
{
    return find(file, name);
}

static rnl_filed_result *add(rnl_bench_file *file, const char *name)
{
    rnl_filed_result *results = realloc(file->results, (file->count + 1) * sizeof *file->results);
    if (!results)
        return NULL;
    file->results = results;
    results[file->count] = (rnl_filed_result){.name = strdup(name)};
    return results[file->count].name ? &results[file->count++] : NULL;
}

static void end_process(rnl_filed_result *result)
{
    if (result->process.count > 0)
        rnl_samples_add(&result->processes, rnl_samples_first_quartile(&result->process));
    result->process.count = 0;
}

/* Repetitions of one process stand together; one that is not numbered is of the first. */
static void take_repetition(rnl_filed_result *result, double seconds, json_int_t process)
{
    if (process != result->number)
        end_process(result);
    result->number = process;
    rnl_samples_add(&result->seconds, seconds);
    rnl_samples_add(&result->process, seconds);
}

static rnl_status take_entry(rnl_bench_file *file, const json_t *entry, size_t number)
{
    const char *name = rnl_json_text(entry, "name");
    const double seconds = json_number_value(json_object_get(entry, "real_time"));
    const double unit = unit_of(rnl_json_text(entry, "time_unit"));
    if (!json_is_object(entry) || !name[0] || unit == 0)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: benchmarks[%zu]: expected an object with name, real_time and "
                        "time_unit (ns, us, ms or s)",
                        file->path, number);
    if (strcmp(rnl_json_text(entry, "run_type"), "aggregate") == 0 || !(seconds > 0))
        return RNL_OK;
    rnl_filed_result *result = find(file, name);
    if (!result)
        result = add(file, name);
    if (!result)
        return rnl_fail_memory(sizeof *result);
    result->threads = (size_t)json_integer_value(json_object_get(entry, "threads"));
    take_repetition(result, unit * seconds, json_integer_value(json_object_get(entry, "process")));
    return RNL_OK;
}

static rnl_status take(rnl_bench_file *file, const json_t *root)
{
    const json_t *context = json_object_get(root, "context");
    const json_t *benchmarks = json_object_get(root, "benchmarks");
    if (!json_is_object(context) || !json_is_array(benchmarks))
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected what `runnel bench --json` prints, with context and "
                        "benchmarks",
                        file->path);
    file->processor = strdup(rnl_json_text(context, "processor"));
    file->isa = strdup(rnl_json_text(context, "isa"));
    file->commit = strdup(rnl_json_text(context, "commit"));
    file->taken = json_number_value(json_object_get(context, "taken_by_others"));
    if (!file->processor || !file->isa || !file->commit)
        return rnl_fail_memory(1);
    for (size_t i = 0; i < json_array_size(benchmarks); ++i)
        RNL_TRY(take_entry(file, json_array_get(benchmarks, i), i));
    for (size_t i = 0; i < file->count; ++i)
        end_process(&file->results[i]);
    return RNL_OK;
}

rnl_status rnl_bench_file_read(rnl_bench_file *file, const char *path)
{
    json_error_t error;
    *file = (rnl_bench_file){.path = path};
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return rnl_fail(RNL_BAD_DATA, "%s:%d:%d: expected JSON: %s", path, error.line, error.column,
                        error.text);
    const rnl_status status = take(file, root);
    json_decref(root);
    return status;
}

void rnl_bench_file_release(rnl_bench_file *file)
{
    for (size_t i = 0; i < file->count; ++i) {
        free(file->results[i].name);
        rnl_samples_release(&file->results[i].seconds);
        rnl_samples_release(&file->results[i].processes);
        rnl_samples_release(&file->results[i].process);
    }
    free(file->results);
    free(file->processor);
    free(file->isa);
    free(file->commit);
    *file = (rnl_bench_file){0};
}
