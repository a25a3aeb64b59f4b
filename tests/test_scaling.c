/*
 * Scaling of inputs and targets: in double, whatever the file, with all figures but the loss in the
 * units of the targets.
 */
#include "engine/kinds/scaling.h"
#include "engine/storage/safetensors.h"
#include "tests/fixtures.h"
#include "tests/number_files.h"
#include "tests/scratch.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 400 };
static const double large = 1700000000;

static const char inputs_path[] = "inputs", targets_path[] = "targets",
                  model_path[] = "model.safetensors";

TestSuite(scaling, .init = scratch_enter, .fini = scratch_leave);

/* ---- files ----------------------------------------------------------------------------------- */

static void write_csv(const double *inputs, const double *targets)
{
    FILE *file = fopen(inputs_path, "w");
    fprintf(file, "t,y\n");
    for (size_t i = 0; i < ROWS; ++i)
        fprintf(file, "%.17g,%.17g\n", inputs[i], targets[i]);
    cr_assert_eq(fclose(file), 0);
}

/* ---- training -------------------------------------------------------------------------------- */

#define REST                                                                                       \
    "model: [dense: {units: 8, activation: tanh}, dense: {units: 1}]\n"                            \
    "training: {loss: mean_squared_error, metrics: [mae, mse, root_mean_squared_error, "           \
    "r2_score, mape], optimizer: {adam: "                                                          \
    "{learning_rate: 0.02}}, epochs: 20}"

static char csv_source[128], npy_source[192], idx_source[192];

static void name_sources(void)
{
    snprintf(csv_source, sizeof csv_source, "csv: {path: %s, target: y}", inputs_path);
    snprintf(npy_source, sizeof npy_source, "npy: {inputs: %s, targets: %s}", inputs_path,
             targets_path);
    snprintf(idx_source, sizeof idx_source, "idx: {inputs: %s, targets: %s}", inputs_path,
             targets_path);
}

static rnl_config *configure(const char *source, const char *scaling, const char *target_scaling)
{
    return fixture_config("data: {train: {%s}, test: {%s}, scaling: %s, target_scaling: %s}\n" REST,
                          source, source, scaling, target_scaling);
}

typedef struct trained {
    rnl_data *data;
    rnl_model *model;
} trained;

static trained train_on(rnl_config *config, rnl_data *data)
{
    trained t = {data, fixture_model(config, data)};
    cr_assert_eq(rnl_train(t.model, data, NULL), RNL_OK, "%s", rnl_message());
    return t;
}

static trained train(const char *source, const char *scaling, const char *target_scaling)
{
    rnl_data *data = NULL;
    rnl_config *config = configure(source, scaling, target_scaling);
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN | RNL_TEST), RNL_OK, "%s", rnl_message());
    return train_on(config, data);
}

static void release(trained t)
{
    rnl_model_free(t.model);
    rnl_data_free(t.data);
}

static uint64_t hash_and_release(trained t)
{
    const uint64_t hash = fixture_hash(t.model);
    release(t);
    return hash;
}

static double figure(trained t, const char *name)
{
    rnl_evaluation *evaluation = NULL;
    cr_assert_eq(rnl_evaluate(t.model, t.data, RNL_TEST, NULL, &evaluation), RNL_OK, "%s",
                 rnl_message());
    double value = NAN;
    for (size_t i = 0; i < evaluation->figure_count; ++i)
        if (strcmp(evaluation->figures[i].name, name) == 0)
            value = evaluation->figures[i].value;
    rnl_evaluation_free(evaluation);
    return value;
}

static rnl_prediction *predict(trained t)
{
    rnl_prediction *prediction = NULL;
    cr_assert_eq(rnl_predict(t.model, t.data, RNL_TEST, NULL, &prediction), RNL_OK, "%s",
                 rnl_message());
    return prediction;
}

static double near[ROWS], far[ROWS], slope[ROWS];

static void fill(void)
{
    name_sources();
    for (size_t i = 0; i < ROWS; ++i) {
        near[i] = (double)i;
        far[i] = large + (double)i;
        slope[i] = (double)i / 128;
    }
}

static uint64_t of_csv(const double *inputs, const double *targets, const char *target_scaling)
{
    write_csv(inputs, targets);
    return hash_and_release(train(csv_source, "standardize", target_scaling));
}

static uint64_t of_npy(const double *inputs, const double *targets, number_kind kind,
                       const char *target_scaling)
{
    number_file_npy(inputs_path, inputs, ROWS, kind);
    number_file_npy(targets_path, targets, ROWS, FLOAT64);
    return hash_and_release(train(npy_source, "standardize", target_scaling));
}

static uint64_t of_idx(const double *inputs, const double *targets, number_kind kind)
{
    number_file_idx(inputs_path, inputs, ROWS, kind);
    number_file_idx(targets_path, targets, ROWS, FLOAT64);
    return hash_and_release(train(idx_source, "standardize", "none"));
}

/* ---- inputs ---------------------------------------------------------------------------------- */

/* The same weights, bit for bit, as where the numbers are small. */
Test(scaling, files_with_large_numbers_lose_no_digits)
{
    fill();
    const uint64_t expected = of_csv(near, slope, "none");
    cr_expect_eq(of_csv(far, slope, "none"), expected);
    cr_expect_eq(of_npy(near, slope, FLOAT64, "none"), expected);
    cr_expect_eq(of_npy(far, slope, FLOAT64, "none"), expected);
    cr_expect_eq(of_npy(far, slope, INT64, "none"), expected);
    cr_expect_eq(of_npy(far, slope, INT32, "none"), expected);
    cr_expect_eq(of_idx(far, slope, FLOAT64), expected);
    cr_expect_eq(of_idx(far, slope, INT32), expected);
}

Test(scaling, arrays_of_a_caller_lose_no_digits)
{
    static float small[ROWS], larger[ROWS], targets[ROWS];
    const size_t shape = 1;
    uint64_t hashes[2];
    fill();
    for (size_t i = 0; i < ROWS; ++i) {
        small[i] = (float)i;
        larger[i] = 16000000 + (float)i;
        targets[i] = (float)slope[i];
    }
    for (size_t k = 0; k < 2; ++k) {
        const rnl_rows rows = {.rows = ROWS,
                               .rank = 1,
                               .shape = &shape,
                               .floats = k == 0 ? small : larger,
                               .values = targets,
                               .value_columns = 1};
        rnl_data *data = NULL;
        cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK);
        hashes[k] =
            hash_and_release(train_on(fixture_config("data: {scaling: standardize}\n" REST), data));
    }
    cr_expect_eq(hashes[0], hashes[1]);
}

/* Two rows a minute apart, among 400 seconds of 2023, are told apart by a model from its file. */
Test(scaling, prediction_loses_no_digits)
{
    fill();
    write_csv(far, slope);
    trained t = train(csv_source, "standardize", "none");
    cr_expect_gt(figure(t, "r2_score"), 0.99);
    cr_assert_eq(rnl_model_save(t.model, model_path), RNL_OK);
    release(t);
    cr_assert_eq(rnl_model_load(&t.model, model_path, NULL, 0), RNL_OK, "%s", rnl_message());
    number_file_npy(inputs_path, far, ROWS, FLOAT64);
    cr_assert_eq(rename(inputs_path, targets_path), 0);
    char renamed[80];
    snprintf(renamed, sizeof renamed, "%s.npy", targets_path);
    cr_assert_eq(rename(targets_path, renamed), 0);
    cr_assert_eq(rnl_data_read(&t.data, t.model, renamed), RNL_OK, "%s", rnl_message());
    rnl_prediction *prediction = predict(t);
    cr_expect_gt(prediction->values[260] - prediction->values[200], 0.3f);
    rnl_prediction_free(prediction);
    release(t);
    unlink(renamed);
}

/* What float holds is kept as float, and what is not scaled. */
Test(scaling, doubles_are_kept_where_they_say_more)
{
    const struct {
        const double *inputs;
        const char *scaling;
        rnl_element element;
    } cases[] = {{near, "standardize", RNL_FLOAT32},
                 {far, "standardize", RNL_FLOAT64},
                 {far, "none", RNL_FLOAT32}};
    fill();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        rnl_data *data = NULL;
        rnl_config *config = configure(csv_source, cases[i].scaling, "none");
        write_csv(cases[i].inputs, slope);
        cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK);
        cr_expect_eq(data->train.element, cases[i].element, "%zu", i);
        rnl_data_free(data);
        rnl_config_free(config);
    }
}

/* As version 1 of the format had it: scale and offset alone, as floats. */
static void write_version_1(void)
{
    static const float scale = 0.5f, offset = -3;
    const size_t one = 1;
    rnl_safetensors file;
    rnl_metadata metadata[16];
    rnl_tensor tensors[16];
    size_t texts = 0, count = 0;
    cr_assert_eq(rnl_safetensors_read(&file, model_path), RNL_OK, "%s", rnl_message());
    for (size_t i = 0; i < file.metadata_count; ++i)
        if (strcmp(file.metadata[i].key, "format_version") == 0)
            metadata[texts++] = (rnl_metadata){"format_version", "1"};
        else if (strcmp(file.metadata[i].key, "digest") != 0)
            metadata[texts++] = file.metadata[i];
    for (size_t i = 0; i < file.tensor_count; ++i)
        if (strncmp(file.tensors[i].name, "scaling.", 8) != 0)
            tensors[count++] = file.tensors[i];
    tensors[count++] =
        (rnl_tensor){.name = "scaling.scale", .rank = 1, .shape = {one}, .values = &scale};
    tensors[count++] =
        (rnl_tensor){.name = "scaling.offset", .rank = 1, .shape = {one}, .values = &offset};
    cr_assert_eq(rnl_safetensors_write(model_path, metadata, texts, tensors, count), RNL_OK, "%s",
                 rnl_message());
    rnl_safetensors_release(&file);
}

Test(scaling, models_of_the_format_before_are_read)
{
    fill();
    write_csv(near, slope);
    trained t = train(csv_source, "standardize", "none");
    rnl_model *old = NULL;
    cr_assert_eq(rnl_model_save_ended(t.model, model_path), RNL_OK);
    write_version_1();
    cr_assert_eq(rnl_model_load(&old, model_path, NULL, 0), RNL_OK, "%s", rnl_message());
    cr_expect_eq(rnl_scaler_apply(&old->scaler, 0, 10), 2);
    cr_expect_eq(fixture_hash(old), fixture_hash(t.model));
    rnl_model_free(old);
    release(t);
}

/* ---- targets --------------------------------------------------------------------------------- */

Test(scaling, targets_with_large_numbers_lose_no_digits)
{
    fill();
    const uint64_t expected = of_csv(near, near, "standardize");
    cr_expect_eq(of_csv(near, far, "standardize"), expected);
    cr_expect_eq(of_npy(near, near, FLOAT64, "standardize"), expected);
    cr_expect_eq(of_npy(near, far, FLOAT64, "standardize"), expected);
}

/* Rows whose targets are 40000 + 300 i + a wave. */
static double price(size_t i)
{
    return 40000 + 300 * (double)i + 5000 * sin((double)i / 20);
}

static double prices[ROWS];

static void fill_prices(void)
{
    fill();
    for (size_t i = 0; i < ROWS; ++i)
        prices[i] = price(i);
    write_csv(near, prices);
}

static void measure_prices(double *mean, double *deviation)
{
    *mean = *deviation = 0;
    for (size_t i = 0; i < ROWS; ++i)
        *mean += prices[i] / ROWS;
    for (size_t i = 0; i < ROWS; ++i)
        *deviation += (prices[i] - *mean) * (prices[i] - *mean) / ROWS;
    *deviation = sqrt(*deviation);
}

/* Scaled by hand: the same weights and loss; predictions and metrics in the units of the targets.
 */
Test(scaling, targets_are_learned_scaled_and_told_in_their_units)
{
    static double by_hand[ROWS];
    double mean, deviation, mae = 0, mse = 0;
    fill_prices();
    trained scaled = train(csv_source, "standardize", "standardize");
    measure_prices(&mean, &deviation);
    for (size_t i = 0; i < ROWS; ++i)
        by_hand[i] = (prices[i] - mean) / deviation;
    write_csv(near, by_hand);
    trained plain = train(csv_source, "standardize", "none");
    double percent = 0;
    rnl_prediction *expected = predict(plain), *got = predict(scaled);
    cr_expect_null(expected->exact_values);
    cr_assert_not_null(got->exact_values);
    for (size_t i = 0; i < ROWS; ++i) {
        const double value = (double)expected->values[i] * deviation + mean;
        cr_expect_float_eq(got->exact_values[i], value, 1e-4 * deviation);
        cr_expect_eq(got->values[i], (float)got->exact_values[i]);
        mae += fabs(got->exact_values[i] - prices[i]) / ROWS;
        percent += 100 * fabs(got->exact_values[i] / prices[i] - 1) / ROWS;
        mse += (got->exact_values[i] - prices[i]) * (got->exact_values[i] - prices[i]) / ROWS;
    }
    cr_expect_float_eq(figure(scaled, "loss"), figure(plain, "loss"), 1e-5);
    cr_expect_float_eq(figure(scaled, "mae"), mae, 1e-9 * mae);
    cr_expect_float_eq(figure(scaled, "mse"), mse, 1e-9 * mse);
    cr_expect_float_eq(figure(scaled, "root_mean_squared_error"), sqrt(mse), 1e-9 * sqrt(mse));
    cr_expect_float_eq(figure(scaled, "mape"), percent, 1e-9 * percent);
    cr_expect_float_eq(figure(scaled, "r2_score"), 1 - mse / (deviation * deviation), 1e-9);
    cr_expect_float_eq(figure(scaled, "r2_score"), figure(plain, "r2_score"), 1e-4);
    rnl_prediction_free(expected);
    rnl_prediction_free(got);
    release(scaled);
    release(plain);
}

/* The file keeps mean and deviation: evaluation, prediction and Monte Carlo's means are the same.
 */
Test(scaling, models_keep_the_scaling_of_targets)
{
    fill_prices();
    trained t = train(csv_source, "standardize", "standardize");
    cr_assert_eq(rnl_model_save(t.model, model_path), RNL_OK);
    trained loaded = {t.data, NULL};
    cr_assert_eq(rnl_model_load(&loaded.model, model_path, NULL, 0), RNL_OK, "%s", rnl_message());
    rnl_model *folded = NULL;
    char *report = NULL;
    cr_assert_eq(rnl_model_fold(t.model, &folded, &report), RNL_OK, "%s", rnl_message());
    rnl_text_free(report);
    rnl_prediction *one = predict(t), *two = predict(loaded);
    rnl_prediction *three = predict((trained){t.data, folded}), *drawn = NULL;
    cr_assert_eq(rnl_predict_monte_carlo(loaded.model, t.data, RNL_TEST, 3, NULL, &drawn), RNL_OK);
    for (size_t i = 0; i < ROWS; ++i) {
        cr_expect_eq(one->exact_values[i], two->exact_values[i]);
        cr_expect_eq(one->exact_values[i], three->exact_values[i]);
        cr_expect_float_eq(drawn->exact_values[i], one->exact_values[i], 1e-3);
        cr_expect_eq(drawn->deviations[i], 0);
    }
    cr_expect_eq(figure(t, "mae"), figure(loaded, "mae"));
    rnl_prediction_free(one);
    rnl_prediction_free(two);
    rnl_prediction_free(three);
    rnl_prediction_free(drawn);
    rnl_model_free(loaded.model);
    rnl_model_free(folded);
    release(t);
}

/* The deviation over passes with dropout is in the units of the targets, too. */
Test(scaling, deviations_are_in_the_units_of_the_targets)
{
    double mean, deviation, small = 0, large_one = 0;
    fill_prices();
    measure_prices(&mean, &deviation);
    for (int k = 0; k < 2; ++k) {
        for (size_t i = 0; i < ROWS; ++i)
            prices[i] = k == 0 ? (price(i) - mean) / deviation : price(i);
        write_csv(near, prices);
        rnl_config *config = fixture_config(
            "data: {train: {%s}, test: {%s}, scaling: standardize, target_scaling: standardize}\n"
            "model: [dense: {units: 8, activation: tanh}, dropout: 0.5, dense: {units: 1}]\n"
            "training: {loss: mean_squared_error, optimizer: adam, epochs: 2}",
            csv_source, csv_source);
        rnl_data *data = NULL;
        rnl_prediction *drawn = NULL;
        cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN | RNL_TEST), RNL_OK);
        trained t = train_on(config, data);
        cr_assert_eq(rnl_predict_monte_carlo(t.model, data, RNL_TEST, 20, NULL, &drawn), RNL_OK);
        *(k == 0 ? &small : &large_one) = (double)drawn->deviations[7];
        rnl_prediction_free(drawn);
        release(t);
    }
    cr_expect_gt(small, 0.01);
    cr_expect_float_eq(large_one / deviation, small, 1e-3 * small);
}
