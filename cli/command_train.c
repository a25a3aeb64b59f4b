#include "cli/commands.h"
#include "cli/evaluation_report.h"
#include "cli/interruption.h"
#include "cli/messages.h"
#include "cli/model_source.h"
#include "cli/options.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/training.h"

#include <stdio.h>
#include <unistd.h>

static const rnl_option option_table[] = {
    {"output", 'o', "DIR",
     "directory to write to, made if missing\n(default: runs/NAME, NAME being the configuration's)",
     "a directory", rnl_take_text, offsetof(rnl_train_arguments, output)},
    RNL_OPTION_THREADS,
    RNL_OPTION_PIN,
    RNL_OPTION_PRODUCTS,
    RNL_OPTION_SEED(offsetof(rnl_train_arguments, seed), "short for --set training.seed=N"),
    RNL_OPTION_SET,
    {"print-config", 0, NULL, "print the configuration, each value with where it is from, and stop",
     NULL, rnl_take_switch, offsetof(rnl_train_arguments, print_config)},
    RNL_OPTION_FORCE(offsetof(rnl_train_arguments, force)),
    {"resume", 'r', NULL,
     "go on from the directory's checkpoint, and end as if never\ninterrupted; without a "
     "checkpoint, start",
     NULL, rnl_take_switch, offsetof(rnl_train_arguments, resume)},
    {"restart-schedule", 0, NULL,
     "with --resume: begin the schedule of the learning rate anew, over the\nepochs that are left",
     NULL, rnl_take_switch, offsetof(rnl_train_arguments, restart_schedule)},
    {"init", 0, "MODEL",
     "start from an earlier model or checkpoint: each layer from the layer of\nits name, the "
     "others "
     "fresh",
     "a model file", rnl_take_text, offsetof(rnl_train_arguments, init)},
    {"skip-mismatch", 0, NULL, "with --init: a layer of another shape than MODEL's starts fresh",
     NULL, rnl_take_switch, offsetof(rnl_train_arguments, skip_mismatch)},
    {"keep-optimizer", 0, NULL,
     "with --init: the optimizer's state goes on, if MODEL is a checkpoint", NULL, rnl_take_switch,
     offsetof(rnl_train_arguments, keep_optimizer)},
    RNL_OPTION_DEADLINE(offsetof(rnl_train_arguments, deadline)),
    RNL_OPTION_QUIET,
    RNL_OPTION_VERBOSE,
    RNL_OPTION_HELP,
    {0},
};

static const char details[] =
    "CONFIG is a YAML file; `runnel help config` explains it.  Paths in it are relative to the\n"
    "directory in which runnel is called.\n"
    "\n"
    "Files written to DIR, once the configuration and its data were found right:\n"
    "  model.safetensors  the trained weights, and the configuration, so that the file alone\n"
    "                     is enough for `runnel evaluate`\n"
    "  best.safetensors, last.safetensors  with training.early_stopping: the weights of the\n"
    "                     best validation, as soon as it was, and those of the last step;\n"
    "                     model.safetensors is one of them: see restore_best_weights\n"
    "  history.csv        a line per epoch: loss, metrics, those of the validation rows\n"
    "                     (val_...), learning_rate, momentum (beta_1 of the adam family;\n"
    "                     empty without), and samples_per_second, which\n"
    "                     counts the training steps alone (what is shown while it trains\n"
    "                     is by the clock, with validation and saves); with\n"
    "                     training.validate_every a line per validation, of the rows since\n"
    "                     the last one, with the step, and epochs as fractions\n"
    "  trace.csv          with training.trace: every parameter, over the steps\n"
    "  checkpoint.safetensors  where training stands, after an epoch but at most once a\n"
    "                     second, or as often as training.checkpoint_every says, after the\n"
    "                     last epoch and when it is stopped; the one before is kept as\n"
    "                     checkpoint.safetensors.previous\n"
    "  events.out.tfevents.*  with training.tensorboard: the figures of history.csv over the\n"
    "                     steps; `tensorboard --logdir runs` shows them\n"
    "  inspect.csv        with training.inspect: what `runnel inspect` reads, and in\n"
    "                     failure.txt what ended a run that came to NaN or infinity\n"
    "A directory that already holds a run is refused without --force or --resume, and so is one\n"
    "that another process is writing to.  Lines that a full disk does not take are kept and\n"
    "written when it has room again.  --force and --resume exclude each other.\n"
    "\n"
    "--init MODEL starts from an earlier model, with new rows or settings; MODEL stays as it is.\n"
    "It may be a plain safetensors file of another program, whose names training.init_names maps.\n"
    "What was taken, skipped and fresh is told, and that the inputs are scaled by the numbers of\n"
    "MODEL, where both scale by the same kind.\n"
    "\n"
    "training.max_seconds end a run after the step at which they are over: it is validated and\n"
    "saved as any that has ended, its checkpoint is that of the step, and --resume goes on.\n"
    "\n"
    "Ctrl-C and SIGTERM finish the step, save a checkpoint and say where it is; a second one\n"
    "ends the program at once and leaves the last checkpoint, if there is one, whole.\n"
    "\n"
    "Progress goes to standard error: a bar on a terminal, else a line for each of\n"
    "history.csv.  Results go to standard output: figures over the test rows, if the\n"
    "configuration names any, and the files written.\n"
    "\n"
    "`mpirun -n N runnel train CONFIG` trains with N processes, on one machine or several (also\n"
    "srun): each computes some of training.shards, and the weights are those of one process.\n"
    "All read the same configuration and data, of .npy and IDX inputs each its own rows; the\n"
    "first writes DIR and talks.\n"
    "\n"
    "The weights depend on the configuration, its seed and the data alone: the number of\n"
    "workers and their binding change no bit of them.\n"
    "\n"
    "Exit code: 0 trained and saved; 1 failed; 2 a mistake in the command or the\n"
    "configuration: then nothing was written; 130 and 143 stopped by Ctrl-C and SIGTERM.\n"
    "\n"
    "Example:\n"
    "  runnel train examples/fashion_mnist.yaml --threads 8 --set training.epochs=20 -o runs/a\n";

static int on_step(const rnl_progress *progress, void *user)
{
    rnl_training *run = user;
    if (run->display.bar)
        rnl_display_step(&run->display, progress);
    return run->trace.open && !rnl_trace_step(&run->trace, progress);
}

static int on_epoch(const rnl_progress *progress, void *user)
{
    rnl_training *run = user;
    rnl_display_epoch(&run->display, progress);
    rnl_history_add(&run->history, progress);
    if (run->logging)
        rnl_event_file_add(&run->events, progress);
    return 0;
}

static int on_inspect(const rnl_inspection *inspection, void *user)
{
    rnl_training *run = user;
    rnl_inspection_add(&run->inspection, inspection);
    return 0;
}

static void on_log(rnl_log_level level, const char *text, void *user)
{
    rnl_training *run = user;
    rnl_display_log(level, text, &run->display);
}

static int print_config(const rnl_config *config)
{
    char *text = NULL;
    const rnl_status status = rnl_config_print_origins(config, &text);
    return rnl_print_text(status, text);
}

/* Another run may have made the directory since it was looked at and was not there. */
static bool is_taken(const rnl_training *run)
{
    const char *occupied = rnl_run_directory_occupied(&run->directory);
    if (!run->directory.claimed_late || run->arguments->force || !occupied)
        return false;
    rnl_complain("%s was written by another run in the meantime: nothing is replaced", occupied);
    return true;
}

/* Keeps what was reported of the steps done, where a run goes on. */
static bool open_history(rnl_training *run)
{
    const uint64_t reported = rnl_model_reported_step(run->model);
    const rnl_history_kept kept = {
        .any = rnl_model_step(run->model) > 0,
        .some = reported > 0,
        .epochs = rnl_model_epoch(run->model),
        .steps = reported,
    };
    run->began = rnl_history_open(&run->history, run->directory.history, kept);
    return run->began;
}

/* Keeps the inspections of the beginning and of the epochs done. */
static bool open_inspection(rnl_training *run)
{
    const bool any = rnl_model_step(run->model) > 0;
    const rnl_history_kept kept = {.any = any, .some = any, .epochs = rnl_model_epoch(run->model)};
    run->inspecting = rnl_history_open(&run->inspection, run->directory.inspection, kept);
    return run->inspecting;
}

static bool begin_writing(rnl_training *run)
{
    const rnl_run_directory *directory = &run->directory;
    if (!rnl_run_directory_make(&run->directory) || is_taken(run))
        return false;
    if (rnl_model_step(run->model) == 0 && !rnl_run_directory_forget(directory))
        return false;
    rnl_interruption_name_checkpoint(directory->checkpoint, directory->previous);
    if (!rnl_output_remove(directory->failure))
        return false;
    if (rnl_config_tensorboard(run->config)) {
        run->logging = rnl_event_file_open(&run->events, run->directory.path,
                                           rnl_model_reported_step(run->model));
        if (!run->logging)
            return false;
    }
    const uint64_t every = rnl_config_traces(run->config);
    return (!rnl_config_inspects(run->config) || open_inspection(run)) &&
           (every == 0 || rnl_trace_open(&run->trace, directory->trace, run->model, every)) &&
           open_history(run);
}

/* Begins to write, after all that can be refused has been. */
static int on_begin(void *user)
{
    rnl_training *run = user;
    run->refused = !begin_writing(run);
    return run->refused;
}

/* Writes failure.txt: the last lines of inspect.csv are of a state before the failure. */
static void note_failure(const rnl_training *run)
{
    rnl_output_file output;
    if (!rnl_output_open(&output, run->directory.failure))
        return;
    fprintf(output.file, "%s\n", rnl_message());
    rnl_output_close(&output, true);
}

/* Complains and returns false if lines could not be written. */
static bool close_files(rnl_training *run)
{
    const bool logged = !run->logging || rnl_event_file_close(&run->events);
    const bool recorded = !run->began || rnl_history_close(&run->history);
    const bool traced = rnl_trace_close(&run->trace);
    const bool inspected = !run->inspecting || rnl_history_close(&run->inspection);
    return logged && recorded && traced && inspected;
}

/* Ranks that write nothing look inside where the first one does. */
static int look_away(const rnl_inspection *inspection, void *user)
{
    (void)inspection, (void)user;
    return 0;
}

static rnl_options options_of(rnl_training *run)
{
    rnl_options options = {
        .threads = run->arguments->common.threads,
        .pin = run->arguments->common.pin,
        .products = run->arguments->common.products,
        .on_inspect = look_away,
        .on_log = on_log,
        .user = run,
        .job = run->ranks.job,
    };
    if (!run->ranks.leads)
        return options;
    options.checkpoint = run->directory.checkpoint;
    options.best = run->directory.best;
    options.last = run->directory.last;
    options.on_begin = on_begin;
    options.on_step = run->display.bar || rnl_config_traces(run->config) > 0 ? on_step : NULL;
    options.on_epoch = on_epoch;
    options.on_inspect = on_inspect;
    return options;
}

/* The model is saved even if the history could not be written. */
static int train_and_save(rnl_training *run)
{
    const rnl_options options = options_of(run);
    rnl_interruption_guard(run->model);
    rnl_status status = rnl_train(run->model, run->data, &options);
    rnl_display_finish(&run->display);
    if (status == RNL_OK && run->ranks.leads)
        status = rnl_model_save(run->model, run->directory.model);
    rnl_interruption_release(status == RNL_OK && run->ranks.leads);
    rnl_interruption_name_checkpoint(NULL, NULL);
    const bool written = close_files(run);
    if (run->refused && status == RNL_STOPPED)
        return RNL_EXIT_FAILURE;
    int code =
        rnl_ranks_speak(&run->ranks, status) ? rnl_complain_status(status) : RNL_EXIT_FAILURE;
    if (run->inspecting && status == RNL_NOT_FINITE)
        note_failure(run);
    if (!written && code == RNL_EXIT_OK)
        code = RNL_EXIT_FAILURE;
    const bool stopped = status == RNL_OK || status == RNL_STOPPED;
    return stopped && rnl_interruption_code() ? rnl_interruption_code() : code;
}

/* test: loss 0.3451, accuracy 0.8852 (10000 rows) */
static int print_test_figures(rnl_training *run)
{
    const rnl_options options = {
        .threads = run->arguments->common.threads,
        .pin = run->arguments->common.pin,
        .on_log = on_log,
        .user = run,
        .job = run->ranks.job,
    };
    rnl_evaluation *evaluation = NULL;
    const rnl_status status = rnl_evaluate(run->model, run->data, RNL_TEST, &options, &evaluation);
    if (status != RNL_OK)
        return rnl_ranks_speak(&run->ranks, status) ? rnl_complain_status(status)
                                                    : RNL_EXIT_FAILURE;
    if (run->ranks.leads)
        rnl_evaluation_print_line(evaluation, "test");
    rnl_evaluation_free(evaluation);
    return RNL_EXIT_OK;
}

/* Names the files written; only early stopping makes some of them. */
static void print_files(const rnl_training *run)
{
    const rnl_run_directory *directory = &run->directory;
    printf("model: %s\n", directory->model);
    if (access(directory->best, F_OK) == 0)
        printf("best: %s\n", directory->best);
    if (access(directory->last, F_OK) == 0)
        printf("last: %s\n", directory->last);
    printf("history: %s\n", directory->history);
    if (run->logging)
        printf("events: %s\n", directory->path);
    if (run->inspecting)
        printf("inspection: %s\n", directory->inspection);
    if (rnl_config_traces(run->config) > 0)
        printf("trace: %s\n", directory->trace);
}

static int run_training(rnl_training *run)
{
    RNL_TRY_EXIT(rnl_ranks_agree(&run->ranks, rnl_training_prepare(run)));
    RNL_TRY_EXIT(rnl_ranks_agree(&run->ranks, rnl_training_obtain_model(run)));
    RNL_TRY_EXIT(rnl_ranks_agree(&run->ranks, train_and_save(run)));
    if (rnl_data_rows(run->data, RNL_TEST) > 0)
        RNL_TRY_EXIT(print_test_figures(run));
    if (run->ranks.leads)
        print_files(run);
    return RNL_EXIT_OK;
}

static int run_ranks(rnl_training *run)
{
    const rnl_train_arguments *arguments = run->arguments;
    RNL_TRY_EXIT(
        rnl_ranks_join(&run->ranks, (double)arguments->deadline, arguments->common.verbose));
    return rnl_ranks_leave(&run->ranks, run_training(run));
}

static int run(const rnl_arguments *common)
{
    const rnl_train_arguments *arguments = (const rnl_train_arguments *)common;
    rnl_training run = {.arguments = arguments, .directory.lock = -1};
    rnl_interruption_start();
    rnl_display_start(&run.display, common);
    int code;
    if (arguments->print_config) {
        code = rnl_arguments_load_config(common, &run.config);
        code = code == RNL_EXIT_OK ? print_config(run.config) : code;
    } else
        code = run_ranks(&run);
    rnl_run_directory_release(&run.directory);
    rnl_model_free(run.model);
    rnl_data_free(run.data);
    rnl_config_free(run.config);
    return code;
}

const rnl_command rnl_train_command = {
    .name = "train",
    .operands = "CONFIG",
    .fewest = 1,
    .most = 1,
    .purpose = "Trains the model that a configuration describes, and saves it.",
    .details = details,
    .options = option_table,
    .size = sizeof(rnl_train_arguments),
    .joins = true,
    .run = run,
};
