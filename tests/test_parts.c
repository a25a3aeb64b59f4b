/*
 * The parts of the data: training, validation and test rows, splits and folds.
 */
#include "engine/data/formats.h"
#include "engine/schema/config.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static rnl_choice choose_spirals(rnl_spirals_parameters *parameters)
{
    return (rnl_choice){.kind = rnl_kind_find(&rnl_data_formats, "spirals"),
                        .parameters = parameters,
                        .place = {"run.yaml", 3, 5, RNL_FROM_FILE}};
}

static rnl_choice choose_blobs(rnl_blobs_parameters *parameters)
{
    return (rnl_choice){.kind = rnl_kind_find(&rnl_data_formats, "blobs"),
                        .parameters = parameters,
                        .place = {"run.yaml", 6, 5, RNL_FROM_FILE}};
}

static rnl_choice choose_last(double *share)
{
    return (rnl_choice){.kind = rnl_kind_find(&rnl_validation_splits, "last"),
                        .parameters = share,
                        .place = {"run.yaml", 9, 5, RNL_FROM_FILE}};
}

static rnl_choice choose_folds(int64_t *folds)
{
    return (rnl_choice){.kind = rnl_kind_find(&rnl_fold_rules, "random"),
                        .parameters = folds,
                        .place = {"run.yaml", 9, 5, RNL_FROM_FILE}};
}

static double tenth = 0.1, half = 0.5;
static int64_t one = 1, five = 5, seven = 7, too_many = 101;
static rnl_spirals_parameters hundred = {.rows = 100, .classes = 3, .noise = 0.1, .turns = 1};
static rnl_spirals_parameters ten = {.rows = 10, .classes = 3, .noise = 0.1, .turns = 1, .seed = 1};

Test(parts, split_takes_the_last_rows)
{
    const rnl_config config = {
        .data = {.train = choose_spirals(&hundred), .validation_split = choose_last(&tenth)},
        .training.seed = 42,
    };
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_load(&data, &config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
    cr_expect_eq(rnl_data_rows(data, RNL_TRAIN), 90);
    cr_expect_eq(rnl_data_rows(data, RNL_VALIDATION), 0);
    rnl_data_free(data);
    cr_assert_eq(rnl_data_load(&data, &config, RNL_VALIDATION), RNL_OK, "%s", rnl_message());
    cr_expect_eq(rnl_data_rows(data, RNL_TRAIN), 0);
    cr_expect_eq(rnl_data_rows(data, RNL_VALIDATION), 10);
    rnl_data_free(data);
    cr_assert_eq(rnl_data_load(&data, &config, RNL_TRAIN | RNL_VALIDATION), RNL_OK);
    rnl_dataset whole = fixture_spirals(hundred, 42);
    cr_expect_arr_eq(data->train.inputs, whole.inputs, 90 * 2 * sizeof(float));
    cr_expect_arr_eq(data->train.labels, whole.labels, 90 * sizeof(int32_t));
    cr_expect_arr_eq(data->validation.inputs, (const float *)whole.inputs + 90 * 2,
                     10 * 2 * sizeof(float));
    cr_expect_arr_eq(data->validation.labels, whole.labels + 90, 10 * sizeof(int32_t));
    cr_expect_eq(data->validation.largest_label, 2);
    cr_expect_eq(data->validation.shape[0], 2);
    rnl_dataset_release(&whole);
    rnl_data_free(data);
}

static void expect_split(int64_t rows, double share, size_t train, size_t validation)
{
    rnl_spirals_parameters parameters = hundred;
    parameters.rows = rows;
    const rnl_config config = {
        .data = {.train = choose_spirals(&parameters), .validation_split = choose_last(&share)}};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_load(&data, &config, RNL_TRAIN | RNL_VALIDATION), RNL_OK);
    cr_expect_eq(rnl_data_rows(data, RNL_TRAIN), train);
    cr_expect_eq(rnl_data_rows(data, RNL_VALIDATION), validation);
    rnl_data_free(data);
}

/* As Keras, which trains on floor(rows * (1 - share)); 1 - 0.9 and 0.07 are not exact. */
Test(parts, split_rounds_the_share_up)
{
    expect_split(94, 0.1, 84, 10);
    expect_split(101, 0.2, 80, 21);
    expect_split(7, 0.5, 3, 4);
    expect_split(90, 0.3, 63, 27);
    expect_split(100, 0.9, 10, 90);
    expect_split(100, 0.07, 93, 7);
}

Test(parts, split_leaves_a_row_on_either_side)
{
    expect_split(60, 0.1, 54, 6);
    expect_split(10, 0.01, 9, 1);
    expect_split(10, 0.99, 1, 9);
    expect_split(2, 0.5, 1, 1);
    rnl_spirals_parameters parameters = hundred;
    parameters.rows = 1;
    const rnl_config config = {
        .data = {.train = choose_spirals(&parameters), .validation_split = choose_last(&half)}};
    rnl_data *data = NULL;
    cr_expect_eq(rnl_data_load(&data, &config, RNL_TRAIN), RNL_BAD_DATA);
    cr_expect_null(data);
}

/* Four rows of one byte. */
static rnl_status load_bytes(rnl_dataset *dataset, const void *parameters,
                             const rnl_loading *loading)
{
    (void)parameters, (void)loading;
    *dataset = (rnl_dataset){.rows = 4, .features = 1, .rank = 1, .shape = {1}};
    dataset->inputs = memcpy(malloc(4), (const uint8_t[]){10, 20, 30, 40}, 4);
    dataset->labels = memcpy(malloc(4 * sizeof(int32_t)), (const int32_t[]){3, 0, 7, 1}, 16);
    dataset->sample_weights = memcpy(malloc(4 * sizeof(float)), (const float[]){1, 0, 2, 0.5f}, 16);
    dataset->name = strdup("bytes");
    return RNL_OK;
}

/* Every row is held out once, with its label; the others are trained on in their order. */
Test(parts, folds_hold_out_each_row_once)
{
    rnl_dataset whole = fixture_spirals(hundred, 42);
    const float(*points)[2] = whole.inputs;
    size_t held_out[100] = {0}, moved = 0;
    for (int64_t fold = 1; fold <= 7; ++fold) {
        const rnl_config config = {
            .data = {.train = choose_spirals(&hundred),
                     .folds = choose_folds(&seven),
                     .fold = fold},
            .training.seed = 42,
        };
        rnl_data *data = NULL;
        cr_assert_eq(rnl_data_load(&data, &config, RNL_TRAIN | RNL_VALIDATION), RNL_OK, "%s",
                     rnl_message());
        const size_t count = rnl_data_rows(data, RNL_VALIDATION);
        cr_expect(count == 14 || count == 15);
        cr_assert_eq(rnl_data_rows(data, RNL_TRAIN), 100 - count);
        size_t next_held_out = 0, next = 0;
        for (size_t i = 0; i < 100; ++i) {
            const rnl_dataset *part = &data->validation;
            size_t *at = &next_held_out;
            if (next_held_out == count ||
                memcmp((const float(*)[2])part->inputs + next_held_out, points[i], 8) != 0) {
                part = &data->train;
                at = &next;
            } else {
                ++held_out[i];
                moved += i / 15 != (size_t)fold - 1;
            }
            cr_assert_arr_eq((const float(*)[2])part->inputs + *at, points[i], 8);
            cr_expect_eq(part->labels[(*at)++], whole.labels[i]);
        }
        rnl_data_free(data);
    }
    for (size_t i = 0; i < 100; ++i)
        cr_expect_eq(held_out[i], 1, "row %zu: %zu times", i, held_out[i]);
    cr_expect_gt(moved, 50, "they are drawn at random");
    rnl_dataset_release(&whole);
}

Test(parts, split_measures_labels_anew)
{
    static const rnl_data_format format = {.load = load_bytes};
    static const rnl_kind kind = {.name = "bytes", .operations = &format};
    const rnl_config config = {
        .data = {.train.kind = &kind, .validation_split = choose_last(&half)}};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_load(&data, &config, RNL_TRAIN | RNL_VALIDATION), RNL_OK);
    cr_expect_eq(data->train.largest_label, 3);
    cr_expect_eq(data->validation.largest_label, 7);
    const uint8_t expected[] = {30, 40};
    cr_expect_arr_eq(data->validation.inputs, expected, 2);
    cr_expect_arr_eq(data->train.sample_weights, ((const float[]){1, 0}), 8);
    cr_expect_arr_eq(data->validation.sample_weights, ((const float[]){2, 0.5f}), 8);
    rnl_data_free(data);
}

Test(parts, only_what_is_asked_for)
{
    rnl_array_files absent = {.inputs = "missing/inputs", .targets = "missing/targets"};
    const rnl_config config = {
        .data = {.train = {.kind = rnl_kind_find(&rnl_data_formats, "idx"), .parameters = &absent},
                 .validation = choose_spirals(&hundred),
                 .test = choose_spirals(&ten)}};
    rnl_data *data = NULL;
    cr_expect_eq(rnl_data_load(&data, &config, RNL_TRAIN), RNL_BAD_DATA);
    cr_expect_null(data);
    cr_assert_eq(rnl_data_load(&data, &config, RNL_TEST), RNL_OK, "%s", rnl_message());
    cr_expect_eq(rnl_data_rows(data, RNL_TRAIN), 0);
    cr_expect_eq(rnl_data_rows(data, RNL_VALIDATION), 0);
    cr_expect_eq(rnl_data_rows(data, RNL_TEST), 10);
    cr_expect_eq(data->train.largest_label, -1);
    rnl_data_free(data);
    cr_assert_eq(rnl_data_load(&data, &config, RNL_TEST | RNL_VALIDATION), RNL_OK);
    cr_expect_eq(rnl_data_rows(data, RNL_VALIDATION), 100);
    rnl_data_free(data);
}

Test(parts, mistakes)
{
    rnl_data *data = NULL;
    const rnl_config both = {.data = {.train = choose_spirals(&hundred),
                                      .validation = choose_spirals(&ten),
                                      .validation_split = choose_last(&tenth)}};
    cr_expect_eq(rnl_data_load(&data, &both, RNL_TRAIN), RNL_BAD_CONFIG);
    cr_expect_not_null(strstr(rnl_message(), "run.yaml:3:5"), "%s", rnl_message());
    cr_expect_not_null(strstr(rnl_message(), "validation_split"), "%s", rnl_message());

    const struct {
        rnl_data_config data;
        const char *message;
    } folds[] = {
        {{.folds = choose_folds(&five), .fold = 1, .validation_split = choose_last(&tenth)},
         "data.folds, got two"},
        {{.folds = choose_folds(&one), .fold = 1}, "data.folds: expected 0 or at least 2, got 1"},
        {{.folds = choose_folds(&five), .fold = 6},
         "data.fold: expected one of the 5 folds, got 6"},
        {{.folds = choose_folds(&too_many), .fold = 1},
         "data.folds: expected at most one for each of the 100 rows"},
    };
    for (size_t i = 0; i < sizeof folds / sizeof *folds; ++i) {
        rnl_config config = {.data = folds[i].data};
        config.data.train = choose_spirals(&hundred);
        cr_expect_eq(rnl_data_load(&data, &config, RNL_TRAIN), RNL_BAD_CONFIG);
        cr_expect_not_null(strstr(rnl_message(), folds[i].message), "%s", rnl_message());
    }

    /* A model may have been trained so; only a training is refused. */
    const rnl_config no_folds = {.data = {.train = choose_spirals(&hundred), .fold = 2}};
    cr_expect_eq(rnl_data_load(&data, &no_folds, RNL_TRAIN), RNL_OK);
    rnl_data_free(data);
    data = NULL;

    const rnl_config nothing = {.data.test = choose_spirals(&ten)};
    cr_expect_eq(rnl_data_load(&data, &nothing, RNL_TRAIN), RNL_BAD_CONFIG);
    cr_expect_not_null(strstr(rnl_message(), "data.train"), "%s", rnl_message());

    const rnl_config share = {.data.validation_split = choose_last(&tenth)};
    cr_expect_eq(rnl_data_load(&data, &share, RNL_VALIDATION), RNL_BAD_CONFIG);
    cr_expect_not_null(strstr(rnl_message(), "data.validation_split"), "%s", rnl_message());
    cr_expect_null(data);
}

Test(parts, rows_must_agree_in_shape)
{
    rnl_blobs_parameters wide = {.rows = 10, .classes = 3, .features = 7, .spread = 0.1};
    const rnl_config test = {
        .data = {.train = choose_spirals(&hundred), .test = choose_blobs(&wide)}};
    rnl_data *data = NULL;
    cr_expect_eq(rnl_data_load(&data, &test, RNL_TRAIN | RNL_TEST), RNL_BAD_DATA);
    cr_expect_str_eq(rnl_message(), "blobs: expected rows of 2, as spirals has, got rows of 7");
    const rnl_config validation = {
        .data = {.train = choose_spirals(&hundred), .validation = choose_blobs(&wide)}};
    cr_expect_eq(rnl_data_load(&data, &validation, RNL_TRAIN | RNL_VALIDATION), RNL_BAD_DATA);
    const rnl_config no_train = {
        .data = {.validation = choose_spirals(&hundred), .test = choose_blobs(&wide)}};
    cr_expect_eq(rnl_data_load(&data, &no_train, RNL_TEST | RNL_VALIDATION), RNL_BAD_DATA);
    cr_expect_null(data);
}
