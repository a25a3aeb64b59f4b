/*
 * The commands.  Each returns the program's exit code.
 */
#ifndef RNL_CLI_COMMANDS_H
#define RNL_CLI_COMMANDS_H

#include "cli/arguments.h"

int rnl_command_train(const rnl_arguments *arguments);
int rnl_command_bench(const rnl_arguments *arguments); /* benchmarks/ */
int rnl_command_compare(const rnl_arguments *arguments);
int rnl_command_evaluate(const rnl_arguments *arguments);
int rnl_command_find_lr(const rnl_arguments *arguments);
int rnl_command_fold(const rnl_arguments *arguments);
int rnl_command_plot(const rnl_arguments *arguments);
int rnl_command_predict(const rnl_arguments *arguments);
int rnl_command_summary(const rnl_arguments *arguments);
int rnl_command_topology(const rnl_arguments *arguments);
int rnl_command_inspect(const rnl_arguments *arguments);
int rnl_command_help(const rnl_arguments *arguments);
int rnl_command_none(const rnl_arguments *arguments);

/* Prints the help page of a command; of rnl_program, the overview. */
void rnl_help_print(const rnl_command *command);

#endif
