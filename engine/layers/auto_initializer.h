/*
 * Which initializer suits a dense layer, by the activation that its outputs go through.
 */
#ifndef RNL_ENGINE_LAYERS_AUTO_INITIALIZER_H
#define RNL_ENGINE_LAYERS_AUTO_INITIALIZER_H

#include "engine/schema/schema.h"

/* A dense layer of a list, and what stands behind it. */
typedef struct rnl_dense_choice {
    const rnl_choice *layer;
    rnl_choice *initializer;
    const char *activation;      /* its own, or that of a layer behind it; "linear" for none */
    double slope;                /* of it below 0, for `auto`; prelu's first, rrelu's mean */
    const char *const *suitable; /* names of initializers, ended by NULL; the first is `auto`'s */
} rnl_dense_choice;

/* Calls `visit` for each dense layer in the order of the configuration, those of residual blocks
 * and repetitions too. */
void rnl_dense_choices_visit(const rnl_choice_list *layers,
                             void (*visit)(const rnl_dense_choice *dense, void *user), void *user);

/* Each `auto` becomes the initializer that it stands for: with a slope a below 0, variance scaling
 * with 2 / (1 + a^2) (He, Zhang, Ren and Sun 2015, section 2.2). */
rnl_status rnl_auto_initializers_resolve(const rnl_choice_list *layers);

#endif
