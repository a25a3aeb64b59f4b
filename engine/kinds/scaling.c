#include "engine/kinds/scaling.h"
#include "engine/base/error.h"
#include "engine/kinds/scaling_measures.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct column_parameters {
    rnl_choice otherwise;
    rnl_choice_map columns;
} column_parameters;

/* ---- the tables ------------------------------------------------------------------------------ */

static const rnl_field range_fields[] = {
    {.key = "minimum",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(rnl_range_parameters, minimum),
     .fallback = "0.0",
     .help = "what the smallest of all training inputs becomes"},
    {.key = "maximum",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(rnl_range_parameters, maximum),
     .fallback = "1.0",
     .help = "what the largest of all training inputs becomes"},
    {.key = NULL},
};

static const rnl_field robust_fields[] = {
    {.key = "smooth_clip",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(rnl_robust_parameters, smooth_clip),
     .fallback = "0.0",
     .maximum = 1e6,
     .help = "c: behind it x becomes x / sqrt(1 + (x / c)^2), within -c and c; 0: as it is"},
    {.key = NULL},
};

static const rnl_scaling none = {.measure = rnl_measure_none};
static const rnl_scaling range = {.measure = rnl_measure_range, .of_table = rnl_measure_ranges};
static const rnl_scaling standardize = {.measure = rnl_measure_standardize};
static const rnl_scaling robust = {.measure = rnl_measure_robust};

#define COLUMN_KINDS                                                                               \
    {.name = "none", .help = "inputs as they come", .operations = &none},                          \
        {.name = "range",                                                                          \
         .help = "to the range of the training inputs: of each column of a table, else of all",    \
         .fields = range_fields,                                                                   \
         .size = sizeof(rnl_range_parameters),                                                     \
         .operations = &range},                                                                    \
        {.name = "standardize",                                                                    \
         .help = "each feature to mean 0 and standard deviation 1 over the training rows",         \
         .operations = &standardize},                                                              \
    {                                                                                              \
        .name = "robust",                                                                          \
        .help = "each feature less its median, by the distance of its quartiles, or half its "     \
                "range where that is 0",                                                           \
        .fields = robust_fields, .size = sizeof(rnl_robust_parameters), .operations = &robust      \
    }

static const rnl_kind column_kinds[] = {COLUMN_KINDS};

static const rnl_kind_table column_scalings = {
    .noun = "scaling",
    .plural = "scalings",
    .kinds = column_kinds,
    .count = sizeof column_kinds / sizeof *column_kinds,
};

static const rnl_field column_fields[] = {
    {.key = "default",
     .type = RNL_FIELD_KIND,
     .offset = offsetof(column_parameters, otherwise),
     .fallback = "none",
     .kinds = &column_scalings,
     .help = "of the columns that are not named"},
    {.key = "columns",
     .type = RNL_FIELD_KIND_MAP,
     .offset = offsetof(column_parameters, columns),
     .fallback = "{}",
     .kinds = &column_scalings,
     .help = "of columns by name: {age: range}"},
    {.key = NULL},
};

static const rnl_kind kinds[] = {
    COLUMN_KINDS,
    {.name = "by_column",
     .help = "of a table, written without this name: {default: standardize, columns: {age: range}}",
     .fields = column_fields,
     .size = sizeof(column_parameters)},
};

const rnl_kind_table rnl_scalings = {
    .noun = "scaling",
    .plural = "scalings",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
    .unnamed = &kinds[sizeof kinds / sizeof *kinds - 1],
};

static const rnl_kind target_kinds[] = {
    {.name = "none", .help = "targets as they come", .operations = &none},
    {.name = "standardize",
     .help = "each target to mean 0 and standard deviation 1 over the training rows; predictions "
             "and metrics stay in the units of the targets",
     .operations = &standardize},
};

const rnl_kind_table rnl_target_scalings = {
    .noun = "target scaling",
    .plural = "target scalings",
    .kinds = target_kinds,
    .count = sizeof target_kinds / sizeof *target_kinds,
};

bool rnl_scales(const rnl_choice *scaling)
{
    return scaling->kind && scaling->kind->operations != &none;
}

rnl_status rnl_scaler_add_clips(rnl_scaler *scaler)
{
    if (!scaler->clip)
        scaler->clip = calloc(scaler->features, sizeof *scaler->clip);
    return scaler->clip ? RNL_OK : rnl_fail_memory(scaler->features * sizeof *scaler->clip);
}

bool rnl_scaler_changes(const rnl_scaler *scaler)
{
    for (size_t j = 0; j < scaler->features; ++j)
        if (scaler->centre[j] != 0 || scaler->scale[j] != 1 || scaler->offset[j] != 0)
            return true;
    return false;
}

rnl_status rnl_scaler_allocate(rnl_scaler *scaler, size_t features)
{
    const rnl_scaler allocated = {
        .features = features,
        .centre = calloc(features, sizeof(double)),
        .scale = calloc(features, sizeof(double)),
        .offset = calloc(features, sizeof(double)),
    };
    *scaler = allocated;
    if (allocated.centre && allocated.scale && allocated.offset)
        return RNL_OK;
    rnl_scaler_release(scaler);
    return rnl_fail_memory(3 * features * sizeof(double));
}

void rnl_scaler_release(rnl_scaler *scaler)
{
    free(scaler->centre);
    free(scaler->scale);
    free(scaler->offset);
    free(scaler->clip);
    *scaler = (rnl_scaler){0};
}

rnl_status rnl_scaler_copy(rnl_scaler *copy, const rnl_scaler *scaler)
{
    const size_t bytes = scaler->features * sizeof(double);
    if (bytes == 0)
        return RNL_OK;
    RNL_TRY(rnl_scaler_allocate(copy, scaler->features));
    memcpy(copy->centre, scaler->centre, bytes);
    memcpy(copy->scale, scaler->scale, bytes);
    memcpy(copy->offset, scaler->offset, bytes);
    if (!scaler->clip)
        return RNL_OK;
    RNL_TRY(rnl_scaler_add_clips(copy));
    memcpy(copy->clip, scaler->clip, scaler->features * sizeof *copy->clip);
    return RNL_OK;
}

/* ---- measuring ------------------------------------------------------------------------------- */

static rnl_status measure(rnl_scaler *scaler, const rnl_choice *scaling, const rnl_numbers *train,
                          rnl_span columns, bool is_table)
{
    const rnl_scaling *operations = scaling->kind->operations;
    rnl_scaling_measure *function =
        is_table && operations->of_table ? operations->of_table : operations->measure;
    return function(scaler, train, columns, scaling);
}

static rnl_status check_names(const rnl_choice_map *map, const rnl_columns *columns)
{
    const char *names[64] = {0};
    size_t count = 0;
    for (; count < columns->count && count < sizeof names / sizeof *names; ++count)
        names[count] = columns->items[count].name;
    for (size_t i = 0; i < map->count; ++i) {
        size_t c = 0;
        while (c < columns->count && strcmp(columns->items[c].name, map->items[i].name) != 0)
            ++c;
        const char *nearest = rnl_nearest(map->items[i].name, names, count);
        if (c == columns->count)
            return rnl_fail_at(map->items[i].place,
                               "scaling: no input is the column '%.60s'%s%.60s%s",
                               map->items[i].name, nearest ? "; did you mean '" : "",
                               nearest ? nearest : "", nearest ? "'?" : "");
    }
    return RNL_OK;
}

static const rnl_choice *scaling_of(const column_parameters *p, const char *column)
{
    for (size_t i = 0; i < p->columns.count; ++i)
        if (strcmp(p->columns.items[i].name, column) == 0)
            return &p->columns.items[i].choice;
    return &p->otherwise;
}

/* Measures adjacent columns with the same scaling together. */
static rnl_status measure_columns(rnl_scaler *scaler, const rnl_choice *scaling,
                                  const rnl_numbers *train, const rnl_columns *columns)
{
    const column_parameters *p = scaling->parameters;
    const rnl_choice *before = NULL;
    rnl_span span = {0, 0};
    RNL_TRY(check_names(&p->columns, columns));
    for (size_t c = 0; c < columns->count; ++c) {
        const rnl_choice *choice = scaling_of(p, columns->items[c].name);
        if (before && choice != before) {
            RNL_TRY(measure(scaler, before, train, span, true));
            span.begin = span.end;
        }
        span.end += rnl_column_width(&columns->items[c]);
        before = choice;
    }
    return before ? measure(scaler, before, train, span, true) : RNL_OK;
}

rnl_status rnl_scaler_create(rnl_scaler *scaler, const rnl_choice *scaling,
                             const rnl_numbers *train, const rnl_encoding *encoding)
{
    const bool is_table = encoding && rnl_encoding_measured(encoding);
    const rnl_span all = {0, train->columns};
    rnl_scaler measured;
    rnl_status status;
    RNL_TRY(rnl_scaler_allocate(&measured, train->columns));
    if (scaling->kind != rnl_scalings.unnamed)
        status = measure(&measured, scaling, train, all, is_table);
    else if (is_table)
        status = measure_columns(&measured, scaling, train, &encoding->inputs);
    else
        status = rnl_fail_at(scaling->place,
                             "scaling: %s: columns of an array have no names, as those of tables "
                             "and frames have; `reuse` of a saved model takes its numbers by "
                             "position",
                             train->name);
    if (status != RNL_OK) {
        rnl_scaler_release(&measured);
        return status;
    }
    *scaler = measured;
    return RNL_OK;
}
