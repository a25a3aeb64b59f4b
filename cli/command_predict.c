#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/model_source.h"
#include "cli/output_file.h"
#include "cli/prediction_file.h"
#include "cli/progress.h"

static int predict(const rnl_model *model, const rnl_data *data, const rnl_arguments *arguments)
{
    rnl_display display;
    rnl_display_start(&display, arguments);
    const rnl_options options = {
        .threads = arguments->threads,
        .pin = arguments->pin,
        .on_log = rnl_display_log,
        .user = &display,
    };
    rnl_prediction *prediction = NULL;
    int code = rnl_complain_status(arguments->monte_carlo > 0
                                       ? rnl_predict_monte_carlo(model, data, RNL_TEST,
                                                                 arguments->monte_carlo, &options,
                                                                 &prediction)
                                       : rnl_predict(model, data, RNL_TEST, &options, &prediction));
    if (code == RNL_EXIT_OK &&
        !rnl_prediction_write(prediction, model, arguments->probabilities, arguments->output))
        code = RNL_EXIT_FAILURE;
    rnl_prediction_free(prediction);
    return code;
}

static int check_output(const rnl_arguments *arguments)
{
    const char *output = arguments->output;
    if (!output)
        return RNL_EXIT_OK;
    if (rnl_output_is_input(output, arguments->operands[0]) ||
        rnl_output_is_input(output, arguments->data))
        return RNL_EXIT_FAILURE;
    if (rnl_is_model_file(output))
        return rnl_complain_usage("predict", "%s is a model, which predictions do not replace",
                                  output);
    return RNL_EXIT_OK;
}

int rnl_command_predict(const rnl_arguments *arguments)
{
    if (!arguments->data)
        return rnl_complain_usage("predict", "predict: --data FILE is missing");
    const int right = check_output(arguments);
    if (right != RNL_EXIT_OK)
        return right;
    rnl_model *model = NULL;
    rnl_data *data = NULL;
    int code = rnl_complain_status(rnl_model_load(&model, arguments->operands[0],
                                                  arguments->overrides, arguments->override_count));
    if (code == RNL_EXIT_OK && arguments->probabilities && rnl_model_classes(model) == 0)
        code = rnl_complain_usage("predict", "--probabilities: the model predicts values");
    if (code == RNL_EXIT_OK)
        code = rnl_complain_status(rnl_data_read(&data, model, arguments->data));
    if (code == RNL_EXIT_OK)
        code = predict(model, data, arguments);
    rnl_data_free(data);
    rnl_model_free(model);
    return code;
}
