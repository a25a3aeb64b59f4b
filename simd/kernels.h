/*
 * The kernels and their dispatch table: one function pointer for each kernel, chosen once for the
 * instruction set of this processor.
 *
 * Rules that every kernel keeps.  Matrices are row-major with a stride in floats between rows,
 * which may exceed the number of columns; no alignment is required.  An element's result never
 * depends on its position or on the length of its row: tails run the same vector code under a mask,
 * and nothing outside of rows x columns is read or written.  No kernel allocates, locks, or calls
 * libm.  Under flush-to-zero and denormals-are-zero, which every worker sets, denormals count as
 * zero.
 */
#ifndef RNL_SIMD_KERNELS_H
#define RNL_SIMD_KERNELS_H

#include "simd/arithmetic.h"
#include "simd/operators.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum rnl_isa { RNL_ISA_SCALAR, RNL_ISA_AVX2, RNL_ISA_AVX512, RNL_ISA_COUNT } rnl_isa;

/* A matrix that a kernel reads: row-major, `stride` floats from row to row. */
typedef struct rnl_view {
    const float *values;
    size_t stride;
} rnl_view;

/* A matrix that a kernel writes. */
typedef struct rnl_mutable_view {
    float *values;
    size_t stride;
} rnl_mutable_view;

/* The sum of `count` matrices, at least 1, added in their order.  Each begins `distance` floats
 * after the one before. */
typedef struct rnl_partials {
    const float *values; /* the first matrix */
    size_t stride;
    size_t count, distance;
} rnl_partials;

/* y = f(z + bias), applied to a tile of products.  y may be z. */
typedef struct rnl_activation_forward {
    size_t rows, columns;
    rnl_view z;         /* (rows, columns) */
    const float *bias;  /* (columns), or NULL for none */
    rnl_mutable_view y; /* (rows, columns) */
    float *kept; /* (rows, columns), with y's stride: f' of swish, softplus, gelu and mish; NULL if
                    it is not needed */
    float alpha; /* elu: scale of the negative part; leaky_relu: slope of the negative part */
    const void *self; /* formula: its rnl_formula_program */
} rnl_activation_forward;

#define RNL_FORMULA_REGISTERS 48
#define RNL_FORMULA_STEPS     512

/* An operator applied to registers. */
typedef struct rnl_formula_step {
    uint8_t op; /* rnl_operator */
    uint8_t to, a, b, c;
} rnl_formula_step;

/* A formula and its slope.  Register 0 is z, the next ones are the numbers. */
typedef struct rnl_formula_program {
    size_t numbers;
    float number[RNL_FORMULA_REGISTERS]; /* (numbers) */
    size_t steps, value_steps;           /* the first of them compute the value alone */
    rnl_formula_step step[RNL_FORMULA_STEPS];
    uint8_t value, slope; /* registers */
} rnl_formula_program;

/* delta = (upstream_0 + upstream_1 + ...) * f'(y).  The upstream matrices are the partial products
 * of the next layer's column blocks.  delta may be upstream_0. */
typedef struct rnl_activation_backward {
    size_t rows, columns;
    rnl_partials upstream; /* (rows, columns) each: partial products */
    rnl_view y; /* (rows, columns) what the forward pass saved: its result, or what it kept */
    rnl_mutable_view delta; /* (rows, columns) */
    float alpha;
} rnl_activation_backward;

/* A loss over rows: loss is one number for each row, delta its gradient with respect to z, times
 * `scale`.  z is the last layer's output: logits for the cross-entropies.  L = log sum exp(z), with
 * the row's maximum subtracted; m = number of columns.
 *
 *     sparse_cross_entropy   as cross_entropy with t = onehot(label)
 *     cross_entropy          loss = sum t (L - z)
 *                            delta = softmax(z) sum t - t
 *     binary_cross_entropy   loss = sum (log(1 + e^z) - t z) / m
 *                            delta = (sigmoid(z) - t) / m
 *     squared_error          loss = sum (z - t)^2 / m
 *                            delta = 2 (z - t) / m
 *     absolute_error         loss = sum |z - t| / m
 *                            delta = sign(z - t) / m, 0 where they are equal
 *     huber                  loss = sum c (z - t - c / 2) / m, c = z - t within +- threshold
 *                            delta = c / m
 *     poisson                loss = sum (z - t log(z + 1e-7)) / m
 *                            delta = (1 - t / (z + 1e-7)) / m
 *     poisson_of_log         loss = sum (e^z - t z) / m
 *                            delta = (e^z - t) / m
 *     pinball                loss = sum max(q (t - z), (q - 1) (t - z)) / m, of one t for all
 * columns delta = -q / m where z < t, (1 - q) / m where z > t, else 0
 *
 * Targets t of the cross-entropies are smoothed first: (1 - smoothing) t + smoothing / m, with m =
 * 2 in the binary one.
 */
typedef struct rnl_loss_rows {
    size_t rows, columns;
    rnl_view z;             /* (rows, columns) */
    const int32_t *labels;  /* (rows), within 0 .. columns - 1; sparse_cross_entropy alone */
    rnl_view targets;       /* (rows, columns) t, for the others */
    float scale;            /* one over the rows of the mini-batch */
    float threshold;        /* huber: errors beyond it count linearly */
    float smoothing;        /* the cross-entropies */
    const float *quantiles; /* (columns) q; pinball alone, whose targets are (rows, 1) */
    rnl_mutable_view delta; /* (rows, columns); values NULL if it is not needed */
    float *loss;            /* (rows) */
} rnl_loss_rows;

/* The column of each row's largest number, the lowest of equal ones; 0 if all are NaN. */
typedef struct rnl_largest {
    size_t rows, columns;
    rnl_view z;      /* (rows, columns) */
    int32_t *column; /* (rows) */
} rnl_largest;

/* softmax(z) per row. y may be z. */
typedef struct rnl_softmax {
    size_t rows, columns;
    rnl_view z;         /* (rows, columns) */
    rnl_mutable_view y; /* (rows, columns) */
} rnl_softmax;

/* One optimizer step over a slice of parameters. */
typedef struct rnl_update {
    size_t count;
    float *weights;         /* (count) */
    const float *gradients; /* (count) */
    /* Optimizer state, (count) each; a kernel uses what it needs of it. */
    float
        *velocity;  /* momentum, nesterov, rmsprop with momentum; the adam family's mean gradient */
    float *squares; /* mean or sum of the squared gradients; adamax: the decaying maximum of
                       their magnitudes */
    float *means;   /* rmsprop centered: mean gradient */
    float learning_rate;
    float gradient_rate;   /* nadam: rate of the gradient itself; learning_rate is that of its
                              mean */
    float root_scale;      /* nadam: factor that corrects the root of squares for bias */
    float decay;           /* adamw: share by which each weight is reduced first */
    float momentum;        /* the adam family's beta_1 */
    float beta_2, epsilon; /* rmsprop's rho is beta_2 */
    float *check;          /* set to 0, or to NaN if a gradient or a new weight is not finite */
} rnl_update;

/* gradient += 2 l2 w + l1 sign(w), the slope of l1 |w| + l2 w^2; the sign of 0 is 0. */
typedef struct rnl_penalty_slope {
    size_t count;
    const float *weights; /* (count) */
    float *gradient;      /* (count) */
    float l1, l2;
} rnl_penalty_slope;

/* Limits x to [-limit, limit]; NaN stays NaN. */
typedef struct rnl_clamp {
    size_t count;
    float *x; /* (count) */
    float limit;
} rnl_clamp;

/* w = sign(w) max(|w| - threshold, 0) */
typedef struct rnl_shrink {
    size_t count;
    float *weights; /* (count) */
    float threshold;
} rnl_shrink;

/* Elements that are summed in float before the sum is added to a double. */
#define RNL_SIZES_IN_FLOAT 256

/* absolutes = sum |x|, squares = sum x^2: in float over a few vectors, then in double. */
typedef struct rnl_sizes {
    size_t count;
    const float *x; /* (count) */
    double *absolutes, *squares;
} rnl_sizes;

/* sums[i] += x[i]^2 */
typedef struct rnl_add_squares {
    size_t count;
    const float *x; /* (count) */
    float *sums;    /* (count) */
} rnl_add_squares;

/* x[i] *= factors[i], or x[i] *= factors[0] */
typedef struct rnl_multiply {
    size_t count;
    float *x;             /* (count) */
    const float *factors; /* (count), or */
    bool one_factor;      /* one factor for all */
} rnl_multiply;

/* Gathers rows of a dataset by their numbers and scales them: x = (source - centre) scale + offset,
 * in double and then rounded to float. */
typedef struct rnl_gather {
    size_t rows, features;
    const uint32_t *indices; /* (rows) row numbers in the source */
    const void *source;      /* (all rows, features) uint8_t, float or double, by the kernel */
    const double *centre, *scale, *offset; /* (features) each */
    /* Scaling of bytes as source high + source low, summed by a fused multiply-add of float, where
     * that gives the same bits; high 0: bytes are scaled as above. */
    float high, low;
    rnl_mutable_view x; /* (rows, features) */
} rnl_gather;

/* x = x / sqrt(1 + (c x)^2) by columns, which limits x to [-1 / c, 1 / c]; unchanged where c is 0.
 * Other c are from 1e-6 to 1e6. */
typedef struct rnl_smooth_clip {
    size_t rows, columns;
    rnl_mutable_view x; /* (rows, columns) */
    const float *c;     /* (columns) */
} rnl_smooth_clip;

/* y = x_0 + x_1 + ..., in their order, + addend.  y may be x_0. */
typedef struct rnl_add_rows {
    size_t rows, columns;
    rnl_partials x;     /* (rows, columns) each */
    rnl_view addend;    /* (rows, columns); values NULL for none */
    rnl_mutable_view y; /* (rows, columns) */
} rnl_add_rows;

/* sums[j] = x[0][j] + x[1][j] + ..., added in the order of the rows. */
typedef struct rnl_column_sums {
    size_t rows, columns;
    rnl_view x;  /* (rows, columns) */
    float *sums; /* (columns) */
} rnl_column_sums;

/* y[j][i] = x[i][j].  y must not overlap x. */
typedef struct rnl_transpose {
    size_t rows, columns; /* of x */
    rnl_view x;           /* (rows, columns) */
    rnl_mutable_view y;   /* (columns, rows) */
} rnl_transpose;

/* A random number u for each element, drawn from Philox (simd/philox.h) with the key `seed` and the
 * counter (c, first_row + row, step, stream).  Of the 64 columns from 64 b on, column 16 w + l
 * takes word w at c = 16 b + l.  u is the word's 24 upper bits, in [0, 1).  With x the sum of the
 * inputs in their order:
 *
 *     drop          y = scale x + offset where u is at least rate, else dropped
 *     random_slope  y = x where sign is at least 0, else (lower + (upper - lower) u) x
 *     add_noise     y = x + scale n, n normal: Box and Muller's transform makes two of words 0
 *                   and 1, for columns 16 apart, and two of words 2 and 3
 *
 * y may be x if there is one input. */
typedef struct rnl_random_rows {
    size_t rows, columns;
    rnl_partials x; /* (rows, columns) each: the inputs */
    rnl_view sign;  /* (rows, columns); random_slope alone */
    uint64_t seed;
    uint32_t stream, step, first_row;
    float rate, scale, offset, dropped;
    float lower, upper;
    rnl_mutable_view y; /* (rows, columns) */
} rnl_random_rows;

/* factors: y = factor z; learned_slope, parametric ReLU (He, Zhang, Ren and Sun 2015): z where it
 * is at least 0. */
typedef struct rnl_learned_factors {
    size_t rows, columns;
    rnl_view z;           /* (rows, columns) */
    const float *factors; /* (columns) */
    rnl_mutable_view y;   /* (rows, columns) */
} rnl_learned_factors;

/* delta = factor g; gradient = the sum over the rows of g z; learned_slope: delta = g where z is at
 * least 0, which adds nothing.  g is the sum of upstream's partial products in their order.  Rows
 * are summed in groups of 16. */
typedef struct rnl_learned_factors_backward {
    size_t rows, columns;
    rnl_partials upstream;  /* (rows, columns) each: partial products */
    rnl_view z;             /* (rows, columns) */
    const float *factors;   /* (columns) */
    rnl_mutable_view delta; /* (rows, columns); may be upstream_0 */
    float *gradient;        /* (columns) */
} rnl_learned_factors_backward;

/* The mean and the population variance of each column, in two passes.  Rows are summed in groups of
 * 16. */
typedef struct rnl_column_moments {
    size_t rows, columns;   /* at least one row */
    rnl_view x;             /* (rows, columns) */
    float *mean, *variance; /* (columns) */
} rnl_column_moments;

/* Batch normalization (Ioffe and Szegedy 2015): y = gamma (x - mean) / sqrt(variance + epsilon) +
 * beta.  y may be x. */
typedef struct rnl_normalize {
    size_t rows, columns;
    rnl_view x;                   /* (rows, columns) */
    const float *mean, *variance; /* (columns) */
    const float *gamma, *beta;    /* (columns), or NULL for 1 and 0 */
    float epsilon;
    rnl_mutable_view y; /* (rows, columns) */
} rnl_normalize;

/* dy = upstream_0 + upstream_1 + ..., with its sums over the rows: beta_gradient sums dy,
 * gamma_gradient sums dy (x - mean) / sqrt(variance + epsilon).  dy may be upstream_0. */
typedef struct rnl_normalize_sums {
    size_t rows, columns;
    rnl_partials upstream;        /* (rows, columns) each: partial products */
    rnl_view x;                   /* (rows, columns) */
    const float *mean, *variance; /* (columns) */
    float epsilon;
    rnl_mutable_view dy;                   /* (rows, columns) */
    float *gamma_gradient, *beta_gradient; /* (columns) */
} rnl_normalize_sums;

/* The gradient with respect to x, computed in place from dy.  With d = sqrt(variance + epsilon) and
 * x' = (x - mean) / d:
 *
 *     dx = gamma / d (dy - beta_gradient / measured - x' gamma_gradient / measured)
 *
 * if mean, variance and gradients are those of `measured` rows, these among them.  If they are
 * given statistics, both gradients are NULL. */
typedef struct rnl_normalize_backward {
    size_t rows, columns, measured;
    rnl_view x;                   /* (rows, columns) */
    const float *mean, *variance; /* (columns) */
    const float *gamma;           /* (columns), or NULL for 1 */
    float epsilon;
    const float *gamma_gradient, *beta_gradient; /* (columns), or NULL for 0 */
    rnl_mutable_view dx;                         /* (rows, columns); holds dy before */
} rnl_normalize_backward;

/* A matrix that is read or written after a product, and fetched into the L2 cache while it
 * multiplies. */
typedef struct rnl_fetch {
    const float *values;
    size_t rows, columns, stride; /* at least one row and one column */
} rnl_fetch;

/* C = A B for one panel of columns.  A's element (row, k) is at
 *
 *     product               row row_step + k / segment * segment_distance + k % segment
 *     transposed_product    row + k inner_step
 *
 * An element of C is a sum of blocks of RNL_PRODUCT_BLOCK inner terms, added in their order; a
 * block is a chain of fused multiply-adds from +0.  So it depends on its row of A and its column of
 * B alone.
 *
 * With leaves, in a transposed product, a block is as long as a leaf, and blocks are summed in a
 * binary tree: (l0 + l1) + (l2 + l3); a node with one child is that child. */
typedef struct rnl_panel_product {
    size_t rows, inner;
    size_t columns; /* B and C have more, up to a multiple of 16, which are 0 in B */
    bool pads;      /* these become 0 in C; else they may hold anything */
    const float *a;
    size_t row_step, inner_step;      /* floats */
    size_t segment, segment_distance; /* inner terms, floats */
    rnl_view b;                       /* (inner, columns) */
    bool far;                         /* B lies beyond the L2 cache: it is fetched ahead */
    bool add;                         /* the blocks are added to what C holds */
    size_t leaf;                      /* inner terms of a leaf; 0: no leaves */
    float *nodes;                     /* (levels of the tree, RNL_PRODUCT_NODE) */
    rnl_mutable_view c;               /* (rows, columns); overlaps neither A nor B */
    const float *next_a;              /* A of other rows, which is multiplied next; or NULL */
    const rnl_fetch *fetches;         /* what else comes next, the last without values; or NULL */
} rnl_panel_product;

#define RNL_PRODUCT_BLOCK 512

/* Floats of a node of the tree: all sums that a product keeps in registers. */
#define RNL_PRODUCT_NODE 384

/* Numbers of bfloat16, two of them in the place of a float.  Matrices of pairs have strides in
 * floats.
 *
 *     bits   31 ... 16   15 ... 0
 *            odd         even        in memory the even number comes first
 *
 * bfloat16_product and transposed_bfloat16_product are rnl_panel_product with pairs for the
 * elements of A and B: the pairs of a row of A and of a column of B.  `inner` and `segment` count
 * pairs.  A pair adds its odd product, then its even one, by a fused multiply-add each, with
 * denormals as zero and rounded to nearest in any floating-point mode: what VDPBF16PS computes.
 * Blocks are of RNL_PRODUCT_BLOCK / 2 pairs. */

/* y = x rounded to bfloat16: to nearest even, denormals to zero, NaN to NaN.  A number without a
 * neighbour pairs with 0.  y may be x. */
typedef struct rnl_rounding {
    size_t rows, columns;
    rnl_view x;                  /* (rows, columns) */
    rnl_mutable_view y;          /* (rows, columns); values NULL if they are not needed, as below */
    rnl_mutable_view by_rows;    /* (rows, ceil(columns / 2)) pairs of neighbours in a row */
    rnl_mutable_view by_columns; /* (ceil(rows / 2), columns) pairs of neighbours in a column */
} rnl_rounding;

/* y = the even or the odd numbers of a row of pairs. */
typedef struct rnl_bfloat16_row {
    size_t columns;
    bool odd;
    const float *pairs;
    float *y;
} rnl_bfloat16_row;

/* bfloat16_column_sums is rnl_column_sums with rows of pairs by columns. */

/* y[i] = f(x[i]), for tests of the elementary functions.  y may be x. */
typedef struct rnl_unary {
    size_t count;
    const float *x;
    float *y;
} rnl_unary;

typedef struct rnl_kernels {
    rnl_isa isa;
#define RNL_KERNEL(name, arguments) void (*name)(const arguments *a);
#include "simd/kernels.inc"
#undef RNL_KERNEL
} rnl_kernels;

/* Returns the best instruction set of this processor, lowered by RUNNEL_ISA=scalar|avx2|avx512 in
 * the environment.  An unknown or unavailable value is ignored here, and described by
 * rnl_isa_request_problem. */
rnl_isa rnl_isa_detect(void);

/* Returns NULL if RUNNEL_ISA is unset or honoured, else a message that says why it is not. */
const char *rnl_isa_request_problem(void);

const char *rnl_isa_name(rnl_isa isa);

/* Returns NULL if the processor lacks the instruction set.  All have the same results, bit for bit;
 * only which NaN comes out may differ.  Scalar kernels use the processor's FMA if it has one. */
const rnl_kernels *rnl_kernels_of(rnl_isa isa);

/* The scalar kernels of a processor without FMA, for tests. */
const rnl_kernels *rnl_kernels_without_fma(void);

/* Tests if products of bfloat16 are the processor's own in these kernels: AVX512_BF16. */
bool rnl_kernels_have_bfloat16(const rnl_kernels *kernels);

/* The AVX-512 kernels of a processor without AVX512_BF16, for tests; NULL without AVX-512. */
const rnl_kernels *rnl_kernels_without_bfloat16(void);

#endif
