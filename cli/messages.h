/*
 * What the program says to people on standard error, and its exit codes.
 */
#ifndef RNL_CLI_MESSAGES_H
#define RNL_CLI_MESSAGES_H

#include <runnel/runnel.h>

enum { RNL_EXIT_OK = 0, RNL_EXIT_FAILURE = 1, RNL_EXIT_USAGE = 2 };

/* Returns the exit code of what did not succeed. */
#define RNL_TRY_EXIT(expression)                                                                   \
    do {                                                                                           \
        const int rnl_try_code = (expression);                                                     \
        if (rnl_try_code != RNL_EXIT_OK)                                                           \
            return rnl_try_code;                                                                   \
    } while (0)

/* Prints "runnel: " and the text as one line. */
void rnl_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Complains, points to the help of a command (NULL: of the program), and returns RNL_EXIT_USAGE. */
int rnl_complain_usage(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Complains that memory ran out, and returns RNL_EXIT_FAILURE. */
int rnl_complain_memory(void);

/* Complains with the library's message unless the status is RNL_OK; returns the exit code. */
int rnl_complain_status(rnl_status status);

/* Prints the text on standard output, or complains about the status, and frees the text.  Returns
 * the exit code. */
int rnl_print_text(rnl_status status, char *text);

#endif
