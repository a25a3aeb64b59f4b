/*
 * The command line.  One table of commands and one of options feed the parser, the help pages and
 * the messages about mistakes.
 */
#ifndef RNL_CLI_ARGUMENTS_H
#define RNL_CLI_ARGUMENTS_H

#include <runnel/runnel.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Who takes an option. */
enum {
    RNL_TAKEN_BY_PROGRAM = 1, /* `runnel` without a command */
    RNL_TAKEN_BY_TRAIN = 2,
    RNL_TAKEN_BY_EVALUATE = 4,
    RNL_TAKEN_BY_SUMMARY = 8,
    RNL_TAKEN_BY_HELP = 16,
    RNL_TAKEN_BY_TOPOLOGY = 32,
    RNL_TAKEN_BY_PREDICT = 64,
    RNL_TAKEN_BY_BENCH = 128,
    RNL_TAKEN_BY_FOLD = 256,
    RNL_TAKEN_BY_INSPECT = 512,
    RNL_TAKEN_BY_FIND_LR = 1024,
    RNL_TAKEN_BY_PLOT = 2048,
    RNL_TAKEN_BY_COMPARE = 4096
};

#define RNL_MAX_OPERANDS 16
#define RNL_MAX_VARIED   8

typedef struct rnl_arguments rnl_arguments;

typedef struct rnl_command {
    const char *name; /* NULL: the program itself */
    unsigned mark;    /* its RNL_TAKEN_BY bit */
    const char *operands;
    size_t fewest, most;                        /* operands */
    const char *purpose;                        /* one line */
    const char *details;                        /* what its help page says below the options */
    int (*run)(const rnl_arguments *arguments); /* returns the exit code */
} rnl_command;

typedef struct rnl_option {
    const char *name;
    char letter;       /* its short form; 0: none */
    const char *value; /* what help calls its value; NULL: a switch */
    unsigned commands; /* a sum of RNL_TAKEN_BY */
    const char *help;
    const char *expected;                                      /* completes "--name expects ..." */
    bool (*take)(rnl_arguments *arguments, const char *value); /* false: not as expected */
} rnl_option;

struct rnl_arguments {
    const char *operands[RNL_MAX_OPERANDS];
    size_t operand_count;
    const char **overrides; /* "key.path=value" in the order given, --seed among them */
    size_t override_count;
    char seed_override[40];
    const char *output;      /* NULL: the default */
    size_t threads;          /* 0: the default */
    const char *thread_list; /* "1,2,4"; NULL: the default */
    rnl_pin pin;
    size_t epoch; /* if one is given */
    bool epoch_given;
    unsigned part;                      /* an rnl_part; 0: the default */
    const char *data;                   /* a file of rows; NULL: none given */
    const char *targets;                /* of them, a file; NULL: none given */
    const char *varied[RNL_MAX_VARIED]; /* "key=value,value" each */
    size_t varied_count;
    size_t folds, repeats, jobs; /* 0: not given */
    bool stratified;             /* folds of each class */
    uint64_t seed;               /* if one is given; among the overrides, too */
    bool seed_given;
    char metric_name[RNL_FIGURE_NAME];
    const char *metric; /* metric_name; NULL: the default */
    char target_name[RNL_FIGURE_NAME];
    const char *target_metric; /* target_name; NULL: none given */
    double target;
    const char *columns; /* "loss,val_loss"; NULL: all */
    size_t monte_carlo;  /* passes; 0: none */
    double from, to;     /* learning rates; 0: the default */
    size_t steps;        /* 0: the default */
    const char *model;   /* a file of a model or a configuration; NULL: none given */
    bool json, layers, print_config, probabilities, quick, quiet, force, resume, restart_schedule,
        tune_rate, verbose, help, version;
};

extern const rnl_command rnl_program;
extern const rnl_command rnl_commands[];
extern const size_t rnl_command_count;
extern const rnl_option rnl_option_table[];
extern const size_t rnl_option_count;

/* Complains about an unknown command, naming the nearest, and returns NULL. */
const rnl_command *rnl_command_find(const char *name);

/* Reads the words after the command.  Returns an exit code, not RNL_EXIT_OK after a complaint; the
 * arguments are released in both cases by the caller. */
int rnl_arguments_parse(rnl_arguments *arguments, const rnl_command *command, size_t count,
                        char *const *words);
void rnl_arguments_release(rnl_arguments *arguments);

#endif
