/*
 * The products of each layer by themselves: one tile of the canonical cut, again and again, on one
 * worker, with its buffers in the cache as far as they fit.
 */
#include "benchmarks/bench_layers.h"
#include "benchmarks/bench.h"
#include "benchmarks/fma_peak.h"
#include "engine/base/error.h"
#include "engine/product/product.h"
#include "engine/schema/config.h"
#include "engine/step/cut.h"
#include "engine/workers/machine.h"
#include "threading/team.h"

#include <stdio.h>
#include <stdlib.h>

#define LEAST_SECONDS 0.01 /* of a measurement */
enum { TRIES = 7 };

/* The three products of a tile. */
enum { FORWARD, GRADIENTS, DOWN, KINDS };

typedef struct tile {
    rnl_product_shape shapes[KINDS];
    rnl_samples seconds[KINDS];
    rnl_status status;
    char message[512];
} tile;

static rnl_status time_call(const rnl_product_call *call, rnl_samples *seconds)
{
    size_t rounds = 1;
    for (size_t taken = 0; taken < TRIES;) {
        const double start = rnl_seconds();
        for (size_t i = 0; i < rounds; ++i)
            RNL_TRY(rnl_product_execute(call));
        const double elapsed = rnl_seconds() - start;
        if (elapsed < LEAST_SECONDS) {
            rounds *= 2;
            continue;
        }
        rnl_samples_add(seconds, elapsed / (double)rounds);
        ++taken;
    }
    return RNL_OK;
}

static float *allocate(size_t floats)
{
    float *values = aligned_alloc(64, (floats * sizeof *values + 63) / 64 * 64);
    for (size_t i = 0; values && i < floats; ++i)
        values[i] = (float)(i % 13) / 13 - 0.5f;
    return values;
}

static rnl_status time_product(rnl_product_shape shape, rnl_product *product, rnl_samples *seconds)
{
    const rnl_packing packing = rnl_packing_of(shape.inner, shape.columns);
    float *a = allocate(shape.rows * shape.a_stride);
    float *b = allocate(rnl_packed_count(&packing));
    float *c = allocate(shape.rows * rnl_product_row_stride(shape.columns));
    rnl_product_worker *worker = NULL;
    rnl_product_call *call = NULL;
    rnl_status status = a && b && c ? RNL_OK : rnl_fail_memory(rnl_packed_count(&packing));
    if (status == RNL_OK)
        status = rnl_product_worker_create(&worker, &product, 1);
    if (status == RNL_OK)
        status = rnl_product_bind(&call, product, worker, a, b, c);
    if (status == RNL_OK)
        status = time_call(call, seconds);
    rnl_product_call_free(call);
    rnl_product_worker_free(worker);
    free(a);
    free(b);
    free(c);
    return status;
}

static void time_tile(rnl_worker *worker, void *context)
{
    (void)worker;
    tile *t = context;
    for (size_t kind = 0; t->status == RNL_OK && kind < KINDS; ++kind) {
        rnl_product *product;
        t->status = rnl_product_create(&product, t->shapes[kind]);
        if (t->status == RNL_OK) {
            t->status = time_product(t->shapes[kind], product, &t->seconds[kind]);
            rnl_product_free(product);
        }
    }
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

static double flops_of(const rnl_product_shape *shape)
{
    return 2.0 * (double)shape->rows * (double)shape->inner * (double)shape->columns;
}

static void report_tile(rnl_bench *bench, tile *t, const char *name, const char *layer, double peak)
{
    static const char *const kinds[KINDS] = {"forward", "gradients", "down"};
    for (size_t k = 0; k < KINDS; ++k) {
        const rnl_product_shape *shape = &t->shapes[k];
        rnl_bench_result result = {.threads = 1, .repetitions = t->seconds[k].count};
        snprintf(result.name, sizeof result.name, "layers/%.40s/%s/%s/%zux%zux%zu", name, layer,
                 kinds[k], shape->rows, shape->inner, shape->columns);
        result.seconds = rnl_samples_summarize(&t->seconds[k]);
        const double rate = flops_of(shape) / result.seconds.median;
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
    const rnl_cut rows = rnl_cut_rows((size_t)model->config->training.batch_size);
    const double flops = 2 * (double)(rows.blocks * rows.size) *
                         (double)layer->parameters[0].size[0] *
                         (double)layer->parameters[0].size[1];
    double seconds = 0;
    for (size_t k = 0; k < KINDS; ++k)
        if (k != DOWN || layer->index > rnl_model_first_trainable(model))
            seconds +=
                rnl_samples_summarize(&t->seconds[k]).median * flops / flops_of(&t->shapes[k]);
    return seconds;
}

/* The tile of the first column block, range of inputs, and part of the rows. */
static tile tile_of(const rnl_layer *layer, rnl_cut rows)
{
    const size_t fan_in = layer->parameters[0].size[0], units = layer->parameters[0].size[1],
                 padded = rows.blocks * rows.size;
    const rnl_dense_cut cut = rnl_cut_dense(rows, fan_in, units);
    const size_t width = rnl_cut_width(cut.columns, 0), inputs = rnl_cut_width(cut.inputs, 0);
    const rnl_packing packing = rnl_packing_of(padded, width);
    const size_t at_once = rnl_cut_by_panels(padded, inputs, width) ? 1 : packing.panels;
    const size_t down = cut.by_columns ? width : units;
    return (tile){.shapes = {
                      [FORWARD] = {cut.part_rows, fan_in, width, rnl_product_row_stride(fan_in)},
                      [GRADIENTS] = {inputs, padded, at_once * packing.width,
                                     rnl_product_close_stride(padded)},
                      [DOWN] = {cut.by_columns ? padded : cut.part_rows, down, fan_in,
                                rnl_product_close_stride(down)},
                  }};
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
    const rnl_cut rows = rnl_cut_rows((size_t)model->config->training.batch_size);
    for (size_t i = 0; i < model->layer_count; ++i) {
        const rnl_layer *layer = &model->layers[i];
        if (layer->parameter_count == 0 || layer->parameters[0].rank != 2)
            continue;
        tile t = tile_of(layer, rows);
        RNL_TRY(run(&t));
        products += layer_seconds(&t, layer, model);
        report_tile(bench, &t, name, layer->name, peak);
    }
    if (step > 0)
        report_rest(bench, name, step, products);
    return RNL_OK;
}
