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

/* The three products of a layer. */
enum { FORWARD, GRADIENTS, DOWN, KINDS };

typedef struct tile {
    rnl_product products[KINDS];
    rnl_samples seconds[KINDS];
    rnl_status status;
    char message[512];
} tile;

/* The operands of a product. */
typedef struct operands {
    float *a, *b, *c;
} operands;

static void run_product(const rnl_product *product, const operands *o)
{
    const rnl_product_shape *shape = &product->shape;
    for (size_t p = 0; p < shape->b.panels; ++p)
        rnl_product_panel(product, NULL, shape->rows, p, o->a, o->b,
                          o->c + (shape->c_stride > 0 ? p * shape->b.width : 0));
}

static void time_calls(const rnl_product *product, const operands *o, rnl_samples *seconds)
{
    size_t rounds = 1;
    for (size_t taken = 0; taken < TRIES;) {
        const double start = rnl_seconds();
        for (size_t i = 0; i < rounds; ++i)
            run_product(product, o);
        const double elapsed = rnl_seconds() - start;
        if (elapsed < LEAST_SECONDS) {
            rounds *= 2;
            continue;
        }
        rnl_samples_add(seconds, elapsed / (double)rounds);
        ++taken;
    }
}

static float *allocate(size_t floats)
{
    float *values = aligned_alloc(64, (floats * sizeof *values + 63) / 64 * 64);
    for (size_t i = 0; values && i < floats; ++i)
        values[i] = (float)(i % 13) / 13 - 0.5f;
    return values;
}

static size_t a_floats(const rnl_product_shape *shape)
{
    switch (shape->a_layout) {
    case RNL_BY_COLUMNS:
        return shape->inner * shape->a_stride;
    case RNL_PACKED:
        return (shape->inner + shape->a_stride - 1) / shape->a_stride * shape->a_distance;
    default:
        return shape->rows * shape->a_stride;
    }
}

static rnl_status time_product(const rnl_product *product, rnl_samples *seconds)
{
    const rnl_product_shape *shape = &product->shape;
    const size_t stride = shape->c_stride > 0 ? shape->c_stride : shape->b.width,
                 floats = rnl_packed_count(&shape->b);
    const operands o = {allocate(a_floats(shape)), allocate(floats),
                        allocate(shape->rows * stride)};
    const rnl_status status = o.a && o.b && o.c ? RNL_OK : rnl_fail_memory(floats);
    if (status == RNL_OK)
        time_calls(product, &o, seconds);
    free(o.a);
    free(o.b);
    free(o.c);
    return status;
}

static void time_tile(rnl_worker *worker, void *context)
{
    (void)worker;
    tile *t = context;
    for (size_t kind = 0; t->status == RNL_OK && kind < KINDS; ++kind)
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

static double flops_of(const rnl_product_shape *shape)
{
    return 2.0 * (double)shape->rows * (double)shape->inner * (double)shape->b.columns;
}

static void report_tile(rnl_bench *bench, tile *t, const char *name, const char *layer, double peak)
{
    static const char *const kinds[KINDS] = {"forward", "gradients", "down"};
    for (size_t k = 0; k < KINDS; ++k) {
        const rnl_product_shape *shape = &t->products[k].shape;
        rnl_bench_result result = {.threads = 1, .repetitions = t->seconds[k].count};
        snprintf(result.name, sizeof result.name, "layers/%.40s/%s/%s/%zux%zux%zu", name, layer,
                 kinds[k], shape->rows, shape->inner, shape->b.columns);
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
            seconds += rnl_samples_summarize(&t->seconds[k]).median * flops /
                       flops_of(&t->products[k].shape);
    return seconds;
}

/* Products as the layer makes them of its first column block: one part of the rows, some inputs. */
static tile tile_of(const rnl_layer *layer, rnl_cut rows)
{
    const size_t fan_in = layer->parameters[0].size[0], units = layer->parameters[0].size[1],
                 padded = rows.blocks * rows.size, stride = rnl_product_row_stride(fan_in);
    const rnl_dense_cut cut = rnl_cut_dense(rows, fan_in, units);
    const size_t width = rnl_cut_width(cut.columns, 0);
    const rnl_packing delta = rnl_packing_uniform(padded, width);
    const rnl_kernels *kernels = rnl_kernels_of(rnl_isa_detect());
    return (tile){
        .products = {
            [FORWARD] = {.shape = {.rows = cut.part_rows,
                                   .inner = fan_in,
                                   .a_layout = RNL_BY_ROWS,
                                   .a_stride = stride,
                                   .b = rnl_packing_of(fan_in, width)},
                         .kernels = kernels},
            [GRADIENTS] = {.shape = {.rows = fan_in < RNL_CUT_INPUTS ? fan_in : RNL_CUT_INPUTS,
                                     .inner = padded,
                                     .a_layout = RNL_BY_COLUMNS,
                                     .a_stride = stride,
                                     .b = delta},
                           .kernels = kernels},
            [DOWN] = {.shape = {.rows = cut.by_columns ? padded : cut.part_rows,
                                .inner = width,
                                .a_layout = RNL_PACKED,
                                .a_stride = delta.width,
                                .a_distance = delta.distance,
                                .b = rnl_packing_of(width, fan_in),
                                .c_stride = stride},
                      .kernels = kernels},
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
