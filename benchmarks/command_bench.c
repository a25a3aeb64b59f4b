#include "benchmarks/command_bench.h"
#include "benchmarks/bench.h"
#include "benchmarks/bench_processes.h"
#include "benchmarks/matrix_trial.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/ranks.h"
#include "engine/workers/machine.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct bench_arguments {
    rnl_arguments common;
    const char *thread_list, *batch_list; /* "1,2,4"; NULL: the default */
    double seconds;                       /* 0: the default */
    const char *activations, *optimizers, *precisions;
    rnl_bench_target target;
    size_t seeds;     /* 0: the default */
    size_t processes; /* 0: the default */
    bool json, csv, cold, layers, quick, tune_rate, normalization;
} bench_arguments;

/* How long repetitions go on, narrow or not. */
enum { QUICK_SECONDS = 4, QUICK_LATENCY_SECONDS = 8, USUAL_SECONDS = 120 };

/* Processes behind JSON, which is compared with other runs; seconds of a quick run in all. */
enum { USUAL_PROCESSES = 5, QUICK_LIMIT = 9 };

static bool take_seconds(rnl_arguments *arguments, void *member, const char *value)
{
    (void)arguments;
    char *end;
    const double seconds = strtod(value, &end);
    *(double *)member = seconds;
    return end != value && *end == '\0' && seconds > 0 && seconds <= 86400;
}

static bool take_target(rnl_arguments *arguments, void *member, const char *value)
{
    (void)arguments;
    return rnl_bench_target_read(member, value);
}

static const rnl_option option_table[] = {
    {"threads", 't', "N,N...",
     "numbers of workers to measure with\n(default: 1, and one for each physical core)",
     "numbers from 1, as in 1,2,4", rnl_take_text, offsetof(bench_arguments, thread_list)},
    {"batch", 0, "N,N...", "of train and latency: batch sizes to measure with",
     "numbers from 1, as in 1,8,64", rnl_take_text, offsetof(bench_arguments, batch_list)},
    {"activations", 0, "A,A",
     "of latency, activations and matrix: those to measure, as relu,elu or\n"
     "'relu,{elu: {alpha: 0.5}}' (default: relu,elu; of activations all; of\n"
     "latency with CONFIG what it has)",
     "names", rnl_take_text, offsetof(bench_arguments, activations)},
    {"cold", 0, NULL, "of latency: also inferences before which the caches are emptied", NULL,
     rnl_take_switch, offsetof(bench_arguments, cold)},
    {"optimizers", 0, "O,O",
     "of optimizers and matrix: those to measure, as sgd,adam or\n"
     "'sgd,{adam: {beta_1: 0.8}}' (default: all; of matrix\nsgd,momentum,nesterov,adam)",
     "names", rnl_take_text, offsetof(bench_arguments, optimizers)},
    {"precision", 0, "P,P", "of train: those to measure, as float32,mixed_bfloat16", "names",
     rnl_take_text, offsetof(bench_arguments, precisions)},
    {"normalization", 0, NULL, "of matrix: also with batch normalization behind each hidden layer",
     NULL, rnl_take_switch, offsetof(bench_arguments, normalization)},
    {"target", 0, "NAME=VALUE", "of matrix: what epochs and seconds are measured to",
     "a figure and a number, as in val_accuracy=0.88", take_target,
     offsetof(bench_arguments, target)},
    {"seeds", 0, "N", "of matrix: trainings of each combination (default: 5; --quick: 1)",
     "a whole number from 1", rnl_take_count, offsetof(bench_arguments, seeds)},
    {"tune-rate", 0, NULL, "of matrix: each training at the rate that `runnel find-lr` suggests",
     NULL, rnl_take_switch, offsetof(bench_arguments, tune_rate)},
    {"json", 0, NULL, "print JSON in the schema of Google Benchmark", NULL, rnl_take_switch,
     offsetof(bench_arguments, json)},
    {"processes", 0, "N",
     "with --json: so many processes one after the other, each for its\nshare of the time "
     "(default: 5; of matrix and network 1)",
     "a whole number from 1", rnl_take_count, offsetof(bench_arguments, processes)},
    {"csv", 0, NULL, "print comma-separated values", NULL, rnl_take_switch,
     offsetof(bench_arguments, csv)},
    {"layers", 0, NULL,
     "of train: also the speed of each layer's products by themselves;\nof latency on one thread: "
     "also the time of each layer, of a step that\nof each phase, and its share",
     NULL, rnl_take_switch, offsetof(bench_arguments, layers)},
    {"seconds", 0, "S",
     "measure for about so long, if medians are not known narrowly before\n(default: 120)",
     "a number above 0, up to 86400", take_seconds, offsetof(bench_arguments, seconds)},
    {"quick", 0, NULL, "take a few seconds instead of minutes", NULL, rnl_take_switch,
     offsetof(bench_arguments, quick)},
    {"products", 0, "WHOSE",
     "of train: who multiplies matrices: auto, own or onednn (default: auto,\nthat is own)",
     "auto, own or onednn", rnl_take_products, offsetof(rnl_arguments, products)},
    RNL_OPTION_SET,
    RNL_OPTION_HELP,
    {0},
};

static const char details[] =
    "  machine  FMA peak; that of bfloat16, where the processor has VDPBF16PS; triad, the better\n"
    "           of plain stores (which read what they write into: 16 bytes for each element) and\n"
    "           stores around the cache (12); bandwidth of reading arrays of several sizes; time\n"
    "           of a barrier, the engine's and two others\n"
    "  train    the time of a training step of each CONFIG, or of a table of networks; rows per\n"
    "           second, GFLOP/s of the products, and their share of the FMA peak (of the bfloat16\n"
    "           peak under precision mixed_bfloat16, where the processor has one) that is "
    "measured\n"
    "           in the same run with as many workers; efficiency: rows per second over those of\n"
    "           the first of --threads, for each worker; speedup: of each --precision over the\n"
    "           first, with its interval\n"
    "  products every product of each CONFIG's layers, or of a table of networks, one tile of it "
    "on\n"
    "           one worker: by Runnel's kernels and by oneDNN, as --products takes them, in "
    "turns,\n"
    "           after their bits were compared: time, GFLOP/s, share of the FMA peak, times_own;\n"
    "           and the sums over a step.  Without oneDNN or AVX-512 the own ones alone\n"
    "  latency  the time of an inference of 1, 32 and 512 rows, and of a training step of 32 and\n"
    "           512 (--batch: others), of each CONFIG, or of a small network: median, p90, p99,\n"
    "           p99.9, with 1,000 and 10,000 samples behind the last two, else a dash and how\n"
    "           many there were.  Inferences of more than 96 rows are shared by the predictor's\n"
    "           --threads.  Of a MODEL that was trained, inferences alone, of rows that are\n"
    "           standard normal once they are scaled; one with batch normalization beside its "
    "fold.\n"
    "           Activations of the hidden layers are compared with the first one in paired "
    "rounds,\n"
    "           in an order drawn anew for each, until what one costs more is known within 0.1 %,\n"
    "           or time is over; each round makes its nets anew, elsewhere in memory; the "
    "intervals\n"
    "           of a comparison are a bootstrap's, all together 95 %, and the verdict is told in\n"
    "           words\n"
    "  activations  each activation forward and backward, on every instruction set (--quick: the\n"
    "           best), from L1, L2, L3 and memory: time and cycles of an element in each thread,\n"
    "           share of the triad over as much memory, ratio to relu, proven error; beside\n"
    "           functions of the C library's libmvec, and oneDNN's eltwise where it is built in.\n"
    "           Inputs are standard normal\n"
    "  optimizers  each optimizer's update of 10^4 to 10^8 (--quick: 10^7) parameters: alone, and\n"
    "           fused with what makes the gradients slice by slice (its time included), so that "
    "they\n"
    "           come from the cache; bandwidth, and its share of a triad over as many floats\n"
    "  matrix   optimizers times activations of the hidden layers of CONFIG: time of a step, rows\n"
    "           per second, the figure of --target after the last epoch, and the median of the\n"
    "           seeds of the epochs, and of the seconds of steps, until it is reached: a training\n"
    "           that misses it counts as infinite.  The target is set beforehand; a rate that all\n"
    "           share compares nothing: see --tune-rate.  --quick trains 2 epochs\n"
    "           of 16,384 rows at most\n"
    "  data     reading the training rows of each CONFIG, or of a file of each format, of 200,000\n"
    "           rows (--quick: 20,000) of 28 numbers; and gathering mini-batches of 32 rows of "
    "784\n"
    "           numbers, of bytes, float32 and float64, in random order and as they lie\n"
    "  network  under mpirun: the time of a message between ranks 0 and 1, and of pieces that all\n"
    "           ranks exchange, or gather, as in a training step, from 8 bytes to 16 MB\n"
    "  diff     what changed beyond noise between two runs, A.json and B.json, that --json "
    "printed\n"
    "           (or Google Benchmark): Student's test over their processes, where there were three "
    "or\n"
    "           more, else the U test over rounds; 1 % of error for all results together, and by 2 "
    "%\n"
    "           at least.  What other processes can have caused, by the time that they took, is "
    "not\n"
    "           told.  Exit code 0, whatever it finds\n"
    "\n"
    "Runs take turns until the median of each is known within 1 %, or time is over; the\n"
    "interval is printed behind the median.  Workers are bound as in training.  Other processes\n"
    "and what else disturbs are named in warnings.  benchmarks/README.md tells the method.\n"
    "\n"
    "Exit code: 0 measured; 1 failed, or faster than the machine can be; 2 a mistake in the\n"
    "command or a configuration.\n"
    "\n"
    "Example:\n"
    "  runnel bench train --threads 1,2 --quick\n";

/* The options that only some benchmarks have. */
enum {
    LAYERS = 1,
    ACTIVATIONS = 2,
    OPTIMIZERS = 4,
    TARGET = 8,
    SEEDS = 16,
    TUNE_RATE = 32,
    NORMALIZATION = 64,
    BATCH = 128,
    COLD = 256,
    PRODUCTS = 512,
    PRECISION = 1024,
    OPTIONS = 11
};
static const char *const special[OPTIONS] = {"layers", "activations", "optimizers",    "target",
                                             "seeds",  "tune-rate",   "normalization", "batch",
                                             "cold",   "products",    "precision"};

static const struct {
    const char *name;
    int (*run)(rnl_bench *bench);
    size_t fewest_configs, most_configs;
    unsigned options;
    bool repeats; /* in several processes */
} kinds[] = {
    {"machine", rnl_bench_machine, 0, 0, 0, true},
    {"train", rnl_bench_train, 0, RNL_MAX_OPERANDS, LAYERS | BATCH | PRODUCTS | PRECISION, true},
    {"products", rnl_bench_products, 0, RNL_MAX_OPERANDS, 0, true},
    {"latency", rnl_bench_latency, 0, RNL_MAX_OPERANDS, LAYERS | ACTIVATIONS | BATCH | COLD, true},
    {"activations", rnl_bench_activations, 0, 0, ACTIVATIONS, true},
    {"optimizers", rnl_bench_optimizers, 0, 0, OPTIMIZERS, true},
    {"matrix", rnl_bench_matrix, 1, 1,
     ACTIVATIONS | OPTIMIZERS | TARGET | SEEDS | TUNE_RATE | NORMALIZATION, false},
    {"data", rnl_bench_data_rates, 0, RNL_MAX_OPERANDS, 0, true},
    {"network", rnl_bench_network, 0, 0, 0, false},
    {"diff", rnl_bench_diff, 2, 2, 0, false},
};

static unsigned options_given(const bench_arguments *a)
{
    return (a->layers ? LAYERS : 0) | (a->activations ? ACTIVATIONS : 0) |
           (a->optimizers ? OPTIMIZERS : 0) | (a->target.figure[0] ? TARGET : 0) |
           (a->seeds > 0 ? SEEDS : 0) | (a->tune_rate ? TUNE_RATE : 0) |
           (a->normalization ? NORMALIZATION : 0) | (a->batch_list ? BATCH : 0) |
           (a->cold ? COLD : 0) | (a->common.products != RNL_PRODUCTS_AUTO ? PRODUCTS : 0) |
           (a->precisions ? PRECISION : 0);
}

static int check_configs(const bench_arguments *arguments, size_t kind)
{
    const char *name = kinds[kind].name;
    const size_t configs = arguments->common.operand_count - 1;
    if (configs > 0 && kinds[kind].most_configs == 0)
        return rnl_complain_usage("bench", "%s takes no CONFIG, got '%s'", name,
                                  arguments->common.operands[1]);
    if (configs > kinds[kind].most_configs)
        return rnl_complain_usage("bench", "%s takes %zu file%s, got '%s' too", name,
                                  kinds[kind].most_configs, kinds[kind].most_configs > 1 ? "s" : "",
                                  arguments->common.operands[1 + kinds[kind].most_configs]);
    if (configs < kinds[kind].fewest_configs)
        return rnl_complain_usage("bench", "%s needs %s", name,
                                  kinds[kind].fewest_configs > 1 ? "two files" : "a CONFIG");
    if (arguments->common.override_count > 0 && kinds[kind].run == rnl_bench_diff)
        return rnl_complain_usage("bench", "--set is not of diff");
    if (arguments->common.override_count > 0 && configs == 0)
        return rnl_complain_usage("bench", "--set changes a CONFIG, and there is none");
    return RNL_EXIT_OK;
}

/* Refuses what the benchmark would not look at. */
static int check_arguments(const bench_arguments *arguments, size_t kind)
{
    const unsigned given = options_given(arguments);
    RNL_TRY_EXIT(check_configs(arguments, kind));
    if (arguments->json && arguments->csv)
        return rnl_complain_usage("bench", "--json and --csv exclude each other");
    if (arguments->processes > 0 && !arguments->json)
        return rnl_complain_usage("bench", "--processes is of --json");
    if (arguments->processes > 1 && !kinds[kind].repeats)
        return rnl_complain_usage("bench", "%s is measured by one process", kinds[kind].name);
    for (size_t i = 0; i < OPTIONS; ++i)
        if (given & ~kinds[kind].options & 1u << i)
            return rnl_complain_usage("bench", "--%s is not of %s", special[i], kinds[kind].name);
    return RNL_EXIT_OK;
}

enum { KINDS = sizeof kinds / sizeof *kinds };

/* One and all of the cores, where nothing is asked for. */
static rnl_status default_threads(rnl_bench *bench)
{
    const rnl_options options = {0};
    rnl_placement placement;
    const rnl_status status = rnl_place_workers(&placement, &options);
    if (status != RNL_OK)
        return status;
    bench->thread_counts[bench->thread_count_count++] = 1;
    if (placement.workers > 1)
        bench->thread_counts[bench->thread_count_count++] = placement.workers;
    rnl_placement_release(&placement);
    return RNL_OK;
}

/* "1,2,4", up to `most` of each number. */
static bool read_numbers(size_t *numbers, size_t *count, unsigned long most, const char *text)
{
    while (*count < RNL_MAX_BENCH_THREADS) {
        char *end;
        const unsigned long number = strtoul(text, &end, 10);
        if (end == text || *text == '-' || number == 0 || number > most)
            return false;
        numbers[(*count)++] = number;
        if (*end == '\0')
            return true;
        if (*end != ',')
            return false;
        text = end + 1;
    }
    return false;
}

static int choose_threads(rnl_bench *bench, const char *list)
{
    if (!list)
        return rnl_complain_status(default_threads(bench));
    if (!read_numbers(bench->thread_counts, &bench->thread_count_count, 4096, list))
        return rnl_complain_usage("bench",
                                  "--threads expects numbers from 1, as in 1,2,4, got '%s'", list);
    return RNL_EXIT_OK;
}

static int choose_batches(rnl_bench *bench, const char *list)
{
    if (list && !read_numbers(bench->batches, &bench->batch_count, 1 << 24, list))
        return rnl_complain_usage("bench", "--batch expects numbers from 1, as in 1,8,64, got '%s'",
                                  list);
    return RNL_EXIT_OK;
}

/* KINDS if there is none of this name. */
static size_t kind_named(const char *name)
{
    size_t kind = 0;
    while (kind < KINDS && strcmp(name, kinds[kind].name) != 0)
        ++kind;
    return kind;
}

static double seconds_of(const bench_arguments *arguments, size_t kind)
{
    const bool latency = kind < KINDS && kinds[kind].run == rnl_bench_latency;
    const double quick = latency ? QUICK_LATENCY_SECONDS : QUICK_SECONDS;
    const double seconds = arguments->quick ? quick : USUAL_SECONDS;
    return arguments->seconds > 0 ? arguments->seconds : seconds;
}

static size_t processes_of(const bench_arguments *arguments, size_t kind)
{
    return arguments->processes > 0                 ? arguments->processes
           : arguments->json && kinds[kind].repeats ? USUAL_PROCESSES
                                                    : 1;
}

static int measure(rnl_bench *bench, const bench_arguments *arguments, size_t kind)
{
    const rnl_bench_processes processes = {processes_of(arguments, kind),
                                           seconds_of(arguments, kind),
                                           arguments->quick ? QUICK_LIMIT : 0};
    if (processes.count > 1)
        return rnl_bench_in_processes(&processes);
    rnl_bench_report_begin(&bench->report, arguments->json  ? RNL_BENCH_JSON
                                           : arguments->csv ? RNL_BENCH_CSV
                                                            : RNL_BENCH_TABLE);
    const int code = kinds[kind].run(bench);
    rnl_bench_report_finish(&bench->report);
    return code;
}

/* Ranks meet before anything is printed: one of them prints. */
static int measure_network(rnl_bench *bench, const bench_arguments *arguments, size_t kind)
{
    rnl_ranks ranks;
    RNL_TRY_EXIT(rnl_ranks_join(&ranks, 0, false));
    if (!ranks.job)
        return rnl_complain_usage("bench", "network is between ranks: mpirun -n 2 runnel bench "
                                           "network, one rank on each of two machines");
    bench->ranks = &ranks;
    return rnl_ranks_leave(&ranks, measure(bench, arguments, kind));
}

/* Ranks that measure at the same time disturb each other. */
static int refuse_ranks(size_t kind)
{
    size_t rank;
    if (kind == KINDS || kinds[kind].run == rnl_bench_network || rnl_job_started(&rank) == 1)
        return RNL_EXIT_OK;
    return rank > 0 ? RNL_EXIT_USAGE
                    : rnl_complain_usage("bench",
                                         "%s is measured by one process: network alone is between "
                                         "ranks (RUNNEL_MPI=none makes them single processes)",
                                         kinds[kind].name);
}

static int run(const rnl_arguments *common)
{
    const bench_arguments *arguments = (const bench_arguments *)common;
    const size_t kind = kind_named(common->operands[0]);
    rnl_bench bench = {
        .arguments = common,
        .layers = arguments->layers,
        .quick = arguments->quick,
        .cold = arguments->cold,
        .activations = arguments->activations,
        .optimizers = arguments->optimizers,
        .precisions = arguments->precisions,
        .target = arguments->target.figure[0] ? &arguments->target : NULL,
        .seeds = arguments->seeds,
        .tune_rate = arguments->tune_rate,
        .normalization = arguments->normalization,
        .deadline = rnl_seconds() + seconds_of(arguments, kind),
    };
    RNL_TRY_EXIT(refuse_ranks(kind));
    RNL_TRY_EXIT(choose_threads(&bench, arguments->thread_list));
    if (kind == KINDS)
        return rnl_complain_usage("bench",
                                  "unknown benchmark '%s': expected machine, train, products, "
                                  "latency, activations, optimizers, "
                                  "matrix, data, network or diff",
                                  common->operands[0]);
    RNL_TRY_EXIT(check_arguments(arguments, kind));
    RNL_TRY_EXIT(choose_batches(&bench, arguments->batch_list));
    if (kinds[kind].run == rnl_bench_diff)
        return rnl_bench_diff(&bench);
    return kinds[kind].run == rnl_bench_network ? measure_network(&bench, arguments, kind)
                                                : measure(&bench, arguments, kind);
}

const rnl_command rnl_bench_command = {
    .joins = true,
    .name = "bench",
    .operands =
        "machine|train|products|latency|activations|optimizers|matrix|data|network|diff [FILE...]",
    .fewest = 1,
    .most = RNL_MAX_OPERANDS,
    .purpose = "Measures what the machine can do, and how near to it training comes.",
    .details = details,
    .options = option_table,
    .size = sizeof(bench_arguments),
    .run = run,
};
