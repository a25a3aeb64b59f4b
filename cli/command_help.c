#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/options.h"

#include <stdio.h>
#include <string.h>

#define INDENT 26 /* the column of an option's help */

static const rnl_option option_table[] = {
    RNL_OPTION_HELP,
    {0},
};

static const char details[] =
    "TOPIC is a section of the configuration, a list of kinds or a single kind.\n"
    "\n"
    "Examples:\n"
    "  runnel help train\n"
    "  runnel help config\n"
    "  runnel help config dense\n";

static void print_option(const rnl_option *option)
{
    char head[INDENT + 8];
    const int length = option->letter ? snprintf(head, sizeof head, "  -%c, ", option->letter)
                                      : snprintf(head, sizeof head, "      ");
    snprintf(head + length, sizeof head - (size_t)length, "--%s%s%s", option->name,
             option->value ? " " : "", option->value ? option->value : "");
    printf("%-*s", INDENT, head);
    for (const char *line = option->help; line;) {
        const char *end = strchr(line, '\n');
        if (line != option->help)
            printf("%*s", INDENT, "");
        printf("%.*s\n", end ? (int)(end - line) : (int)strlen(line), line);
        line = end ? end + 1 : NULL;
    }
}

static void print_commands(const rnl_command *const *commands)
{
    printf("\nCommands:\n");
    for (size_t i = 0; commands[i]; ++i)
        printf("  %-*s%s\n", INDENT - 2, commands[i]->name, commands[i]->purpose);
}

void rnl_help_print(const rnl_command *command)
{
    const char *name = command->name ? command->name : "";
    printf("Usage: runnel %s%s%s [OPTION]...\n\n%s\n", name, command->name ? " " : "",
           command->operands, command->purpose);
    if (command->commands)
        print_commands(command->commands);
    printf("\nOptions:\n");
    for (const rnl_option *option = command->options; option->name; ++option)
        print_option(option);
    printf("\n%s", command->details);
}

static int print_configuration_help(const char *topic)
{
    char *text = NULL;
    const rnl_status status = rnl_config_help(topic, &text);
    return rnl_print_text(status, text);
}

static int run(const rnl_arguments *arguments)
{
    if (arguments->operand_count == 0) {
        rnl_help_print(arguments->program);
        return RNL_EXIT_OK;
    }
    const char *subject = arguments->operands[0];
    const char *topic = arguments->operands[1];
    if (strcmp(subject, "config") == 0)
        return print_configuration_help(topic);
    const rnl_command *command = rnl_command_find(arguments->program, subject);
    if (!command)
        return RNL_EXIT_USAGE;
    if (topic)
        return rnl_complain_usage("help", "unexpected argument '%s'", topic);
    rnl_help_print(command);
    return RNL_EXIT_OK;
}

const rnl_command rnl_help_command = {
    .name = "help",
    .operands = "[COMMAND | config [TOPIC]]",
    .fewest = 0,
    .most = 2,
    .purpose = "Explains a command or the configuration.",
    .details = details,
    .options = option_table,
    .size = sizeof(rnl_arguments),
    .run = run,
};
