/*
 * Generated sets, the parts of the data, scaling, and the order of rows.
 */
#include "engine/config/config.h"
#include "engine/data/formats.h"
#include "engine/data/row_order.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- generated sets ------------------------------------------------------------------------ */

static rnl_dataset make_spirals(rnl_spirals_parameters parameters, uint64_t seed)
{
    rnl_dataset dataset;
    cr_assert_eq(rnl_spirals_format.load(&dataset, &parameters, &(const rnl_loading){.seed = seed}),
                 RNL_OK);
    return dataset;
}

static bool same_inputs(const rnl_dataset *a, const rnl_dataset *b)
{
    return a->rows == b->rows && a->features == b->features &&
           memcmp(a->inputs, b->inputs, a->rows * a->features * sizeof(float)) == 0;
}

Test(spirals, depend_on_both_seeds)
{
    const rnl_spirals_parameters first = {.rows = 50, .classes = 3, .noise = 0.1, .turns = 1};
    rnl_spirals_parameters second = first;
    second.seed = 1;
    rnl_dataset a = make_spirals(first, 42), b = make_spirals(first, 42);
    rnl_dataset c = make_spirals(first, 43), d = make_spirals(second, 42);
    cr_expect(same_inputs(&a, &b));
    cr_expect_not(same_inputs(&a, &c));
    cr_expect_not(same_inputs(&a, &d));
    rnl_dataset_release(&a);
    rnl_dataset_release(&b);
    rnl_dataset_release(&c);
    rnl_dataset_release(&d);
}

Test(spirals, points_lie_on_the_arm_of_their_class)
{
    enum { ROWS = 1000, CLASSES = 5 };
    const double turns = 1.5;
    rnl_dataset dataset =
        make_spirals((rnl_spirals_parameters){.rows = ROWS, .classes = CLASSES, .turns = turns}, 7);
    cr_expect_eq(dataset.largest_label, CLASSES - 1);
    double mean = 0;
    for (size_t i = 0; i < ROWS; i++) {
        cr_assert_eq(dataset.labels[i], (int32_t)(i % CLASSES));
        const double x = (double)((const float *)dataset.inputs)[2 * i];
        const double y = (double)((const float *)dataset.inputs)[2 * i + 1];
        const double r = hypot(x, y);
        const double angle = 2 * M_PI * (turns * r + dataset.labels[i] / (double)CLASSES);
        cr_assert_leq(r, 1 + 1e-6);
        cr_assert_float_eq(x, r * cos(angle), 1e-5);
        cr_assert_float_eq(y, r * sin(angle), 1e-5);
        mean += r / ROWS;
    }
    cr_expect_float_eq(mean, 0.5, 5 * sqrt(1.0 / 12 / ROWS));
    rnl_dataset_release(&dataset);
}

Test(spirals, noise_has_its_deviation)
{
    enum { ROWS = 20000 };
    rnl_spirals_parameters parameters = {.rows = ROWS, .classes = 4, .turns = 2};
    rnl_dataset clean = make_spirals(parameters, 7);
    parameters.noise = 0.3;
    rnl_dataset noisy = make_spirals(parameters, 7);
    double sum = 0, squares = 0;
    for (size_t i = 0; i < 2 * ROWS; i++) {
        const double distance =
            (double)((const float *)noisy.inputs)[i] - (double)((const float *)clean.inputs)[i];
        sum += distance;
        squares += distance * distance;
    }
    const double deviation = 0.3 / (2 * 4);
    cr_expect_float_eq(sum / (2 * ROWS), 0, 5 * deviation / sqrt(2 * ROWS));
    cr_expect_float_eq(sqrt(squares / (2 * ROWS)) / deviation, 1, 5 / sqrt(4 * ROWS));
    rnl_dataset_release(&clean);
    rnl_dataset_release(&noisy);
}

static void blob_means(double *means, const rnl_dataset *dataset, size_t classes)
{
    for (size_t i = 0; i < dataset->rows; i++)
        for (size_t j = 0; j < dataset->features; j++)
            means[(size_t)dataset->labels[i] * dataset->features + j] +=
                (double)((const float *)dataset->inputs)[i * dataset->features + j] *
                (double)classes / (double)dataset->rows;
}

Test(blobs, sets_share_their_centres)
{
    enum { ROWS = 3000, CLASSES = 3, FEATURES = 4 };
    rnl_blobs_parameters parameters = {
        .rows = ROWS, .classes = CLASSES, .features = FEATURES, .spread = 0.2};
    rnl_dataset a, b;
    cr_assert_eq(rnl_blobs_format.load(&a, &parameters, &(const rnl_loading){.seed = 5}), RNL_OK);
    parameters.seed = 9;
    cr_assert_eq(rnl_blobs_format.load(&b, &parameters, &(const rnl_loading){.seed = 5}), RNL_OK);
    cr_expect_not(same_inputs(&a, &b));
    double means[2][CLASSES * FEATURES] = {0}, between = 0;
    blob_means(means[0], &a, CLASSES);
    blob_means(means[1], &b, CLASSES);
    for (size_t i = 0; i < CLASSES * FEATURES; i++) {
        cr_expect_float_eq(means[0][i], means[1][i], 5 * 0.2 * sqrt(2.0 * CLASSES / ROWS));
        between += fabs(means[0][i] - means[0][(i + FEATURES) % (CLASSES * FEATURES)]);
    }
    cr_expect_gt(between / (CLASSES * FEATURES), 0.3);
    rnl_dataset_release(&a);
    rnl_dataset_release(&b);
}

/* ---- parts --------------------------------------------------------------------------------- */

static const rnl_kind *find_kind(const rnl_kind_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->kinds[i].name, name) == 0)
            return &table->kinds[i];
    return NULL;
}

static rnl_choice choose_spirals(rnl_spirals_parameters *parameters)
{
    return (rnl_choice){
        find_kind(&rnl_data_formats, "spirals"), parameters, {"run.yaml", 3, 5, RNL_FROM_FILE}};
}

static rnl_choice choose_blobs(rnl_blobs_parameters *parameters)
{
    return (rnl_choice){
        find_kind(&rnl_data_formats, "blobs"), parameters, {"run.yaml", 6, 5, RNL_FROM_FILE}};
}

static rnl_choice choose_last(double *share)
{
    return (rnl_choice){
        find_kind(&rnl_validation_splits, "last"), share, {"run.yaml", 9, 5, RNL_FROM_FILE}};
}

static rnl_choice choose_folds(int64_t *folds)
{
    return (rnl_choice){
        find_kind(&rnl_fold_rules, "random"), folds, {"run.yaml", 9, 5, RNL_FROM_FILE}};
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
    rnl_dataset whole = make_spirals(hundred, 42);
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
    rnl_dataset whole = make_spirals(hundred, 42);
    const float(*points)[2] = whole.inputs;
    size_t held_out[100] = {0}, moved = 0;
    for (int64_t fold = 1; fold <= 7; fold++) {
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
        for (size_t i = 0; i < 100; i++) {
            const rnl_dataset *part = &data->validation;
            size_t *at = &next_held_out;
            if (next_held_out == count ||
                memcmp((const float(*)[2])part->inputs + next_held_out, points[i], 8) != 0) {
                part = &data->train;
                at = &next;
            } else {
                held_out[i]++;
                moved += i / 15 != (size_t)fold - 1;
            }
            cr_assert_arr_eq((const float(*)[2])part->inputs + *at, points[i], 8);
            cr_expect_eq(part->labels[(*at)++], whole.labels[i]);
        }
        rnl_data_free(data);
    }
    for (size_t i = 0; i < 100; i++)
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
        .data = {.train = {.kind = find_kind(&rnl_data_formats, "idx"), .parameters = &absent},
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
    for (size_t i = 0; i < sizeof folds / sizeof *folds; i++) {
        rnl_config config = {.data = folds[i].data};
        config.data.train = choose_spirals(&hundred);
        cr_expect_eq(rnl_data_load(&data, &config, RNL_TRAIN), RNL_BAD_CONFIG);
        cr_expect_not_null(strstr(rnl_message(), folds[i].message), "%s", rnl_message());
    }

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

/* ---- scaling ------------------------------------------------------------------------------- */

static rnl_scaler measure(const char *scaling, void *parameters, const rnl_dataset *train)
{
    const rnl_choice choice = {
        find_kind(&rnl_scalings, scaling), parameters, {"run.yaml", 9, 3, RNL_FROM_FILE}};
    rnl_scaler scaler;
    const rnl_numbers inputs = rnl_dataset_inputs(train);
    cr_assert_eq(rnl_scaler_create(&scaler, &choice, &inputs, NULL), RNL_OK, "%s", rnl_message());
    cr_assert_eq(scaler.features, train->features);
    return scaler;
}

static void expect_scaler(rnl_scaler scaler, const double *centre, const double *scale,
                          double offset)
{
    for (size_t j = 0; j < scaler.features; j++) {
        cr_expect_eq(scaler.centre[j], centre[j], "centre %zu: %g", j, scaler.centre[j]);
        cr_expect_eq(scaler.scale[j], scale[j], "scale %zu: %g", j, scaler.scale[j]);
        cr_expect_eq(scaler.offset[j], offset, "offset %zu: %g", j, scaler.offset[j]);
    }
    rnl_scaler_release(&scaler);
}

static uint8_t pixels[] = {50, 100, 200, 150, 60, 110};
static const rnl_dataset pixel_rows = {
    .rows = 3, .features = 2, .rank = 1, .shape = {2}, .element = RNL_UINT8, .inputs = pixels};

static float reals[] = {-2, 0.1f, 1, 0.1f, 2, 0.1f, 3, 0.1f};
static const rnl_dataset real_rows = {
    .rows = 4, .features = 2, .rank = 1, .shape = {2}, .element = RNL_FLOAT32, .inputs = reals};

Test(scaling, none_leaves_inputs_alone)
{
    expect_scaler(measure("none", NULL, &pixel_rows), (double[]){0, 0}, (double[]){1, 1}, 0);
}

Test(scaling, range_spans_all_inputs)
{
    double unit[] = {0, 1}, wide[] = {-1, 2};
    expect_scaler(measure("range", unit, &pixel_rows), (double[]){50, 50},
                  (double[]){1.0 / 150, 1.0 / 150}, 0);
    /* -2 .. 3 becomes -1 .. 2 */
    expect_scaler(measure("range", wide, &real_rows), (double[]){-2, -2},
                  (double[]){3.0 / 5, 3.0 / 5}, -1);
}

Test(scaling, range_of_a_constant_is_its_minimum)
{
    double wide[] = {-1, 2};
    uint8_t constant[] = {9, 9, 9, 9};
    const rnl_dataset rows = {
        .rows = 2, .features = 2, .rank = 1, .shape = {2}, .inputs = constant};
    expect_scaler(measure("range", wide, &rows), (double[]){9, 9}, (double[]){0, 0}, -1);
}

Test(scaling, empty_range_is_refused)
{
    double empty[] = {1, 1};
    const rnl_choice choice = {
        find_kind(&rnl_scalings, "range"), empty, {"run.yaml", 9, 3, RNL_FROM_FILE}};
    rnl_scaler scaler;
    const rnl_numbers inputs = rnl_dataset_inputs(&pixel_rows);
    cr_expect_eq(rnl_scaler_create(&scaler, &choice, &inputs, NULL), RNL_BAD_CONFIG);
    cr_expect_not_null(strstr(rnl_message(), "run.yaml:9:3"), "%s", rnl_message());
}

Test(scaling, standardize_is_per_feature)
{
    /* -2 1 2 3: mean 1, variance (9 + 0 + 1 + 4) / 4; the constant feature keeps its scale */
    const double deviation = sqrt(3.5);
    expect_scaler(measure("standardize", NULL, &real_rows), (double[]){1, (double)0.1f},
                  (double[]){1 / deviation, 1}, 0);
}

Test(scaling, standardized_bytes_have_mean_0_and_deviation_1)
{
    enum { ROWS = 777, FEATURES = 3 };
    uint8_t *bytes = malloc(ROWS * FEATURES);
    for (size_t i = 0; i < ROWS * FEATURES; i++)
        bytes[i] = (uint8_t)(i * i % 251 / (1 + i % FEATURES));
    const rnl_dataset rows = {
        .rows = ROWS, .features = FEATURES, .rank = 1, .shape = {FEATURES}, .inputs = bytes};
    rnl_scaler scaler = measure("standardize", NULL, &rows);
    for (size_t j = 0; j < FEATURES; j++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < ROWS; i++) {
            const double x = (bytes[i * FEATURES + j] - scaler.centre[j]) * scaler.scale[j];
            sum += x;
            squares += x * x;
        }
        cr_expect_float_eq(sum / ROWS, 0, 1e-12);
        cr_expect_float_eq(squares / ROWS, 1, 1e-12);
    }
    rnl_scaler_release(&scaler);
    free(bytes);
}

/* ---- order of rows ------------------------------------------------------------------------- */

Test(row_order, without_shuffling_as_they_come)
{
    uint32_t order[100];
    rnl_row_order(order, 100, 42, 3, false);
    for (uint32_t i = 0; i < 100; i++)
        cr_assert_eq(order[i], i);
}

Test(row_order, is_a_permutation)
{
    static const size_t sizes[] = {0, 1, 2, 3, 1000, 60001};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        uint32_t *order = malloc((sizes[s] + 1) * sizeof *order);
        bool *seen = calloc(sizes[s] + 1, sizeof *seen);
        order[sizes[s]] = 0xdeadbeef;
        rnl_row_order(order, sizes[s], 42, 0, true);
        for (size_t i = 0; i < sizes[s]; i++) {
            cr_assert_lt(order[i], sizes[s]);
            cr_assert_not(seen[order[i]]);
            seen[order[i]] = true;
        }
        cr_assert_eq(order[sizes[s]], 0xdeadbeef);
        free(order);
        free(seen);
    }
}

Test(row_order, depends_on_seed_and_epoch)
{
    enum { ROWS = 500 };
    uint32_t first[ROWS], again[ROWS], epoch[ROWS], seed[ROWS], high[ROWS];
    rnl_row_order(first, ROWS, 42, 0, true);
    rnl_row_order(again, ROWS, 42, 0, true);
    rnl_row_order(epoch, ROWS, 42, 1, true);
    rnl_row_order(seed, ROWS, 43, 0, true);
    rnl_row_order(high, ROWS, 42 + (1ull << 32), 0, true);
    cr_expect_arr_eq(first, again, sizeof first);
    cr_expect_arr_neq(first, epoch, sizeof first);
    cr_expect_arr_neq(first, seed, sizeof first);
    cr_expect_arr_neq(first, high, sizeof first);
}

/* Chi-square over where each row lands: (ROWS - 1)^2 degrees of freedom, a fixed seed. */
Test(row_order, is_uniform)
{
    enum { ROWS = 16, EPOCHS = 16000 };
    static unsigned counts[ROWS][ROWS];
    for (uint32_t epoch = 0; epoch < EPOCHS; epoch++) {
        uint32_t order[ROWS];
        rnl_row_order(order, ROWS, 1, epoch, true);
        for (size_t i = 0; i < ROWS; i++)
            counts[i][order[i]]++;
    }
    const double expected = (double)EPOCHS / ROWS, freedom = (ROWS - 1) * (ROWS - 1);
    double chi = 0;
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < ROWS; j++)
            chi += (counts[i][j] - expected) * (counts[i][j] - expected) / expected;
    cr_expect_float_eq(chi, freedom, 5 * sqrt(2 * freedom), "chi square %g", chi);
}

/* ---- the caller's own arrays --------------------------------------------------------------- */

Test(arrays, are_borrowed)
{
    static const float x[] = {1, 2, 3, 4, 5, 6};
    static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6};
    static const int32_t classes[] = {2, 0, 1};
    static const size_t shape[] = {2, 1};
    const rnl_rows train = {3, 2, shape, .floats = x, .classes = classes};
    const rnl_rows test = {3, 2, shape, .bytes = bytes, .values = x, .value_columns = 2};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &train, NULL, &test), RNL_OK, "%s", rnl_message());
    cr_expect_eq(rnl_data_rows(data, RNL_TRAIN), 3);
    cr_expect_eq(rnl_data_rows(data, RNL_VALIDATION), 0);
    cr_expect_eq(data->train.inputs, x);
    cr_expect_eq(data->train.features, 2);
    cr_expect_eq(data->train.largest_label, 2);
    cr_expect_eq(data->test.element, RNL_UINT8);
    cr_expect_eq(data->test.values, x);
    rnl_data_free(data);
}

static void expect_rows_refused(const rnl_rows *train, const rnl_rows *test, const char *words)
{
    rnl_data *data = NULL;
    cr_expect_eq(rnl_data_create(&data, train, NULL, test), RNL_BAD_DATA, "%s", words);
    cr_expect_null(data);
    cr_expect(strstr(rnl_message(), words) != NULL, "%s", rnl_message());
}

Test(arrays, that_do_not_fit_are_refused)
{
    static const float x[6];
    static const uint8_t bytes[6];
    static const int32_t negative[] = {0, -1};
    static const size_t two[] = {2}, three[] = {3}, zero[] = {0};
    const rnl_rows good = {2, 1, two, .floats = x};
    expect_rows_refused(&(const rnl_rows){2, 1, two, .value_columns = 0}, NULL,
                        "either floats or bytes");
    expect_rows_refused(&(const rnl_rows){2, 1, two, .floats = x, .bytes = bytes}, NULL,
                        "either floats or bytes");
    expect_rows_refused(&(const rnl_rows){2, 1, zero, .floats = x}, NULL, "dimensions of at least");
    expect_rows_refused(&(const rnl_rows){2, 0, two, .floats = x}, NULL, "1 to 8 dimensions");
    expect_rows_refused(&(const rnl_rows){2, 1, two, .floats = x, .classes = negative}, NULL,
                        "training rows: row 1: expected a class number from 0, got -1");
    static const float weights[] = {1, -0.5f}, nans[] = {NAN, 1}, infinite[] = {0, INFINITY};
    expect_rows_refused(&(const rnl_rows){2, 1, two, .floats = x, .sample_weights = weights}, NULL,
                        "training rows: row 1: expected a finite sample weight of at least 0, got "
                        "-0.5");
    expect_rows_refused(&(const rnl_rows){2, 1, two, .floats = x, .sample_weights = nans}, NULL,
                        "row 0: expected a finite sample weight of at least 0, got nan");
    expect_rows_refused(&(const rnl_rows){2, 1, two, .floats = x, .sample_weights = infinite}, NULL,
                        "row 1: expected a finite sample weight of at least 0, got inf");
    expect_rows_refused(&good, &(const rnl_rows){2, 1, three, .floats = x},
                        "test rows: expected rows of 2, as training rows has, got rows of 3");
}

/* ---- memory -------------------------------------------------------------------------------- */

Test(memory, what_does_not_fit_is_refused_with_its_size)
{
    rnl_dataset dataset;
    const rnl_blobs_parameters large = {
        .rows = UINT32_MAX, .classes = 2, .features = 1 << 16, .spread = 1};
    cr_expect_eq(rnl_blobs_format.load(&dataset, &large, &(const rnl_loading){0}), RNL_NO_MEMORY);
    cr_expect(strstr(rnl_message(), "blobs: needs 1125899.9 GB of memory") != NULL, "%s",
              rnl_message());
}

Test(generated, regression_is_linear_with_noise)
{
    const rnl_regression_parameters quiet = {.rows = 500, .features = 3, .targets = 2};
    rnl_regression_parameters noisy = quiet;
    noisy.noise = 0.5;
    rnl_dataset a, b;
    const rnl_loading loading = {.seed = 3, .target = RNL_TARGET_VALUES};
    cr_assert_eq(rnl_regression_format.load(&a, &quiet, &loading), RNL_OK);
    cr_assert_eq(rnl_regression_format.load(&b, &noisy, &loading), RNL_OK);
    cr_expect_arr_eq(a.inputs, b.inputs, 500 * 3 * sizeof(float));
    const float *x = a.inputs;
    double squares = 0;
    for (size_t i = 0; i < 500; ++i)
        for (size_t k = 0; k < 2; ++k) {
            const double error = (double)b.values[2 * i + k] - (double)a.values[2 * i + k];
            squares += error * error / 1000;
        }
    cr_expect_float_eq(sqrt(squares), 0.5, 0.05);
    /* Linear: the fourth row's target follows from three others by Cramer's rule. */
    double m[3][4];
    for (size_t i = 0; i < 3; ++i)
        for (size_t j = 0; j < 4; ++j)
            m[i][j] = j < 3 ? (double)x[3 * i + j] : (double)a.values[2 * i];
    for (size_t p = 0; p < 3; ++p)
        for (size_t i = 0; i < 3; ++i)
            for (size_t j = 4; i != p && j-- > p;)
                m[i][j] -= m[i][p] / m[p][p] * m[p][j];
    double expected = 0;
    for (size_t j = 0; j < 3; ++j)
        expected += m[j][3] / m[j][j] * (double)x[9 + j];
    cr_expect_float_eq((double)a.values[6], expected, 1e-4);
    rnl_dataset_release(&a);
    rnl_dataset_release(&b);
}
