#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/model_source.h"
#include "cli/options.h"

static const rnl_option option_table[] = {
    RNL_OPTION_SET,
    RNL_OPTION_HELP,
    {0},
};

static const char details[] =
    "The file may be a configuration, whose training data tell the shape of a row, or a model\n"
    "that `runnel train` wrote.\n"
    "\n"
    "Exit code: 0 printed; 1 failed; 2 a mistake in the command or the configuration.\n"
    "\n"
    "Example:\n"
    "  runnel summary examples/fashion_mnist.yaml --set model.1.dense.units=1000\n";

static int run(const rnl_arguments *arguments)
{
    rnl_model *model = NULL;
    char *text = NULL;
    rnl_status status = rnl_model_open(&model, arguments->operands[0], arguments);
    if (status == RNL_OK)
        status = rnl_model_summary(model, &text);
    rnl_model_free(model);
    return rnl_print_text(status, text);
}

const rnl_command rnl_summary_command = {
    .name = "summary",
    .operands = "CONFIG|MODEL",
    .fewest = 1,
    .most = 1,
    .purpose =
        "Prints the layers of a model, their parameters, the work for a row, and the memory.",
    .details = details,
    .options = option_table,
    .size = sizeof(rnl_arguments),
    .run = run,
};
