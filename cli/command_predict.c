#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/model_source.h"
#include "cli/options.h"
#include "cli/output_file.h"
#include "cli/prediction_file.h"
#include "cli/progress.h"

typedef struct predict_arguments {
    rnl_arguments common;
    const char *output; /* NULL: standard output */
    const char *data;   /* a file of rows; NULL: none given */
    size_t monte_carlo; /* passes; 0: none */
    bool probabilities;
} predict_arguments;

static const rnl_option option_table[] = {
    {"output", 'o', "FILE",
     "file to write to: .npy, or CSV under any other name\n(default: CSV to standard output)",
     "a file", rnl_take_text, offsetof(predict_arguments, output)},
    {"data", 0, "FILE",
     "the rows to predict for: a table, .npy or IDX, told apart by their\ncontent, plain or gzip; "
     "required",
     "a file", rnl_take_text, offsetof(predict_arguments, data)},
    {"probabilities", 0, NULL, "the probability of every class instead of the most probable class",
     NULL, rnl_take_switch, offsetof(predict_arguments, probabilities)},
    {"monte-carlo", 0, "N",
     "mean and standard deviation of N predictions, with dropout and noise as\n"
     "in training",
     "a whole number from 1", rnl_take_count, offsetof(predict_arguments, monte_carlo)},
    RNL_OPTION_THREADS,
    RNL_OPTION_PIN,
    RNL_OPTION_SET,
    RNL_OPTION_VERBOSE,
    RNL_OPTION_HELP,
    {0},
};

static const char details[] =
    "MODEL is a file that `runnel train` wrote.  A table is read as the training rows were: its\n"
    "columns are found by name, others in it are ignored, and a category that training has not\n"
    "seen is an error that names it, or, with --set data.unseen=missing, none: inputs of 0.\n"
    "\n"
    "What is written, a line or an element per row, in the order of the rows:\n"
    "  of a classifier       CSV: class,probability - the most probable class, by its name if\n"
    "                        the training table named it, else by its number from 0, and its\n"
    "                        probability.  .npy: int32 (rows), class numbers in sorted order\n"
    "  with --probabilities  CSV: a column for each class, named as above.\n"
    "                        .npy: float32 (rows, classes)\n"
    "  of other models       CSV: a column for each output, the probability of a label under\n"
    "                        sigmoid, named as the target columns were, else output_1,\n"
    "                        output_2, ...; under loss quantile in order, each named by the\n"
    "                        target and its quantile, price_q0.1.  .npy: float32 (rows, outputs)\n"
    "With --monte-carlo, behind these as many columns of standard deviations; of a classifier\n"
    "without --probabilities, in CSV one, of the probability.\n"
    "\n"
    "Exit code: 0 written; 1 failed; 2 a mistake in the command or in a --set.\n"
    "\n"
    "Example:\n"
    "  runnel predict runs/houses/model.safetensors --data new.csv -o prices.csv\n";

static int predict(const rnl_model *model, const rnl_data *data, const predict_arguments *arguments)
{
    rnl_display display;
    rnl_display_start(&display, &arguments->common);
    const rnl_options options = {
        .threads = arguments->common.threads,
        .pin = arguments->common.pin,
        .on_log = rnl_display_log,
        .user = &display,
    };
    rnl_prediction *prediction = NULL;
    RNL_TRY_EXIT(rnl_complain_status(
        arguments->monte_carlo > 0
            ? rnl_predict_monte_carlo(model, data, RNL_TEST, arguments->monte_carlo, &options,
                                      &prediction)
            : rnl_predict(model, data, RNL_TEST, &options, &prediction)));
    const bool written =
        rnl_prediction_write(prediction, model, arguments->probabilities, arguments->output);
    rnl_prediction_free(prediction);
    return written ? RNL_EXIT_OK : RNL_EXIT_FAILURE;
}

static int check_output(const predict_arguments *arguments)
{
    const char *output = arguments->output;
    if (!output)
        return RNL_EXIT_OK;
    if (rnl_output_is_input(output, arguments->common.operands[0]) ||
        rnl_output_is_input(output, arguments->data))
        return RNL_EXIT_FAILURE;
    if (rnl_is_model_file(output))
        return rnl_complain_usage("predict", "%s is a model, which predictions do not replace",
                                  output);
    return RNL_EXIT_OK;
}

static int predict_rows(const rnl_model *model, const predict_arguments *arguments)
{
    if (arguments->probabilities && rnl_model_classes(model) == 0)
        return rnl_complain_usage("predict", "--probabilities: the model predicts values, which of "
                                             "a sigmoid are probabilities as they are");
    rnl_data *data = NULL;
    RNL_TRY_EXIT(rnl_complain_status(rnl_data_read(&data, model, arguments->data)));
    const int code = predict(model, data, arguments);
    rnl_data_free(data);
    return code;
}

static int run(const rnl_arguments *common)
{
    const predict_arguments *arguments = (const predict_arguments *)common;
    if (!arguments->data)
        return rnl_complain_usage("predict", "predict: --data FILE is missing");
    RNL_TRY_EXIT(check_output(arguments));
    rnl_model *model = NULL;
    RNL_TRY_EXIT(rnl_arguments_load_model(common, &model));
    const int code = predict_rows(model, arguments);
    rnl_model_free(model);
    return code;
}

const rnl_command rnl_predict_command = {
    .name = "predict",
    .operands = "MODEL",
    .fewest = 1,
    .most = 1,
    .purpose = "Writes what a trained model says of new rows: classes, probabilities or values.",
    .details = details,
    .options = option_table,
    .size = sizeof(predict_arguments),
    .run = run,
};
