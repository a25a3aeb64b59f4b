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

/* Gather, four layers forward, loss, and backward; 128 rows have four parts. */
static void expect_waits(size_t workers, unsigned batch_size, unsigned units, const char *expected)
{
    rnl_data *data = fixture_data(200, 128, 128, RNL_FLOAT32);
    rnl_model *model = fixture_model(
        fixture_config("model:\n"
                       "  - dense: {units: 128, activation: elu}\n"
                       "  - dense: {units: %u, activation: elu}\n"
                       "  - dense: {units: 128, activation: elu}\n"
                       "  - dense: {units: 128, activation: softmax}\n"
                       "training: {loss: sparse_categorical_crossentropy, optimizer: sgd,\n"
                       "           batch_size: %u}\n",
                       units, batch_size),
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

/* The first way down reads weights that all have turned, and gradients read all rows of delta,
 * which workers have left behind before they go on down. */
Test(phases, of_workers_who_keep_their_rows)
{
    expect_waits(1, 128, 128, ".....,.|.,.,.,.,|.|.|.|.");
    expect_waits(2, 128, 128, ".....,.|.,.,.,.,|.|.|.|.");
    expect_waits(4, 128, 128, ".....,.|.,.,.,.,|.|.|.|.");
}

/* What goes down the second layer from above has 64 columns in the buffer where the loss had put
 * 128.  The delta of the last layer is then complete for its gradients, too. */
Test(phases, of_rows_that_move_in_a_buffer)
{
    expect_waits(2, 128, 64, ".....,.|.,|.,.,.,.|.|.|.");
}

/* Gradients come behind the way down of the layer below, and need no barrier of their own. */
Test(phases, of_workers_who_share_rows)
{
    expect_waits(3, 128, 128, ".,|.,|.,|.,|.,|.,|.,|.,.|.,.|.,.|.");
}

/* Forward the halves of the rows follow each other from layer to layer.  Gradients stand between
 * the barrier that a worker comes to and its wait, and ask for none. */
Test(phases, of_few_rows)
{
    expect_waits(2, 32, 128, ".,|.,.,|.,|.,|.,|.,|.|.,|.,|.,.|.,.|.,.|..");
}
