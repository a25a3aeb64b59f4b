/*
 * What `bench optimizers` measures: an optimizer's update of parameters that workers share out.
 */
#ifndef RNL_BENCHMARKS_OPTIMIZER_SUBJECTS_H
#define RNL_BENCHMARKS_OPTIMIZER_SUBJECTS_H

#include "engine/kinds/optimizers.h"
#include "runnel/runnel.h"

#include <stdbool.h>

enum { RNL_OPTIMIZER_ARRAYS = 5 };

typedef struct rnl_optimizer_arrays {
    size_t threads, share; /* parameters of a worker */
    float *memory;
    float *arrays[RNL_OPTIMIZER_ARRAYS]; /* gradients, weights, state */
    float *slices, *checks; /* of each worker: gradients just made; a number in its own lines */
} rnl_optimizer_arrays;

/* About `parameters` in whole cache lines for each worker; rnl_optimizer_arrays_fill has to be
 * called by each. */
rnl_status rnl_optimizer_arrays_create(rnl_optimizer_arrays *arrays, size_t parameters,
                                       size_t threads);
void rnl_optimizer_arrays_fill(rnl_optimizer_arrays *arrays, size_t worker);
void rnl_optimizer_arrays_release(rnl_optimizer_arrays *arrays);

typedef struct rnl_optimizer_subject {
    char name[48];
    bool fused; /* gradients are made slice by slice, and read from the cache */
    size_t slots;
    rnl_bound_optimizer bound;
    rnl_step_rates rates;
    const rnl_kernels *kernels;
    const rnl_optimizer_arrays *arrays;
} rnl_optimizer_subject;

void rnl_optimizer_subject_bind(rnl_optimizer_subject *subject, const rnl_choice *choice,
                                rnl_isa isa, bool fused);

/* The contender's work: one update of a worker's share. */
void rnl_optimizer_subject_run(size_t worker, void *subject);

/* Compares an update with that of the scalar kernel. */
rnl_status rnl_optimizer_subject_check(const rnl_optimizer_subject *subject,
                                       const rnl_choice *choice);

/* Bytes that an update moves to and from memory, for each parameter. */
double rnl_optimizer_bytes(const rnl_optimizer_subject *subject);

#endif
