#include "engine/data/split.h"

#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/data/hold_out.h"
#include "engine/data/row_order.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct share_parameters {
    double share;
} share_parameters;

typedef struct folds_parameters {
    int64_t count;
} folds_parameters;

/* How rows are drawn (the operations of both tables). */
typedef enum split_drawing { FROM_THE_END, AT_RANDOM, BY_CLASS } split_drawing;

static split_drawing drawing_of(const rnl_choice *split)
{
    return *(const split_drawing *)split->kind->operations;
}

static double share_of(const rnl_data_config *config)
{
    const share_parameters *p = config->validation_split.parameters;
    return p ? p->share : 0;
}

size_t rnl_split_folds(const rnl_data_config *config)
{
    const folds_parameters *p = config->folds.parameters;
    return p ? (size_t)p->count : 0;
}

bool rnl_split_stratifies_folds(const rnl_data_config *config)
{
    return rnl_split_folds(config) > 0 && drawing_of(&config->folds) == BY_CLASS;
}

bool rnl_split_is_on(const rnl_data_config *config)
{
    return share_of(config) > 0 || rnl_split_folds(config) > 0;
}

bool rnl_split_is_by_class(const rnl_data_config *config)
{
    return (share_of(config) > 0 && drawing_of(&config->validation_split) == BY_CLASS) ||
           (rnl_split_folds(config) > 0 && drawing_of(&config->folds) == BY_CLASS);
}

rnl_status rnl_split_check(const rnl_data_config *config)
{
    static const char *const several =
        "expected one of data.validation, data.validation_split and data.folds, got two";
    const size_t folds = rnl_split_folds(config);
    if (rnl_split_is_on(config) && config->validation.kind)
        return rnl_fail_at(config->validation.place, "%s", several);
    if (share_of(config) > 0 && folds > 0)
        return rnl_fail_at(config->folds.place, "%s", several);
    if (folds == 1)
        return rnl_fail_at(config->folds.place, "data.folds: expected 0 or at least 2, got 1");
    if (folds > 0 && config->fold > (int64_t)folds)
        return rnl_fail(RNL_BAD_CONFIG, "data.fold: expected one of the %zu folds, got %lld", folds,
                        (long long)config->fold);
    return RNL_OK;
}

rnl_status rnl_split_check_fold(const rnl_data_config *config)
{
    return rnl_split_folds(config) > 0 || config->fold <= 1
               ? RNL_OK
               : rnl_fail(RNL_BAD_CONFIG,
                          "data.fold: expected data.folds beside it, got fold %lld alone",
                          (long long)config->fold);
}

/* ---- the order in which rows are drawn ------------------------------------------------------- */

/* Epochs that no training reaches. */
#define FOLDS_EPOCH UINT32_MAX
#define SPLIT_EPOCH (UINT32_MAX - 1)

static rnl_status check_classes(const rnl_dataset *train, const rnl_choice *split,
                                const rnl_choice *loss, const rnl_loading *loading)
{
    const bool binary = loading->two_classes && train->value_columns == 1;
    if (train->labels || (loss->kind && (loading->target != RNL_TARGET_VALUES || binary)))
        return RNL_OK;
    return rnl_fail_at(split->place, "stratified needs class targets, which loss %s does not have",
                       loss->kind ? loss->kind->name : "none");
}

static int compare_keys(const void *a, const void *b)
{
    const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* Sorts the rows of an order by class; those of one class stay as they are. */
static rnl_status sort_by_class(uint32_t *order, const rnl_dataset *train)
{
    uint64_t *keys;
    uint32_t *drawn;
    RNL_TRY(rnl_allocate_rows(&keys, train->name, train->rows, 1, sizeof *keys + sizeof *drawn));
    drawn = (uint32_t *)(keys + train->rows);
    memcpy(drawn, order, train->rows * sizeof *order);
    for (size_t i = 0; i < train->rows; ++i)
        keys[i] = (uint64_t)rnl_dataset_class(train, order[i]) << 32 | i;
    qsort(keys, train->rows, sizeof *keys, compare_keys);
    for (size_t i = 0; i < train->rows; ++i)
        order[i] = drawn[(uint32_t)keys[i]];
    free(keys);
    return RNL_OK;
}

/* The rows as they are drawn. */
static rnl_status draw(uint32_t *order, const rnl_dataset *train, const rnl_choice *split,
                       const rnl_config *config, const rnl_loading *loading)
{
    const split_drawing drawing = drawing_of(split);
    const bool folds = split == &config->data.folds;
    const uint64_t seed = folds && drawing == AT_RANDOM ? 0 : (uint64_t)config->training.seed;
    rnl_row_order(order, train->rows, seed, folds ? FOLDS_EPOCH : SPLIT_EPOCH,
                  drawing != FROM_THE_END);
    if (drawing != BY_CLASS)
        return RNL_OK;
    RNL_TRY(check_classes(train, split, &config->training.loss, loading));
    return sort_by_class(order, train);
}

/* ---- the rows that are held out -------------------------------------------------------------- */

/* The share, rounded up, as in Keras and scikit-learn, but for what the share's own rounding adds:
 * 0.07 of 100 rows is 7.  At least one row for either side. */
static size_t count_of(size_t rows, double share)
{
    const size_t count = (size_t)ceil((double)rows * share - 1e-6);
    if (count < 1)
        return 1;
    return count < rows ? count : rows - 1;
}

/* Selects `count` of the rows, spread as evenly as possible over the order: of a class, whose rows
 * are adjacent in the order, the same share as of all, rounded up or down. */
static bool takes(size_t place, size_t rows, size_t count)
{
    return (place + 1) * count / rows > place * count / rows;
}

static void mark_share(bool *marks, const uint32_t *order, size_t rows, size_t count,
                       split_drawing drawing)
{
    for (size_t i = 0; i < rows; ++i)
        marks[order[i]] = drawing == BY_CLASS ? takes(i, rows, count) : i >= rows - count;
}

static void mark_fold(bool *marks, const uint32_t *order, size_t rows,
                      const rnl_data_config *config)
{
    const size_t folds = rnl_split_folds(config), fold = (size_t)config->fold - 1;
    const size_t begin = rows * fold / folds, end = rows * (fold + 1) / folds;
    const bool by_class = drawing_of(&config->folds) == BY_CLASS;
    for (size_t i = 0; i < rows; ++i)
        marks[order[i]] = by_class ? i % folds == fold : i >= begin && i < end;
}

static size_t count_marks(const bool *marks, size_t rows)
{
    size_t count = 0;
    for (size_t i = 0; i < rows; ++i)
        count += marks[i];
    return count;
}

/* "t.csv (30 rows drawn at random)" */
static char *name_rows(const rnl_dataset *train, const rnl_data_config *config, size_t count)
{
    static const char *const texts[] = {
        [FROM_THE_END] = "the last %zu rows",
        [AT_RANDOM] = "%zu rows drawn at random",
        [BY_CLASS] = "%zu rows drawn of all classes",
    };
    char text[64], *name;
    const size_t folds = rnl_split_folds(config);
    if (folds > 0)
        snprintf(text, sizeof text, "fold %lld of %zu", (long long)config->fold, folds);
    else
        snprintf(text, sizeof text, texts[drawing_of(&config->validation_split)], count);
    return asprintf(&name, "%s (%s)", train->name, text) < 0 ? NULL : name;
}

static rnl_status hold_out(rnl_dataset *validation, rnl_dataset *train,
                           const rnl_data_config *config, const bool *marks)
{
    const size_t count = count_marks(marks, train->rows);
    char *name = name_rows(train, config, count);
    return name ? rnl_dataset_hold_out(validation, train, marks, count, name)
                : rnl_fail_memory(strlen(train->name) + 64);
}

static rnl_status check_rows(const rnl_dataset *train, const rnl_data_config *config)
{
    if (rnl_split_folds(config) > train->rows)
        return rnl_fail_at(config->folds.place,
                           "data.folds: expected at most one for each of the %zu rows, got %zu",
                           train->rows, rnl_split_folds(config));
    return train->rows >= 2
               ? RNL_OK
               : rnl_fail(RNL_BAD_DATA,
                          "%s: expected at least 2 rows, to split off validation rows, got %zu",
                          train->name, train->rows);
}

rnl_status rnl_split(rnl_dataset *validation, rnl_dataset *train, const rnl_config *config,
                     const rnl_loading *loading)
{
    const size_t rows = train->rows;
    const bool folds = rnl_split_folds(&config->data) > 0;
    const rnl_choice *split = folds ? &config->data.folds : &config->data.validation_split;
    uint32_t *order;
    bool *marks;
    RNL_TRY(check_rows(train, &config->data));
    RNL_TRY(rnl_allocate_rows(&order, train->name, rows, 1, sizeof *order + sizeof *marks));
    marks = (bool *)(order + rows);
    rnl_status status = draw(order, train, split, config, loading);
    if (folds)
        mark_fold(marks, order, rows, &config->data);
    else
        mark_share(marks, order, rows, count_of(rows, share_of(&config->data)), drawing_of(split));
    if (status == RNL_OK)
        status = hold_out(validation, train, &config->data, marks);
    free(order);
    return status;
}

void rnl_split_hint(char text[RNL_SPLIT_HINT], const rnl_data_config *config)
{
    static const char format[] = "; data.%s: {stratified: %.15g} takes rows of each class";
    const size_t folds = rnl_split_folds(config);
    const double share = share_of(config);
    text[0] = '\0';
    if (folds > 0 && drawing_of(&config->folds) != BY_CLASS)
        snprintf(text, RNL_SPLIT_HINT, format, "folds", (double)folds);
    if (share > 0 && drawing_of(&config->validation_split) != BY_CLASS)
        snprintf(text, RNL_SPLIT_HINT, format, "validation_split", share);
    if (config->validation.kind)
        snprintf(text, RNL_SPLIT_HINT, "%s, in place of data.validation, of data.train",
                 "; data.validation_split: {stratified: 0.2} takes rows of each class");
}

/* ---- the tables ------------------------------------------------------------------------------ */

static const rnl_field share_fields[] = {
    {.key = "validation_split",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(share_parameters, share),
     .minimum = 0,
     .maximum = 0.99,
     .help = "share of the training rows, rounded up to whole rows; 0: none"},
    {.key = NULL},
};

static const rnl_field folds_fields[] = {
    {.key = "folds",
     .type = RNL_FIELD_INTEGER,
     .offset = offsetof(folds_parameters, count),
     .maximum = 1 << 24,
     .help = "the number of folds; 0: none"},
    {.key = NULL},
};

#define SHARE(how)                                                                                 \
    .fields = share_fields, .size = sizeof(share_parameters), .shorthand = "validation_split",     \
    .operations = &(const split_drawing)                                                           \
    {                                                                                              \
        how                                                                                        \
    }
#define FOLDS(how)                                                                                 \
    .fields = folds_fields, .size = sizeof(folds_parameters), .shorthand = "folds",                \
    .operations = &(const split_drawing)                                                           \
    {                                                                                              \
        how                                                                                        \
    }

static const rnl_kind share_kinds[] = {
    {.name = "last",
     .help = "the last rows, as they come; a number alone stands for it",
     SHARE(FROM_THE_END)},
    {.name = "random", .help = "rows drawn by the run's seed", SHARE(AT_RANDOM)},
    {.name = "stratified",
     .help = "rows drawn by the run's seed, the share of each class; needs class targets",
     SHARE(BY_CLASS)},
};

static const rnl_kind folds_kinds[] = {
    {.name = "random",
     .help = "drawn at random, always the same; a number alone stands for it",
     FOLDS(AT_RANDOM)},
    {.name = "stratified",
     .help = "drawn by the run's seed, each class as evenly as may be; needs class targets",
     FOLDS(BY_CLASS)},
};

const rnl_kind_table rnl_validation_splits = {
    .noun = "validation split",
    .plural = "validation splits",
    .kinds = share_kinds,
    .count = sizeof share_kinds / sizeof *share_kinds,
    .plain = "last",
};

const rnl_kind_table rnl_fold_rules = {
    .noun = "rule for folds",
    .plural = "fold rules",
    .kinds = folds_kinds,
    .count = sizeof folds_kinds / sizeof *folds_kinds,
    .plain = "random",
};
