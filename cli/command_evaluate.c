#include "cli/commands.h"
#include "cli/evaluation_report.h"
#include "cli/messages.h"
#include "cli/progress.h"

#include <stdio.h>

static const char *part_name(rnl_part part)
{
    return part == RNL_TEST ? "test" : part == RNL_VALIDATION ? "validation" : "train";
}

/* The part asked for; with none asked for, the test data, else the validation data. */
static int load_rows(rnl_data **data, rnl_part *part, const rnl_model *model, unsigned asked)
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
                                  part_name(*part));
    return code;
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
    int code = load_rows(&data, &part, model, arguments->part);
    if (code == RNL_EXIT_OK)
        code = rnl_complain_status(rnl_evaluate(model, data, part, &options, &evaluation));
    if (code == RNL_EXIT_OK && !rnl_evaluation_report(evaluation, model, part_name(part))) {
        rnl_complain("out of memory");
        code = RNL_EXIT_FAILURE;
    }
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
