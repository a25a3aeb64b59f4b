#include "cli/commands.h"
#include "cli/evaluation_report.h"
#include "cli/messages.h"
#include "cli/model_source.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/suggestion.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct evaluate_arguments {
    rnl_arguments common;
    unsigned part;       /* an rnl_part; 0: the default */
    const char *data;    /* a file of rows; NULL: none given */
    const char *targets; /* of them, a file; NULL: none given */
} evaluate_arguments;

/* The name of a part, else of a file. */
static bool take_part(rnl_arguments *arguments, void *member, const char *value)
{
    static const struct {
        const char *name;
        rnl_part part;
    } parts[] = {{"test", RNL_TEST}, {"validation", RNL_VALIDATION}, {"train", RNL_TRAIN}};
    evaluate_arguments *own = (evaluate_arguments *)arguments;
    (void)member;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; ++i) {
        if (strcmp(value, parts[i].name) == 0) {
            own->part = parts[i].part;
            own->data = NULL;
            return true;
        }
    }
    own->part = 0;
    own->data = value;
    return *value != '\0';
}

static const rnl_option option_table[] = {
    {"data", 0, "PART|FILE",
     "the rows to use: test, validation or train, or a file with the inputs\nand targets "
     "(default: test, or validation if there is no test data)",
     "test, validation, train or a file", take_part, offsetof(evaluate_arguments, part)},
    {"targets", 0, "FILE", "the targets, where the --data FILE is .npy or IDX; a table has its own",
     "a file", rnl_take_text, offsetof(evaluate_arguments, targets)},
    RNL_OPTION_THREADS,
    RNL_OPTION_PIN,
    RNL_OPTION_SET,
    RNL_OPTION_VERBOSE,
    RNL_OPTION_HELP,
    {0},
};

static const char details[] =
    "MODEL is a file that `runnel train` wrote.  The data are those that the configuration in\n"
    "it names; --set data.test... names others.\n"
    "\n"
    "Precision, recall and F1 are printed per class, with the number of rows of the class\n"
    "(support); a figure that would divide by zero is printed as `-` and left out of the macro\n"
    "average, which is the plain mean over the classes.  Metric f1 is scikit-learn's: a class\n"
    "without a row predicted right counts as 0 there.\n"
    "\n"
    "Exit code: 0 measured; 1 failed; 2 a mistake in the command or in a --set.\n"
    "\n"
    "Example:\n"
    "  runnel evaluate runs/fashion_mnist/model.safetensors --data validation\n";

static const char *const part_names[] = {
    [RNL_TRAIN] = "train", [RNL_VALIDATION] = "validation", [RNL_TEST] = "test"};

static int load(rnl_data **data, const rnl_model *model, rnl_part part)
{
    return rnl_complain_status(rnl_data_load_for(data, model, part));
}

/* The test data, else the validation data. */
static int load_default(rnl_data **data, rnl_part *part, const rnl_model *model)
{
    *part = RNL_TEST;
    RNL_TRY_EXIT(load(data, model, RNL_TEST));
    if (rnl_data_rows(*data, RNL_TEST) > 0)
        return RNL_EXIT_OK;
    rnl_data_free(*data);
    *data = NULL;
    *part = RNL_VALIDATION;
    RNL_TRY_EXIT(load(data, model, RNL_VALIDATION));
    if (rnl_data_rows(*data, RNL_VALIDATION) == 0)
        return rnl_complain_usage("evaluate",
                                  "the model's configuration names neither test nor validation "
                                  "data: expected --data FILE, or --data train");
    fprintf(stderr, "The configuration names no test data: validation data are used.\n");
    return RNL_EXIT_OK;
}

static int load_part(rnl_data **data, rnl_part *part, const rnl_model *model, unsigned asked)
{
    if (!asked)
        return load_default(data, part, model);
    *part = (rnl_part)asked;
    RNL_TRY_EXIT(load(data, model, *part));
    if (rnl_data_rows(*data, *part) == 0)
        return rnl_complain_usage("evaluate", "the model's configuration names no %s data",
                                  part_names[*part]);
    return RNL_EXIT_OK;
}

/* Rows with targets in files. */
static int load_file(rnl_data **data, const rnl_model *model, const evaluate_arguments *arguments)
{
    rnl_suggestion nearest = rnl_suggestion_for(arguments->data);
    for (rnl_part part = RNL_TRAIN; part <= RNL_TEST; part *= 2)
        rnl_suggestion_offer(&nearest, part_names[part]);
    if (access(arguments->data, F_OK) != 0)
        return rnl_complain_usage(
            "evaluate", "--data: expected test, validation, train or a file, got '%s'%s%s%s",
            arguments->data, nearest.name ? "; did you mean '" : "",
            nearest.name ? nearest.name : "", nearest.name ? "'?" : "");
    return rnl_complain_status(
        rnl_data_read_labelled(data, model, arguments->data, arguments->targets));
}

static int load_rows(rnl_data **data, rnl_part *part, const rnl_model *model,
                     const evaluate_arguments *arguments)
{
    *part = RNL_TEST;
    if (arguments->data)
        return load_file(data, model, arguments);
    if (arguments->targets)
        return rnl_complain_usage("evaluate", "--targets needs the file of inputs as --data");
    return load_part(data, part, model, arguments->part);
}

static int report(const rnl_evaluation *evaluation, const rnl_model *model, rnl_part part,
                  const char *file)
{
    char rows[32];
    snprintf(rows, sizeof rows, "%s data", part_names[part]);
    return rnl_evaluation_report(evaluation, model, file ? file : rows) ? RNL_EXIT_OK
                                                                        : rnl_complain_memory();
}

static int evaluate(const rnl_model *model, const rnl_data *data, rnl_part part,
                    const evaluate_arguments *arguments)
{
    rnl_display display;
    rnl_display_start(&display, &arguments->common);
    const rnl_options options = {
        .threads = arguments->common.threads,
        .pin = arguments->common.pin,
        .on_log = rnl_display_log,
        .user = &display,
    };
    rnl_evaluation *evaluation = NULL;
    RNL_TRY_EXIT(rnl_complain_status(rnl_evaluate(model, data, part, &options, &evaluation)));
    const int code = report(evaluation, model, part, arguments->data);
    rnl_evaluation_free(evaluation);
    return code;
}

static int evaluate_model(const rnl_model *model, const evaluate_arguments *arguments)
{
    rnl_data *data = NULL;
    rnl_part part;
    int code = load_rows(&data, &part, model, arguments);
    if (code == RNL_EXIT_OK)
        code = evaluate(model, data, part, arguments);
    rnl_data_free(data);
    return code;
}

static int run(const rnl_arguments *arguments)
{
    rnl_model *model = NULL;
    RNL_TRY_EXIT(rnl_arguments_load_model(arguments, &model));
    const int code = evaluate_model(model, (const evaluate_arguments *)arguments);
    rnl_model_free(model);
    return code;
}

const rnl_command rnl_evaluate_command = {
    .name = "evaluate",
    .operands = "MODEL",
    .fewest = 1,
    .most = 1,
    .purpose = "Measures a trained model: loss, metrics, confusion matrix, precision, recall.",
    .details = details,
    .options = option_table,
    .size = sizeof(evaluate_arguments),
    .run = run,
};
