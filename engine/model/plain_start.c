/*
 * Training that starts from a plain safetensors file: tensors of another program, by their names or
 * by those that training.init_names maps.
 */
#include "engine/base/error.h"
#include "engine/model/model_file.h"
#include "engine/model/model_tensors.h"
#include "engine/schema/config.h"
#include "threading/floating_mode.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct plain_start {
    rnl_model *model;
    const rnl_safetensors *file;
    const char *path;
    bool skips; /* a layer of other shapes starts fresh */
    FILE *out;  /* the report */
} plain_start;

static const rnl_text_map *names_of(const plain_start *s)
{
    return &s->model->config->training.init_names;
}

/* Tests if a file has the parameter: a tied kernel is another layer's. */
static bool is_wanted(const rnl_layer *layer, size_t p)
{
    return !(layer->tied_to && p == 0);
}

/* ---- names ----------------------------------------------------------------------------------- */

static const char *mapped(const plain_start *s, const char *name)
{
    for (size_t i = 0; i < names_of(s)->count; ++i)
        if (strcmp(names_of(s)->items[i].name, name) == 0)
            return names_of(s)->items[i].text;
    return NULL;
}

/* The name of a parameter's tensor: as mapped, or behind the mapped name of its layer. */
static void name_in_file(char name[RNL_TENSOR_NAME], const plain_start *s, const rnl_layer *layer,
                         const rnl_parameter *parameter)
{
    rnl_tensor_name(name, layer, parameter, RNL_VALUES);
    const char *own = mapped(s, name), *of_layer = mapped(s, layer->name);
    if (own)
        snprintf(name, RNL_TENSOR_NAME, "%s", own);
    else if (of_layer)
        snprintf(name, RNL_TENSOR_NAME, "%.80s.%s", of_layer, parameter->name);
}

static bool is_name_here(const plain_start *s, const char *name)
{
    char own[RNL_TENSOR_NAME];
    for (size_t l = 0; l < s->model->layer_count; ++l) {
        const rnl_layer *layer = &s->model->layers[l];
        for (size_t p = 0; p < layer->parameter_count; ++p) {
            rnl_tensor_name(own, layer, &layer->parameters[p], RNL_VALUES);
            if (is_wanted(layer, p) && (strcmp(own, name) == 0 || strcmp(layer->name, name) == 0))
                return true;
        }
    }
    return false;
}

/* Layers and parameters, for the nearest name. */
static rnl_status fail_unknown_here(const plain_start *s, const rnl_named_text *item)
{
    rnl_tensor_list list;
    RNL_TRY(rnl_tensors_list(&list, s->model, RNL_ENDED));
    const size_t most = list.count + s->model->layer_count;
    const char **names = calloc(most + 1, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; names && i < list.count; ++i)
        names[count++] = list.tensors[i].name;
    for (size_t l = 0; names && l < s->model->layer_count; ++l)
        names[count++] = s->model->layers[l].name;
    const char *nearest = rnl_nearest(item->name, names, count);
    const rnl_status status = rnl_fail_at(
        item->place,
        "init_names: expected a parameter of this model, such as dense_1.kernel, or a "
        "layer with parameters, got '%.80s'%s%s%s",
        item->name, nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    free(names);
    rnl_tensors_release(&list);
    return status;
}

static const char *nearest_in_file(const plain_start *s, const char *wanted)
{
    const char **names = calloc(s->file->tensor_count + 1, sizeof *names);
    for (size_t i = 0; names && i < s->file->tensor_count; ++i)
        names[i] = s->file->tensors[i].name;
    const char *nearest = names ? rnl_nearest(wanted, names, s->file->tensor_count) : NULL;
    free(names);
    return nearest;
}

/* Tests if the file has a tensor of that name, or tensors behind it as a layer's. */
static bool is_name_there(const plain_start *s, const char *name)
{
    const size_t length = strlen(name);
    for (size_t i = 0; i < s->file->tensor_count; ++i) {
        const char *tensor = s->file->tensors[i].name;
        if (strncmp(tensor, name, length) == 0 && (!tensor[length] || tensor[length] == '.'))
            return true;
    }
    return false;
}

static rnl_status check_names(const plain_start *s)
{
    for (size_t i = 0; i < names_of(s)->count; ++i) {
        const rnl_named_text *item = &names_of(s)->items[i];
        if (!is_name_here(s, item->name))
            return fail_unknown_here(s, item);
        if (is_name_there(s, item->text))
            continue;
        const char *nearest = nearest_in_file(s, item->text);
        return rnl_fail_at(item->place, "init_names: %s has no tensor '%.80s'%s%s%s", s->path,
                           item->text, nearest ? "; did you mean '" : "", nearest ? nearest : "",
                           nearest ? "'?" : "");
    }
    return RNL_OK;
}

/* ---- shapes ---------------------------------------------------------------------------------- */

static bool has_shape(const rnl_tensor *tensor, const rnl_parameter *parameter)
{
    return tensor->rank == parameter->rank &&
           memcmp(tensor->shape, parameter->size, parameter->rank * sizeof *tensor->shape) == 0;
}

static bool is_transposed(const rnl_tensor *tensor, const rnl_parameter *parameter)
{
    return tensor->rank == 2 && parameter->rank == 2 && tensor->shape[0] == parameter->size[1] &&
           tensor->shape[1] == parameter->size[0];
}

static rnl_status fail_shape(const plain_start *s, const rnl_layer *layer,
                             const rnl_parameter *parameter, const rnl_tensor *tensor)
{
    char here[RNL_SHAPE_TEXT], there[RNL_SHAPE_TEXT];
    rnl_shape_text(here, parameter->size, parameter->rank);
    rnl_shape_text(there, tensor->shape, tensor->rank);
    return rnl_fail(RNL_BAD_DATA,
                    "%s: tensor %s: expected %s numbers for %s.%s, got %s%s; another name, or "
                    "--skip-mismatch, lets the layer start fresh",
                    s->path, tensor->name, here, layer->name, parameter->name, there,
                    is_transposed(tensor, parameter)
                        ? ": it is the other way round, as PyTorch keeps weights; kernels are "
                          "(inputs, units)"
                        : "");
}

static rnl_status fail_missing(const plain_start *s, const rnl_layer *layer, const char *name)
{
    const char *nearest = nearest_in_file(s, name);
    return rnl_fail(RNL_BAD_DATA, "%s: layer %s: tensor '%s' is missing%s%s%s", s->path,
                    layer->name, name, nearest ? "; did you mean '" : "", nearest ? nearest : "",
                    nearest ? "'? training.init_names maps names" : "");
}

static double number_at(const rnl_tensor *tensor, size_t i)
{
    double number;
    if (!tensor->wide)
        return (double)tensor->values[i];
    memcpy(&number, (const char *)tensor->wide_values + i * sizeof number, sizeof number);
    return number;
}

static rnl_status check_finite(const plain_start *s, const rnl_tensor *tensor, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        if (!isfinite((float)number_at(tensor, i)))
            return rnl_fail(RNL_BAD_DATA, "%s: tensor %s: expected finite numbers, got %g at %zu",
                            s->path, tensor->name, number_at(tensor, i), i);
    return RNL_OK;
}

/* ---- layers ---------------------------------------------------------------------------------- */

typedef enum fate { NOTHING_TO_TAKE, TAKEN, SKIPPED, FRESH } fate;

/* A layer's fate by its parameters: all there, some of another shape or missing, none there. */
static rnl_status judge(const plain_start *s, const rnl_layer *layer, fate *result)
{
    size_t wanted = 0, there = 0;
    rnl_status status = RNL_OK;
    char name[RNL_TENSOR_NAME], missing[RNL_TENSOR_NAME] = "";
    for (size_t p = 0; p < layer->parameter_count; ++p) {
        const rnl_parameter *parameter = &layer->parameters[p];
        if (!is_wanted(layer, p))
            continue;
        ++wanted;
        name_in_file(name, s, layer, parameter);
        const rnl_tensor *tensor = rnl_safetensors_tensor(s->file, name);
        if (!tensor)
            memcpy(missing, name, sizeof missing);
        else if (!has_shape(tensor, parameter) && status == RNL_OK)
            status = fail_shape(s, layer, parameter, tensor);
        else if (status == RNL_OK)
            RNL_TRY(check_finite(s, tensor, rnl_parameter_count(parameter)));
        there += tensor != NULL;
    }
    if (status == RNL_OK && there > 0 && there < wanted)
        status = fail_missing(s, layer, missing);
    *result = wanted == 0        ? NOTHING_TO_TAKE
              : there == 0       ? FRESH
              : status == RNL_OK ? TAKEN
                                 : SKIPPED;
    return s->skips ? RNL_OK : status;
}

static rnl_status judge_all(const plain_start *s, fate *fates)
{
    bool any = false;
    for (size_t l = 0; l < s->model->layer_count; ++l) {
        RNL_TRY(judge(s, &s->model->layers[l], &fates[l]));
        any |= fates[l] == TAKEN;
    }
    if (any)
        return RNL_OK;
    const rnl_tensor *first = s->file->tensors;
    return rnl_fail(RNL_BAD_DATA,
                    "%s: no layer can start from it: no tensor is named as a parameter of this "
                    "model, such as dense_1.kernel%s%s; training.init_names maps names",
                    s->path, s->file->tensor_count > 0 ? ", the first is " : "",
                    s->file->tensor_count > 0 ? first->name : "");
}

static void take(const plain_start *s, rnl_layer *layer)
{
    char name[RNL_TENSOR_NAME];
    for (size_t p = 0; p < layer->parameter_count; ++p) {
        rnl_parameter *parameter = &layer->parameters[p];
        if (!is_wanted(layer, p))
            continue;
        name_in_file(name, s, layer, parameter);
        const rnl_tensor *tensor = rnl_safetensors_tensor(s->file, name);
        for (size_t i = 0; i < rnl_parameter_count(parameter); ++i)
            parameter->arrays[RNL_VALUES][i] = (float)number_at(tensor, i);
    }
}

static void report(const plain_start *s, const fate *fates, fate wanted, const char *heading)
{
    const char *separator = heading;
    for (size_t l = 0; l < s->model->layer_count; ++l)
        if (fates[l] == wanted) {
            fprintf(s->out, "%s%s", separator, s->model->layers[l].name);
            separator = ", ";
        }
    if (separator != heading)
        fputc('\n', s->out);
}

static rnl_status start(const plain_start *s)
{
    fate *fates = calloc(s->model->layer_count + 1, sizeof *fates);
    if (!fates)
        return rnl_fail_memory((s->model->layer_count + 1) * sizeof *fates);
    rnl_status status = check_names(s);
    if (status == RNL_OK)
        status = judge_all(s, fates);
    for (size_t l = 0; status == RNL_OK && l < s->model->layer_count; ++l)
        if (fates[l] == TAKEN)
            take(s, &s->model->layers[l]);
    if (status == RNL_OK) {
        rnl_model_follow_ties(s->model);
        report(s, fates, TAKEN, "taken: ");
        report(s, fates, SKIPPED, "skipped: ");
        report(s, fates, FRESH, "fresh: ");
    }
    free(fates);
    return status;
}

/* ---- the file -------------------------------------------------------------------------------- */

static bool is_model(const rnl_safetensors *file)
{
    const char *format = rnl_safetensors_metadata(file, "format");
    return format && strcmp(format, RNL_MODEL_FORMAT) == 0;
}

rnl_status rnl_file_is_plain(const char *path, int *plain)
{
    rnl_safetensors file;
    RNL_TRY(rnl_safetensors_read(&file, path));
    *plain = !is_model(&file);
    rnl_safetensors_release(&file);
    return RNL_OK;
}

static rnl_status start_from(rnl_model *model, const rnl_safetensors *file, const char *path,
                             unsigned how, char **text)
{
    size_t size;
    plain_start s = {model, file, path, how & RNL_SKIP_MISMATCH, open_memstream(text, &size)};
    if (!s.out)
        return rnl_fail_memory(4096);
    const rnl_status status = start(&s);
    return fclose(s.out) != 0 && status == RNL_OK ? rnl_fail_memory(4096) : status;
}

rnl_status rnl_model_start_from_tensors(rnl_model *model, const char *path, unsigned how,
                                        char **report_text)
{
    RNL_OWN_FLOATING_MODE;
    rnl_safetensors file;
    char *text = NULL;
    if (model->position.step > 0)
        return rnl_fail(RNL_BAD_CONFIG, "the model is in the middle of training: it cannot start "
                                        "from a file");
    if (how & RNL_KEEP_OPTIMIZER)
        return rnl_fail(RNL_BAD_CONFIG,
                        "%s: a plain safetensors file has no optimizer's state to keep", path);
    RNL_TRY(rnl_safetensors_read(&file, path));
    const rnl_status status = start_from(model, &file, path, how, &text);
    rnl_safetensors_release(&file);
    if (status == RNL_OK && report_text)
        *report_text = text;
    else
        free(text);
    return status;
}
