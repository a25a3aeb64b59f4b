#include "cli/commands.h"
#include "cli/learning_curves.h"
#include "cli/messages.h"
#include "cli/output_file.h"
#include "cli/plot.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

static bool draw(const rnl_named_history *runs, size_t count, const rnl_arguments *arguments)
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

int rnl_command_plot(const rnl_arguments *arguments)
{
    rnl_history_table tables[RNL_MAX_OPERANDS] = {{0}};
    rnl_named_history runs[RNL_MAX_OPERANDS];
    const size_t count = arguments->operand_count;
    bool right = !arguments->output || rnl_plot_names_file(arguments->output);
    for (size_t i = 0; i < count && right; ++i) {
        runs[i] = (rnl_named_history){arguments->operands[i], &tables[i]};
        right = read_run(&tables[i], arguments->operands[i], arguments->output);
    }
    if (right)
        right = draw(runs, count, arguments);
    for (size_t i = 0; i < count; ++i)
        rnl_history_table_release(&tables[i]);
    return right ? RNL_EXIT_OK : RNL_EXIT_FAILURE;
}
