/*
 * The time of a training step of 784-300-100-10 with elu and momentum, and its share of the FMA
 * peak measured in the same run.
 *
 *     bench_step [REPETITIONS]
 *
 * Work per row: 2 x in x out for each product; forward, backward weights, and backward data but
 * for the first layer.
 */
#include "benchmarks/fma_peak.h"
#include "engine/config/config.h"
#include "engine/model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEATURES = 784, FIRST = 300, SECOND = 100, CLASSES = 10 };

static const double flops_per_row =
    2.0 * (2.0 * FEATURES * FIRST + 3.0 * FIRST * SECOND + 3.0 * SECOND * CLASSES);

static const char text[] =
    "data: {train: {spirals: {rows: 10}}, scaling: range}\n"
    "model:\n"
    "  - dense: {units: 300, activation: elu, kernel_initializer: he_normal}\n"
    "  - dense: {units: 100, activation: elu, kernel_initializer: he_normal}\n"
    "  - dense: {units: 10, activation: softmax}\n"
    "training: {loss: sparse_categorical_crossentropy, optimizer: momentum, epochs: 4}\n";

static void check(rnl_status status)
{
    if (status != RNL_OK) {
        fprintf(stderr, "%s\n", rnl_message());
        exit(1);
    }
}

/* Rows of bytes, as images are. */
static rnl_data *create_data(size_t rows)
{
    rnl_data *data = calloc(1, sizeof *data);
    data->train = (rnl_dataset){
        .rows = rows,
        .features = FEATURES,
        .rank = 1,
        .shape = {FEATURES},
        .element = RNL_UINT8,
        .inputs = malloc(rows * FEATURES),
        .labels = malloc(rows * sizeof(int32_t)),
        .largest_label = CLASSES - 1,
        .name = strdup("noise"),
    };
    uint8_t *pixels = data->train.inputs;
    for (size_t i = 0; i < rows * FEATURES; ++i)
        pixels[i] = (uint8_t)(i * 2654435761u >> 24);
    for (size_t i = 0; i < rows; ++i)
        data->train.labels[i] = (int32_t)((i * 2654435761u >> 16) % CLASSES);
    return data;
}

typedef struct step_time {
    size_t batch_size, workers;
    double *microseconds; /* of each repetition, the best epoch */
} step_time;

static int keep_best_epoch(const rnl_progress *progress, void *user)
{
    double *best = user;
    for (size_t i = 0; i < progress->figure_count; ++i)
        if (strcmp(progress->figures[i].name, "samples_per_second") == 0 &&
            progress->figures[i].value > *best)
            *best = progress->figures[i].value;
    return 0;
}

static double measure(const step_time *point, const rnl_data *data)
{
    char batch[64];
    snprintf(batch, sizeof batch, "training.batch_size=%zu", point->batch_size);
    const char *overrides[] = {batch};
    rnl_config *config;
    rnl_model *model;
    check(rnl_config_parse(&config, "bench_step", text, overrides, 1));
    check(rnl_model_create(&model, config, data));
    double best = 0;
    const rnl_options options = {
        .threads = point->workers, .on_epoch = keep_best_epoch, .user = &best};
    check(rnl_train(model, data, &options));
    rnl_model_free(model);
    rnl_config_free(config);
    return 1e6 * (double)point->batch_size / best;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    const size_t repetitions = argc > 1 ? strtoul(argv[1], NULL, 10) : 9;
    if (repetitions == 0) {
        fprintf(stderr, "usage: bench_step [REPETITIONS]\n");
        return 2;
    }
    step_time points[] = {{32, 1, NULL}, {32, 2, NULL}, {512, 1, NULL}, {512, 2, NULL}};
    enum { POINTS = sizeof points / sizeof *points };
    double peak[3] = {0};
    const rnl_isa isa = rnl_isa_detect();
    rnl_data *data = create_data(20480);
    for (size_t p = 0; p < POINTS; ++p)
        points[p].microseconds = calloc(repetitions, sizeof(double));
    for (size_t r = 0; r < repetitions; ++r) {
        for (size_t workers = 1; workers <= 2; ++workers) {
            const double measured = rnl_fma_peak(isa, workers);
            peak[workers] = measured > peak[workers] ? measured : peak[workers];
        }
        for (size_t p = 0; p < POINTS; ++p)
            points[p].microseconds[r] = measure(&points[p], data);
    }
    printf("784-300-100-10, elu, momentum, %s; %zu repetitions, interleaved\n", rnl_isa_name(isa),
           repetitions);
    for (size_t workers = 1; workers <= 2; ++workers)
        printf("FMA peak of %zu worker(s): %.1f GFLOP/s\n", workers, peak[workers] / 1e9);
    printf("%6s %8s %12s %12s %10s\n", "batch", "workers", "best us", "median us", "of peak");
    for (size_t p = 0; p < POINTS; ++p) {
        double *times = points[p].microseconds;
        qsort(times, repetitions, sizeof *times, ascending);
        const double flops = flops_per_row * (double)points[p].batch_size;
        const double share =
            peak[points[p].workers] > 0 ? flops / (times[0] * 1e-6) / peak[points[p].workers] : 0;
        printf("%6zu %8zu %12.1f %12.1f %9.1f%%\n", points[p].batch_size, points[p].workers,
               times[0], times[repetitions / 2], 100 * share);
        free(times);
    }
    rnl_data_free(data);
    return 0;
}
