/*
 * Branches: gradients of a whole step against finite differences of the loss, equal bits on any
 * number of workers, resumed, predicted, folded, and refused.
 */
#include "engine/schema/config.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { FEATURES = 6, CLASSES = 4, MOST = 200 };

static const char *const models[] = {
    /* wide and deep */
    "  - concatenate: [[], [{dense: {units: 7, activation: tanh}}, {dense: {units: 5, activation: "
    "elu}}]]\n",
    /* three branches behind a layer, one of them a single layer */
    "  - dense: {units: 9, activation: tanh}\n"
    "  - concatenate: [{dense: {units: 3, activation: elu}}, [], [{dense: 4}, {activation: "
    "tanh}]]\n"
    "  - dense: {units: 8, activation: elu}\n",
    /* in each other, with a residual block, wide enough to be cut by columns */
    "  - dense: {units: 130, activation: tanh}\n"
    "  - concatenate:\n"
    "      - [{dense: {units: 99, activation: tanh}}, {residual: [{dense: {units: 99, activation: "
    "tanh}}]}]\n"
    "      - [{concatenate: [[], [{dense: 5}]]}, {dense: {units: 100, activation: elu}}]\n"
    "      - []\n",
    /* projected, the second block as wide as its input */
    "  - residual: {layers: [{dense: {units: 7, activation: tanh}}, {dense: 7}], project: true}\n"
    "  - residual: {layers: [{dense: {units: 7, activation: tanh}}], project: true, name: same}\n"
    "  - residual: {layers: [{residual: {layers: [{dense: 120}], project: true}}, {dense: {units: "
    "9, activation: elu}}], project: true}\n",
    /* repeated */
    "  - repeat: {times: 2, layers: [{concatenate: [[], [{dense: {units: 3, activation: "
    "tanh}}]]}]}\n",
};

static rnl_config *config_of(const char *layers, const char *training)
{
    return fixture_config("model:\n%s  - dense: {units: %d, activation: softmax}\n"
                          "training: {loss: sparse_categorical_crossentropy, %s}\n",
                          layers, CLASSES, training);
}

/* Some weights of each kernel. */
static void check_parameter(const rnl_model *after, rnl_model *probe, size_t number,
                            const rnl_data *data, const char *layers)
{
    static float values[1 << 16], trained[1 << 16];
    rnl_parameter_description what;
    cr_assert_eq(rnl_model_describe_parameter(probe, number, &what), RNL_OK);
    rnl_model_get_parameter(probe, what.name, values, what.count);
    rnl_model_get_parameter(after, what.name, trained, what.count);
    for (size_t i = 0; i < what.count; i += what.count / 5 + 1) {
        const float h = 0x1p-7f, value = values[i];
        double loss[2];
        for (int side = 0; side < 2; ++side) {
            values[i] = side ? value + h : value - h;
            rnl_model_set_parameter(probe, what.name, values, what.count);
            loss[side] = fixture_loss(probe, data);
        }
        values[i] = value;
        rnl_model_set_parameter(probe, what.name, values, what.count);
        const double expected = (loss[1] - loss[0]) / (2 * (double)h),
                     found = (double)(value - trained[i]);
        cr_expect_float_eq(found, expected, 2e-4 + 3e-3 * fabs(expected), "%s%s[%zu]: %g, not %g",
                           layers, what.name, i, found, expected);
    }
}

/* Mini-batches of one row block, cut by columns, and of several. */
Test(branches, gradients)
{
    static const size_t rows[] = {24, 150};
    for (size_t r = 0; r < COUNT(rows); ++r) {
        rnl_data *data = fixture_data(rows[r], FEATURES, CLASSES, RNL_FLOAT32);
        for (size_t i = 0; i < COUNT(models); ++i) {
            const char *training = "batch_size: 150, optimizer: {sgd: {learning_rate: 1}}, seed: 3";
            rnl_model *model = fixture_model(config_of(models[i], training), data),
                      *probe = fixture_model(config_of(models[i], training), data);
            cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = 2}), RNL_OK, "%s",
                         rnl_message());
            for (size_t p = 0; p < rnl_model_parameter_count(model); ++p)
                check_parameter(model, probe, p, data, models[i]);
            rnl_model_free(model);
            rnl_model_free(probe);
        }
        rnl_data_free(data);
    }
}

static int stop_at_5(const rnl_progress *progress, void *user)
{
    (void)user;
    return progress->step == 5;
}

static rnl_model *trained(const rnl_config *config, const rnl_data *data, size_t threads)
{
    rnl_model *model = NULL;
    cr_assert_eq(rnl_model_create(&model, config, data), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = threads}), RNL_OK, "%s",
                 rnl_message());
    return model;
}

static void expect_predictor(const rnl_model *model, const rnl_data *data, int fold, float within)
{
    static float values[MOST * CLASSES];
    static _Alignas(64) char scratch[1 << 21];
    rnl_prediction *prediction = NULL;
    rnl_predictor *predictor = NULL;
    cr_assert_eq(rnl_predict(model, data, RNL_TRAIN, NULL, &prediction), RNL_OK);
    cr_assert_eq(rnl_predictor_create(&predictor, model, fold), RNL_OK, "%s", rnl_message());
    const rnl_request request = {.rows = data->train.rows,
                                 .features = FEATURES,
                                 .floats = data->train.inputs,
                                 .values = values,
                                 .scratch = scratch,
                                 .scratch_bytes = sizeof scratch};
    cr_assert_eq(rnl_predictor_run(predictor, &request), RNL_OK, "%s", rnl_message());
    for (size_t i = 0; i < data->train.rows * CLASSES; ++i)
        cr_assert(fabsf(values[i] - prediction->values[i]) <= within, "%zu: %g, not %g", i,
                  (double)values[i], (double)prediction->values[i]);
    rnl_predictor_free(predictor);
    rnl_prediction_free(prediction);
}

Test(branches, same_bits_resumed_and_predicted)
{
    static const char *const settings[] = {
        "batch_size: 30, epochs: 2, optimizer: adam",
        "batch_size: 90, epochs: 3, optimizer: nesterov, precision: mixed_bfloat16",
    };
    rnl_data *data = fixture_data(MOST, FEATURES, CLASSES, RNL_FLOAT32);
    for (size_t i = 0; i < COUNT(models); ++i)
        for (size_t s = 0; s < COUNT(settings); ++s) {
            char path[] = "/tmp/runnel_branches_XXXXXX";
            cr_assert_geq(mkstemp(path), 0);
            rnl_config *config = config_of(models[i], settings[s]);
            rnl_model *one = trained(config, data, 1), *three = trained(config, data, 3),
                      *parts = NULL, *resumed = NULL;
            cr_expect_eq(fixture_hash(one), fixture_hash(three), "%s, %s", models[i], settings[s]);
            cr_assert_eq(rnl_model_create(&parts, config, data), RNL_OK);
            cr_assert_eq(rnl_train(parts, data,
                                   &(const rnl_options){.checkpoint = path, .on_step = stop_at_5}),
                         RNL_STOPPED);
            cr_assert_eq(rnl_model_resume(&resumed, path, config), RNL_OK, "%s", rnl_message());
            cr_assert_eq(rnl_train(resumed, data, &(const rnl_options){.threads = 2}), RNL_OK);
            cr_expect_eq(fixture_hash(resumed), fixture_hash(one), "%s, %s", models[i],
                         settings[s]);
            expect_predictor(one, data, 0, 0);
            rnl_model_free(one);
            rnl_model_free(three);
            rnl_model_free(parts);
            rnl_model_free(resumed);
            rnl_config_free(config);
            unlink(path);
        }
    rnl_data_free(data);
}

/* Normalization at the ends of branches, before them, and behind them. */
static void check_folded(const char *layers, const char *told)
{
    rnl_data *data = fixture_data(MOST, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_config *config = config_of(layers, "batch_size: 50, epochs: 4, optimizer: adam");
    rnl_model *model = trained(config, data, 2), *folded = NULL;
    char *report = NULL;
    cr_assert_eq(rnl_model_fold(model, &folded, &report), RNL_OK, "%s", rnl_message());
    cr_expect(strstr(report, told), "%s", report);
    expect_predictor(model, data, 0, 0);
    expect_predictor(model, data, 1, 2e-6f);
    expect_predictor(folded, data, 0, 0);
    rnl_text_free(report);
    rnl_model_free(model);
    rnl_model_free(folded);
    rnl_config_free(config);
    rnl_data_free(data);
}

/* What is left of a projected block keeps its name, and adds its input where that is as wide. */
Test(branches, folded)
{
    check_folded("  - dense: 9\n"
                 "  - batch_normalization\n"
                 "  - concatenate: [[batch_normalization, {dense: 5}, batch_normalization, "
                 "{dropout: 0.1}],\n"
                 "                  {dropout: 0.2}, [{dense: {units: 3, activation: elu}}, "
                 "batch_normalization]]\n"
                 "  - batch_normalization\n",
                 "folded forward into dense_2");
    check_folded(
        "  - residual: {layers: [{dense: 5}, batch_normalization], project: true, name: a}\n"
        "  - residual: {layers: [batch_normalization, {dense: 5}], project: true}\n",
        "folded backward into dense_1");
    check_folded("  - scale\n"
                 "  - dense: {units: 5, use_bias: false}\n"
                 "  - scale\n"
                 "  - activation: tanh\n"
                 "  - scale\n",
                 "scale_1: folded forward into dense_1");
}

static void expect_refused(const char *model, const char *message)
{
    char text[512];
    rnl_config *config = NULL;
    rnl_model *made = NULL;
    rnl_data *data = fixture_data(9, FEATURES, CLASSES, RNL_FLOAT32);
    data->train.rank = 2;
    data->train.shape[0] = 2;
    data->train.shape[1] = FEATURES / 2;
    snprintf(text, sizeof text,
             "model:\n%s  - dense: %d\ntraining: {loss: mean_squared_error, optimizer: sgd}\n",
             model, CLASSES);
    rnl_status status = rnl_config_parse(&config, "test.yaml", text, NULL, 0);
    if (status == RNL_OK)
        status = rnl_model_create(&made, config, data);
    cr_expect_eq(status, RNL_BAD_CONFIG, "%s", model);
    cr_expect(strstr(rnl_message(), message), "%s: %s", model, rnl_message());
    rnl_config_free(config);
    rnl_data_free(data);
}

Test(branches, that_are_refused)
{
    expect_refused(
        "  - concatenate: [[flatten, {dense: 3}], []]\n",
        "test.yaml:2:5: concatenate_1: branch 2 ends with rows of 2 dimensions: expected "
        "plain rows of numbers, as flatten makes them");
    expect_refused("  - flatten\n  - concatenate: [[{dense: 3}]]\n",
                   "test.yaml:3:5: concatenate: expected 2 to 64 branches, got 1");
    expect_refused("  - flatten\n  - concatenate: [[{dens: 3}], []]\n",
                   "test.yaml:3:21: unknown layer 'dens'; did you mean 'dense'?");
    expect_refused(
        "  - flatten\n  - residual: [{dense: 5}]\n",
        "test.yaml:3:5: residual_1: expected its layers to end with the 6 values that they "
        "begin with, got 5; `residual: {layers: [...], project: true}` projects them");
    expect_refused("  - flatten\n  - residual: {layers: [{dense: 5}], projekt: true}\n",
                   "test.yaml:3:38: residual: unknown key 'projekt': expected layers, project or "
                   "name; did you mean 'project'?");
    expect_refused("  - flatten\n  - residual: {layers: [{dense: 5}], project: 3}\n",
                   "test.yaml:3:47: project: expected true or false, got 3");
    expect_refused("  - flatten\n  - residual: {layers: [], project: true}\n",
                   "test.yaml:3:24: residual: expected at least one layer");
    expect_refused(
        "  - residual: {layers: [{flatten: }, {dense: 5}], project: true}\n",
        "projection_1: expected rows of rank 1, got rank 2: put a flatten layer before it");
    expect_refused("  - flatten\n  - projected_residual: [[{dense: 4}], [{dense: 5}]]\n",
                   "test.yaml:3:5: projected_residual_1: expected branches that end with equally "
                   "many values, got 4 of the first and 5 of number 2");
    expect_refused("  - flatten\n  - projection\n",
                   "test.yaml:3:5: projection_1: expected in projected_residual alone");
    expect_refused("  - flatten\n  - concatenate: 3\n",
                   "test.yaml:3:18: branches: expected a list");
}

enum { WIDE = 20, TABLE = 2000 };

/* Mean squared error on rows that were not trained on. */
static double error_of(const char *layers, const rnl_data *data)
{
    rnl_config *config =
        fixture_config("model:\n%s  - dense: 1\n"
                       "training: {loss: mean_squared_error, optimizer: {adam: {learning_rate: "
                       "0.01}}, batch_size: 32, epochs: 60}\n",
                       layers);
    rnl_model *model = fixture_model(config, data);
    cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
    rnl_evaluation *evaluation = NULL;
    cr_assert_eq(rnl_evaluate(model, data, RNL_TEST, NULL, &evaluation), RNL_OK);
    const double error = evaluation->figures[0].value;
    rnl_evaluation_free(evaluation);
    rnl_model_free(model);
    return error;
}

/* A target that is the sum of a line in twenty numbers and a curve in two of them: wide and deep
 * learns it better than either alone. */
Test(branches, wide_and_deep)
{
    static float x[2 * TABLE][WIDE], y[2 * TABLE];
    static const size_t shape[] = {WIDE};
    rnl_data *noise = fixture_data(2 * TABLE, WIDE, 2, RNL_FLOAT32), *data = NULL;
    memcpy(x, noise->train.inputs, sizeof x);
    for (size_t i = 0; i < 2 * TABLE; ++i) {
        y[i] = x[i][0] * x[i][0] + x[i][0] * x[i][1];
        for (size_t j = 0; j < WIDE; ++j)
            y[i] += (j % 2 == 0 ? 1.0f : -0.7f) * x[i][j];
    }
    const rnl_rows train = {.rows = TABLE,
                            .rank = 1,
                            .shape = shape,
                            .floats = x[0],
                            .values = y,
                            .value_columns = 1},
                   test = {.rows = TABLE,
                           .rank = 1,
                           .shape = shape,
                           .floats = x[TABLE],
                           .values = y + TABLE,
                           .value_columns = 1};
    cr_assert_eq(rnl_data_create(&data, &train, NULL, &test), RNL_OK, "%s", rnl_message());
    const double wide = error_of("", data),
                 deep = error_of("  - dense: {units: 16, activation: tanh}\n"
                                 "  - dense: {units: 16, activation: tanh}\n",
                                 data),
                 both = error_of("  - concatenate: [[], [{dense: {units: 16, activation: tanh}},\n"
                                 "                      {dense: {units: 16, activation: tanh}}]]\n",
                                 data);
    printf("mean squared error: wide %.3f, deep %.3f, wide and deep %.3f\n", wide, deep, both);
    cr_expect_lt(both, 0.8 * wide, "%g, %g", both, wide);
    cr_expect_lt(both, 0.8 * deep, "%g, %g", both, deep);
    rnl_data_free(noise);
    rnl_data_free(data);
}

/* What is printed is read again to the same model. */
Test(branches, printed)
{
    char *text = NULL, *again = NULL;
    rnl_config *config = config_of(models[2], "optimizer: sgd"), *second = NULL;
    cr_assert_eq(rnl_config_print(config, &text), RNL_OK);
    cr_assert_eq(rnl_config_parse(&second, "again", text, NULL, 0), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_config_print(second, &again), RNL_OK);
    cr_expect_str_eq(strchr(text, '\n'), strchr(again, '\n'));
    rnl_text_free(text);
    rnl_text_free(again);
    rnl_config_free(config);
    rnl_config_free(second);
}
