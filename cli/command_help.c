#include "cli/commands.h"
#include "cli/messages.h"

#include <stdio.h>
#include <string.h>

#define INDENT 26 /* the column of an option's help */

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

void rnl_help_print(const rnl_command *command)
{
    const char *name = command->name ? command->name : "";
    printf("Usage: runnel %s%s%s [OPTION]...\n\n%s\n", name, command->name ? " " : "",
           command->operands, command->purpose);
    if (command == &rnl_program) {
        printf("\nCommands:\n");
        for (size_t i = 0; i < rnl_command_count; ++i)
            printf("  %-*s%s\n", INDENT - 2, rnl_commands[i].name, rnl_commands[i].purpose);
    }
    printf("\nOptions:\n");
    for (size_t i = 0; i < rnl_option_count; ++i) {
        if (rnl_option_table[i].commands & command->mark)
            print_option(&rnl_option_table[i]);
    }
    printf("\n%s", command->details);
}

static int print_configuration_help(const char *topic)
{
    char *text = NULL;
    const int code = rnl_complain_status(rnl_config_help(topic, &text));
    if (code == RNL_EXIT_OK)
        fputs(text, stdout);
    rnl_text_free(text);
    return code;
}

int rnl_command_help(const rnl_arguments *arguments)
{
    if (arguments->operand_count == 0) {
        rnl_help_print(&rnl_program);
        return RNL_EXIT_OK;
    }
    const char *subject = arguments->operands[0];
    const char *topic = arguments->operands[1];
    if (strcmp(subject, "config") == 0)
        return print_configuration_help(topic);
    const rnl_command *command = rnl_command_find(subject);
    if (!command)
        return RNL_EXIT_USAGE;
    if (topic)
        return rnl_complain_usage("help", "unexpected argument '%s'", topic);
    rnl_help_print(command);
    return RNL_EXIT_OK;
}

int rnl_command_none(const rnl_arguments *arguments)
{
    if (arguments->version) {
        printf("runnel %s\n", rnl_version());
        return RNL_EXIT_OK;
    }
    return rnl_complain_usage(NULL, "a command is missing");
}
