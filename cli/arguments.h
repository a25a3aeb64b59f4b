/*
 * The command line.  What a command says of itself, its operands and its options feeds the parser,
 * the help pages and the messages about mistakes.
 */
#ifndef RNL_CLI_ARGUMENTS_H
#define RNL_CLI_ARGUMENTS_H

#include <runnel/runnel.h>

#include <stdbool.h>
#include <stddef.h>

#define RNL_MAX_OPERANDS 16

typedef struct rnl_arguments rnl_arguments;

typedef struct rnl_option {
    const char *name;
    char letter;       /* its short form; 0: none */
    const char *value; /* what help calls its value; NULL: a switch */
    const char *help;
    const char *expected; /* completes "--name expects ..." */
    /* Puts the value into the member; false: not as expected. */
    bool (*take)(rnl_arguments *arguments, void *member, const char *value);
    size_t member; /* its offset in the command's arguments */
} rnl_option;

typedef struct rnl_command {
    const char *name; /* NULL: the program itself */
    const char *operands;
    size_t fewest, most;                        /* operands */
    const char *purpose;                        /* one line */
    const char *details;                        /* what its help page says below the options */
    const rnl_option *options;                  /* the last one has no name */
    const struct rnl_command *const *commands;  /* of the program, the last one NULL; else NULL */
    size_t size;                                /* of its arguments */
    bool joins;                                 /* several ranks may run it together */
    int (*run)(const rnl_arguments *arguments); /* returns the exit code */
} rnl_command;

/* The arguments that commands have in common.  A command with options of its own has a struct that
 * begins with this one. */
struct rnl_arguments {
    const rnl_command *program;
    const char *operands[RNL_MAX_OPERANDS];
    size_t operand_count;
    const char **overrides; /* "key.path=value" in the order given, --seed among them */
    size_t override_count;
    size_t threads; /* 0: the default */
    rnl_pin pin;
    rnl_products products;
    bool quiet, verbose, help;
};

/* Complains about an unknown command, naming the nearest, and returns NULL. */
const rnl_command *rnl_command_find(const rnl_command *program, const char *name);

/* Reads the words after the command into new arguments, which the caller releases also after a
 * complaint.  Returns an exit code. */
int rnl_arguments_parse(rnl_arguments **arguments, const rnl_command *program,
                        const rnl_command *command, size_t count, char *const *words);
void rnl_arguments_release(rnl_arguments *arguments);

#endif
