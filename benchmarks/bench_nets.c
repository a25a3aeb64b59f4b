#include "benchmarks/bench_nets.h"

#include "benchmarks/step_time.h"
#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/schema/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLASSES 10

const rnl_bench_case rnl_bench_cases[] = {
    {"mlp_small", "relu", "momentum", 32},  {"mlp_small", "elu", "adam", 32},
    {"mlp_small", "relu", "momentum", 512}, {"mlp_deep", "elu", "momentum", 32},
    {"mlp_wide", "elu", "momentum", 1024},
};
const size_t rnl_bench_case_count = sizeof rnl_bench_cases / sizeof *rnl_bench_cases;

typedef struct net {
    const char *name;
    size_t features;
    size_t hidden; /* layers; all of the first width but, where it is not 0, the last */
    size_t units, last_units;
} net;

static const net nets[] = {
    {"mlp_small", 784, 2, 300, 100},
    {"mlp_deep", 784, 20, 100, 0},
    {"mlp_wide", 1024, 3, 1024, 0},
};

static const net *net_of(const rnl_bench_case *c)
{
    for (size_t i = 0; i < sizeof nets / sizeof *nets; ++i)
        if (strcmp(nets[i].name, c->net) == 0)
            return &nets[i];
    return NULL;
}

char *rnl_bench_config(const rnl_bench_case *c)
{
    const net *n = net_of(c);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    fprintf(out, "data: {scaling: range}\nmodel:\n");
    for (size_t i = 0; i < n->hidden; ++i)
        fprintf(out, "  - dense: {units: %zu, activation: %s, kernel_initializer: he_normal}\n",
                i + 1 == n->hidden && n->last_units > 0 ? n->last_units : n->units, c->activation);
    fprintf(out,
            "  - dense: {units: %d, activation: softmax}\n"
            "training: {loss: sparse_categorical_crossentropy, batch_size: %zu,\n"
            "  optimizer: {%s: {learning_rate: 0.001}}}\n",
            CLASSES, c->batch_size, c->optimizer);
    fclose(out);
    return text;
}

rnl_data *rnl_bench_data(const rnl_bench_case *c, size_t rows)
{
    const size_t features = net_of(c)->features;
    rnl_data *data = calloc(1, sizeof *data);
    uint8_t *pixels = malloc(rows * features);
    int32_t *labels = malloc(rows * sizeof *labels);
    char *name = strdup("noise");
    if (!data || !pixels || !labels || !name)
        exit(1);
    rnl_ask_for_huge_pages(pixels, rows * features);
    for (size_t i = 0; i < rows * features; ++i)
        pixels[i] = (uint8_t)(i * 2654435761u >> 24);
    for (size_t i = 0; i < rows; ++i)
        labels[i] = (int32_t)((i * 2654435761u >> 16) % CLASSES);
    data->train = (rnl_dataset){
        .rows = rows,
        .features = features,
        .rank = 1,
        .shape = {features},
        .element = RNL_UINT8,
        .inputs = pixels,
        .labels = labels,
        .largest_label = CLASSES - 1,
        .name = name,
    };
    return data;
}

double rnl_training_flops(const rnl_model *model)
{
    return (double)rnl_model_training_flops(model);
}

rnl_status rnl_bench_load_config(rnl_config **config, const char *path,
                                 const rnl_arguments *arguments, const char *const *more,
                                 size_t more_count)
{
    char epochs[64];
    snprintf(epochs, sizeof epochs, "training.epochs=%d", RNL_STEP_TIME_EPOCHS);
    const char *const own[] = {epochs, "training.early_stopping.patience=0",
                               "training.schedule=null", "training.inspect=false",
                               "training.max_seconds=0"};
    const size_t own_count = sizeof own / sizeof *own, count = arguments->override_count;
    const char **overrides = calloc(count + own_count + more_count, sizeof *overrides);
    if (!overrides)
        return rnl_fail_memory((count + own_count + more_count) * sizeof *overrides);
    memcpy(overrides, arguments->overrides, count * sizeof *overrides);
    memcpy(overrides + count, own, own_count * sizeof *overrides);
    for (size_t i = 0; i < more_count; ++i)
        overrides[count + own_count + i] = more[i];
    const rnl_status status =
        rnl_config_load(config, path, overrides, count + own_count + more_count);
    free(overrides);
    return status;
}

rnl_status rnl_bench_load(rnl_config **config, rnl_data **data, const char *path,
                          const rnl_arguments *arguments, const char *batch)
{
    RNL_TRY(rnl_bench_load_config(config, path, arguments, &batch, batch ? 1 : 0));
    return rnl_data_load(data, *config, RNL_TRAIN);
}
