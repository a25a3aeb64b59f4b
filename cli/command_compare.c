#include "cli/commands.h"
#include "cli/comparison_metric.h"
#include "cli/comparison_plan.h"
#include "cli/comparison_training.h"
#include "cli/cores.h"
#include "cli/figure_format.h"
#include "cli/messages.h"
#include "cli/ranks.h"
#include "cli/trial_letters.h"
#include "cli/trial_worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool take_vary(rnl_arguments *arguments, void *member, const char *value)
{
    rnl_compare_arguments *own = (rnl_compare_arguments *)arguments;
    (void)member;
    if (own->varied_count == RNL_MAX_VARIED)
        return false;
    own->varied[own->varied_count++] = value;
    return true;
}

static bool take_folds(rnl_arguments *arguments, void *member, const char *value)
{
    static const char stratified[] = "stratified:";
    rnl_compare_arguments *own = (rnl_compare_arguments *)arguments;
    own->stratified = strncmp(value, stratified, sizeof stratified - 1) == 0;
    return rnl_read_count(value + (own->stratified ? sizeof stratified - 1 : 0), 2, member);
}

static bool take_metric(rnl_arguments *arguments, void *member, const char *value)
{
    (void)arguments;
    rnl_figure_name(value, member);
    return *value != '\0';
}

static bool take_target(rnl_arguments *arguments, void *member, const char *value)
{
    rnl_compare_arguments *own = (rnl_compare_arguments *)arguments;
    const size_t length = strcspn(value, "=");
    char name[RNL_FIGURE_NAME] = "";
    char *end;
    if (length == 0 || length >= sizeof name || value[length] == '\0')
        return false;
    memcpy(name, value, length);
    rnl_figure_name(name, own->target_metric);
    *(double *)member = strtod(value + length + 1, &end);
    return end != value + length + 1 && *end == '\0';
}

static bool take_seconds(rnl_arguments *arguments, void *member, const char *value)
{
    double *seconds = member;
    char *end;
    (void)arguments;
    *seconds = strtod(value, &end);
    return end != value && *end == '\0' && *seconds > 0 && *seconds <= 1e9;
}

static const rnl_option option_table[] = {
    {"output", 'o', "DIR",
     "directory to write to, made if missing\n(default: runs/NAME-compare, NAME being the "
     "configuration's)",
     "a directory", rnl_take_text, offsetof(rnl_compare_arguments, output)},
    {"vary", 0, "KEY=VALUE,VALUE...",
     "a key of the configuration and the values to compare; with several,\n"
     "every combination is trained; may be repeated; required.  Lists and\n"
     "mappings may have names: model=after:[...],before:[...]; a range is\n"
     "drawn from: KEY=log:LOW:HIGH, or uniform:, or int: for whole numbers",
     "KEY=VALUE,VALUE..., at most 8 times", take_vary, offsetof(rnl_compare_arguments, varied)},
    {"folds", 0, "K",
     "cross-validation: train K times, each validating on another K-th of\nthe training rows, or "
     "with stratified:K, or where data.folds are\nstratified, of each class",
     "a whole number from 2, or stratified: before one", take_folds,
     offsetof(rnl_compare_arguments, folds)},
    {"repeats", 0, "R", "train with R seeds, from --seed on", "a whole number from 1",
     rnl_take_count, offsetof(rnl_compare_arguments, repeats)},
    {"jobs", 'j', "N",
     "train N at a time, each on cores of its own; under mpirun: on each rank\n(default: 1)",
     "a whole number from 1", rnl_take_count, offsetof(rnl_compare_arguments, jobs)},
    {"tune-rate", 0, NULL,
     "train each combination with the learning rate that `runnel find-lr`\nsuggests for it", NULL,
     rnl_take_switch, offsetof(rnl_compare_arguments, tune_rate)},
    {"rates", 0, "N",
     "train each with N learning rates in equal ratios, from a tenth of what\n`runnel find-lr` "
     "suggests for it to ten times that; the best stands for it",
     "a whole number from 1", rnl_take_count, offsetof(rnl_compare_arguments, rates)},
    {"trials", 0, "N", "random search: draw N times from the ranges of --vary",
     "a whole number from 1", rnl_take_count, offsetof(rnl_compare_arguments, trials)},
    {"budget", 0, "SECONDS",
     "training.max_seconds of each training; training.epochs stays the limit", "a number above 0",
     take_seconds, offsetof(rnl_compare_arguments, budget)},
    {"metric", 0, "NAME",
     "the figure of the validation rows to compare by\n(default: val_accuracy if there is one, "
     "else val_loss)",
     "a name, as val_loss", take_metric, offsetof(rnl_compare_arguments, metric)},
    {"target", 0, "NAME=VALUE",
     "what the time is measured to, set beforehand (default: 98 % of the best\ncombination's "
     "metric)",
     "a figure and its value, as val_accuracy=0.88", take_target,
     offsetof(rnl_compare_arguments, target)},
    {"deadline", 0, "SECONDS",
     "under mpirun or srun: end when a rank has given no sign of life for so\nlong (default: 25)",
     "a whole number from 1", rnl_take_count, offsetof(rnl_compare_arguments, deadline)},
    {"markdown", 0, NULL, "print the table as Markdown", NULL, rnl_take_switch,
     offsetof(rnl_compare_arguments, markdown)},
    RNL_OPTION_SEED(offsetof(rnl_compare_arguments, seed),
                    "the seed, or the first of --repeats (default: the configuration's, or 1)"),
    RNL_OPTION_THREADS,
    RNL_OPTION_PIN,
    RNL_OPTION_PRODUCTS,
    RNL_OPTION_SET,
    RNL_OPTION_FORCE(offsetof(rnl_compare_arguments, force)),
    RNL_OPTION_QUIET,
    RNL_OPTION_VERBOSE,
    RNL_OPTION_HELP,
    {0},
};

static const char details[] =
    "Each combination of the values of --vary is trained, with --repeats and --folds several\n"
    "times. A value is YAML: `{adam: {learning_rate: 0.01}}` is one. The choice is made on the\n"
    "validation rows; test rows serve nothing here. A shared learning rate compares nothing:\n"
    "see --tune-rate, --rates.\n"
    "\n"
    "Printed for each combination: the mean of the metric over its trials, of the models that\n"
    "training ended with, and its standard deviation; the rank by the mean; the time of an\n"
    "epoch's training; the medians of the epochs and seconds of steps until the metric came to\n"
    "the target, where a trial that misses it, or fails, counts as infinite; and of several\n"
    "trials the mean difference to the first combination, over the same seeds and folds, with\n"
    "Student's interval of 95 %. Beside optimizers stand the ratings of a textbook. A target is\n"
    "fair only if it is set before any training: --target. What range tests cost is told, too.\n"
    "\n"
    "With --rates the best rate stands for a combination: by the time to the target, where it is\n"
    "given, else by the mean. It is chosen by the trials that are then reported, so all should\n"
    "have as many rates. Draws of --trials depend on --seed alone, and are the same for all "
    "lists.\n"
    "\n"
    "Files written to DIR: compare.csv, a line per trial; compare.json; compare.png and\n"
    "compare.svg, the metric over the epochs, and compare-rates.png and .svg, over learning rates\n"
    "where they vary, if gnuplot is installed; and a run's directory for each trial, with its\n"
    "config.yaml and log.\n"
    "\n"
    "Called again after Ctrl-C or a kill, the same command goes on with what is missing: a\n"
    "trial is done if its model says that it is of the same configuration, and its checkpoint\n"
    "that it is of the same rows. With\n"
    "--folds K, the training rows are cut in K parts, drawn at random but always the same;\n"
    "with --folds stratified:K, by the trial's seed, each class as evenly as may be.\n"
    "\n"
    "`mpirun -n N runnel compare CONFIG ...` shares the trials out among N ranks, on one machine "
    "or\n"
    "several (also srun): each trial is trained by one of them, whichever is free, and the table "
    "is\n"
    "that of one process but for times. All ranks read the same data; rank 0 alone makes range\n"
    "tests and writes DIR, to which the others send each trial's files, while it runs too: they\n"
    "train in directories of their own in TMPDIR. A trial that fails is told, and the others go\n"
    "on; a rank that dies ends the job, after which the same command goes on with what is\n"
    "missing, on any number of ranks.\n"
    "\n"
    "Exit code: 0 compared; 1 failed, or a training did; 2 a mistake in the command or the\n"
    "configuration: then nothing was written; 130 and 143 stopped by Ctrl-C and SIGTERM.\n"
    "\n"
    "Example:\n"
    "  runnel compare examples/fashion_mnist.yaml --vary training.optimizer=momentum,adam \\\n"
    "      --tune-rate --repeats 3 --set training.epochs=5\n"
    "  runnel compare examples/fashion_mnist.yaml --target val_accuracy=0.87 --repeats 5 \\\n"
    "      --vary training.optimizer=adam,nesterov --rates 5 --budget 60 --markdown\n"
    "  runnel compare examples/fashion_mnist.yaml --trials 20 \\\n"
    "      --vary training.optimizer.adam.learning_rate=log:1e-4:1e-1\n";

static int report(rnl_comparison *comparison, const rnl_compare_arguments *arguments)
{
    RNL_TRY_EXIT(rnl_comparison_measure(comparison, arguments));
    if (!rnl_comparison_sum_up(comparison))
        return RNL_EXIT_FAILURE;
    if (!rnl_comparison_print(comparison, arguments->markdown))
        return rnl_complain_memory();
    return rnl_comparison_write(comparison) ? RNL_EXIT_OK : RNL_EXIT_FAILURE;
}

/* range tests: 3 in 1.2 s; 9 combinations of 5 trials */
static void tell_cost(const rnl_comparison *comparison)
{
    char time[RNL_FIGURE_LENGTH];
    rnl_time_format(time, comparison->search_seconds);
    fprintf(stderr, "range tests: %zu in %s; %zu combinations of %zu trials\n",
            comparison->searches, time, comparison->count, comparison->combinations->count);
}

static int compare(rnl_comparison *comparison, const rnl_compare_arguments *arguments, rnl_job *job,
                   rnl_core_share share)
{
    size_t failed = 0;
    RNL_TRY_EXIT(rnl_comparison_plan(comparison, arguments));
    if (comparison->searches > 0 && !arguments->common.quiet)
        tell_cost(comparison);
    RNL_TRY_EXIT(rnl_comparison_train(comparison, arguments, job, share, &failed));
    RNL_TRY_EXIT(report(comparison, arguments));
    return failed > 0 ? RNL_EXIT_FAILURE : RNL_EXIT_OK;
}

/* parts: how many ranks share the cores. */
static int check_jobs(size_t jobs, size_t parts)
{
    rnl_cores *cores = malloc(sizeof *cores);
    if (!cores || !rnl_cores_read(cores)) {
        free(cores);
        return rnl_complain_memory();
    }
    const size_t count = cores->count / parts;
    free(cores);
    if (jobs > 1 && jobs > count)
        return rnl_complain_usage("compare",
                                  "--jobs %zu: there are %zu cores%s, and each job gets "
                                  "its own",
                                  jobs, count, parts > 1 ? " for a rank" : "");
    return RNL_EXIT_OK;
}

static int check_metrics(const rnl_compare_arguments *arguments)
{
    if (*arguments->metric && *arguments->target_metric &&
        strcmp(arguments->metric, arguments->target_metric) != 0)
        return rnl_complain_usage("compare", "--metric %s and --target %s are of two metrics",
                                  arguments->metric, arguments->target_metric);
    return RNL_EXIT_OK;
}

/* Alone, or as rank 0. */
static int lead(const rnl_compare_arguments *arguments, rnl_job *job, rnl_core_share share)
{
    const char *metric = *arguments->metric ? arguments->metric : arguments->target_metric;
    rnl_comparison comparison = {
        .metric = *metric ? metric : NULL,
        .target = arguments->target,
        .repeats = arguments->repeats > 0,
        .target_given = *arguments->target_metric,
        .rates = arguments->rates > 0 ? arguments->rates : arguments->tune_rate,
    };
    RNL_TRY_EXIT(check_jobs(arguments->jobs, share.parts));
    RNL_TRY_EXIT(check_metrics(arguments));
    const int code = compare(&comparison, arguments, job, share);
    rnl_comparison_release(&comparison);
    return code;
}

/* Rank 0 deals as many trials to each rank as it trains itself. */
static int check_same_jobs(rnl_ranks *ranks, size_t jobs)
{
    void *bytes = &jobs;
    size_t size = sizeof jobs;
    RNL_TRY_EXIT(rnl_complain_status(rnl_job_spread(ranks->job, &bytes, &size)));
    if (ranks->leads)
        return rnl_ranks_agree(ranks, RNL_EXIT_OK);
    const size_t first = size == sizeof first ? *(size_t *)bytes : 0;
    free(bytes);
    if (first != jobs)
        rnl_complain("--jobs %zu: expected that of rank 0, %zu", jobs, first);
    return rnl_ranks_agree(ranks, first == jobs ? RNL_EXIT_OK : RNL_EXIT_USAGE);
}

static int run_rank(const rnl_compare_arguments *arguments, rnl_ranks *ranks)
{
    static const rnl_trial_letter leave = {.word = RNL_TRIAL_LEAVE};
    rnl_core_share share = {0, 1};
    RNL_TRY_EXIT(
        rnl_complain_status(rnl_job_share_cores(ranks->job, NULL, &share.part, &share.parts)));
    RNL_TRY_EXIT(check_same_jobs(ranks, arguments->jobs > 0 ? arguments->jobs : 1));
    if (!ranks->leads)
        return rnl_trials_serve(ranks, arguments, share);
    RNL_TRY_EXIT(rnl_ranks_agree(ranks, RNL_EXIT_OK));
    const int code = lead(arguments, ranks->job, share);
    for (size_t r = 1; r < rnl_job_ranks(ranks->job); ++r)
        rnl_trial_send(ranks->job, r, leave, NULL, NULL);
    return code;
}

static int run(const rnl_arguments *common)
{
    const rnl_compare_arguments *arguments = (const rnl_compare_arguments *)common;
    rnl_ranks ranks;
    RNL_TRY_EXIT(rnl_ranks_join(&ranks, (double)arguments->deadline, common->verbose));
    return rnl_ranks_leave(&ranks, run_rank(arguments, &ranks));
}

const rnl_command rnl_compare_command = {
    .name = "compare",
    .operands = "CONFIG",
    .fewest = 1,
    .most = 1,
    .purpose = "Trains every combination of settings, and says which is best and which is fastest.",
    .details = details,
    .options = option_table,
    .size = sizeof(rnl_compare_arguments),
    .joins = true,
    .run = run,
};
