/*
 * The program as a user meets it: run through the shell in a temporary directory.  RUNNEL_PROGRAM
 * and RUNNEL_EXAMPLES come from the build.
 */
#ifndef RNL_TESTS_PROGRAM_H
#define RNL_TESTS_PROGRAM_H

#include "tests/scratch.h"

#include <stdbool.h>

#define SPIRALS "'" RUNNEL_EXAMPLES "/spirals.yaml'"

/* In front of a command of the shell: a library of the build that is loaded first, by a link,
 * because LD_PRELOAD takes no blanks. */
#define PRELOADED(library)                                                                         \
    "ln -sf '" library "' preloaded.so; ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0 "      \
    "LD_PRELOAD=\"$PWD/preloaded.so\" "

/* For the init of a suite, whose fini is scratch_leave. */
void program_enter(void);

/* The exit code of the program with these words; its streams are kept in the files out and err. */
int program_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The exit code of a command line of the shell, in which $R is the program. */
int program_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The text of a file, valid until some more are read. */
const char *program_read(const char *path);
void program_write(const char *path, const char *text);
bool program_has(const char *path);
void program_expect(const char *path, const char *part);

/* Neither a temporary file nor a half of one is below the directory. */
void program_expect_swept(void);

#endif
