/*
 * Data: the time to read a file, of the user's or one of each format that is written for it, and to
 * gather the rows of a mini-batch, in random order and in the order in which they lie.
 */
#include "benchmarks/bench.h"
#include "benchmarks/format_files.h"
#include "benchmarks/order.h"
#include "benchmarks/turns.h"
#include "cli/messages.h"
#include "engine/base/error.h"
#include "engine/data/row_order.h"
#include "engine/model/model.h"
#include "simd/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEWEST_ROUNDS = 5, QUICK_ROUNDS = 3, MOST_ROUNDS = 200, MOST_FILES = 16 };

/* ---- reading --------------------------------------------------------------------------------- */

typedef struct file {
    char name[80];
    rnl_config *config;
    double bytes; /* 0: unknown */
    size_t rows;
    rnl_samples seconds, processor_seconds;
} file;

static rnl_status read_once(file *f)
{
    rnl_data *data = NULL;
    const double processor = rnl_processor_seconds(), start = rnl_seconds();
    RNL_TRY(rnl_data_load(&data, f->config, RNL_TRAIN));
    rnl_samples_add(&f->seconds, rnl_seconds() - start);
    rnl_samples_add(&f->processor_seconds, rnl_processor_seconds() - processor);
    f->rows = rnl_data_rows(data, RNL_TRAIN);
    rnl_data_free(data);
    return RNL_OK;
}

static void report_file(rnl_bench *bench, const file *f)
{
    rnl_bench_result result = {.threads = 1,
                               .repetitions = f->seconds.count,
                               .seconds = rnl_samples_summarize(&f->seconds),
                               .rounds = &f->seconds,
                               .processor_rounds = &f->processor_seconds};
    snprintf(result.name, sizeof result.name, "data/read/%s/rows:%zu", f->name, f->rows);
    rnl_bench_result_count(&result, "rows_per_second", (double)f->rows / result.seconds.median);
    if (f->bytes > 0)
        rnl_bench_result_count(&result, "megabytes_per_second",
                               f->bytes / result.seconds.median / 1e6);
    rnl_bench_report_add(&bench->report, &result);
}

static rnl_status read_rounds(rnl_bench *bench, file *files, size_t count, double deadline)
{
    const size_t fewest = bench->quick ? QUICK_ROUNDS : FEWEST_ROUNDS;
    size_t order[MOST_FILES];
    uint64_t state = rnl_order_seed();
    for (size_t round = 0; round < MOST_ROUNDS && (round < fewest || rnl_seconds() < deadline);
         ++round) {
        rnl_order_draw(order, count, &state);
        for (size_t i = 0; i < count; ++i)
            RNL_TRY(read_once(&files[order[i]]));
    }
    for (size_t i = 0; i < count; ++i)
        report_file(bench, &files[i]);
    return RNL_OK;
}

/* The user's configurations, or the formats. */
static rnl_status open_files(const rnl_bench *bench, const rnl_format_files *made, file *files,
                             size_t *count)
{
    const rnl_arguments *a = bench->arguments;
    for (size_t i = 1; i < a->operand_count; ++i) {
        file *f = &files[(*count)++];
        RNL_TRY(rnl_config_load(&f->config, a->operands[i], a->overrides, a->override_count));
        snprintf(f->name, sizeof f->name, "%.79s", rnl_config_name(f->config));
    }
    for (size_t i = 0; a->operand_count == 1 && i < RNL_FILE_FORMATS; ++i) {
        file *f = &files[(*count)++];
        char *text = rnl_format_files_config(made, i);
        const rnl_status status =
            text ? rnl_config_parse(&f->config, "data", text, NULL, 0) : rnl_fail_memory(1);
        free(text);
        RNL_TRY(status);
        snprintf(f->name, sizeof f->name, "%s", rnl_format_files_name(i));
        f->bytes = made->bytes[i];
    }
    return RNL_OK;
}

static rnl_status measure_reading(rnl_bench *bench, double deadline)
{
    rnl_format_files made = {0};
    file files[MOST_FILES] = {{.rows = 0}};
    size_t count = 0;
    rnl_status status = RNL_OK;
    if (bench->arguments->operand_count == 1)
        status = rnl_format_files_write(&made, bench->quick ? 20000 : 200000);
    if (status == RNL_OK)
        status = open_files(bench, &made, files, &count);
    if (status == RNL_OK)
        status = read_rounds(bench, files, count, deadline);
    for (size_t i = 0; i < count; ++i) {
        rnl_config_free(files[i].config);
        rnl_samples_release(&files[i].seconds);
        rnl_samples_release(&files[i].processor_seconds);
    }
    rnl_format_files_remove(&made);
    return status;
}

/* ---- gathering ------------------------------------------------------------------------------- */

enum { FEATURES = 784, BATCH = 32, GATHERED = 4096, TYPES = 3, SOURCE_BYTES = 48 << 20 };

static const struct {
    const char *name;
    size_t bytes;
} types[TYPES] = {{"uint8", 1}, {"float32", 4}, {"float64", 8}};

/* One type of rows in one order. */
typedef struct gathering {
    size_t type;
    bool random;
    const void *source;
    const uint32_t *order; /* of GATHERED rows */
    const double *scale;   /* (FEATURES) centre 0, scale 1, offset 0 */
    float *out;            /* a mini-batch of each worker */
    size_t threads;
} gathering;

static void run_gathering(size_t worker, void *context)
{
    const gathering *g = context;
    const rnl_kernels *kernels = rnl_kernels_of(rnl_isa_detect());
    void (*const gather[TYPES])(const rnl_gather *) = {
        kernels->gather_uint8, kernels->gather_float32, kernels->gather_float64};
    for (size_t at = worker * BATCH; at + BATCH <= GATHERED; at += g->threads * BATCH)
        gather[g->type](&(const rnl_gather){.rows = BATCH,
                                            .features = FEATURES,
                                            .indices = g->order + at,
                                            .source = g->source,
                                            .centre = g->scale,
                                            .scale = g->scale + FEATURES,
                                            .offset = g->scale,
                                            .x = {g->out + worker * BATCH * FEATURES, FEATURES}});
}

static void report_gathering(rnl_bench *bench, const gathering *g, const rnl_contender *c)
{
    rnl_bench_result result = {.threads = g->threads,
                               .repetitions = c->seconds.count,
                               .seconds = rnl_samples_summarize(&c->seconds),
                               .rounds = &c->seconds,
                               .processor_rounds = &c->processor_seconds};
    const double rows = GATHERED / BATCH / g->threads * g->threads * BATCH;
    snprintf(result.name, sizeof result.name, "data/gather/%s/%s/threads:%zu", types[g->type].name,
             g->random ? "random" : "in_order", g->threads);
    rnl_bench_result_count(&result, "rows_per_second", rows / result.seconds.median);
    rnl_bench_result_count(&result, "gigabytes_per_second",
                           rows * FEATURES * (double)types[g->type].bytes / result.seconds.median /
                               1e9);
    rnl_bench_report_add(&bench->report, &result);
}

/* Rows of all types lie in the same bytes, which are 0: how large numbers are does not matter. */
typedef struct memory {
    void *source;
    uint32_t *orders[TYPES][2]; /* as they lie, and random, of as many rows as the bytes hold */
    double *scale;
    float *out;
} memory;

static rnl_status allocate(memory *m, size_t threads)
{
    *m = (memory){.source = malloc(SOURCE_BYTES),
                  .scale = calloc(2 * FEATURES, sizeof *m->scale),
                  .out = calloc(threads * BATCH * FEATURES, sizeof *m->out)};
    bool right = m->source && m->scale && m->out;
    for (size_t i = 0; right && i < 2 * TYPES; ++i) {
        const size_t rows = SOURCE_BYTES / FEATURES / types[i / 2].bytes;
        uint32_t *order = m->orders[i / 2][i % 2] = malloc(rows * sizeof *order);
        right = order != NULL;
        if (right)
            rnl_row_order(order, rows, 1, 1, i % 2 > 0);
    }
    if (!right)
        return rnl_fail_memory(SOURCE_BYTES);
    memset(m->source, 0, SOURCE_BYTES);
    for (size_t i = 0; i < FEATURES; ++i)
        m->scale[FEATURES + i] = 1;
    return RNL_OK;
}

static void release(memory *m)
{
    for (size_t i = 0; i < 2 * TYPES; ++i)
        free(m->orders[i / 2][i % 2]);
    free(m->source);
    free(m->scale);
    free(m->out);
}

static rnl_status measure_gathering(rnl_bench *bench, size_t threads, double deadline)
{
    memory m;
    gathering gatherings[2 * TYPES];
    rnl_contender contenders[2 * TYPES];
    rnl_status status = allocate(&m, threads);
    for (size_t i = 0; i < 2 * TYPES; ++i) {
        gatherings[i] = (gathering){i / 2,   i % 2 > 0, m.source, m.orders[i / 2][i % 2],
                                    m.scale, m.out,     threads};
        contenders[i] = (rnl_contender){.work = run_gathering, .context = &gatherings[i]};
    }
    const rnl_turns turns = {.threads = threads,
                             .count = 2 * TYPES,
                             .contenders = contenders,
                             .deadline = deadline,
                             .fewest = bench->quick ? QUICK_ROUNDS : FEWEST_ROUNDS,
                             .most = MOST_ROUNDS,
                             .narrow = 0.01};
    if (status == RNL_OK)
        status = rnl_take_turns(&turns);
    for (size_t i = 0; status == RNL_OK && i < 2 * TYPES; ++i)
        report_gathering(bench, &gatherings[i], &contenders[i]);
    rnl_turns_release(&turns);
    release(&m);
    return status;
}

int rnl_bench_data_rates(rnl_bench *bench)
{
    const double start = rnl_seconds(), span = bench->deadline - start;
    rnl_status status = measure_reading(bench, start + span / 2);
    for (size_t i = 0; status == RNL_OK && i < bench->thread_count_count; ++i)
        status = measure_gathering(
            bench, bench->thread_counts[i],
            start + span * (0.5 + 0.5 * (double)(i + 1) / (double)bench->thread_count_count));
    return rnl_complain_status(status);
}
