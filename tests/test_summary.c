/*
 * The summary of a model.
 */
#include "tests/dense_net.h"

#include <criterion/criterion.h>
#include <string.h>

/* Parameters that gradients do not change are told apart. */
Test(summary, counts_what_is_not_trainable)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model =
        dense_net(data, "tanh", "softmax", "sparse_categorical_crossentropy", "adam", 32, 1);
    model->layers[1].parameters[0].fixed = true;
    char *text = NULL;
    cr_assert_eq(rnl_model_summary(model, &text), RNL_OK);
    static const char *const lines[] = {
        "dense_2 (dense)                    (None, 20)                    2,620  (2,600 not "
        "trainable)\n",
        "Total parameters: 3,614 (14.46 kB)\nTrainable parameters: 1,014 (4.06 kB)\n"
        "Non-trainable parameters: 2,600 (10.40 kB)\n",
        "state of adam 8.11 kB\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; ++i)
        cr_expect(strstr(text, lines[i]) != NULL, "%s", text);
    rnl_text_free(text);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* Of the kernels alone, -0 among the zeros. */
Test(summary, tells_how_many_weights_are_0)
{
    rnl_data *data = fixture_data(ROWS, 8, 2, RNL_FLOAT32);
    rnl_model *model =
        fixture_model(fixture_config("model: [dense: 10, dense: {units: 2, activation: softmax}]\n"
                                     "training: {loss: sparse_categorical_crossentropy,"
                                     " optimizer: sgd}\n"),
                      data);
    float kernel[80], head[20];
    for (int i = 0; i < 80; ++i)
        kernel[i] = i < 20 ? 0.0f : i < 40 ? -0.0f : i < 60 ? 0.0009f : 1;
    for (int i = 0; i < 20; ++i)
        head[i] = -1;
    char *text = NULL;
    cr_assert_eq(rnl_model_set_parameter(model, "dense_1.kernel", kernel, 80), RNL_OK);
    cr_assert_eq(rnl_model_set_parameter(model, "dense_2.kernel", head, 20), RNL_OK);
    cr_assert_eq(rnl_model_summary(model, &text), RNL_OK);
    cr_expect(strstr(text, "Zero weights: 40 of 100 in kernels (40.0 %); within 0.001 of 0: "
                           "60.0 %\n  dense_1: 50.0 % are 0, 75.0 % within 0.001\nFLOPs"),
              "%s", text);
    rnl_text_free(text);
    rnl_model_free(model);
    rnl_data_free(data);
}
