/*
 * Validation rows drawn at random or by class: which rows go where, that targets and weights stay
 * with their rows, and that the seed and the rows alone decide.
 */
#include "engine/data/dataset.h"
#include "engine/schema/config.h"
#include "tests/fixtures.h"
#include "tests/scratch.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 120 };

/* A row's number is its input and, halved, its weight; the classes a, b and c come one after the
 * other, 60, 48 and 12 times. */
static void enter(void)
{
    scratch_enter();
    FILE *file = fopen("t.csv", "w");
    fputs("x,w,y,v\n", file);
    for (int i = 0; i < ROWS; ++i)
        fprintf(file, "%d,%g,%c,%d\n", i, i / 2.0, i < 60 ? 'a' : i < 108 ? 'b' : 'c', 1000 - i);
    cr_assert_eq(fclose(file), 0);
}

TestSuite(splits, .init = enter, .fini = scratch_leave);

#define CLASSES                                                                                    \
    "model: [dense: {units: 3, activation: softmax}]\n"                                            \
    "training: {loss: sparse_categorical_crossentropy, optimizer: sgd, seed: %d}\n"
#define VALUES                                                                                     \
    "model: [dense: {units: 1}]\n"                                                                 \
    "training: {loss: mean_squared_error, optimizer: sgd, seed: %d}\n"

static rnl_config *table(const char *split, int seed)
{
    char text[1024];
    snprintf(text, sizeof text,
             "data: {train: {csv: {path: t.csv, target: y, categorical: y, features: x, "
             "sample_weight: w}}, %s}\n" CLASSES,
             split, seed);
    return fixture_config("%s", text);
}

/* The validation part of the row, from 1 in its order; 0 where it is trained on. */
typedef struct places {
    size_t count, validation[ROWS];
} places;

static size_t row_of(const rnl_dataset *part, size_t i)
{
    return (size_t)((const float *)part->inputs)[i];
}

/* Every row is in one part, both are in order, and each row has its own class and weight. */
static places look(const rnl_data *data)
{
    const rnl_dataset *const parts[] = {&data->train, &data->validation};
    places found = {.count = data->validation.rows};
    size_t seen[ROWS] = {0};
    for (size_t p = 0; p < 2; ++p)
        for (size_t i = 0; i < parts[p]->rows; ++i) {
            const size_t row = row_of(parts[p], i);
            cr_assert_lt(row, ROWS);
            cr_expect(i == 0 || row > row_of(parts[p], i - 1));
            cr_expect_eq(parts[p]->labels[i], row < 60 ? 0 : row < 108 ? 1 : 2);
            cr_expect_eq(parts[p]->sample_weights[i], (float)row / 2);
            ++seen[row];
            found.validation[row] = p == 1 ? i + 1 : 0;
        }
    for (size_t i = 0; i < ROWS; ++i)
        cr_expect_eq(seen[i], 1);
    return found;
}

static places split(const char *how, int seed)
{
    rnl_config *config = table(how, seed);
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN | RNL_VALIDATION), RNL_OK, "%s",
                 rnl_message());
    const places found = look(data);
    rnl_data_free(data);
    rnl_config_free(config);
    return found;
}

static size_t held_out(const places *p, size_t begin, size_t end)
{
    size_t count = 0;
    for (size_t i = begin; i < end; ++i)
        count += p->validation[i] > 0;
    return count;
}

Test(splits, last_is_what_a_number_means)
{
    const places plain = split("validation_split: 0.25", 1);
    const places named = split("validation_split: {last: 0.25}", 2);
    cr_expect_eq(held_out(&plain, 90, ROWS), 30);
    cr_expect_eq(plain.count, 30);
    cr_expect_arr_eq(&plain, &named, sizeof plain);
}

Test(splits, random_takes_rows_from_everywhere_by_the_seed)
{
    const places a = split("validation_split: {random: 0.25}", 7);
    const places again = split("validation_split: {random: 0.25}", 7);
    const places other = split("validation_split: {random: 0.25}", 8);
    cr_expect_eq(a.count, 30);
    cr_expect_arr_eq(&a, &again, sizeof a);
    cr_expect(memcmp(&a, &other, sizeof a) != 0);
    for (size_t i = 0; i < ROWS; i += 40)
        cr_expect_gt(held_out(&a, i, i + 40), 3);
}

Test(splits, stratified_takes_its_share_of_each_class)
{
    const places a = split("validation_split: {stratified: 0.25}", 7);
    const places again = split("validation_split: {stratified: 0.25}", 7);
    const places other = split("validation_split: {stratified: 0.25}", 8);
    cr_expect_arr_eq(&a, &again, sizeof a);
    cr_expect(memcmp(&a, &other, sizeof a) != 0);
    cr_expect_eq(held_out(&a, 0, 60), 15);
    cr_expect_eq(held_out(&a, 60, 108), 12);
    cr_expect_eq(held_out(&a, 108, ROWS), 3);
    cr_expect_lt(held_out(&a, 0, 15), 15);
    const places odd = split("validation_split: {stratified: 0.11}", 7);
    cr_expect_eq(odd.count, 14);
    cr_expect(held_out(&odd, 0, 60) == 6 || held_out(&odd, 0, 60) == 7);
    cr_expect(held_out(&odd, 108, ROWS) == 1 || held_out(&odd, 108, ROWS) == 2);
}

Test(splits, stratified_folds_hold_out_each_row_once)
{
    size_t times[ROWS] = {0};
    for (int fold = 1; fold <= 7; ++fold) {
        char how[64];
        snprintf(how, sizeof how, "folds: {stratified: 7}, fold: %d", fold);
        const places p = split(how, 7);
        const size_t least[] = {60 / 7, 48 / 7, 12 / 7};
        const size_t got[] = {held_out(&p, 0, 60), held_out(&p, 60, 108), held_out(&p, 108, ROWS)};
        for (size_t c = 0; c < 3; ++c)
            cr_expect(got[c] == least[c] || got[c] == least[c] + 1, "class %zu: %zu", c, got[c]);
        cr_expect(p.count == 17 || p.count == 18);
        for (size_t i = 0; i < ROWS; ++i)
            times[i] += p.validation[i] > 0;
    }
    for (size_t i = 0; i < ROWS; ++i)
        cr_expect_eq(times[i], 1, "row %zu: %zu times", i, times[i]);
}

/* Evaluation and a resumed run load one part alone: it has the same rows. */
Test(splits, parts_alone_are_the_same)
{
    rnl_config *config = table("validation_split: {stratified: 0.25}", 7);
    rnl_data *both = NULL, *one = NULL;
    cr_assert_eq(rnl_data_load(&both, config, RNL_TRAIN | RNL_VALIDATION), RNL_OK);
    cr_assert_eq(rnl_data_load(&one, config, RNL_VALIDATION), RNL_OK);
    cr_expect_eq(one->validation.rows, 30);
    cr_expect_eq(one->train.rows, 0);
    cr_expect_arr_eq(one->validation.inputs, both->validation.inputs, 30 * sizeof(float));
    rnl_data_free(one);
    rnl_data_free(both);
    rnl_config_free(config);
}

static size_t count_class(const rnl_dataset *part, int32_t class)
{
    size_t count = 0;
    for (size_t i = 0; i < part->rows; ++i)
        count += rnl_dataset_class(part, i) == class;
    return count;
}

/* Class numbers, 0 and 1 as values, a probability for each class. */
Test(splits, every_kind_of_class_target)
{
    static const char head[] = "data: {train: {%s}, validation_split: {stratified: 0.1}}\n";
    static const struct {
        const char *source, *rest;
    } cases[] = {
        {"blobs: {rows: 90, classes: 3}",
         "model: [dense: {units: 3, activation: softmax}]\n"
         "training: {loss: categorical_crossentropy, optimizer: sgd}\n"},
        {"csv: {path: b.csv, target: y}",
         "model: [dense: {units: 1, activation: sigmoid}]\n"
         "training: {loss: binary_crossentropy, optimizer: sgd}\n"},
        {"csv: {path: b.csv, target: [y, z], features: x}",
         "model: [dense: {units: 2, activation: softmax}]\n"
         "training: {loss: categorical_crossentropy, optimizer: sgd}\n"},
    };
    FILE *file = fopen("b.csv", "w");
    fputs("x,y,z\n", file);
    for (int i = 0; i < 90; ++i)
        fprintf(file, "%d,%d,%d\n", i, i >= 60, i < 60);
    cr_assert_eq(fclose(file), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        char text[1024];
        const int length = snprintf(text, sizeof text, head, cases[i].source);
        snprintf(text + length, sizeof text - (size_t)length, "%s", cases[i].rest);
        rnl_config *config = fixture_config("%s", text);
        rnl_data *data = NULL;
        cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN | RNL_VALIDATION), RNL_OK, "%s",
                     rnl_message());
        cr_expect_eq(count_class(&data->validation, 0), i == 1 ? 6 : 3);
        cr_expect_eq(count_class(&data->validation, 1), i == 2 ? 6 : 3);
        rnl_data_free(data);
        rnl_config_free(config);
    }
}

/* Folds follow from the rows alone, so runs of other seeds have the same. */
Test(splits, random_folds_do_not_follow_the_seed)
{
    const places a = split("folds: 5, fold: 2", 7), b = split("folds: 5, fold: 2", 8),
                 c = split("folds: {stratified: 5}, fold: 2", 7),
                 d = split("folds: {stratified: 5}, fold: 2", 8);
    cr_expect_arr_eq(&a, &b, sizeof a);
    cr_expect(memcmp(&c, &d, sizeof c) != 0);
}

Test(splits, leave_a_row_on_either_side)
{
    static const char *const shares[] = {"0.99", "{random: 0.99}", "{random: 0.01}"};
    FILE *file = fopen("two.csv", "w");
    fputs("x,v\n1,2\n3,4\n", file);
    cr_assert_eq(fclose(file), 0);
    for (size_t i = 0; i < 3; ++i) {
        rnl_config *config = fixture_config(
            "data: {train: {csv: {path: two.csv, target: v}}, validation_split: %s}\n" VALUES,
            shares[i], 3);
        rnl_data *data = NULL;
        cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN | RNL_VALIDATION), RNL_OK, "%s",
                     rnl_message());
        cr_expect(data->train.rows == 1 && data->validation.rows == 1, "%s", shares[i]);
        rnl_data_free(data);
        rnl_config_free(config);
    }
}

Test(splits, values_stay_with_their_rows)
{
    rnl_config *config =
        fixture_config("data: {train: {csv: {path: t.csv, target: v, features: x}}, "
                       "validation_split: {random: 0.3}}\n" VALUES,
                       3);
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN | RNL_VALIDATION), RNL_OK, "%s",
                 rnl_message());
    cr_expect_eq(data->validation.rows, 36);
    for (size_t i = 0; i < 36; ++i)
        cr_expect_eq(data->validation.values[i], 1000.0f - (float)row_of(&data->validation, i));
    for (size_t i = 0; i < 84; ++i)
        cr_expect_eq(data->train.values[i], 1000.0f - (float)row_of(&data->train, i));
    rnl_data_free(data);
    rnl_config_free(config);
}

Test(splits, mistakes)
{
    static const struct {
        const char *data, *message;
    } cases[] = {
        {"validation_split: {stratified: 0.2}",
         "stratified needs class targets, which loss mean_squared_error does not have"},
        {"folds: {stratified: 3}", "stratified needs class targets"},
        {"validation_split: {random: 1.5}",
         "validation_split: expected a number from 0 to 0.99, got '1.5'"},
        {"validation_split: {rndom: 0.2}",
         "unknown validation split 'rndom'; did you mean 'random'"},
        {"folds: {stratified: 2.5}", "folds: expected an integer from 0 to 16777216, got '2.5'"},
        {"folds: {stratified: 1}", "data.folds: expected 0 or at least 2, got 1"},
        {"folds: {stratified: 500}", "data.folds: expected at most one for each of the 120 rows"},
        {"folds: {stratified: 3}, validation_split: {random: 0.1}", "data.folds, got two"},
        {"validation: {csv: {path: t.csv, target: v}}, validation_split: {random: 0.1}",
         "data.folds, got two"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        char text[1024];
        rnl_config *config = NULL;
        rnl_data *data = NULL;
        snprintf(text, sizeof text,
                 "data: {train: {csv: {path: t.csv, target: v, features: x}}, %s}\n" VALUES,
                 cases[i].data, 1);
        if (rnl_config_parse(&config, "s.yaml", text, NULL, 0) == RNL_OK)
            cr_expect_neq(rnl_data_load(&data, config, RNL_TRAIN | RNL_VALIDATION), RNL_OK);
        cr_expect_null(data);
        cr_expect_not_null(strstr(rnl_message(), cases[i].message), "%s", rnl_message());
        cr_expect_not_null(strstr(rnl_message(), "s.yaml:1:"), "%s", rnl_message());
        rnl_config_free(config);
    }
}

/* What is printed loads again, and a number stays a number. */
Test(splits, are_printed_as_they_are_written)
{
    static const char *const splits[] = {
        "validation_split: 0.25", "validation_split: {random: 0.25}",
        "validation_split: {stratified: 0.25}", "folds: 5", "folds: {stratified: 5}"};
    for (size_t i = 0; i < sizeof splits / sizeof *splits; ++i) {
        rnl_config *config = table(splits[i], 1), *again = NULL;
        char *text = NULL, *origins = NULL;
        cr_assert_eq(rnl_config_print(config, &text), RNL_OK);
        cr_expect_not_null(strstr(text, splits[i]), "%s", text);
        cr_assert_eq(rnl_config_print_origins(config, &origins), RNL_OK);
        cr_expect_eq(rnl_config_parse(&again, "text", origins, NULL, 0), RNL_OK, "%s",
                     rnl_message());
        rnl_text_free(text);
        rnl_text_free(origins);
        rnl_config_free(config);
        rnl_config_free(again);
    }
}
