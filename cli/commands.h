/*
 * The commands, each with its options and its help page beside its code.
 */
#ifndef RNL_CLI_COMMANDS_H
#define RNL_CLI_COMMANDS_H

#include "cli/arguments.h"

extern const rnl_command rnl_train_command;
extern const rnl_command rnl_pretrain_command;
extern const rnl_command rnl_compare_command;
extern const rnl_command rnl_evaluate_command;
extern const rnl_command rnl_predict_command;
extern const rnl_command rnl_find_lr_command;
extern const rnl_command rnl_fold_command;
extern const rnl_command rnl_diff_command;
extern const rnl_command rnl_summary_command;
extern const rnl_command rnl_inspect_command;
extern const rnl_command rnl_plot_command;
extern const rnl_command rnl_report_command;
extern const rnl_command rnl_topology_command;
extern const rnl_command rnl_help_command;

/* Prints the help page of a command; of the program, the overview. */
void rnl_help_print(const rnl_command *command);

#endif
