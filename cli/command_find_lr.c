#include "cli/commands.h"
#include "cli/gnuplot.h"
#include "cli/messages.h"
#include "cli/model_source.h"
#include "cli/options.h"
#include "cli/output_file.h"
#include "cli/plot.h"
#include "cli/progress.h"
#include "cli/ranks.h"
#include "cli/run_directory.h"
#include "cli/text_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct find_lr_arguments {
    rnl_arguments common;
    const char *output; /* NULL: the default */
    rnl_rate_range range;
    rnl_seed seed;
    size_t deadline; /* seconds; 0: the default */
} find_lr_arguments;

static bool take_rate(rnl_arguments *arguments, void *member, const char *value)
{
    double *rate = member;
    char *end;
    (void)arguments;
    *rate = strtod(value, &end);
    return end != value && *end == '\0' && *rate > 0 && *rate <= 1e6;
}

static bool take_steps(rnl_arguments *arguments, void *member, const char *value)
{
    (void)arguments;
    return rnl_read_count(value, 2, member);
}

static const rnl_option option_table[] = {
    {"output", 'o', "DIR",
     "directory to write to, made if missing\n(default: runs/NAME-find-lr, NAME being the "
     "configuration's)",
     "a directory", rnl_take_text, offsetof(find_lr_arguments, output)},
    {"from", 0, "RATE", "the first learning rate (default: 1e-5)", "a number above 0", take_rate,
     offsetof(find_lr_arguments, range.first)},
    {"to", 0, "RATE", "the last learning rate (default: 10)", "a number above 0", take_rate,
     offsetof(find_lr_arguments, range.last)},
    {"steps", 0, "N", "the number of steps from one to the other (default: 500)",
     "a whole number from 2 to 1000000", take_steps, offsetof(find_lr_arguments, range.steps)},
    RNL_OPTION_THREADS,
    RNL_OPTION_PIN,
    RNL_OPTION_PRODUCTS,
    RNL_OPTION_SEED(offsetof(find_lr_arguments, seed), "short for --set training.seed=N"),
    RNL_OPTION_SET,
    RNL_OPTION_DEADLINE(offsetof(find_lr_arguments, deadline)),
    RNL_OPTION_VERBOSE,
    RNL_OPTION_HELP,
    {0},
};

static const char details[] =
    "Trains the model that CONFIG describes with a learning rate that grows from step to step by\n"
    "a constant factor, and looks at the loss of each mini-batch: too low a rate hardly lowers\n"
    "it, too high a one makes it climb.  The test ends when the loss, smoothed, has come to four\n"
    "times its lowest (of loss poisson, which may be negative: thrice its fall or size above it).\n"
    "Suggested is a tenth of the rate at which it begins to climb: the last one at which the\n"
    "smoothed loss is within a quarter of its lowest.  Nothing is kept of this training.\n"
    "\n"
    "The optimizer and its momentum are the configuration's; its learning rate and schedule are\n"
    "left aside.  An optimizer with `learning_rate: auto`, and the schedule `one_cycle:\n"
    "{max_rate: auto}`, make the same test by themselves.\n"
    "\n"
    "`mpirun -n N runnel find-lr CONFIG` makes the test of one process with N, each of which "
    "computes\n"
    "some of training.shards, as `mpirun -n N runnel train` does.\n"
    "\n"
    "Files written to DIR: find_lr.csv, with a line per step (learning_rate, loss,\n"
    "smoothed_loss), and, where gnuplot is installed, find_lr.png and find_lr.svg.  A plot in\n"
    "characters and the suggestion go to standard output.\n"
    "\n"
    "Exit code: 0 suggested and written; 1 failed, or the loss never fell; 2 a mistake in the\n"
    "command or the configuration.\n"
    "\n"
    "Example:\n"
    "  runnel find-lr examples/fashion_mnist.yaml --set training.optimizer=adam\n";

static int on_step(const rnl_progress *progress, void *user)
{
    rnl_display_step(user, progress);
    return 0;
}

static rnl_status search(rnl_rate_search **found, const rnl_model *model, const rnl_data *data,
                         const find_lr_arguments *arguments, const rnl_ranks *ranks)
{
    rnl_display display;
    rnl_display_start(&display, &arguments->common);
    const rnl_options options = {
        .threads = arguments->common.threads,
        .pin = arguments->common.pin,
        .products = arguments->common.products,
        .on_step = display.bar && ranks->leads ? on_step : NULL,
        .on_log = rnl_display_log,
        .user = &display,
        .job = ranks->job,
    };
    const rnl_status status =
        rnl_find_learning_rate(model, data, &arguments->range, &options, found);
    rnl_display_finish(&display);
    return status;
}

/* ---- what is written ------------------------------------------------------------------------- */

enum { CSV, FIRST_PLOT, FILES = 3 };
static const char *const files[FILES] = {"find_lr.csv", "find_lr.png", "find_lr.svg"};

static void write_points(const rnl_rate_search *found, FILE *file)
{
    fputs("learning_rate,loss,smoothed_loss\n", file);
    for (size_t i = 0; i < found->count; ++i)
        fprintf(file, "%.9g,%.9g,%.9g\n", found->points[i].learning_rate, found->points[i].loss,
                found->points[i].smoothed);
}

static bool write_csv(const rnl_rate_search *found, const char *path)
{
    rnl_output_file output;
    if (!rnl_output_open(&output, path))
        return false;
    write_points(found, output.file);
    return rnl_output_close(&output, true);
}

/* The columns of the points, and the suggestion as a vertical line. */
typedef struct drawing {
    double *rates, *smoothed;           /* (count) each */
    double *drawn_rates, *drawn_losses; /* (drawn) each */
    size_t drawn;
    double mark[2], ends[2];
    rnl_curve curves[3];
    rnl_plot plot;
} drawing;

/* Larger losses than the smoothed one ever is would leave no room for the rest. */
static void draw_losses(drawing *d, const rnl_rate_search *found)
{
    for (size_t i = 0; i < found->count; ++i) {
        if (found->points[i].loss > d->ends[1])
            continue;
        d->drawn_rates[d->drawn] = d->rates[i];
        d->drawn_losses[d->drawn++] = found->points[i].loss;
    }
}

static bool drawing_create(drawing *d, const rnl_rate_search *found)
{
    *d = (drawing){.rates = malloc(4 * found->count * sizeof(double))};
    if (!d->rates)
        return false;
    d->smoothed = d->rates + found->count;
    d->drawn_rates = d->smoothed + found->count;
    d->drawn_losses = d->drawn_rates + found->count;
    d->ends[0] = INFINITY;
    d->ends[1] = -INFINITY;
    for (size_t i = 0; i < found->count; ++i) {
        d->rates[i] = found->points[i].learning_rate;
        d->smoothed[i] = found->points[i].smoothed;
        d->ends[0] = fmin(d->ends[0], d->smoothed[i]);
        d->ends[1] = fmax(d->ends[1], d->smoothed[i]);
    }
    d->mark[0] = d->mark[1] = found->learning_rate;
    draw_losses(d, found);
    d->curves[0] =
        (rnl_curve){"loss of each mini-batch", d->drawn, d->drawn_rates, d->drawn_losses};
    d->curves[1] = (rnl_curve){"smoothed loss", found->count, d->rates, d->smoothed};
    d->curves[2] = (rnl_curve){"suggested", isnan(found->learning_rate) ? 0 : 2, d->mark, d->ends};
    d->plot = (rnl_plot){
        .x_label = "learning rate",
        .y_label = "loss",
        .logarithmic = true,
        .count = 3,
        .curves = d->curves,
    };
    return true;
}

static bool write_plots(const drawing *d, const char *directory)
{
    if (!rnl_gnuplot_is_there()) {
        fprintf(stderr, "gnuplot is not installed: no find_lr.png, no find_lr.svg\n");
        return true;
    }
    bool written = true;
    for (size_t i = FIRST_PLOT; i < FILES && written; ++i) {
        char *path = rnl_path_of(directory, files[i]);
        written = path && rnl_plot_write(&d->plot, 1, path);
        if (written)
            printf("plot: %s\n", path);
        free(path);
    }
    return written;
}

/* The mini-batches' own losses would hide the rest in so few rows. */
static bool print_plot(const drawing *d)
{
    rnl_plot plot = d->plot;
    ++plot.curves;
    --plot.count;
    return rnl_plot_print(&plot, stdout, rnl_plot_columns());
}

static int print_suggestion(const rnl_rate_search *found)
{
    const rnl_rate_point *lowest = &found->points[found->lowest];
    if (isnan(found->learning_rate)) {
        rnl_complain("no rate is suggested: %s%s", found->remark,
                     found->lowest == 0 && found->diverged ? " (--from)" : "");
        return RNL_EXIT_FAILURE;
    }
    printf(
        "\nlearning rate: %.3g\n"
        "  a tenth of %.3g, the last rate at which the smoothed loss was within a quarter of its\n"
        "  lowest, %.4g at %.3g\n",
        found->learning_rate, found->points[found->turn].learning_rate, lowest->smoothed,
        lowest->learning_rate);
    if (found->remark)
        rnl_complain("warning: %s (--to)", found->remark);
    return RNL_EXIT_OK;
}

static int write_all(const rnl_rate_search *found, const drawing *d, const char *directory)
{
    if (!print_plot(d))
        return rnl_complain_memory();
    char *csv = rnl_path_of(directory, files[CSV]);
    if (!csv)
        return RNL_EXIT_FAILURE;
    int code = print_suggestion(found);
    if (write_csv(found, csv))
        printf("points: %s\n", csv);
    else
        code = RNL_EXIT_FAILURE;
    free(csv);
    return write_plots(d, directory) ? code : RNL_EXIT_FAILURE;
}

static int report(const rnl_rate_search *found, rnl_run_directory *directory)
{
    drawing d;
    if (!rnl_run_directory_make(directory))
        return RNL_EXIT_FAILURE;
    if (!drawing_create(&d, found))
        return rnl_complain_memory();
    const int code = write_all(found, &d, directory->path);
    free(d.rates);
    return code;
}

/* ---- the command ----------------------------------------------------------------------------- */

static rnl_status obtain(rnl_model **model, rnl_data **data, const rnl_config *config, rnl_job *job)
{
    rnl_status status = rnl_data_load_among(data, config, NULL, RNL_TRAIN, job);
    if (status == RNL_OK)
        status = rnl_model_create(model, config, *data);
    return status;
}

/* Refuses to replace what is read from. */
static int check_outputs(const rnl_config *config, const rnl_run_directory *directory,
                         const find_lr_arguments *arguments)
{
    bool read = false;
    for (size_t i = 0; i < FILES && !read; ++i) {
        char *path = rnl_path_of(directory->path, files[i]);
        read = !path || rnl_output_is_input(path, arguments->common.operands[0]) ||
               rnl_output_is_data(path, config);
        free(path);
    }
    return read ? RNL_EXIT_FAILURE : RNL_EXIT_OK;
}

/* Rank 0 alone writes and talks. */
static int search_and_report(const rnl_model *model, const rnl_data *data,
                             rnl_run_directory *directory, const find_lr_arguments *arguments,
                             const rnl_ranks *ranks)
{
    rnl_rate_search *found = NULL;
    const rnl_status status = search(&found, model, data, arguments, ranks);
    if (status != RNL_OK)
        return rnl_ranks_speak(ranks, status) ? rnl_complain_status(status) : RNL_EXIT_FAILURE;
    const int code = ranks->leads ? report(found, directory) : RNL_EXIT_OK;
    rnl_rate_search_free(found);
    return code;
}

static int find(const rnl_config *config, rnl_run_directory *directory,
                const find_lr_arguments *arguments, rnl_ranks *ranks)
{
    rnl_data *data = NULL;
    rnl_model *model = NULL;
    RNL_TRY_EXIT(rnl_ranks_agree(ranks, ranks->leads ? check_outputs(config, directory, arguments)
                                                     : RNL_EXIT_OK));
    const rnl_status status = obtain(&model, &data, config, ranks->job);
    int code = rnl_ranks_speak(ranks, status) ? rnl_complain_status(status) : RNL_EXIT_FAILURE;
    code = rnl_ranks_agree(ranks, code);
    if (code == RNL_EXIT_OK)
        code = search_and_report(model, data, directory, arguments, ranks);
    rnl_model_free(model);
    rnl_data_free(data);
    return code;
}

static int find_in_directory(const rnl_config *config, const find_lr_arguments *arguments,
                             rnl_ranks *ranks)
{
    rnl_run_directory directory = {.lock = -1};
    char *name;
    if (asprintf(&name, "%s-find-lr", rnl_config_name(config)) < 0)
        return rnl_complain_memory();
    const int code = rnl_run_directory_name(&directory, arguments->output, name)
                         ? find(config, &directory, arguments, ranks)
                         : RNL_EXIT_FAILURE;
    free(name);
    rnl_run_directory_release(&directory);
    return code;
}

static int run_rank(const rnl_arguments *arguments, rnl_ranks *ranks)
{
    rnl_config *config = NULL;
    int code = rnl_ranks_agree(ranks, rnl_arguments_load_config(arguments, &config));
    if (code == RNL_EXIT_OK)
        code = find_in_directory(config, (const find_lr_arguments *)arguments, ranks);
    rnl_config_free(config);
    return code;
}

static int run(const rnl_arguments *arguments)
{
    const find_lr_arguments *own = (const find_lr_arguments *)arguments;
    rnl_ranks ranks;
    RNL_TRY_EXIT(rnl_ranks_join(&ranks, (double)own->deadline, arguments->verbose));
    return rnl_ranks_leave(&ranks, run_rank(arguments, &ranks));
}

const rnl_command rnl_find_lr_command = {
    .name = "find-lr",
    .operands = "CONFIG",
    .fewest = 1,
    .most = 1,
    .purpose = "Finds a learning rate for a configuration: the range test.",
    .details = details,
    .options = option_table,
    .size = sizeof(find_lr_arguments),
    .joins = true,
    .run = run,
};
