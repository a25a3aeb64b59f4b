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

/* Follows Keras's EarlyStopping. */
bool rnl_early_stopping_look(const rnl_early_stopping_config *c, rnl_patience *patience,
                             rnl_validation_time when, const rnl_figures *figures)
{
    if (!rnl_early_stopping_is_on(c) || when.epoch - when.before <= (uint64_t)c->start_from_epoch)
        return false;
    const double value = rnl_monitor_value(&c->monitor, figures);
    const double best = patience->best_epoch > 0 ? patience->best : NAN;
    ++patience->wait;
    if (rnl_monitor_improved(&c->monitor, value, best)) {
        patience->best = value;
        patience->best_epoch = when.epoch;
        patience->best_step = when.step;
        patience->wait = 0;
        return true;
    }
    patience->over = patience->wait >= (uint64_t)c->patience && !when.first;
    return false;
}
