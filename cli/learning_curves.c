#include "cli/learning_curves.h"
#include "cli/messages.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PLOTS 32

/* The plots in the making, and the runs that they are made from. */
typedef struct making {
    const rnl_named_history *runs;
    size_t run_count;
    const char *columns;
    rnl_learning_curves *result;
} making;

/* The arrays of one curve, in a list from the newest to the oldest; a plot's, too. */
typedef struct owned {
    struct owned *older;
    double values[];
} owned;

void *rnl_learning_curves_allocate(rnl_learning_curves *curves, size_t bytes)
{
    owned *made = malloc(sizeof *made + bytes);
    if (!made)
        return NULL;
    made->older = curves->memory;
    curves->memory = made;
    return made->values;
}

const char *rnl_learning_curves_name(rnl_learning_curves *curves, const rnl_named_history *run,
                                     bool alone, const char *column)
{
    if (alone && !run->titled)
        return column;
    const size_t size = strlen(run->name) + strlen(column) + sizeof ", ";
    char *name = rnl_learning_curves_allocate(curves, size);
    if (name)
        snprintf(name, size, "%s, %s", run->name, column);
    return name;
}

static const char *without_val(const char *column)
{
    return strncmp(column, "val_", 4) == 0 ? column + 4 : column;
}

/* The figure that a list names up to its next comma; returns what follows. */
static const char *take_figure(const char *list, char figure[RNL_FIGURE_NAME])
{
    char word[RNL_FIGURE_NAME];
    const size_t length = strcspn(list, ",");
    snprintf(word, sizeof word, "%.*s", (int)length, list);
    rnl_figure_name(word, figure);
    return list + length + (list[length] == ',');
}

static bool has_figure(const char *list, const char *figure)
{
    for (char named[RNL_FIGURE_NAME]; *list;) {
        list = take_figure(list, named);
        if (strcmp(named, figure) == 0)
            return true;
    }
    return false;
}

static bool changes(const rnl_history_table *table, size_t column)
{
    const double first = rnl_history_value(table, 0, column);
    for (size_t i = 1; i < table->rows; ++i)
        if (fabs(rnl_history_value(table, i, column) - first) > 0)
            return true;
    return false;
}

static bool is_wanted(const making *m, const rnl_history_table *table, size_t column)
{
    const char *name = table->names[column];
    if (m->columns)
        return has_figure(m->columns, name);
    if (strcmp(name, "momentum") == 0)
        return changes(table, column);
    return strcmp(name, "epoch") != 0 && strcmp(name, "step") != 0 &&
           strcmp(name, "samples_per_second") != 0;
}

static rnl_plot *plot_of(const making *m, const char *figure)
{
    for (size_t i = 0; i < m->result->count; ++i)
        if (strcmp(m->result->plots[i].y_label, figure) == 0)
            return &m->result->plots[i];
    return NULL;
}

static bool add_curve(const making *m, rnl_plot *plot, const rnl_named_history *run, size_t column)
{
    const rnl_history_table *table = run->table;
    rnl_learning_curves *own = m->result;
    double *x = rnl_learning_curves_allocate(own, table->rows * sizeof *x),
           *y = rnl_learning_curves_allocate(own, table->rows * sizeof *y);
    rnl_curve *curves = rnl_learning_curves_allocate(own, (plot->count + 1) * sizeof *curves);
    const rnl_curve added = {
        rnl_learning_curves_name(own, run, m->run_count == 1, table->names[column]), table->rows, x,
        y};
    if (!x || !y || !curves || !added.name)
        return false;
    for (size_t i = 0; i < table->rows; ++i) {
        x[i] = rnl_history_value(table, i, 0);
        y[i] = rnl_history_value(table, i, column);
    }
    for (size_t i = 0; i < plot->count; ++i)
        curves[i] = plot->curves[i];
    curves[plot->count++] = added;
    plot->curves = curves;
    return true;
}

/* Rates and momenta go where they are told to. */
static bool may_diverge(const char *figure)
{
    return strcmp(figure, "learning_rate") != 0 && strcmp(figure, "momentum") != 0;
}

static bool add_column(const making *m, const rnl_named_history *run, size_t column)
{
    rnl_learning_curves *result = m->result;
    const char *figure = without_val(run->table->names[column]);
    rnl_plot *plot = plot_of(m, figure);
    if (!plot) {
        if (result->count == MAX_PLOTS) {
            rnl_complain("%s is not drawn: %d plots at most; --columns chooses", figure, MAX_PLOTS);
            return true;
        }
        plot = &result->plots[result->count++];
        *plot = (rnl_plot){.x_label = "epoch", .y_label = figure, .cuts = may_diverge(figure)};
    }
    return add_curve(m, plot, run, column);
}

static bool add_run(const making *m, const rnl_named_history *run)
{
    bool added = true;
    for (size_t c = 1; c < run->table->columns && added; ++c)
        if (is_wanted(m, run->table, c))
            added = add_column(m, run, c);
    return added;
}

/* Every word of the list is a column of some run. */
static bool check_columns(const making *m)
{
    for (const char *at = m->columns; at && *at;) {
        char word[RNL_FIGURE_NAME];
        at = take_figure(at, word);
        bool found = false;
        for (size_t r = 0; r < m->run_count && !found; ++r)
            found = rnl_history_column(m->runs[r].table, word) < m->runs[r].table->columns;
        if (!found) {
            rnl_complain("--columns: no run has a column '%s'", word);
            return false;
        }
    }
    return true;
}

bool rnl_learning_curves_create(rnl_learning_curves *curves, const rnl_named_history *runs,
                                size_t run_count, const char *columns)
{
    *curves = (rnl_learning_curves){0};
    const making m = {.runs = runs, .run_count = run_count, .columns = columns, .result = curves};
    if (!check_columns(&m))
        return false;
    curves->plots = rnl_learning_curves_allocate(curves, MAX_PLOTS * sizeof *curves->plots);
    bool made = curves->plots != NULL;
    for (size_t r = 0; r < run_count && made; ++r)
        made = add_run(&m, &runs[r]);
    if (made && curves->count == 0) {
        rnl_complain("there is nothing to draw: the runs have no figure beside the epoch");
        made = false;
    } else if (!made) {
        rnl_complain_memory();
    }
    if (!made)
        rnl_learning_curves_release(curves);
    return made;
}

void rnl_learning_curves_release(rnl_learning_curves *curves)
{
    for (owned *o = curves->memory, *older; o; o = older) {
        older = o->older;
        free(o);
    }
    *curves = (rnl_learning_curves){0};
}
