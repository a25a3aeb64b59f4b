#include "benchmarks/optimizer_subjects.h"

#include "benchmarks/float_distance.h"
#include "engine/base/error.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Between arrays, so that what is updated together does not compete for the same lines. */
#define GAP 1040

/* Parameters that a step updates at a time. */
#define SLICE 4096

/* Floats between the check of one worker and the next. */
#define APART 16

/* ---- arrays ---------------------------------------------------------------------------------- */

rnl_status rnl_optimizer_arrays_create(rnl_optimizer_arrays *a, size_t parameters, size_t threads)
{
    const size_t share = (parameters / threads + 15) / 16 * 16, all = share * threads + GAP;
    const size_t floats = all * RNL_OPTIMIZER_ARRAYS + threads * (SLICE + APART);
    *a = (rnl_optimizer_arrays){.threads = threads, .share = share};
    a->memory = aligned_alloc(64, floats * sizeof *a->memory);
    if (!a->memory)
        return rnl_fail_memory(floats * sizeof *a->memory);
    for (size_t i = 0; i < RNL_OPTIMIZER_ARRAYS; ++i)
        a->arrays[i] = a->memory + i * all;
    a->slices = a->memory + RNL_OPTIMIZER_ARRAYS * all;
    a->checks = a->slices + threads * SLICE;
    return RNL_OK;
}

static void fill(float *values, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        values[i] = (float)(i % 7 + 1) * 1e-3f;
}

void rnl_optimizer_arrays_fill(rnl_optimizer_arrays *a, size_t worker)
{
    for (size_t i = 0; i < RNL_OPTIMIZER_ARRAYS; ++i)
        fill(a->arrays[i] + worker * a->share, a->share);
    fill(a->slices + worker * SLICE, SLICE);
}

void rnl_optimizer_arrays_release(rnl_optimizer_arrays *a)
{
    free(a->memory);
    *a = (rnl_optimizer_arrays){0};
}

/* ---- work ------------------------------------------------------------------------------------ */

void rnl_optimizer_subject_bind(rnl_optimizer_subject *s, const rnl_choice *choice, rnl_isa isa,
                                bool fused)
{
    *s = (rnl_optimizer_subject){.fused = fused, .kernels = rnl_kernels_of(isa)};
    snprintf(s->name, sizeof s->name, "%s", choice->kind->name);
    rnl_optimizer_of(choice)->bind(&s->bound, s->kernels, choice->parameters);
    s->slots = rnl_optimizer_slots(choice);
    const rnl_scheduled scheduled = {s->bound.learning_rate, s->bound.momentum};
    s->rates = rnl_optimizer_rates(choice, &s->bound, 10, scheduled, 0.5);
}

static float *slot(float *const *arrays, size_t number, size_t at)
{
    return number > 0 ? arrays[1 + number] + at : NULL;
}

/* `arrays`: gradients, weights, state. */
static void update(const rnl_optimizer_subject *s, const float *gradients, float *const *arrays,
                   size_t at, size_t count, float *check)
{
    s->bound.update(&(const rnl_update){
        .count = count,
        .weights = arrays[1] + at,
        .gradients = gradients,
        .velocity = slot(arrays, s->bound.velocity, at),
        .squares = slot(arrays, s->bound.squares, at),
        .means = slot(arrays, s->bound.means, at),
        .learning_rate = s->rates.learning_rate,
        .gradient_rate = s->rates.gradient_rate,
        .root_scale = s->rates.root_scale,
        .decay = s->rates.decay,
        .momentum = s->rates.velocity_share,
        .beta_2 = s->bound.beta_2,
        .epsilon = s->bound.epsilon,
        .check = check,
    });
}

/* Gradients in the cache, as the end of a product leaves them: written anew. */
static const float *make_gradients(const rnl_optimizer_subject *s, size_t worker, size_t count)
{
    float *slice = s->arrays->slices + worker * SLICE;
    s->kernels->clamp(&(const rnl_clamp){count, slice, 1});
    return slice;
}

void rnl_optimizer_subject_run(size_t worker, void *subject)
{
    const rnl_optimizer_subject *s = subject;
    const rnl_optimizer_arrays *a = s->arrays;
    const size_t end = (worker + 1) * a->share;
    for (size_t at = worker * a->share; at < end; at += SLICE) {
        const size_t count = end - at < SLICE ? end - at : SLICE;
        const float *gradients = s->fused ? make_gradients(s, worker, count) : a->arrays[0] + at;
        update(s, gradients, a->arrays, at, count, a->checks + worker * APART);
    }
}

double rnl_optimizer_bytes(const rnl_optimizer_subject *s)
{
    return sizeof(float) * (double)((s->fused ? 2 : 3) + 2 * s->slots);
}

/* ---- check ----------------------------------------------------------------------------------- */

enum { CHECKED = 256, MOST_DISTANCE = 8 };

rnl_status rnl_optimizer_subject_check(const rnl_optimizer_subject *s, const rnl_choice *choice)
{
    float values[2][RNL_OPTIMIZER_ARRAYS][CHECKED], check;
    rnl_optimizer_subject scalar;
    rnl_optimizer_subject_bind(&scalar, choice, RNL_ISA_SCALAR, s->fused);
    for (size_t k = 0; k < 2; ++k) {
        float *arrays[RNL_OPTIMIZER_ARRAYS];
        for (size_t i = 0; i < RNL_OPTIMIZER_ARRAYS; ++i)
            fill(arrays[i] = values[k][i], CHECKED);
        update(k > 0 ? s : &scalar, arrays[0], arrays, 0, CHECKED, &check);
    }
    const double distance =
        rnl_float_distance(values[0][0], values[1][0], sizeof values[0] / sizeof(float));
    return distance <= MOST_DISTANCE
               ? RNL_OK
               : rnl_fail(RNL_PRODUCT, "%s differs from the scalar kernel by %.0f floats", s->name,
                          distance);
}
