/*
 * Which phases of a step wait for all workers.
 */
#include "engine/step/plan.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>

/* "." for each phase, "|" before one that waits at a barrier, "," behind one after which workers
 * come to it. */
static void write_waits(const rnl_step *step, char *text)
{
    for (size_t i = 0; i < step->phases.count; ++i) {
        const rnl_phase *phase = &step->phases.items[i];
        if (phase->awaited > 0)
            *text++ = '|';
        *text++ = '.';
        if (phase->arrival > 0)
            *text++ = ',';
    }
    *text = '\0';
}

/* Four layers, whose activations are their own. */
#define FUSED                                                                                      \
    "[dense: {units: 128, activation: elu}, dense: {units: 128, activation: elu},\n"               \
    " dense: {units: 128, activation: elu}, dense: {units: 128, activation: softmax}]"

/* Gather, the layers forward, loss, and backward; 128 rows have four parts. */
static void expect_waits(size_t workers, unsigned batch_size, const char *layers,
                         const char *training, const char *expected)
{
    rnl_data *data = fixture_data(200, 128, 128, RNL_FLOAT32);
    rnl_model *model = fixture_model(
        fixture_config("model: %s\n"
                       "training: {loss: sparse_categorical_crossentropy, optimizer: sgd,\n"
                       "           batch_size: %u, %s}\n",
                       layers, batch_size, training),
        data);
    rnl_step step = {
        .given =
            {
                .model = model,
                .batch_size = batch_size,
                .training = true,
            },
        .kernels = rnl_kernels_of(rnl_isa_detect()),
    };
    char waits[64];
    cr_assert_eq(rnl_step_plan(&step), RNL_OK, "%s", rnl_message());
    step.workers = step.active = workers;
    cr_assert_eq(rnl_step_arrange(&step), RNL_OK, "%s", rnl_message());
    write_waits(&step, waits);
    cr_expect_str_eq(waits, expected, "%s: %zu workers, %u rows", waits, workers, batch_size);
    rnl_step_release(&step);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* Gradients read all rows of delta, which workers have left behind before they go on down.  The
 * first layer's delta is computed with the gradient that the second gives. */
Test(phases, of_workers_who_keep_their_rows)
{
    expect_waits(1, 128, FUSED, "", ".......,.,.,|.|.|..");
    expect_waits(2, 128, FUSED, "", ".......,.,.,|.|.|..");
    expect_waits(4, 128, FUSED, "", ".......,.,.,|.|.|..");
}

/* The first way down reads weights that all have transposed forward, where updates are late. */
Test(phases, of_weights_transposed_forward)
{
    expect_waits(2, 128, FUSED, "clipping: {clipvalue: 1}", ".....,.|.,.,.,|.|.|..,|.,|.");
}

/* An activation of its own is given the gradient in a buffer, where one of 64 columns stands in the
 * place of 128. */
Test(phases, of_rows_that_move_in_a_buffer)
{
    expect_waits(2, 128,
                 "[dense: 64, activation: elu, dense: 128, activation: elu,\n"
                 " dense: {units: 128, activation: softmax}]",
                 "", ".........,|.,|..,..|.");
    expect_waits(2, 128,
                 "[dense: 128, activation: elu, dense: 128, activation: elu,\n"
                 " dense: {units: 128, activation: softmax}]",
                 "", "........,..,..,|.|.|.");
}

/* Gradients come behind the way down of the layer below, and need no barrier of their own. */
Test(phases, of_workers_who_share_rows)
{
    expect_waits(3, 128, FUSED, "", ".,|.,|.,|.,|.,|.,|.,|.,.|.,.|..");
}

/* Forward the halves of the rows follow each other from layer to layer.  Gradients stand between
 * the barrier that a worker comes to and its wait, and ask for none. */
Test(phases, of_few_rows)
{
    expect_waits(2, 32, FUSED, "", ".,|.,.,|.,|.,|.,|.,|.|.,|.,|.,.|.,.|.,.|..");
}
