#include "cli/commands.h"
#include "cli/learning_curves.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/output_file.h"
#include "cli/plot.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct plot_arguments {
    rnl_arguments common;
    const char *output;  /* a file; NULL: standard output */
    const char *columns; /* "loss,val_loss"; NULL: all */
} plot_arguments;

static const rnl_option option_table[] = {
    {"output", 'o', "FILE",
     "a .png or .svg file to write to, by gnuplot (default: characters to\nstandard output)",
     "a file", rnl_take_text, offsetof(plot_arguments, output)},
    {"columns", 0, "NAME,NAME...",
     "columns of history.csv to draw (default: all but samples_per_second)",
     "names, as in loss,val_loss", rnl_take_text, offsetof(plot_arguments, columns)},
    RNL_OPTION_HELP,
    {0},
};

static const char details[] =
    "RUN is the directory of a run, or its history.csv; a run that still trains is drawn as far\n"
    "as it is.  Each figure has a plot of its own, over the epochs: loss and val_loss, each\n"
    "metric and its val_, learning_rate.\n"
    "\n"
    "Exit code: 0 drawn; 1 failed; 2 a mistake in the command.\n"
    "\n"
    "Examples:\n"
    "  runnel plot runs/fashion_mnist\n"
    "  runnel plot runs/a runs/b --columns val_accuracy -o curves.png\n";

/* The file of a run's directory, or the file itself, which the output, if there is one, is not. */
static bool read_run(rnl_history_table *table, const char *run, const char *output)
{
    struct stat status;
    char *path = NULL;
    const bool is_file = stat(run, &status) == 0 && S_ISREG(status.st_mode);
    if (asprintf(&path, is_file ? "%s" : "%s/history.csv", run) < 0) {
        rnl_complain("out of memory");
        return false;
    }
    const bool read =
        !(output && rnl_output_is_input(output, path)) && rnl_history_read(table, path);
    free(path);
    return read;
}

static bool print(const rnl_learning_curves *curves)
{
    for (size_t i = 0; i < curves->count; ++i) {
        if (i > 0)
            putchar('\n');
        if (!rnl_plot_print(&curves->plots[i], stdout, rnl_plot_columns())) {
            rnl_complain("out of memory");
            return false;
        }
    }
    return true;
}

static bool draw(const rnl_named_history *runs, size_t count, const plot_arguments *arguments)
{
    rnl_learning_curves curves;
    if (!rnl_learning_curves_create(&curves, runs, count, arguments->columns))
        return false;
    const bool drawn = arguments->output
                           ? rnl_plot_write(curves.plots, curves.count, arguments->output)
                           : print(&curves);
    if (drawn && arguments->output)
        printf("plot: %s\n", arguments->output);
    rnl_learning_curves_release(&curves);
    return drawn;
}

static int run(const rnl_arguments *common)
{
    const plot_arguments *arguments = (const plot_arguments *)common;
    rnl_history_table tables[RNL_MAX_OPERANDS] = {{0}};
    rnl_named_history runs[RNL_MAX_OPERANDS];
    const size_t count = arguments->common.operand_count;
    bool right = true;
    if (arguments->output && !rnl_plot_names_file(arguments->output))
        return RNL_EXIT_USAGE;
    for (size_t i = 0; i < count && right; ++i) {
        runs[i] = (rnl_named_history){arguments->common.operands[i], &tables[i]};
        right = read_run(&tables[i], arguments->common.operands[i], arguments->output);
    }
    if (right)
        right = draw(runs, count, arguments);
    for (size_t i = 0; i < count; ++i)
        rnl_history_table_release(&tables[i]);
    return right ? RNL_EXIT_OK : RNL_EXIT_FAILURE;
}

const rnl_command rnl_plot_command = {
    .name = "plot",
    .operands = "RUN...",
    .fewest = 1,
    .most = RNL_MAX_OPERANDS,
    .purpose = "Draws the learning curves of one or several runs.",
    .details = details,
    .options = option_table,
    .size = sizeof(plot_arguments),
    .run = run,
};
