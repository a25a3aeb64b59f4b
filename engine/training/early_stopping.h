/*
 * Early stopping: ends training when a figure has not improved for some validations, and restores
 * the best weights.
 */
#ifndef RNL_ENGINE_TRAINING_EARLY_STOPPING_H
#define RNL_ENGINE_TRAINING_EARLY_STOPPING_H

#include "engine/model/position.h"
#include "engine/training/figures.h"

/* The keys of training.early_stopping. */
extern const rnl_field rnl_early_stopping_fields[];

static inline bool rnl_early_stopping_is_on(const rnl_early_stopping_config *c)
{
    return c->patience > 0;
}

/* Refuses a figure that the run will not have. */
rnl_status rnl_early_stopping_check(const rnl_early_stopping_config *c, const rnl_config *config,
                                    bool validated);

/* The time of a validation. */
typedef struct rnl_validation_time {
    uint64_t epoch; /* from 1, that it ended or fell into */
    uint64_t step;
    bool first;      /* of the phase, or of a run without any */
    uint64_t before; /* epochs before the phase */
} rnl_validation_time;

/* Records a validation: an improvement, or that training must end.  Returns true if the weights are
 * the best so far. */
bool rnl_early_stopping_look(const rnl_early_stopping_config *c, rnl_patience *patience,
                             rnl_validation_time when, const rnl_figures *figures);

#endif
