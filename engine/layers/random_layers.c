/*
 * Layers that draw a random number for each element in training: dropout, alpha dropout, gaussian
 * noise, randomized ReLU.  A number depends only on seed, step, layer, row and column: the backward
 * phase draws the forward phase's numbers again, and none are stored.
 */
#include "engine/layers/layers.h"

#include "engine/base/error.h"
#include "engine/layers/pass_through.h"
#include "engine/predictor/predictor.h"
#include "engine/schema/config.h"
#include "engine/step/mixed_precision.h"
#include "engine/step/row_tiles.h"
#include "simd/philox.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const rnl_field rnl_dropout_fields[] = {
    {.key = "rate",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(rnl_dropout, rate),
     .minimum = 0,
     .maximum = 1,
     .help = "probability of an element to be dropped"},
    {.key = NULL},
};

const rnl_field rnl_gaussian_noise_fields[] = {
    {.key = "stddev",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(rnl_gaussian_noise, stddev),
     .minimum = 0,
     .maximum = 1e6,
     .help = "standard deviation of the noise"},
    {.key = NULL},
};

const rnl_field rnl_rrelu_fields[] = {
    {.key = "lower",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(rnl_rrelu, lower),
     .fallback = "0.125",
     .minimum = 0,
     .maximum = 1e6,
     .help = "least slope below 0"},
    {.key = "upper",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(rnl_rrelu, upper),
     .fallback = "0.3333333333333333",
     .minimum = 0,
     .maximum = 1e6,
     .help = "greatest slope below 0; outside of training the slope is the mean of both"},
    {.key = NULL},
};

/* The kernels of a layer in training, forward and backward, with their arguments. */
typedef void random_kernel(const rnl_random_rows *rows);

typedef struct random_state {
    random_kernel *forward_kernel, *backward_kernel; /* backward NULL: gradients pass unchanged */
    rnl_random_rows forward, backward;
    float slope; /* randomized ReLU's slope outside of training; 1 for all others */
    const rnl_kernels *kernels;
    const rnl_matrix *input;
    rnl_matrix output;
    rnl_upstream upstream, downstream;
} random_state;

typedef void random_binder(random_state *state, const rnl_kernels *kernels, const void *parameters);

/* Keeps an element with probability 1 - rate, and divides it by that. */
static void bind_dropout(random_state *state, const rnl_kernels *kernels, const void *parameters)
{
    const rnl_dropout *p = parameters;
    const float scale = p->rate < 1 ? (float)(1 / (1 - p->rate)) : 0;
    state->forward_kernel = state->backward_kernel = kernels->drop;
    state->forward = state->backward = (rnl_random_rows){.rate = (float)p->rate, .scale = scale};
}

#define ALPHA_PRIME (-1.7580993408473766)

/* y = a (x k + alpha' (1 - k)) + b, k = 1 for kept elements: preserves mean 0 and variance 1
 * (Klambauer et al. 2017).  A rate of 1 gives the limit, 0. */
static void bind_alpha_dropout(random_state *state, const rnl_kernels *kernels,
                               const void *parameters)
{
    const rnl_dropout *p = parameters;
    const double rate = p->rate;
    const double a = rate < 1 ? 1 / sqrt((1 - rate) * (1 + rate * ALPHA_PRIME * ALPHA_PRIME)) : 0;
    const double b = -a * ALPHA_PRIME * rate;
    state->forward_kernel = state->backward_kernel = kernels->drop;
    state->forward = (rnl_random_rows){.rate = (float)rate,
                                       .scale = (float)a,
                                       .offset = (float)b,
                                       .dropped = (float)(a * ALPHA_PRIME + b)};
    state->backward = (rnl_random_rows){.rate = (float)rate, .scale = (float)a};
}

static void bind_gaussian_noise(random_state *state, const rnl_kernels *kernels,
                                const void *parameters)
{
    const rnl_gaussian_noise *p = parameters;
    state->forward_kernel = kernels->add_noise;
    state->forward = (rnl_random_rows){.scale = (float)p->stddev};
}

static void bind_rrelu(random_state *state, const rnl_kernels *kernels, const void *parameters)
{
    const rnl_rrelu *p = parameters;
    state->forward_kernel = state->backward_kernel = kernels->random_slope;
    state->forward = state->backward =
        (rnl_random_rows){.lower = (float)p->lower, .upper = (float)p->upper};
    state->slope = (float)((p->lower + p->upper) / 2);
}

static rnl_status build(rnl_layer *layer)
{
    layer->output = layer->input;
    return RNL_OK;
}

static rnl_status build_rrelu(rnl_layer *layer)
{
    const rnl_rrelu *p = layer->choice->parameters;
    if (p->lower > p->upper)
        return rnl_fail_at(layer->choice->place,
                           "%s: expected lower to be at most upper, got %g and %g", layer->name,
                           p->lower, p->upper);
    return build(layer);
}

static bool dropout_draws(const rnl_layer *layer)
{
    return ((const rnl_dropout *)layer->choice->parameters)->rate > 0;
}

static bool noise_draws(const rnl_layer *layer)
{
    return ((const rnl_gaussian_noise *)layer->choice->parameters)->stddev > 0;
}

static bool rrelu_draws(const rnl_layer *layer)
{
    const rnl_rrelu *p = layer->choice->parameters;
    return p->lower < p->upper;
}

/* Returns the kernel's arguments for the rows of a tile. */
static rnl_random_rows arguments_of(const random_state *state, rnl_random_rows arguments,
                                    const rnl_batch *batch, rnl_row_tile rows)
{
    arguments.rows = rows.filled - rows.begin;
    arguments.columns = state->output.columns;
    arguments.step = (uint32_t)batch->number;
    arguments.first_row = (uint32_t)(batch->begin + rows.number);
    arguments.sign = rnl_matrix_view(state->input, rows.begin, 0);
    return arguments;
}

/* Computes what inference does: the identity, or randomized ReLU with its mean slope. */
static void run_inference(const random_state *state, rnl_row_tile rows)
{
    state->kernels->leaky_relu_forward(&(const rnl_activation_forward){
        .rows = rows.filled - rows.begin,
        .columns = state->output.columns,
        .z = rnl_matrix_view(state->input, rows.begin, 0),
        .y = rnl_matrix_at(&state->output, rows.begin, 0),
        .alpha = state->slope,
    });
}

static rnl_status run_forward(void *self, size_t tile, rnl_step_worker *worker)
{
    const random_state *state = self;
    const rnl_batch *batch = &worker->batch;
    const rnl_row_tile rows = rnl_row_tile_of(worker->step, batch, tile);
    if (batch->training) {
        rnl_random_rows arguments = arguments_of(state, state->forward, batch, rows);
        arguments.x = rnl_matrix_alone(state->input, rows.begin, 0);
        arguments.y = rnl_matrix_at(&state->output, rows.begin, 0);
        state->forward_kernel(&arguments);
    } else {
        run_inference(state, rows);
    }
    rnl_row_tile_clear(rows, state->output.values, state->output.stride);
    rnl_step_round(worker, &state->output, rows.begin, rows.end - rows.begin, 0,
                   state->output.columns);
    return RNL_OK;
}

static rnl_status run_backward(void *self, size_t tile, rnl_step_worker *worker)
{
    const random_state *state = self;
    const rnl_row_tile rows = rnl_row_tile_of(worker->step, &worker->batch, tile);
    rnl_random_rows arguments = arguments_of(state, state->backward, &worker->batch, rows);
    arguments.x = rnl_upstream_view(&state->upstream, rows.begin, 0);
    arguments.y = rnl_upstream_at(&state->downstream, rows.begin, 0);
    state->backward_kernel(&arguments);
    rnl_row_tile_clear(rows, *state->downstream.values, state->downstream.stride);
    return RNL_OK;
}

/* Bytes for each element: reading and writing it, and drawing a number, whose time is counted as
 * bytes moved. */
#define RANDOM_BYTES 24

static void bind_numbers(random_state *state, random_binder *bind, const rnl_kernels *kernels,
                         const rnl_layer *layer, rnl_random_purpose purpose, uint64_t seed)
{
    state->slope = 1;
    state->kernels = kernels;
    bind(state, kernels, layer->choice->parameters);
    state->forward.seed = state->backward.seed = seed;
    state->forward.stream = state->backward.stream = rnl_random_stream(purpose, layer->stream);
}

static rnl_status plan_forward(const rnl_layer *layer, rnl_step *step, const rnl_matrix *input,
                               const rnl_matrix **output, void **planned, random_binder *bind)
{
    random_state *state = rnl_step_allocate(step, sizeof *state, NULL);
    if (!state)
        return rnl_fail_memory(sizeof *state);
    bind_numbers(state, bind, step->kernels, layer, RNL_RANDOM_TRAINING,
                 (uint64_t)step->given.model->config->training.seed);
    state->input = input;
    RNL_TRY(rnl_step_output(step, &state->output, input->columns));
    RNL_TRY(rnl_row_phase_add(step,
                              (rnl_phase){.name = "forward", .run = run_forward, .self = state},
                              input->columns, RANDOM_BYTES));
    *output = &state->output;
    *planned = state;
    return RNL_OK;
}

static rnl_status plan_backward(void *planned, rnl_step *step, const rnl_upstream *upstream,
                                rnl_upstream *downstream)
{
    random_state *state = planned;
    if (!downstream || !state->backward_kernel)
        return rnl_pass_through_plan_backward(state, step, upstream, downstream);
    downstream->partials = 1;
    state->upstream = *upstream;
    state->downstream = *downstream;
    return rnl_row_phase_add(step,
                             (rnl_phase){.name = "backward", .run = run_backward, .self = state},
                             state->output.columns, RANDOM_BYTES);
}

/* ---- inference ------------------------------------------------------------------------------- */

/* Monte Carlo prediction draws numbers as training does. */
static void run_drawing(const void *self, const rnl_stage_rows *rows)
{
    const random_state *state = self;
    rnl_random_rows arguments = state->forward;
    arguments.rows = rows->rows;
    arguments.columns = state->output.columns;
    arguments.step = rows->pass;
    arguments.first_row = rows->first_row;
    arguments.sign = rows->x;
    arguments.x = (rnl_partials){rows->x.values, rows->x.stride, 1, 0};
    arguments.y = rows->y;
    state->forward_kernel(&arguments);
}

/* Otherwise randomized ReLU alone does something. */
static rnl_status plan_inference(const rnl_layer *layer, rnl_predictor *predictor,
                                 random_binder *bind)
{
    random_state state = {0};
    bind_numbers(&state, bind, predictor->kernels, layer, RNL_RANDOM_PREDICTION, predictor->seed);
    state.output.columns = rnl_shape_features(&layer->output);
    if (predictor->use.draws) {
        random_state *self = malloc(sizeof *self);
        if (!self)
            return rnl_fail_memory(sizeof *self);
        *self = state;
        return rnl_predictor_add(predictor, state.output.columns,
                                 (rnl_stage){.self = self, .run = run_drawing});
    }
    if (state.slope == 1)
        return RNL_OK;
    return rnl_predictor_add_activation(
        predictor, &(const rnl_bound_activation){.forward = predictor->kernels->leaky_relu_forward,
                                                 .alpha = state.slope});
}

#define OPERATIONS(name, build_function, draws_function)                                           \
    static rnl_status plan_##name(const rnl_layer *layer, rnl_step *step, const rnl_matrix *input, \
                                  const rnl_matrix **output, void **planned)                       \
    {                                                                                              \
        return plan_forward(layer, step, input, output, planned, bind_##name);                     \
    }                                                                                              \
    static rnl_status infer_##name(const rnl_layer *layer, rnl_predictor *predictor)               \
    {                                                                                              \
        return plan_inference(layer, predictor, bind_##name);                                      \
    }                                                                                              \
    const rnl_layer_operations rnl_##name##_operations = {                                         \
        .keeps_units = true,                                                                       \
        .build = build_function,                                                                   \
        .draws = draws_function,                                                                   \
        .plan_forward = plan_##name,                                                               \
        .plan_inference = infer_##name,                                                            \
        .plan_backward = plan_backward,                                                            \
    };

OPERATIONS(dropout, build, dropout_draws)
OPERATIONS(alpha_dropout, build, dropout_draws)
OPERATIONS(gaussian_noise, build, noise_draws)
OPERATIONS(rrelu, build_rrelu, rrelu_draws)
