/*
 * What gradients of a dense layer are foreseen to cost, by the plan of a step.
 */
#include "engine/step/plan.h"
#include "engine/step/shard_sum.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <string.h>

enum { ROWS = 96, WIDTH = 128 };

/* Returns the cost of a layer's gradients. */
static rnl_phase_cost cost_of(const char *layers, size_t shards, size_t ranks, const char *layer)
{
    rnl_data *data = fixture_data(200, WIDTH, 10, RNL_FLOAT32);
    rnl_model *model = fixture_model(
        fixture_config("model:\n"
                       "%s"
                       "  - dense: {units: 10, activation: softmax}\n"
                       "training: {loss: sparse_categorical_crossentropy, optimizer: sgd,\n"
                       "           batch_size: %d, shards: %zu}\n",
                       layers, ROWS, shards),
        data);
    rnl_step step = {
        .given =
            {
                .model = model,
                .batch_size = ROWS,
                .training = true,
                .ranks_foreseen = ranks,
            },
        .kernels = rnl_kernels_of(rnl_isa_detect()),
    };
    rnl_phase_cost cost = {0};
    size_t found = 0;
    cr_assert_eq(rnl_step_plan(&step), RNL_OK, "%s", rnl_message());
    for (size_t i = 0; i < step.phases.count; ++i) {
        const rnl_phase *phase = &step.phases.items[i];
        if (phase->layer && strcmp(phase->layer, layer) == 0 &&
            strcmp(phase->name, "gradients") == 0) {
            cost = phase->cost;
            ++found;
        }
    }
    cr_assert_eq(found, 1);
    rnl_step_release(&step);
    rnl_model_free(model);
    rnl_data_free(data);
    return cost;
}

/* Rank 0 has 1 of 8 shards, 2 below one root, or 3 below two; a product sums 4 or more. */
Test(gradient_costs, each_root_has_its_products)
{
    static const char layers[] = "  - dense: {units: 128, activation: relu}\n";
    static const struct {
        size_t ranks;
        double products; /* one sums 2 shards, the other has 1 */
    } cases[] = {{4, 1}, {3, 2}};
    const double one = cost_of(layers, 8, 8, "dense_1").calls;
    cr_assert_gt(one, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        const double calls = cost_of(layers, 8, cases[i].ranks, "dense_1").calls,
                     expected = one * (cases[i].products + RNL_SHARD_CALL);
        cr_expect_float_eq(calls, expected, 1e-9 * expected, "%zu ranks: %g instead of %g",
                           cases[i].ranks, calls, expected);
    }
}

/* A layer whose kernel is tied to a frozen one learns its bias alone. */
Test(gradient_costs, of_a_bias_alone_read_delta)
{
    const rnl_phase_cost cost =
        cost_of("  - dense: {units: 128, activation: relu, trainable: false}\n"
                "  - dense: {units: 128, activation: relu}\n"
                "  - dense: {units: 128, activation: relu, tied_to: dense_1}\n",
                1, 0, "dense_3");
    cr_expect_eq(cost.calls, 0);
    cr_expect_eq(cost.flops, 0);
    cr_expect_eq(cost.shared, 4 * ROWS * WIDTH);
}
