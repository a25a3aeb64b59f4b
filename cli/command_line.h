/*
 * The program over its commands: finds the command, reads its arguments and runs it.
 */
#ifndef RNL_CLI_COMMAND_LINE_H
#define RNL_CLI_COMMAND_LINE_H

#include "cli/arguments.h"

/* Does all that main does; the last command is NULL.  Returns the exit code. */
int rnl_program_main(const rnl_command *const *commands, int count, char *const *words);

#endif
