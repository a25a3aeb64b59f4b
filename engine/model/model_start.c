/*
 * Training that starts from an earlier model: what layers of the same name take over.
 */
#include "engine/model/model_start.h"
#include "engine/base/error.h"
#include "engine/kinds/optimizers.h"
#include "engine/model/model.h"
#include "engine/schema/config.h"
#include "threading/floating_mode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const rnl_layer *find_layer(const rnl_model *model, const char *name)
{
    for (size_t i = 0; i < model->layer_count; ++i)
        if (strcmp(model->layers[i].name, name) == 0)
            return &model->layers[i];
    return NULL;
}

/* "kernel 784 x 300" */
static void print_parameter(char text[RNL_SHAPES_TEXT], const rnl_parameter *parameter)
{
    const int length =
        snprintf(text, RNL_SHAPES_TEXT, "%s %zu", parameter->name, parameter->size[0]);
    if (parameter->rank > 1)
        snprintf(text + length, RNL_SHAPES_TEXT - (size_t)length, " x %zu", parameter->size[1]);
}

static bool is_like(const rnl_parameter *a, const rnl_parameter *b)
{
    return strcmp(a->name, b->name) == 0 && a->rank == b->rank &&
           memcmp(a->size, b->size, a->rank * sizeof *a->size) == 0;
}

bool rnl_layers_differ(const rnl_layer *layer, const rnl_layer *earlier, char here[RNL_SHAPES_TEXT],
                       char there[RNL_SHAPES_TEXT])
{
    const size_t count = layer->parameter_count, other = earlier->parameter_count;
    size_t p = 0;
    while (p < count && p < other && is_like(&layer->parameters[p], &earlier->parameters[p]))
        ++p;
    snprintf(here, RNL_SHAPES_TEXT, "no more");
    snprintf(there, RNL_SHAPES_TEXT, "no more");
    if (p < count)
        print_parameter(here, &layer->parameters[p]);
    if (p < other)
        print_parameter(there, &earlier->parameters[p]);
    return p < count || p < other;
}

rnl_status rnl_layer_take(rnl_layer *layer, const rnl_layer *earlier, bool with_state)
{
    for (size_t p = 0; p < layer->parameter_count; ++p)
        for (size_t a = 0; a < (with_state ? RNL_BEST : RNL_FIRST_SLOT); ++a) {
            rnl_parameter *parameter = &layer->parameters[p];
            const float *values = earlier->parameters[p].arrays[a];
            if (!values || !rnl_parameter_has(layer, parameter, a))
                continue;
            RNL_TRY(rnl_parameter_allocate(layer, parameter, a));
            memcpy(parameter->arrays[a], values, rnl_parameter_count(parameter) * sizeof *values);
        }
    return RNL_OK;
}

/* ---- the report ------------------------------------------------------------------------------ */

typedef enum fate { NOTHING_TO_TAKE, TAKEN, SKIPPED, FRESH } fate;

static fate fate_of(const rnl_layer *layer, const rnl_model *earlier)
{
    char here[RNL_SHAPES_TEXT], there[RNL_SHAPES_TEXT];
    const rnl_layer *found = find_layer(earlier, layer->name);
    if (layer->parameter_count == 0)
        return NOTHING_TO_TAKE;
    if (!found)
        return FRESH;
    return rnl_layers_differ(layer, found, here, there) ? SKIPPED : TAKEN;
}

static void report_fate(FILE *out, const rnl_model *model, const rnl_model *earlier, fate wanted,
                        const char *heading)
{
    const char *separator = heading;
    char here[RNL_SHAPES_TEXT], there[RNL_SHAPES_TEXT];
    for (size_t i = 0; i < model->layer_count; ++i) {
        const rnl_layer *layer = &model->layers[i];
        if (fate_of(layer, earlier) != wanted)
            continue;
        fprintf(out, "%s%s", separator, layer->name);
        if (wanted == SKIPPED &&
            rnl_layers_differ(layer, find_layer(earlier, layer->name), here, there))
            fprintf(out, " (%s there, %s here)", there, here);
        separator = ", ";
    }
    if (separator != heading)
        fputc('\n', out);
}

/* ---- scaling --------------------------------------------------------------------------------- */

static const char *name_of(const rnl_choice *scaling)
{
    return scaling->kind ? scaling->kind->name : "none";
}

bool rnl_scaling_comes_along(const rnl_choice *here, const rnl_choice *there)
{
    return here->kind == there->kind && rnl_scales(here);
}

/* Takes the earlier numbers where both scale alike, for the new ones would be others. */
static rnl_status take_scaler(rnl_scaler *scaler, const rnl_scaler *earlier, const char *what,
                              const rnl_choice *here, const rnl_choice *there, FILE *out)
{
    if (here->kind != there->kind)
        fprintf(out, "%s: %s here, %s there: as the configuration says\n", what, name_of(here),
                name_of(there));
    if (!rnl_scaling_comes_along(here, there) || earlier->features == 0 ||
        earlier->features != scaler->features)
        return RNL_OK;
    rnl_scaler copy;
    RNL_TRY(rnl_scaler_copy(&copy, earlier));
    rnl_scaler_release(scaler);
    *scaler = copy;
    fprintf(out, "%s: by the numbers of the earlier model\n", what);
    return RNL_OK;
}

static rnl_status take_scalers(rnl_model *model, const rnl_model *earlier, FILE *out)
{
    const rnl_data_config *here = &model->config->data, *there = &earlier->config->data;
    RNL_TRY(take_scaler(&model->scaler, &earlier->scaler, "scaling of inputs", &here->scaling,
                        &there->scaling, out));
    return take_scaler(&model->target_scaler, &earlier->target_scaler, "scaling of targets",
                       &here->target_scaling, &there->target_scaling, out);
}

/* ---- the optimizer --------------------------------------------------------------------------- */

/* Tests if the earlier model has state that goes on here, and says so. */
static bool goes_on(const rnl_model *model, const rnl_model *earlier, FILE *out)
{
    const rnl_choice *here = model->phase.optimizer, *there = earlier->phase.optimizer;
    const bool same =
        here->kind == there->kind && rnl_optimizer_slots(here) == rnl_optimizer_slots(there);
    if (earlier->position.step == 0)
        fputs("optimizer's state: fresh: the earlier model is no checkpoint\n", out);
    else if (!same)
        fprintf(out, "optimizer's state: fresh: %s here, %s there\n", here->kind->name,
                there->kind->name);
    else
        fprintf(out, "optimizer's state: after %llu steps\n",
                (unsigned long long)rnl_position_optimizer_step(&earlier->position));
    return earlier->position.step > 0 && same;
}

static void take_position(rnl_model *model, const rnl_model *earlier)
{
    model->position.optimizer_offset = rnl_position_optimizer_step(&earlier->position);
    model->position.momentum_product = earlier->position.momentum_product;
}

/* ---- all together ---------------------------------------------------------------------------- */

static rnl_status check_shapes(const rnl_model *model, const rnl_model *earlier)
{
    char here[RNL_SHAPES_TEXT], there[RNL_SHAPES_TEXT];
    for (size_t i = 0; i < model->layer_count; ++i) {
        const rnl_layer *layer = &model->layers[i];
        if (fate_of(layer, earlier) != SKIPPED)
            continue;
        rnl_layers_differ(layer, find_layer(earlier, layer->name), here, there);
        return rnl_fail(RNL_BAD_DATA,
                        "layer %s: %s in the earlier model, %s in this one: another name, or "
                        "--skip-mismatch, lets it start fresh",
                        layer->name, there, here);
    }
    return RNL_OK;
}

static void list_names(char text[RNL_NAMES_TEXT], const rnl_model *model)
{
    size_t length = 0;
    *text = '\0';
    for (size_t i = 0; i < model->layer_count && length < RNL_NAMES_TEXT; ++i)
        if (model->layers[i].parameter_count > 0)
            length += (size_t)snprintf(text + length, RNL_NAMES_TEXT - length, "%s%s",
                                       length > 0 ? ", " : "", model->layers[i].name);
}

static rnl_status check_any(const rnl_model *model, const rnl_model *earlier)
{
    char here[RNL_NAMES_TEXT], there[RNL_NAMES_TEXT];
    for (size_t i = 0; i < model->layer_count; ++i)
        if (fate_of(&model->layers[i], earlier) == TAKEN)
            return RNL_OK;
    list_names(here, model);
    list_names(there, earlier);
    return rnl_fail(RNL_BAD_DATA,
                    "no layer can start from the earlier model: its layers are %s, those of this "
                    "one %s",
                    there, here);
}

static rnl_status start(rnl_model *model, const rnl_model *earlier, bool keeps_optimizer, FILE *out)
{
    report_fate(out, model, earlier, TAKEN, "taken: ");
    report_fate(out, model, earlier, SKIPPED, "skipped: ");
    report_fate(out, model, earlier, FRESH, "fresh: ");
    const bool with_state = keeps_optimizer && goes_on(model, earlier, out);
    for (size_t i = 0; i < model->layer_count; ++i)
        if (fate_of(&model->layers[i], earlier) == TAKEN)
            RNL_TRY(rnl_layer_take(&model->layers[i], find_layer(earlier, model->layers[i].name),
                                   with_state));
    rnl_model_follow_ties(model);
    if (with_state)
        take_position(model, earlier);
    return take_scalers(model, earlier, out);
}

rnl_status rnl_model_start_from(rnl_model *model, const rnl_model *earlier, unsigned how,
                                char **report)
{
    RNL_OWN_FLOATING_MODE;
    if (model->position.step > 0)
        return rnl_fail(RNL_BAD_CONFIG, "the model is in the middle of training: it cannot start "
                                        "from another");
    if (!(how & RNL_SKIP_MISMATCH))
        RNL_TRY(check_shapes(model, earlier));
    RNL_TRY(check_any(model, earlier));
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return rnl_fail_memory(4096);
    rnl_status status = start(model, earlier, how & RNL_KEEP_OPTIMIZER, out);
    if (fclose(out) != 0 && status == RNL_OK)
        status = rnl_fail_memory(4096);
    if (status == RNL_OK && report)
        *report = text;
    else
        free(text);
    return status;
}
