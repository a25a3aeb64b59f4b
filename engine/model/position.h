/*
 * The position of training between two steps.  With the parameters and the optimizer's state, it is
 * all that training needs to continue exactly.
 */
#ifndef RNL_ENGINE_MODEL_POSITION_H
#define RNL_ENGINE_MODEL_POSITION_H

#include "engine/kinds/schedules.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sums over the rows of a pass, from which the reported means are computed. */
typedef struct rnl_sums {
    size_t rows;
    double loss;
    double metrics[RNL_MAX_METRICS];
    uint64_t missed; /* constant targets that some row's output missed: bit i stands for the
                        outputs i, i + 64, ... */
} rnl_sums;

/* The state of early stopping. */
typedef struct rnl_patience {
    uint64_t best_epoch, best_step; /* from 1; 0: none yet */
    double best;
    uint64_t wait; /* validations without an improvement */
    uint64_t over; /* 1: training must end */
} rnl_patience;

typedef struct rnl_position {
    uint64_t step;           /* optimizer steps done; 0: training has not begun, or has ended */
    uint64_t epoch;          /* completed epochs */
    size_t rows;             /* rows of the current epoch done */
    rnl_sums sums;           /* over the rows since figures were last reported */
    uint64_t reported_step;  /* steps done at the last report; 0: none yet */
    size_t train_rows;       /* of the training set */
    double momentum_product; /* product of the momenta of the steps done, if the optimizer needs
                                it */
    rnl_plateau plateau;
    rnl_patience patience;
    uint64_t schedule_start;   /* steps done when the schedule began */
    uint64_t schedule_epochs;  /* epochs of the run in which it began; 0: not yet */
    uint64_t optimizer_offset; /* what the optimizer counts beyond `step`, modulo 2^64 */
    uint64_t phase;            /* of the configuration's, from 0, */
    uint64_t phase_step;       /* the steps and */
    uint64_t phase_epoch;      /* epochs done when it began */
    double found_rate;         /* learning rate found by a range test, if the schedule needs one;
                                  0: not yet */
} rnl_position;

/* Returns the steps that the optimizer's state has seen. */
static inline uint64_t rnl_position_optimizer_step(const rnl_position *position)
{
    return position->step + position->optimizer_offset;
}

/* Convert to text and back, bit for bit; reading returns false for a position that no run can
 * have. */
#define RNL_POSITION_TEXT (17 * (RNL_MAX_METRICS + 26) + 1)
void rnl_position_print(const rnl_position *position, char text[RNL_POSITION_TEXT]);
bool rnl_position_parse(rnl_position *position, const char *text);

#endif
