#include "cli/activation_curves.h"
#include "cli/commands.h"
#include "cli/learning_curves.h"
#include "cli/loss_grid.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/output_file.h"
#include "cli/plot.h"
#include "cli/text_file.h"
#include "cli/trace_plots.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct plot_arguments {
    rnl_arguments common;
    const char *output;  /* a file; NULL: standard output */
    const char *columns; /* "loss,val_loss"; NULL: all */
    const char *activations;
    const char *titles; /* "low,high": of the runs; NULL: their operands */
    const char *path;   /* "A,B": two parameters */
    bool trace;
    double most;      /* of y; 0: as high as it goes */
    bool logarithmic; /* in y */
} plot_arguments;

static bool take_most(rnl_arguments *arguments, void *member, const char *value)
{
    char *end;
    const double number = strtod(value, &end);
    (void)arguments;
    *(double *)member = number;
    return end != value && *end == '\0' && isfinite(number) && number != 0;
}

static const rnl_option option_table[] = {
    {"output", 'o', "FILE",
     "a .png or .svg file to write to, by gnuplot (default: characters to\nstandard output)",
     "a file", rnl_take_text, offsetof(plot_arguments, output)},
    {"columns", 0, "NAME,NAME...",
     "columns of history.csv to draw (default: all but\nsamples_per_second, and momentum where it "
     "does not change)",
     "names, as in loss,val_loss", rnl_take_text, offsetof(plot_arguments, columns)},
    {"titles", 0, "TEXT,TEXT...", "names of the runs in the legend (default: as they are given)",
     "names, as in low,high", rnl_take_text, offsetof(plot_arguments, titles)},
    {"log", 0, NULL, "a logarithmic scale of the figures", NULL, rnl_take_switch,
     offsetof(plot_arguments, logarithmic)},
    {"ymax", 0, "NUMBER",
     "draw figures no higher (default: a curve that goes ten times as far as\nthe others is cut "
     "off, and told)",
     "a number other than 0", take_most, offsetof(plot_arguments, most)},
    {"trace", 0, NULL,
     "draw the parameters in trace.csv over the steps, tensor by tensor\n(training.trace)", NULL,
     rnl_take_switch, offsetof(plot_arguments, trace)},
    {"path", 0, "NAME,NAME",
     "with --trace, draw two parameters as a path; PNG and SVG have the\nloss over the training "
     "rows of the first run as contours",
     "two parameters, as in dense_1.kernel.0.0,dense_1.bias.0", rnl_take_text,
     offsetof(plot_arguments, path)},
    {"activation", 0, "NAME,NAME...",
     "draw activations in place of runs: f(z), and below it its slope; as\nin a configuration, "
     "also {leaky_relu: 0.2} or a formula of z",
     "activations, as in sigmoid,elu", rnl_take_text, offsetof(plot_arguments, activations)},
    RNL_OPTION_HELP,
    {0},
};

static const char details[] =
    "RUN is the directory of a run, or its history.csv; a run that still trains is drawn as far\n"
    "as it is.  Each figure has a plot of its own, over the epochs: loss and val_loss, each\n"
    "metric and its val_, learning_rate.  A diverging run does not flatten the others: its curve\n"
    "ends at the upper edge.\n"
    "With --trace, RUN has a trace.csv, which training.trace makes of a small model.\n"
    "\n"
    "Exit code: 0 drawn; 1 failed; 2 a mistake in the command.\n"
    "\n"
    "Examples:\n"
    "  runnel plot runs/fashion_mnist\n"
    "  runnel plot runs/a runs/b --columns val_accuracy -o curves.png\n"
    "  runnel plot runs/a runs/b --columns loss --log --titles 'too low,good' -o rates.svg\n"
    "  runnel plot --activation sigmoid,elu -o activations.svg\n"
    "  runnel plot --trace runs/a --path dense_1.kernel.0.0,dense_1.kernel.1.0 -o path.svg\n";

/* The file of a run's directory, or the file itself, which the output, if there is one, is not. */
static bool read_run(rnl_history_table *table, const char *run, const char *output,
                     const char *name)
{
    char *path = rnl_run_file(run, name);
    const bool read =
        path && !(output && rnl_output_is_input(output, path)) && rnl_history_read(table, path);
    free(path);
    return read;
}

static bool print(const rnl_plot *plots, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        if (i > 0)
            putchar('\n');
        if (!rnl_plot_print(&plots[i], stdout, rnl_plot_columns())) {
            rnl_complain_memory();
            return false;
        }
    }
    return true;
}

static bool draw(rnl_plot *plots, size_t count, const plot_arguments *arguments)
{
    for (size_t i = 0; i < count; ++i) {
        plots[i].most = arguments->most;
        plots[i].logarithmic_y = arguments->logarithmic;
    }
    if (!arguments->output)
        return print(plots, count);
    const bool drawn = rnl_plot_write(plots, count, arguments->output);
    if (drawn)
        printf("plot: %s\n", arguments->output);
    return drawn;
}

/* ---- runs ------------------------------------------------------------------------------------ */

/* Gives each run its title, from a copy of the list that is taken apart; false if there are more or
 * fewer than runs. */
static bool name_runs(rnl_named_history *runs, size_t count, char *titles)
{
    size_t given = 0;
    for (char *title; (title = strsep(&titles, ",")); ++given)
        if (given < count) {
            runs[given].name = title;
            runs[given].titled = true;
        }
    return given == count;
}

/* The contours are of a file that shows them. */
static bool draw_path(const rnl_named_history *runs, size_t count, const plot_arguments *arguments)
{
    rnl_learning_curves path;
    rnl_loss_grid *grid = calloc(1, sizeof *grid);
    if (!grid)
        return rnl_complain_memory() == RNL_EXIT_OK;
    bool drawn = rnl_trace_path_create(&path, runs, count, arguments->path, grid->from, grid->to);
    if (drawn) {
        const rnl_plot *plot = &path.plots[0];
        const rnl_contours contours = {.side = RNL_GRID_SIDE,
                                       .from = {grid->from[0], grid->from[1]},
                                       .to = {grid->to[0], grid->to[1]},
                                       .values = grid->loss};
        const char *const names[2] = {plot->x_label, plot->y_label};
        path.plots[0].contours = arguments->output ? &contours : NULL;
        drawn = (!arguments->output ||
                 rnl_loss_grid_compute(grid, arguments->common.operands[0], names)) &&
                draw(path.plots, 1, arguments);
        rnl_learning_curves_release(&path);
    }
    free(grid);
    return drawn;
}

static int draw_curves(rnl_named_history *runs, size_t count, const plot_arguments *arguments)
{
    rnl_learning_curves curves;
    char *titles = arguments->titles ? strdup(arguments->titles) : NULL;
    if (arguments->titles && !titles)
        return rnl_complain_memory();
    if (titles && !name_runs(runs, count, titles)) {
        free(titles);
        return rnl_complain_usage("plot", "--titles expects %zu name%s, one for each run", count,
                                  count == 1 ? "" : "s");
    }
    bool drawn = false;
    if (arguments->path) {
        drawn = draw_path(runs, count, arguments);
    } else if ((arguments->trace ? rnl_trace_plots_create : rnl_learning_curves_create)(
                   &curves, runs, count, arguments->columns)) {
        drawn = draw(curves.plots, curves.count, arguments);
        rnl_learning_curves_release(&curves);
    }
    free(titles);
    return drawn ? RNL_EXIT_OK : RNL_EXIT_FAILURE;
}

static int draw_runs(const plot_arguments *arguments)
{
    rnl_history_table tables[RNL_MAX_OPERANDS] = {{0}};
    rnl_named_history runs[RNL_MAX_OPERANDS];
    const size_t count = arguments->common.operand_count;
    bool right = true;
    for (size_t i = 0; i < count && right; ++i) {
        runs[i] = (rnl_named_history){arguments->common.operands[i], &tables[i], false};
        right = read_run(&tables[i], arguments->common.operands[i], arguments->output,
                         arguments->trace ? "trace.csv" : "history.csv");
    }
    const int code = right ? draw_curves(runs, count, arguments) : RNL_EXIT_FAILURE;
    for (size_t i = 0; i < count; ++i)
        rnl_history_table_release(&tables[i]);
    return code;
}

/* ---- activations ----------------------------------------------------------------------------- */

static int draw_activations(const plot_arguments *arguments)
{
    rnl_activation_curves curves;
    if (arguments->common.operand_count > 0 || arguments->columns || arguments->titles)
        return rnl_complain_usage("plot", "--activation draws no runs: expected neither RUN, "
                                          "--columns nor --titles");
    if (!rnl_activation_curves_create(&curves, arguments->activations))
        return RNL_EXIT_USAGE;
    const bool drawn = draw(curves.plots, 2, arguments);
    rnl_activation_curves_release(&curves);
    return drawn ? RNL_EXIT_OK : RNL_EXIT_FAILURE;
}

static int run(const rnl_arguments *common)
{
    const plot_arguments *arguments = (const plot_arguments *)common;
    if (arguments->output && !rnl_plot_names_file(arguments->output))
        return RNL_EXIT_USAGE;
    if (arguments->path && !arguments->trace)
        return rnl_complain_usage("plot", "--path is of a trace: --trace --path A,B");
    if (arguments->activations)
        return draw_activations(arguments);
    if (common->operand_count == 0)
        return rnl_complain_usage("plot", "expected a RUN, or --activation");
    return draw_runs(arguments);
}

const rnl_command rnl_plot_command = {
    .name = "plot",
    .operands = "[RUN...]",
    .fewest = 0,
    .most = RNL_MAX_OPERANDS,
    .purpose = "Draws the learning curves of runs, or activations.",
    .details = details,
    .options = option_table,
    .size = sizeof(plot_arguments),
    .run = run,
};
