#include "engine/data/class_selection.h"

#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/base/number.h"
#include "engine/data/hold_out.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct list_parameters {
    rnl_text_list classes;
} list_parameters;

typedef struct map_parameters {
    rnl_text_map classes;
} map_parameters;

typedef enum selecting { ONLY, EXCLUDE, MAP } selecting;

static selecting how(const rnl_choice *selection)
{
    return *(const selecting *)selection->kind->operations;
}

static size_t named_count(const rnl_choice *selection)
{
    return how(selection) == MAP ? ((const map_parameters *)selection->parameters)->classes.count
                                 : ((const list_parameters *)selection->parameters)->classes.count;
}

/* Returns a class that the selection names. */
static const char *named(const rnl_choice *selection, size_t i)
{
    return how(selection) == MAP
               ? ((const map_parameters *)selection->parameters)->classes.items[i].name
               : ((const list_parameters *)selection->parameters)->classes.items[i];
}

/* Returns the new name of a class that a map names. */
static const char *mapped(const rnl_choice *selection, size_t i)
{
    return ((const map_parameters *)selection->parameters)->classes.items[i].text;
}

rnl_status rnl_class_use_begin(rnl_class_use *use, const rnl_choice *selection)
{
    *use = (rnl_class_use){.selection = selection};
    if (!selection->kind)
        return RNL_OK;
    if (named_count(selection) == 0)
        return rnl_fail_at(selection->place, "classes: expected at least one class");
    use->seen = calloc(named_count(selection), sizeof *use->seen);
    return use->seen ? RNL_OK : rnl_fail_memory(named_count(selection));
}

void rnl_class_use_end(rnl_class_use *use)
{
    free(use->seen);
    use->seen = NULL;
}

bool *rnl_class_use_seen(const rnl_class_use *use, size_t *count)
{
    *count = named_count(use->selection);
    return use->seen;
}

/* ---- by name --------------------------------------------------------------------------------- */

/* "1" and "1.0" are the same class, as in a table. */
static bool same_class(const char *a, const char *b)
{
    double left, right;
    if (strcmp(a, b) == 0)
        return true;
    return rnl_parse_number(a, &left) && rnl_parse_number(b, &right) && left == right;
}

const char *rnl_class_selected(const rnl_class_use *use, const char *name, bool dropped)
{
    const rnl_choice *selection = use->selection;
    for (size_t i = 0; i < named_count(selection); ++i)
        if (same_class(named(selection, i), name)) {
            use->seen[i] |= !dropped || how(selection) == EXCLUDE;
            return how(selection) == ONLY  ? name
                   : how(selection) == MAP ? mapped(selection, i)
                                           : NULL;
        }
    return how(selection) == ONLY ? NULL : name;
}

/* ---- by number ------------------------------------------------------------------------------- */

enum { LEFT_OUT = -1, UNKNOWN = -2 };

/* A selection of class numbers; those beyond it stay. */
typedef struct renumbering {
    size_t count;     /* numbers up to the largest that is named, or that a row has */
    size_t keys;      /* numbers up to the largest that is named to be taken for another */
    int32_t *renamed; /* (count) the number that a class is taken for, or one of the two below; */
    int32_t *ranks;   /* (count) its place among those that are left */
    size_t *entries;  /* (count) what names it, from 1; 0: nothing */
} renumbering;

static void release(renumbering *r)
{
    free(r->renamed);
    free(r->ranks);
    free(r->entries);
}

static rnl_status parse_class(const rnl_choice *selection, const char *text, size_t *class)
{
    double number;
    if (!rnl_parse_number(text, &number) || number < 0 || number > (1 << 24) ||
        number != (double)(size_t)number)
        return rnl_fail_at(selection->place,
                           "classes: expected class numbers from 0, as only tables have names of "
                           "classes, got '%.60s'",
                           text);
    *class = (size_t)number;
    return RNL_OK;
}

static rnl_status count_classes(renumbering *r, const rnl_choice *selection, int32_t largest)
{
    size_t class = 0;
    r->count = (size_t)(largest + 1);
    for (size_t i = 0; i < named_count(selection); ++i) {
        RNL_TRY(parse_class(selection, named(selection, i), &class));
        r->count = class + 1 > r->count ? class + 1 : r->count;
        r->keys = class + 1 > r->keys ? class + 1 : r->keys;
        if (how(selection) != MAP)
            continue;
        RNL_TRY(parse_class(selection, mapped(selection, i), &class));
        r->count = class + 1 > r->count ? class + 1 : r->count;
    }
    return RNL_OK;
}

/* Where classes are taken for numbers beyond those that are named, nothing tells which numbers
 * between them are classes, too: rows of such are refused. */
static rnl_status rename_others(renumbering *r, const rnl_choice *selection)
{
    size_t target = 0;
    bool beyond = false;
    for (size_t i = 0; how(selection) == MAP && i < named_count(selection); ++i) {
        RNL_TRY(parse_class(selection, mapped(selection, i), &target));
        beyond |= target >= r->keys;
    }
    for (size_t c = 0; c < r->count; ++c)
        r->renamed[c] = how(selection) == ONLY   ? LEFT_OUT
                        : beyond && c >= r->keys ? UNKNOWN
                                                 : (int32_t)c;
    return RNL_OK;
}

static rnl_status rename_classes(renumbering *r, const rnl_choice *selection)
{
    size_t class = 0, target = 0;
    RNL_TRY(rename_others(r, selection));
    for (size_t i = 0; i < named_count(selection); ++i) {
        RNL_TRY(parse_class(selection, named(selection, i), &class));
        if (r->entries[class] > 0)
            return rnl_fail_at(selection->place, "classes: the class %zu is named twice", class);
        r->entries[class] = i + 1;
        target = class;
        if (how(selection) == MAP)
            RNL_TRY(parse_class(selection, mapped(selection, i), &target));
        r->renamed[class] = how(selection) == EXCLUDE ? LEFT_OUT : (int32_t)target;
    }
    return RNL_OK;
}

/* Numbers what is left in order, the same for every set: whether a set has rows of a class does not
 * matter. */
static void rank_classes(renumbering *r)
{
    int32_t next = 0;
    for (size_t c = 0; c < r->count; ++c)
        r->ranks[c] = 0;
    for (size_t c = 0; c < r->count; ++c)
        if (r->renamed[c] >= 0)
            r->ranks[r->renamed[c]] = 1;
    for (size_t c = 0; c < r->count; ++c)
        r->ranks[c] = r->ranks[c] ? next++ : -1;
}

static rnl_status make_renumbering(renumbering *r, const rnl_choice *selection, int32_t largest)
{
    RNL_TRY(count_classes(r, selection, largest));
    r->renamed = calloc(r->count, sizeof *r->renamed);
    r->ranks = calloc(r->count, sizeof *r->ranks);
    r->entries = calloc(r->count, sizeof *r->entries);
    if (!r->renamed || !r->ranks || !r->entries)
        return rnl_fail_memory(r->count * (2 * sizeof *r->ranks + sizeof *r->entries));
    RNL_TRY(rename_classes(r, selection));
    rank_classes(r);
    return RNL_OK;
}

/* Marks the rows that stay, and numbers their classes anew. */
static size_t renumber(const renumbering *r, rnl_dataset *dataset, const rnl_class_use *use,
                       int32_t *labels, bool *marks)
{
    size_t count = 0;
    for (size_t i = 0; i < dataset->rows; ++i) {
        const size_t class = (size_t)dataset->labels[i];
        const int32_t renamed = r->renamed[class];
        if (r->entries[class] > 0)
            use->seen[r->entries[class] - 1] = true;
        marks[i] = renamed >= 0;
        labels[i] = renamed >= 0 ? r->ranks[renamed] : 0;
        count += marks[i];
    }
    return count;
}

static rnl_status refuse_unknown(const rnl_dataset *dataset, const renumbering *r,
                                 const rnl_class_use *use)
{
    for (size_t i = 0; i < dataset->rows; ++i)
        if (r->renamed[dataset->labels[i]] == UNKNOWN)
            return rnl_fail_at(use->selection->place,
                               "classes: %s has rows of class %d, which is not named, and others "
                               "are taken for numbers beyond those that are",
                               dataset->name, (int)dataset->labels[i]);
    return RNL_OK;
}

static rnl_status keep(rnl_dataset *dataset, const renumbering *r, const rnl_class_use *use)
{
    bool *marks;
    RNL_TRY(refuse_unknown(dataset, r, use));
    RNL_TRY(rnl_allocate_rows(&marks, dataset->name, dataset->rows, 1, sizeof *marks));
    const size_t count = renumber(r, dataset, use, dataset->labels, marks);
    const rnl_status status =
        count > 0 ? rnl_dataset_keep(dataset, marks, count)
                  : rnl_fail(RNL_BAD_DATA, "%s: data.classes leaves no row of it", dataset->name);
    free(marks);
    return status;
}

rnl_status rnl_select_classes(rnl_dataset *dataset, const rnl_class_use *use)
{
    renumbering r = {0};
    if (!use->selection->kind || dataset->rows == 0)
        return RNL_OK;
    if (!dataset->labels)
        return rnl_fail_at(use->selection->place, "classes: expected class numbers in %s, got none",
                           dataset->name);
    RNL_TRY(rnl_dataset_own(dataset));
    rnl_status status = make_renumbering(&r, use->selection, dataset->largest_label);
    if (status == RNL_OK)
        status = keep(dataset, &r, use);
    release(&r);
    return status;
}

/* ---- what was never seen --------------------------------------------------------------------- */

static const char *nearest_of(const rnl_column *classes, const char *name)
{
    const char *names[32];
    size_t count = 0;
    for (; classes && count < classes->category_count && count < 32; ++count)
        names[count] = classes->categories[count].name;
    return rnl_nearest(name, names, count);
}

rnl_status rnl_class_use_check(const rnl_class_use *use, const rnl_dataset *train,
                               const rnl_column *classes)
{
    const rnl_choice *selection = use->selection;
    for (size_t i = 0; selection->kind && i < named_count(selection); ++i)
        if (!use->seen[i]) {
            const char *name = named(selection, i), *nearest = nearest_of(classes, name);
            return rnl_fail_at(selection->place, "classes: no row of %s is of class '%.60s'%s%s%s",
                               train->name, name, nearest ? "; did you mean '" : "",
                               nearest ? nearest : "", nearest ? "'?" : "");
        }
    return RNL_OK;
}

/* ---- the table ------------------------------------------------------------------------------- */

static const rnl_field list_fields[] = {
    {.key = "classes",
     .type = RNL_FIELD_TEXT_LIST,
     .offset = offsetof(list_parameters, classes),
     .help = "class numbers, or names of a table: [0, 3]"},
    {.key = NULL},
};

static const rnl_field map_fields[] = {
    {.key = "classes",
     .type = RNL_FIELD_TEXT_MAP,
     .offset = offsetof(map_parameters, classes),
     .help = "what a class is taken for, by its number or name: {5: 0, 7: 0}"},
    {.key = NULL},
};

static const rnl_kind kinds[] = {
    {.name = "only",
     .help = "rows of these classes alone",
     .fields = list_fields,
     .size = sizeof(list_parameters),
     .shorthand = "classes",
     .operations = &(const selecting){ONLY}},
    {.name = "exclude",
     .help = "no rows of these classes",
     .fields = list_fields,
     .size = sizeof(list_parameters),
     .shorthand = "classes",
     .operations = &(const selecting){EXCLUDE}},
    {.name = "map",
     .help = "classes taken for others; those that are not named stay",
     .fields = map_fields,
     .size = sizeof(map_parameters),
     .shorthand = "classes",
     .operations = &(const selecting){MAP}},
};

const rnl_kind_table rnl_class_selections = {
    .noun = "selection of classes",
    .plural = "class selections",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
};
