/*
 * What training says of inputs that nothing scales.
 */
#include "engine/training/input_scale.h"
#include "tests/dense_net.h"
#include "tests/table_file.h"

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

/* The warning, or "", for a table of one input and one target. */
static void expect_scale(const char *table, const char *scaling, const char *expected)
{
    char set[64], text[RNL_INPUT_SCALE_TEXT];
    snprintf(set, sizeof set, "data.scaling=%s", scaling);
    const char *const override = set;
    char config_text[512];
    snprintf(config_text, sizeof config_text,
             "data: {train: {csv: {path: '%s', target: y, categorical: [town]}}}\n"
             "model: [dense: {units: 1}]\n"
             "training: {loss: huber, optimizer: sgd}\n",
             table_path);
    table_write(table);
    rnl_config *config = NULL;
    rnl_data *data = NULL;
    rnl_model *model = NULL;
    cr_assert_eq(rnl_config_parse(&config, "test.yaml", config_text, &override, 1), RNL_OK);
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_model_create(&model, config, data), RNL_OK, "%s", rnl_message());
    const bool odd = rnl_input_scale_is_odd(model, &data->train, text);
    cr_expect_eq(odd, *expected != '\0', "%s: %s", table, text);
    cr_expect(!odd || strstr(text, expected) != NULL, "%s", text);
    rnl_model_free(model);
    rnl_data_free(data);
    rnl_config_free(config);
}

Test(input_scale, of_columns, .init = table_enter, .fini = table_leave)
{
    static const char large[] = "town,area,y\nUlm,30,1\nAix,-40,2\n";
    expect_scale(large, "none", "input 'area' is 35.4, where about 1 trains best");
    expect_scale(large, "standardize", "");
    expect_scale("town,area,y\nUlm,1.5,1\nAix,9,2\n", "none", "");
    /* A 1 for a town is large enough. */
    expect_scale("town,area,y\nUlm,0.01,1\nAix,0.02,2\n", "none", "");
}
