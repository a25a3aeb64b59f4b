/*
 * The phases of a model's training.
 */
#include "engine/base/error.h"
#include "engine/model/layer_selection.h"
#include "engine/model/model.h"
#include "engine/schema/config.h"

#include <stdlib.h>
#include <string.h>

static const rnl_phase_config *config_of(const rnl_model *model, size_t number)
{
    const rnl_choice_list *phases = &model->config->training.phases;
    return number < phases->count ? phases->items[number].parameters : NULL;
}

size_t rnl_model_phases(const rnl_model *model)
{
    const size_t count = model->config->training.phases.count;
    return count > 0 ? count : 1;
}

rnl_phase_settings rnl_model_phase(const rnl_model *model, size_t number)
{
    const rnl_training_config *training = &model->config->training;
    const rnl_phase_config *phase = config_of(model, number);
    return (rnl_phase_settings){
        .optimizer = phase ? &phase->optimizer : &training->optimizer,
        .schedule = phase ? &phase->schedule : &training->schedule,
        .early_stopping = phase ? &phase->early_stopping : &training->early_stopping,
        .epochs = (uint64_t)(phase ? phase->epochs : training->epochs),
        .reset_optimizer = phase && phase->reset_optimizer,
    };
}

/* Returns the epochs of the phases before one. */
static uint64_t epochs_before(const rnl_model *model, size_t phase)
{
    uint64_t epochs = 0;
    for (size_t k = 0; k < phase; ++k)
        epochs += rnl_model_phase(model, k).epochs;
    return epochs;
}

size_t rnl_model_first_phase(const rnl_model *model)
{
    size_t phase = 0;
    while (phase + 1 < rnl_model_phases(model) &&
           epochs_before(model, phase + 1) <= (uint64_t)model->config->training.initial_epoch)
        ++phase;
    return phase;
}

uint64_t rnl_model_skipped_epochs(const rnl_model *model, size_t phase)
{
    return phase == rnl_model_first_phase(model)
               ? (uint64_t)model->config->training.initial_epoch - epochs_before(model, phase)
               : 0;
}

void rnl_model_enter_first_epoch(rnl_model *model)
{
    rnl_position *p = &model->position;
    p->phase = rnl_model_first_phase(model);
    p->phase_epoch = epochs_before(model, p->phase);
    p->epoch = (uint64_t)model->config->training.initial_epoch;
    rnl_model_enter_phase(model, p->phase);
}

/* ---- the layers of a phase ------------------------------------------------------------------- */

static bool is_own(const rnl_phase_config *phase)
{
    return !phase || (phase->trainable.count == 1 && strcmp(phase->trainable.items[0], "own") == 0);
}

/* A layer with a learning_rate_factor of 0 has no rate to learn by. */
static rnl_status check_factors(const rnl_model *model, const rnl_phase_config *phase,
                                const bool *chosen)
{
    const bool all = phase->trainable.count == 1 && strcmp(phase->trainable.items[0], "all") == 0;
    for (size_t i = 0; !all && i < model->layer_count; ++i)
        if (chosen[i] && model->layers[i].learning_rate_factor == 0)
            return rnl_fail_at(phase->trainable.place,
                               "trainable: the learning_rate_factor of layer %s is 0",
                               model->layers[i].name);
    return RNL_OK;
}

static rnl_status choose(const rnl_model *model, const rnl_phase_config *phase,
                         const char *const *names, bool *chosen)
{
    const rnl_selectable layers = {"trainable", "", model->layer_count, names, false};
    RNL_TRY(rnl_layers_select(&phase->trainable, &layers, chosen));
    return check_factors(model, phase, chosen);
}

static rnl_status find_phase(const rnl_model *model, size_t number, const char *const *names,
                             bool *chosen)
{
    const rnl_phase_config *phase = config_of(model, number);
    bool *frozen = model->frozen + number * model->layer_count;
    memset(chosen, 0, model->layer_count * sizeof *chosen);
    if (!is_own(phase))
        RNL_TRY(choose(model, phase, names, chosen));
    for (size_t i = 0; i < model->layer_count; ++i) {
        const rnl_layer *layer = &model->layers[i];
        const bool learns = is_own(phase) ? layer->trainable : chosen[i];
        frozen[i] = layer->parameter_count > 0 && (!learns || layer->learning_rate_factor == 0);
    }
    return RNL_OK;
}

/* The optimizer's state is kept for layers that learn in any phase. */
static void note_learners(rnl_model *model)
{
    for (size_t i = 0; i < model->layer_count; ++i) {
        bool learns = false;
        for (size_t k = 0; k < rnl_model_phases(model); ++k)
            learns |= !model->frozen[k * model->layer_count + i];
        model->layers[i].trainable = learns;
    }
}

rnl_status rnl_model_find_frozen(rnl_model *model)
{
    const size_t phases = rnl_model_phases(model), layers = model->layer_count;
    model->frozen = calloc(phases * layers + 1, sizeof *model->frozen);
    const char **names = calloc(layers + 1, sizeof *names);
    bool *chosen = calloc(layers + 1, sizeof *chosen);
    rnl_status status =
        model->frozen && names && chosen ? RNL_OK : rnl_fail_memory(phases * layers);
    for (size_t i = 0; status == RNL_OK && i < layers; ++i)
        names[i] = model->layers[i].name;
    for (size_t k = 0; status == RNL_OK && k < phases; ++k)
        status = find_phase(model, k, names, chosen);
    free(names);
    free(chosen);
    if (status == RNL_OK) {
        note_learners(model);
        rnl_model_enter_phase(model, rnl_model_first_phase(model));
    }
    return status;
}

void rnl_model_enter_phase(rnl_model *model, size_t number)
{
    model->phase = rnl_model_phase(model, number);
    for (size_t i = 0; i < model->layer_count; ++i)
        model->layers[i].frozen = model->frozen[number * model->layer_count + i];
}

/* ---- from one to the next -------------------------------------------------------------------- */

/* The rest of an epoch in which early stopping ended the phase is left out. */
void rnl_model_next_phase(rnl_model *model)
{
    rnl_position *p = &model->position;
    p->epoch += p->rows > 0;
    p->rows = 0;
    ++p->phase;
    p->phase_step = p->schedule_start = p->step;
    p->phase_epoch = p->epoch;
    p->plateau = (rnl_plateau){0};
    p->patience = (rnl_patience){0};
    p->sums = (rnl_sums){0};
    p->found_rate = 0;
    rnl_model_drop_best(model);
    rnl_model_enter_phase(model, p->phase);
    if (!model->phase.reset_optimizer)
        return;
    rnl_model_release_arrays(model, RNL_FIRST_SLOT, RNL_BEST);
    p->optimizer_offset = -p->step;
    p->momentum_product = 0;
}
