#include "engine/data/limit.h"

#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/data/hold_out.h"
#include "engine/data/row_order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An epoch that no training reaches, and that the splits do not use. */
#define LIMIT_EPOCH (UINT32_MAX - 2)

rnl_status rnl_limit_check(const rnl_data_config *config)
{
    return config->limit > 0 && config->limit_per_class > 0
               ? rnl_fail(RNL_BAD_CONFIG,
                          "expected one of data.limit and data.limit_per_class, got two")
               : RNL_OK;
}

/* Marks the first rows of the order. */
static size_t mark_first(bool *marks, const uint32_t *order, size_t rows, size_t limit)
{
    const size_t count = limit < rows ? limit : rows;
    for (size_t i = 0; i < rows; ++i)
        marks[order[i]] = i < count;
    return count;
}

/* Marks the first rows of each class. */
static rnl_status mark_classes(bool *marks, const uint32_t *order, const rnl_dataset *train,
                               size_t limit, size_t *count)
{
    const size_t classes = (size_t)train->largest_label + 1;
    size_t *taken = calloc(classes, sizeof *taken);
    if (!taken)
        return rnl_fail_memory(classes * sizeof *taken);
    *count = 0;
    for (size_t i = 0; i < train->rows; ++i) {
        const size_t class = (size_t)train->labels[order[i]];
        marks[order[i]] = taken[class]++ < limit;
        *count += marks[order[i]];
    }
    free(taken);
    return RNL_OK;
}

/* "t.csv (50 of 400 rows)" */
static rnl_status rename_set(rnl_dataset *train, size_t rows)
{
    char *name;
    if (asprintf(&name, "%s (%zu of %zu rows)", train->name, train->rows, rows) < 0)
        return rnl_fail_memory(strlen(train->name) + 64);
    free(train->name);
    train->name = name;
    return RNL_OK;
}

static rnl_status take(rnl_dataset *train, const rnl_config *config, uint32_t *order, bool *marks)
{
    const size_t limit = (size_t)config->data.limit,
                 per_class = (size_t)config->data.limit_per_class;
    const size_t rows = train->rows;
    size_t count = 0;
    rnl_row_order(order, rows, (uint64_t)config->training.seed, LIMIT_EPOCH, true);
    if (per_class > 0)
        RNL_TRY(mark_classes(marks, order, train, per_class, &count));
    else
        count = mark_first(marks, order, rows, limit);
    if (count == rows)
        return RNL_OK;
    RNL_TRY(rnl_dataset_keep(train, marks, count));
    return rename_set(train, rows);
}

rnl_status rnl_limit(rnl_dataset *train, const rnl_config *config)
{
    uint32_t *order;
    bool *marks;
    if ((config->data.limit == 0 && config->data.limit_per_class == 0) || train->rows == 0)
        return RNL_OK;
    if (config->data.limit_per_class > 0 && !train->labels)
        return rnl_fail(RNL_BAD_CONFIG,
                        "data.limit_per_class needs class targets, which %s does not have",
                        train->name);
    RNL_TRY(rnl_allocate_rows(&order, train->name, train->rows, 1, sizeof *order + sizeof *marks));
    marks = (bool *)(order + train->rows);
    const rnl_status status = take(train, config, order, marks);
    free(order);
    return status;
}
