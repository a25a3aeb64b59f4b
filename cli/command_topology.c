#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/model_source.h"

#include <stdio.h>

int rnl_command_topology(const rnl_arguments *arguments)
{
    const rnl_options options = {.threads = arguments->threads, .pin = arguments->pin};
    if (arguments->override_count > 0 && !arguments->model)
        return rnl_complain_usage("topology", "--set changes a --model, and there is none");
    rnl_model *model = NULL;
    char *text = NULL;
    rnl_status status =
        arguments->model ? rnl_model_open(&model, arguments->model, arguments) : RNL_OK;
    if (status == RNL_OK)
        status = rnl_topology_describe(arguments->operands[0], model, &options, &text);
    const int code = rnl_complain_status(status);
    if (code == RNL_EXIT_OK)
        fputs(text, stdout);
    rnl_text_free(text);
    rnl_model_free(model);
    return code;
}
