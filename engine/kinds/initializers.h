/*
 * The table of initializers: distributions of a kernel's first values.
 */
#ifndef RNL_ENGINE_KINDS_INITIALIZERS_H
#define RNL_ENGINE_KINDS_INITIALIZERS_H

#include "engine/schema/schema.h"

/* The inputs of an initializer.  Random numbers are keyed by the seed, the layer and the parameter,
 * so that no two parameters get the same values. */
typedef struct rnl_initial {
    uint64_t seed;
    uint32_t layer;     /* its place among the layers with parameters, from 0 */
    uint32_t parameter; /* its place in the layer, from 0 */
    size_t fan_in, fan_out;
    double fixup; /* factor: see engine/model/fixup.h */
} rnl_initial;

/* Replaces the choice, of a kind without parameters, by variance_scaling with this scale of
 * fan_in. */
rnl_status rnl_initializer_set_scale(rnl_choice *initializer, double scale);

/* Tests if the choice needs to know what a kernel stands before: auto, fixup. */
bool rnl_initializer_is_of_kernels(const rnl_choice *initializer);

/* Fills values (rows, columns) by the choice. */
void rnl_initialize(const rnl_choice *initializer, const rnl_initial *initial, size_t rows,
                    size_t columns, float *values);

#endif
