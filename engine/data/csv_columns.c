/*
 * Which columns of a table are targets, inputs, sample weights, or nothing.
 */
#include "engine/base/error.h"
#include "engine/data/csv_table.h"

#include <stdlib.h>
#include <string.h>

#define AUTO "auto" /* under `categorical` */

/* The key under which the configuration names a column. */
typedef enum role { NAMED_NOWHERE, TARGET, SAMPLE_WEIGHT, FEATURE, IGNORED } role;

static const char *const keys[] = {
    [TARGET] = "target",
    [SAMPLE_WEIGHT] = "sample_weight",
    [FEATURE] = "features",
    [IGNORED] = "ignore",
};

/* The role of one column. */
typedef struct choice {
    unsigned char role;
    bool categorical;
} choice;

/* A column has one role. */
static rnl_status give_role(const rnl_csv_table *t, choice *choices, const rnl_text_list *names,
                            role given)
{
    for (size_t i = 0; i < names->count; ++i) {
        size_t cell;
        RNL_TRY(rnl_csv_find_cell(t, names->items[i], names->place, &cell));
        const role before = (role)choices[cell].role;
        if (before == given)
            return rnl_fail_at(names->place, "%s: the column '%.60s' is named twice", keys[given],
                               names->items[i]);
        if (before != NAMED_NOWHERE)
            return rnl_fail_at(names->place, "%s: the column '%.60s' is named under %s, too",
                               keys[given], names->items[i], keys[before]);
        choices[cell].role = (unsigned char)given;
    }
    return RNL_OK;
}

/* Tests if the name under `categorical` is none of a column, and asks for those of texts. */
static bool is_auto(const rnl_csv_table *t, const char *name)
{
    return strcmp(name, AUTO) == 0 && !rnl_text_index_find(&t->index, AUTO);
}

bool rnl_csv_finds_texts(const rnl_csv_table *t)
{
    const rnl_text_list *names = &t->parameters->categorical;
    for (size_t i = 0; i < names->count; ++i)
        if (is_auto(t, names->items[i]))
            return true;
    return false;
}

static rnl_status mark_categorical(const rnl_csv_table *t, choice *choices)
{
    const rnl_text_list *names = &t->parameters->categorical;
    for (size_t i = 0; i < names->count; ++i) {
        size_t cell;
        if (is_auto(t, names->items[i]))
            continue;
        RNL_TRY(rnl_csv_find_cell(t, names->items[i], names->place, &cell));
        const role its = (role)choices[cell].role;
        if (its == SAMPLE_WEIGHT || its == IGNORED)
            return rnl_fail_at(names->place, "categorical: the column '%.60s' is named under %s",
                               names->items[i], keys[its]);
        choices[cell].categorical = true;
    }
    return RNL_OK;
}

static rnl_status choose_targets(const rnl_csv_table *t, const choice *choices)
{
    const rnl_text_list *names = &t->parameters->target;
    const rnl_target target = t->loading->target;
    const bool classes = target == RNL_TARGET_CLASS ||
                         (target == RNL_TARGET_DISTRIBUTION && names->count == 1) ||
                         (t->loading->two_classes && names->count == 1);
    if (t->loading->without_targets)
        return RNL_OK;
    if (names->count == 0)
        return rnl_fail_at(names->place, "target: expected the name of the column to predict");
    if (target == RNL_TARGET_CLASS && names->count > 1)
        return rnl_fail_at(names->place,
                           "target: the loss needs one column of classes, got %zu columns",
                           names->count);
    for (size_t i = 0; i < names->count; ++i) {
        size_t cell;
        RNL_TRY(rnl_csv_find_cell(t, names->items[i], names->place, &cell));
        if (choices[cell].categorical && names->count > 1)
            return rnl_fail_at(names->place,
                               "target: several columns must be numbers, '%.60s' is categorical",
                               names->items[i]);
        RNL_TRY(rnl_columns_add(&rnl_csv_encoding(t)->targets, names->items[i],
                                classes || choices[cell].categorical));
    }
    return RNL_OK;
}

static rnl_status add_input(const rnl_csv_table *t, const choice *choices, size_t cell)
{
    return rnl_columns_add(&rnl_csv_encoding(t)->inputs, t->names.items[cell],
                           choices[cell].categorical);
}

/* Those that were named, or all that have a name and no other role. */
static rnl_status choose_inputs(const rnl_csv_table *t, const choice *choices)
{
    const rnl_text_list *wanted = &t->parameters->features;
    for (size_t i = 0; i < wanted->count; ++i) {
        size_t cell;
        RNL_TRY(rnl_csv_find_cell(t, wanted->items[i], wanted->place, &cell));
        RNL_TRY(add_input(t, choices, cell));
    }
    for (size_t cell = 0; cell < t->width && wanted->count == 0; ++cell)
        if (choices[cell].role == NAMED_NOWHERE && *t->names.items[cell])
            RNL_TRY(add_input(t, choices, cell));
    return rnl_csv_encoding(t)->inputs.count > 0
               ? RNL_OK
               : rnl_fail(RNL_BAD_DATA, "%s: expected a column beside the target",
                          t->reader.stream.path);
}

static rnl_status note_unnamed(const rnl_csv_table *t, const choice *choices)
{
    size_t count = 0, first = 0;
    for (size_t cell = t->width; cell-- > 0;)
        if (!*t->names.items[cell] && choices[cell].role == NAMED_NOWHERE) {
            first = cell + 1;
            ++count;
        }
    if (count == 0 || t->parameters->features.count > 0)
        return RNL_OK;
    return rnl_notes_add(t->loading->notes, RNL_LOG_INFO,
                         "%s: %zu column%s without a name, the first of them column %zu, %s no "
                         "input%s: in the header, a name makes an input of it",
                         t->reader.stream.path, count, count > 1 ? "s" : "", first,
                         count > 1 ? "are" : "is", count > 1 ? "s" : "");
}

static rnl_status choose(const rnl_csv_table *t, choice *choices)
{
    const rnl_csv_parameters *p = t->parameters;
    RNL_TRY(give_role(t, choices, &p->target, TARGET));
    RNL_TRY(give_role(t, choices, &p->sample_weight, SAMPLE_WEIGHT));
    RNL_TRY(give_role(t, choices, &p->features, FEATURE));
    RNL_TRY(give_role(t, choices, &p->ignore, IGNORED));
    RNL_TRY(mark_categorical(t, choices));
    RNL_TRY(choose_targets(t, choices));
    RNL_TRY(choose_inputs(t, choices));
    return note_unnamed(t, choices);
}

rnl_status rnl_csv_choose_columns(const rnl_csv_table *t)
{
    choice *choices = calloc(t->width, sizeof *choices);
    if (!choices)
        return rnl_fail_memory(t->width * sizeof *choices);
    const rnl_status status = choose(t, choices);
    free(choices);
    return status;
}
