#include "cli/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_whole(const char *text, uint64_t most, uint64_t *number)
{
    if (*text == '\0' || strspn(text, "0123456789") != strlen(text))
        return false;
    uint64_t value = 0;
    for (; *text; ++text) {
        const uint64_t digit = (uint64_t)(*text - '0');
        if (value > (most - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *number = value;
    return true;
}

static bool take_output(rnl_arguments *arguments, const char *value)
{
    arguments->output = value;
    return *value != '\0';
}

static bool take_threads(rnl_arguments *arguments, const char *value)
{
    uint64_t number;
    if (!read_whole(value, SIZE_MAX, &number) || number == 0)
        return false;
    arguments->threads = number;
    return true;
}

static bool take_pin(rnl_arguments *arguments, const char *value)
{
    static const char *const names[] = {
        [RNL_PIN_AUTO] = "auto", [RNL_PIN_ON] = "on", [RNL_PIN_OFF] = "off"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        if (strcmp(value, names[i]) == 0) {
            arguments->pin = (rnl_pin)i;
            return true;
        }
    }
    return false;
}

static bool take_monte_carlo(rnl_arguments *arguments, const char *value)
{
    uint64_t passes;
    const bool read = read_whole(value, 1000000, &passes) && passes > 0;
    arguments->monte_carlo = read ? passes : 0;
    return read;
}

static bool read_rate(const char *text, double *rate)
{
    char *end;
    *rate = strtod(text, &end);
    return end != text && *end == '\0' && *rate > 0 && *rate <= 1e6;
}

static bool take_from(rnl_arguments *arguments, const char *value)
{
    return read_rate(value, &arguments->from);
}

static bool take_to(rnl_arguments *arguments, const char *value)
{
    return read_rate(value, &arguments->to);
}

static bool take_override(rnl_arguments *arguments, const char *value)
{
    arguments->overrides[arguments->override_count++] = value;
    return strchr(value, '=') != NULL;
}

static bool take_seed(rnl_arguments *arguments, const char *value)
{
    uint64_t seed;
    if (!read_whole(value, UINT64_C(1) << 53, &seed))
        return false;
    snprintf(arguments->seed_override, sizeof arguments->seed_override, "training.seed=%" PRIu64,
             seed);
    arguments->seed = seed;
    arguments->seed_given = true;
    return take_override(arguments, arguments->seed_override);
}

static bool take_vary(rnl_arguments *arguments, const char *value)
{
    if (arguments->varied_count == RNL_MAX_VARIED)
        return false;
    arguments->varied[arguments->varied_count++] = value;
    return true;
}

static bool read_count(const char *value, uint64_t fewest, size_t *count)
{
    uint64_t number;
    if (!read_whole(value, 1000000, &number) || number < fewest)
        return false;
    *count = number;
    return true;
}

static bool take_steps(rnl_arguments *arguments, const char *value)
{
    return read_count(value, 2, &arguments->steps);
}

static bool take_folds(rnl_arguments *arguments, const char *value)
{
    static const char stratified[] = "stratified:";
    arguments->stratified = strncmp(value, stratified, sizeof stratified - 1) == 0;
    return read_count(value + (arguments->stratified ? sizeof stratified - 1 : 0), 2,
                      &arguments->folds);
}

static bool take_repeats(rnl_arguments *arguments, const char *value)
{
    return read_count(value, 1, &arguments->repeats);
}

static bool take_jobs(rnl_arguments *arguments, const char *value)
{
    return read_count(value, 1, &arguments->jobs);
}

static bool take_metric(rnl_arguments *arguments, const char *value)
{
    rnl_figure_name(value, arguments->metric_name);
    arguments->metric = arguments->metric_name;
    return *value != '\0';
}

static bool take_target(rnl_arguments *arguments, const char *value)
{
    const size_t length = strcspn(value, "=");
    char name[RNL_FIGURE_NAME] = "";
    if (length == 0 || length >= sizeof name || value[length] == '\0')
        return false;
    memcpy(name, value, length);
    rnl_figure_name(name, arguments->target_name);
    arguments->target_metric = arguments->target_name;
    char *end;
    arguments->target = strtod(value + length + 1, &end);
    return end != value + length + 1 && *end == '\0';
}

/* The name of a part, else of a file. */
static bool take_part(rnl_arguments *arguments, const char *value)
{
    static const struct {
        const char *name;
        rnl_part part;
    } parts[] = {{"test", RNL_TEST}, {"validation", RNL_VALIDATION}, {"train", RNL_TRAIN}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; ++i) {
        if (strcmp(value, parts[i].name) == 0) {
            arguments->part = parts[i].part;
            arguments->data = NULL;
            return true;
        }
    }
    arguments->part = 0;
    arguments->data = value;
    return *value != '\0';
}

static bool take_epoch(rnl_arguments *arguments, const char *value)
{
    uint64_t number;
    if (!read_whole(value, SIZE_MAX, &number))
        return false;
    arguments->epoch = number;
    return arguments->epoch_given = true;
}

static bool take_data(rnl_arguments *arguments, const char *value)
{
    arguments->data = value;
    return *value != '\0';
}

static bool take_targets(rnl_arguments *arguments, const char *value)
{
    arguments->targets = value;
    return *value != '\0';
}

static bool take_columns(rnl_arguments *arguments, const char *value)
{
    arguments->columns = value;
    return *value != '\0';
}

static bool take_model(rnl_arguments *arguments, const char *value)
{
    arguments->model = value;
    return *value != '\0';
}

static bool take_thread_list(rnl_arguments *arguments, const char *value)
{
    arguments->thread_list = value;
    return *value != '\0';
}

/* The taker of a switch sets the member of the same name. */
#define SWITCH_TAKER(member)                                                                       \
    static bool take_##member(rnl_arguments *arguments, const char *value)                         \
    {                                                                                              \
        (void)value;                                                                               \
        return arguments->member = true;                                                           \
    }
SWITCH_TAKER(json)
SWITCH_TAKER(layers)
SWITCH_TAKER(print_config)
SWITCH_TAKER(probabilities)
SWITCH_TAKER(quick)
SWITCH_TAKER(quiet)
SWITCH_TAKER(force)
SWITCH_TAKER(resume)
SWITCH_TAKER(restart_schedule)
SWITCH_TAKER(tune_rate)
SWITCH_TAKER(verbose)
SWITCH_TAKER(help)
SWITCH_TAKER(version)

#define RUNS                                                                                       \
    (RNL_TAKEN_BY_TRAIN | RNL_TAKEN_BY_EVALUATE | RNL_TAKEN_BY_PREDICT | RNL_TAKEN_BY_FOLD |       \
     RNL_TAKEN_BY_FIND_LR | RNL_TAKEN_BY_COMPARE)
#define READERS (RUNS | RNL_TAKEN_BY_SUMMARY | RNL_TAKEN_BY_TOPOLOGY | RNL_TAKEN_BY_BENCH)
#define PLACERS (RUNS | RNL_TAKEN_BY_TOPOLOGY)
#define EVERYWHERE                                                                                 \
    (READERS | PLACERS | RNL_TAKEN_BY_BENCH | RNL_TAKEN_BY_INSPECT | RNL_TAKEN_BY_HELP |           \
     RNL_TAKEN_BY_PLOT | RNL_TAKEN_BY_PROGRAM)

const rnl_option rnl_option_table[] = {
    {"output", 'o', "DIR", RNL_TAKEN_BY_TRAIN,
     "directory to write to, made if missing\n(default: runs/NAME, NAME being the configuration's)",
     "a directory", take_output},
    {"output", 'o', "DIR", RNL_TAKEN_BY_FIND_LR,
     "directory to write to, made if missing\n(default: runs/NAME-find-lr, NAME being the "
     "configuration's)",
     "a directory", take_output},
    {"from", 0, "RATE", RNL_TAKEN_BY_FIND_LR, "the first learning rate (default: 1e-5)",
     "a number above 0", take_from},
    {"to", 0, "RATE", RNL_TAKEN_BY_FIND_LR, "the last learning rate (default: 10)",
     "a number above 0", take_to},
    {"steps", 0, "N", RNL_TAKEN_BY_FIND_LR,
     "the number of steps from one to the other (default: 500)", "a whole number from 2 to 1000000",
     take_steps},
    {"output", 'o', "FILE", RNL_TAKEN_BY_PREDICT,
     "file to write to: .npy, or CSV under any other name\n(default: CSV to standard output)",
     "a file", take_output},
    {"output", 'o', "DIR", RNL_TAKEN_BY_COMPARE,
     "directory to write to, made if missing\n(default: runs/NAME-compare, NAME being the "
     "configuration's)",
     "a directory", take_output},
    {"vary", 0, "KEY=VALUE,VALUE...", RNL_TAKEN_BY_COMPARE,
     "a key of the configuration and the values to compare; with several,\n"
     "every combination is trained; may be repeated; required",
     "KEY=VALUE,VALUE..., at most 8 times", take_vary},
    {"folds", 0, "K", RNL_TAKEN_BY_COMPARE,
     "cross-validation: train K times, each validating on another K-th of\nthe training rows, or "
     "with stratified:K of each class",
     "a whole number from 2, or stratified: before one", take_folds},
    {"repeats", 0, "R", RNL_TAKEN_BY_COMPARE, "train with R seeds, from --seed on",
     "a whole number from 1", take_repeats},
    {"jobs", 'j', "N", RNL_TAKEN_BY_COMPARE,
     "train N at a time, each on cores of its own (default: 1)", "a whole number from 1",
     take_jobs},
    {"tune-rate", 0, NULL, RNL_TAKEN_BY_COMPARE,
     "train each combination with the learning rate that `runnel find-lr`\nsuggests for it", NULL,
     take_tune_rate},
    {"metric", 0, "NAME", RNL_TAKEN_BY_COMPARE,
     "the figure of the validation rows to compare by\n(default: val_accuracy if there is one, "
     "else "
     "val_loss)",
     "a name, as val_loss", take_metric},
    {"target", 0, "NAME=VALUE", RNL_TAKEN_BY_COMPARE,
     "what the time is measured to (default: 98 % of the best combination's\nmetric)",
     "a figure and its value, as val_accuracy=0.88", take_target},
    {"seed", 0, "N", RNL_TAKEN_BY_COMPARE,
     "the seed, or the first of --repeats (default: the configuration's, or 1)",
     "a whole number from 0 to 9007199254740992", take_seed},
    {"output", 'o', "FILE", RNL_TAKEN_BY_PLOT,
     "a .png or .svg file to write to, by gnuplot (default: characters to\nstandard output)",
     "a file", take_output},
    {"columns", 0, "NAME,NAME...", RNL_TAKEN_BY_PLOT,
     "columns of history.csv to draw (default: all but samples_per_second)",
     "names, as in loss,val_loss", take_columns},
    {"data", 0, "FILE", RNL_TAKEN_BY_PREDICT,
     "the rows to predict for: a table, .npy or IDX, told apart by their\ncontent, plain or gzip; "
     "required",
     "a file", take_data},
    {"data", 0, "FILE", RNL_TAKEN_BY_FOLD,
     "rows to compare outputs on, as of `runnel predict`\n(default: the test data)", "a file",
     take_data},
    {"model", 0, "FILE", RNL_TAKEN_BY_TOPOLOGY,
     "a configuration or a model: shows how a step of its training is shared out", "a file",
     take_model},
    {"probabilities", 0, NULL, RNL_TAKEN_BY_PREDICT,
     "the probability of every class instead of the most probable class", NULL, take_probabilities},
    {"monte-carlo", 0, "N", RNL_TAKEN_BY_PREDICT,
     "mean and standard deviation of N predictions, with dropout, noise and\n"
     "in training",
     "a whole number from 1", take_monte_carlo},
    {"data", 0, "PART|FILE", RNL_TAKEN_BY_EVALUATE,
     "the rows to use: test, validation or train, or a file with the inputs\nand targets "
     "(default: test, or validation if there is no test data)",
     "test, validation, train or a file", take_part},
    {"targets", 0, "FILE", RNL_TAKEN_BY_EVALUATE,
     "the targets, where the --data FILE is .npy or IDX; a table has its own", "a file",
     take_targets},
    {"epoch", 0, "N", RNL_TAKEN_BY_INSPECT,
     "the epoch to show; 0: before the first step (default: the last one)", "a whole number from 0",
     take_epoch},
    {"threads", 't', "N", PLACERS,
     "number of workers, obeyed exactly; the results do not depend on it\n"
     "(default: one for each physical core that may be used, but no more\nthan the network can "
     "keep busy)",
     "a whole number from 1", take_threads},
    {"threads", 't', "N,N...", RNL_TAKEN_BY_BENCH,
     "numbers of workers to measure with\n(default: 1, and one for each physical core)",
     "numbers from 1, as in 1,2,4", take_thread_list},
    {"json", 0, NULL, RNL_TAKEN_BY_BENCH, "print JSON in the schema of Google Benchmark", NULL,
     take_json},
    {"layers", 0, NULL, RNL_TAKEN_BY_BENCH,
     "of train: also the speed of each layer's products by themselves", NULL, take_layers},
    {"quick", 0, NULL, RNL_TAKEN_BY_BENCH, "take a few seconds instead of minutes", NULL,
     take_quick},
    {"pin", 0, "WHEN", PLACERS,
     "bind workers to cores: on, off, or auto, which binds where there are\n"
     "enough cores that no other run has claimed (default: auto)",
     "auto, on or off", take_pin},
    {"seed", 0, "N", RNL_TAKEN_BY_TRAIN | RNL_TAKEN_BY_FIND_LR, "short for --set training.seed=N",
     "a whole number from 0 to 9007199254740992", take_seed},
    {"set", 's', "KEY=VALUE", READERS,
     "change the configuration, e.g. training.epochs=2 or\nmodel.1.dense.units=100; may be "
     "repeated",
     "key.path=value", take_override},
    {"print-config", 0, NULL, RNL_TAKEN_BY_TRAIN,
     "print the configuration, each value with where it is from, and stop", NULL,
     take_print_config},
    {"force", 'f', NULL, RNL_TAKEN_BY_TRAIN | RNL_TAKEN_BY_COMPARE,
     "replace what the directory already holds: it goes before the new run\nbegins", NULL,
     take_force},
    {"force", 'f', NULL, RNL_TAKEN_BY_FOLD, "replace OUTPUT if it is there", NULL, take_force},
    {"resume", 'r', NULL, RNL_TAKEN_BY_TRAIN,
     "go on from the directory's checkpoint, and end as if never\ninterrupted; without a "
     "checkpoint, start",
     NULL, take_resume},
    {"restart-schedule", 0, NULL, RNL_TAKEN_BY_TRAIN,
     "with --resume: begin the schedule of the learning rate anew, over the\nepochs that are left",
     NULL, take_restart_schedule},
    {"quiet", 'q', NULL, RNL_TAKEN_BY_TRAIN | RNL_TAKEN_BY_COMPARE,
     "print results, warnings and errors alone", NULL, take_quiet},
    {"verbose", 'v', NULL, RUNS, "print what the engine decides, too", NULL, take_verbose},
    {"help", 'h', NULL, EVERYWHERE, "print this help", NULL, take_help},
    {"version", 'V', NULL, RNL_TAKEN_BY_PROGRAM, "print the version", NULL, take_version},
};
const size_t rnl_option_count = sizeof rnl_option_table / sizeof *rnl_option_table;

const rnl_command rnl_program = {
    NULL,
    RNL_TAKEN_BY_PROGRAM,
    "COMMAND",
    0,
    0,
    "Trains dense neural networks on all cores of the machine.",
    "`runnel help COMMAND` is the manual of a command, `runnel help config` that of the\n"
    "configuration.\n",
    rnl_command_none};

const rnl_command rnl_commands[] = {
    {"train", RNL_TAKEN_BY_TRAIN, "CONFIG", 1, 1,
     "Trains the model that a configuration describes, and saves it.",
     "CONFIG is a YAML file; `runnel help config` explains it.\n"
     "\n"
     "Files written to DIR, once the configuration and its data were found right:\n"
     "  model.safetensors  the trained weights, and the configuration, so that the file alone\n"
     "                     is enough for `runnel evaluate`\n"
     "  best.safetensors, last.safetensors  with training.early_stopping: the weights of the\n"
     "                     best validation, as soon as it was, and those of the last step;\n"
     "                     model.safetensors is one of them: see restore_best_weights\n"
     "  history.csv        a line per epoch: loss, metrics, those of the validation rows\n"
     "                     (val_...), learning_rate, and samples_per_second, which\n"
     "                     counts the training steps alone (what is shown while it trains\n"
     "                     is by the clock, with validation and saves); with\n"
     "                     training.validate_every a line per validation, of the rows since\n"
     "                     the last one, with the step, and epochs as fractions\n"
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
     "written when it has room again.\n"
     "\n"
     "Ctrl-C and SIGTERM finish the step, save a checkpoint and say where it is; a second one\n"
     "ends the program at once and leaves the last checkpoint, if there is one, whole.\n"
     "\n"
     "Progress goes to standard error: a bar on a terminal, else a line for each of\n"
     "history.csv.  Results go to standard output: figures over the test rows, if the\n"
     "configuration names any, and the files written.\n"
     "\n"
     "The weights depend on the configuration, its seed and the data alone: the number of\n"
     "workers and their binding change no bit of them.\n"
     "\n"
     "Exit code: 0 trained and saved; 1 failed; 2 a mistake in the command or the\n"
     "configuration: then nothing was written; 130 and 143 stopped by Ctrl-C and SIGTERM.\n"
     "\n"
     "Example:\n"
     "  runnel train examples/fashion_mnist.yaml --threads 8 --set training.epochs=20 -o runs/a\n",
     rnl_command_train},
    {"compare", RNL_TAKEN_BY_COMPARE, "CONFIG", 1, 1,
     "Trains every combination of settings, and says which is best and which is fastest.",
     "Each combination of the values of --vary is trained, with --repeats and --folds several\n"
     "times. A value is YAML: `{adam: {learning_rate: 0.01}}` is one. The choice is made on the\n"
     "validation rows; test rows serve nothing here. A shared learning rate compares nothing:\n"
     "see --tune-rate.\n"
     "\n"
     "Printed for each combination: the mean of the metric over its trials, of the models that\n"
     "training ended with, and its standard deviation; the rank by the mean; the time of an\n"
     "epoch's training, and the mean of epochs and seconds until the metric came to the target,\n"
     "of those trials in which it did. Beside optimizers stand the ratings of a textbook.\n"
     "\n"
     "Files written to DIR: compare.csv, a line per trial; compare.json; compare.png and\n"
     "compare.svg, the metric over the epochs, where gnuplot is installed; and a run's directory\n"
     "for each trial, with its config.yaml and log.\n"
     "\n"
     "Called again after Ctrl-C or a kill, the same command goes on with what is missing: a\n"
     "trial is done if its model says that it is of the same configuration. With\n"
     "--folds K, the training rows are cut in K parts, drawn at random but always the same;\n"
     "with --folds stratified:K, by the trial's seed, each class as evenly as may be.\n"
     "\n"
     "Exit code: 0 compared; 1 failed, or a training did; 2 a mistake in the command or the\n"
     "configuration: then nothing was written; 130 and 143 stopped by Ctrl-C and SIGTERM.\n"
     "\n"
     "Example:\n"
     "  runnel compare examples/fashion_mnist.yaml --vary training.optimizer=momentum,adam \\\n"
     "      --tune-rate --repeats 3 --set training.epochs=5\n",
     rnl_command_compare},
    {"evaluate", RNL_TAKEN_BY_EVALUATE, "MODEL", 1, 1,
     "Measures a trained model: loss, metrics, confusion matrix, precision, recall.",
     "MODEL is a file that `runnel train` wrote.  The data are those that the configuration in\n"
     "it names; --set data.test... names others.\n"
     "\n"
     "Precision, recall and F1 are printed per class, with the number of rows of the class\n"
     "(support); a figure that would divide by zero is printed as `-` and left out of the macro\n"
     "average, which is the plain mean over the classes.\n"
     "\n"
     "Exit code: 0 measured; 1 failed; 2 a mistake in the command or in a --set.\n"
     "\n"
     "Example:\n"
     "  runnel evaluate runs/fashion_mnist/model.safetensors --data validation\n",
     rnl_command_evaluate},
    {"predict", RNL_TAKEN_BY_PREDICT, "MODEL", 1, 1,
     "Writes what a trained model says of new rows: classes, probabilities or values.",
     "MODEL is a file that `runnel train` wrote.  A table is read as the training rows were: its\n"
     "columns are found by name, others in it are ignored, and a category that training has not\n"
     "seen is an error that names it.\n"
     "\n"
     "What is written, a line or an element per row, in the order of the rows:\n"
     "  of a classifier       CSV: class,probability - the most probable class, by its name if\n"
     "                        the training table named it, else by its number from 0, and its\n"
     "                        probability.  .npy: int32 (rows), class numbers in sorted order\n"
     "  with --probabilities  CSV: a column for each class, named as above.\n"
     "                        .npy: float32 (rows, classes)\n"
     "  of other models       CSV: a column for each output, named as the target columns were,\n"
     "                        else output_1, output_2, ...  .npy: float32 (rows, outputs)\n"
     "With --monte-carlo, behind these as many columns of standard deviations; of a classifier\n"
     "without --probabilities, in CSV one, of the probability.\n"
     "\n"
     "Exit code: 0 written; 1 failed; 2 a mistake in the command or in a --set.\n"
     "\n"
     "Example:\n"
     "  runnel predict runs/houses/model.safetensors --data new.csv -o prices.csv\n",
     rnl_command_predict},
    {"find-lr", RNL_TAKEN_BY_FIND_LR, "CONFIG", 1, 1,
     "Finds a learning rate for a configuration: the range test.",
     "Trains the model that CONFIG describes with a learning rate that grows from step to step by\n"
     "a constant factor, and looks at the loss of each mini-batch: too low a rate hardly lowers\n"
     "it, too high a one makes it climb.  The test ends when the loss, smoothed, has come to four\n"
     "times its lowest.  Suggested is a tenth of the rate at which it begins to climb: the last "
     "one\n"
     "at which the smoothed loss is within a quarter of its lowest.  Nothing is kept of this\n"
     "training.\n"
     "\n"
     "The optimizer and its momentum are the configuration's; its learning rate and schedule are\n"
     "left aside.  The schedule `one_cycle: {max_rate: auto}` makes the same test by itself.\n"
     "\n"
     "Files written to DIR: find_lr.csv, with a line per step (learning_rate, loss,\n"
     "smoothed_loss), and, where gnuplot is installed, find_lr.png and find_lr.svg.  A plot in\n"
     "characters and the suggestion go to standard output.\n"
     "\n"
     "Exit code: 0 suggested and written; 1 failed, or the loss never fell; 2 a mistake in the\n"
     "command or the configuration.\n"
     "\n"
     "Example:\n"
     "  runnel find-lr examples/fashion_mnist.yaml --set training.optimizer=adam\n",
     rnl_command_find_lr},
    {"fold", RNL_TAKEN_BY_FOLD, "MODEL OUTPUT", 2, 2,
     "Folds batch normalization into the weights, for faster inference.",
     "MODEL is a file that `runnel train` wrote; the folded model is written to OUTPUT, which\n"
     "without --force must not be there yet.\n"
     "\n"
     "A normalization behind a dense layer without an activation is folded backward into it, any\n"
     "other before a dense layer forward into that; what can be folded neither way is kept.\n"
     "Layers that act in training alone, as dropout, are left out.  All that is told, and the\n"
     "largest difference of an output between both models.\n"
     "\n"
     "Exit code: 0 written; 1 failed; 2 a mistake in the command or in a --set.\n"
     "\n"
     "Example:\n"
     "  runnel fold runs/fashion_mnist_bn/model.safetensors folded.safetensors\n",
     rnl_command_fold},
    {"summary", RNL_TAKEN_BY_SUMMARY, "CONFIG|MODEL", 1, 1,
     "Prints the layers of a model, their parameters, the work for a row, and the memory.",
     "The file may be a configuration, whose training data tell the shape of a row, or a model\n"
     "that `runnel train` wrote.\n"
     "\n"
     "Exit code: 0 printed; 1 failed; 2 a mistake in the command or the configuration.\n"
     "\n"
     "Example:\n"
     "  runnel summary examples/fashion_mnist.yaml --set model.1.dense.units=1000\n",
     rnl_command_summary},
    {"inspect", RNL_TAKEN_BY_INSPECT, "RUN", 1, 1,
     "Shows the layers of a run from inside, and says whether they are well.",
     "RUN is the directory of a run that was trained with `training.inspect: true`, or its\n"
     "inspect.csv.  That file has a line for each layer before the first step (epoch 0) and after\n"
     "each epoch:\n"
     "  mean, std          of the layer's outputs over all training rows, as in inference; of\n"
     "                     logits where the loss computes the activation.  Of epoch 0, as in\n"
     "                     training, mini-batch by mini-batch\n"
     "  saturated          share of the outputs where the slope of the activation is under 2 % of\n"
     "                     its maximum: sigmoid, tanh, softsign, hard_sigmoid\n"
     "  dead               share of the units that are 0 for every row: relu, leaky_relu\n"
     "  gradient_norm      of the kernel, in the step that comes next: the loss with its "
     "penalties\n"
     "  update_norm        what that step adds to the kernel\n"
     "  weight_norm        of the kernel\n"
     "  gradient_to_weights, update_to_weights  the ratios of these norms\n"
     "\n"
     "What is said of them, hidden layers being those before the last one with a kernel:\n"
     "  vanishing   the gradient norm of the first hidden layer is under 0.001 of that of the\n"
     "              last one, or that of any is 0\n"
     "  exploding   it is over 1000 times that of the last one, an update is over 0.1 of its\n"
     "              weights, or a number is NaN or infinite; or weights have a norm over\n"
     "              1e6, or the run ended so after the last epoch shown (failure.txt)\n"
     "  dying       over 25 % of the units of a hidden layer are dead\n"
     "  saturation  over 25 % of the outputs of a hidden layer are saturated\n"
     "  healthy     none of these\n"
     "\n"
     "Looking inside changes no bit of the weights, and costs one more pass forward over the\n"
     "training rows in each epoch, and memory for a copy of weights and optimizer state.\n"
     "\n"
     "Exit code: 0 shown, whatever is said; 1 failed; 2 a mistake in the command.\n"
     "\n"
     "Example:\n"
     "  runnel train net.yaml --set training.inspect=true && runnel inspect runs/net --epoch 0\n",
     rnl_command_inspect},
    {"plot", RNL_TAKEN_BY_PLOT, "RUN...", 1, RNL_MAX_OPERANDS,
     "Draws the learning curves of one or several runs.",
     "RUN is the directory of a run, or its history.csv; a run that still trains is drawn as far\n"
     "as it is.  Each figure has a plot of its own, over the epochs: loss and val_loss, each\n"
     "metric and its val_, learning_rate.\n"
     "\n"
     "Exit code: 0 drawn; 1 failed; 2 a mistake in the command.\n"
     "\n"
     "Examples:\n"
     "  runnel plot runs/fashion_mnist\n"
     "  runnel plot runs/a runs/b --columns val_accuracy -o curves.png\n",
     rnl_command_plot},
    {"topology", RNL_TAKEN_BY_TOPOLOGY, "[MACHINE]", 0, 1,
     "Draws the machine, what of it may be used, and where each worker would be.",
     "MACHINE is an hwloc synthetic description or an .xml file that hwloc's lstopo wrote\n"
     "(default: this machine, less what a cpuset, the affinity or a quota of control groups\n"
     "takes away, with the cores that other runs have claimed).  With --model, also how many\n"
     "workers would share a step of training there, and what each phase of it would take by the\n"
     "model of costs that chooses them.\n"
     "\n"
     "Exit code: 0 drawn; 1 failed; 2 a mistake in the command or the configuration.\n"
     "\n"
     "Examples:\n"
     "  runnel topology\n"
     "  runnel topology \"numa:2 core:32 pu:2\" --threads 40\n"
     "  runnel topology \"numa:4 core:16 pu:1\" --model examples/fashion_mnist.yaml\n",
     rnl_command_topology},
    {"bench", RNL_TAKEN_BY_BENCH, "machine|train|latency|optimizers [CONFIG...]", 1,
     RNL_MAX_OPERANDS, "Measures what the machine can do, and how near to it training comes.",
     "  machine  FMA peak; triad, the better of plain stores (which read what they write into: 16\n"
     "           bytes for each element) and stores around the cache (12); bandwidth of reading\n"
     "           arrays of several sizes; time of a barrier, the engine's and two others\n"
     "  train    the time of a training step of each CONFIG, or of a table of networks; rows per\n"
     "           second, GFLOP/s of the products, and their share of the FMA peak that is "
     "measured\n"
     "           in the same run with as many workers\n"
     "  latency  the time of an inference of 1, 32 and 512 rows, and of a training step of 32 and\n"
     "           512, of each CONFIG: median, p90, p99; or of a small network, with elu over "
     "relu,\n"
     "           in turns, with a 95 % confidence interval\n"
     "  optimizers  each optimizer's update of 33 million parameters, which no cache holds:\n"
     "           bandwidth, and its share of the triad's\n"
     "\n"
     "Runs take turns until the median of each is known within 1 %, or two minutes are over; the\n"
     "interval is printed behind the median.  Workers are bound as in training.\n"
     "\n"
     "Exit code: 0 measured; 1 failed, or faster than the machine can be; 2 a mistake in the\n"
     "command or a configuration.\n"
     "\n"
     "Example:\n"
     "  runnel bench train --threads 1,2 --quick\n",
     rnl_command_bench},
    {"help", RNL_TAKEN_BY_HELP, "[COMMAND | config [TOPIC]]", 0, 2,
     "Explains a command or the configuration.",
     "TOPIC is a section of the configuration, a list of kinds or a single kind.\n"
     "\n"
     "Examples:\n"
     "  runnel help train\n"
     "  runnel help config\n"
     "  runnel help config dense\n",
     rnl_command_help},
};
const size_t rnl_command_count = sizeof rnl_commands / sizeof *rnl_commands;
