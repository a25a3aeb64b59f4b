#include "engine/step/clip.h"

#include "engine/config/config.h"
#include "engine/error.h"
#include "engine/step/penalty.h"
#include "engine/step/sizes.h"

#include <math.h>
#include <stddef.h>

typedef struct clipping_parameters {
    double limit;
} clipping_parameters;

#define LIMIT(name)                                                                                \
    (const rnl_field[])                                                                            \
    {                                                                                              \
        {.key = name,                                                                              \
         .type = RNL_FIELD_NUMBER,                                                                 \
         .offset = offsetof(clipping_parameters, limit),                                           \
         .maximum = 1e30,                                                                          \
         .above_minimum = true,                                                                    \
         .help = "the limit"},                                                                     \
        {                                                                                          \
            .key = NULL                                                                            \
        }                                                                                          \
    }

/* By their order. */
enum { BY_VALUE, BY_NORM, BY_GLOBAL_NORM };

static const rnl_kind kinds[] = {
    {.name = "clipvalue",
     .help = "each gradient to within the limit and minus the limit",
     .fields = LIMIT("clipvalue"),
     .size = sizeof(clipping_parameters),
     .shorthand = "clipvalue"},
    {.name = "clipnorm",
     .help =
         "the gradient of each kernel and bias, where its norm is above the limit, to the limit",
     .fields = LIMIT("clipnorm"),
     .size = sizeof(clipping_parameters),
     .shorthand = "clipnorm"},
    {.name = "global_clipnorm",
     .help = "all gradients together, where their norm is above the limit, to the limit",
     .fields = LIMIT("global_clipnorm"),
     .size = sizeof(clipping_parameters),
     .shorthand = "global_clipnorm"},
};

const rnl_kind_table rnl_clippings = {
    .noun = "clipping",
    .plural = "clippings",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
};

typedef struct clip_state {
    const rnl_choice *choice;
    double limit;
    double squares[]; /* (blocks) of their gradients */
} clip_state;

static rnl_status run_measure(void *self, size_t tile, rnl_step_worker *worker)
{
    clip_state *state = self;
    const rnl_step *step = worker->step;
    const rnl_block *block = step->blocks[tile];
    if (block->parameter->fixed || block->layer->learning_rate_factor == 0)
        return RNL_OK;
    if (block->penalties[0])
        rnl_penalty_add_slope(step, block, 0, block->count, block->gradients);
    if (state->choice->kind == &kinds[BY_VALUE]) {
        step->kernels->clamp(
            &(const rnl_clamp){block->count, block->gradients, (float)state->limit});
        return RNL_OK;
    }
    double absolutes;
    rnl_sizes_measure(step->kernels, block->count, block->gradients, &absolutes,
                      &state->squares[tile]);
    return RNL_OK;
}

/* The blocks of a parameter follow each other. */
static size_t end_of_parameter(const rnl_step *step, size_t block)
{
    const rnl_parameter *parameter = step->blocks[block]->parameter;
    while (block < step->block_count && step->blocks[block]->parameter == parameter)
        ++block;
    return block;
}

/* Of a whole norm, whoever measured its parts. */
static void set_factor(const clip_state *state, const rnl_step *step, size_t begin, size_t end)
{
    double squares = 0;
    for (size_t i = begin; i < end; ++i)
        squares += state->squares[i];
    const double norm = sqrt(squares);
    for (size_t i = begin; i < end; ++i)
        rnl_factor_split(norm > state->limit ? state->limit / norm : 1,
                         step->blocks[i]->clip_factors);
}

static rnl_status run_factors(void *self, size_t tile, rnl_step_worker *worker)
{
    (void)tile;
    const clip_state *state = self;
    const rnl_step *step = worker->step;
    if (state->choice->kind == &kinds[BY_GLOBAL_NORM]) {
        set_factor(state, step, 0, step->block_count);
        return RNL_OK;
    }
    for (size_t begin = 0; begin < step->block_count;) {
        const size_t end = end_of_parameter(step, begin);
        set_factor(state, step, begin, end);
        begin = end;
    }
    return RNL_OK;
}

rnl_status rnl_plan_clipping(rnl_step *step)
{
    if (!rnl_step_clips(step))
        return RNL_OK;
    const size_t bytes = sizeof(clip_state) + step->block_count * sizeof(double);
    clip_state *state = rnl_step_allocate(step, bytes, NULL);
    if (!state)
        return rnl_fail_memory(bytes);
    state->choice = &step->model->config->training.clipping;
    state->limit = ((const clipping_parameters *)state->choice->parameters)->limit;
    for (size_t i = 0; i < step->block_count; ++i)
        rnl_factor_split(1, step->blocks[i]->clip_factors);
    RNL_TRY(rnl_phases_add(&step->phases,
                           (rnl_phase){.name = state->choice->kind->name,
                                       .tiles = step->block_count,
                                       .run = run_measure,
                                       .self = state,
                                       .cost = {.bytes = (double)step->memory.gradients,
                                                .shared = (double)step->memory.gradients}}));
    if (state->choice->kind == &kinds[BY_VALUE])
        return RNL_OK;
    return rnl_phases_add(
        &step->phases,
        (rnl_phase){.name = "clipping factors", .tiles = 1, .run = run_factors, .self = state});
}
