#include "engine/layers/batch_normalization.h"

#include "engine/base/error.h"
#include "engine/layers/columns.h"
#include "engine/layers/rate_factor.h"
#include "engine/schema/config.h"

#include <stddef.h>

/* The kinds of `statistics` and `moving_statistics`, by their order. */
enum { OF_BATCH, OF_SHARD };
enum { RUNNING, FINAL_PASS };

static const rnl_kind statistics_kinds[] = {
    {.name = "batch", .help = "of all rows of the mini-batch together"},
    {.name = "shard",
     .help = "of each row block of the mini-batch by itself: noisier, 32 rows or fewer make one"},
};

static const rnl_kind_table statistics_table = {
    .noun = "statistics",
    .plural = "statistics",
    .kinds = statistics_kinds,
    .count = sizeof statistics_kinds / sizeof *statistics_kinds,
};

static const rnl_kind moving_kinds[] = {
    {.name = "running", .help = "averages that fade by momentum at each step"},
    {.name = "final_pass",
     .help = "the same, replaced after training by those of one more pass over the training rows"},
};

static const rnl_kind_table moving_table = {
    .noun = "moving_statistics",
    .plural = "moving_statistics",
    .kinds = moving_kinds,
    .count = sizeof moving_kinds / sizeof *moving_kinds,
};

const rnl_field rnl_batch_normalization_fields[] = {
    {.key = "momentum",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(rnl_batch_normalization, momentum),
     .fallback = "0.99",
     .minimum = 0,
     .maximum = 1,
     .help = "share of the moving averages that a step leaves as it is"},
    {.key = "epsilon",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(rnl_batch_normalization, epsilon),
     .fallback = "0.001",
     .minimum = 1e-12,
     .maximum = 1e6,
     .help = "added to the variance"},
    {.key = "center",
     .type = RNL_FIELD_BOOLEAN,
     .offset = offsetof(rnl_batch_normalization, center),
     .fallback = "true",
     .help = "add beta, a learned number for each unit; it starts at 0"},
    {.key = "scale",
     .type = RNL_FIELD_BOOLEAN,
     .offset = offsetof(rnl_batch_normalization, scale),
     .fallback = "true",
     .help = "multiply by gamma, a learned number for each unit; it starts at 1"},
    {.key = "statistics",
     .type = RNL_FIELD_KIND,
     .offset = offsetof(rnl_batch_normalization, statistics),
     .fallback = "batch",
     .kinds = &statistics_table,
     .help = "the rows whose mean and variance normalize in training: batch or shard"},
    {.key = "moving_statistics",
     .type = RNL_FIELD_KIND,
     .offset = offsetof(rnl_batch_normalization, moving_statistics),
     .fallback = "running",
     .kinds = &moving_table,
     .help = "what normalizes outside of training: running or final_pass"},
    RNL_TRAINABLE_FIELD(rnl_batch_normalization),
    RNL_RATE_FACTOR_FIELD(rnl_batch_normalization),
    {.key = NULL},
};

bool rnl_normalization_by_shards(const rnl_layer *layer)
{
    return rnl_batch_normalization_of(layer)->statistics.kind == &statistics_kinds[OF_SHARD];
}

bool rnl_normalization_has_final_pass(const rnl_layer *layer)
{
    const rnl_batch_normalization *p = rnl_batch_normalization_of(layer);
    return !layer->frozen && p->moving_statistics.kind == &moving_kinds[FINAL_PASS];
}

rnl_normalization_places rnl_normalization_places_of(const rnl_layer *layer)
{
    const rnl_batch_normalization *p = rnl_batch_normalization_of(layer);
    const size_t learned = (size_t)p->scale + (size_t)p->center;
    return (rnl_normalization_places){
        .gamma = p->scale ? 0 : RNL_ABSENT,
        .beta = p->center ? (size_t)p->scale : RNL_ABSENT,
        .moving_mean = learned,
        .moving_variance = learned + 1,
    };
}

static void declare(rnl_layer *layer, const char *name, bool fixed)
{
    layer->parameters[layer->parameter_count++] = (rnl_parameter){
        .name = name,
        .fixed = fixed,
        .rank = 1,
        .size = {layer->input.size[0]},
    };
}

static rnl_status build(rnl_layer *layer)
{
    const rnl_batch_normalization *p = rnl_batch_normalization_of(layer);
    if (layer->input.rank != 1)
        return rnl_fail_at(
            layer->choice->place,
            "%s: expected rows of rank 1, got rank %zu: put a flatten layer before it", layer->name,
            layer->input.rank);
    layer->output = layer->input;
    rnl_layer_set_training(layer, p->trainable, p->learning_rate_factor);
    if (p->scale)
        declare(layer, "gamma", false);
    if (p->center)
        declare(layer, "beta", false);
    declare(layer, "moving_mean", true);
    declare(layer, "moving_variance", true);
    return RNL_OK;
}

static rnl_status check(const rnl_layer *layer, const rnl_config *config)
{
    if (layer->trainable && config->training.batch_size == 1)
        return rnl_fail_at(layer->choice->place,
                           "%s: the statistics of a mini-batch need more rows than one, but "
                           "training.batch_size is 1",
                           layer->name);
    return RNL_OK;
}

static void fill(const rnl_parameter *parameter, float value)
{
    for (size_t i = 0; i < rnl_parameter_count(parameter); ++i)
        parameter->arrays[RNL_VALUES][i] = value;
}

static void initialize(rnl_layer *layer, uint64_t seed)
{
    (void)seed;
    const rnl_normalization_places at = rnl_normalization_places_of(layer);
    if (at.gamma != RNL_ABSENT)
        fill(&layer->parameters[at.gamma], 1);
    fill(&layer->parameters[at.moving_variance], 1);
}

const rnl_layer_operations rnl_batch_normalization_operations = {
    .keeps_units = true,
    .build = build,
    .check = check,
    .initialize = initialize,
    .has_final_pass = rnl_normalization_has_final_pass,
    .plan_forward = rnl_normalization_plan_forward,
    .plan_inference = rnl_normalization_plan_inference,
    .plan_backward = rnl_normalization_plan_backward,
    .collect = rnl_normalization_collect,
    .place = rnl_normalization_place,
};
