#include "cli/commands.h"
#include "cli/completions.h"
#include "cli/messages.h"
#include "cli/options.h"

#include <stdio.h>
#include <string.h>

#define INDENT 26 /* the column of an option's help */

typedef struct help_arguments {
    rnl_arguments common;
    const char *completions; /* a shell; NULL: not asked for */
    bool man;
} help_arguments;

static const rnl_option option_table[] = {
    {"completions", 0, "SHELL", "print what the shell completes, as `meson install` installs it",
     "bash, zsh or fish", rnl_take_text, offsetof(help_arguments, completions)},
    {"man", 0, NULL, "print the man page of the command, likewise", NULL, rnl_take_switch,
     offsetof(help_arguments, man)},
    RNL_OPTION_HELP,
    {0},
};

static const char details[] = "TOPIC is a section of the configuration, a list of kinds, a single "
                              "kind, or the path of a key.\n"
                              "\n"
                              "Examples:\n"
                              "  runnel help train\n"
                              "  runnel help config\n"
                              "  runnel help config dense\n"
                              "  runnel help config training.optimizer.adam\n";

static void print_option(const rnl_option *option)
{
    int width = option->letter ? printf("  -%c, ", option->letter) : printf("      ");
    width += printf("--%s%s%s", option->name, option->value ? " " : "",
                    option->value ? option->value : "");
    if (width >= INDENT) {
        putchar('\n');
        width = 0;
    }
    for (const char *line = option->help; line; width = 0) {
        const char *end = strchr(line, '\n');
        printf("%*s", INDENT - width, "");
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

static int print_completions(const rnl_command *program, const char *shell)
{
    if (rnl_completions_print(program, shell))
        return RNL_EXIT_OK;
    return rnl_complain_usage("help", "--completions expects bash, zsh or fish, got '%s'", shell);
}

static int print_command_help(const rnl_arguments *arguments, bool man)
{
    const rnl_command *command = rnl_command_find(arguments->program, arguments->operands[0]);
    if (!command)
        return RNL_EXIT_USAGE;
    if (arguments->operands[1])
        return rnl_complain_usage("help", "unexpected argument '%s'", arguments->operands[1]);
    if (man)
        rnl_man_page_print(command);
    else
        rnl_help_print(command);
    return RNL_EXIT_OK;
}

static int run(const rnl_arguments *arguments)
{
    const help_arguments *own = (const help_arguments *)arguments;
    const char *subject = arguments->operands[0];
    if (own->completions)
        return print_completions(arguments->program, own->completions);
    if (own->man && !subject)
        return rnl_complain_usage("help", "--man needs a command");
    if (!subject) {
        rnl_help_print(arguments->program);
        return RNL_EXIT_OK;
    }
    if (strcmp(subject, "config") == 0 && !own->man)
        return print_configuration_help(arguments->operands[1]);
    return print_command_help(arguments, own->man);
}

const rnl_command rnl_help_command = {
    .name = "help",
    .operands = "[COMMAND | config [TOPIC]]",
    .fewest = 0,
    .most = 2,
    .purpose = "Explains a command or the configuration.",
    .details = details,
    .options = option_table,
    .size = sizeof(help_arguments),
    .run = run,
};
