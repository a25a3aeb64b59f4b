/*
 * Folding batch normalization and scale layers into the weights of dense layers, for inference.
 * With s = gamma / sqrt(moving_variance + epsilon) and t = beta - moving_mean s, the former is y =
 * s x + t, the latter y = s x, which is folded
 *
 *     backward, into a preceding dense layer without activation:
 *                   W' = W diag(s), b' = s b + t
 *     forward, into a following dense layer:
 *                   W' = diag(s) W, b' = b + t' W
 */
#include "engine/layers/layers.h"

#include "engine/base/error.h"
#include "engine/model/model.h"
#include "engine/schema/config.h"
#include "threading/floating_mode.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A layer of the model, with its parameters after folding. */
typedef struct layer_fate {
    bool left_out;
    double *kernel, *bias; /* of a dense layer: (fan_in, units), (units) */
    rnl_dense dense;       /* its parameters, with a bias */
    rnl_residual block;    /* of a residual block: its remaining layers */
} layer_fate;

typedef struct folding {
    const rnl_model *model;
    layer_fate *fates; /* (layers) */
    FILE *report;
} folding;

static bool is(const rnl_layer *layer, const rnl_layer_operations *operations)
{
    return rnl_layer_operations_of(layer) == operations;
}

static bool is_dense(const rnl_layer *layer)
{
    return is(layer, &rnl_dense_operations);
}

static bool acts_in_training_alone(const rnl_layer *layer)
{
    return is(layer, &rnl_dropout_operations) || is(layer, &rnl_alpha_dropout_operations) ||
           is(layer, &rnl_gaussian_noise_operations);
}

/* Returns the nearest layer in that direction that changes values; NULL at the end. */
static const rnl_layer *neighbour(const folding *f, const rnl_layer *layer, int direction)
{
    const rnl_layer *first = f->model->layers, *end = first + f->model->layer_count;
    for (layer += direction; layer >= first && layer < end; layer += direction)
        if (!f->fates[layer->index].left_out && !is(layer, &rnl_flatten_operations))
            return layer;
    return NULL;
}

static rnl_status take_dense(layer_fate *fate, const rnl_layer *layer)
{
    const rnl_parameter *kernel = &layer->parameters[RNL_DENSE_KERNEL];
    const size_t count = rnl_parameter_count(kernel), units = kernel->size[1];
    fate->kernel = malloc(count * sizeof *fate->kernel);
    fate->bias = calloc(units, sizeof *fate->bias);
    if (!fate->kernel || !fate->bias)
        return rnl_fail_memory((count + units) * sizeof(double));
    for (size_t i = 0; i < count; ++i)
        fate->kernel[i] = (double)kernel->arrays[RNL_VALUES][i];
    fate->dense = *rnl_dense_of(layer);
    fate->dense.tied_to = NULL;
    for (size_t j = 0; fate->dense.use_bias && j < units; ++j)
        fate->bias[j] = (double)layer->parameters[RNL_DENSE_BIAS].arrays[RNL_VALUES][j];
    return RNL_OK;
}

static bool is_scale(const rnl_layer *layer)
{
    return is(layer, &rnl_scale_operations);
}

/* Computes s and t of unit j, y = s x + t. */
static void line_of(const rnl_layer *layer, size_t j, double *s, double *t)
{
    if (is_scale(layer)) {
        *s = (double)layer->parameters[0].arrays[RNL_VALUES][j];
        *t = 0;
        return;
    }
    const rnl_normalization_places at = rnl_normalization_places_of(layer);
    const rnl_parameter *p = layer->parameters;
    const double epsilon = rnl_batch_normalization_of(layer)->epsilon;
    const double deviation = sqrt((double)p[at.moving_variance].arrays[RNL_VALUES][j] + epsilon);
    const double gamma = at.gamma == RNL_ABSENT ? 1 : (double)p[at.gamma].arrays[RNL_VALUES][j];
    const double beta = at.beta == RNL_ABSENT ? 0 : (double)p[at.beta].arrays[RNL_VALUES][j];
    *s = gamma / deviation;
    *t = beta - (double)p[at.moving_mean].arrays[RNL_VALUES][j] * *s;
}

static void fold_backward(const rnl_layer *layer, layer_fate *dense, size_t fan_in)
{
    const size_t units = rnl_shape_features(&layer->output);
    for (size_t j = 0; j < units; ++j) {
        double s, t;
        line_of(layer, j, &s, &t);
        for (size_t i = 0; i < fan_in; ++i)
            dense->kernel[i * units + j] *= s;
        dense->bias[j] = dense->bias[j] * s + t;
    }
    dense->dense.use_bias |= !is_scale(layer);
}

static void fold_forward(const rnl_layer *layer, layer_fate *dense, size_t units)
{
    for (size_t i = 0; i < rnl_shape_features(&layer->output); ++i) {
        double s, t;
        line_of(layer, i, &s, &t);
        for (size_t j = 0; j < units; ++j) {
            dense->bias[j] += t * dense->kernel[i * units + j];
            dense->kernel[i * units + j] *= s;
        }
    }
    dense->dense.use_bias |= !is_scale(layer);
}

static bool has_no_activation(const rnl_layer *layer)
{
    return strcmp(rnl_dense_of(layer)->activation.kind->name, "linear") == 0;
}

/* Leaves out penalties on weights that folding has changed. */
static void drop_penalties(const folding *f, const rnl_layer *layer)
{
    rnl_dense *dense = &f->fates[layer->index].dense;
    if (!dense->kernel_regularizer.kind && !dense->bias_regularizer.kind)
        return;
    dense->kernel_regularizer = dense->bias_regularizer = (rnl_choice){0};
    fprintf(f->report, "%s: its penalty on weights is left out of the loss\n", layer->name);
}

static void fold_layer(const folding *f, const rnl_layer *layer)
{
    const rnl_layer *before = neighbour(f, layer, -1), *behind = neighbour(f, layer, 1);
    if (before && is_dense(before) && has_no_activation(before)) {
        fold_backward(layer, &f->fates[before->index], before->input.size[0]);
        fprintf(f->report, "%s: folded backward into %s\n", layer->name, before->name);
        drop_penalties(f, before);
    } else if (behind && is_dense(behind)) {
        fold_forward(layer, &f->fates[behind->index], behind->output.size[0]);
        fprintf(f->report, "%s: folded forward into %s\n", layer->name, behind->name);
        drop_penalties(f, behind);
    } else {
        fprintf(f->report,
                "%s: kept: no dense layer stands behind it, and none without an "
                "activation before it\n",
                layer->name);
        return;
    }
    f->fates[layer->index].left_out = true;
}

static rnl_status fold_layers(const folding *f)
{
    const rnl_model *model = f->model;
    for (size_t i = 0; i < model->layer_count; ++i) {
        const rnl_layer *layer = &model->layers[i];
        if (is_dense(layer))
            RNL_TRY(take_dense(&f->fates[i], layer));
        if (acts_in_training_alone(layer)) {
            f->fates[i].left_out = true;
            fprintf(f->report, "%s: left out: it acts in training alone\n", layer->name);
        }
    }
    for (size_t i = 0; i < model->layer_count; ++i)
        if (is(&model->layers[i], &rnl_batch_normalization_operations) ||
            is_scale(&model->layers[i]))
            fold_layer(f, &model->layers[i]);
    if (model->config->training.phases.count > 0)
        fprintf(f->report, "training.phases: left out of the configuration\n");
    return RNL_OK;
}

/* Returns the next layer of the block that begins at `begin`: that adds, turns or joins. */
static size_t end_of_block(const rnl_model *model, size_t begin, size_t after)
{
    size_t end = after + 1;
    while (model->layers[end].begin != begin)
        ++end;
    return end;
}

static rnl_status list_layers(const folding *f, size_t begin, size_t end, rnl_choice_list *list);

/* Lists the branches of the layer `begin`.  The list of each is kept with the layer before it, the
 * list of them with the one that joins them, whose number is left in `join`. */
static rnl_status list_branches(const folding *f, size_t begin, size_t *join)
{
    const rnl_layer *layer = &f->model->layers[begin];
    const size_t count = rnl_layer_operations_of(layer)->group(layer->choice).layers->count;
    size_t before = begin;
    rnl_choice *branches = calloc(count, sizeof *branches);
    if (!branches)
        return rnl_fail_memory(count * sizeof *branches);
    for (size_t k = 0; k < count; ++k) {
        const size_t end = end_of_block(f->model, begin, before);
        branches[k] = (rnl_choice){.kind = rnl_kind_find(&rnl_layers, "branch"),
                                   .parameters = &f->fates[before].block};
        const rnl_status status = list_layers(f, before + 1, end, &f->fates[before].block.layers);
        if (status != RNL_OK) {
            free(branches);
            return status;
        }
        before = end;
    }
    f->fates[before].block.layers = (rnl_choice_list){.count = count, .items = branches};
    *join = before;
    return RNL_OK;
}

/* Lists the remaining layers from begin to end as a configuration does; the layers of a group are
 * reported separately. */
static rnl_status list_layers(const folding *f, size_t begin, size_t end, rnl_choice_list *list)
{
    *list = (rnl_choice_list){.items = calloc(end - begin + 1, sizeof *list->items)};
    if (!list->items)
        return rnl_fail_memory((end - begin + 1) * sizeof *list->items);
    for (size_t i = begin; i < end; ++i) {
        const rnl_layer *layer = &f->model->layers[i];
        layer_fate *fate = &f->fates[i];
        fate->left_out |= layer->choice == &rnl_identity; /* an empty branch is the same */
        if (fate->left_out)
            continue;
        rnl_choice *choice = &list->items[list->count++];
        *choice = *layer->choice;
        if (fate->kernel)
            choice->parameters = &fate->dense;
        if (is(layer, &rnl_residual_operations)) {
            const size_t add = end_of_block(f->model, i, i);
            choice->parameters = &fate->block;
            RNL_TRY(list_layers(f, i + 1, add, &fate->block.layers));
            i = add;
        } else if (is(layer, &rnl_concatenate_operations) || is(layer, &rnl_projected_operations)) {
            RNL_TRY(list_branches(f, i, &i));
            choice->parameters = &f->fates[i].block;
        }
    }
    return RNL_OK;
}

/* Makes the configuration without phases, which may name layers that are left out. */
static rnl_status make_config(const folding *f, rnl_config **config)
{
    rnl_config folded = {.name = f->model->config->name,
                         .data = f->model->config->data,
                         .training = f->model->config->training,
                         .pretraining = f->model->config->pretraining};
    folded.training.phases = (rnl_choice_list){0};
    char *text = NULL;
    rnl_status status = list_layers(f, 0, f->model->layer_count, &folded.model);
    if (status == RNL_OK)
        status = rnl_config_print_json(&folded, &text);
    if (status == RNL_OK)
        status = rnl_config_parse(config, "the folded model", text, NULL, 0);
    rnl_text_free(text);
    free(folded.model.items);
    return status;
}

static void narrow(float *to, const double *from, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        to[i] = (float)from[i];
}

static rnl_status copy_parameters(const folding *f, const rnl_layer *from, rnl_layer *to)
{
    for (size_t p = 0; p < to->parameter_count; ++p)
        RNL_TRY(rnl_parameter_allocate(to, &to->parameters[p], RNL_VALUES));
    const layer_fate *fate = &f->fates[from->index];
    for (size_t p = 0; p < to->parameter_count; ++p) {
        float *values = to->parameters[p].arrays[RNL_VALUES];
        const size_t count = rnl_parameter_count(&to->parameters[p]);
        if (fate->kernel)
            narrow(values, p == RNL_DENSE_KERNEL ? fate->kernel : fate->bias, count);
        else
            memcpy(values, from->parameters[p].arrays[RNL_VALUES], count * sizeof *values);
    }
    return RNL_OK;
}

/* Copies the remaining layers, in the same order. */
static rnl_status copy_model(const folding *f, rnl_model *folded)
{
    const rnl_model *model = f->model;
    size_t to = 0;
    for (size_t i = 0; i < model->layer_count; ++i)
        if (!f->fates[i].left_out)
            RNL_TRY(copy_parameters(f, &model->layers[i], &folded->layers[to++]));
    snprintf(folded->computed_with, sizeof folded->computed_with, "%s", model->computed_with);
    RNL_TRY(rnl_encoding_copy(&folded->encoding, &model->encoding));
    RNL_TRY(rnl_scaler_copy(&folded->scaler, &model->scaler));
    return rnl_scaler_copy(&folded->target_scaler, &model->target_scaler);
}

static rnl_status make_model(const folding *f, rnl_model **folded)
{
    rnl_config *config;
    rnl_model *made;
    RNL_TRY(make_config(f, &config));
    RNL_TRY(rnl_model_build(&made, config, &f->model->input));
    const rnl_status status = copy_model(f, made);
    if (status == RNL_OK)
        *folded = made;
    else
        rnl_model_free(made);
    return status;
}

static void release(folding *f)
{
    for (size_t i = 0; f->fates && i < f->model->layer_count; ++i) {
        free(f->fates[i].kernel);
        free(f->fates[i].bias);
        free(f->fates[i].block.layers.items);
    }
    free(f->fates);
}

rnl_status rnl_model_fold(const rnl_model *model, rnl_model **folded, char **report)
{
    RNL_OWN_FLOATING_MODE;
    size_t size;
    char *text = NULL;
    folding f = {.model = model,
                 .fates = calloc(model->layer_count, sizeof *f.fates),
                 .report = open_memstream(&text, &size)};
    rnl_status status = f.fates && f.report
                            ? fold_layers(&f)
                            : rnl_fail_memory(model->layer_count * sizeof(layer_fate));
    const bool told = f.report && fclose(f.report) == 0 && text;
    if (status == RNL_OK && !told)
        status = rnl_fail_memory(4096);
    if (status == RNL_OK)
        status = make_model(&f, folded);
    release(&f);
    if (status == RNL_OK)
        *report = text;
    else
        free(text);
    return status;
}
