#include "cli/commands.h"
#include "cli/inspection_report.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/text_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct inspect_arguments {
    rnl_arguments common;
    bool epoch_given;
    size_t epoch; /* if one is given */
} inspect_arguments;

static bool take_epoch(rnl_arguments *arguments, void *member, const char *value)
{
    inspect_arguments *own = (inspect_arguments *)arguments;
    uint64_t number;
    (void)member;
    if (!rnl_read_whole(value, SIZE_MAX, &number))
        return false;
    own->epoch = number;
    return own->epoch_given = true;
}

static const rnl_option option_table[] = {
    {"epoch", 0, "N", "the epoch to show; 0: before the first step (default: the last one)",
     "a whole number from 0", take_epoch, offsetof(inspect_arguments, epoch)},
    RNL_OPTION_HELP,
    {0},
};

static const char details[] =
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
    "  zero_weights       share of the kernel's weights that are 0\n"
    "\n"
    "What is said of them, hidden layers being those before the last one with a kernel:\n"
    "  vanishing   the gradient norm of the first hidden layer is under 0.001 of that of the\n"
    "              last one, or that of any is 0\n"
    "  exploding   it is over 1000 times that of the last one, an update is over 0.1 of its\n"
    "              weights, or a number is NaN or infinite; or weights have a norm over\n"
    "              1e6, or the run ended so after the last epoch shown (failure.txt)\n"
    "  fading      the standard deviation of the outputs of the last hidden layer is under 0.001\n"
    "              of that of the first\n"
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
    "  runnel train net.yaml --set training.inspect=true && runnel inspect runs/net --epoch 0\n";

/* The first line of failure.txt beside the file; NULL if there is none. */
static char *failure_beside(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *beside = NULL, *line = NULL;
    size_t size = 0;
    if (asprintf(&beside, "%.*sfailure.txt", slash ? (int)(slash - path + 1) : 0, path) < 0)
        return NULL;
    FILE *file = fopen(beside, "re");
    free(beside);
    if (file && getline(&line, &size, file) > 0)
        line[strcspn(line, "\n")] = '\0';
    else {
        free(line);
        line = NULL;
    }
    if (file)
        fclose(file);
    return line;
}

static int print(const char *path, const rnl_inspected_epoch *epoch, bool last)
{
    if (epoch->epoch == 0)
        printf("%s, before the first step\n\n", path);
    else
        printf("%s, after epoch %zu\n\n", path, epoch->epoch);
    if (!rnl_inspection_print_table(epoch))
        return rnl_complain_memory();
    putchar('\n');
    char *failure = last ? failure_beside(path) : NULL;
    rnl_inspection_print_findings(epoch, failure);
    free(failure);
    return RNL_EXIT_OK;
}

static int run(const rnl_arguments *common)
{
    const inspect_arguments *arguments = (const inspect_arguments *)common;
    char *path = rnl_run_file(arguments->common.operands[0], "inspect.csv");
    if (!path)
        return RNL_EXIT_FAILURE;
    rnl_inspected_epoch epoch;
    int code = RNL_EXIT_FAILURE;
    if (rnl_inspection_read(&epoch, path, arguments->epoch_given ? &arguments->epoch : NULL)) {
        code = print(path, &epoch, !arguments->epoch_given);
        rnl_inspection_release(&epoch);
    }
    free(path);
    return code;
}

const rnl_command rnl_inspect_command = {
    .name = "inspect",
    .operands = "RUN",
    .fewest = 1,
    .most = 1,
    .purpose = "Shows the layers of a run from inside, and says whether they are well.",
    .details = details,
    .options = option_table,
    .size = sizeof(inspect_arguments),
    .run = run,
};
