#include "engine/base/error.h"
#include "engine/kinds/optimizers.h"
#include "engine/kinds/precisions.h"
#include "engine/model/model.h"
#include "engine/schema/config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 271346 as "271,346". */
static void print_thousands(char text[32], size_t number)
{
    char digits[24];
    const size_t length = (size_t)snprintf(digits, sizeof digits, "%zu", number);
    size_t out = 0;
    for (size_t i = 0; i < length; ++i) {
        if (i > 0 && (length - i) % 3 == 0)
            text[out++] = ',';
        text[out++] = digits[i];
    }
    text[out] = '\0';
}

/* "1.07 MB" */
static void print_bytes(char text[32], size_t bytes)
{
    const double count = (double)bytes;
    if (bytes < 1000)
        snprintf(text, 32, "%zu B", bytes);
    else if (bytes < 1000000)
        snprintf(text, 32, "%.2f kB", count / 1e3);
    else if (bytes < 1000000000)
        snprintf(text, 32, "%.2f MB", count / 1e6);
    else
        snprintf(text, 32, "%.2f GB", count / 1e9);
}

/* "(None, 28, 28)", as Keras: None stands for the rows. */
static void print_shape(char text[192], const rnl_shape *shape)
{
    size_t length = (size_t)snprintf(text, 192, "(None");
    for (size_t i = 0; i < shape->rank; ++i)
        length += (size_t)snprintf(text + length, 192 - length, ", %zu", shape->size[i]);
    snprintf(text + length, 192 - length, ")");
}

#define LABEL 128

typedef struct counts {
    size_t parameters, fixed; /* fixed: not trainable as Keras counts, including frozen
                                 parameters */
    size_t stateful;          /* parameters with optimizer state */
    bool frozen;
} counts;

static counts count_layer(const rnl_layer *layer)
{
    counts c = {.frozen = layer->frozen};
    for (size_t p = 0; p < layer->parameter_count; ++p) {
        const size_t count = rnl_parameter_count(&layer->parameters[p]);
        const bool fixed = layer->parameters[p].fixed;
        c.parameters += count;
        c.fixed += fixed || layer->frozen ? count : 0;
        c.stateful += fixed || layer->frozen ? 0 : count;
    }
    return c;
}

/* "dense_1 (dense)"; returns its length. */
static int print_label(char label[LABEL], const char *name, const char *kind)
{
    return snprintf(label, LABEL, *kind ? "%s (%s)" : "%s", name, kind);
}

static int widest_label(const rnl_model *model)
{
    char label[LABEL];
    int widest = 34;
    for (size_t i = 0; i < model->layer_count; ++i) {
        const rnl_layer *layer = &model->layers[i];
        const int width = print_label(label, layer->name, layer->choice->kind->name);
        widest = width > widest ? width : widest;
    }
    return widest;
}

static void print_row(FILE *out, int width, const char *name, const char *kind,
                      const rnl_shape *shape, counts c)
{
    char shape_text[192], count[32], fixed[32], label[LABEL];
    print_shape(shape_text, shape);
    print_thousands(count, c.parameters);
    print_thousands(fixed, c.fixed);
    print_label(label, name, kind);
    fprintf(out, "%-*s %-20s %14s", width, label, shape_text, count);
    if (c.fixed > 0)
        fprintf(out, c.frozen ? "  (%s not trainable: frozen)" : "  (%s not trainable)", fixed);
    fputc('\n', out);
}

static void print_total(FILE *out, const char *what, size_t count)
{
    char text[32], bytes[32];
    print_thousands(text, count);
    print_bytes(bytes, count * sizeof(float));
    fprintf(out, "%s parameters: %s (%s)\n", what, text, bytes);
}

static size_t count_trainable(const rnl_model *model, size_t phase)
{
    size_t count = 0;
    for (size_t i = 0; i < model->layer_count; ++i)
        for (size_t p = 0; p < model->layers[i].parameter_count; ++p)
            if (!model->frozen[phase * model->layer_count + i] &&
                !model->layers[i].parameters[p].fixed)
                count += rnl_parameter_count(&model->layers[i].parameters[p]);
    return count;
}

/* "Phase 1, 4 epochs: 1,010 trainable parameters, frozen dense_1, dense_2" */
static void print_phases(FILE *out, const rnl_model *model)
{
    const size_t layers = model->layer_count;
    for (size_t k = 0; k < model->config->training.phases.count; ++k) {
        char count[32];
        print_thousands(count, count_trainable(model, k));
        const uint64_t epochs = rnl_model_phase(model, k).epochs;
        fprintf(out, "Phase %zu, %llu epoch%s: %s trainable parameters, frozen", k + 1,
                (unsigned long long)epochs, epochs == 1 ? "" : "s", count);
        const char *separator = " ";
        for (size_t i = 0; i < layers; ++i)
            if (model->frozen[k * layers + i]) {
                fprintf(out, "%s%s", separator, model->layers[i].name);
                separator = ", ";
            }
        fputs(*separator == ' ' ? " none\n" : "\n", out);
    }
}

static size_t product_flops(const rnl_layer *layer)
{
    const rnl_layer_operations *operations = rnl_layer_operations_of(layer);
    return operations->product_flops ? operations->product_flops(layer) : 0;
}

size_t rnl_model_training_flops(const rnl_model *model)
{
    const size_t first = rnl_model_first_trainable(model);
    size_t flops = 0;
    for (size_t i = 0; i < model->layer_count; ++i) {
        const rnl_layer *layer = &model->layers[i];
        const bool learns = !(layer->tied_to ? layer->tied_to : layer)->frozen;
        flops += product_flops(layer) * (size_t)(1 + (learns && i >= first) + (i > first));
    }
    return flops;
}

/* Counts the matrix products; the other operations are negligible. */
static void print_flops(FILE *out, const rnl_model *model)
{
    size_t forward = 0;
    for (size_t i = 0; i < model->layer_count; ++i)
        forward += product_flops(&model->layers[i]);
    char forward_text[32], training[32];
    print_thousands(forward_text, forward);
    print_thousands(training, rnl_model_training_flops(model));
    fprintf(out, "FLOPs of a row's matrix products: forward %s, training %s\n", forward_text,
            training);
}

/* Weights of kernels, and how many of them are 0 or nearly so. */
typedef struct sparsity {
    size_t weights, zeros, small; /* small: zeros among them */
} sparsity;

#define NEARLY_0 1e-3f

static sparsity sparsity_of(const rnl_layer *layer)
{
    sparsity s = {0};
    for (size_t p = 0; p < layer->parameter_count; ++p) {
        const rnl_parameter *parameter = &layer->parameters[p];
        const float *values = parameter->arrays[RNL_VALUES];
        if (parameter->rank != 2 || !values)
            continue;
        const size_t count = rnl_parameter_count(parameter);
        s.weights += count;
        for (size_t i = 0; i < count; ++i) {
            s.zeros += values[i] == 0;
            s.small += fabsf(values[i]) < NEARLY_0;
        }
    }
    return s;
}

static double percent(size_t part, size_t whole)
{
    return 100.0 * (double)part / (double)whole;
}

/* In all kernels, then in each that has some. */
static void print_zeros(FILE *out, const rnl_model *model)
{
    sparsity all = {0};
    for (size_t i = 0; i < model->layer_count; ++i) {
        const sparsity s = sparsity_of(&model->layers[i]);
        all.weights += s.weights;
        all.zeros += s.zeros;
        all.small += s.small;
    }
    if (all.weights == 0)
        return;
    char zeros[32], weights[32];
    print_thousands(zeros, all.zeros);
    print_thousands(weights, all.weights);
    fprintf(out, "Zero weights: %s of %s in kernels (%.1f %%); within 0.001 of 0: %.1f %%\n", zeros,
            weights, percent(all.zeros, all.weights), percent(all.small, all.weights));
    for (size_t i = 0; all.zeros > 0 && i < model->layer_count; ++i) {
        const sparsity s = sparsity_of(&model->layers[i]);
        if (s.zeros > 0)
            fprintf(out, "  %s: %.1f %% are 0, %.1f %% within 0.001\n", model->layers[i].name,
                    percent(s.zeros, s.weights), percent(s.small, s.weights));
    }
}

static void print_memory(FILE *out, const rnl_model *model, counts total)
{
    const rnl_training_config *config = &model->config->training;
    const size_t rows = (size_t)config->batch_size;
    size_t values = rnl_shape_features(&model->input);
    for (size_t i = 0; i < model->layer_count; ++i)
        if (!rnl_layer_operations_of(&model->layers[i])->views_input)
            values += rnl_shape_features(&model->layers[i].output);
    char parameters[32], activations[32], optimizer[32];
    print_bytes(parameters, total.parameters * sizeof(float));
    print_bytes(activations, rows * values * sizeof(float));
    print_bytes(optimizer,
                total.stateful * sizeof(float) * rnl_optimizer_slots(&config->optimizer));
    fprintf(out,
            "Memory: parameters %s, activations of a mini-batch of %zu rows %s, state of %s %s\n",
            parameters, rows, activations, config->optimizer.kind->name, optimizer);
}

rnl_status rnl_model_summary(const rnl_model *model, char **text)
{
    size_t size;
    char *summary = NULL;
    FILE *out = open_memstream(&summary, &size);
    if (!out)
        return rnl_fail_memory(4096);
    const int width = widest_label(model);
    fprintf(out, "%-*s %-20s %14s\n", width, "Layer (type)", "Output shape", "Parameters");
    print_row(out, width, "input", "", &model->input, (counts){0});
    counts total = {0};
    for (size_t i = 0; i < model->layer_count; ++i) {
        const rnl_layer *layer = &model->layers[i];
        const counts c = count_layer(layer);
        print_row(out, width, layer->name, layer->choice->kind->name, &layer->output, c);
        total.parameters += c.parameters;
        total.fixed += c.fixed;
        total.stateful += c.stateful;
    }
    print_total(out, "Total", total.parameters);
    print_total(out, "Trainable", total.parameters - total.fixed);
    print_total(out, "Non-trainable", total.fixed);
    print_zeros(out, model);
    print_phases(out, model);
    print_flops(out, model);
    if (rnl_precision_is_mixed(&model->config->training.precision))
        fputs("Precision of training: mixed_bfloat16\n", out);
    print_memory(out, model, total);
    if (fclose(out) != 0 || !summary) {
        free(summary);
        return rnl_fail_memory(4096);
    }
    *text = summary;
    return RNL_OK;
}
