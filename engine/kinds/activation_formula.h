/*
 * Activations that a formula of z says, or functions of the program.
 */
#ifndef RNL_ENGINE_KINDS_ACTIVATION_FORMULA_H
#define RNL_ENGINE_KINDS_ACTIVATION_FORMULA_H

#include "engine/kinds/activations.h"
#include "engine/schema/formula.h"

typedef struct rnl_formula_activation {
    rnl_formula *expression; /* compiled */
} rnl_formula_activation;

typedef struct rnl_callback_activation {
    char *name;
} rnl_callback_activation;

extern const rnl_activation rnl_activation_by_formula, rnl_activation_by_callback;
extern const rnl_field rnl_formula_activation_fields[], rnl_callback_activation_fields[];

#endif
