/*
 * Results of benchmarks that were printed as JSON, by Runnel or by Google Benchmark.
 */
#ifndef RNL_BENCHMARKS_BENCH_FILE_H
#define RNL_BENCHMARKS_BENCH_FILE_H

#include "benchmarks/samples.h"
#include "runnel/runnel.h"

#include <jansson.h>

typedef struct rnl_filed_result {
    char *name;
    size_t threads;
    rnl_samples seconds;   /* of an iteration, one figure for each repetition */
    rnl_samples processes; /* the first quartile of each process's repetitions */
    rnl_samples process;   /* the repetitions of the process that is being read, */
    json_int_t number;     /* and its number */
} rnl_filed_result;

typedef struct rnl_bench_file {
    const char *path;
    char *processor, *isa, *commit; /* "" where the file does not tell */
    double taken; /* share of the processors' time that others took while it was measured */
    size_t count;
    rnl_filed_result *results; /* in the order of the file */
} rnl_bench_file;

/* Refuses what is no such file.  Results without a time are left out. */
rnl_status rnl_bench_file_read(rnl_bench_file *file, const char *path);
void rnl_bench_file_release(rnl_bench_file *file);

/* The result of this name, or NULL. */
const rnl_filed_result *rnl_bench_file_find(const rnl_bench_file *file, const char *name);

/* The member's text; "" where there is none. */
const char *rnl_json_text(const json_t *object, const char *key);

#endif
