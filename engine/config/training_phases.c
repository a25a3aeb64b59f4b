#include "engine/config/training_phases.h"

#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/config/preset_layers.h"
#include "engine/kinds/schedules.h"
#include "engine/schema/node.h"
#include "engine/training/early_stopping.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define KEY(member) offsetof(rnl_phase_config, member)

static const rnl_field fields[] = {
    {.key = "epochs",
     .type = RNL_FIELD_INTEGER,
     .offset = KEY(epochs),
     .minimum = 1,
     .maximum = 1 << 24,
     .help = "of this phase"},
    {.key = "trainable",
     .type = RNL_FIELD_TEXT_LIST,
     .offset = KEY(trainable),
     .fallback = "own",
     .help = "layers that learn, the others are frozen: all, names, or first..last by name or "
             "number; own: as each layer says"},
    {.key = "optimizer",
     .type = RNL_FIELD_KIND,
     .offset = KEY(optimizer),
     .kinds = &rnl_optimizers,
     .help = "without it, training's"},
    {.key = "schedule",
     .type = RNL_FIELD_KIND,
     .offset = KEY(schedule),
     .fallback = "null",
     .kinds = &rnl_schedules,
     .help = "over this phase; without it, training's"},
    {.key = "early_stopping",
     .type = RNL_FIELD_SECTION,
     .offset = KEY(early_stopping),
     .fallback = "{}",
     .section = rnl_early_stopping_fields,
     .help = "ends the phase with its best weights; keys that are not given are training's"},
    {.key = "reset_optimizer",
     .type = RNL_FIELD_BOOLEAN,
     .offset = KEY(reset_optimizer),
     .fallback = "true",
     .help = "begin without the optimizer's state of the phase before"},
    {.key = NULL},
};

static const rnl_kind kinds[] = {
    {.name = "phase",
     .help = "a part of a training, written as a mapping: {epochs: 4, trainable: [head]}",
     .fields = fields,
     .size = sizeof(rnl_phase_config)},
};

const rnl_kind_table rnl_training_phases = {
    .noun = "phase",
    .plural = "phases",
    .kinds = kinds,
    .count = 1,
    .unnamed = kinds,
};

/* ---- the tree -------------------------------------------------------------------------------- */

static rnl_node *find_in(rnl_node *mapping, const char *key, rnl_node_type type)
{
    const size_t at = mapping && mapping->type == RNL_MAPPING ? rnl_node_find(mapping, key) : 0;
    rnl_node *found =
        mapping && mapping->type == RNL_MAPPING && at < mapping->count ? mapping->items[at] : NULL;
    return found && found->type == type ? found : NULL;
}

static rnl_node *list_of(rnl_node *root)
{
    return find_in(find_in(root, "training", RNL_MAPPING), "phases", RNL_LIST);
}

/* The mapping of a phase, also where it stands under its name; NULL if it is none. */
static rnl_node *mapping_of(rnl_node *phase)
{
    rnl_node *named = find_in(phase, kinds[0].name, RNL_MAPPING);
    return named ? named : phase->type == RNL_MAPPING ? phase : NULL;
}

static double number_in(const rnl_node *mapping, const char *key)
{
    double number;
    const rnl_node *node = mapping ? rnl_node_get(mapping, key) : NULL;
    return node && node->type == RNL_SCALAR && rnl_parse_number(node->text, &number) ? number : 0;
}

/* Leaves what is no number of epochs for decoding to report. */
rnl_status rnl_phases_sum(rnl_node *root)
{
    const rnl_node *list = list_of(root);
    double sum = 0;
    for (size_t i = 0; list && i < list->count; ++i) {
        const rnl_node *phase = mapping_of(list->items[i]);
        const double epochs = number_in(phase, "epochs");
        if (!(epochs >= 1))
            return RNL_OK;
        sum += epochs;
    }
    if (!list || list->count == 0)
        return RNL_OK;
    rnl_node *training = find_in(root, "training", RNL_MAPPING);
    const rnl_node *given = rnl_node_get(training, "epochs");
    if (given && number_in(training, "epochs") != sum)
        return rnl_fail_at(given->place,
                           "epochs: expected %.0f, the sum of the phases', or nothing, got '%.20s'",
                           sum, given->type == RNL_SCALAR ? given->text : "no number");
    char text[32];
    snprintf(text, sizeof text, "%.0f", sum);
    rnl_place place = list->place;
    place.origin = RNL_FROM_DEFAULT;
    return rnl_preset_write(training, &(const rnl_preset_key){"epochs", text}, place);
}

static rnl_status copy_value(rnl_node *phase, const rnl_node *from, const char *key)
{
    const rnl_node *value = from ? rnl_node_get(from, key) : NULL;
    return value && !rnl_node_get(phase, key) ? rnl_node_give(phase, rnl_node_copy(value)) : RNL_OK;
}

/* The first epoch that a preset looks at is a share of all epochs, and here of the phase's. */
static rnl_status shorten_start(const rnl_node *training, const rnl_node *phase, rnl_node *stopping)
{
    const size_t at = rnl_node_find(stopping, "start_from_epoch");
    if (at == stopping->count || stopping->items[at]->place.origin != RNL_FROM_PRESET)
        return RNL_OK;
    const rnl_place place = stopping->items[at]->place;
    const double share = number_in(stopping, "start_from_epoch") / number_in(training, "epochs");
    char text[32];
    snprintf(text, sizeof text, "%.0f", floor(share * number_in(phase, "epochs")));
    rnl_node_free(rnl_node_take(stopping, "start_from_epoch"));
    return rnl_preset_write(stopping, &(const rnl_preset_key){"start_from_epoch", text}, place);
}

static rnl_status fill_stopping(const rnl_node *training, rnl_node *phase)
{
    const rnl_node *general = rnl_node_get(training, "early_stopping");
    const bool own = rnl_node_get(phase, "early_stopping") != NULL;
    RNL_TRY(copy_value(phase, training, "early_stopping"));
    rnl_node *stopping = find_in(phase, "early_stopping", RNL_MAPPING);
    if (!stopping)
        return RNL_OK;
    for (size_t i = 0; general && general->type == RNL_MAPPING && i < general->count; ++i)
        RNL_TRY(copy_value(stopping, general, general->items[i]->key));
    if (own)
        RNL_TRY(
            rnl_preset_write(stopping, &(const rnl_preset_key){"patience", "10"}, stopping->place));
    return shorten_start(training, phase, stopping);
}

rnl_status rnl_phases_fill(rnl_node *root)
{
    const rnl_node *list = list_of(root), *training = find_in(root, "training", RNL_MAPPING);
    for (size_t i = 0; list && i < list->count; ++i) {
        rnl_node *phase = mapping_of(list->items[i]);
        if (!phase)
            continue;
        RNL_TRY(copy_value(phase, training, "optimizer"));
        RNL_TRY(copy_value(phase, training, "schedule"));
        RNL_TRY(fill_stopping(training, phase));
    }
    return RNL_OK;
}

/* ---- decoded --------------------------------------------------------------------------------- */

static rnl_status check_phase(const rnl_choice_list *phases, size_t index)
{
    const rnl_phase_config *phase = phases->items[index].parameters;
    const rnl_phase_config *before = index > 0 ? phases->items[index - 1].parameters : NULL;
    RNL_TRY(rnl_schedule_check(&phase->schedule));
    if (before && !phase->reset_optimizer && phase->optimizer.kind != before->optimizer.kind)
        return rnl_fail_at(phases->items[index].place,
                           "phases: reset_optimizer: false takes over the state of the phase "
                           "before, whose optimizer is %s, not %s",
                           before->optimizer.kind->name, phase->optimizer.kind->name);
    return RNL_OK;
}

rnl_status rnl_phases_check(const rnl_training_config *training)
{
    const rnl_choice_list *phases = &training->phases;
    for (size_t i = 0; i < phases->count; ++i)
        RNL_TRY(check_phase(phases, i));
    if (training->initial_epoch >= training->epochs)
        return rnl_fail(RNL_BAD_CONFIG,
                        "training.epochs: expected the number of the last epoch, above "
                        "initial_epoch %lld, got %lld",
                        (long long)training->initial_epoch, (long long)training->epochs);
    return RNL_OK;
}
