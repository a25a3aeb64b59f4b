/*
 * runnel: the program.  It finds the command, reads its arguments and runs it.
 */
#include "cli/commands.h"
#include "cli/messages.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int run_command(const rnl_command *command, size_t count, char *const *words)
{
    rnl_arguments arguments;
    int code = rnl_arguments_parse(&arguments, command, count, words);
    if (code == RNL_EXIT_OK && arguments.help)
        rnl_help_print(command);
    else if (code == RNL_EXIT_OK)
        code = command->run(&arguments);
    rnl_arguments_release(&arguments);
    return code;
}

static int dispatch(size_t count, char *const *words)
{
    if (count == 0 || words[0][0] == '-')
        return run_command(&rnl_program, count, words);
    const rnl_command *command = rnl_command_find(words[0]);
    return command ? run_command(command, count - 1, words + 1) : RNL_EXIT_USAGE;
}

/* A closed standard stream would leave its number to the next file that is opened, and messages
 * would go there. */
static bool hold_standard_streams(void)
{
    for (int stream = 0; stream <= 2; ++stream)
        if (fcntl(stream, F_GETFD) < 0 && open("/dev/null", O_RDWR) != stream)
            return false;
    return true;
}

int main(int count, char **words)
{
    if (!hold_standard_streams())
        return RNL_EXIT_FAILURE;
    /* A file that may not grow further is told like a full disk. */
    signal(SIGXFSZ, SIG_IGN);
    const int code = dispatch(count > 0 ? (size_t)count - 1 : 0, words + 1);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        rnl_complain("standard output: %s", strerror(errno));
        return code == RNL_EXIT_OK ? RNL_EXIT_FAILURE : code;
    }
    return code;
}
