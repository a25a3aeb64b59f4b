/*
 * The products of each layer by themselves: one tile of the canonical cut, again and again, on one
 * worker, with its buffers in the cache as far as they fit.
 */
#include "benchmarks/bench_layers.h"
#include "benchmarks/bench.h"
#include "benchmarks/fma_peak.h"
#include "benchmarks/layer_products.h"
#include "engine/base/error.h"
#include "engine/schema/config.h"
#include "engine/workers/machine.h"
#include "threading/team.h"

#include <stdio.h>
#include <stdlib.h>

#define LEAST_SECONDS 0.01 /* of a measurement */
enum { TRIES = 7 };

typedef struct tile {
    rnl_product products[RNL_LAYER_PRODUCTS];
    rnl_samples seconds[RNL_LAYER_PRODUCTS];
    rnl_status status;
    char message[512];
} tile;

static void time_calls(const rnl_product *product, const rnl_operands *o, rnl_samples *seconds)
{
    size_t rounds = 1;
    for (size_t taken = 0; taken < TRIES;) {
        const double start = rnl_seconds();
        for (size_t i = 0; i < rounds; ++i)
            rnl_operands_multiply(o, product, NULL, o->c);
        const double elapsed = rnl_seconds() - start;
        if (elapsed < LEAST_SECONDS) {
            rounds *= 2;
            continue;
        }
        rnl_samples_add(seconds, elapsed / (double)rounds);
        ++taken;
    }
}

static rnl_status time_product(const rnl_product *product, rnl_samples *seconds)
{
    rnl_operands operands = {0};
    const rnl_status status = rnl_operands_create(&operands, &product->shape);
    if (status == RNL_OK)
        time_calls(product, &operands, seconds);
    rnl_operands_release(&operands);
    return status;
}

static void time_tile(rnl_worker *worker, void *context)
{
    (void)worker;
    tile *t = context;
    for (size_t kind = 0; t->status == RNL_OK && kind < RNL_LAYER_PRODUCTS; ++kind)
        t->status = time_product(&t->products[kind], &t->seconds[kind]);
    snprintf(t->message, sizeof t->message, "%s", rnl_message());
}

static rnl_status run(tile *t)
{
    const rnl_options options = {.threads = 1};
    rnl_placement placement;
    char problem[512];
    RNL_TRY(rnl_place_workers(&placement, &options));
    const bool ran = rnl_team_run(&placement, time_tile, t, problem, sizeof problem);
    rnl_placement_release(&placement);
    if (!ran)
        return rnl_fail(RNL_THREADS, "%s", problem);
    return t->status == RNL_OK ? RNL_OK : rnl_fail(t->status, "%s", t->message);
}

static void report_tile(rnl_bench *bench, tile *t, const char *name, const char *layer, double peak)
{
    for (size_t k = 0; k < RNL_LAYER_PRODUCTS; ++k) {
        const rnl_product_shape *shape = &t->products[k].shape;
        rnl_bench_result result = {.threads = 1, .repetitions = t->seconds[k].count};
        snprintf(result.name, sizeof result.name, "layers/%.40s/%s/%s/%zux%zux%zu", name, layer,
                 rnl_layer_product_names[k], shape->rows, shape->inner, shape->b.columns);
        result.seconds = rnl_samples_summarize(&t->seconds[k]);
        const double rate = rnl_product_flops(shape) / result.seconds.median;
        rnl_bench_result_count(&result, "gflops", rate / 1e9);
        if (peak > 0)
            rnl_bench_result_count(&result, "share_of_peak", rate / peak);
        rnl_bench_report_add(&bench->report, &result);
        rnl_samples_release(&t->seconds[k]);
    }
}

/* The seconds of all products of a layer in a step, judged by the tiles that were timed. */
static double layer_seconds(tile *t, const rnl_layer *layer, const rnl_model *model)
{
    const rnl_cut rows = rnl_cut_rows((size_t)model->config->training.batch_size, 1);
    const double flops = rnl_layer_product_flops(layer, rows);
    double seconds = 0;
    for (size_t k = 0; k < RNL_LAYER_PRODUCTS; ++k)
        if (k != RNL_DOWN || layer->index > rnl_model_first_trainable(model))
            seconds += rnl_samples_summarize(&t->seconds[k]).median * flops /
                       rnl_product_flops(&t->products[k].shape);
    return seconds;
}

static void report_rest(rnl_bench *bench, const char *name, double step, double products)
{
    rnl_bench_result result = {.threads = 1, .repetitions = 1};
    snprintf(result.name, sizeof result.name, "layers/%.40s/beside_products", name);
    rnl_bench_result_count(&result, "microseconds", (step - products) * 1e6);
    rnl_bench_result_count(&result, "share_of_step", 1 - products / step);
    rnl_bench_report_add(&bench->report, &result);
}

rnl_status rnl_bench_layers(rnl_bench *bench, const rnl_model *model, const char *name, double step)
{
    double products = 0;
    const double peak = rnl_fma_peak(rnl_isa_detect(), 1);
    const rnl_cut rows = rnl_cut_rows((size_t)model->config->training.batch_size, 1);
    for (size_t i = 0; i < model->layer_count; ++i) {
        const rnl_layer *layer = &model->layers[i];
        if (!rnl_layer_multiplies(layer))
            continue;
        tile t = {.status = RNL_OK};
        rnl_layer_products(layer, rows, t.products);
        RNL_TRY(run(&t));
        products += layer_seconds(&t, layer, model);
        report_tile(bench, &t, name, layer->name, peak);
    }
    if (step > 0)
        report_rest(bench, name, step, products);
    return RNL_OK;
}
