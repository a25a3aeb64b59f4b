#include "cli/arguments.h"
#include "cli/messages.h"
#include "cli/suggestion.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const rnl_command *rnl_command_find(const rnl_command *program, const char *name)
{
    rnl_suggestion nearest = rnl_suggestion_for(name);
    for (size_t i = 0; program->commands[i]; ++i) {
        if (strcmp(name, program->commands[i]->name) == 0)
            return program->commands[i];
        rnl_suggestion_offer(&nearest, program->commands[i]->name);
    }
    if (nearest.name)
        rnl_complain_usage(NULL, "unknown command '%s'; did you mean '%s'?", name, nearest.name);
    else
        rnl_complain_usage(NULL, "unknown command '%s'", name);
    return NULL;
}

static const rnl_option *option_named(const rnl_command *command, const char *name, size_t length)
{
    for (const rnl_option *option = command->options; option->name; ++option)
        if (strlen(option->name) == length && memcmp(option->name, name, length) == 0)
            return option;
    return NULL;
}

static const rnl_option *option_lettered(const rnl_command *command, char letter)
{
    for (const rnl_option *option = command->options; option->name; ++option)
        if (option->letter == letter)
            return option;
    return NULL;
}

/* A setting of the configuration, where the command takes them: --batch-size for batch_size. */
static bool is_key(const rnl_command *command, const char *word)
{
    char key[64];
    const size_t length = strlen(word);
    if (!option_named(command, "set", 3) || length >= sizeof key)
        return false;
    for (size_t i = 0; i <= length; ++i)
        key[i] = word[i] == '-' ? '_' : word[i];
    return rnl_config_has_key(key);
}

static int complain_unknown(const rnl_command *command, const char *name, size_t length)
{
    char *word = strndup(name, length);
    rnl_suggestion nearest = rnl_suggestion_for(word ? word : "");
    for (const rnl_option *option = command->options; option->name; ++option)
        rnl_suggestion_offer(&nearest, option->name);
    const bool key = !nearest.name && word && is_key(command, word);
    free(word);
    const char *prefix = command->name ? command->name : "";
    const char *colon = command->name ? ": " : "";
    if (nearest.name)
        return rnl_complain_usage(command->name,
                                  "%s%sunknown option '--%.*s'; did you mean '--%s'?", prefix,
                                  colon, (int)length, name, nearest.name);
    return rnl_complain_usage(command->name, "%s%sunknown option '--%.*s'%s", prefix, colon,
                              (int)length, name,
                              key ? "; a key of the configuration is set by --set KEY=VALUE, as "
                                    "--set training.epochs=5"
                                  : "");
}

/* The words still to be read. */
typedef struct words {
    const rnl_command *command;
    char *const *next, *const *end;
} words;

/* `value` is NULL if none stands in the option's own word. */
static int take_option(rnl_arguments *arguments, words *line, const rnl_option *option,
                       const char *value)
{
    const char *name = line->command->name;
    if (!option->value) {
        if (value)
            return rnl_complain_usage(name, "--%s takes no value, got '%s'", option->name, value);
    } else if (!value) {
        if (line->next == line->end)
            return rnl_complain_usage(name, "--%s expects %s, got nothing", option->name,
                                      option->expected);
        value = *line->next++;
    }
    if (!option->take(arguments, (char *)arguments + option->member, value))
        return rnl_complain_usage(name, "--%s expects %s, got '%s'", option->name, option->expected,
                                  value);
    return RNL_EXIT_OK;
}

/* word: what follows the two dashes, "name" or "name=value". */
static int take_long(rnl_arguments *arguments, words *line, const char *word)
{
    const char *equals = strchrnul(word, '=');
    const size_t length = (size_t)(equals - word);
    const rnl_option *option = option_named(line->command, word, length);
    if (!option)
        return complain_unknown(line->command, word, length);
    return take_option(arguments, line, option, *equals ? equals + 1 : NULL);
}

/* letters: what follows the one dash, switches and at most one option with a value, "qfo" "DIR". */
static int take_short(rnl_arguments *arguments, words *line, const char *letters)
{
    for (; *letters; ++letters) {
        const rnl_option *option = option_lettered(line->command, *letters);
        if (!option)
            return rnl_complain_usage(line->command->name, "unknown option '-%c'", *letters);
        const bool has_value = option->value && letters[1] != '\0';
        const int code = take_option(arguments, line, option, has_value ? letters + 1 : NULL);
        if (code != RNL_EXIT_OK || option->value)
            return code;
    }
    return RNL_EXIT_OK;
}

static int take_operand(rnl_arguments *arguments, const rnl_command *command, const char *word)
{
    if (arguments->operand_count == command->most)
        return rnl_complain_usage(command->name, "unexpected argument '%s'", word);
    if (*word == '\0')
        return rnl_complain_usage(command->name, "%s: an argument is empty", command->name);
    arguments->operands[arguments->operand_count++] = word;
    return RNL_EXIT_OK;
}

static int take_words(rnl_arguments *arguments, words *line)
{
    bool options_ended = false;
    while (line->next < line->end) {
        const char *word = *line->next++;
        if (options_ended || word[0] != '-' || word[1] == '\0')
            RNL_TRY_EXIT(take_operand(arguments, line->command, word));
        else if (word[1] != '-')
            RNL_TRY_EXIT(take_short(arguments, line, word + 1));
        else if (word[2] != '\0')
            RNL_TRY_EXIT(take_long(arguments, line, word + 2));
        else
            options_ended = true;
    }
    return RNL_EXIT_OK;
}

/* The names of a command's operands, but for the first ones. */
static const char *operands_from(const rnl_command *command, size_t first)
{
    const char *names = command->operands;
    while (first-- > 0)
        names = strchr(names, ' ') + 1;
    return names;
}

int rnl_arguments_parse(rnl_arguments **arguments, const rnl_command *program,
                        const rnl_command *command, size_t count, char *const *first)
{
    rnl_arguments *made = *arguments = calloc(1, command->size);
    if (made)
        made->overrides = calloc(count + 1, sizeof *made->overrides);
    if (!made || !made->overrides)
        return rnl_complain_memory();
    made->program = program;
    words line = {command, first, first + count};
    RNL_TRY_EXIT(take_words(made, &line));
    if (!made->help && made->operand_count < command->fewest)
        return rnl_complain_usage(command->name, "%s: %s is missing", command->name,
                                  operands_from(command, made->operand_count));
    return RNL_EXIT_OK;
}

void rnl_arguments_release(rnl_arguments *arguments)
{
    if (arguments)
        free(arguments->overrides);
    free(arguments);
}
