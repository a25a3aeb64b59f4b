#include "engine/model/model.h"

#include "engine/base/error.h"
#include "engine/kinds/activations.h"
#include "engine/kinds/metrics.h"
#include "engine/model/fixup.h"
#include "engine/model/loss_check.h"
#include "engine/model/mirrored_targets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LAYERS 65536

/* How often a choice occurs among the layers from the first on. */
static size_t count_uses(const rnl_choice *choice, const rnl_layer *layers, size_t count)
{
    size_t uses = 0;
    for (size_t i = 0; i < count; ++i)
        uses += layers[i].choice == choice;
    return uses;
}

/* The name that is given, numbered in a repetition, else "dense_2" for the second layer of its
 * kind: a name for one layer changes no other's. */
static void name_layer(rnl_layer *layer, const rnl_layer *earlier, bool repeated)
{
    const char *given = layer->choice->name;
    layer->number = 1;
    for (uint32_t i = layer->index; i-- > 0 && layer->number == 1;)
        if (earlier[i].choice->kind == layer->choice->kind)
            layer->number = earlier[i].number + 1;
    if (given && repeated)
        snprintf(layer->name, sizeof layer->name, "%s_%zu", given,
                 count_uses(layer->choice, earlier, layer->index) + 1);
    else if (given)
        snprintf(layer->name, sizeof layer->name, "%s", given);
    else
        snprintf(layer->name, sizeof layer->name, "%s_%u", layer->choice->kind->name,
                 layer->number);
}

static rnl_place name_place(const rnl_layer *layer)
{
    return layer->choice->name ? layer->choice->name_place : layer->choice->place;
}

/* Tests if a layer could share its name with another: its name was given, or a name that looks like
 * a number's was. */
static rnl_status check_names(const rnl_model *model)
{
    for (size_t i = 0; i < model->layer_count; ++i) {
        const rnl_layer *given = &model->layers[i];
        for (size_t k = 0; given->choice->name && k < model->layer_count; ++k) {
            const rnl_layer *other = &model->layers[k];
            if (k == i || (other->choice->name && k < i) || strcmp(given->name, other->name) != 0)
                continue;
            return rnl_fail_at(other->choice->name ? name_place(other) : name_place(given),
                               "name: '%s' is the name of another layer%s", given->name,
                               other->choice->name ? "" : " already, by its kind and number");
        }
    }
    return RNL_OK;
}

static const rnl_choice *activation_of(const rnl_layer *layer)
{
    const rnl_layer_operations *operations = rnl_layer_operations_of(layer);
    return operations->activation ? operations->activation(layer) : NULL;
}

/* The loss may require the last activation, and then computes it. */
static rnl_status check_activations(rnl_model *model)
{
    rnl_layer *last = &model->layers[model->layer_count - 1];
    for (const rnl_layer *layer = model->layers; layer < last; ++layer) {
        const rnl_choice *activation = activation_of(layer);
        if (activation && rnl_activation_of(activation)->only_with_loss)
            return rnl_fail_at(activation->place,
                               "%s: activation %s is for the last layer only, where it is computed "
                               "together with the loss; the last one is %s",
                               layer->name, activation->kind->name, last->name);
    }
    const rnl_choice *loss = &model->config->training.loss;
    RNL_TRY(rnl_loss_check(loss, activation_of(last), last));
    last->activation_in_loss = rnl_loss_fuses(loss, activation_of(last));
    return rnl_metrics_check(&model->config->training.metrics, loss, rnl_model_outputs(model));
}

static rnl_status check_target_scaling(const rnl_config *config)
{
    const rnl_choice *scaling = &config->data.target_scaling, *loss = &config->training.loss;
    if (!rnl_scales(scaling) || rnl_loss_scales_targets(loss))
        return RNL_OK;
    if (rnl_loss_is_of_numbers(loss))
        return rnl_fail_at(scaling->place,
                           "target_scaling: expected none under loss %s, whose targets are counts "
                           "from 0 up, got %s",
                           loss->kind->name, scaling->kind->name);
    return rnl_fail_at(scaling->place,
                       "target_scaling: expected none under loss %s, whose targets are classes or "
                       "their probabilities, got %s",
                       loss->kind->name, scaling->kind->name);
}

static bool is_group(const rnl_choice *choice)
{
    return ((const rnl_layer_operations *)choice->kind->operations)->group != NULL;
}

static rnl_layer_group group_of(const rnl_choice *choice)
{
    return ((const rnl_layer_operations *)choice->kind->operations)->group(choice);
}

static size_t count_layers(const rnl_choice_list *choices);

size_t rnl_layers_of_entry(const rnl_choice *choice)
{
    size_t layers = 1;
    if (!is_group(choice))
        return layers;
    const rnl_layer_group group = group_of(choice);
    const size_t more = (group.end ? 2 : 0) +
                        (group.between && group.layers->count > 0 ? group.layers->count - 1 : 0);
    return __builtin_add_overflow(count_layers(group.layers), more, &layers) ||
                   __builtin_mul_overflow(layers, group.times, &layers)
               ? SIZE_MAX
               : layers;
}

/* Counts the layers of groups as often as they are repeated; SIZE_MAX if there are as many or
 * more. */
static size_t count_layers(const rnl_choice_list *choices)
{
    size_t count = 0;
    for (size_t i = 0; i < choices->count; ++i) {
        if (__builtin_add_overflow(count, rnl_layers_of_entry(&choices->items[i]), &count))
            return SIZE_MAX;
    }
    return count;
}

static rnl_status add_layer(rnl_model *model, const rnl_choice *choice, size_t begin, bool repeated)
{
    rnl_layer *layer = &model->layers[model->layer_count];
    layer->choice = choice;
    layer->index = (uint32_t)model->layer_count;
    layer->begin = begin;
    layer->learning_rate_factor = 1;
    layer->trainable = true;
    layer->input = model->layer_count > 0 ? layer[-1].output : model->input;
    name_layer(layer, model->layers, repeated);
    ++model->layer_count;
    return rnl_layer_operations_of(layer)->build(layer);
}

static rnl_status add_layers(rnl_model *model, const rnl_choice_list *choices, bool repeated);

static rnl_status add_entry(rnl_model *model, const rnl_choice *choice, bool repeated);

/* Adds a branch, or what takes its place.  The last layer turns to it: it reads what the branch
 * before has made, and passes on what all branches have. */
static rnl_status add_branch(rnl_model *model, const rnl_choice *entry, bool repeated)
{
    const rnl_layer_operations *operations = entry->kind->operations;
    const rnl_layer *turn = &model->layers[model->layer_count - 1];
    return operations->unneeded && memcmp(&turn->input, &turn->output, sizeof turn->input) == 0
               ? add_layer(model, operations->unneeded, model->layer_count, repeated)
               : add_entry(model, entry, repeated);
}

static rnl_status add_branches(rnl_model *model, const rnl_choice *choice, rnl_layer_group group,
                               bool repeated)
{
    const size_t begin = model->layer_count, count = group.layers->count;
    if (count < 2 || count > RNL_MOST_BRANCHES)
        return rnl_fail_at(choice->place, "%s: expected 2 to %d branches, got %zu",
                           choice->kind->name, RNL_MOST_BRANCHES, count);
    RNL_TRY(add_layer(model, choice, begin, repeated));
    for (size_t i = 0; i < count; ++i) {
        if (i > 0)
            RNL_TRY(add_layer(model, group.between, begin, repeated));
        RNL_TRY(i > 0 ? add_branch(model, &group.layers->items[i], repeated)
                      : add_entry(model, &group.layers->items[i], repeated));
    }
    return add_layer(model, group.end, begin, repeated);
}

static rnl_status add_block(rnl_model *model, const rnl_choice *choice, rnl_layer_group group,
                            bool repeated)
{
    const size_t begin = model->layer_count;
    RNL_TRY(add_layer(model, choice, begin, repeated));
    RNL_TRY(add_layers(model, group.layers, repeated));
    const rnl_layer *first = &model->layers[begin], *last = &model->layers[model->layer_count - 1];
    if (memcmp(&first->input, &last->output, sizeof first->input) != 0)
        return rnl_fail_at(
            choice->place,
            "%s: expected its layers to end with the %zu values that they begin "
            "with, got %zu; `residual: {layers: [...], project: true}` projects them",
            first->name, rnl_shape_features(&first->input), rnl_shape_features(&last->output));
    return add_layer(model, group.end, begin, repeated);
}

static rnl_status add_group(rnl_model *model, const rnl_choice *choice, bool repeated)
{
    const rnl_layer_group group = group_of(choice);
    const bool more = repeated || group.times > 1;
    if (group.layers->count == 0 && !group.may_be_empty)
        return rnl_fail_at(choice->place, "%s: expected at least one layer", choice->kind->name);
    if (choice->name && !group.end)
        return rnl_fail_at(choice->name_place, "name: %s is no layer: name the layers in it",
                           choice->kind->name);
    for (size_t i = 0; i < group.times; ++i)
        RNL_TRY(group.between ? add_branches(model, choice, group, more)
                : group.end   ? add_block(model, choice, group, more)
                              : add_layers(model, group.layers, more));
    return RNL_OK;
}

static rnl_status add_layers(rnl_model *model, const rnl_choice_list *choices, bool repeated)
{
    for (size_t i = 0; i < choices->count; ++i)
        RNL_TRY(add_entry(model, &choices->items[i], repeated));
    return RNL_OK;
}

static rnl_status add_entry(rnl_model *model, const rnl_choice *choice, bool repeated)
{
    return is_group(choice) ? add_group(model, choice, repeated)
                            : add_layer(model, choice, model->layer_count, repeated);
}

static bool add_product(size_t *sum, size_t a, size_t b)
{
    size_t product;
    return !__builtin_mul_overflow(a, b, &product) && !__builtin_add_overflow(*sum, product, sum);
}

/* Leaves room for copies and padding, so that sums over the layers cannot overflow. */
#define ADDRESSABLE (SIZE_MAX / (64 * sizeof(float)))

static bool add_layer_size(size_t *numbers, const rnl_layer *layer, size_t batch_size)
{
    bool fits = add_product(numbers, rnl_shape_features(&layer->output), batch_size);
    for (size_t p = 0; fits && p < layer->parameter_count; ++p) {
        const rnl_parameter *parameter = &layer->parameters[p];
        fits =
            add_product(numbers, parameter->size[0], parameter->rank > 1 ? parameter->size[1] : 1);
    }
    return fits && *numbers <= ADDRESSABLE;
}

static rnl_status check_size(const rnl_model *model)
{
    const size_t batch_size = (size_t)model->config->training.batch_size;
    size_t numbers = 0;
    bool fits = add_product(&numbers, rnl_shape_features(&model->input), batch_size);
    for (size_t i = 0; fits && i < model->layer_count; ++i)
        fits = add_layer_size(&numbers, &model->layers[i], batch_size);
    return fits ? RNL_OK
                : rnl_fail_at(model->config->model.place,
                              "model: its parameters, and its values of %zu rows, are more "
                              "numbers than memory can ever hold",
                              batch_size);
}

/* Numbers streams so that a layer without random numbers does not change the others' numbers. */
static void number_streams(rnl_model *model)
{
    uint32_t with_parameters = 0, drawing = 0;
    for (size_t i = 0; i < model->layer_count; ++i) {
        rnl_layer *layer = &model->layers[i];
        const rnl_layer_operations *operations = rnl_layer_operations_of(layer);
        if (layer->parameter_count > 0)
            layer->stream = with_parameters++;
        else if (operations->draws && operations->draws(layer))
            layer->stream = drawing++;
    }
}

static rnl_status build_layers(rnl_model *model)
{
    const rnl_choice_list *choices = &model->config->model;
    const size_t count = count_layers(choices);
    if (choices->count == 0)
        return rnl_fail_at(choices->place, "model: expected at least one layer");
    if (count > MAX_LAYERS)
        return rnl_fail_at(choices->place, "model: expected at most %d layers, got %zu%s",
                           MAX_LAYERS, count, count == SIZE_MAX ? " or more" : "");
    model->layers = calloc(count + 1, sizeof *model->layers);
    if (!model->layers)
        return rnl_fail_memory(count * sizeof *model->layers);
    RNL_TRY(add_layers(model, choices, false));
    RNL_TRY(check_names(model));
    RNL_TRY(check_size(model));
    number_streams(model);
    RNL_TRY(rnl_model_find_frozen(model));
    rnl_fixup_place(model->layers, model->layer_count);
    for (size_t i = 0; i < model->layer_count; ++i) {
        const rnl_layer_operations *operations = rnl_layer_operations_of(&model->layers[i]);
        if (operations->check)
            RNL_TRY(operations->check(&model->layers[i], model->config));
    }
    RNL_TRY(check_activations(model));
    RNL_TRY(rnl_mirrored_check(model));
    return check_target_scaling(model->config);
}

rnl_status rnl_model_build(rnl_model **model, rnl_config *config, const rnl_shape *input)
{
    rnl_model *built = calloc(1, sizeof *built);
    if (!built) {
        rnl_config_free(config);
        return rnl_fail_memory(sizeof *built);
    }
    built->config = config;
    built->input = *input;
    snprintf(built->computed_with, sizeof built->computed_with, "nothing yet");
    const rnl_status status = build_layers(built);
    if (status != RNL_OK) {
        rnl_model_free(built);
        return status;
    }
    *model = built;
    return RNL_OK;
}

void rnl_model_free(rnl_model *model)
{
    if (!model)
        return;
    rnl_model_release_arrays(model, RNL_VALUES, RNL_ARRAYS);
    free(model->layers);
    free(model->frozen);
    rnl_tally_free(model->tally);
    rnl_scaler_release(&model->scaler);
    rnl_scaler_release(&model->target_scaler);
    rnl_encoding_release(&model->encoding);
    rnl_config_free(model->config);
    free(model);
}

const rnl_config *rnl_model_config(const rnl_model *model)
{
    return model->config;
}

uint64_t rnl_model_step(const rnl_model *model)
{
    return model->position.step;
}

uint64_t rnl_model_reported_step(const rnl_model *model)
{
    return model->position.reported_step;
}

uint64_t rnl_model_epoch(const rnl_model *model)
{
    return model->position.epoch;
}

size_t rnl_model_first_trainable(const rnl_model *model)
{
    size_t i = 0;
    while (i < model->layer_count && !rnl_layer_learns(&model->layers[i]))
        ++i;
    return i;
}

size_t rnl_model_outputs(const rnl_model *model)
{
    return rnl_shape_features(&model->layers[model->layer_count - 1].output);
}

size_t rnl_model_targets(const rnl_model *model)
{
    return rnl_loss_targets(&model->config->training.loss, rnl_model_outputs(model));
}

double rnl_model_output_quantile(const rnl_model *model, size_t output)
{
    const rnl_number_list *list = rnl_loss_quantiles(&model->config->training.loss);
    return list && output < list->count ? list->items[output] : (double)NAN;
}

size_t rnl_model_classes(const rnl_model *model)
{
    return rnl_loss_classes(&model->config->training.loss, rnl_model_outputs(model));
}
