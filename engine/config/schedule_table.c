#include "engine/config/schedule_table.h"

#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/data/csv_reader.h"
#include "engine/schema/node.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_ROWS (1 << 20)

enum { TIME, RATE, MOMENTUM, COLUMNS };

typedef struct table {
    rnl_csv_reader reader;
    size_t columns[COLUMNS]; /* their places in a record; SIZE_MAX: not there */
    bool by_steps;
    rnl_node *lists[COLUMNS];
} table;

static size_t find(const rnl_csv_reader *reader, const char *name)
{
    for (size_t i = 0; i < reader->count; ++i)
        if (strcmp(reader->cells[i].text, name) == 0)
            return i;
    return SIZE_MAX;
}

static rnl_status read_header(table *t)
{
    RNL_TRY(rnl_csv_next(&t->reader));
    const size_t step = find(&t->reader, "step"), epoch = find(&t->reader, "epoch");
    t->by_steps = step != SIZE_MAX;
    t->columns[TIME] = t->by_steps ? step : epoch;
    t->columns[RATE] = find(&t->reader, "learning_rate");
    t->columns[MOMENTUM] = find(&t->reader, "momentum");
    if (t->columns[TIME] == SIZE_MAX || t->columns[RATE] == SIZE_MAX)
        return rnl_csv_fail(&t->reader, 1, 1,
                            "expected the columns epoch or step, learning_rate, and momentum if "
                            "it changes; got %s%s",
                            t->reader.count > 0 ? t->reader.cells[0].text : "nothing",
                            t->reader.count > 1 ? ", ..." : "");
    return RNL_OK;
}

static rnl_status read_cell(table *t, size_t which, rnl_place place)
{
    static const struct {
        double most;
        const char *expected;
    } limits[] = {{1e15, "a whole number from 0"},
                  {1e6, "a rate from 0 to 1e6"},
                  {0.9999, "a momentum from 0 to 0.9999"}};
    double number;
    if (t->columns[which] == SIZE_MAX)
        return RNL_OK;
    if (t->columns[which] >= t->reader.count)
        return rnl_csv_fail(&t->reader, t->reader.cells[0].line, 1,
                            "expected as many cells as the first line has, got %zu",
                            t->reader.count);
    const rnl_csv_cell *cell = &t->reader.cells[t->columns[which]];
    if (!rnl_parse_number(cell->text, &number) || number < 0 || number > limits[which].most ||
        (which == TIME && floor(number) != number))
        return rnl_csv_fail(&t->reader, cell->line, cell->column, "expected %s, got '%.40s'",
                            limits[which].expected, cell->text);
    return rnl_node_give(t->lists[which],
                         rnl_node_create_with(RNL_SCALAR, NULL, cell->text, place));
}

static rnl_status read_rows(table *t, rnl_place place)
{
    RNL_TRY(read_header(t));
    for (;;) {
        RNL_TRY(rnl_csv_next(&t->reader));
        if (t->reader.count == 0)
            return RNL_OK;
        if (t->lists[TIME]->count == MAX_ROWS)
            return rnl_csv_fail(&t->reader, t->reader.cells[0].line, 1, "expected at most %d rows",
                                MAX_ROWS);
        for (size_t i = 0; i < COLUMNS; ++i)
            RNL_TRY(read_cell(t, i, place));
    }
}

/* Moves the lists into the schedule's parameters. */
static rnl_status take_lists(table *t, rnl_node *parameters)
{
    for (size_t i = 0; i < COLUMNS; ++i) {
        rnl_node *list = t->lists[i];
        t->lists[i] = NULL;
        RNL_TRY(rnl_node_give(parameters, list));
    }
    rnl_node_free(rnl_node_take(parameters, "per"));
    return rnl_node_give(
        parameters,
        rnl_node_create_with(RNL_SCALAR, "per", t->by_steps ? "step" : "epoch", parameters->place));
}

static rnl_status read_table(rnl_node *parameters, const char *path)
{
    static const char *const keys[] = {"at", "learning_rate", "momentum"};
    table t = {0};
    RNL_TRY(rnl_csv_open(&t.reader, path, ','));
    rnl_status status = RNL_OK;
    for (size_t i = 0; i < COLUMNS; ++i) {
        t.lists[i] = rnl_node_create_with(RNL_LIST, keys[i], NULL, parameters->place);
        if (!t.lists[i])
            status = rnl_fail_memory(sizeof(rnl_node));
    }
    if (status == RNL_OK)
        status = read_rows(&t, parameters->place);
    if (status == RNL_OK)
        status = take_lists(&t, parameters);
    for (size_t i = 0; i < COLUMNS; ++i)
        rnl_node_free(t.lists[i]);
    rnl_csv_close(&t.reader);
    return status;
}

/* ---- the tree -------------------------------------------------------------------------------- */

static rnl_node *item_of(const rnl_node *mapping, const char *key)
{
    const size_t at =
        mapping && mapping->type == RNL_MAPPING ? rnl_node_find(mapping, key) : SIZE_MAX;
    return mapping && at < mapping->count ? mapping->items[at] : NULL;
}

/* Tables whose lists are there, from a saved model, are left as they are. */
static rnl_status read_schedule(const rnl_node *section)
{
    rnl_node *parameters = item_of(item_of(section, "schedule"), "table");
    const rnl_node *path = item_of(parameters, "path");
    if (!path || path->type != RNL_SCALAR || *path->text == '\0' || item_of(parameters, "at"))
        return RNL_OK;
    return read_table(parameters, path->text);
}

rnl_status rnl_schedule_tables_read(rnl_node *root)
{
    const rnl_node *training = item_of(root, "training"), *phases = item_of(training, "phases");
    RNL_TRY(read_schedule(training));
    RNL_TRY(read_schedule(item_of(root, "pretraining")));
    for (size_t i = 0; phases && phases->type == RNL_LIST && i < phases->count; ++i) {
        const rnl_node *named = item_of(phases->items[i], "phase");
        RNL_TRY(read_schedule(named ? named : phases->items[i]));
    }
    return RNL_OK;
}
