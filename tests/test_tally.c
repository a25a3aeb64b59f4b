/*
 * Figures of all rows: the area under the ROC curve against all pairs of rows, and what
 * scikit-learn says of classes that are not there.
 */
#include "engine/kinds/tally.h"
#include "engine/schema/config.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 300, MOST_CLASSES = 6 };

static rnl_tally *create(const char *metrics, size_t classes, size_t rows, bool keeps)
{
    rnl_config *config = fixture_config("model: [dense: {units: 2}]\n"
                                        "training: {loss: mse, optimizer: sgd, metrics: %s}\n",
                                        metrics);
    rnl_tally *tally = NULL;
    cr_assert_eq(rnl_tally_create(&tally, &config->training.metrics, classes, rows, keeps), RNL_OK);
    rnl_config_free(config);
    return tally;
}

typedef struct row_of_classes {
    int32_t label, predicted;
    float probabilities[MOST_CLASSES];
} row_of_classes;

static uint32_t state;

static uint32_t draw(uint32_t below)
{
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % below;
}

/* Rows of some of the classes, whose probabilities are one of so many numbers. */
static void draw_rows(row_of_classes *rows, size_t count, size_t classes, size_t present,
                      uint32_t numbers)
{
    for (size_t i = 0; i < count; ++i) {
        rows[i].label = (int32_t)draw((uint32_t)present);
        rows[i].predicted = (int32_t)draw((uint32_t)classes);
        for (size_t c = 0; c < classes; ++c)
            rows[i].probabilities[c] = (float)draw(numbers) / (float)numbers;
        if (draw(3) == 0)
            rows[i].probabilities[rows[i].label] = 1;
    }
}

static void add_rows(rnl_tally *tally, const row_of_classes *rows, size_t count, size_t outputs)
{
    for (size_t i = 0; i < count; ++i)
        rnl_tally_add(tally, rows[i].label, rows[i].predicted, rows[i].probabilities, outputs);
}

/* Looks at all pairs; NaN without any. */
static double area_by_pairs(const row_of_classes *rows, size_t count, int32_t class, size_t column)
{
    double won = 0, pairs = 0;
    for (size_t i = 0; i < count; ++i)
        for (size_t k = 0; k < count && rows[i].label == class; ++k) {
            const float own = rows[i].probabilities[column], other = rows[k].probabilities[column];
            if (rows[k].label == class)
                continue;
            pairs += 1;
            won += own > other ? 1 : own == other ? 0.5 : 0;
        }
    return won / pairs;
}

/* A number in place of each of those that a file has. */
Test(tally, what_cannot_be_is_told)
{
    static const double never[] = {-1, 0.5, NAN, INFINITY, 1e300};
    row_of_classes rows[20];
    rnl_tally *tally = create("[f1, auc]", 3, 20, true);
    state = 3;
    draw_rows(rows, 20, 3, 3, 9);
    add_rows(tally, rows, 20, 3);
    cr_expect(rnl_tally_is_possible(tally));
    for (size_t n = 0; n < sizeof never / sizeof *never; ++n) {
        for (size_t i = 0; i < 3 * RNL_TALLY_COUNTS; ++i) {
            const double kept = tally->counts[i];
            tally->counts[i] = never[n];
            cr_expect_not(rnl_tally_is_possible(tally), "count %zu: %g", i, never[n]);
            tally->counts[i] = kept;
        }
        const float label = tally->scores[0];
        tally->scores[0] = (float)never[n];
        cr_expect_not(rnl_tally_is_possible(tally), "label %g", never[n]);
        tally->scores[0] = 3;
        cr_expect_not(rnl_tally_is_possible(tally));
        tally->scores[0] = label;
    }
    tally->rows = 19;
    cr_expect_not(rnl_tally_is_possible(tally));
    rnl_tally_free(tally);
}

Test(tally, auc_is_that_of_all_pairs)
{
    static row_of_classes rows[MOST_ROWS];
    for (size_t round = 0; round < 60; ++round) {
        const size_t classes = 3 + round % 4, present = 2 + round % 3, count = 5 + 5 * round;
        draw_rows(rows, count, classes, present, round % 2 ? 4 : 1000000);
        double sum = 0, there = 0;
        for (size_t c = 0; c < classes; ++c) {
            const double area = area_by_pairs(rows, count, (int32_t)c, c);
            sum += isnan(area) ? 0 : area;
            there += !isnan(area);
        }
        rnl_tally *tally = create("[auc]", classes, count, false);
        add_rows(tally, rows, count, classes);
        cr_expect_float_eq(rnl_tally_auc(tally), sum / there, 1e-14, "%zu: %.17g, not %.17g", round,
                           rnl_tally_auc(tally), sum / there);
        rnl_tally_free(tally);
    }
}

/* A single output is the probability of the second class, as is the last of two. */
Test(tally, auc_of_two_classes)
{
    static row_of_classes rows[MOST_ROWS];
    for (uint32_t numbers = 1; numbers < 100; ++numbers) {
        draw_rows(rows, MOST_ROWS, 2, 2, numbers);
        for (size_t outputs = 1; outputs <= 2; ++outputs) {
            rnl_tally *tally = create("[auc]", 2, MOST_ROWS, false);
            add_rows(tally, rows, MOST_ROWS, outputs);
            cr_expect_float_eq(rnl_tally_auc(tally), area_by_pairs(rows, MOST_ROWS, 1, outputs - 1),
                               1e-14);
            rnl_tally_free(tally);
        }
    }
}

/* The order of rows does not count, nor from where they were copied. */
Test(tally, is_the_same_in_any_order)
{
    static row_of_classes rows[MOST_ROWS];
    draw_rows(rows, MOST_ROWS, 5, 5, 50);
    rnl_tally *tally = create("[auc, f1, balanced_accuracy]", 5, MOST_ROWS, false),
              *other = create("[auc, f1, balanced_accuracy]", 5, MOST_ROWS, false),
              *kept = create("[auc, f1, balanced_accuracy]", 5, MOST_ROWS, true);
    add_rows(tally, rows, MOST_ROWS, 5);
    for (size_t i = MOST_ROWS; i-- > 100;)
        add_rows(other, &rows[i], 1, 5);
    rnl_tally_copy(kept, other);
    rnl_tally_clear(other);
    cr_expect(isnan(rnl_tally_auc(other)) && isnan(rnl_tally_f1(other)) &&
              isnan(rnl_tally_balanced_accuracy(other)));
    rnl_tally_copy(other, kept);
    add_rows(other, rows, 100, 5);
    cr_expect_eq(rnl_tally_auc(other), rnl_tally_auc(tally));
    cr_expect_eq(rnl_tally_f1(other), rnl_tally_f1(tally));
    cr_expect_eq(rnl_tally_balanced_accuracy(other), rnl_tally_balanced_accuracy(tally));
    rnl_tally_free(tally);
    rnl_tally_free(other);
    rnl_tally_free(kept);
}

Test(tally, where_there_is_no_auc)
{
    row_of_classes rows[3] = {{1, 1, {0.5f, 0.5f}}, {1, 1, {0.1f, 0.9f}}, {0, 1, {NAN, NAN}}};
    rnl_tally *tally = create("[auc]", 2, 3, false);
    cr_expect(isnan(rnl_tally_auc(tally)));
    add_rows(tally, rows, 2, 2);
    cr_expect(isnan(rnl_tally_auc(tally)), "of a single class");
    add_rows(tally, &rows[2], 1, 2);
    cr_expect(isnan(rnl_tally_auc(tally)), "of probabilities that are NaN");
    rnl_tally_free(tally);
}

/* Counts as in a confusion matrix: true 0 predicted 0, 0, 1 and none; true 2 predicted 1. */
Test(tally, counts_of_classes)
{
    const row_of_classes rows[] = {
        {0, 0, {0}}, {0, 0, {0}}, {0, 1, {0}}, {0, RNL_NO_CLASS, {0}}, {2, 1, {0}}};
    rnl_tally *tally = create("[balanced_accuracy, f1]", 4, 5, false);
    cr_expect_null(tally->scores);
    add_rows(tally, rows, 5, 4);
    cr_expect_float_eq(rnl_tally_balanced_accuracy(tally), (2 / 4.0 + 0) / 2, 1e-15);
    cr_expect_float_eq(rnl_tally_f1(tally), (2 * 2 / 6.0 + 0 + 0) / 3, 1e-15);
    rnl_tally_free(tally);
    tally = create("[balanced_accuracy, f1]", 2, 5, false);
    add_rows(tally, rows, 2, 2);
    cr_expect_eq(rnl_tally_f1(tally), 0, "the second class is neither there nor predicted");
    cr_expect_eq(rnl_tally_balanced_accuracy(tally), 1);
    add_rows(tally, &rows[2], 1, 2);
    cr_expect_eq(rnl_tally_f1(tally), 0);
    rnl_tally_free(tally);
}

Test(tally, is_none_unless_asked_for)
{
    cr_expect_null(create("[accuracy, log_loss, mape, mae]", 2, 5, false));
    rnl_config *config = fixture_config("model: [dense: {units: 2}]\n"
                                        "training: {loss: mse, optimizer: sgd, metrics: [auc]}\n");
    rnl_tally *tally = NULL;
    cr_expect_eq(rnl_tally_create(&tally, &config->training.metrics, 1000, (size_t)1 << 40, false),
                 RNL_NO_MEMORY);
    cr_expect_not_null(strstr(rnl_message(), "the probabilities of all rows (metric auc)"), "%s",
                       rnl_message());
    cr_expect_null(tally);
    rnl_config_free(config);
}
