/*
 * A training in two phases, the first with a frozen part, against that of Keras 3 in float64
 * (tests/golden/phases.json, with the script and the versions that made it): the figures of every
 * epoch, penalties included, and the weights after each phase.  RUNNEL_GOLDEN comes from the build.
 */
#include "engine/schema/config.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 256 };

static size_t read_floats(float values[MOST], const json_t *root, const char *key)
{
    const json_t *array = json_object_get(root, key);
    const size_t count = json_array_size(array);
    cr_assert(count > 0 && count <= MOST, "%s", key);
    for (size_t i = 0; i < count; ++i)
        values[i] = (float)json_number_value(json_array_get(array, i));
    return count;
}

static size_t size_of(const json_t *root, const char *key)
{
    return (size_t)json_integer_value(json_object_get(root, key));
}

/* The texts of a list, separated by commas. */
static void join(char text[1024], const json_t *list, size_t count)
{
    *text = '\0';
    for (size_t i = 0; i < count; ++i)
        snprintf(text + strlen(text), 1024 - strlen(text), "%s%s", i > 0 ? ", " : "",
                 json_string_value(json_array_get(list, i)));
}

static rnl_data *load_data(const json_t *root)
{
    static float x[2][MOST], values[2][MOST];
    static size_t shape;
    rnl_rows rows[2];
    rnl_data *data = NULL;
    shape = size_of(root, "features");
    for (size_t i = 0; i < 2; ++i) {
        read_floats(x[i], root, i ? "validation_x" : "x");
        read_floats(values[i], root, i ? "validation_values" : "values");
        rows[i] = (rnl_rows){.rows = size_of(root, i ? "validation_rows" : "rows"),
                             .rank = 1,
                             .shape = &shape,
                             .floats = x[i],
                             .values = values[i],
                             .value_columns = size_of(root, "outputs")};
    }
    cr_assert_eq(rnl_data_create(&data, &rows[0], &rows[1], NULL), RNL_OK, "%s", rnl_message());
    return data;
}

/* A model that trains in the first phases, from the weights that Keras began with. */
static rnl_model *create(const json_t *root, const rnl_data *data, size_t phases)
{
    char layers[1024], list[1024];
    float start[MOST];
    join(layers, json_object_get(root, "model"), json_array_size(json_object_get(root, "model")));
    join(list, json_object_get(root, "phases"), phases);
    rnl_model *model =
        fixture_model(fixture_config("model: [%s]\ntraining: {%s, phases: [%s]}\n", layers,
                                     json_string_value(json_object_get(root, "training")), list),
                      data);
    const size_t count = read_floats(start, root, "start");
    size_t at = 0;
    for (size_t l = 0; l < model->layer_count; ++l)
        for (size_t p = 0; p < model->layers[l].parameter_count; ++p) {
            const rnl_parameter *parameter = &model->layers[l].parameters[p];
            memcpy(parameter->arrays[RNL_VALUES], start + at,
                   rnl_parameter_count(parameter) * sizeof(float));
            at += rnl_parameter_count(parameter);
        }
    cr_assert_eq(at, count);
    return model;
}

typedef struct figures {
    const json_t *made;
    size_t epoch;
} figures;

/* Every figure of Keras's history is among those of the epoch. */
static int compare_epoch(const rnl_progress *progress, void *user)
{
    figures *f = user;
    size_t epoch = f->epoch++, phase = 0;
    const json_t *history;
    for (;; ++phase) {
        history = json_object_get(json_array_get(f->made, phase), "history");
        const size_t epochs = json_array_size(json_object_get(history, "loss"));
        if (epoch < epochs)
            break;
        epoch -= epochs;
    }
    const char *key;
    json_t *values;
    json_object_foreach((json_t *)(uintptr_t)history, key, values)
    {
        size_t i = 0;
        while (i < progress->figure_count && strcmp(progress->figures[i].name, key) != 0)
            ++i;
        cr_assert_lt(i, progress->figure_count, "%s", key);
        const double expected = json_number_value(json_array_get(values, epoch));
        cr_expect_float_eq(progress->figures[i].value, expected, 1e-5 * (1 + fabs(expected)),
                           "phase %zu, epoch %zu, %s: %.9g, not %.9g", phase + 1, epoch + 1, key,
                           progress->figures[i].value, expected);
    }
    return 0;
}

static void compare_weights(const rnl_model *model, const json_t *made, size_t phase)
{
    const json_t *weights = json_object_get(json_array_get(made, phase), "weights");
    size_t at = 0;
    for (size_t l = 0; l < model->layer_count; ++l)
        for (size_t p = 0; p < model->layers[l].parameter_count; ++p)
            for (size_t i = 0; i < rnl_parameter_count(&model->layers[l].parameters[p]); ++i) {
                const double expected = json_number_value(json_array_get(weights, at++));
                const double got = (double)model->layers[l].parameters[p].arrays[RNL_VALUES][i];
                cr_expect_float_eq(got, expected, 1e-5 * (1 + fabs(expected)),
                                   "phase %zu, %s.%s %zu: %.9g, not %.9g", phase + 1,
                                   model->layers[l].name, model->layers[l].parameters[p].name, i,
                                   got, expected);
            }
    cr_expect_eq(at, json_array_size(weights));
}

Test(golden_phases, are_those_of_keras)
{
    json_error_t error;
    json_t *root = json_load_file(RUNNEL_GOLDEN "/phases.json", 0, &error);
    cr_assert_not_null(root, "%s", error.text);
    rnl_data *data = load_data(root);
    const json_t *made = json_object_get(root, "made");
    for (size_t phases = 1; phases <= json_array_size(made); ++phases) {
        rnl_model *model = create(root, data, phases);
        figures f = {made, 0};
        const rnl_options options = {.threads = 2, .on_epoch = compare_epoch, .user = &f};
        cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
        cr_expect_gt(f.epoch, 0);
        compare_weights(model, made, phases - 1);
        rnl_model_free(model);
    }
    rnl_data_free(data);
    json_decref(root);
}
