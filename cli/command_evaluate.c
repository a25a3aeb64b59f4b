#include "cli/commands.h"
#include "cli/evaluation_report.h"
#include "cli/messages.h"
#include "cli/progress.h"
#include "cli/suggestion.h"

#include <stdio.h>
#include <unistd.h>

static const char *const part_names[] = {
    [RNL_TRAIN] = "train", [RNL_VALIDATION] = "validation", [RNL_TEST] = "test"};

/* The part asked for; with none asked for, the test data, else the validation data. */
static int load_part(rnl_data **data, rnl_part *part, const rnl_model *model, unsigned asked)
{
    *part = asked ? (rnl_part)asked : RNL_TEST;
    int code = rnl_complain_status(rnl_data_load_for(data, model, *part));
    if (code == RNL_EXIT_OK && !asked && rnl_data_rows(*data, *part) == 0) {
        fprintf(stderr, "The configuration names no test data: validation data are used.\n");
        rnl_data_free(*data);
        *data = NULL;
        *part = RNL_VALIDATION;
        code = rnl_complain_status(rnl_data_load_for(data, model, *part));
    }
    if (code == RNL_EXIT_OK && rnl_data_rows(*data, *part) == 0)
        return rnl_complain_usage("evaluate", "the configuration names no %s data",
                                  part_names[*part]);
    return code;
}

/* Rows with targets in files. */
static int load_file(rnl_data **data, const rnl_model *model, const rnl_arguments *arguments)
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
                     const rnl_arguments *arguments)
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
    if (rnl_evaluation_report(evaluation, model, file ? file : rows))
        return RNL_EXIT_OK;
    rnl_complain("out of memory");
    return RNL_EXIT_FAILURE;
}

static int evaluate_model(const rnl_model *model, const rnl_arguments *arguments)
{
    rnl_display display;
    rnl_display_start(&display, arguments);
    const rnl_options options = {
        .threads = arguments->threads,
        .pin = arguments->pin,
        .on_log = rnl_display_log,
        .user = &display,
    };
    rnl_data *data = NULL;
    rnl_evaluation *evaluation = NULL;
    rnl_part part;
    int code = load_rows(&data, &part, model, arguments);
    if (code == RNL_EXIT_OK)
        code = rnl_complain_status(rnl_evaluate(model, data, part, &options, &evaluation));
    if (code == RNL_EXIT_OK)
        code = report(evaluation, model, part, arguments->data);
    rnl_evaluation_free(evaluation);
    rnl_data_free(data);
    return code;
}

int rnl_command_evaluate(const rnl_arguments *arguments)
{
    rnl_model *model = NULL;
    int code = rnl_complain_status(rnl_model_load(&model, arguments->operands[0],
                                                  arguments->overrides, arguments->override_count));
    if (code == RNL_EXIT_OK)
        code = evaluate_model(model, arguments);
    rnl_model_free(model);
    return code;
}
