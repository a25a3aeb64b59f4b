/*
 * What is told and refused of target values: far from 0 and 1, out of reach of the last activation,
 * the inputs themselves, classes; and made houses, which are learned.
 */
#include "engine/schema/config.h"
#include "engine/training/target_scale.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- refused --------------------------------------------------------------------------------- */

static void expect_refused(const char *loss, const char *model, const char *source,
                           const char *words)
{
    rnl_config *config =
        fixture_config("data: {train: {%s}, target_scaling: standardize}\nmodel: [%s]\n"
                       "training: {loss: %s, optimizer: adam}",
                       source, model, loss);
    rnl_data *data = NULL;
    rnl_model *model_made = NULL;
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
    cr_expect_eq(rnl_model_create(&model_made, config, data), RNL_BAD_CONFIG);
    cr_expect_not_null(strstr(rnl_message(), words), "%s", rnl_message());
    cr_expect_not_null(strstr(rnl_message(), "test.yaml:1:"), "%s", rnl_message());
    rnl_data_free(data);
    rnl_config_free(config);
}

Test(target_scale, classes_are_not_scaled)
{
    expect_refused("sparse_categorical_crossentropy", "dense: {units: 3, activation: softmax}",
                   "spirals", "under loss sparse_categorical_crossentropy");
    expect_refused("categorical_crossentropy", "dense: {units: 3, activation: softmax}", "spirals",
                   "under loss categorical_crossentropy");
    expect_refused("binary_crossentropy", "dense: {units: 1, activation: sigmoid}",
                   "spirals: {classes: 2}", "under loss binary_crossentropy");
    expect_refused("mean_squared_error", "dense: {units: 1}", "spirals",
                   "the class numbers of spirals");
}

/* ---- warnings -------------------------------------------------------------------------------- */

typedef struct told {
    char scale[RNL_TARGET_TEXT], reach[RNL_TARGET_TEXT]; /* "" for nothing */
} told;

static told listen(rnl_config *config, const rnl_data *data)
{
    told t;
    rnl_model *model = fixture_model(config, data);
    if (!rnl_target_scale_is_odd(model, &data->train, t.scale))
        *t.scale = '\0';
    if (!rnl_targets_are_out_of_reach(model, &data->train, t.reach))
        *t.reach = '\0';
    rnl_model_free(model);
    return t;
}

/* What is told of these targets under an activation of the last layer. */
static told tell(const float *values, size_t rows, const char *activation,
                 const char *target_scaling)
{
    static const float inputs[10] = {1, -1, 1, -1, 1, -1, 1, -1, 1, -1};
    const size_t shape = 1;
    const rnl_rows train = {.rows = rows,
                            .rank = 1,
                            .shape = &shape,
                            .floats = inputs,
                            .values = values,
                            .value_columns = 1};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &train, NULL, NULL), RNL_OK, "%s", rnl_message());
    const told t = listen(fixture_config("data: {target_scaling: %s}\n"
                                         "model: [dense: {units: 4, activation: relu}, "
                                         "dense: {units: 1, activation: %s}]\n"
                                         "training: {loss: mean_squared_error, optimizer: adam}",
                                         target_scaling, activation),
                          data);
    rnl_data_free(data);
    return t;
}

static void expect_words(const char *text, const char *words)
{
    cr_expect(*words ? strstr(text, words) != NULL : !*text, "'%s' is not in '%s'", words, text);
}

Test(target_scale, targets_far_from_0_and_1_are_told)
{
    const struct {
        float values[4];
        const char *words;
    } cases[] = {
        {{200000, 210000, 190000, 240000},
         "target number 0 has mean 2.1e+05 and standard "
         "deviation 1.87e+04"},
        {{-20, -22, -18, -20}, "mean -20"},
        {{-50, 50, -50, 50}, "standard deviation 50"},
        {{5, 5.01f, 4.99f, 5}, "mean 5 and standard deviation 0.00707"},
        {{5, 5, 5, 5}, ""},
        {{0, 1, 0, 1}, ""},
        {{9, 3, 5, 8}, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        expect_words(tell(cases[i].values, 4, "linear", "none").scale, cases[i].words);
        expect_words(tell(cases[i].values, 4, "linear", "standardize").scale, "");
    }
    expect_words(tell(cases[0].values, 4, "linear", "none").scale,
                 "see data.target_scaling: standardize");
    static const float same[10] = {1.5f, 1.5f, 1.5f, 1.5f, 1.5f, 1.5f, 1.5f, 1.5f, 1.5f, 1.5f};
    static const char *const scalings[] = {"none", "standardize"};
    for (size_t i = 0; i < 2; ++i)
        expect_words(tell(same, 10, "linear", scalings[i]).scale,
                     "target number 0 is 1.5 in every row: there is nothing to learn");
}

/* Autoencoders of images have pixels that are always 0 or nearly so: one that varies is enough. */
Test(target_scale, one_target_that_varies_is_enough)
{
    static const float inputs[2] = {1, -1}, values[4] = {0.5f, 0, -0.5f, 0.001f};
    const size_t shape = 1;
    const rnl_rows train = {.rows = 2,
                            .rank = 1,
                            .shape = &shape,
                            .floats = inputs,
                            .values = values,
                            .value_columns = 2};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &train, NULL, NULL), RNL_OK);
    const told t = listen(fixture_config("model: [dense: {units: 2}]\n"
                                         "training: {loss: huber, optimizer: adam}"),
                          data);
    expect_words(t.scale, "");
    expect_words(t.reach, "");
    rnl_data_free(data);
}

Test(target_scale, targets_out_of_reach_are_told)
{
    static const float below[] = {-1, -2, 3, -4}, positive[] = {0, 1, 2, 3},
                       shares[] = {0, 1, 0, 1}, signs[] = {-1, 1, -1, 1}, low[] = {-0.2f, 1, 2, 3};
    const struct {
        const float *values;
        const char *activation, *scaling, *words;
    } cases[] = {
        {below, "relu", "none",
         "dense_2: activation relu gives numbers from 0 up, and 75 % of the targets lie elsewhere"},
        {below, "linear", "none", ""},
        {below, "leaky_relu", "none", ""},
        {below, "{leaky_relu: {negative_slope: 0}}", "none", "75 %"},
        {below, "softplus", "none", "numbers from 0 up"},
        {below, "exponential", "none", "numbers from 0 up"},
        {below, "sigmoid", "none", "numbers from 0 to 1, and 100 %"},
        {below, "hard_sigmoid", "none", "numbers from 0 to 1, and 100 %"},
        {below, "tanh", "none", "numbers from -1 to 1, and 75 %"},
        {below, "softsign", "none", "numbers from -1 to 1, and 75 %"},
        {below, "elu", "none", "numbers from -1 up, and 50 %"},
        {below, "{elu: {alpha: 3}}", "none", "numbers from -3 up, and 25 %"},
        {below, "selu", "none", "numbers from -1.758 up, and 50 %"},
        {below, "swish", "none", "numbers from -0.2785 up, and 75 %"},
        {below, "gelu", "none", "numbers from -0.17 up, and 75 %"},
        {below, "mish", "none", "numbers from -0.3088 up, and 75 %"},
        {low, "swish", "none", ""},
        {low, "gelu", "none", "25 %"},
        {positive, "relu", "none", ""},
        {positive, "relu", "standardize", "50 % of the targets, standardized, lie elsewhere"},
        {shares, "sigmoid", "none", ""},
        {shares, "sigmoid", "standardize", "50 % of the targets, standardized"},
        {shares, "tanh", "standardize", ""},
        {signs, "tanh", "none", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i)
        expect_words(tell(cases[i].values, 4, cases[i].activation, cases[i].scaling).reach,
                     cases[i].words);
}

Test(target_scale, an_activation_of_its_own_counts_too)
{
    static const float inputs[2] = {1, -1}, values[2] = {-1, 1};
    const size_t shape = 1;
    const rnl_rows train = {.rows = 2,
                            .rank = 1,
                            .shape = &shape,
                            .floats = inputs,
                            .values = values,
                            .value_columns = 1};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &train, NULL, NULL), RNL_OK);
    const told t = listen(fixture_config("model: [dense: {units: 1}, activation: relu]\n"
                                         "training: {loss: mean_absolute_error, optimizer: adam}"),
                          data);
    expect_words(t.reach, "activation relu gives numbers from 0 up, and 50 %");
    rnl_data_free(data);
}

/* ---- autoencoders ---------------------------------------------------------------------------- */

static void expect_autoencoder(const char *scaling, const char *target_scaling, const char *words)
{
    static char path[] = "/tmp/rnl_test_images_XXXXXX";
    static const unsigned char images[] = {0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 2, 0, 1, 1, 0, 2, 2};
    const int descriptor = mkstemp(strcpy(path, "/tmp/rnl_test_images_XXXXXX"));
    cr_assert_eq(write(descriptor, images, sizeof images), (ssize_t)sizeof images);
    close(descriptor);
    rnl_config *config =
        fixture_config("data: {train: {idx: {inputs: %s, targets: %s}}, scaling: %s, "
                       "target_scaling: %s}\n"
                       "model: [dense: {units: 2}]\n"
                       "training: {loss: mean_squared_error, optimizer: adam}",
                       path, path, scaling, target_scaling);
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
    expect_words(listen(config, data).scale, words);
    rnl_data_free(data);
    unlink(path);
}

Test(target_scale, targets_that_are_the_inputs_are_told)
{
    expect_autoencoder("range", "none", "data.target_scaling: standardize");
    expect_autoencoder("standardize", "none", "the targets are the inputs as they came");
    expect_autoencoder("standardize", "standardize", "");
    expect_autoencoder("none", "none", "");
}

Test(target_scale, arrays_that_are_both_are_told)
{
    static const float both[4] = {1, -1, 0.5f, 0.3f};
    const size_t shape = 2;
    const rnl_rows train = {
        .rows = 2, .rank = 1, .shape = &shape, .floats = both, .values = both, .value_columns = 2};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &train, NULL, NULL), RNL_OK);
    const told t = listen(fixture_config("data: {scaling: range}\nmodel: [dense: {units: 2}]\n"
                                         "training: {loss: mean_squared_error, optimizer: adam}"),
                          data);
    expect_words(t.scale, "the targets are the inputs as they came");
    rnl_data_free(data);
}

/* ---- houses ---------------------------------------------------------------------------------- */

enum { HOUSES = 2000 };
static char houses[] = "/tmp/rnl_test_houses_XXXXXX.csv";

/* Areas of about 90 square metres with deviation 40, four towns, 40000 + 1900 for each metre. */
static void write_houses(void)
{
    FILE *file = fdopen(mkstemps(houses, 4), "w");
    uint32_t word = 1;
    fprintf(file, "town,area,price\n");
    for (size_t i = 0; i < HOUSES; ++i) {
        double area = 90 - 6 * 40;
        for (int k = 0; k < 12; ++k)
            area += 40 * (double)((word = word * 1664525 + 1013904223) >> 8) / (1 << 24);
        fprintf(file, "%s,%.1f,%.0f\n", (const char *[]){"Aix", "Bonn", "Kiel", "Ulm"}[word >> 30],
                area, 40000 + 1900 * area);
    }
    cr_assert_eq(fclose(file), 0);
}

typedef struct course {
    double r2, mae; /* of the validation rows */
    bool warned;
} course;

static int keep_figures(const rnl_progress *progress, void *user)
{
    course *c = user;
    for (size_t i = 0; i < progress->figure_count; ++i)
        if (strcmp(progress->figures[i].name, "val_r2_score") == 0)
            c->r2 = progress->figures[i].value;
        else if (strcmp(progress->figures[i].name, "val_mae") == 0)
            c->mae = progress->figures[i].value;
    return 0;
}

static void keep_warning(rnl_log_level level, const char *text, void *user)
{
    course *c = user;
    c->warned |= level == RNL_LOG_WARNING && strstr(text, "target 'price'") &&
                 strstr(text, "data.target_scaling: standardize");
}

static course learn_houses(const char *optimizer, const char *target_scaling, rnl_status expected)
{
    course c = {NAN, NAN, false};
    rnl_config *config = fixture_config(
        "data: {train: {csv: {path: %s, target: price, categorical: [town], missing: fill}}, "
        "validation_split: 0.2, scaling: standardize, target_scaling: %s}\n"
        "model: [dense: {units: 64, activation: elu, kernel_initializer: he_normal}, "
        "dense: {units: 1}]\n"
        "training: {loss: mean_squared_error, metrics: [mae, r2_score], optimizer: %s, epochs: 50}",
        houses, target_scaling, optimizer);
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN | RNL_VALIDATION), RNL_OK, "%s",
                 rnl_message());
    rnl_model *model = fixture_model(config, data);
    const rnl_options options = {
        .threads = 1, .on_epoch = keep_figures, .on_log = keep_warning, .user = &c};
    const rnl_status status = rnl_train(model, data, &options);
    cr_expect(status == expected, "%s: %s", optimizer, rnl_message());
    rnl_model_free(model);
    rnl_data_free(data);
    return c;
}

Test(target_scale, houses_are_learned)
{
    static const char *const optimizers[] = {"momentum", "nesterov", "adam"};
    write_houses();
    for (size_t i = 0; i < sizeof optimizers / sizeof *optimizers; ++i) {
        const course c = learn_houses(optimizers[i], "standardize", RNL_OK);
        cr_expect_gt(c.r2, 0.95, "%s", optimizers[i]);
        cr_expect(c.mae > 10 && c.mae < 10000, "%s: %g", optimizers[i], c.mae);
        cr_expect(!c.warned);
    }
    const course plain = learn_houses("adam", "none", RNL_OK);
    cr_expect(plain.warned);
    cr_expect_lt(plain.r2, 0);
    unlink(houses);
}

/* ---- presets --------------------------------------------------------------------------------- */

static void expect_preset(const char *preset, const char *model, const char *loss,
                          const char *printed)
{
    char *text = NULL;
    rnl_config *config =
        fixture_config("preset: %s\ndata: {train: regression}\nmodel: [dense: {units: 9}, %s]\n"
                       "training: {loss: %s}",
                       preset, model, loss);
    cr_assert_eq(rnl_config_print_origins(config, &text), RNL_OK);
    cr_expect_not_null(strstr(text, printed), "%s", text);
    rnl_text_free(text);
    rnl_config_free(config);
}

Test(target_scale, presets_standardize_numbers)
{
    static const char *const presets[] = {"default_dnn", "self_normalizing"};
    for (size_t i = 0; i < 2; ++i) {
        expect_preset(presets[i], "dense: {units: 1}", "mean_squared_error",
                      "target_scaling: standardize");
        expect_preset(presets[i], "dense: {units: 1, activation: linear}", "{huber: {delta: 2}}",
                      "target_scaling: standardize");
        expect_preset(presets[i], "dense: {units: 1, activation: sigmoid}", "mean_squared_error",
                      "target_scaling: none");
        expect_preset(presets[i], "dense: {units: 3, activation: softmax}",
                      "sparse_categorical_crossentropy", "target_scaling: none");
        expect_preset(presets[i], "dense: {units: 1, activation: sigmoid}", "binary_crossentropy",
                      "target_scaling: none");
    }
}

/* A preset leaves class numbers as they are, through the model's file, too. */
Test(target_scale, presets_leave_classes_alone)
{
    static char path[] = "/tmp/rnl_test_model_XXXXXX";
    close(mkstemp(path));
    rnl_config *config = fixture_config(
        "preset: default_dnn\ndata: {train: spirals, test: spirals}\n"
        "model: [dense: {units: 9}, dense: {units: 1}]\n"
        "training: {loss: mean_squared_error, schedule: {one_cycle: {max_rate: 0.01}}}");
    rnl_data *data = NULL;
    rnl_model *loaded = NULL;
    rnl_evaluation *evaluation = NULL;
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN | RNL_TEST), RNL_OK);
    rnl_model *model = fixture_model(config, data);
    cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_model_save(model, path), RNL_OK);
    cr_assert_eq(rnl_model_load(&loaded, path, NULL, 0), RNL_OK, "%s", rnl_message());
    cr_expect_eq(rnl_evaluate(loaded, data, RNL_TEST, NULL, &evaluation), RNL_OK, "%s",
                 rnl_message());
    rnl_evaluation_free(evaluation);
    rnl_model_free(loaded);
    rnl_model_free(model);
    rnl_data_free(data);
    unlink(path);
}
