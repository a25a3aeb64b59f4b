/*
 * Ctrl-C and SIGTERM.  While a model trains, the first one asks it to stop after the step at hand;
 * at any other time, and when it comes a second time, it ends the program at once.
 */
#ifndef RNL_CLI_INTERRUPTION_H
#define RNL_CLI_INTERRUPTION_H

#include <runnel/runnel.h>

#include <stdbool.h>

/* Makes an interruption stop the model. */
void rnl_interruption_guard(rnl_model *model);

/* The files of which one is there once something is saved; the paths stay the caller's. */
void rnl_interruption_name_checkpoint(const char *checkpoint, const char *previous);

/* Makes an interruption end the program again.  It tells what the training has left, and nothing
 * where that is nothing: what failed has told why. */
void rnl_interruption_release(bool model_is_saved);

/* The exit code that a signal which came while guarded asks for, 130 or 143; 0 if none came. */
int rnl_interruption_code(void);

/* Installs the handlers. */
void rnl_interruption_start(void);

#endif
