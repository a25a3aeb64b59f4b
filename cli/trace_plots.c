#include "cli/trace_plots.h"
#include "cli/arguments.h"
#include "cli/messages.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_PLOTS  32
#define MOST_CURVES 10  /* of a run in a plot */
#define ROOM        0.2 /* around a path, of its extent */

static double *column_of(rnl_learning_curves *plots, const rnl_history_table *table, size_t column)
{
    double *values = rnl_learning_curves_allocate(plots, table->rows * sizeof *values);
    for (size_t i = 0; values && i < table->rows; ++i)
        values[i] = rnl_history_value(table, i, column);
    return values;
}

/* The bytes of the tensor's name in that of a number: "dense_1.kernel" of "dense_1.kernel.2.0". */
static size_t tensor_length(const char *name)
{
    const char *dot = strchr(name, '.');
    const char *end = dot ? strchr(dot + 1, '.') : NULL;
    return end ? (size_t)(end - name) : strlen(name);
}

static bool is_listed(const char *list, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    return false;
}

/* The plot of a tensor, made if it is not there; NULL if there are too many, or no memory. */
static rnl_plot *plot_of(rnl_learning_curves *plots, const char *name)
{
    const size_t length = tensor_length(name);
    for (size_t i = 0; i < plots->count; ++i)
        if (strncmp(plots->plots[i].y_label, name, length) == 0 &&
            plots->plots[i].y_label[length] == '\0')
            return &plots->plots[i];
    if (plots->count == MOST_PLOTS)
        return NULL;
    char *label = rnl_learning_curves_allocate(plots, length + 1);
    rnl_curve *curves =
        rnl_learning_curves_allocate(plots, RNL_MAX_OPERANDS * MOST_CURVES * sizeof *curves);
    if (!label || !curves)
        return NULL;
    memcpy(label, name, length);
    label[length] = '\0';
    plots->plots[plots->count] =
        (rnl_plot){.x_label = "step", .y_label = label, .curves = curves, .cuts = true};
    return &plots->plots[plots->count++];
}

/* "2.0" of "dense_1.kernel.2.0"; a name without a number is whole. */
static const char *number_in(const char *name)
{
    const size_t length = tensor_length(name);
    return name[length] ? name + length + 1 : name;
}

static bool add_curve(rnl_plot *plot, rnl_curve added)
{
    rnl_curve *curves = (rnl_curve *)(uintptr_t)plot->curves;
    curves[plot->count++] = added;
    return added.name && added.x && added.y;
}

/* Adds the curves of a run, as many of a tensor as can be told apart; tells of others. */
static bool add_run(rnl_learning_curves *plots, const rnl_named_history *run, bool alone,
                    const char *columns)
{
    const rnl_history_table *table = run->table;
    const size_t steps = rnl_history_column(table, "step");
    size_t others[MOST_PLOTS] = {0}, left_out = 0; /* curves of earlier runs */
    for (size_t i = 0; i < plots->count; ++i)
        others[i] = plots->plots[i].count;
    for (size_t c = 2; c < table->columns; ++c) {
        const char *name = table->names[c];
        if (columns && !is_listed(columns, name))
            continue;
        rnl_plot *plot = plot_of(plots, name);
        if (!plot && plots->count < MOST_PLOTS)
            return false;
        if (!plot || plot->count == others[plot - plots->plots] + MOST_CURVES)
            ++left_out;
        else if (!add_curve(
                     plot, (rnl_curve){rnl_learning_curves_name(plots, run, alone, number_in(name)),
                                       table->rows, column_of(plots, table, steps),
                                       column_of(plots, table, c)}))
            return false;
    }
    if (left_out > 0)
        rnl_complain("%s: %zu number%s not drawn, %d at most of a tensor, of %d tensors; --columns "
                     "chooses",
                     run->name, left_out, left_out == 1 ? "" : "s", MOST_CURVES, MOST_PLOTS);
    return true;
}

/* Takes what was made, or tells why nothing was. */
static bool finish(rnl_learning_curves *plots, bool made)
{
    if (!made)
        rnl_complain_memory();
    else if (plots->count == 0)
        rnl_complain("no run has such a column: see the first line of trace.csv");
    if (made && plots->count > 0)
        return true;
    rnl_learning_curves_release(plots);
    return false;
}

/* Tests if a run's table has steps, or complains. */
static bool is_trace(const rnl_named_history *run)
{
    const bool has_steps = rnl_history_column(run->table, "step") < run->table->columns;
    if (!has_steps)
        rnl_complain("%s: expected a trace.csv, got a table without a column 'step'", run->name);
    return has_steps;
}

bool rnl_trace_plots_create(rnl_learning_curves *plots, const rnl_named_history *runs,
                            size_t run_count, const char *columns)
{
    *plots = (rnl_learning_curves){0};
    for (size_t r = 0; r < run_count; ++r)
        if (!is_trace(&runs[r]))
            return false;
    plots->plots = rnl_learning_curves_allocate(plots, MOST_PLOTS * sizeof *plots->plots);
    bool made = plots->plots != NULL;
    for (size_t r = 0; r < run_count && made; ++r)
        made = add_run(plots, &runs[r], run_count == 1, columns);
    return finish(plots, made);
}

/* ---- a path ---------------------------------------------------------------------------------- */

/* The two names of "A,B"; false, and complains, if they are not two. */
static bool split_path(const char *path, char *copy, const char *names[2])
{
    strcpy(copy, path);
    char *comma = strchr(copy, ',');
    names[0] = copy;
    names[1] = comma ? comma + 1 : "";
    if (comma)
        *comma = '\0';
    if (comma && *names[0] && *names[1] && !strchr(names[1], ','))
        return true;
    rnl_complain("--path: expected two parameters, as in dense_1.kernel.0.0,dense_1.bias.0");
    return false;
}

static void widen(const rnl_curve *curve, double from[2], double to[2])
{
    for (size_t i = 0; i < curve->count; ++i) {
        const double at[2] = {curve->x[i], curve->y[i]};
        for (int d = 0; d < 2 && isfinite(at[0]) && isfinite(at[1]); ++d) {
            from[d] = fmin(from[d], at[d]);
            to[d] = fmax(to[d], at[d]);
        }
    }
}

static bool add_path(rnl_learning_curves *plots, const rnl_named_history *run,
                     const char *const names[2])
{
    size_t columns[2];
    for (int d = 0; d < 2; ++d) {
        columns[d] = rnl_history_column(run->table, names[d]);
        if (columns[d] == run->table->columns) {
            rnl_complain("%s: trace.csv has no column '%s'", run->name, names[d]);
            return false;
        }
    }
    const rnl_curve curve = {run->name, run->table->rows, column_of(plots, run->table, columns[0]),
                             column_of(plots, run->table, columns[1])};
    if (add_curve(&plots->plots[0], curve))
        return true;
    rnl_complain_memory();
    return false;
}

static bool prepare_path(rnl_learning_curves *plots, const char *path, const char *names[2])
{
    char *copy = rnl_learning_curves_allocate(plots, strlen(path) + 1);
    plots->plots = rnl_learning_curves_allocate(plots, sizeof *plots->plots);
    rnl_curve *curves = rnl_learning_curves_allocate(plots, RNL_MAX_OPERANDS * sizeof *curves);
    if (!copy || !plots->plots || !curves) {
        rnl_complain_memory();
        return false;
    }
    if (!split_path(path, copy, names))
        return false;
    plots->count = 1;
    plots->plots[0] = (rnl_plot){.x_label = names[0], .y_label = names[1], .curves = curves};
    return true;
}

bool rnl_trace_path_create(rnl_learning_curves *plots, const rnl_named_history *runs,
                           size_t run_count, const char *path, double from[2], double to[2])
{
    const char *names[2];
    *plots = (rnl_learning_curves){0};
    bool made = prepare_path(plots, path, names);
    for (size_t r = 0; r < run_count && made; ++r)
        made = add_path(plots, &runs[r], names);
    if (!made) {
        rnl_learning_curves_release(plots);
        return false;
    }
    for (int d = 0; d < 2; ++d) {
        from[d] = INFINITY;
        to[d] = -INFINITY;
    }
    for (size_t r = 0; r < run_count; ++r)
        widen(&plots->plots[0].curves[r], from, to);
    for (int d = 0; d < 2; ++d) {
        const double room = to[d] > from[d] ? ROOM * (to[d] - from[d]) : 1;
        from[d] -= room;
        to[d] += room;
    }
    return true;
}
