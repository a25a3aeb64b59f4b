/*
 * Metrics against numbers that scikit-learn computed in float64 (tests/golden/, with the script and
 * the versions that made them).  RUNNEL_GOLDEN comes from the build.
 */
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1024 };

static size_t size_of(const json_t *object, const char *key)
{
    return (size_t)json_integer_value(json_object_get(object, key));
}

static bool read_floats(float *values, const json_t *object, const char *key)
{
    const json_t *array = json_object_get(object, key);
    cr_assert_leq(json_array_size(array), MOST, "%s", key);
    for (size_t i = 0; i < json_array_size(array); ++i)
        values[i] = (float)json_number_value(json_array_get(array, i));
    return array != NULL;
}

static rnl_data *data_of(const json_t *object)
{
    static float z[MOST], values[MOST], numbers[MOST];
    static int32_t classes[MOST];
    const size_t outputs = size_of(object, "outputs");
    rnl_rows rows = {.rows = size_of(object, "rows"), .rank = 1, .shape = &outputs, .floats = z};
    read_floats(z, object, "z");
    if (read_floats(numbers, object, "classes")) {
        for (size_t i = 0; i < rows.rows; ++i)
            classes[i] = (int32_t)numbers[i];
        rows.classes = classes;
    }
    if (read_floats(values, object, "values")) {
        rows.values = values;
        rows.value_columns = outputs;
    }
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK, "%s", rnl_message());
    return data;
}

/* A dense layer that passes its inputs on as logits or values, and the metrics of the object. */
static rnl_model *model_of(const json_t *object, const rnl_data *data, const char *more)
{
    const size_t outputs = size_of(object, "outputs");
    const bool values = json_object_get(object, "values") != NULL;
    char metrics[512] = "";
    const char *name;
    json_t *figure;
    json_object_foreach(json_object_get(object, "figures"), name, figure)
    {
        strcat(metrics, *metrics ? ", " : "");
        strcat(metrics, name);
    }
    rnl_model *model = fixture_model(
        fixture_config("model: [dense: {units: %zu, activation: %s, kernel_initializer: zeros}]\n"
                       "training: {loss: %s, optimizer: sgd, metrics: [%s], batch_size: 7%s}\n",
                       outputs,
                       values         ? "linear"
                       : outputs == 1 ? "sigmoid"
                                      : "softmax",
                       values         ? "mean_squared_error"
                       : outputs == 1 ? "binary_crossentropy"
                                      : "sparse_categorical_crossentropy",
                       metrics, more),
        data);
    for (size_t i = 0; i < outputs; ++i)
        model->layers[0].parameters[0].arrays[RNL_VALUES][i * outputs + i] = 1;
    return model;
}

static void expect(const json_t *object, const rnl_evaluation *evaluation)
{
    const char *name;
    json_t *figure;
    size_t i = 0;
    json_object_foreach(json_object_get(object, "figures"), name, figure)
    {
        const double expected = json_number_value(figure);
        const rnl_figure *got = &evaluation->figures[++i];
        cr_expect_str_eq(got->name, name);
        cr_expect_float_eq(got->value, expected, 2e-7 * fabs(expected), "%s, %s: %.9g, not %.9g",
                           json_string_value(json_object_get(object, "name")), name, got->value,
                           expected);
    }
}

static void check(const json_t *object, const char *more)
{
    rnl_data *data = data_of(object);
    rnl_model *model = model_of(object, data, more);
    rnl_evaluation *evaluation = NULL;
    cr_assert_eq(rnl_evaluate(model, data, RNL_TRAIN, NULL, &evaluation), RNL_OK, "%s",
                 rnl_message());
    expect(object, evaluation);
    rnl_evaluation_free(evaluation);
    rnl_model_free(model);
    rnl_data_free(data);
}

Test(golden_metrics, are_those_of_scikit_learn)
{
    json_error_t error;
    json_t *root = json_load_file(RUNNEL_GOLDEN "/metrics.json", 0, &error), *object;
    cr_assert_not_null(root, "%s", error.text);
    size_t i;
    json_array_foreach(json_object_get(root, "metrics"), i, object)
    {
        check(object, "");
        check(object, ", shards: 2");
    }
    cr_expect_geq(i, 12);
    json_decref(root);
}
