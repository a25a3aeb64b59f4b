/*
 * Epochs without their last, smaller mini-batch.
 */
#include "tests/dense_net.h"

#include <criterion/criterion.h>

static int count_rows(const rnl_progress *progress, void *user)
{
    size_t *steps = user;
    ++*steps;
    cr_expect_eq(progress->rows, 32);
    cr_expect_leq(progress->rows_done, progress->rows);
    return 0;
}

/* The last 5 of 37 rows in each epoch's order teach nothing in mini-batches of 16. */
Test(drop_last, leaves_the_smaller_mini_batch_out)
{
    enum { WHOLE = 32 };
    uint64_t hashes[2];
    for (int dropped = 0; dropped < 2; ++dropped) {
        rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
        data->train.rows = dropped ? ROWS : WHOLE;
        rnl_model *model = dense_net(data, "tanh", "softmax",
                                     dropped ? "sparse_categorical_crossentropy\n"
                                               "  drop_last: true"
                                             : "sparse_categorical_crossentropy",
                                     "momentum", 16, 3);
        size_t steps = 0;
        const rnl_options options = {.on_step = count_rows, .user = &steps};
        cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
        cr_expect_eq(steps, 6);
        hashes[dropped] = fixture_hash(model);
        rnl_model_free(model);
        rnl_data_free(data);
    }
    cr_expect_eq(hashes[0], hashes[1]);
}
