#include "cli/commands.h"
#include "cli/figure_format.h"
#include "cli/history.h"
#include "cli/interruption.h"
#include "cli/messages.h"
#include "cli/model_source.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/ranks.h"
#include "cli/run_directory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct pretrain_arguments {
    rnl_arguments common;
    const char *output; /* NULL: the default */
    rnl_seed seed;
    bool force, resume;
    size_t deadline; /* seconds; 0: the default */
} pretrain_arguments;

static const rnl_option option_table[] = {
    {"output", 'o', "DIR",
     "directory to write to, made if missing\n(default: runs/NAME_pretraining, NAME being the "
     "configuration's)",
     "a directory", rnl_take_text, offsetof(pretrain_arguments, output)},
    RNL_OPTION_THREADS,
    RNL_OPTION_PIN,
    RNL_OPTION_PRODUCTS,
    RNL_OPTION_SEED(offsetof(pretrain_arguments, seed), "short for --set training.seed=N"),
    RNL_OPTION_SET,
    RNL_OPTION_FORCE(offsetof(pretrain_arguments, force)),
    {"resume", 'r', NULL,
     "go on where the directory's stages stand, and end as if never\ninterrupted", NULL,
     rnl_take_switch, offsetof(pretrain_arguments, resume)},
    RNL_OPTION_DEADLINE(offsetof(pretrain_arguments, deadline)),
    RNL_OPTION_QUIET,
    RNL_OPTION_VERBOSE,
    RNL_OPTION_HELP,
    {0},
};

static const char details[] =
    "CONFIG is that of the net to be trained later; its section `pretraining` says how, see\n"
    "`runnel help config pretraining`.  Its layers without the last dense one, and their mirror\n"
    "image, learn to give back their inputs; targets of the rows are not used, and may be\n"
    "missing.  With mode: stacked each layer learns by itself, on the codes of those before it.\n"
    "\n"
    "Files written to DIR:\n"
    "  model.safetensors  the autoencoder: `runnel evaluate` tells how well it gives back rows,\n"
    "                     and a net begins with its encoder, whose layers have the names that\n"
    "                     they have in CONFIG; those of the mirror image are decoder_1, ...\n"
    "  stage_1, ...       what each stage trained: a run as of `runnel train`, with its model,\n"
    "                     history.csv and checkpoint\n"
    "\n"
    "Ctrl-C and SIGTERM finish the step and save a checkpoint, from which --resume goes on.\n"
    "--force and --resume exclude each other.\n"
    "\n"
    "`mpirun -n N runnel pretrain CONFIG` trains each stage with N processes, to the weights of "
    "one:\n"
    "see `runnel help train`. The first writes DIR and talks.\n"
    "\n"
    "Exit code: 0 trained and saved; 1 failed; 2 a mistake in the command or the\n"
    "configuration: then nothing was written; 130 and 143 stopped by Ctrl-C and SIGTERM.\n"
    "\n"
    "Example:\n"
    "  runnel pretrain examples/fashion_mnist_pretraining.yaml\n";

/* All that a pretraining holds; released together. */
typedef struct pretraining_run {
    const pretrain_arguments *arguments;
    rnl_ranks ranks;
    rnl_config *config;
    rnl_pretraining *pretraining;
    rnl_run_directory directory;
    rnl_display display;
} pretraining_run;

typedef struct stage_run {
    pretraining_run *run;
    size_t number; /* from 1 */
    rnl_run_directory directory;
    rnl_model *model;
    const rnl_data *data; /* the pretraining's */
    rnl_history history;
    bool refused; /* the directory could not be had, which is said */
    bool began;   /* it is made, and the history open */
} stage_run;

static bool name_stage(rnl_run_directory *directory, const pretraining_run *run, size_t number)
{
    char *path = NULL;
    if (asprintf(&path, "%s/stage_%zu", run->directory.path, number) < 0) {
        rnl_complain_memory();
        return false;
    }
    const bool named = rnl_run_directory_name(directory, path, NULL);
    free(path);
    return named;
}

/* ---- a stage --------------------------------------------------------------------------------- */

/* Forgets what earlier runs left of this stage and of those after it, and what they ended with. */
static bool forget_from(const stage_run *stage)
{
    bool goes_on = rnl_run_directory_forget(&stage->run->directory) &&
                   rnl_run_directory_forget(&stage->directory);
    for (size_t k = stage->number + 1; goes_on; ++k) {
        rnl_run_directory later;
        if (!name_stage(&later, stage->run, k))
            return false;
        const bool there = rnl_run_directory_occupied(&later);
        goes_on = !there || rnl_run_directory_forget(&later);
        rnl_run_directory_release(&later);
        if (!there)
            break;
    }
    return goes_on;
}

static bool begin_writing(stage_run *stage)
{
    const uint64_t reported = rnl_model_reported_step(stage->model);
    const bool resumed = rnl_model_step(stage->model) > 0;
    const rnl_history_kept kept = {.any = resumed,
                                   .some = reported > 0,
                                   .epochs = rnl_model_epoch(stage->model),
                                   .steps = reported};
    if (!rnl_run_directory_make(&stage->run->directory) ||
        !rnl_run_directory_make(&stage->directory) || (!resumed && !forget_from(stage)))
        return false;
    rnl_interruption_name_checkpoint(stage->directory.checkpoint, stage->directory.previous);
    stage->began = rnl_history_open(&stage->history, stage->directory.history, kept);
    return stage->began;
}

static int on_begin(void *user)
{
    stage_run *stage = user;
    stage->refused = !begin_writing(stage);
    return stage->refused;
}

static int on_step(const rnl_progress *progress, void *user)
{
    rnl_display_step(&((stage_run *)user)->run->display, progress);
    return 0;
}

static int on_epoch(const rnl_progress *progress, void *user)
{
    stage_run *stage = user;
    rnl_display_epoch(&stage->run->display, progress);
    rnl_history_add(&stage->history, progress);
    return 0;
}

static void on_log(rnl_log_level level, const char *text, void *user)
{
    rnl_display_log(level, text, &((stage_run *)user)->run->display);
}

static rnl_options options_of(stage_run *stage)
{
    const rnl_arguments *common = &stage->run->arguments->common;
    rnl_options options = {
        .threads = common->threads,
        .pin = common->pin,
        .products = common->products,
        .on_log = on_log,
        .user = stage,
        .job = stage->run->ranks.job,
    };
    if (!stage->run->ranks.leads)
        return options;
    options.checkpoint = stage->directory.checkpoint;
    options.best = stage->directory.best;
    options.last = stage->directory.last;
    options.on_begin = on_begin;
    options.on_step = stage->run->display.bar ? on_step : NULL;
    options.on_epoch = on_epoch;
    return options;
}

static int train(stage_run *stage)
{
    const rnl_options options = options_of(stage);
    rnl_interruption_guard(stage->model);
    rnl_status status = rnl_train(stage->model, stage->data, &options);
    rnl_display_finish(&stage->run->display);
    if (status == RNL_OK && stage->run->ranks.leads)
        status = rnl_model_save(stage->model, stage->directory.model);
    rnl_interruption_release(status == RNL_OK && stage->run->ranks.leads);
    rnl_interruption_name_checkpoint(NULL, NULL);
    const bool written = !stage->began || rnl_history_close(&stage->history);
    if (stage->refused && status == RNL_STOPPED)
        return RNL_EXIT_FAILURE;
    const int code = rnl_ranks_speak(&stage->run->ranks, status) ? rnl_complain_status(status)
                                                                 : RNL_EXIT_FAILURE;
    if ((status == RNL_OK || status == RNL_STOPPED) && rnl_interruption_code())
        return rnl_interruption_code();
    return code == RNL_EXIT_OK && !written ? RNL_EXIT_FAILURE : code;
}

/* Takes the model of a file in place of the fresh one. */
static void replace_model(stage_run *stage, rnl_model *model)
{
    rnl_model_free(stage->model);
    stage->model = model;
}

/* Tests if a stage's model is of the configuration that the stage has now. */
static int check_same(const stage_run *stage, const rnl_model *done)
{
    char *before = NULL, *now = NULL;
    rnl_status status = rnl_config_print(rnl_model_config(done), &before);
    if (status == RNL_OK)
        status = rnl_config_print(rnl_model_config(stage->model), &now);
    const bool same = status == RNL_OK && strcmp(before, now) == 0;
    rnl_text_free(before);
    rnl_text_free(now);
    if (status == RNL_OK && !same)
        return rnl_complain_usage("pretrain",
                                  "%s is of another configuration: --force begins anew and "
                                  "replaces it, --output DIR keeps it",
                                  stage->directory.model);
    return rnl_complain_status(status);
}

/* Takes the model of a checkpoint, if there is one. */
static int resume_checkpoint(stage_run *stage, const char **path)
{
    rnl_model *model = NULL;
    RNL_TRY_EXIT(rnl_complain_status(
        rnl_run_directory_resume(&stage->directory, rnl_model_config(stage->model), &model, path)));
    if (model)
        replace_model(stage, model);
    return RNL_EXIT_OK;
}

static int take_done(stage_run *stage, const char *path)
{
    rnl_model *model = NULL;
    const rnl_status status = rnl_model_load(&model, path, NULL, 0);
    rnl_ranks_drop_file(&stage->run->ranks, path);
    RNL_TRY_EXIT(rnl_complain_status(status));
    const int code = check_same(stage, model);
    replace_model(stage, model);
    return code;
}

/* Goes on with what an earlier run left of the stage: the model of one that had ended, or a
 * checkpoint. */
static int resume_alone(stage_run *stage, const char **done, const char **checkpoint)
{
    if (access(stage->directory.model, F_OK) != 0)
        return resume_checkpoint(stage, checkpoint);
    *done = stage->directory.model;
    return take_done(stage, *done);
}

/* Rank 0 alone has the directory: it gives the others what it goes on with. */
static int resume(stage_run *stage, bool *is_done)
{
    rnl_ranks *ranks = &stage->run->ranks;
    const char *done = NULL, *checkpoint = NULL;
    RNL_TRY_EXIT(rnl_ranks_agree(ranks, ranks->leads ? resume_alone(stage, &done, &checkpoint)
                                                     : RNL_EXIT_OK));
    RNL_TRY_EXIT(rnl_ranks_spread_file(ranks, &done));
    *is_done = done != NULL;
    if (done)
        return ranks->leads ? RNL_EXIT_OK : take_done(stage, done);
    RNL_TRY_EXIT(rnl_ranks_spread_file(ranks, &checkpoint));
    if (ranks->leads || !checkpoint)
        return RNL_EXIT_OK;
    rnl_model *model = NULL;
    const rnl_status status = rnl_model_resume(&model, checkpoint, rnl_model_config(stage->model));
    rnl_ranks_drop_file(ranks, checkpoint);
    RNL_TRY_EXIT(rnl_complain_status(status));
    replace_model(stage, model);
    return RNL_EXIT_OK;
}

static int begin_stage(stage_run *stage)
{
    pretraining_run *run = stage->run;
    const rnl_options options = {.threads = run->arguments->common.threads,
                                 .pin = run->arguments->common.pin};
    RNL_TRY_EXIT(rnl_complain_status(rnl_pretraining_begin(run->pretraining, stage->number,
                                                           &options, &stage->model, &stage->data)));
    if (!run->arguments->common.quiet)
        fprintf(stderr, "stage %zu of %zu\n", stage->number,
                rnl_pretraining_stages(run->pretraining));
    return RNL_EXIT_OK;
}

static int perform(stage_run *stage)
{
    pretraining_run *run = stage->run;
    bool done = false;
    RNL_TRY_EXIT(rnl_ranks_agree(&run->ranks, begin_stage(stage)));
    if (run->arguments->resume)
        RNL_TRY_EXIT(rnl_ranks_agree(&run->ranks, resume(stage, &done)));
    if (!done)
        RNL_TRY_EXIT(rnl_ranks_agree(&run->ranks, train(stage)));
    return rnl_complain_status(rnl_pretraining_take(run->pretraining, stage->number, stage->model));
}

static int run_stage(pretraining_run *run, size_t number)
{
    stage_run stage = {.run = run, .number = number, .directory.lock = -1};
    if (!name_stage(&stage.directory, run, number))
        return RNL_EXIT_FAILURE;
    const int code = perform(&stage);
    rnl_model_free(stage.model);
    rnl_run_directory_release(&stage.directory);
    return code;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int check_earlier(const pretraining_run *run)
{
    rnl_run_directory first;
    const pretrain_arguments *arguments = run->arguments;
    const char *model = rnl_run_directory_occupied(&run->directory);
    if (!name_stage(&first, run, 1))
        return RNL_EXIT_FAILURE;
    const int code =
        rnl_run_directory_check("pretrain", model ? model : rnl_run_directory_occupied(&first),
                                arguments->force, arguments->resume);
    rnl_run_directory_release(&first);
    return code;
}

static int claim_directory(pretraining_run *run)
{
    if (!rnl_run_directory_claim(&run->directory) ||
        rnl_run_directory_is_input(&run->directory, run->arguments->common.operands[0],
                                   run->config))
        return RNL_EXIT_FAILURE;
    return check_earlier(run);
}

static int prepare(pretraining_run *run)
{
    char *name = NULL;
    if (asprintf(&name, "%s_pretraining", rnl_config_name(run->config)) < 0)
        return rnl_complain_memory();
    const bool named = rnl_run_directory_name(&run->directory, run->arguments->output, name);
    free(name);
    if (!named)
        return RNL_EXIT_FAILURE;
    if (run->ranks.leads)
        RNL_TRY_EXIT(claim_directory(run));
    return rnl_complain_status(rnl_pretraining_create(&run->pretraining, run->config));
}

/* reconstruction: loss 0.0123 (12000 rows) */
static int print_reconstruction(const pretraining_run *run)
{
    const rnl_model *model = rnl_pretraining_model(run->pretraining);
    const rnl_data *data = rnl_pretraining_data(run->pretraining);
    const rnl_part part = rnl_data_rows(data, RNL_VALIDATION) > 0 ? RNL_VALIDATION : RNL_TRAIN;
    const rnl_options options = {.threads = run->arguments->common.threads,
                                 .pin = run->arguments->common.pin};
    rnl_evaluation *evaluation = NULL;
    RNL_TRY_EXIT(rnl_complain_status(rnl_evaluate(model, data, part, &options, &evaluation)));
    char value[RNL_FIGURE_LENGTH];
    rnl_figure_format(value, evaluation->figures[0].value);
    printf("reconstruction: loss %s (%zu %s rows)\n", value, evaluation->rows,
           part == RNL_VALIDATION ? "validation" : "training");
    rnl_evaluation_free(evaluation);
    return RNL_EXIT_OK;
}

static int end_run(const pretraining_run *run)
{
    RNL_TRY_EXIT(rnl_complain_status(
        rnl_model_save(rnl_pretraining_model(run->pretraining), run->directory.model)));
    RNL_TRY_EXIT(print_reconstruction(run));
    printf("model: %s\n", run->directory.model);
    return RNL_EXIT_OK;
}

static int run_stages(pretraining_run *run)
{
    const pretrain_arguments *arguments = run->arguments;
    int code = rnl_run_directory_check("pretrain", NULL, arguments->force, arguments->resume);
    if (code == RNL_EXIT_OK)
        code = rnl_arguments_load_config(&arguments->common, &run->config);
    if (code == RNL_EXIT_OK)
        code = prepare(run);
    RNL_TRY_EXIT(rnl_ranks_agree(&run->ranks, code));
    for (size_t k = 1; k <= rnl_pretraining_stages(run->pretraining); ++k)
        RNL_TRY_EXIT(run_stage(run, k));
    return run->ranks.leads ? end_run(run) : RNL_EXIT_OK;
}

static int run_ranks(pretraining_run *run)
{
    const pretrain_arguments *arguments = run->arguments;
    RNL_TRY_EXIT(
        rnl_ranks_join(&run->ranks, (double)arguments->deadline, arguments->common.verbose));
    return rnl_ranks_leave(&run->ranks, run_stages(run));
}

static int run(const rnl_arguments *common)
{
    pretraining_run run = {.arguments = (const pretrain_arguments *)common, .directory.lock = -1};
    rnl_interruption_start();
    rnl_display_start(&run.display, common);
    const int code = run_ranks(&run);
    rnl_run_directory_release(&run.directory);
    rnl_pretraining_free(run.pretraining);
    rnl_config_free(run.config);
    return code;
}

const rnl_command rnl_pretrain_command = {
    .name = "pretrain",
    .operands = "CONFIG",
    .fewest = 1,
    .most = 1,
    .purpose = "Trains the layers of a net as an autoencoder, without labels.",
    .details = details,
    .options = option_table,
    .size = sizeof(pretrain_arguments),
    .joins = true,
    .run = run,
};
