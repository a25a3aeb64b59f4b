#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/output_file.h"
#include "cli/progress.h"

#include <math.h>
#include <stdio.h>
#include <sys/stat.h>

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
                          const rnl_arguments *arguments)
{
    rnl_display display;
    rnl_display_start(&display, arguments);
    const rnl_options options = {
        .threads = arguments->threads,
        .pin = arguments->pin,
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

/* The rows of --data; without, the test data of the configuration, if they are there. */
static rnl_status load_rows(rnl_data **data, const rnl_model *model, const rnl_arguments *arguments)
{
    if (arguments->data)
        return rnl_data_read(data, model, arguments->data);
    if (rnl_data_load_for(data, model, RNL_TEST) != RNL_OK)
        fprintf(stderr, "%s\n", rnl_message());
    return RNL_OK;
}

static int fold(const rnl_model *model, const rnl_arguments *arguments)
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
        status = rnl_model_save(folded, arguments->operands[1]);
    if (status == RNL_OK)
        printf("model: %s\n", arguments->operands[1]);
    const int code = rnl_complain_status(status);
    rnl_data_free(data);
    rnl_text_free(report);
    rnl_model_free(folded);
    return code;
}

/* What is there is replaced if that is asked for, and never what is read from. */
static int check_output(const rnl_model *model, const rnl_arguments *arguments)
{
    const char *output = arguments->operands[1];
    struct stat about;
    if (rnl_output_is_input(output, arguments->operands[0]) ||
        rnl_output_is_input(output, arguments->data) ||
        rnl_output_is_data(output, rnl_model_config(model)))
        return RNL_EXIT_FAILURE;
    if (stat(output, &about) == 0 && S_ISREG(about.st_mode) && about.st_size > 0 &&
        !arguments->force)
        return rnl_complain_usage("fold", "%s is there: --force replaces it", output);
    return RNL_EXIT_OK;
}

int rnl_command_fold(const rnl_arguments *arguments)
{
    rnl_model *model = NULL;
    int code = rnl_complain_status(rnl_model_load(&model, arguments->operands[0],
                                                  arguments->overrides, arguments->override_count));
    if (code == RNL_EXIT_OK)
        code = check_output(model, arguments);
    if (code == RNL_EXIT_OK)
        code = fold(model, arguments);
    rnl_model_free(model);
    return code;
}
