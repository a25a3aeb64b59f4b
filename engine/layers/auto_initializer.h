/*
 * The initializer that suits a dense layer, chosen by the activation that follows it.
 */
#ifndef RNL_ENGINE_LAYERS_AUTO_INITIALIZER_H
#define RNL_ENGINE_LAYERS_AUTO_INITIALIZER_H

#include "engine/schema/schema.h"

/* A dense layer of a list, with the activation that follows it. */
typedef struct rnl_dense_choice {
    const rnl_choice *layer;
    rnl_choice *initializer;
    const char *activation;      /* its own, or that of the layer after it; "linear" for none */
    double slope;                /* slope of the activation below 0, for `auto`: prelu's initial
                                    one, rrelu's mean */
    const char *const *suitable; /* names of initializers, ended by NULL; `auto` takes the first */
} rnl_dense_choice;

/* Calls `visit` for each dense layer in the order of the configuration, including those in residual
 * blocks and repetitions. */
void rnl_dense_choices_visit(const rnl_choice_list *layers,
                             void (*visit)(const rnl_dense_choice *dense, void *user), void *user);

/* Replaces each `auto` by the initializer that it stands for: if the activation has slope a below
 * 0, variance scaling with 2 / (1 + a^2) (He, Zhang, Ren and Sun 2015, section 2.2). */
rnl_status rnl_auto_initializers_resolve(const rnl_choice_list *layers);

#endif
