/*
 * The products of each layer by Runnel's kernels and by oneDNN: one tile of the canonical cut each,
 * on one worker, in turns, after both have made the same bits of it.
 */
#include "benchmarks/bench.h"
#include "benchmarks/bench_nets.h"
#include "benchmarks/fma_peak.h"
#include "benchmarks/layer_products.h"
#include "benchmarks/turns.h"
#include "cli/messages.h"
#include "engine/base/error.h"
#include "engine/schema/config.h"
#include "engine/workers/machine.h"
#include "threading/team.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEWEST_ROUNDS = 5, MOST_ROUNDS = 400 };
static const double narrow = 0.01;

/* A layer's product, and what it is measured with. */
typedef struct subject {
    char name[128];
    rnl_product product;
    rnl_operands operands;
    size_t kind;
    size_t layers; /* that have this product */
    double tiles;  /* of all of them in a step */
    rnl_onednn_worker *worker;
} subject;

typedef struct subjects {
    const char *net;
    size_t count;
    subject *items;
    rnl_onednn *onednn; /* NULL: oneDNN is not measured */
    rnl_onednn_worker *worker;
    rnl_status status;
    char message[512];
} subjects;

/* ---- products of a net ----------------------------------------------------------------------- */

/* Returns the subject of the same shape, or the next one. */
static subject *subject_of(subjects *s, const rnl_product *product, size_t kind)
{
    for (size_t i = 0; i < s->count; ++i)
        if (s->items[i].kind == kind &&
            memcmp(&s->items[i].product.shape, &product->shape, sizeof product->shape) == 0)
            return &s->items[i];
    s->items[s->count] = (subject){.product = *product, .kind = kind};
    return &s->items[s->count++];
}

static rnl_status add_layer(subjects *s, const rnl_model *model, const rnl_layer *layer)
{
    const rnl_cut rows = rnl_cut_rows((size_t)model->config->training.batch_size, 1);
    rnl_product products[RNL_LAYER_PRODUCTS];
    rnl_layer_products(layer, rows, products);
    for (size_t k = 0; k < RNL_LAYER_PRODUCTS; ++k) {
        const rnl_product_shape *shape = &products[k].shape;
        if (k == RNL_DOWN && layer->index <= rnl_model_first_trainable(model))
            continue;
        subject *added = subject_of(s, &products[k], k);
        added->tiles += rnl_layer_product_flops(layer, rows) / rnl_product_flops(shape);
        if (++added->layers > 1)
            continue;
        snprintf(added->name, sizeof added->name, "products/%.40s/%.24s/%s/%zux%zux%zu", s->net,
                 layer->name, rnl_layer_product_names[k], shape->rows, shape->inner,
                 shape->b.columns);
        RNL_TRY(rnl_operands_create(&added->operands, shape));
        if (s->onednn)
            rnl_product_need(shape, s->onednn);
    }
    return RNL_OK;
}

static rnl_status add_layers(subjects *s, const rnl_model *model)
{
    s->items = calloc(RNL_LAYER_PRODUCTS * model->layer_count + 1, sizeof *s->items);
    if (!s->items)
        return rnl_fail_memory(RNL_LAYER_PRODUCTS * model->layer_count * sizeof *s->items);
    for (size_t i = 0; i < model->layer_count; ++i)
        if (rnl_layer_multiplies(&model->layers[i]))
            RNL_TRY(add_layer(s, model, &model->layers[i]));
    return RNL_OK;
}

static void release(subjects *s)
{
    for (size_t i = 0; i < s->count; ++i)
        rnl_operands_release(&s->items[i].operands);
    rnl_onednn_worker_free(s->worker);
    rnl_onednn_free(s->onednn);
    free(s->items);
}

/* ---- the same bits --------------------------------------------------------------------------- */

static rnl_status compare(const subject *one, rnl_onednn_worker *worker)
{
    const size_t bytes = one->operands.c_floats * sizeof(float);
    float *other = malloc(bytes);
    if (!other)
        return rnl_fail_memory(bytes);
    memcpy(other, one->operands.c, bytes);
    rnl_product padded = one->product;
    padded.shape.pads = true;
    rnl_status status = rnl_operands_multiply(&one->operands, &padded, NULL, one->operands.c);
    if (status == RNL_OK)
        status = rnl_operands_multiply(&one->operands, &padded, worker, other);
    if (status == RNL_OK && memcmp(other, one->operands.c, bytes) != 0)
        status = rnl_fail(RNL_PRODUCT, "%s: oneDNN's bits are not those of the kernels", one->name);
    free(other);
    return status;
}

static rnl_status check_all(subjects *s)
{
    RNL_TRY(rnl_onednn_generate(s->onednn));
    RNL_TRY(rnl_onednn_worker_create(&s->worker, s->onednn));
    for (size_t i = 0; i < s->count; ++i) {
        s->items[i].worker = s->worker;
        RNL_TRY(compare(&s->items[i], s->worker));
    }
    return RNL_OK;
}

static void check_on_worker(rnl_worker *worker, void *context)
{
    (void)worker;
    subjects *s = context;
    s->status = check_all(s);
    snprintf(s->message, sizeof s->message, "%s", rnl_message());
}

static rnl_status check(subjects *s)
{
    char problem[512];
    rnl_placement placement;
    RNL_TRY(rnl_place_workers(&placement, &(const rnl_options){.threads = 1}));
    const bool ran = rnl_team_run(&placement, check_on_worker, s, problem, sizeof problem);
    rnl_placement_release(&placement);
    if (!ran)
        return rnl_fail(RNL_THREADS, "%s", problem);
    return s->status == RNL_OK ? RNL_OK : rnl_fail(s->status, "%s", s->message);
}

/* ---- times ----------------------------------------------------------------------------------- */

static void run_own(size_t worker, void *context)
{
    const subject *one = context;
    (void)worker;
    rnl_operands_multiply(&one->operands, &one->product, NULL, one->operands.c);
}

static void run_onednn(size_t worker, void *context)
{
    const subject *one = context;
    (void)worker;
    rnl_operands_multiply(&one->operands, &one->product, one->worker, one->operands.c);
}

/* Own and oneDNN's of a subject stand side by side. */
static void report_one(rnl_bench *bench, const subject *one, const rnl_contender *contenders,
                       size_t sides, double peak)
{
    static const char *const names[] = {"own", "onednn"};
    for (size_t k = 0; k < sides; ++k) {
        const rnl_contender *c = &contenders[k];
        rnl_bench_result result = {.threads = 1,
                                   .repetitions = c->seconds.count,
                                   .rounds = &c->seconds,
                                   .processor_rounds = &c->processor_seconds};
        snprintf(result.name, sizeof result.name, "%s/%s", one->name, names[k]);
        if (one->layers > 1)
            snprintf(result.label, sizeof result.label, "%zu layers", one->layers);
        result.seconds = rnl_samples_summarize(&c->seconds);
        const double rate = rnl_product_flops(&one->product.shape) / result.seconds.median;
        rnl_bench_result_count(&result, "gflops", rate / 1e9);
        if (peak > 0)
            rnl_bench_result_count(&result, "share_of_peak", rate / peak);
        if (k > 0)
            rnl_bench_result_count(
                &result, "times_own",
                rnl_samples_ratio(&c->seconds, &contenders[0].seconds, 1).median);
        rnl_bench_report_add(&bench->report, &result);
    }
}

/* All products of a step, judged by the tiles that were timed. */
static void report_step(rnl_bench *bench, const subjects *s, const rnl_contender *contenders,
                        size_t sides)
{
    double sums[2] = {0, 0};
    rnl_bench_result result = {.threads = 1, .repetitions = 1};
    for (size_t i = 0; i < s->count; ++i)
        for (size_t k = 0; k < sides; ++k)
            sums[k] += s->items[i].tiles *
                       rnl_samples_summarize(&contenders[sides * i + k].seconds).median;
    snprintf(result.name, sizeof result.name, "products/%.40s/step", s->net);
    rnl_bench_result_count(&result, "own_ms", 1e3 * sums[0]);
    if (sides > 1) {
        rnl_bench_result_count(&result, "onednn_ms", 1e3 * sums[1]);
        rnl_bench_result_count(&result, "times_own", sums[1] / sums[0]);
    }
    rnl_bench_report_add(&bench->report, &result);
}

static rnl_status time_all(rnl_bench *bench, subjects *s, double deadline)
{
    const size_t sides = s->onednn ? 2 : 1;
    rnl_contender *contenders = calloc(sides * s->count + 1, sizeof *contenders);
    if (!contenders)
        return rnl_fail_memory(sides * s->count * sizeof *contenders);
    for (size_t i = 0; i < sides * s->count; ++i)
        contenders[i] = (rnl_contender){.work = i % sides == 0 ? run_own : run_onednn,
                                        .context = &s->items[i / sides]};
    const rnl_turns turns = {.threads = 1,
                             .count = sides * s->count,
                             .contenders = contenders,
                             .deadline = deadline,
                             .fewest = FEWEST_ROUNDS,
                             .most = MOST_ROUNDS,
                             .narrow = narrow};
    const rnl_status status = rnl_take_turns(&turns);
    const double peak = rnl_fma_peak(rnl_isa_detect(), 1);
    for (size_t i = 0; status == RNL_OK && i < s->count; ++i)
        report_one(bench, &s->items[i], &contenders[sides * i], sides, peak);
    if (status == RNL_OK)
        report_step(bench, s, contenders, sides);
    rnl_turns_release(&turns);
    free(contenders);
    return status;
}

/* ---- nets ------------------------------------------------------------------------------------ */

static rnl_status measure(rnl_bench *bench, subjects *s, const rnl_model *model, double deadline)
{
    RNL_TRY(add_layers(s, model));
    if (s->onednn)
        RNL_TRY(check(s));
    return time_all(bench, s, deadline);
}

/* The number-th CONFIG, or net of the table. */
static rnl_status load(rnl_config **config, rnl_data **data, const rnl_arguments *arguments,
                       size_t number, char name[48])
{
    if (arguments->operand_count > 1) {
        RNL_TRY(rnl_bench_load(config, data, arguments->operands[1 + number], arguments, NULL));
        snprintf(name, 48, "%.40s", rnl_config_name(*config));
        return RNL_OK;
    }
    const rnl_bench_case *c = &rnl_bench_cases[number];
    char *text = rnl_bench_config(c);
    if (!text)
        return rnl_fail_memory(0);
    snprintf(name, 48, "%s/batch:%zu", c->net, c->batch_size);
    const rnl_status status = rnl_config_parse(config, c->net, text, NULL, 0);
    free(text);
    if (status == RNL_OK)
        *data = rnl_bench_data(c, 1);
    return status;
}

static rnl_status measure_net(rnl_bench *bench, size_t number, bool with_onednn, double deadline)
{
    char name[48];
    rnl_config *config = NULL;
    rnl_data *data = NULL;
    rnl_model *model = NULL;
    subjects s = {.net = name};
    rnl_status status = load(&config, &data, bench->arguments, number, name);
    if (status == RNL_OK)
        status = rnl_model_create(&model, config, data);
    if (status == RNL_OK && with_onednn)
        status = rnl_onednn_create(&s.onednn, rnl_kernels_of(rnl_isa_detect()));
    if (status == RNL_OK)
        status = measure(bench, &s, model, deadline);
    release(&s);
    rnl_model_free(model);
    rnl_data_free(data);
    rnl_config_free(config);
    return status;
}

/* Says why oneDNN is left out, if it is. */
static bool has_onednn(void)
{
    rnl_onednn *onednn = NULL;
    const bool has = rnl_onednn_create(&onednn, rnl_kernels_of(rnl_isa_detect())) == RNL_OK;
    rnl_onednn_free(onednn);
    if (!has)
        fprintf(stderr, "runnel: own products alone: %s\n", rnl_message());
    return has;
}

/* Another entry of the table before this one has the same products. */
static bool is_repeated(size_t number)
{
    const rnl_bench_case *cases = rnl_bench_cases;
    for (size_t i = 0; i < number; ++i)
        if (strcmp(cases[i].net, cases[number].net) == 0 &&
            cases[i].batch_size == cases[number].batch_size)
            return true;
    return false;
}

int rnl_bench_products(rnl_bench *bench)
{
    const bool configs = bench->arguments->operand_count > 1, with_onednn = has_onednn();
    const size_t nets = configs ? bench->arguments->operand_count - 1 : rnl_bench_case_count;
    rnl_status status = RNL_OK;
    for (size_t i = 0; status == RNL_OK && i < nets; ++i) {
        const double now = rnl_seconds();
        if (configs || !is_repeated(i))
            status = measure_net(bench, i, with_onednn,
                                 now + (bench->deadline - now) / (double)(nets - i));
    }
    return rnl_complain_status(status);
}
