/*
 * What training says of inputs that nothing scales.
 */
#include "tests/dense_net.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void keep_warning(rnl_log_level level, const char *text, void *user)
{
    if (level == RNL_LOG_WARNING)
        snprintf(user, 256, "%s", text);
}

/* Bytes as they come are far from 1, and tiny floats are; what training says of them. */
Test(input_scale, is_told_where_nothing_scales)
{
    for (int bytes = 0; bytes < 2; ++bytes) {
        char warning[256] = "";
        rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, bytes ? RNL_UINT8 : RNL_FLOAT32);
        for (size_t i = 0; !bytes && i < ROWS * FEATURES; ++i)
            ((float *)data->train.inputs)[i] *= 0.01f;
        rnl_model *model = dense_net(data, "tanh", "softmax", "sparse_categorical_crossentropy",
                                     "{sgd: {learning_rate: 1e-4}}", 32, 1);
        const rnl_options options = {.on_log = keep_warning, .user = warning};
        cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
        cr_expect(strstr(warning, "nothing scales the inputs: the root mean square of input "
                                  "number ") != NULL,
                  "%s", warning);
        rnl_model_free(model);
        rnl_data_free(data);
    }
}
