#include "engine/step/constrain.h"

#include "engine/base/error.h"
#include "engine/kinds/constraints.h"
#include "engine/step/penalty.h"
#include "engine/step/sizes.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Adjacent weights of a block that belong to one group, or to consecutive groups.  Packed layouts
 * consist of such runs, on which kernels work. */
typedef struct run {
    size_t begin, count, group;
} run;

typedef struct part {
    const rnl_block *block;
    size_t run_count;
    run *runs;
} part;

/* One tile of the phase. */
typedef struct rnl_constrained {
    struct rnl_constrained *next;
    const rnl_choice *constraint;
    bool one_group; /* in each run */
    size_t group_count;
    float *squares, *factors; /* (groups) */
    double *norms;            /* (groups) norms, then the factors computed from them */
    size_t part_count;
    part parts[];
} rnl_constrained;

typedef struct constrain_state {
    size_t count;
    rnl_constrained *tiles[];
} constrain_state;

static void release(void *memory)
{
    rnl_constrained *c = memory;
    for (size_t i = 0; i < c->part_count; ++i)
        free(c->parts[i].runs);
    free(c->squares);
    free(c->factors);
    free(c->norms);
}

static bool continues(const run *r, size_t group, bool one_group)
{
    return group == (one_group ? r->group : r->group + r->count);
}

/* Finds the runs of a block; only counts them if `runs` is NULL. */
static size_t find_runs(run *runs, const float *labels, size_t count, bool one_group)
{
    size_t found = 0;
    run last = {0};
    for (size_t i = 0; i < count; ++i) {
        const size_t group = (size_t)labels[i] - 1;
        if (labels[i] == 0)
            continue;
        if (last.count > 0 && last.begin + last.count == i && continues(&last, group, one_group)) {
            ++last.count;
        } else {
            last = (run){i, 1, group};
            ++found;
        }
        if (runs)
            runs[found - 1] = last;
    }
    return found;
}

static rnl_status add_runs(part *p, const float *labels, bool one_group)
{
    const size_t count = find_runs(NULL, labels, p->block->count, one_group);
    p->runs = calloc(count + 1, sizeof *p->runs);
    if (!p->runs)
        return rnl_fail_memory((count + 1) * sizeof *p->runs);
    p->run_count = find_runs(p->runs, labels, p->block->count, one_group);
    return RNL_OK;
}

rnl_status rnl_step_constrain(rnl_step *step, const rnl_choice *constraint,
                              const rnl_labelled_block *blocks, size_t block_count,
                              size_t group_count)
{
    if (block_count > 0 && !blocks[0].block->trained)
        return RNL_OK;
    const size_t bytes = sizeof(rnl_constrained) + block_count * sizeof(part);
    rnl_constrained *c = rnl_step_allocate(step, bytes, release);
    if (!c)
        return rnl_fail_memory(bytes);
    c->constraint = constraint;
    c->one_group = rnl_constraint_axis(constraint) == 1;
    c->group_count = group_count;
    c->squares = calloc(group_count + 1, sizeof *c->squares);
    c->factors = calloc(group_count + 1, sizeof *c->factors);
    c->norms = calloc(group_count + 1, sizeof *c->norms);
    if (!c->squares || !c->factors || !c->norms)
        return rnl_fail_memory((group_count + 1) * sizeof *c->squares);
    for (size_t i = 0; i < block_count; ++i) {
        c->parts[c->part_count++].block = blocks[i].block;
        blocks[i].block->constrained = true;
        if (blocks[i].labels)
            RNL_TRY(add_runs(&c->parts[i], blocks[i].labels, c->one_group));
    }
    c->next = step->blocks.constrained;
    step->blocks.constrained = c;
    return RNL_OK;
}

static void add_squares(const rnl_constrained *c, const rnl_kernels *kernels, float *weights,
                        const run *r)
{
    if (c->one_group) {
        double absolutes, squares;
        rnl_sizes_measure(kernels, r->count, weights, &absolutes, &squares);
        c->squares[r->group] += (float)squares;
    } else {
        kernels->add_squares(&(const rnl_add_squares){r->count, weights, c->squares + r->group});
    }
}

typedef void run_visitor(const rnl_constrained *c, const rnl_kernels *kernels, float *weights,
                         const run *r);

/* Visits blocks and their runs in order. */
static void each_run(const rnl_constrained *c, const rnl_kernels *kernels, run_visitor *visit)
{
    for (size_t i = 0; i < c->part_count; ++i)
        for (size_t k = 0; k < c->parts[i].run_count; ++k)
            visit(c, kernels, c->parts[i].block->arrays[RNL_VALUES] + c->parts[i].runs[k].begin,
                  &c->parts[i].runs[k]);
}

static void add_in_double(const rnl_constrained *c, const rnl_kernels *kernels, float *weights,
                          const run *r)
{
    (void)kernels;
    for (size_t i = 0; i < r->count; ++i)
        c->norms[c->one_group ? r->group : r->group + i] += (double)weights[i] * (double)weights[i];
}

static void multiply(const rnl_constrained *c, const rnl_kernels *kernels, float *weights,
                     const run *r)
{
    kernels->multiply(&(const rnl_multiply){
        .count = r->count,
        .x = weights,
        .factors = c->factors + r->group,
        .one_factor = c->one_group,
    });
}

/* Sums squares in float, or in double where a sum is too large or too small for float. */
static void measure_groups(const rnl_constrained *c, const rnl_kernels *kernels)
{
    bool lost = false;
    memset(c->squares, 0, c->group_count * sizeof *c->squares);
    memset(c->norms, 0, c->group_count * sizeof *c->norms);
    each_run(c, kernels, add_squares);
    for (size_t g = 0; g < c->group_count; ++g)
        lost |= rnl_squares_are_lost((double)c->squares[g]);
    if (lost)
        each_run(c, kernels, add_in_double);
    for (size_t g = 0; g < c->group_count; ++g) {
        const double squares = (double)c->squares[g];
        c->norms[g] = sqrt(rnl_squares_are_lost(squares) ? c->norms[g] : squares);
    }
}

static void scale_groups(const rnl_constrained *c, const rnl_kernels *kernels)
{
    const rnl_constraint *constraint = rnl_constraint_of(c->constraint);
    double smallest = 1;
    measure_groups(c, kernels);
    for (size_t g = 0; g < c->group_count; ++g) {
        c->norms[g] = constraint->factor(c->norms[g], c->constraint->parameters);
        smallest = fmin(smallest, c->norms[g]);
    }
    for (size_t half = 0; half < (smallest < (double)FLT_MIN ? 2 : 1); ++half) {
        for (size_t g = 0; g < c->group_count; ++g) {
            float factors[2];
            rnl_factor_split(c->norms[g], factors);
            c->factors[g] = factors[half];
        }
        each_run(c, kernels, multiply);
    }
}

static void cut_negative(const rnl_block *block, const rnl_kernels *kernels)
{
    kernels->relu_forward(&(const rnl_activation_forward){
        .rows = 1,
        .columns = block->count,
        .z = {block->arrays[RNL_VALUES], 0},
        .y = {block->arrays[RNL_VALUES], 0},
    });
}

static rnl_status run_constrain(void *self, size_t tile, rnl_step_worker *worker)
{
    const constrain_state *state = self;
    const rnl_constrained *c = state->tiles[tile];
    const rnl_step *step = worker->step;
    if (rnl_constraint_of(c->constraint)->factor)
        scale_groups(c, step->kernels);
    for (size_t i = 0; i < c->part_count; ++i) {
        const rnl_block *block = c->parts[i].block;
        if (!rnl_constraint_of(c->constraint)->factor)
            cut_negative(block, step->kernels);
        if (block->penalties[0])
            rnl_penalty_measure(step, block, worker->batch.number + 1, 0, block->count);
    }
    return RNL_OK;
}

/* Counts weights read, and written where they are scaled. */
static double constrained_bytes(const rnl_step *step)
{
    double weights = 0;
    for (const rnl_constrained *c = step->blocks.constrained; c; c = c->next)
        for (size_t i = 0; i < c->part_count; ++i)
            weights += (double)c->parts[i].block->count;
    return 8 * weights;
}

rnl_status rnl_plan_constraints(rnl_step *step)
{
    size_t count = 0;
    for (const rnl_constrained *c = step->blocks.constrained; c; c = c->next)
        ++count;
    if (count == 0)
        return RNL_OK;
    const size_t bytes = sizeof(constrain_state) + count * sizeof(rnl_constrained *);
    constrain_state *state = rnl_step_allocate(step, bytes, NULL);
    if (!state)
        return rnl_fail_memory(bytes);
    for (rnl_constrained *c = step->blocks.constrained; c; c = c->next)
        state->tiles[state->count++] = c;
    return rnl_phases_add(&step->phases, (rnl_phase){
                                             .name = "constraints",
                                             .tiles = count,
                                             .run = run_constrain,
                                             .self = state,
                                             .cost = {.bytes = constrained_bytes(step)},
                                         });
}
