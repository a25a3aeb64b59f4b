#include "engine/error.h"
#include "engine/model/model.h"

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

/* "(28, 28)" */
static void print_shape(char text[192], const rnl_shape *shape)
{
    size_t length = (size_t)snprintf(text, 192, "(");
    for (size_t i = 0; i < shape->rank; ++i)
        length +=
            (size_t)snprintf(text + length, 192 - length, i > 0 ? ", %zu" : "%zu", shape->size[i]);
    snprintf(text + length, 192 - length, ")");
}

static size_t layer_parameters(const rnl_layer *layer)
{
    size_t count = 0;
    for (size_t p = 0; p < layer->parameter_count; ++p)
        count += rnl_parameter_count(&layer->parameters[p]);
    return count;
}

static void print_row(FILE *out, const char *name, const char *kind, const rnl_shape *shape,
                      size_t parameters)
{
    char shape_text[192], count[32];
    print_shape(shape_text, shape);
    print_thousands(count, parameters);
    fprintf(out, "%-20s %-14s %-16s %14s\n", name, kind, shape_text, count);
}

rnl_status rnl_model_summary(const rnl_model *model, char **text)
{
    size_t size;
    char *summary = NULL;
    FILE *out = open_memstream(&summary, &size);
    if (!out)
        return rnl_fail_memory(4096);
    fprintf(out, "%-20s %-14s %-16s %14s\n", "Layer", "Kind", "Output shape", "Parameters");
    print_row(out, "input", "", &model->input, 0);
    size_t total = 0;
    for (size_t i = 0; i < model->layer_count; ++i) {
        const rnl_layer *layer = &model->layers[i];
        const size_t parameters = layer_parameters(layer);
        print_row(out, layer->name, layer->choice->kind->name, &layer->output, parameters);
        total += parameters;
    }
    char count[32];
    print_thousands(count, total);
    fprintf(out, "Total parameters: %s\n", count);
    if (fclose(out) != 0 || !summary) {
        free(summary);
        return rnl_fail_memory(4096);
    }
    *text = summary;
    return RNL_OK;
}
