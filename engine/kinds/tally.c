#include "engine/kinds/tally.h"

#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/schema/config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

rnl_tally_needs rnl_tally_needs_of(const rnl_choice_list *metrics, size_t classes)
{
    rnl_tally_needs needs = {0};
    for (size_t m = 0; m < metrics->count; ++m) {
        needs.counts |= rnl_metric_of(&metrics->items[m])->counts;
        if (rnl_metric_of(&metrics->items[m])->scores)
            needs.columns = classes == 2 ? 2 : 1 + classes;
    }
    return needs;
}

static rnl_status allocate(rnl_tally *tally, bool counts, bool keeps)
{
    if (counts)
        RNL_TRY(rnl_allocate_zeros(&tally->counts, "the numbers of rows of each class",
                                   RNL_TALLY_COUNTS, tally->classes, sizeof *tally->counts));
    if (tally->columns == 0)
        return RNL_OK;
    RNL_TRY(rnl_allocate_zeros(&tally->scores, "the probabilities of all rows (metric auc)",
                               tally->capacity, tally->columns, sizeof *tally->scores));
    return keeps ? RNL_OK
                 : rnl_allocate_zeros(&tally->keys, "the sorted rows of a class (metric auc)",
                                      tally->capacity, 2, sizeof *tally->keys);
}

rnl_status rnl_tally_create(rnl_tally **tally, const rnl_choice_list *metrics, size_t classes,
                            size_t rows, bool keeps)
{
    *tally = NULL;
    const rnl_tally_needs needs = rnl_tally_needs_of(metrics, classes);
    if (!needs.counts && needs.columns == 0)
        return RNL_OK;
    rnl_tally *made = calloc(1, sizeof *made);
    if (!made)
        return rnl_fail_memory(sizeof *made);
    made->classes = classes;
    made->columns = needs.columns;
    made->capacity = rows;
    const rnl_status status = allocate(made, needs.counts, keeps);
    if (status == RNL_OK)
        *tally = made;
    else
        rnl_tally_free(made);
    return status;
}

void rnl_tally_free(rnl_tally *tally)
{
    if (!tally)
        return;
    free(tally->counts);
    free(tally->scores);
    free(tally->keys);
    free(tally);
}

void rnl_tally_clear(rnl_tally *tally)
{
    if (!tally)
        return;
    tally->rows = 0;
    if (tally->counts)
        memset(tally->counts, 0, RNL_TALLY_COUNTS * tally->classes * sizeof *tally->counts);
}

void rnl_tally_add(rnl_tally *tally, int32_t label, int32_t predicted, const float *probabilities,
                   size_t outputs)
{
    const size_t classes = tally->classes;
    if (tally->counts) {
        tally->counts[RNL_TALLY_TRUE * classes + (size_t)label] += 1;
        if (predicted != RNL_NO_CLASS)
            tally->counts[RNL_TALLY_PREDICTED * classes + (size_t)predicted] += 1;
        tally->counts[RNL_TALLY_RIGHT * classes + (size_t)label] += label == predicted;
    }
    if (tally->scores) {
        float *row = tally->scores + tally->rows * tally->columns;
        const size_t kept = tally->columns - 1;
        row[0] = (float)label;
        memcpy(row + 1, probabilities + (outputs - kept), kept * sizeof *row);
    }
    ++tally->rows;
}

void rnl_tally_copy(rnl_tally *tally, const rnl_tally *from)
{
    tally->rows = from->rows;
    if (from->counts)
        memcpy(tally->counts, from->counts,
               RNL_TALLY_COUNTS * from->classes * sizeof *from->counts);
    if (from->scores)
        memcpy(tally->scores, from->scores, from->rows * from->columns * sizeof *from->scores);
}

/* ---- what a file says ------------------------------------------------------------------------ */

static bool is_count(double number)
{
    return number >= 0 && number == floor(number);
}

static bool counts_are_possible(const rnl_tally *tally)
{
    const double *of = tally->counts + RNL_TALLY_TRUE * tally->classes,
                 *predicted = tally->counts + RNL_TALLY_PREDICTED * tally->classes,
                 *right = tally->counts + RNL_TALLY_RIGHT * tally->classes;
    double rows = 0, answers = 0;
    for (size_t c = 0; c < tally->classes; ++c) {
        if (!is_count(of[c]) || !is_count(predicted[c]) || !is_count(right[c]) ||
            right[c] > of[c] || right[c] > predicted[c])
            return false;
        rows += of[c];
        answers += predicted[c];
    }
    return rows == (double)tally->rows && answers <= rows;
}

static bool labels_are_possible(const rnl_tally *tally)
{
    for (size_t i = 0; i < tally->rows; ++i) {
        const double label = (double)tally->scores[i * tally->columns];
        if (!is_count(label) || label >= (double)tally->classes)
            return false;
    }
    return true;
}

bool rnl_tally_is_possible(const rnl_tally *tally)
{
    return (!tally->counts || counts_are_possible(tally)) &&
           (!tally->scores || labels_are_possible(tally));
}

/* ---- counts ---------------------------------------------------------------------------------- */

/* The mean over the classes that there are rows of. */
double rnl_tally_balanced_accuracy(const rnl_tally *tally)
{
    const double *of = tally->counts + RNL_TALLY_TRUE * tally->classes,
                 *right = tally->counts + RNL_TALLY_RIGHT * tally->classes;
    double sum = 0, count = 0;
    for (size_t c = 0; c < tally->classes; ++c)
        if (of[c] > 0) {
            sum += right[c] / of[c];
            count += 1;
        }
    return count > 0 ? sum / count : NAN;
}

/* Returns f1 of the second of two classes, 0 where it is neither there nor predicted; of more
 * classes, the mean over those that are. */
double rnl_tally_f1(const rnl_tally *tally)
{
    const double *of = tally->counts + RNL_TALLY_TRUE * tally->classes,
                 *predicted = tally->counts + RNL_TALLY_PREDICTED * tally->classes,
                 *right = tally->counts + RNL_TALLY_RIGHT * tally->classes;
    double sum = 0, count = 0;
    for (size_t c = tally->classes == 2; c < tally->classes; ++c)
        if (of[c] + predicted[c] > 0) {
            sum += 2 * right[c] / (of[c] + predicted[c]);
            count += 1;
        }
    return tally->rows == 0 ? NAN : count > 0 ? sum / count : 0;
}

/* ---- areas under curves ---------------------------------------------------------------------- */

/* A key orders rows by their probability: the bits of a float that is not negative rise with it.
 * Its last bit tells if the row is of the class. */
static uint32_t key_of(float probability, bool positive)
{
    uint32_t bits;
    memcpy(&bits, &probability, sizeof bits);
    return bits << 1 | positive;
}

/* Takes the probabilities of a class; false if one is NaN. */
static bool take_keys(const rnl_tally *tally, size_t class)
{
    for (size_t i = 0; i < tally->rows; ++i) {
        const float *row = tally->scores + i * tally->columns;
        const float probability = row[tally->columns == 2 ? 1 : 1 + class];
        if (!(probability >= 0))
            return false;
        tally->keys[i] = key_of(probability + 0.0f, row[0] == (float)class);
    }
    return true;
}

/* Sorts by a byte, in the order in which keys stand where it is the same. */
static void sort_by_byte(uint32_t *to, const uint32_t *from, size_t count, unsigned shift)
{
    size_t ends[257] = {0};
    for (size_t i = 0; i < count; ++i)
        ++ends[(from[i] >> shift & 255) + 1];
    for (size_t b = 1; b < 257; ++b)
        ends[b] += ends[b - 1];
    for (size_t i = 0; i < count; ++i)
        to[ends[from[i] >> shift & 255]++] = from[i];
}

static void sort(uint32_t *keys, size_t count)
{
    uint32_t *other = keys + count;
    for (unsigned shift = 0; shift < 32; shift += 16) {
        sort_by_byte(other, keys, count, shift);
        sort_by_byte(keys, other, count, shift + 8);
    }
}

/* The share of the pairs of a row of the class and another one in which the first is the more
 * probable, those of the same probability counting half: twice the pairs is a whole number. */
static double area(const uint32_t *keys, size_t count)
{
    uint64_t positives = 0, negatives = 0, twice = 0;
    for (size_t i = 0; i < count;) {
        uint64_t of_class = 0, others = 0;
        const uint32_t probability = keys[i] >> 1;
        for (; i < count && keys[i] >> 1 == probability; ++i) {
            of_class += keys[i] & 1;
            others += ~keys[i] & 1;
        }
        twice += of_class * (2 * negatives + others);
        positives += of_class;
        negatives += others;
    }
    return (double)twice / (2 * (double)positives * (double)negatives);
}

/* Returns the area of the second of two classes; of more classes, the mean over those that some
 * rows are of and some are not. */
double rnl_tally_auc(const rnl_tally *tally)
{
    double sum = 0, count = 0;
    for (size_t c = tally->classes == 2; c < tally->classes; ++c) {
        if (!take_keys(tally, c))
            return NAN;
        sort(tally->keys, tally->rows);
        const double of_class = area(tally->keys, tally->rows);
        if (!isnan(of_class)) {
            sum += of_class;
            count += 1;
        }
    }
    return count > 0 ? sum / count : NAN;
}
