/*
 * A file that a command writes.  It appears whole or not at all: it is written under a temporary
 * name in the same directory, synced, and renamed over the old one.  Links are followed, and the
 * old file's permissions kept.  A pipe, a device and what a standard stream goes to are written to
 * as they are.
 */
#ifndef RNL_CLI_OUTPUT_FILE_H
#define RNL_CLI_OUTPUT_FILE_H

#include <runnel/runnel.h>

#include <stdbool.h>
#include <stdio.h>

typedef struct rnl_output_file {
    const char *path; /* the caller's */
    char *target;     /* behind its links */
    char *temporary;  /* NULL: the target is written to as it is */
    int descriptor;
    int error; /* errno of the first write that failed; 0: none */
    FILE *file;
} rnl_output_file;

/* Complains and returns false if it cannot be written; else it is to be closed, and stays where it
 * is until then. */
bool rnl_output_open(rnl_output_file *output, const char *path);

/* Gives the file its name if all of it could be written; whole: the caller says so too, and has
 * complained if not.  Complains and returns false if it is not there now. */
bool rnl_output_close(rnl_output_file *output, bool whole);

/* Removes a file, behind its links, if it is there; no pipe and no device.  Complains and returns
 * false if that fails. */
bool rnl_output_remove(const char *path);

/* Complains and returns true if the output is the file that is read from, under whatever name.
 * input NULL: none. */
bool rnl_output_is_input(const char *output, const char *input);

/* The same of all files that the configuration's data are read from. */
bool rnl_output_is_data(const char *output, const rnl_config *config);

#endif
