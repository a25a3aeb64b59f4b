/*
 * Short trainings against those of Keras 3 in float64 (tests/golden/runs.json, with the script and
 * the versions that made it), and with mixed precision against a simulation of its rounding in
 * float64 (runs_bfloat16.json): the weights at the end, and every figure of every epoch.
 * RUNNEL_GOLDEN comes from the build.
 */
#include "engine/schema/config.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 256 };

static size_t read_floats(float *values, const json_t *root, const char *prefix, const char *name)
{
    char key[64];
    snprintf(key, sizeof key, "%s%s", prefix, name);
    const json_t *array = json_object_get(root, key);
    const size_t count = json_array_size(array);
    cr_assert(count > 0 && count <= MOST, "%s", key);
    for (size_t i = 0; i < count; ++i)
        values[i] = (float)json_number_value(json_array_get(array, i));
    return count;
}

static size_t read_size(const json_t *root, const char *prefix, const char *name)
{
    char key[64];
    snprintf(key, sizeof key, "%s%s", prefix, name);
    return (size_t)json_integer_value(json_object_get(root, key));
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* The rows of one part, in arrays that live as long as the run. */
typedef struct part {
    float x[MOST], values[MOST], sample_weights[MOST];
    int32_t classes[MOST];
    size_t shape;
    rnl_rows rows;
} part;

static void read_part(part *p, const json_t *root, const json_t *run, const char *prefix)
{
    float classes[MOST];
    read_floats(p->x, root, prefix, "x");
    const size_t numbers =
        read_floats(p->values, json_object_get(run, "values") ? run : root, prefix, "values");
    read_floats(p->sample_weights, root, prefix, "sample_weights");
    const size_t count = read_floats(classes, root, prefix, "classes");
    for (size_t i = 0; i < count; ++i)
        p->classes[i] = (int32_t)classes[i];
    p->shape = read_size(root, "", "features");
    const bool has_classes = json_is_true(json_object_get(run, "classes"));
    p->rows = (rnl_rows){
        .rows = read_size(root, prefix, "rows"),
        .rank = 1,
        .shape = &p->shape,
        .floats = p->x,
        .classes = has_classes ? p->classes : NULL,
        .values = has_classes ? NULL : p->values,
        .value_columns = numbers / read_size(root, prefix, "rows"),
        .sample_weights =
            json_is_true(json_object_get(run, "sample_weight")) ? p->sample_weights : NULL,
    };
}

static rnl_model *create(const json_t *run, const rnl_data *data)
{
    const json_t *layers = json_object_get(run, "model");
    char list[1024] = "";
    for (size_t l = 0; l < json_array_size(layers); ++l) {
        const size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "  - %s\n",
                 json_string_value(json_array_get(layers, l)));
    }
    rnl_model *model = fixture_model(
        fixture_config("model:\n%straining: {%s}\n", list, text_of(run, "training")), data);
    float start[MOST], *from = start;
    const size_t count = read_floats(start, run, "", "start");
    for (size_t l = 0; l < model->layer_count; ++l)
        for (size_t p = 0; p < model->layers[l].parameter_count; ++p) {
            const rnl_parameter *parameter = &model->layers[l].parameters[p];
            const size_t size = rnl_parameter_count(parameter);
            memcpy(parameter->arrays[RNL_VALUES], from, size * sizeof *from);
            from += size;
        }
    cr_assert_eq(from - start, count);
    return model;
}

static int check_epoch(const rnl_progress *progress, void *user)
{
    const json_t *run = user, *history = json_object_get(run, "history");
    size_t compared = 0;
    for (size_t i = 0; i < progress->figure_count; ++i) {
        const rnl_figure *figure = &progress->figures[i];
        const json_t *values = json_object_get(history, figure->name);
        if (!values)
            continue;
        const double expected = json_number_value(json_array_get(values, progress->epoch - 1));
        cr_expect_float_eq(figure->value, expected, 2e-6 * (1 + fabs(expected)),
                           "%s, epoch %zu: %s is %.9g, not %.9g", text_of(run, "name"),
                           progress->epoch, figure->name, figure->value, expected);
        ++compared;
    }
    cr_expect_eq(compared, json_object_size(history), "%s", text_of(run, "name"));
    return 0;
}

static void check_weights(const json_t *run, const rnl_model *model)
{
    float expected[MOST];
    const size_t count = read_floats(expected, run, "", "weights");
    size_t i = 0;
    for (size_t l = 0; l < model->layer_count; ++l)
        for (size_t p = 0; p < model->layers[l].parameter_count; ++p) {
            const rnl_parameter *parameter = &model->layers[l].parameters[p];
            for (size_t k = 0; k < rnl_parameter_count(parameter); ++k, ++i)
                cr_expect_float_eq((double)parameter->arrays[RNL_VALUES][k], (double)expected[i],
                                   3e-6, "%s, layer %zu, %s %zu: %.9g, not %.9g",
                                   text_of(run, "name"), l, parameter->name, k,
                                   (double)parameter->arrays[RNL_VALUES][k], (double)expected[i]);
        }
    cr_expect_eq(i, count);
}

static void check_run(const json_t *root, json_t *run)
{
    static part train, validation;
    read_part(&train, root, run, "");
    read_part(&validation, root, run, "validation_");
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &train.rows, &validation.rows, NULL), RNL_OK, "%s",
                 rnl_message());
    rnl_model *model = create(run, data);
    const rnl_options options = {.threads = 2, .on_epoch = check_epoch, .user = run};
    cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    check_weights(run, model);
    rnl_model_free(model);
    rnl_data_free(data);
}

static void check_file(const char *path)
{
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);
    cr_assert_not_null(root, "%s: %s", path, error.text);
    json_t *runs = json_object_get(root, "runs");
    cr_assert_gt(json_array_size(runs), 0);
    for (size_t i = 0; i < json_array_size(runs); ++i)
        check_run(root, json_array_get(runs, i));
    json_decref(root);
}

Test(runs, as_in_keras)
{
    check_file(RUNNEL_GOLDEN "/runs.json");
}

Test(runs, mixed_bfloat16_as_simulated)
{
    check_file(RUNNEL_GOLDEN "/runs_bfloat16.json");
}
