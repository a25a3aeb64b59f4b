#include "benchmarks/activation_subjects.h"

#include "benchmarks/float_distance.h"
#include "benchmarks/normal_numbers.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 512 };

/* ---- arrays ---------------------------------------------------------------------------------- */

static void fill(rnl_activation_arrays *a)
{
    uint64_t state = 7;
    rnl_normal_numbers(a->z, a->count, &state);
    for (size_t i = 0; i < a->count; ++i) {
        a->y[i] = (float)(1.9 * rnl_uniform_number(&state) - 0.95);
        a->out[i] = 0;
    }
}

static float *array(size_t count)
{
    return aligned_alloc(64, (count * sizeof(float) + 63) / 64 * 64);
}

void rnl_activation_arrays_create(rnl_activation_arrays *a, size_t count)
{
    *a = (rnl_activation_arrays){count, array(count), array(count), array(count)};
    if (a->z && a->y && a->out)
        fill(a);
    else
        rnl_activation_arrays_release(a);
}

void rnl_activation_arrays_release(rnl_activation_arrays *a)
{
    free(a->z);
    free(a->y);
    free(a->out);
    *a = (rnl_activation_arrays){0};
}

/* ---- work ------------------------------------------------------------------------------------ */

static void run(const rnl_activation_subject *s, const rnl_bound_activation *bound,
                const rnl_activation_arrays *a, size_t count)
{
    const size_t rows = count / COLUMNS;
    if (s->backward)
        bound->backward(&(const rnl_activation_backward){.rows = rows,
                                                         .columns = COLUMNS,
                                                         .upstream = {a->z, COLUMNS, 1, 0},
                                                         .y = {a->y, COLUMNS},
                                                         .delta = {a->out, COLUMNS},
                                                         .alpha = bound->alpha});
    else
        bound->forward(&(const rnl_activation_forward){.rows = rows,
                                                       .columns = COLUMNS,
                                                       .z = {a->z, COLUMNS},
                                                       .y = {a->out, COLUMNS},
                                                       .alpha = bound->alpha});
}

void rnl_activation_subject_run(size_t worker, void *subject)
{
    const rnl_activation_subject *s = subject;
    const rnl_activation_arrays *a = &s->arrays[worker];
    if (s->library)
        s->library->run(a->z, a->out, a->count);
    else
        run(s, &s->bound, a, a->count);
}

/* ---- check ----------------------------------------------------------------------------------- */

double rnl_activation_subject_distance(rnl_activation_subject *s,
                                       const rnl_bound_activation *scalar)
{
    enum { CHECKED = 1024 };
    float first[CHECKED];
    const rnl_activation_arrays *a = &s->arrays[0];
    const size_t count = a->count < CHECKED ? a->count / COLUMNS * COLUMNS : CHECKED;
    rnl_activation_subject_run(0, s);
    memcpy(first, a->out, count * sizeof *first);
    run(s, scalar, a, count);
    return rnl_float_distance(first, a->out, count);
}
