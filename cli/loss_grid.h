/*
 * The loss over two parameters of a trained model, all others as they are.
 */
#ifndef RNL_CLI_LOSS_GRID_H
#define RNL_CLI_LOSS_GRID_H

#include <stdbool.h>
#include <stddef.h>

#define RNL_GRID_SIDE 65

typedef struct rnl_loss_grid {
    double from[2], to[2];                      /* of each parameter */
    double loss[RNL_GRID_SIDE * RNL_GRID_SIDE]; /* (second, first) */
} rnl_loss_grid;

/* Computes the loss over the training rows of the model in a run's directory, or beside its
 * trace.csv: at every fourth point of the grid, cubically interpolated, between the bounds that it
 * holds.  The parameters are named as in trace.csv.  Complains and returns false on failure. */
bool rnl_loss_grid_compute(rnl_loss_grid *grid, const char *run, const char *const names[2]);

#endif
