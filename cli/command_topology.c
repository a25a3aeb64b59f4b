#include "cli/commands.h"
#include "cli/messages.h"

#include <stdio.h>

int rnl_command_topology(const rnl_arguments *arguments)
{
    const rnl_options options = {.threads = arguments->threads, .pin = arguments->pin};
    char *text = NULL;
    const int code =
        rnl_complain_status(rnl_topology_describe(arguments->operands[0], &options, &text));
    if (code == RNL_EXIT_OK)
        fputs(text, stdout);
    rnl_text_free(text);
    return code;
}
