/*
 * Names of layers: given ones, those by kind and number, and what is refused.
 */
#include "engine/schema/config.h"
#include "tests/config_texts.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static rnl_config *with_layers(const char *layers)
{
    return fixture_config("model: [%s]\n"
                          "training: {loss: mean_squared_error, optimizer: sgd}\n",
                          layers);
}

static void expect_names(const char *layers, const char *expected)
{
    rnl_data *data = fixture_data(9, 6, 4, RNL_FLOAT32);
    rnl_dataset *train = &data->train;
    rnl_model *model = NULL;
    rnl_config *config = with_layers(layers);
    const rnl_shape shape = {.rank = 1, .size = {train->features}};
    cr_assert_eq(rnl_model_build(&model, config, &shape), RNL_OK, "%s", rnl_message());
    char names[512] = "";
    for (size_t i = 0; i < model->layer_count; ++i)
        snprintf(names + strlen(names), sizeof names - strlen(names), i > 0 ? " %s" : "%s",
                 model->layers[i].name);
    cr_expect_str_eq(names, expected);
    rnl_model_free(model);
    rnl_data_free(data);
}

Test(layer_names, are_given_or_made_of_kind_and_number)
{
    expect_names("dense: 3, dense: {units: 2, name: middle}, dense: 1", "dense_1 middle dense_3");
    expect_names("flatten: {name: flat}, dropout: {rate: 0.2, name: drop}, dropout: 0.1, dense: 1",
                 "flat drop dropout_2 dense_1");
    expect_names("activation: {function: elu, name: f}, activation: {elu: {alpha: 2}, name: g}, "
                 "activation: tanh",
                 "f g activation_3");
    expect_names("activity_regularization: {l2: 0.1, name: small}, prelu: {name: p}, rrelu: {name: "
                 "r-2}, batch_normalization: {name: bn, scale: false}",
                 "small p r-2 bn");
    expect_names("residual: {layers: [dense: {units: 6, name: branch}], name: block}",
                 "block branch add_1");
}

Test(layer_names, are_numbered_in_a_repetition)
{
    expect_names("repeat: {times: 3, layers: [dense: {units: 6, name: h}, prelu]}, dense: 1",
                 "h_1 prelu_1 h_2 prelu_2 h_3 prelu_3 dense_4");
    expect_names("repeat: {times: 1, layers: [dense: {units: 6, name: h}]}", "h");
    expect_names("repeat: {times: 2, layers: [repeat: {times: 2, layers: [dense: {units: 6, name: "
                 "h}]}]}",
                 "h_1 h_2 h_3 h_4");
}

Test(layer_names, that_are_not_unique_are_refused)
{
    static const struct {
        const char *layers, *message;
    } mistakes[] = {
        {"dense: {units: 3, name: a}, dense: {units: 3, name: a}",
         "test.yaml:1:61: name: 'a' is the name of another layer"},
        {"dense: {units: 3, name: dense_2}, dense: 3",
         "test.yaml:1:33: name: 'dense_2' is the name of another layer already, by its kind and "
         "number"},
        {"dense: 3, dense: {units: 3, name: dense_1}", "name: 'dense_1' is the name of another"},
        {"repeat: {times: 2, layers: [dense: {units: 6}], name: r}",
         "name: repeat is no layer: name the layers in it"},
    };
    const rnl_shape shape = {.rank = 1, .size = {6}};
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; ++i) {
        rnl_model *model = NULL;
        cr_expect_eq(rnl_model_build(&model, with_layers(mistakes[i].layers), &shape),
                     RNL_BAD_CONFIG);
        cr_expect(strstr(rnl_message(), mistakes[i].message) != NULL, "%s", rnl_message());
    }
}

Test(layer_names, that_are_no_names_are_refused)
{
    static const char *const names[] = {"3",      "_a",  "a.b",     "a b",           "[a]",
                                        "{a: 1}", "all", "scaling", "target_scaling"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        char text[160];
        snprintf(text, sizeof text,
                 "model: [dense: {units: 1, name: %s}]\n"
                 "training: {loss: mean_squared_error, optimizer: sgd}\n",
                 names[i]);
        config_text_expect_refused(text, NULL, "c.yaml:1:33: name: expected a letter");
    }
}

/* A configuration with names, as it is printed and read again; one without prints none. */
Test(layer_names, are_printed)
{
    rnl_config *config = with_layers("flatten: {name: flat}, dropout: {rate: 0.2, name: drop}, "
                                     "dense: {units: 2, name: head}, activation: tanh"),
               *again = NULL;
    char *text = NULL, *second = NULL, *json = NULL, *origins = NULL;
    cr_assert_eq(rnl_config_print(config, &text), RNL_OK);
    cr_assert_eq(rnl_config_print_json(config, &json), RNL_OK);
    cr_assert_eq(rnl_config_print_origins(config, &origins), RNL_OK);
    cr_expect(strstr(text, "- flatten: {name: \"flat\"}\n"), "%s", text);
    cr_expect(strstr(text, "- dropout: {rate: 0.2, name: \"drop\"}\n"), "%s", text);
    cr_expect(strstr(text, "- activation: tanh\n"), "%s", text);
    cr_expect(strstr(origins, "name: \"head\""), "%s", origins);
    const char *const texts[] = {text, json, origins};
    for (size_t i = 0; i < 3; ++i) {
        cr_assert_eq(rnl_config_parse(&again, "test.yaml", texts[i], NULL, 0), RNL_OK, "%s: %s",
                     rnl_message(), texts[i]);
        cr_assert_eq(rnl_config_print(again, &second), RNL_OK);
        cr_expect_str_eq(second, text);
        rnl_text_free(second);
        rnl_config_free(again);
    }
    rnl_text_free(text);
    rnl_text_free(json);
    rnl_text_free(origins);
    rnl_config_free(config);
}
