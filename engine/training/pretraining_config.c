#include "engine/training/pretraining_config.h"

#include "engine/base/error.h"
#include "engine/layers/layers.h"
#include "engine/training/early_stopping.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the section ----------------------------------------------------------------------------- */

#define KEY(member) offsetof(rnl_pretraining_config, member)

typedef enum mode { WHOLE, STACKED } mode;

static const rnl_kind modes[] = {
    {.name = "whole", .help = "all layers at once", .operations = &(const mode){WHOLE}},
    {.name = "stacked",
     .help = "layer by layer, each on the codes of those before it",
     .operations = &(const mode){STACKED}},
};

const rnl_kind_table rnl_pretraining_modes = {
    .noun = "pretraining mode",
    .plural = "pretraining modes",
    .kinds = modes,
    .count = sizeof modes / sizeof *modes,
};

static const rnl_kind noises[] = {
    {.name = "dropout",
     .help = "a share of the inputs is dropped",
     .fields = rnl_dropout_fields,
     .size = sizeof(rnl_dropout),
     .shorthand = "rate"},
    {.name = "gaussian_noise",
     .help = "normal numbers are added",
     .fields = rnl_gaussian_noise_fields,
     .size = sizeof(rnl_gaussian_noise),
     .shorthand = "stddev"},
};

const rnl_kind_table rnl_denoisings = {
    .noun = "noise",
    .plural = "noises",
    .kinds = noises,
    .count = sizeof noises / sizeof *noises,
};

const rnl_field rnl_pretraining_fields[] = {
    {.key = "mode",
     .type = RNL_FIELD_KIND,
     .offset = KEY(mode),
     .fallback = "whole",
     .kinds = &rnl_pretraining_modes,
     .help = "what is trained at a time"},
    {.key = "tied",
     .type = RNL_FIELD_BOOLEAN,
     .offset = KEY(tied),
     .fallback = "false",
     .help = "each layer of the mirror image has the kernel of the layer that it mirrors, "
             "transposed: one kernel, one gradient"},
    {.key = "denoising",
     .type = RNL_FIELD_KIND,
     .offset = KEY(denoising),
     .fallback = "null",
     .kinds = &rnl_denoisings,
     .help = "noise on the inputs of what is trained, {dropout: 0.2}, which the outputs lack"},
    {.key = "epochs",
     .type = RNL_FIELD_INTEGER,
     .offset = KEY(epochs),
     .fallback = "0",
     .maximum = 1 << 24,
     .help = "of each stage; 0: as training"},
    {.key = "batch_size",
     .type = RNL_FIELD_INTEGER,
     .offset = KEY(batch_size),
     .fallback = "0",
     .maximum = 1 << 24,
     .help = "rows for each step; 0: as training"},
    {.key = "optimizer",
     .type = RNL_FIELD_KIND,
     .offset = KEY(optimizer),
     .fallback = "null",
     .kinds = &rnl_optimizers,
     .help = "null: as training"},
    {.key = "schedule",
     .type = RNL_FIELD_KIND,
     .offset = KEY(schedule),
     .fallback = "null",
     .kinds = &rnl_schedules,
     .help = "of the learning rate over each stage; null: it stays, whatever training does"},
    {.key = "early_stopping",
     .type = RNL_FIELD_SECTION,
     .offset = KEY(early_stopping),
     .fallback = "{}",
     .section = rnl_early_stopping_fields,
     .help = "end of a stage before its last epoch"},
    {.key = NULL},
};

bool rnl_pretraining_is_stacked(const rnl_config *config)
{
    return *(const mode *)config->pretraining.mode.kind->operations == STACKED;
}

/* ---- segments -------------------------------------------------------------------------------- */

static const json_t *entries(const rnl_segments *segments)
{
    return json_object_get(segments->config, "model");
}

/* Lists the dense layers; the last one is the head. */
static rnl_status find_dense(rnl_segments *segments, const rnl_choice_list *model)
{
    size_t dense = 0;
    for (size_t i = 0; i < model->count; ++i) {
        const rnl_layer_operations *operations = model->items[i].kind->operations;
        if (operations->group)
            return rnl_fail_at(model->items[i].place,
                               "pretraining needs a plain stack of layers, got %s",
                               model->items[i].kind->name);
        if (operations == &rnl_dense_operations)
            segments->first[dense++] = i;
    }
    if (dense < 2)
        return rnl_fail_at(model->place,
                           "pretraining needs a hidden dense layer beside the last one, which is "
                           "left out");
    segments->begin = segments->first[0];
    segments->count = dense - 1;
    return RNL_OK;
}

static rnl_status read_config(rnl_segments *segments, const rnl_config *config)
{
    char *text = NULL;
    RNL_TRY(rnl_config_print_json(config, &text));
    segments->config = json_loads(text, 0, NULL);
    rnl_text_free(text);
    return segments->config ? RNL_OK : rnl_fail_memory(sizeof(json_t));
}

rnl_status rnl_segments_cut(rnl_segments *segments, const rnl_config *config)
{
    *segments = (rnl_segments){.first = calloc(config->model.count + 1, sizeof(size_t))};
    if (!segments->first)
        return rnl_fail_memory((config->model.count + 1) * sizeof(size_t));
    rnl_status status = find_dense(segments, &config->model);
    if (status == RNL_OK)
        status = read_config(segments, config);
    if (status != RNL_OK)
        rnl_segments_release(segments);
    return status;
}

void rnl_segments_release(rnl_segments *segments)
{
    json_decref(segments->config);
    free(segments->first);
    *segments = (rnl_segments){0};
}

/* ---- layers of a stretch --------------------------------------------------------------------- */

/* The key of the value that stands directly behind a kind's name. */
static const char *shorthand_of(const char *kind)
{
    return rnl_kind_find(&rnl_layers, kind)->shorthand;
}

/* Tests if the value is that of the shorthand, though it is a mapping: `activation: {elu: ...}`. */
static bool is_bare(const char *kind, const json_t *value)
{
    const char *shorthand = shorthand_of(kind);
    return shorthand && !json_object_get(value, shorthand);
}

/* An entry as `kind: {parameters}` with another name. */
static json_t *rename_entry(const json_t *entry, const char *name)
{
    json_t *copy = json_is_string(entry) ? json_pack("{s:{}}", json_string_value(entry))
                                         : json_deep_copy(entry);
    void *at = json_object_iter(copy);
    json_t *parameters = json_object_iter_value(at);
    const char *kind = json_object_iter_key(at);
    if (json_is_object(parameters) && !is_bare(kind, parameters)) {
        json_object_set_new(parameters, "name", json_string(name));
        return copy;
    }
    json_t *renamed =
        json_pack("{s:{s:O,s:s}}", kind, shorthand_of(kind), parameters, "name", name);
    json_decref(copy);
    return renamed;
}

static const char *given_name(const json_t *entry)
{
    void *kind = json_is_object(entry) ? json_object_iter((json_t *)(uintptr_t)entry) : NULL;
    const json_t *parameters = kind ? json_object_iter_value(kind) : NULL;
    return json_string_value(json_object_get(parameters, "name"));
}

static const char *kind_of(const json_t *entry)
{
    void *kind = json_object_iter((json_t *)(uintptr_t)entry);
    return json_is_string(entry) ? json_string_value(entry) : json_object_iter_key(kind);
}

#define NAME 80

/* The name that an entry has in the whole net. */
static void name_entry(char name[NAME], const rnl_segments *segments, size_t index)
{
    const json_t *entry = json_array_get(entries(segments), index);
    const char *kind = kind_of(entry), *given = given_name(entry);
    size_t number = 1;
    for (size_t k = 0; k < index; ++k)
        number += strcmp(kind_of(json_array_get(entries(segments), k)), kind) == 0;
    if (given)
        snprintf(name, NAME, "%.*s", NAME - 1, given);
    else
        snprintf(name, NAME, "%.58s_%zu", kind, number);
}

/* Adds entries under the names that their places in the whole net give them: a stretch of it would
 * count them otherwise. */
static void add_encoder(json_t *layers, const rnl_segments *segments, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; ++i) {
        const json_t *entry = json_array_get(entries(segments), i);
        char name[NAME];
        name_entry(name, segments, i);
        json_array_append_new(layers, given_name(entry) ? json_deep_copy(entry)
                                                        : rename_entry(entry, name));
    }
}

/* Ties the first layer of a mirrored segment, as the last of the list, to that which it mirrors, if
 * that is asked for; a penalty or a constraint of the kernel is the other's. */
static void tie(json_t *layers, const rnl_segments *segments, size_t k)
{
    json_t *entry = json_array_get(layers, json_array_size(layers) - 1);
    json_t *dense = json_object_get(entry, "dense");
    char name[NAME];
    json_object_del(dense, "tied_to");
    if (!json_is_true(json_object_get(json_object_get(segments->config, "pretraining"), "tied")))
        return;
    json_object_del(dense, "kernel_regularizer");
    json_object_del(dense, "kernel_constraint");
    name_entry(name, segments, segments->first[k]);
    json_object_set_new(dense, "tied_to", json_string(name));
}

/* The mirror image of segment k: the layers that make what it begins with, once more. */
static void add_mirrored(json_t *layers, const rnl_segments *segments, size_t k, size_t inputs)
{
    char name[32];
    snprintf(name, sizeof name, "decoder_%zu", k + 1);
    if (k == 0) {
        json_array_append_new(
            layers, json_pack("{s:{s:I,s:s}}", "dense", "units", (json_int_t)inputs, "name", name));
        tie(layers, segments, k);
        return;
    }
    for (size_t i = segments->first[k - 1]; i < segments->first[k]; ++i) {
        const json_t *entry = json_array_get(entries(segments), i);
        char beside[48];
        snprintf(beside, sizeof beside, "decoder_%zu_%zu", k + 1, i - segments->first[k - 1]);
        json_array_append_new(layers,
                              rename_entry(entry, i == segments->first[k - 1] ? name : beside));
        if (i == segments->first[k - 1])
            tie(layers, segments, k);
    }
}

/* The noise as a layer. */
static void add_noise(json_t *layers, const rnl_segments *segments)
{
    const json_t *noise =
        json_object_get(json_object_get(segments->config, "pretraining"), "denoising");
    if (json_is_object(noise))
        json_array_append_new(layers, rename_entry(noise, "noise"));
}

static json_t *make_layers(const rnl_segments *segments, rnl_stretch stretch)
{
    json_t *layers = json_array();
    if (stretch.from == 0)
        add_encoder(layers, segments, 0, segments->begin);
    if (stretch.noisy)
        add_noise(layers, segments);
    add_encoder(layers, segments, segments->first[stretch.from], segments->first[stretch.to]);
    for (size_t k = stretch.to; stretch.mirrored && k-- > stretch.from;)
        add_mirrored(layers, segments, k, stretch.inputs);
    return layers;
}

/* ---- the rest of a configuration ------------------------------------------------------------- */

/* Takes over what `pretraining` gives. */
static void set_training(json_t *config)
{
    static const char *const forgotten[] = {"metrics",       "class_weight", "phases",
                                            "initial_epoch", "max_seconds",  "inspect",
                                            "tensorboard",   "trace"};
    json_t *training = json_object_get(config, "training"),
           *own = json_object_get(config, "pretraining");
    for (size_t i = 0; i < sizeof forgotten / sizeof *forgotten; ++i)
        json_object_del(training, forgotten[i]);
    json_object_set_new(training, "loss", json_string("mean_squared_error"));
    json_object_set(training, "schedule", json_object_get(own, "schedule"));
    json_object_set(training, "early_stopping", json_object_get(own, "early_stopping"));
    if (!json_is_null(json_object_get(own, "optimizer")))
        json_object_set(training, "optimizer", json_object_get(own, "optimizer"));
    if (json_integer_value(json_object_get(own, "epochs")) > 0)
        json_object_set(training, "epochs", json_object_get(own, "epochs"));
    if (json_integer_value(json_object_get(own, "batch_size")) > 0)
        json_object_set(training, "batch_size", json_object_get(own, "batch_size"));
    json_object_del(config, "pretraining");
}

static void set_data(json_t *config, bool codes)
{
    json_t *data = json_object_get(config, "data");
    if (codes)
        json_object_clear(data);
    json_object_set_new(data, "targets", json_string("inputs"));
    json_object_del(data, "target_scaling");
}

static rnl_status parse(rnl_config **config, const json_t *json)
{
    char *text = json_dumps(json, JSON_REAL_PRECISION(17));
    if (!text)
        return rnl_fail_memory(sizeof(json_t));
    const rnl_status status = rnl_config_parse(config, "the autoencoder", text, NULL, 0);
    free(text);
    return status;
}

rnl_status rnl_stretch_configure(rnl_config **config, const rnl_segments *segments,
                                 rnl_stretch stretch)
{
    json_t *json = json_deep_copy(segments->config);
    if (!json)
        return rnl_fail_memory(sizeof *json);
    set_data(json, stretch.from > 0);
    if (!stretch.mirrored)
        json_object_set_new(json_object_get(json, "data"), "targets", json_string("given"));
    set_training(json);
    json_object_set_new(json, "model", make_layers(segments, stretch));
    const rnl_status status = parse(config, json);
    json_decref(json);
    return status;
}
