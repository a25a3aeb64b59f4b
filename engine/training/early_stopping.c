#include "engine/training/early_stopping.h"

#include "engine/training/monitored_figure.h"

#include <math.h>
#include <stddef.h>

#define KEY(member) offsetof(rnl_early_stopping_config, member)

const rnl_field rnl_early_stopping_fields[] = {
    {.key = "patience",
     .type = RNL_FIELD_INTEGER,
     .offset = KEY(patience),
     .fallback = "0",
     .maximum = 1 << 24,
     .help = "validations, which is epochs unless validate_every says otherwise, without an "
             "improvement after which training ends; 0: it never does; 10 where early_stopping "
             "is written without it"},
    RNL_MONITOR_FIELDS(rnl_early_stopping_config, monitor, "0.0"),
    {.key = "restore_best_weights",
     .type = RNL_FIELD_BOOLEAN,
     .offset = KEY(restore_best_weights),
     .fallback = "true",
     .help = "end with the weights of the best validation; the last ones are in last.safetensors"},
    {.key = "gains_add_up",
     .type = RNL_FIELD_BOOLEAN,
     .offset = KEY(gains_add_up),
     .fallback = "true",
     .help = "an improvement is one over the last improvement, as in Keras; false: each validation "
             "must gain min_delta over the best so far, as in scikit-learn"},
    {.key = "last_of_equals",
     .type = RNL_FIELD_BOOLEAN,
     .offset = KEY(last_of_equals),
     .fallback = "false",
     .help =
         "of validations equally good the last one's weights are the best; it is no improvement "
         "that patience waits for"},
    {.key = "start_from_epoch",
     .type = RNL_FIELD_INTEGER,
     .offset = KEY(start_from_epoch),
     .fallback = "0",
     .maximum = 1 << 24,
     .help = "so many epochs are not looked at"},
    {.key = NULL},
};

rnl_status rnl_early_stopping_check(const rnl_early_stopping_config *c, const rnl_config *config,
                                    bool validated)
{
    return rnl_early_stopping_is_on(c)
               ? rnl_monitor_check(&c->monitor, c->monitor.mode.place, config, validated)
               : RNL_OK;
}

static bool is_better(rnl_monitor monitor, double value, double best)
{
    monitor.min_delta = 0;
    return rnl_monitor_improved(&monitor, value, best);
}

/* Follows Keras's EarlyStopping, or scikit-learn, whose best value moves with every gain. */
bool rnl_early_stopping_look(const rnl_early_stopping_config *c, rnl_patience *patience,
                             rnl_validation_time when, const rnl_figures *figures)
{
    if (!rnl_early_stopping_is_on(c) || when.epoch - when.before <= (uint64_t)c->start_from_epoch)
        return false;
    const double value = rnl_monitor_value(&c->monitor, figures);
    const double best = patience->best_epoch > 0 ? patience->best : NAN;
    const bool improved = rnl_monitor_improved(&c->monitor, value, best),
               moved = improved || (!c->gains_add_up && is_better(c->monitor, value, best)) ||
                       (c->last_of_equals && value == best);
    patience->wait = improved ? 0 : patience->wait + 1;
    patience->over = !improved && patience->wait >= (uint64_t)c->patience && !when.first;
    if (moved) {
        patience->best = value;
        patience->best_epoch = when.epoch;
        patience->best_step = when.step;
    }
    return moved;
}
