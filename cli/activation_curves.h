/*
 * Activations and their slopes as plots.
 */
#ifndef RNL_CLI_ACTIVATION_CURVES_H
#define RNL_CLI_ACTIVATION_CURVES_H

#include "cli/plot.h"

typedef struct rnl_activation_curves {
    rnl_plot plots[2]; /* f(z), f'(z) */
    void *memory;      /* of all that they point to */
} rnl_activation_curves;

/* `list` names activations, separated by commas outside of brackets.  Complains and returns false
 * if one is none. */
bool rnl_activation_curves_create(rnl_activation_curves *curves, const char *list);
void rnl_activation_curves_release(rnl_activation_curves *curves);

#endif
