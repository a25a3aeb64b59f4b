#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/model_source.h"

#include <stdio.h>

int rnl_command_summary(const rnl_arguments *arguments)
{
    rnl_model *model = NULL;
    char *text = NULL;
    rnl_status status = rnl_model_open(&model, arguments->operands[0], arguments);
    if (status == RNL_OK)
        status = rnl_model_summary(model, &text);
    const int code = rnl_complain_status(status);
    if (code == RNL_EXIT_OK)
        fputs(text, stdout);
    rnl_text_free(text);
    rnl_model_free(model);
    return code;
}
