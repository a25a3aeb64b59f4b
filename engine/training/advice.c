#include "engine/training/advice.h"

#include "engine/layers/auto_initializer.h"
#include "engine/layers/layers.h"
#include "engine/schema/config.h"
#include "engine/training/input_scale.h"
#include "engine/workers/executor.h"

#include <stdio.h>
#include <string.h>

/* ---- initializers ---------------------------------------------------------------------------- */

/* The first dense layer whose initializer does not suit its activation, and how many do not. */
typedef struct misfit {
    rnl_dense_choice first;
    size_t count;
} misfit;

/* Accepts initializers with an explicit scale or a place in a block: their user chose them.  selu
 * has warnings of its own. */
static bool suits(const rnl_dense_choice *dense)
{
    const char *const *name = dense->suitable, *chosen = dense->initializer->kind->name;
    while (*name && strcmp(*name, chosen) != 0)
        ++name;
    return *name || strcmp(chosen, "variance_scaling") == 0 || strcmp(chosen, "fixup") == 0 ||
           strcmp(dense->activation, "selu") == 0;
}

static void look_for_misfit(const rnl_dense_choice *dense, void *user)
{
    misfit *found = user;
    if (dense->initializer->place.origin == RNL_FROM_PRESET || suits(dense))
        return;
    if (found->count++ == 0)
        found->first = *dense;
}

static const char *name_of(const rnl_model *model, const rnl_choice *choice)
{
    size_t i = 0;
    while (i + 1 < model->layer_count && model->layers[i].choice != choice)
        ++i;
    return model->layers[i].name;
}

static void note_misfits(const rnl_model *model, const rnl_options *options)
{
    misfit found = {.count = 0};
    char others[48] = "";
    rnl_dense_choices_visit(&model->config->model, look_for_misfit, &found);
    if (found.count == 0)
        return;
    const rnl_choice *initializer = found.first.initializer;
    if (found.count > 1)
        snprintf(others, sizeof others,
                 found.count == 2 ? "; so does %zu other layer" : "; so do %zu other layers",
                 found.count - 1);
    rnl_log(options, RNL_LOG_INFO,
            "%s begins with %s%s; %s suits its %s: kernel_initializer: auto%s",
            name_of(model, found.first.layer), initializer->kind->name,
            initializer->place.origin == RNL_FROM_DEFAULT ? ", the default" : "",
            found.first.suitable[0], found.first.activation, others);
}

/* ---- selu ------------------------------------------------------------------------------------ */

/* The first hidden layers of the model that violate selu's conditions. */
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

static const rnl_choice *last_dense(const rnl_model *model)
{
    size_t i = model->layer_count;
    while (i > 0 && rnl_layer_operations_of(&model->layers[i - 1]) != &rnl_dense_operations)
        --i;
    return i > 0 ? model->layers[i - 1].choice : NULL;
}

/* Finds batch normalization after the first dense layer; before it, it standardizes the inputs. */
static const rnl_layer *inner_normalization(const rnl_model *model)
{
    bool inside = false;
    for (size_t i = 0; i < model->layer_count; ++i) {
        const rnl_layer_operations *operations = rnl_layer_operations_of(&model->layers[i]);
        if (inside && operations == &rnl_batch_normalization_operations)
            return &model->layers[i];
        inside |= operations == &rnl_dense_operations;
    }
    return NULL;
}

static void warn_of_selu(const selu_net *net, const rnl_dataset *rows, const rnl_options *options)
{
    const rnl_layer *residual = first_of(net->model, &rnl_residual_operations);
    const rnl_layer *dropout = first_of(net->model, &rnl_dropout_operations);
    const rnl_layer *normalization = inner_normalization(net->model);
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
    if (normalization)
        rnl_log(options, RNL_LOG_WARNING,
                "selu: %s takes mean and variance from the mini-batch, selu keeps them without it",
                normalization->name);
    if (!rnl_inputs_are_normalized(net->model) && !rnl_inputs_are_standardized(net->model, rows))
        rnl_log(options, RNL_LOG_WARNING,
                "selu normalizes if the inputs have mean 0 and variance 1: see data.scaling: "
                "standardize");
}

/* The preset tabular has selu for other reasons. */
static bool is_tabular(const rnl_model *model)
{
    const rnl_kind *preset = model->config->preset;
    return preset && strcmp(preset->name, "tabular") == 0;
}

/* Warns if every layer overrides the preset. */
static void warn_of_preset(const selu_net *net, const rnl_options *options)
{
    const rnl_kind *preset = net->model->config->preset;
    if (preset && strcmp(preset->name, "self_normalizing") == 0 && net->other_activation)
        rnl_log(
            options, RNL_LOG_WARNING,
            "preset self_normalizing: the net does not normalize itself, as no hidden layer has "
            "activation selu: %s has %s",
            name_of(net->model, net->other_activation), net->activation);
}

/* ---- dropout --------------------------------------------------------------------------------- */

static bool is_dropout(const rnl_layer *layer)
{
    const rnl_layer_operations *operations = rnl_layer_operations_of(layer);
    return operations == &rnl_dropout_operations || operations == &rnl_alpha_dropout_operations;
}

static void warn_of_full_dropout(const rnl_model *model, const rnl_options *options)
{
    for (size_t i = 0; i < model->layer_count; ++i) {
        const rnl_layer *layer = &model->layers[i];
        if (is_dropout(layer) && ((const rnl_dropout *)layer->choice->parameters)->rate == 1)
            rnl_log(options, RNL_LOG_WARNING,
                    "%s has a rate of 1: in training all its outputs are 0, and the layers before "
                    "it learn nothing",
                    layer->name);
    }
}

void rnl_advise(const rnl_model *model, const rnl_dataset *rows, const rnl_options *options)
{
    selu_net net = {.model = model, .output = last_dense(model)};
    note_misfits(model, options);
    warn_of_full_dropout(model, options);
    rnl_dense_choices_visit(&model->config->model, look_at_dense, &net);
    if (net.has_selu && !is_tabular(model))
        warn_of_selu(&net, rows, options);
    else if (!net.has_selu)
        warn_of_preset(&net, options);
}
