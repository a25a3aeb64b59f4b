/*
 * Parts of data: rows of some classes, classes taken together, and a limited number of training
 * rows, in tables, arrays, generated sets and the caller's own rows.
 */
#include "engine/data/dataset.h"
#include "engine/schema/config.h"
#include "tests/fixtures.h"
#include "tests/number_files.h"
#include "tests/scratch.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 60, CLASSES = 5 };

static const char *const names[CLASSES] = {"ant", "bee", "cat", "dog", "eel"};

/* The classes of the rows 0, 1, 2, ... in no order; a row's number is its input. */
static int class_of(size_t row)
{
    return (int)(row * 7 % 11 % CLASSES);
}

static void enter(void)
{
    double inputs[ROWS], classes[ROWS];
    scratch_enter();
    FILE *named = fopen("named.csv", "w"), *numbered = fopen("numbered.csv", "w");
    fputs("x,y\n", named);
    fputs("x,y\n", numbered);
    for (size_t i = 0; i < ROWS; ++i) {
        inputs[i] = (double)i;
        classes[i] = class_of(i);
        fprintf(named, "%zu,%s\n", i, names[class_of(i)]);
        fprintf(numbered, "%zu,%d.0\n", i, class_of(i));
    }
    cr_assert_eq(fclose(named), 0);
    cr_assert_eq(fclose(numbered), 0);
    number_file_npy("x.npy", inputs, ROWS, INT32);
    number_file_npy("y.npy", classes, ROWS, INT32);
    number_file_idx("x.idx", inputs, ROWS, INT32);
    number_file_idx("y.idx", classes, ROWS, INT32);
}

TestSuite(data_parts, .init = enter, .fini = scratch_leave);

#define NAMED    "csv: {path: named.csv, target: y}"
#define NUMBERED "csv: {path: numbered.csv, target: y}"
#define NPY      "npy: {inputs: x.npy, targets: y.npy}"
#define IDX      "idx: {inputs: x.idx, targets: y.idx}"

static const char *const numbered_sources[] = {NUMBERED, NPY, IDX};

static rnl_config *configure(const char *source, const char *rest, int seed)
{
    return fixture_config("data: {train: {%s}, %s}\n"
                          "model: [dense: {units: %d, activation: softmax}]\n"
                          "training: {loss: sparse_categorical_crossentropy, optimizer: sgd,\n"
                          "           seed: %d}\n",
                          source, rest, CLASSES, seed);
}

static rnl_data *load(const char *source, const char *rest, int seed)
{
    rnl_data *data = NULL;
    rnl_config *config = configure(source, rest, seed);
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN | RNL_VALIDATION), RNL_OK, "%s",
                 rnl_message());
    rnl_config_free(config);
    return data;
}

static size_t row_at(const rnl_dataset *set, size_t i)
{
    return (size_t)rnl_element_at(set->element, set->inputs, i);
}

/* The set has the rows of these classes, in order, under the new numbers; -1: left out. */
static void expect_classes(const rnl_dataset *set, const int numbers[CLASSES])
{
    size_t next = 0;
    for (size_t row = 0; row < ROWS; ++row) {
        if (numbers[class_of(row)] < 0)
            continue;
        cr_assert_lt(next, set->rows);
        cr_expect_eq(row_at(set, next), row);
        cr_expect_eq(set->labels[next], numbers[class_of(row)]);
        ++next;
    }
    cr_expect_eq(next, set->rows);
}

/* ---- classes --------------------------------------------------------------------------------- */

static const struct {
    const char *numbered, *named;
    int numbers[CLASSES];
} selections[] = {
    {"classes: {only: [3, 1]}", "classes: {only: [dog, bee]}", {-1, 0, -1, 1, -1}},
    {"classes: {only: 4}", "classes: {only: eel}", {-1, -1, -1, -1, 0}},
    {"classes: {exclude: [0, 3]}", "classes: {exclude: [ant, dog]}", {-1, 0, 1, -1, 2}},
    {"classes: {map: {3: 1, 0: 2}}", "classes: {map: {dog: bee, ant: cat}}", {1, 0, 1, 0, 2}},
    {"classes: {map: {0: 9, 1: 7, 2: 9, 3: 7, 4: 7}}",
     "classes: {map: {ant: z, bee: y, cat: z, dog: y, eel: y}}",
     {1, 0, 1, 0, 0}},
};

Test(data_parts, classes_are_selected_and_numbered_anew)
{
    for (size_t s = 0; s < sizeof selections / sizeof *selections; ++s) {
        rnl_data *data = load(NAMED, selections[s].named, 0);
        expect_classes(&data->train, selections[s].numbers);
        rnl_data_free(data);
        for (size_t k = 0; k < 3; ++k) {
            data = load(numbered_sources[k], selections[s].numbered, 0);
            expect_classes(&data->train, selections[s].numbers);
            rnl_data_free(data);
        }
    }
}

/* A set that lacks rows of a class numbers the others as the training rows do; so do files that a
 * model is evaluated on. */
Test(data_parts, all_parts_are_numbered_alike)
{
    rnl_data *data = NULL;
    rnl_config *config = fixture_config(
        "data: {train: {blobs: {rows: 50, classes: 5}}, test: {blobs: {rows: 3, classes: 5}},\n"
        "       classes: {exclude: 1}}\n"
        "model: [dense: {units: 4, activation: softmax}]\n"
        "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n");
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN | RNL_TEST), RNL_OK, "%s", rnl_message());
    cr_expect_eq(data->train.rows, 40);
    cr_expect_eq(data->test.rows, 2);
    cr_expect_eq(data->test.labels[1], 1, "class 2 is number 1, as in training");
    rnl_data_free(data);
    rnl_config_free(config);

    rnl_data *train = load(NAMED, "classes: {map: {dog: bee, ant: cat}}", 0), *other = NULL;
    rnl_model *model =
        fixture_model(configure(NAMED, "classes: {map: {dog: bee, ant: cat}}", 0), train);
    cr_expect_str_eq(rnl_model_class_name(model, 2), "eel");
    FILE *file = fopen("other.csv", "w");
    fputs("y,x\neel,1\ndog,2\n", file);
    fclose(file);
    cr_assert_eq(rnl_data_read_labelled(&other, model, "other.csv", NULL), RNL_OK, "%s",
                 rnl_message());
    cr_expect_eq(other->test.labels[0], 2);
    cr_expect_eq(other->test.labels[1], 0);
    rnl_data_free(other);
    rnl_data_free(train);
    rnl_model_free(model);
}

static void expect_refused(const char *source, const char *rest, const char *words)
{
    rnl_data *data = NULL;
    rnl_config *config = configure(source, rest, 0);
    cr_expect_neq(rnl_data_load(&data, config, RNL_TRAIN | RNL_VALIDATION), RNL_OK, "%s", rest);
    cr_expect(strstr(rnl_message(), words) != NULL, "'%s' is not in '%s'", words, rnl_message());
    rnl_config_free(config);
}

/* Rows of classes that are left out are no rows that miss something. */
Test(data_parts, dropped_rows_are_those_of_chosen_classes)
{
    static const char gaps[] = "csv: {path: gaps.csv, target: y, missing: drop}";
    FILE *file = fopen("gaps.csv", "w");
    fputs("x,y\n1,ant\n2,bee\n3,bee\n,cat\n,cat\n", file);
    fclose(file);
    static const char *const chosen[] = {"classes: {only: [ant, bee]}", "classes: {exclude: cat}"};
    for (size_t i = 0; i < 2; ++i) {
        rnl_data *data = load(gaps, chosen[i], 0);
        cr_expect_eq(data->train.rows, 3);
        for (size_t k = 0; k < data->notes.count; ++k)
            cr_expect_null(strstr(data->notes.items[k].text, "missing: drop"));
        rnl_data_free(data);
    }
    rnl_data *data = load(gaps, "classes: {map: {ant: bee}}", 0);
    cr_expect_eq(data->train.rows, 3);
    cr_expect_str_eq(data->notes.items[0].text, "gaps.csv: missing: drop leaves out 2 of 5 rows");
    rnl_data_free(data);
    expect_refused(gaps, "classes: {only: [ant, cat]}", "no row of gaps.csv is of class 'cat'");
}

/* Two of several classes are the 0 and 1 of a single output. */
Test(data_parts, two_classes_suit_one_output)
{
    static const char *const sources[] = {NAMED, NUMBERED, NPY, IDX};
    static const char *const only[] = {"[bee, dog]", "[1, 3]", "[1, 3]", "[1, 3]"};
    for (size_t k = 0; k < 4; ++k) {
        rnl_config *config =
            fixture_config("data: {train: {%s}, classes: {only: %s}}\n"
                           "model: [dense: {units: 1, activation: sigmoid}]\n"
                           "training: {loss: binary_crossentropy, optimizer: sgd}\n",
                           sources[k], only[k]);
        rnl_data *data = NULL;
        cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
        expect_classes(&data->train, (const int[]){-1, 0, -1, 1, -1});
        rnl_model *model = fixture_model(config, data);
        cr_expect_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
        rnl_model_free(model);
        rnl_data_free(data);
    }
}

Test(data_parts, selections_that_cannot_be_are_refused)
{
    expect_refused(NPY, "classes: {only: [1, 7]}",
                   "classes: no row of x.npy, y.npy is of class '7'");
    expect_refused(NPY, "classes: {exclude: dog}",
                   "classes: expected class numbers from 0, as only tables have names");
    expect_refused(NPY, "classes: {map: {0: 9, 1: 7}}", "x.npy, y.npy has rows of class ");
    expect_refused(NPY, "classes: {only: [1, 1]}", "classes: the class 1 is named twice");
    expect_refused(NPY, "classes: {exclude: [0, 1, 2, 3, 4]}", "data.classes leaves no row of it");
    expect_refused(NAMED, "classes: {map: {bea: dog}}", "is of class 'bea'; did you mean 'bee'?");
    expect_refused(NAMED, "classes: {only: []}", "classes: expected at least one class");
    expect_refused("regression", "classes: {only: 1}",
                   "classes: expected class numbers in regression, got none");
    rnl_config *config = NULL;
    cr_expect_eq(rnl_config_parse(&config, "t", "data: {classes: {onyl: 1}}", NULL, 0),
                 RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), "did you mean 'only'?") != NULL, "%s", rnl_message());
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void mark(bool marks[ROWS], const rnl_dataset *set)
{
    memset(marks, false, ROWS);
    for (size_t i = 0; i < set->rows; ++i) {
        cr_expect(i == 0 || row_at(set, i) > row_at(set, i - 1), "rows keep their order");
        cr_expect_eq(set->labels[i], class_of(row_at(set, i)));
        marks[row_at(set, i)] = true;
    }
}

static size_t limited(const char *source, const char *rest, int seed, bool marks[ROWS])
{
    rnl_data *data = load(source, rest, seed);
    const size_t rows = data->train.rows;
    mark(marks, &data->train);
    rnl_data_free(data);
    return rows;
}

Test(data_parts, limits_draw_by_the_seed)
{
    bool ten[ROWS], again[ROWS], twenty[ROWS], other[ROWS];
    for (size_t k = 0; k < 3; ++k) {
        cr_expect_eq(limited(numbered_sources[k], "limit: 10", 3, ten), 10);
        cr_expect_eq(limited(numbered_sources[k], "limit: 10", 3, again), 10);
        cr_expect_eq(limited(numbered_sources[k], "limit: 20", 3, twenty), 20);
        cr_expect_eq(limited(numbered_sources[k], "limit: 10", 4, other), 10);
        cr_expect_eq(memcmp(ten, again, ROWS), 0);
        cr_expect_neq(memcmp(ten, other, ROWS), 0);
        for (size_t i = 0; i < ROWS; ++i)
            cr_expect(!ten[i] || twenty[i], "a smaller limit takes some of the same rows");
    }
    cr_expect_eq(limited(NPY, "limit: 1000", 3, ten), ROWS);
}

Test(data_parts, limits_of_a_class)
{
    for (size_t k = 0; k < 3; ++k) {
        rnl_data *data = load(numbered_sources[k], "limit_per_class: 4", 1);
        size_t counts[CLASSES] = {0};
        for (size_t i = 0; i < data->train.rows; ++i)
            ++counts[data->train.labels[i]];
        for (size_t c = 0; c < CLASSES; ++c)
            cr_expect_eq(counts[c], 4);
        rnl_data_free(data);
    }
    expect_refused("regression", "limit_per_class: 1", "data.limit_per_class needs class targets");
    expect_refused(NPY, "limit: 3, limit_per_class: 3",
                   "expected one of data.limit and data.limit_per_class, got two");
}

/* Validation rows are those of a run without a limit. */
Test(data_parts, limits_come_after_the_validation_rows)
{
    rnl_data *all = load(NPY, "validation_split: {random: 0.25}", 2),
             *some = load(NPY, "validation_split: {random: 0.25}, limit: 7", 2);
    cr_expect_eq(some->train.rows, 7);
    cr_assert_eq(some->validation.rows, 15);
    for (size_t i = 0; i < 15; ++i)
        cr_expect_eq(row_at(&some->validation, i), row_at(&all->validation, i));
    for (size_t i = 0; i < 7; ++i)
        for (size_t k = 0; k < 15; ++k)
            cr_expect_neq(row_at(&some->train, i), row_at(&some->validation, k));
    rnl_data_free(all);
    rnl_data_free(some);
}

/* ---- the caller's rows ----------------------------------------------------------------------- */

/* The caller's arrays give the same parts as files, and stay as they are. */
Test(data_parts, rows_of_the_caller_are_treated_alike)
{
    static const char rest[] = "classes: {exclude: [0, 3]}, validation_split: {random: 0.25}, "
                               "limit_per_class: 5";
    float inputs[ROWS];
    int32_t classes[ROWS];
    for (size_t i = 0; i < ROWS; ++i) {
        inputs[i] = (float)i;
        classes[i] = class_of(i);
    }
    const size_t shape[] = {1};
    const rnl_rows rows = {ROWS, 1, shape, .floats = inputs, .classes = classes};
    rnl_config *config = configure(NPY, rest, 5);
    rnl_data *mine = NULL, *files = load(NPY, rest, 5);
    cr_assert_eq(rnl_data_create_for(&mine, config, &rows, NULL, NULL), RNL_OK, "%s",
                 rnl_message());
    const rnl_dataset *const pairs[][2] = {{&mine->train, &files->train},
                                           {&mine->validation, &files->validation}};
    for (size_t p = 0; p < 2; ++p) {
        cr_assert_eq(pairs[p][0]->rows, pairs[p][1]->rows);
        for (size_t i = 0; i < pairs[p][0]->rows; ++i) {
            cr_expect_eq(row_at(pairs[p][0], i), row_at(pairs[p][1], i));
            cr_expect_eq(pairs[p][0]->labels[i], pairs[p][1]->labels[i]);
        }
    }
    for (size_t i = 0; i < ROWS; ++i)
        cr_expect_eq(classes[i], class_of(i), "the caller's array is not written to");
    cr_expect_eq(rnl_data_create_for(&mine, config, &rows, &rows, NULL), RNL_BAD_CONFIG);
    rnl_data_free(mine);
    rnl_data_free(files);
    rnl_config_free(config);
}

/* Under a loss of numbers class numbers are the numbers, as of a file, and may be scaled. */
Test(data_parts, class_numbers_are_values_where_the_loss_asks_for_them)
{
    float inputs[4] = {1, 2, 3, 4};
    int32_t classes[4] = {1, 2, 3, 1 << 24};
    const size_t shape[] = {1};
    const rnl_rows rows = {4, 1, shape, .floats = inputs, .classes = classes};
    for (int odd = 0; odd < 2; ++odd) {
        rnl_config *config = fixture_config(
            "data: {target_scaling: standardize, validation_split: 0.25}\n"
            "model: [dense: {units: 1}]\ntraining: {loss: mse, optimizer: sgd, epochs: 1}\n");
        rnl_data *data = NULL;
        classes[3] += odd;
        cr_assert_eq(rnl_data_create_for(&data, config, &rows, NULL, NULL), RNL_OK, "%s",
                     rnl_message());
        cr_expect_null(data->train.labels);
        cr_expect_eq(data->validation.wide, odd == 1, "float holds 2^24, but not one more");
        for (size_t i = 0; i < 3; ++i)
            cr_expect_eq(rnl_dataset_value(&data->train, i), (double)classes[i]);
        cr_expect_eq(rnl_dataset_value(&data->validation, 0), (double)classes[3]);
        rnl_model *model = NULL;
        cr_assert_eq(rnl_model_create(&model, config, data), RNL_OK, "%s", rnl_message());
        cr_expect_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
        rnl_model_free(model);
        rnl_data_free(data);
        rnl_config_free(config);
    }
}
