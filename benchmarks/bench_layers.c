/*
 * The products of each layer by themselves: one tile of the canonical cut, again and again, on one
 * worker, with its buffers in the cache as far as they fit.
 */
#include "benchmarks/bench_layers.h"
#include "benchmarks/bench.h"
#include "benchmarks/fma_peak.h"
#include "engine/config/config.h"
#include "engine/error.h"
#include "engine/product/product.h"
#include "engine/step/cut.h"
#include "engine/training/machine.h"
#include "threading/team.h"

#include <stdio.h>
#include <stdlib.h>

#define LEAST_SECONDS 0.01 /* of a measurement */
enum { TRIES = 7 };

typedef struct tile {
    rnl_product_shape shape;
    rnl_samples seconds[3]; /* of each kind */
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

static rnl_status time_kinds(tile *t, rnl_product *product)
{
    const rnl_product_shape *shape = &t->shape;
    const size_t rows = shape->rows[RNL_PRODUCT_BACKWARD_WEIGHTS]; /* the most */
    const size_t x = rows * rnl_product_row_stride(shape->fan_in);
    const size_t z = rows * rnl_product_row_stride(shape->units);
    const size_t packed = rnl_product_packed_count(product);
    float *buffers[] = {allocate(x), allocate(packed), allocate(z),
                        allocate(z), allocate(packed), allocate(x)};
    const rnl_product_buffers bound = {buffers[0], buffers[1], buffers[2],
                                       buffers[3], buffers[4], buffers[5]};
    rnl_product_worker *worker = NULL;
    rnl_status status = rnl_product_worker_create(&worker, &product, 1);
    for (size_t i = 0; i < 6; ++i)
        if (!buffers[i])
            status = rnl_fail_memory(packed * sizeof(float));
    for (rnl_product_kind kind = RNL_PRODUCT_FORWARD;
         status == RNL_OK && kind <= RNL_PRODUCT_BACKWARD_DATA; ++kind) {
        rnl_product_call *call = NULL;
        status = rnl_product_bind(&call, product, worker, kind, &bound);
        if (status == RNL_OK)
            status = time_call(call, &t->seconds[kind]);
        rnl_product_call_free(call);
    }
    rnl_product_worker_free(worker);
    for (size_t i = 0; i < 6; ++i)
        free(buffers[i]);
    return status;
}

static void time_tile(rnl_worker *worker, void *context)
{
    (void)worker;
    tile *t = context;
    rnl_product *product;
    t->status = rnl_product_create(&product, t->shape);
    if (t->status == RNL_OK) {
        t->status = time_kinds(t, product);
        rnl_product_free(product);
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

static void report_tile(rnl_bench *bench, tile *t, const char *name, const char *layer, double peak)
{
    static const char *const kinds[] = {"forward", "backward_weights", "backward_data"};
    for (size_t k = 0; k < 3; ++k) {
        const size_t rows = t->shape.rows[k];
        const double flops = 2.0 * (double)rows * (double)t->shape.fan_in * (double)t->shape.units;
        rnl_bench_result result = {.threads = 1, .repetitions = t->seconds[k].count};
        snprintf(result.name, sizeof result.name, "layers/%.40s/%s/%s/%zux%zux%zu", name, layer,
                 kinds[k], rows, t->shape.fan_in, t->shape.units);
        result.seconds = rnl_samples_summarize(&t->seconds[k]);
        rnl_bench_result_count(&result, "gflops", flops / result.seconds.median / 1e9);
        if (peak > 0)
            rnl_bench_result_count(&result, "share_of_peak", flops / result.seconds.median / peak);
        rnl_bench_report_add(&bench->report, &result);
        rnl_samples_release(&t->seconds[k]);
    }
}

/* The seconds of all products of a layer in a step, judged by the tile that was timed. */
static double layer_seconds(tile *t, const rnl_layer *layer, const rnl_model *model)
{
    const rnl_cut rows = rnl_cut_rows((size_t)model->config->training.batch_size);
    const double padded = (double)(rows.blocks * rows.size);
    const double units = (double)layer->parameters[0].size[1] / (double)t->shape.units;
    double seconds = 0;
    for (size_t k = 0; k < 3; ++k)
        if (k < RNL_PRODUCT_BACKWARD_DATA || layer->index > rnl_model_first_trainable(model))
            seconds += rnl_samples_summarize(&t->seconds[k]).median * units * padded /
                       (double)t->shape.rows[k];
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
    const size_t rows = rnl_cut_rows((size_t)model->config->training.batch_size).size;
    for (size_t i = 0; i < model->layer_count; ++i) {
        const rnl_layer *layer = &model->layers[i];
        if (layer->parameter_count == 0 || layer->parameters[0].rank != 2)
            continue;
        tile t = {
            .shape = {.fan_in = layer->parameters[0].size[0],
                      .units = rnl_cut_width(rnl_cut_columns(layer->parameters[0].size[1]), 0),
                      .rows = {rnl_cut_forward_part(rows), rows, rnl_cut_backward_part(rows)}}};
        RNL_TRY(run(&t));
        products += layer_seconds(&t, layer, model);
        report_tile(bench, &t, name, layer->name, peak);
    }
    if (step > 0)
        report_rest(bench, name, step, products);
    return RNL_OK;
}
