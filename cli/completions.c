#include "cli/completions.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Calls back for each word of a list such as "auto, on or off"; returns how many there are, 0 if
 * the text is no list of words.  `print` NULL: only counts. */
static size_t each_word(const char *expected, void (*print)(const char *word, size_t length))
{
    size_t count = 0;
    while (expected && *expected) {
        const size_t length = strcspn(expected, " ,");
        if (print)
            print(expected, length);
        ++count;
        expected += length;
        if (strncmp(expected, ", ", 2) == 0)
            expected += 2;
        else if (strncmp(expected, " or ", 4) == 0)
            expected += 4;
        else if (*expected)
            return 0;
    }
    return count;
}

/* Tests if the values of an option are a few words that can be completed. */
static bool has_words(const rnl_option *option)
{
    return option->value && each_word(option->expected, NULL) > 1;
}

static void print_word(const char *word, size_t length)
{
    printf("%.*s ", (int)length, word);
}

/* Prints the words that the first operand is one of, as in "machine|train FILE".  Operands in
 * capitals stand for something else. */
static void print_choices(const rnl_command *command)
{
    for (const char *word = command->operands; *word && *word != ' ';) {
        const size_t length = strcspn(word, "| ");
        print_word(word, length);
        word += length + (word[length] == '|');
    }
}

static bool has_choices(const rnl_command *command)
{
    return command->operands && islower((unsigned char)*command->operands);
}

/* Prints on one line, with a backslash before each of some characters. */
static void print_line(const char *text, const char *escaped)
{
    for (; *text; ++text) {
        if (*text == '\'')
            fputs("'\\'", stdout);
        else if (strchr(escaped, *text))
            putchar('\\');
        putchar(*text == '\n' ? ' ' : *text);
    }
}

/* ---- bash ------------------------------------------------------------------------------------ */

static void print_bash_options(const rnl_command *command)
{
    for (const rnl_option *option = command->options; option->name; ++option) {
        if (option->letter)
            printf("-%c ", option->letter);
        printf("--%s ", option->name);
    }
}

static void print_bash_values(const rnl_command *command)
{
    for (const rnl_option *option = command->options; option->name; ++option) {
        if (!has_words(option))
            continue;
        printf("    %s:--%s) words='", command->name, option->name);
        each_word(option->expected, print_word);
        printf("' ;;\n");
    }
    if (!has_choices(command))
        return;
    printf("    %s:%s) words='", command->name, command->name);
    print_choices(command);
    printf("' ;;\n");
}

static void print_bash_commands(const rnl_command *program)
{
    for (size_t i = 0; program->commands[i]; ++i)
        printf("%s ", program->commands[i]->name);
}

static void print_bash(const rnl_command *program)
{
    printf("_runnel() {\n"
           "    local word=${COMP_WORDS[COMP_CWORD]} words=\n"
           "    case ${COMP_WORDS[1]}:${COMP_WORDS[COMP_CWORD-1]} in\n");
    for (size_t i = 0; program->commands[i]; ++i)
        print_bash_values(program->commands[i]);
    printf("    help:help) words='config ");
    print_bash_commands(program);
    printf("' ;;\n    esac\n    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words='");
    print_bash_commands(program);
    print_bash_options(program);
    printf("'\n    elif [[ $word == -* ]]; then\n        case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; program->commands[i]; ++i) {
        printf("        %s) words='", program->commands[i]->name);
        print_bash_options(program->commands[i]);
        printf("' ;;\n");
    }
    printf("        esac\n    fi\n"
           "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
           "}\n"
           "complete -o default -F _runnel runnel\n");
}

/* ---- zsh ------------------------------------------------------------------------------------- */

static void print_zsh_option(const rnl_option *option)
{
    if (option->letter)
        printf(" \\\n            {-%c,--%s}'[", option->letter, option->name);
    else
        printf(" \\\n            '--%s[", option->name);
    print_line(option->help, "[]:\\");
    putchar(']');
    if (option->value) {
        putchar(':');
        print_line(option->value, "[]:\\");
        putchar(':');
        if (has_words(option)) {
            putchar('(');
            each_word(option->expected, print_word);
            putchar(')');
        } else {
            fputs("_files", stdout);
        }
    }
    putchar('\'');
}

static void print_zsh_choices(const rnl_command *command)
{
    if (!has_choices(command))
        return;
    printf(" \\\n            '1:what:(");
    print_choices(command);
    printf(")'");
}

static void print_zsh(const rnl_command *program)
{
    printf("#compdef runnel\n"
           "local -a commands\n"
           "commands=(\n");
    for (size_t i = 0; program->commands[i]; ++i) {
        printf("    '%s:", program->commands[i]->name);
        print_line(program->commands[i]->purpose, ":\\");
        printf("'\n");
    }
    printf(")\n"
           "local state\n"
           "_arguments '1:command:->command' '*::argument:->argument'\n"
           "case $state in\n"
           "command) _describe command commands ;;\n"
           "argument)\n"
           "    case $words[1] in\n");
    for (size_t i = 0; program->commands[i]; ++i) {
        printf("    %s)\n        _arguments", program->commands[i]->name);
        for (const rnl_option *option = program->commands[i]->options; option->name; ++option)
            print_zsh_option(option);
        print_zsh_choices(program->commands[i]);
        printf(" \\\n            '*:file:_files' ;;\n");
    }
    printf("    esac ;;\nesac\n");
}

/* ---- fish ------------------------------------------------------------------------------------ */

static void print_fish_option(const rnl_command *command, const rnl_option *option)
{
    printf("complete -c runnel -n '__fish_seen_subcommand_from %s' -l %s", command->name,
           option->name);
    if (option->letter)
        printf(" -s %c", option->letter);
    if (has_words(option)) {
        printf(" -x -a '");
        each_word(option->expected, print_word);
        putchar('\'');
    } else if (option->value) {
        printf(" -r");
    }
    printf(" -d '");
    print_line(option->help, "\\");
    printf("'\n");
}

static void print_fish_choices(const rnl_command *command)
{
    if (!has_choices(command))
        return;
    printf("complete -c runnel -n '__fish_seen_subcommand_from %s' -a '", command->name);
    print_choices(command);
    printf("'\n");
}

static void print_fish(const rnl_command *program)
{
    for (size_t i = 0; program->commands[i]; ++i) {
        const rnl_command *command = program->commands[i];
        printf("complete -c runnel -n __fish_use_subcommand -f -a %s -d '", command->name);
        print_line(command->purpose, "\\");
        printf("'\n");
        printf("complete -c runnel -n '__fish_seen_subcommand_from help' -f -a %s\n",
               command->name);
        for (const rnl_option *option = command->options; option->name; ++option)
            print_fish_option(command, option);
        print_fish_choices(command);
    }
}

/* ---------------------------------------------------------------------------------------------- */

bool rnl_completions_print(const rnl_command *program, const char *shell)
{
    static const struct {
        const char *name;
        void (*print)(const rnl_command *program);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
    for (size_t i = 0; i < sizeof shells / sizeof *shells; ++i) {
        if (strcmp(shell, shells[i].name) != 0)
            continue;
        shells[i].print(program);
        return true;
    }
    return false;
}
