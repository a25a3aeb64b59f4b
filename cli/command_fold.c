#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/model_source.h"
#include "cli/options.h"
#include "cli/output_file.h"
#include "cli/progress.h"

#include <math.h>
#include <stdio.h>
#include <sys/stat.h>

typedef struct fold_arguments {
    rnl_arguments common;
    const char *data; /* a file of rows; NULL: none given */
    bool force;
} fold_arguments;

static const rnl_option option_table[] = {
    {"data", 0, "FILE",
     "rows to compare outputs on, as of `runnel predict`\n(default: the test data)", "a file",
     rnl_take_text, offsetof(fold_arguments, data)},
    RNL_OPTION_THREADS,
    RNL_OPTION_PIN,
    RNL_OPTION_SET,
    {"force", 'f', NULL, "replace OUTPUT if it is there", NULL, rnl_take_switch,
     offsetof(fold_arguments, force)},
    RNL_OPTION_VERBOSE,
    RNL_OPTION_HELP,
    {0},
};

static const char details[] =
    "MODEL is a file that `runnel train` wrote; the folded model is written to OUTPUT, which\n"
    "without --force must not be there yet.\n"
    "\n"
    "A normalization behind a dense layer without an activation is folded backward into it, any\n"
    "other before a dense layer forward into that; what can be folded neither way is kept.\n"
    "Layers that act in training alone, as dropout, are left out, and so are training.phases and\n"
    "penalties on weights into which a normalization is folded.  All that is told, and the\n"
    "largest difference of an output between both models.\n"
    "\n"
    "Exit code: 0 written; 1 failed; 2 a mistake in the command or in a --set.\n"
    "\n"
    "Example:\n"
    "  runnel fold runs/fashion_mnist_bn/model.safetensors folded.safetensors\n";

typedef struct comparison {
    rnl_prediction *before, *after;
} comparison;

static double largest_difference(const comparison *c)
{
    double largest = 0;
    for (size_t i = 0; i < c->before->rows * c->before->outputs; ++i)
        largest = fmax(largest, fabs((double)c->before->values[i] - (double)c->after->values[i]));
    return largest;
}

static rnl_status compare(const rnl_model *model, const rnl_model *folded, const rnl_data *data,
                          const fold_arguments *arguments)
{
    rnl_display display;
    rnl_display_start(&display, &arguments->common);
    const rnl_options options = {
        .threads = arguments->common.threads,
        .pin = arguments->common.pin,
        .on_log = rnl_display_log,
        .user = &display,
    };
    comparison c = {0};
    rnl_status status = rnl_predict(model, data, RNL_TEST, &options, &c.before);
    if (status == RNL_OK)
        status = rnl_predict(folded, data, RNL_TEST, &options, &c.after);
    if (status == RNL_OK)
        printf("largest difference of an output: %.2g (%zu rows)\n", largest_difference(&c),
               c.before->rows);
    rnl_prediction_free(c.before);
    rnl_prediction_free(c.after);
    return status;
}

/* The rows of --data; without it, the test data of the configuration, if they are there. */
static rnl_status load_rows(rnl_data **data, const rnl_model *model,
                            const fold_arguments *arguments)
{
    if (arguments->data)
        return rnl_data_read(data, model, arguments->data);
    if (rnl_data_load_for(data, model, RNL_TEST) != RNL_OK)
        fprintf(stderr, "%s\n", rnl_message());
    return RNL_OK;
}

static int fold(const rnl_model *model, const fold_arguments *arguments)
{
    rnl_model *folded = NULL;
    char *report = NULL;
    rnl_data *data = NULL;
    rnl_status status = rnl_model_fold(model, &folded, &report);
    if (status == RNL_OK)
        status = load_rows(&data, model, arguments);
    if (status == RNL_OK) {
        fputs(report, stdout);
        if (data && rnl_data_rows(data, RNL_TEST) > 0)
            status = compare(model, folded, data, arguments);
        else
            fprintf(stderr, "There are no test data to compare outputs on; see --data.\n");
    }
    if (status == RNL_OK)
        status = rnl_model_save(folded, arguments->common.operands[1]);
    if (status == RNL_OK)
        printf("model: %s\n", arguments->common.operands[1]);
    const int code = rnl_complain_status(status);
    rnl_data_free(data);
    rnl_text_free(report);
    rnl_model_free(folded);
    return code;
}

/* Replaces a file only if --force asks for it, and never one that is read from. */
static int check_output(const rnl_model *model, const fold_arguments *arguments)
{
    const char *output = arguments->common.operands[1];
    struct stat about;
    if (rnl_output_is_input(output, arguments->common.operands[0]) ||
        rnl_output_is_input(output, arguments->data) ||
        rnl_output_is_data(output, rnl_model_config(model)))
        return RNL_EXIT_FAILURE;
    if (stat(output, &about) == 0 && S_ISREG(about.st_mode) && about.st_size > 0 &&
        !arguments->force)
        return rnl_complain_usage("fold", "%s is there: --force replaces it", output);
    return RNL_EXIT_OK;
}

static int fold_checked(const rnl_model *model, const fold_arguments *arguments)
{
    RNL_TRY_EXIT(check_output(model, arguments));
    return fold(model, arguments);
}

static int run(const rnl_arguments *arguments)
{
    rnl_model *model = NULL;
    RNL_TRY_EXIT(rnl_arguments_load_model(arguments, &model));
    const int code = fold_checked(model, (const fold_arguments *)arguments);
    rnl_model_free(model);
    return code;
}

const rnl_command rnl_fold_command = {
    .name = "fold",
    .operands = "MODEL OUTPUT",
    .fewest = 2,
    .most = 2,
    .purpose = "Folds batch normalization and scales into the weights, for faster inference.",
    .details = details,
    .options = option_table,
    .size = sizeof(fold_arguments),
    .run = run,
};
