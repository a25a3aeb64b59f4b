#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/model_source.h"
#include "cli/options.h"

#include <stdio.h>
#include <unistd.h>

/* Between two machines. */
typedef struct wire {
    double microseconds, gigabits; /* of a message; per second */
    const char *measured;          /* or a file */
} wire;

typedef struct topology_arguments {
    rnl_arguments common;
    const char *model; /* a file of a model or a configuration; NULL: none given */
    size_t ranks;      /* 0: none given */
    wire network;
} topology_arguments;

static bool take_wire(rnl_arguments *arguments, void *member, const char *value)
{
    (void)arguments;
    wire *w = member;
    int length = 0;
    if (access(value, F_OK) == 0) {
        w->measured = value;
        return true;
    }
    return sscanf(value, "%lf,%lf%n", &w->microseconds, &w->gigabits, &length) == 2 &&
           value[length] == '\0' && w->microseconds >= 0 && w->microseconds <= 1e9 &&
           w->gigabits > 0 && w->gigabits <= 1e6;
}

static const rnl_option option_table[] = {
    {"model", 0, "FILE",
     "a configuration or a model: shows how a step of its training is shared out", "a file",
     rnl_take_text, offsetof(topology_arguments, model)},
    {"ranks", 0, "N",
     "with --model: what a step would take on 1, 2, 4 ... N ranks, each on a\n"
     "machine of its own",
     "a whole number from 1", rnl_take_count, offsetof(topology_arguments, ranks)},
    {"network", 0, "MICROSECONDS,GBITS|FILE",
     "between the machines: the time of a message, and bits per second\n"
     "(default: 20,10); or what `runnel bench network --json` measured",
     "two numbers, as in 1000,10: microseconds and Gbit/s, or a file", take_wire,
     offsetof(topology_arguments, network)},
    RNL_OPTION_THREADS,
    RNL_OPTION_PIN,
    RNL_OPTION_SET,
    RNL_OPTION_HELP,
    {0},
};

static const char details[] =
    "MACHINE is an hwloc synthetic description or an .xml file that hwloc's lstopo wrote\n"
    "(default: this machine, less what a cpuset, the affinity or a quota of control groups\n"
    "takes away, with the cores that other runs have claimed).  With --model, also how many\n"
    "workers would share a step of training there, and what each phase of it would take by the\n"
    "model of costs that chooses them.\n"
    "\n"
    "With --ranks, what a step would take on more than one such machine: the time of a step, what "
    "of\n"
    "it is waiting for messages, what a rank receives in it, and how much faster it is than on "
    "one.\n"
    "A message is taken to need one latency, and the network to serve nobody else; gradients that\n"
    "leave early are hidden behind what is computed meanwhile.\n"
    "\n"
    "Exit code: 0 drawn; 1 failed; 2 a mistake in the command or the configuration.\n"
    "\n"
    "Examples:\n"
    "  runnel topology\n"
    "  runnel topology \"numa:2 core:32 pu:2\" --threads 40\n"
    "  runnel topology \"numa:4 core:16 pu:1\" --model examples/fashion_mnist.yaml\n"
    "  runnel topology --model examples/fashion_mnist.yaml --set training.shards=8 \\\n"
    "      --set training.batch_size=512 --ranks 8 --network 30,25\n"
    "  mpirun -n 2 runnel bench network --json > network.json      one rank on each machine\n"
    "  runnel topology --model examples/fashion_mnist.yaml --set training.shards=8 \\\n"
    "      --ranks 8 --network network.json\n";

static rnl_status describe(const topology_arguments *arguments, const rnl_model *model, char **text)
{
    const char *machine = arguments->common.operands[0];
    const rnl_options options = {.threads = arguments->common.threads,
                                 .pin = arguments->common.pin};
    const bool given = arguments->network.gigabits > 0;
    const rnl_network network = {
        .ranks = arguments->ranks,
        .latency = 1e-6 * (given ? arguments->network.microseconds : 20),
        .bandwidth = 1e9 / 8 * (given ? arguments->network.gigabits : 10),
        .measured = arguments->network.measured,
    };
    return arguments->ranks > 0 ? rnl_network_foresee(machine, model, &options, &network, text)
                                : rnl_topology_describe(machine, model, &options, text);
}

/* Returns what is wrong with them, or NULL. */
static const char *find_mistake(const topology_arguments *arguments)
{
    if (arguments->common.override_count > 0 && !arguments->model)
        return "--set changes a --model, and there is none";
    if (arguments->ranks > 0 && !arguments->model)
        return "--ranks share the steps of a --model, and there is none";
    if ((arguments->network.gigabits > 0 || arguments->network.measured) && arguments->ranks == 0)
        return "--network is between --ranks, and there are none";
    return NULL;
}

static int run(const rnl_arguments *common)
{
    const topology_arguments *arguments = (const topology_arguments *)common;
    const char *mistake = find_mistake(arguments);
    if (mistake)
        return rnl_complain_usage("topology", "%s", mistake);
    rnl_model *model = NULL;
    char *text = NULL;
    rnl_status status =
        arguments->model ? rnl_model_open(&model, arguments->model, common) : RNL_OK;
    if (status == RNL_OK)
        status = describe(arguments, model, &text);
    rnl_model_free(model);
    return rnl_print_text(status, text);
}

const rnl_command rnl_topology_command = {
    .name = "topology",
    .operands = "[MACHINE]",
    .fewest = 0,
    .most = 1,
    .purpose = "Draws the machine, what of it may be used, and where each worker would be.",
    .details = details,
    .options = option_table,
    .size = sizeof(topology_arguments),
    .run = run,
};
