/*
 * What shells complete and what `man` shows, printed from the tables that the help is made of.
 */
#ifndef RNL_CLI_COMPLETIONS_H
#define RNL_CLI_COMPLETIONS_H

#include "cli/arguments.h"

/* Prints the completions of the program for "bash", "zsh" or "fish"; false for another shell. */
bool rnl_completions_print(const rnl_command *program, const char *shell);

/* Prints the man page of a command. */
void rnl_man_page_print(const rnl_command *command);

#endif
