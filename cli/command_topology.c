#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/model_source.h"
#include "cli/options.h"

typedef struct topology_arguments {
    rnl_arguments common;
    const char *model; /* a file of a model or a configuration; NULL: none given */
} topology_arguments;

static const rnl_option option_table[] = {
    {"model", 0, "FILE",
     "a configuration or a model: shows how a step of its training is shared out", "a file",
     rnl_take_text, offsetof(topology_arguments, model)},
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
    "Exit code: 0 drawn; 1 failed; 2 a mistake in the command or the configuration.\n"
    "\n"
    "Examples:\n"
    "  runnel topology\n"
    "  runnel topology \"numa:2 core:32 pu:2\" --threads 40\n"
    "  runnel topology \"numa:4 core:16 pu:1\" --model examples/fashion_mnist.yaml\n";

static int run(const rnl_arguments *common)
{
    const topology_arguments *arguments = (const topology_arguments *)common;
    const rnl_options options = {.threads = arguments->common.threads,
                                 .pin = arguments->common.pin};
    if (arguments->common.override_count > 0 && !arguments->model)
        return rnl_complain_usage("topology", "--set changes a --model, and there is none");
    rnl_model *model = NULL;
    char *text = NULL;
    rnl_status status =
        arguments->model ? rnl_model_open(&model, arguments->model, common) : RNL_OK;
    if (status == RNL_OK)
        status = rnl_topology_describe(arguments->common.operands[0], model, &options, &text);
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
