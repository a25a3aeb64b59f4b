/*
 * The arguments of each kind of kernel, in one workspace, for calls of any shape and form.
 */
#ifndef RNL_TESTS_KERNELS_SAME_BITS_ARGUMENTS_H
#define RNL_TESTS_KERNELS_SAME_BITS_ARGUMENTS_H

#include "tests/kernels/kernel_checks.h"

enum { FLOATS = 4096, MOST_ROWS = 24, MOST_COLUMNS = 155, WIDTH = 160, AFTER = 8 * WIDTH };

/* All that a kernel may read or write. */
typedef struct workspace {
    float array[6][FLOATS];
    double wide[FLOATS];
    double by_column[3][WIDTH];
    double sums[2];
    int32_t labels[MOST_ROWS], found[MOST_ROWS];
    uint32_t indices[MOST_ROWS];
} workspace;

/* What a call is about. */
typedef struct call {
    size_t rows, columns, partials;
    float factor[6];
    int random; /* decides between forms of a kernel */
} call;

#define VIEW(number)                                                                               \
    {                                                                                              \
        w->array[number], WIDTH                                                                    \
    }
#define PARTIALS                                                                                   \
    {                                                                                              \
        w->array[0], WIDTH, c->partials, AFTER                                                     \
    }
#define WHERE(bit, pointer) ((c->random >> (bit)&1) ? (pointer) : NULL)

static rnl_activation_forward make_rnl_activation_forward(workspace *w, const call *c)
{
    return (rnl_activation_forward){.rows = c->rows,
                                    .columns = c->columns,
                                    .z = VIEW(0),
                                    .bias = WHERE(0, w->array[1]),
                                    .y = VIEW(2),
                                    .kept = WHERE(1, w->array[3]),
                                    .alpha = c->factor[0],
                                    .self = &every_operator};
}

static rnl_activation_backward make_rnl_activation_backward(workspace *w, const call *c)
{
    return (rnl_activation_backward){.rows = c->rows,
                                     .columns = c->columns,
                                     .upstream = PARTIALS,
                                     .y = VIEW(1),
                                     .delta = VIEW(2),
                                     .alpha = c->factor[0]};
}

static rnl_loss_rows make_rnl_loss_rows(workspace *w, const call *c)
{
    return (rnl_loss_rows){.rows = c->rows,
                           .columns = c->columns,
                           .z = VIEW(0),
                           .labels = w->labels,
                           .targets = VIEW(1),
                           .scale = c->factor[0],
                           .threshold = fabsf(c->factor[1]),
                           .smoothing = fminf(fabsf(c->factor[1]), 1),
                           .quantiles = w->array[1],
                           .delta = {WHERE(0, w->array[2]), WIDTH},
                           .loss = w->array[3]};
}

static rnl_largest make_rnl_largest(workspace *w, const call *c)
{
    return (rnl_largest){c->rows, c->columns, VIEW(0), w->found};
}

static rnl_softmax make_rnl_softmax(workspace *w, const call *c)
{
    return (rnl_softmax){c->rows, c->columns, VIEW(0), VIEW(1)};
}

static rnl_update make_rnl_update(workspace *w, const call *c)
{
    return (rnl_update){.count = c->rows * c->columns,
                        .weights = w->array[0],
                        .gradients = w->array[1],
                        .velocity = w->array[2],
                        .squares = w->array[3],
                        .means = w->array[4],
                        .learning_rate = c->factor[0],
                        .gradient_rate = c->factor[1],
                        .root_scale = c->factor[2],
                        .decay = c->factor[3],
                        .momentum = c->factor[4],
                        .beta_2 = c->factor[5],
                        .epsilon = 1e-7f,
                        .check = w->array[5]};
}

static rnl_penalty_slope make_rnl_penalty_slope(workspace *w, const call *c)
{
    return (rnl_penalty_slope){c->rows * c->columns, w->array[0], w->array[1], c->factor[0],
                               c->factor[1]};
}

static rnl_clamp make_rnl_clamp(workspace *w, const call *c)
{
    return (rnl_clamp){c->rows * c->columns, w->array[0], c->factor[0]};
}

static rnl_shrink make_rnl_shrink(workspace *w, const call *c)
{
    return (rnl_shrink){c->rows * c->columns, w->array[0], c->factor[0]};
}

static rnl_sizes make_rnl_sizes(workspace *w, const call *c)
{
    return (rnl_sizes){c->rows * c->columns, w->array[0], &w->sums[0], &w->sums[1]};
}

static rnl_add_squares make_rnl_add_squares(workspace *w, const call *c)
{
    return (rnl_add_squares){c->rows * c->columns, w->array[0], w->array[1]};
}

static rnl_multiply make_rnl_multiply(workspace *w, const call *c)
{
    return (rnl_multiply){c->rows * c->columns, w->array[0], w->array[1], c->random & 1};
}

static rnl_gather make_rnl_gather(workspace *w, const call *c)
{
    return (rnl_gather){.rows = c->rows,
                        .features = c->columns,
                        .indices = w->indices,
                        .source = w->wide, /* bytes and floats are some of it */
                        .centre = w->by_column[0],
                        .scale = w->by_column[1],
                        .offset = w->by_column[2],
                        .high = c->random & 2 ? 0.1f : 0,
                        .low = 1e-9f,
                        .x = VIEW(0)};
}

static rnl_smooth_clip make_rnl_smooth_clip(workspace *w, const call *c)
{
    return (rnl_smooth_clip){c->rows, c->columns, VIEW(0), w->array[1]};
}

static rnl_add_rows make_rnl_add_rows(workspace *w, const call *c)
{
    return (rnl_add_rows){.rows = c->rows,
                          .columns = c->columns,
                          .x = PARTIALS,
                          .addend = {WHERE(0, w->array[1]), WIDTH},
                          .y = VIEW(2)};
}

static rnl_column_sums make_rnl_column_sums(workspace *w, const call *c)
{
    return (rnl_column_sums){c->rows, c->columns, VIEW(0), w->array[1]};
}

static rnl_transpose make_rnl_transpose(workspace *w, const call *c)
{
    return (rnl_transpose){c->rows, c->columns, VIEW(0), {w->array[1], MOST_ROWS}};
}

static rnl_random_rows make_rnl_random_rows(workspace *w, const call *c)
{
    return (rnl_random_rows){.rows = c->rows,
                             .columns = c->columns,
                             .x = PARTIALS,
                             .sign = VIEW(1),
                             .seed = (uint64_t)c->random * 0x9e3779b97f4a7c15u,
                             .stream = 7,
                             .step = (uint32_t)c->random,
                             .first_row = 3,
                             .rate = 0.4f,
                             .scale = c->factor[0],
                             .offset = c->factor[1],
                             .dropped = c->factor[2],
                             .lower = c->factor[3],
                             .upper = c->factor[4],
                             .y = VIEW(2)};
}

static rnl_learned_factors make_rnl_learned_factors(workspace *w, const call *c)
{
    return (rnl_learned_factors){c->rows, c->columns, VIEW(0), w->array[1], VIEW(2)};
}

static rnl_learned_factors_backward make_rnl_learned_factors_backward(workspace *w, const call *c)
{
    return (rnl_learned_factors_backward){.rows = c->rows,
                                          .columns = c->columns,
                                          .upstream = PARTIALS,
                                          .z = VIEW(1),
                                          .factors = w->array[2],
                                          .delta = VIEW(3),
                                          .gradient = w->array[4]};
}

static rnl_column_moments make_rnl_column_moments(workspace *w, const call *c)
{
    return (rnl_column_moments){c->rows, c->columns, VIEW(0), w->array[1], w->array[2]};
}

static rnl_normalize make_rnl_normalize(workspace *w, const call *c)
{
    return (rnl_normalize){.rows = c->rows,
                           .columns = c->columns,
                           .x = VIEW(0),
                           .mean = w->array[1],
                           .variance = w->array[2],
                           .gamma = WHERE(0, w->array[3]),
                           .beta = WHERE(1, w->array[4]),
                           .epsilon = 1e-3f,
                           .y = VIEW(5)};
}

static rnl_normalize_sums make_rnl_normalize_sums(workspace *w, const call *c)
{
    return (rnl_normalize_sums){.rows = c->rows,
                                .columns = c->columns,
                                .upstream = PARTIALS,
                                .x = VIEW(1),
                                .mean = w->array[2],
                                .variance = w->array[2] + WIDTH,
                                .epsilon = 1e-3f,
                                .dy = VIEW(3),
                                .gamma_gradient = w->array[4],
                                .beta_gradient = w->array[5]};
}

static rnl_normalize_backward make_rnl_normalize_backward(workspace *w, const call *c)
{
    return (rnl_normalize_backward){.rows = c->rows,
                                    .columns = c->columns,
                                    .measured = c->rows + 1,
                                    .x = VIEW(0),
                                    .mean = w->array[1],
                                    .variance = w->array[2],
                                    .gamma = WHERE(0, w->array[3]),
                                    .epsilon = 1e-3f,
                                    .gamma_gradient = WHERE(1, w->array[4]),
                                    .beta_gradient = WHERE(1, w->array[4] + WIDTH),
                                    .dx = VIEW(5)};
}

static rnl_unary make_rnl_unary(workspace *w, const call *c)
{
    return (rnl_unary){c->rows * c->columns, w->array[0], w->array[1]};
}

static rnl_panel_product make_rnl_panel_product(workspace *w, const call *c)
{
    const size_t inner = 1 + c->columns % 64, columns = 16 * (1 + c->columns / 4 % 4);
    return (rnl_panel_product){.rows = c->rows,
                               .inner = inner,
                               .columns = columns,
                               .a = w->array[0],
                               .row_step = inner,
                               .inner_step = c->rows,
                               .segment = inner,
                               .b = {w->array[1], columns},
                               .c = {w->array[2], columns}};
}

static rnl_bfloat16_row make_rnl_bfloat16_row(workspace *w, const call *c)
{
    return (rnl_bfloat16_row){c->columns, (c->random & 1) == 1, w->array[0], w->array[1]};
}

static rnl_rounding make_rnl_rounding(workspace *w, const call *c)
{
    return (rnl_rounding){.rows = c->rows,
                          .columns = c->columns,
                          .x = VIEW(0),
                          .y = {WHERE(0, w->array[1]), WIDTH},
                          .by_rows = {WHERE(1, w->array[2]), WIDTH},
                          .by_columns = {WHERE(2, w->array[3]), WIDTH}};
}

#endif
