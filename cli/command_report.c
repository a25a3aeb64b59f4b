#include "cli/commands.h"
#include "cli/gnuplot.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/output_file.h"
#include "cli/page.h"
#include "cli/report.h"
#include "cli/text_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct report_arguments {
    rnl_arguments common;
    const char *output;
    const char *title; /* NULL: the default */
} report_arguments;

static const rnl_option option_table[] = {
    {"output", 'o', "FILE", "the page to write (default: report.html)", "a file", rnl_take_text,
     offsetof(report_arguments, output)},
    {"title", 0, "TEXT", "the page's title (default: Runnel report)", "a text", rnl_take_text,
     offsetof(report_arguments, title)},
    RNL_OPTION_HELP,
    {0},
};

static const char details[] =
    "Each operand is a section of the page:\n"
    "  RUN      the directory of a run: figures after the last epoch, learning curves, layers\n"
    "           where training.inspect was on, evaluation with confusion matrix on the test rows\n"
    "           (or else the validation rows), layers, configuration\n"
    "  COMPARE  the directory of a comparison: means with their deviations, and a table\n"
    "  BENCH    a file that `runnel bench --json` printed: medians with their intervals, and the\n"
    "           state of the machine\n"
    "\n"
    "The page is one file: it asks for nothing from elsewhere and has no scripts.  gnuplot draws\n"
    "its plots.\n"
    "\n"
    "Exit code: 0 written; 1 failed, and nothing written; 2 a mistake in the command.\n"
    "\n"
    "Example:\n"
    "  runnel bench latency --json > latency.json\n"
    "  runnel report runs/fashion_mnist latency.json -o page.html\n";

typedef bool section(FILE *page, const char *path);

static bool has(const char *directory, const char *name)
{
    char *path = rnl_path_of(directory, name);
    const bool there = path && access(path, F_OK) == 0;
    free(path);
    return there;
}

/* What writes the section of an operand; complains and returns NULL if it is none of the three. */
static section *section_of(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        rnl_complain("cannot read %s: %s", path, strerror(errno));
        return NULL;
    }
    if (S_ISREG(status.st_mode))
        return rnl_report_benchmarks;
    if (has(path, "compare.json"))
        return rnl_report_comparison;
    if (has(path, "history.csv"))
        return rnl_report_run;
    rnl_complain("%s: expected the directory of a run, with history.csv, or of a comparison, with "
                 "compare.json, or a file of benchmarks",
                 path);
    return NULL;
}

static bool write_sections(FILE *page, const report_arguments *arguments, section *const *sections)
{
    bool right = true;
    rnl_page_begin(page, arguments->title ? arguments->title : "Runnel report");
    for (size_t i = 0; right && i < arguments->common.operand_count; ++i)
        right = sections[i](page, arguments->common.operands[i]);
    rnl_page_end(page);
    return right;
}

static int run(const rnl_arguments *common)
{
    const report_arguments *arguments = (const report_arguments *)common;
    const char *path = arguments->output ? arguments->output : "report.html";
    section *sections[RNL_MAX_OPERANDS];
    rnl_output_file output;
    for (size_t i = 0; i < common->operand_count; ++i) {
        sections[i] = section_of(common->operands[i]);
        if (!sections[i] || rnl_output_is_input(path, common->operands[i]))
            return RNL_EXIT_FAILURE;
    }
    if (!rnl_gnuplot_is_there()) {
        rnl_complain("gnuplot, which draws the plots, is not installed");
        return RNL_EXIT_FAILURE;
    }
    if (!rnl_output_open(&output, path) ||
        !rnl_output_close(&output, write_sections(output.file, arguments, sections)))
        return RNL_EXIT_FAILURE;
    printf("report: %s\n", path);
    return RNL_EXIT_OK;
}

const rnl_command rnl_report_command = {
    .name = "report",
    .operands = "RUN|COMPARE|BENCH...",
    .fewest = 1,
    .most = RNL_MAX_OPERANDS,
    .purpose = "Writes runs, comparisons and benchmarks as one page of HTML.",
    .details = details,
    .options = option_table,
    .size = sizeof(report_arguments),
    .run = run,
};
