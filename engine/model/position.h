/*
 * Where training stands between two steps: with the parameters and the optimizer's state it is all
 * that training needs to go on exactly.
 */
#ifndef RNL_ENGINE_MODEL_POSITION_H
#define RNL_ENGINE_MODEL_POSITION_H

#include "engine/kinds/schedules.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sums over the rows that a pass has seen, from which the reported means come. */
typedef struct rnl_sums {
    size_t rows;
    double loss;
    double metrics[RNL_MAX_METRICS];
    uint64_t missed; /* constant targets that some row's output was not: a bit for each 64th */
} rnl_sums;

/* What early stopping has seen. */
typedef struct rnl_patience {
    uint64_t best_epoch, best_step; /* from 1; 0: nothing yet */
    double best;
    uint64_t wait; /* validations without an improvement */
    uint64_t over; /* 1: training is to end */
} rnl_patience;

typedef struct rnl_position {
    uint64_t step;           /* optimizer steps done; 0: training has not begun, or has ended */
    uint64_t epoch;          /* whole epochs done */
    size_t rows;             /* done of the next one */
    rnl_sums sums;           /* over the rows since figures were last reported */
    uint64_t reported_step;  /* steps done at the last report; 0: none yet */
    size_t train_rows;       /* of the training set */
    double momentum_product; /* of the momenta of the steps done, where the optimizer asks for it */
    rnl_plateau plateau;
    rnl_patience patience;
    uint64_t schedule_start;  /* steps done when the schedule began */
    uint64_t schedule_epochs; /* of the run in which it began; 0: not yet */
    double found_rate;        /* by a range test, where the schedule asks for one; 0: not yet */
} rnl_position;

/* As text that reads back bit for bit; false for a text or a position that no run can have made. */
#define RNL_POSITION_TEXT (17 * (RNL_MAX_METRICS + 22) + 1)
void rnl_position_print(const rnl_position *position, char text[RNL_POSITION_TEXT]);
bool rnl_position_parse(rnl_position *position, const char *text);

#endif
