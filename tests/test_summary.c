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
