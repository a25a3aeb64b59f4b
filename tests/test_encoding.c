/*
 * The encoding of tables as a model keeps it: what is not whole is refused.
 */
#include "engine/data/encoding.h"
#include "engine/model/model.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void expect_message(const char *words)
{
    cr_expect(strstr(rnl_message(), words) != NULL, "'%s' is not in: %s", words, rnl_message());
}

#define X       "{\"name\": \"x\", \"fill\": 1}"
#define Y       "{\"name\": \"y\", \"fill\": 0}"
#define CLASSES "{\"name\": \"c\", \"fill\": 0, \"categories\": [\"a\", \"b\"]}"

static void expect_refused(const char *inputs, const char *targets, const char *words)
{
    char text[512];
    rnl_encoding encoding;
    snprintf(text, sizeof text, "{\"inputs\": %s, \"targets\": %s}", inputs, targets);
    cr_expect_eq(rnl_encoding_parse(&encoding, "m", text), RNL_BAD_DATA, "%s", text);
    expect_message("m: encoding: ");
    expect_message(words);
    cr_expect_eq(encoding.inputs.count + encoding.targets.count, 0);
}

Test(encoding, targets_are_of_one_kind)
{
    expect_refused("[" X "]", "[" CLASSES ", " Y "]", "of which 'c' has classes");
    expect_refused("[" X "]", "[" Y ", " CLASSES "]", "of which 'c' has classes");
    expect_refused("[" X "]",
                   "[" CLASSES ", {\"name\": \"d\", \"fill\": 0, \"categories\": [\"a\"]}]",
                   "got 2 targets, of which 'c' has classes");
}

Test(encoding, lists_are_whole)
{
    rnl_encoding encoding;
    expect_refused("[" X ", " X "]", "[" Y "]", "the column 'x' is there twice");
    expect_refused("[" X "]", "[" X "]", "the column 'x' is there twice");
    expect_refused("[]", "[" Y "]", "expected columns");
    expect_refused("{}", "[" Y "]", "expected a list of columns as inputs");
    expect_refused("[" X "]", "\"y\"", "expected a list of columns as targets");
    expect_refused("[" X ", 3]", "[]", "column 1 has no name, fill or list of categories");
    expect_refused("[{\"name\": \"x\", \"fill\": 0, \"categories\": []}]", "[]",
                   "column 'x': expected categories, got none");
    expect_refused("[{\"name\": \"x\", \"fill\": 0, \"categories\": [\"a\", \"a\"]}]", "[]",
                   "the category 'a' is there twice");
    expect_refused("[{\"name\": \"x\", \"fill\": 0, \"categories\": [\"0\", \"0.0\"]}]", "[]",
                   "the category '0.0' is there twice");
    expect_refused("[{\"name\": \"x\", \"fill\": 0, \"categories\": [7]}]", "[]", "is no text");
    expect_refused(
        "[{\"name\": \"x\", \"fill\": 0, \"categories\": [\"a\"], \"rare\": [\"b\", \"a\"]}]", "[]",
        "the category 'a' is there twice");
    expect_refused("[{\"name\": \"x\", \"fill\": 0, \"categories\": [], \"rare\": []}]", "[]",
                   "column 'x': expected categories, got none");
    expect_refused("[{\"name\": \"x\", \"fill\": 0, \"rare\": [\"a\"]}]", "[]",
                   "column 0 has no name, fill or list of categories");
    expect_refused("[{\"name\": \"x\", \"fill\": 0, \"categories\": [\"a\"], \"rare\": [1]}]", "[]",
                   "is no text");
    expect_refused("[{\"name\": \"x\", \"fill\": 0, \"categories\": [\"a\"], \"rare\": \"b\"}]",
                   "[]", "column 0 has no name, fill or list of categories");
    expect_refused("[" X "]",
                   "[{\"name\": \"c\", \"fill\": 0, \"categories\": [\"a\"], \"rare\": [\"b\"]}]",
                   "the target 'c' has classes that share an output");
    expect_refused("[{\"name\": \"x\", \"fill\": null}]", "[]", "cannot stand for a missing cell");
    expect_refused(
        "[{\"name\": \"x\", \"fill\": 0, \"plus_minus\": 1, \"categories\": [\"a\", \"b\"]}]", "[]",
        "column 'x': expected true or false for plus_minus");
    expect_refused("[{\"name\": \"x\", \"fill\": 0, \"plus_minus\": true}]", "[]",
                   "column 'x': -1 and 1 are of two categories, got 1");
    expect_refused(
        "[{\"name\": \"x\", \"fill\": 0, \"plus_minus\": true, \"categories\": [\"a\"], \"rare\": "
        "[]}]",
        "[]", "column 'x': -1 and 1 are of two categories, got 1");
    expect_refused(
        "[{\"name\": \"x\", \"fill\": 0, \"plus_minus\": true, \"categories\": [\"a\", \"b\"], "
        "\"rare\": [\"c\"]}]",
        "[]", "of two categories, got 3");
    expect_refused("[" X "]",
                   "[{\"name\": \"c\", \"fill\": 0, \"plus_minus\": true, \"categories\": "
                   "[\"a\", \"b\"]}]",
                   "the target 'c' has classes that share an output");
    static const char *const fills[] = {"2", "-1", "0.5", "1e300"};
    for (size_t i = 0; i < sizeof fills / sizeof *fills; ++i) {
        char column[128];
        snprintf(column, sizeof column,
                 "[{\"name\": \"x\", \"fill\": %s, \"categories\": [\"a\", \"b\"]}]", fills[i]);
        expect_refused(column, "[]", "cannot stand for a missing cell");
    }
    cr_expect_eq(rnl_encoding_parse(&encoding, "m", "{"), RNL_BAD_DATA);
}

static const char config_text[] =
    "model: [dense: {units: 2, activation: softmax}]\n"
    "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n";

/* Saves a model of two inputs and two classes with the encoding, and loads it. */
static rnl_status pass_through(const char *encoding)
{
    static const float inputs[] = {1, 2, 3, 4};
    static const int32_t labels[] = {0, 1};
    static const size_t shape[] = {2};
    const rnl_rows rows = {
        .rows = 2, .rank = 1, .shape = shape, .floats = inputs, .classes = labels};
    static char file[] = "/tmp/runnel_encoding_XXXXXX";
    rnl_config *config = NULL;
    rnl_data *data = NULL;
    rnl_model *model = NULL, *loaded = NULL;
    close(mkstemp(file));
    cr_assert_eq(rnl_config_parse(&config, "test.yaml", config_text, NULL, 0), RNL_OK);
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK);
    cr_assert_eq(rnl_model_create(&model, config, data), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_encoding_parse(&model->encoding, "m", encoding), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_model_save(model, file), RNL_OK);
    const rnl_status status = rnl_model_load(&loaded, file, NULL, 0);
    rnl_model_free(loaded);
    rnl_model_free(model);
    rnl_data_free(data);
    rnl_config_free(config);
    unlink(file);
    memcpy(file, "/tmp/runnel_encoding_XXXXXX", sizeof file);
    return status;
}

Test(encoding, fits_its_model)
{
    static const char two[] = "[" X ", {\"name\": \"z\", \"fill\": 1}]";
    char text[512];
    snprintf(text, sizeof text, "{\"inputs\": %s, \"targets\": [%s]}", two, CLASSES);
    cr_expect_eq(pass_through(text), RNL_OK, "%s", rnl_message());
    snprintf(text, sizeof text, "{\"inputs\": [%s], \"targets\": [%s]}", X, CLASSES);
    cr_expect_eq(pass_through(text), RNL_BAD_DATA);
    expect_message("its columns become 1 numbers, which input_shape does not say");
    snprintf(text, sizeof text, "{\"inputs\": %s, \"targets\": [%s]}", two, Y);
    cr_expect_eq(pass_through(text), RNL_BAD_DATA);
    expect_message("its targets do not fit the 2 outputs");
    snprintf(text, sizeof text,
             "{\"inputs\": %s, \"targets\": [{\"name\": \"y\", \"fill\": 0, \"categories\": "
             "[\"a\", \"b\", \"c\"]}]}",
             two);
    cr_expect_eq(pass_through(text), RNL_BAD_DATA);
    expect_message("its targets do not fit the 2 outputs");
}
