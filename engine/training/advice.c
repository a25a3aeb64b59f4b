#include "engine/training/advice.h"

#include "engine/config/config.h"
#include "engine/layers/auto_initializer.h"
#include "engine/layers/layers.h"
#include "engine/training/executor.h"
#include "engine/training/input_scale.h"

#include <stdio.h>
#include <string.h>

/* ---- initializers ---------------------------------------------------------------------------- */

typedef struct note {
    const rnl_options *options;
    rnl_log_level level;
    rnl_place told; /* the last, which stands for several layers if it is a default of layers */
} note;

static bool is_explicit(rnl_place place)
{
    return place.origin == RNL_FROM_FILE || place.origin == RNL_FROM_COMMAND_LINE;
}

static bool is_same_place(rnl_place a, rnl_place b)
{
    return a.source == b.source && a.line == b.line && a.column == b.column;
}

static bool suits(const rnl_dense_choice *dense)
{
    const char *const *name = dense->suitable;
    while (*name && strcmp(*name, dense->initializer->kind->name) != 0)
        ++name;
    return *name != NULL;
}

static void note_departure(const rnl_dense_choice *dense, void *user)
{
    note *n = user;
    const rnl_place place = dense->initializer->place;
    if (!is_explicit(place) || suits(dense) || is_same_place(place, n->told))
        return;
    n->told = place;
    char where[48] = "";
    if (place.line > 0)
        snprintf(where, sizeof where, ":%zu:%zu", place.line, place.column);
    rnl_log(n->options, n->level, "%s%s: %s as told; before %s, auto takes %s", place.source, where,
            dense->initializer->kind->name, dense->activation, dense->suitable[0]);
}

/* A preset promises what goes together; without one, it is a detail. */
static void note_departures(const rnl_model *model, const rnl_options *options)
{
    note n = {.options = options, .level = model->config->preset ? RNL_LOG_INFO : RNL_LOG_DEBUG};
    rnl_dense_choices_visit(&model->config->model, note_departure, &n);
}

/* ---- selu ------------------------------------------------------------------------------------ */

/* The first hidden layers, in the model, that are not as they have to be. */
typedef struct selu_net {
    const rnl_model *model;
    const rnl_choice *output; /* the last dense layer */
    bool has_selu;
    const rnl_choice *other_activation, *other_initializer;
    const char *activation, *initializer;
} selu_net;

static void look_at_dense(const rnl_dense_choice *dense, void *user)
{
    selu_net *net = user;
    const char *initializer = dense->initializer->kind->name;
    if (dense->layer == net->output)
        return;
    const bool is_selu = strcmp(dense->activation, "selu") == 0;
    net->has_selu |= is_selu;
    if (!is_selu && !net->other_activation) {
        net->other_activation = dense->layer;
        net->activation = dense->activation;
    }
    if (strcmp(initializer, "lecun_normal") != 0 && !net->other_initializer) {
        net->other_initializer = dense->layer;
        net->initializer = initializer;
    }
}

static const rnl_layer *first_of(const rnl_model *model, const rnl_layer_operations *operations)
{
    for (size_t i = 0; i < model->layer_count; ++i)
        if (rnl_layer_operations_of(&model->layers[i]) == operations)
            return &model->layers[i];
    return NULL;
}

static const char *name_of(const rnl_model *model, const rnl_choice *choice)
{
    size_t i = 0;
    while (i + 1 < model->layer_count && model->layers[i].choice != choice)
        ++i;
    return model->layers[i].name;
}

static const rnl_choice *last_dense(const rnl_model *model)
{
    size_t i = model->layer_count;
    while (i > 0 && rnl_layer_operations_of(&model->layers[i - 1]) != &rnl_dense_operations)
        --i;
    return i > 0 ? model->layers[i - 1].choice : NULL;
}

/* By the data, or by batch normalization before the first dense layer. */
static bool has_standardized_inputs(const rnl_model *model, const rnl_dataset *rows)
{
    const rnl_layer *dense = first_of(model, &rnl_dense_operations);
    const rnl_layer *normalization = first_of(model, &rnl_batch_normalization_operations);
    return (normalization && normalization->index < dense->index) ||
           rnl_inputs_are_standardized(model, rows);
}

static void warn_of_selu(const selu_net *net, const rnl_dataset *rows, const rnl_options *options)
{
    const rnl_layer *residual = first_of(net->model, &rnl_residual_operations);
    const rnl_layer *dropout = first_of(net->model, &rnl_dropout_operations);
    if (residual)
        rnl_log(options, RNL_LOG_WARNING,
                "selu normalizes a plain stack of dense layers alone: %s is a skip connection",
                residual->name);
    if (net->other_activation)
        rnl_log(options, RNL_LOG_WARNING,
                "selu normalizes if all hidden layers have it: %s has activation %s",
                name_of(net->model, net->other_activation), net->activation);
    if (net->other_initializer)
        rnl_log(options, RNL_LOG_WARNING,
                "selu normalizes if all hidden layers begin with lecun_normal: %s has %s",
                name_of(net->model, net->other_initializer), net->initializer);
    if (dropout)
        rnl_log(options, RNL_LOG_WARNING,
                "selu: %s changes mean and variance, alpha_dropout keeps them", dropout->name);
    if (!has_standardized_inputs(net->model, rows))
        rnl_log(options, RNL_LOG_WARNING,
                "selu normalizes if the inputs have mean 0 and variance 1: see data.scaling: "
                "standardize");
}

void rnl_advise(const rnl_model *model, const rnl_dataset *rows, const rnl_options *options)
{
    selu_net net = {.model = model, .output = last_dense(model)};
    note_departures(model, options);
    rnl_dense_choices_visit(&model->config->model, look_at_dense, &net);
    if (net.has_selu)
        warn_of_selu(&net, rows, options);
}
