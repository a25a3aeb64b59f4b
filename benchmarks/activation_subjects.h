/*
 * What `bench activations` measures: an activation's kernel, or a function of another library, over
 * arrays of each worker's own.
 */
#ifndef RNL_BENCHMARKS_ACTIVATION_SUBJECTS_H
#define RNL_BENCHMARKS_ACTIVATION_SUBJECTS_H

#include "benchmarks/vector_math.h"
#include "engine/kinds/activations.h"

/* Arrays of one worker, `count` floats each. */
typedef struct rnl_activation_arrays {
    size_t count; /* a multiple of 512 */
    float *z;     /* standard normal: inputs forward, upstream gradients backward */
    float *y;     /* uniform between -0.95 and 0.95: what the backward pass reads */
    float *out;
} rnl_activation_arrays;

/* All NULL if memory runs out. */
void rnl_activation_arrays_create(rnl_activation_arrays *arrays, size_t count);
void rnl_activation_arrays_release(rnl_activation_arrays *arrays);

typedef struct rnl_activation_subject {
    char name[64]; /* "elu/forward/avx512" */
    const char *activation;
    bool backward;
    rnl_isa isa;
    rnl_bound_activation bound;
    const rnl_vector_function *library;  /* the C library's instead; NULL: ours */
    const rnl_activation_arrays *arrays; /* by worker */
} rnl_activation_subject;

/* The contender's work: all of a worker's arrays once. */
void rnl_activation_subject_run(size_t worker, void *subject);

/* Compares what the subject computes on worker 0's arrays with the scalar kernels, in ULP: the
 * largest distance.  Ends with the arrays as they were, but for `out`. */
double rnl_activation_subject_distance(rnl_activation_subject *subject,
                                       const rnl_bound_activation *scalar);

#endif
