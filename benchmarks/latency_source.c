#include "benchmarks/latency_source.h"

#include "benchmarks/bench_nets.h"
#include "benchmarks/caches.h"
#include "benchmarks/matrix_configs.h"
#include "benchmarks/normal_numbers.h"
#include "cli/model_source.h"
#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/schema/config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows of the small network, and the most numbers of a trained model's. */
enum { ROWS = 8192, MOST_NUMBERS = 1 << 24 };

/* More than any call takes: runs of one subject are one training. */
#define MANY_EPOCHS "training.epochs=1000000"

/* ---- rows of a trained model ------------------------------------------------------------------
 */

/* Inputs that are standard normal once they are scaled; of a feature that never changed, any. */
static void fill(rnl_dataset *rows, const rnl_scaler *scaler)
{
    uint64_t state = 11;
    float *numbers = rows->inputs;
    rnl_normal_numbers(numbers, rows->rows * rows->features, &state);
    for (size_t i = 0; i < rows->rows * rows->features; ++i) {
        const float before = (float)rnl_scaler_undo(scaler, i % rows->features, (double)numbers[i]);
        numbers[i] = isfinite(before) ? before : 0;
    }
}

static rnl_status make_rows(rnl_latency_source *s)
{
    const rnl_shape *input = &s->trained->input;
    const size_t features = rnl_shape_features(input);
    const size_t rows = rnl_least(ROWS, MOST_NUMBERS / features + 1);
    s->data = calloc(1, sizeof *s->data);
    char *name = strdup(s->path);
    float *inputs = malloc(rows * features * sizeof *inputs);
    if (!s->data || !name || !inputs) {
        free(name);
        free(inputs);
        return rnl_fail_memory(rows * features * sizeof *inputs);
    }
    rnl_dataset *train = &s->data->train;
    *train = (rnl_dataset){.rows = rows,
                           .features = features,
                           .rank = input->rank,
                           .element = RNL_FLOAT32,
                           .inputs = inputs,
                           .largest_label = -1,
                           .name = name};
    memcpy(train->shape, input->size, input->rank * sizeof *train->shape);
    fill(train, &s->trained->scaler);
    return RNL_OK;
}

static rnl_status open_trained(rnl_latency_source *s)
{
    const rnl_arguments *a = s->arguments;
    RNL_TRY(rnl_model_load(&s->trained, s->path, a->overrides, a->override_count));
    RNL_TRY(rnl_model_check_scaling(s->trained));
    s->config = rnl_config_share(s->trained->config);
    return make_rows(s);
}

/* ---- configurations ---------------------------------------------------------------------------
 */

static rnl_bench_case own_case(size_t batch_size)
{
    return (rnl_bench_case){"mlp_small", "relu", "momentum", batch_size};
}

static rnl_status parse_own(rnl_config **config, size_t batch_size)
{
    const rnl_bench_case c = own_case(batch_size);
    char *text = rnl_bench_config(&c);
    const char *overrides[] = {MANY_EPOCHS, "name=mlp_small"};
    const rnl_status status =
        text ? rnl_config_parse(config, "latency", text, overrides, 2) : rnl_fail_memory(1);
    free(text);
    return status;
}

static rnl_status open_own(rnl_latency_source *s)
{
    const rnl_bench_case c = own_case(1);
    s->own = true;
    s->data = rnl_bench_data(&c, ROWS);
    return parse_own(&s->config, 1);
}

rnl_status rnl_latency_source_open(rnl_latency_source *s, const char *path,
                                   const rnl_arguments *arguments)
{
    *s = (rnl_latency_source){.path = path ? path : "latency", .arguments = arguments};
    if (!path)
        return open_own(s);
    return rnl_is_model_file(path) ? open_trained(s)
                                   : rnl_bench_load(&s->config, &s->data, path, arguments, NULL);
}

void rnl_latency_source_release(rnl_latency_source *s)
{
    rnl_model_free(s->trained);
    rnl_config_free(s->config);
    rnl_data_free(s->data);
    free(s->other);
}

/* Trades the configuration for one with another activation in its hidden layers. */
static rnl_status change_activation(const rnl_latency_source *s, rnl_config **config,
                                    json_t *activation)
{
    json_t *document = NULL;
    size_t layers = 0;
    RNL_TRY(rnl_matrix_read(&document, &layers, *config));
    rnl_matrix_set_activation(document, activation);
    char *text = json_dumps(document, JSON_COMPACT);
    json_decref(document);
    rnl_config_free(*config);
    *config = NULL;
    const rnl_status status =
        layers == 0
            ? rnl_fail(RNL_BAD_CONFIG,
                       "%s: no hidden dense layer has an activation that could be another", s->path)
        : text ? rnl_config_parse(config, s->path, text, NULL, 0)
               : rnl_fail_memory(1);
    free(text);
    return status;
}

static rnl_status load(const rnl_latency_source *s, rnl_config **config, size_t batch_size)
{
    char batch[64];
    snprintf(batch, sizeof batch, "training.batch_size=%zu", batch_size);
    const char *own[] = {batch, MANY_EPOCHS};
    return rnl_bench_load_config(config, s->path, s->arguments, own, 2);
}

rnl_status rnl_latency_source_config(const rnl_latency_source *s, rnl_config **config,
                                     size_t batch_size, json_t *activation)
{
    if (s->trained && activation)
        return rnl_fail(RNL_BAD_CONFIG,
                        "%s: a trained model has its own activations: --activations expects a "
                        "configuration",
                        s->path);
    if (s->trained)
        *config = rnl_config_share(s->config);
    else
        RNL_TRY(s->own ? parse_own(config, batch_size) : load(s, config, batch_size));
    return activation ? change_activation(s, config, activation) : RNL_OK;
}

rnl_status rnl_latency_source_empty_caches(rnl_latency_source *s)
{
    size_t sharing;
    if (s->other)
        return RNL_OK;
    s->other_count = 2 * rnl_cache_size(3, &sharing) / sizeof *s->other;
    s->other = calloc(s->other_count, sizeof *s->other);
    return s->other ? RNL_OK : rnl_fail_memory(s->other_count * sizeof *s->other);
}
