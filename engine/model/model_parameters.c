/*
 * A model's parameters by their names: described, read, set, copied to another model.
 */
#include "engine/base/error.h"
#include "engine/model/model.h"
#include "engine/model/model_tensors.h"
#include "engine/schema/schema.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(RNL_PARAMETER_NAME == RNL_TENSOR_NAME, "a parameter has the name of its tensor");

/* A parameter with its layer. */
typedef struct found {
    const rnl_layer *layer;
    const rnl_parameter *parameter;
} found;

size_t rnl_model_parameter_count(const rnl_model *model)
{
    size_t count = 0;
    for (size_t i = 0; i < model->layer_count; ++i)
        count += model->layers[i].parameter_count;
    return count;
}

/* Returns a parameter by its number, which is below the count. */
static found parameter_at(const rnl_model *model, size_t number)
{
    const rnl_layer *layer = model->layers;
    for (; number >= layer->parameter_count; ++layer)
        number -= layer->parameter_count;
    return (found){layer, &layer->parameters[number]};
}

static void name_of(char name[RNL_PARAMETER_NAME], found f)
{
    rnl_tensor_name(name, f.layer, f.parameter, RNL_VALUES);
}

rnl_status rnl_model_describe_parameter(const rnl_model *model, size_t number,
                                        rnl_parameter_description *description)
{
    const size_t count = rnl_model_parameter_count(model);
    if (number >= count)
        return rnl_fail(RNL_BAD_CONFIG, "parameter %zu: the model has %zu, numbered from 0", number,
                        count);
    const found f = parameter_at(model, number);
    *description = (rnl_parameter_description){
        .rank = f.parameter->rank,
        .shape = {f.parameter->size[0], f.parameter->rank > 1 ? f.parameter->size[1] : 1},
        .count = rnl_parameter_count(f.parameter),
        .fixed = f.parameter->fixed,
    };
    name_of(description->name, f);
    return RNL_OK;
}

/* ---- by name --------------------------------------------------------------------------------- */

static rnl_status fail_unknown(const rnl_model *model, const char *name)
{
    const size_t count = rnl_model_parameter_count(model);
    char(*names)[RNL_PARAMETER_NAME] = malloc((count + 1) * sizeof *names);
    const char **candidates = malloc((count + 1) * sizeof *candidates);
    if (!names || !candidates) {
        free(names);
        free(candidates);
        return rnl_fail_memory(count * sizeof *names);
    }
    for (size_t i = 0; i < count; ++i) {
        name_of(names[i], parameter_at(model, i));
        candidates[i] = names[i];
    }
    const char *nearest = rnl_nearest(name, candidates, count);
    const rnl_status status =
        rnl_fail(RNL_BAD_CONFIG, "the model has no parameter '%.100s'%s%s%s", name,
                 nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    free(names);
    free(candidates);
    return status;
}

static rnl_status find(const rnl_model *model, const char *name, found *f)
{
    char own[RNL_PARAMETER_NAME];
    const size_t count = rnl_model_parameter_count(model);
    for (size_t i = 0; i < count; ++i) {
        *f = parameter_at(model, i);
        name_of(own, *f);
        if (strcmp(own, name) == 0)
            return RNL_OK;
    }
    return fail_unknown(model, name);
}

static rnl_status check_count(found f, const char *name, size_t count)
{
    const rnl_parameter *parameter = f.parameter;
    if (count == rnl_parameter_count(parameter))
        return RNL_OK;
    return parameter->rank > 1
               ? rnl_fail(RNL_BAD_DATA, "%s: expected its %zu x %zu numbers, got %zu", name,
                          parameter->size[0], parameter->size[1], count)
               : rnl_fail(RNL_BAD_DATA, "%s: expected its %zu numbers, got %zu", name,
                          parameter->size[0], count);
}

static rnl_status check_finite(const char *name, const float *values, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        if (!isfinite(values[i]))
            return rnl_fail(RNL_BAD_DATA, "%s: expected finite numbers, got %g at %zu", name,
                            (double)values[i], i);
    return RNL_OK;
}

rnl_status rnl_model_fetch(const rnl_model *model)
{
    const rnl_model_access *access = model->access;
    if (!access)
        return RNL_OK;
    if (!access->open)
        return rnl_fail(RNL_BAD_CONFIG, "parameters of a model in training are read and set in "
                                        "on_begin, on_step and on_epoch alone");
    return access->fetch(access->context);
}

/* A callback sets them on its own rank alone. */
static rnl_status fetch_to_set(const rnl_model *model)
{
    if (model->access && model->access->shared)
        return rnl_fail(RNL_BAD_CONFIG, "parameters cannot be set while ranks train together: each "
                                        "would go on with its own");
    return rnl_model_fetch(model);
}

static void note_change(rnl_model *model)
{
    if (model->access)
        model->access->changed = true;
}

rnl_status rnl_model_get_parameter(const rnl_model *model, const char *name, float *values,
                                   size_t count)
{
    found f;
    RNL_TRY(find(model, name, &f));
    RNL_TRY(check_count(f, name, count));
    RNL_TRY(rnl_model_fetch(model));
    memcpy(values, f.parameter->arrays[RNL_VALUES], count * sizeof *values);
    return RNL_OK;
}

rnl_status rnl_model_set_parameter(rnl_model *model, const char *name, const float *values,
                                   size_t count)
{
    found f;
    RNL_TRY(find(model, name, &f));
    RNL_TRY(check_count(f, name, count));
    RNL_TRY(check_finite(name, values, count));
    if (f.layer->tied_to && f.parameter == f.layer->parameters)
        return rnl_fail(RNL_BAD_CONFIG,
                        "%s is tied: it is %s.kernel, transposed, which is set in its place", name,
                        f.layer->tied_to->name);
    RNL_TRY(fetch_to_set(model));
    memcpy(f.parameter->arrays[RNL_VALUES], values, count * sizeof *values);
    rnl_model_follow_ties(model);
    note_change(model);
    return RNL_OK;
}

/* ---- copied ---------------------------------------------------------------------------------- */

/* Finds the counterpart of a parameter in another model, of the same shape. */
static rnl_status find_counterpart(found own, const rnl_model *other, found *counterpart)
{
    char name[RNL_PARAMETER_NAME];
    name_of(name, own);
    RNL_TRY(find(other, name, counterpart));
    const size_t rank = own.parameter->rank;
    if (counterpart->parameter->rank == rank &&
        memcmp(own.parameter->size, counterpart->parameter->size, rank * sizeof(size_t)) == 0)
        return RNL_OK;
    char expected[RNL_SHAPE_TEXT], got[RNL_SHAPE_TEXT];
    rnl_shape_text(expected, own.parameter->size, rank);
    rnl_shape_text(got, counterpart->parameter->size, counterpart->parameter->rank);
    return rnl_fail(RNL_BAD_DATA, "%s: expected %s numbers, got %s", name, expected, got);
}

/* Finds all before it copies any. */
static rnl_status check_counterparts(const rnl_model *to, const rnl_model *from)
{
    found f;
    for (size_t i = 0; i < rnl_model_parameter_count(to); ++i)
        RNL_TRY(find_counterpart(parameter_at(to, i), from, &f));
    return RNL_OK;
}

rnl_status rnl_model_copy_parameters(rnl_model *to, const rnl_model *from)
{
    RNL_TRY(check_counterparts(to, from));
    RNL_TRY(rnl_model_fetch(from));
    RNL_TRY(fetch_to_set(to));
    for (size_t i = 0; i < rnl_model_parameter_count(to); ++i) {
        const found own = parameter_at(to, i);
        found source;
        RNL_TRY(find_counterpart(own, from, &source));
        memmove(own.parameter->arrays[RNL_VALUES], source.parameter->arrays[RNL_VALUES],
                rnl_parameter_count(own.parameter) * sizeof(float));
    }
    rnl_model_follow_ties(to);
    note_change(to);
    return RNL_OK;
}
