#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/options.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct program_arguments {
    rnl_arguments common;
    bool version;
} program_arguments;

static const rnl_option option_table[] = {
    RNL_OPTION_HELP,
    {"version", 'V', NULL, "print the version", NULL, rnl_take_switch,
     offsetof(program_arguments, version)},
    {0},
};

static const char details[] =
    "`runnel help COMMAND` is the manual of a command, `runnel help config` that of the\n"
    "configuration.\n";

static int run_without_command(const rnl_arguments *arguments)
{
    if (!((const program_arguments *)arguments)->version)
        return rnl_complain_usage(NULL, "a command is missing");
    printf("runnel %s\n", rnl_version());
    return RNL_EXIT_OK;
}

/* Ranks that know nothing of each other would do the same, and write the same files. */
static int refuse_ranks(const rnl_command *command)
{
    size_t rank;
    const size_t ranks = rnl_job_started(&rank);
    if (ranks == 1 || command->joins || !command->name)
        return RNL_EXIT_OK;
    if (rank == 0)
        rnl_complain("%s is done by one process, and %zu were started: type `runnel %s` without "
                     "mpirun or srun; ranks train, pretrain, find-lr, compare and bench "
                     "(RUNNEL_MPI=none makes them single processes)",
                     command->name, ranks, command->name);
    return RNL_EXIT_USAGE;
}

static int run_command(const rnl_command *program, const rnl_command *command, size_t count,
                       char *const *words)
{
    rnl_arguments *arguments;
    int code = rnl_arguments_parse(&arguments, program, command, count, words);
    if (code == RNL_EXIT_OK && arguments->help)
        rnl_help_print(command);
    else if (code == RNL_EXIT_OK) {
        code = refuse_ranks(command);
        code = code == RNL_EXIT_OK ? command->run(arguments) : code;
    }
    rnl_arguments_release(arguments);
    return code;
}

static int dispatch(const rnl_command *program, size_t count, char *const *words)
{
    if (count == 0 || words[0][0] == '-')
        return run_command(program, program, count, words);
    const rnl_command *command = rnl_command_find(program, words[0]);
    return command ? run_command(program, command, count - 1, words + 1) : RNL_EXIT_USAGE;
}

/* Puts the reading end of a pipe at standard output: every write to it fails. */
static bool hold_output(void)
{
    int ends[2];
    return pipe(ends) == 0 && close(ends[1]) == 0 && ends[0] == STDOUT_FILENO;
}

/* A closed standard stream would leave its number to the next file that is opened, and messages
 * would go there. */
static bool hold_standard_streams(void)
{
    for (int stream = 0; stream <= 2; ++stream) {
        if (fcntl(stream, F_GETFD) >= 0)
            continue;
        if (stream == STDOUT_FILENO ? !hold_output() : open("/dev/null", O_RDWR) != stream)
            return false;
    }
    return true;
}

int rnl_program_main(const rnl_command *const *commands, int count, char *const *words)
{
    const rnl_command program = {
        .operands = "COMMAND",
        .purpose = "Trains dense neural networks on all cores of the machine.",
        .details = details,
        .options = option_table,
        .commands = commands,
        .size = sizeof(program_arguments),
        .run = run_without_command,
    };
    /* A heap for each thread would reserve 64 MB of address space and more. */
    mallopt(M_ARENA_MAX, 1);
    if (!hold_standard_streams())
        return RNL_EXIT_FAILURE;
    /* A file that may not grow further is reported like a full disk. */
    signal(SIGXFSZ, SIG_IGN);
    const int code = dispatch(&program, count > 0 ? (size_t)count - 1 : 0, words + 1);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        rnl_complain("standard output: %s", strerror(errno));
        return code == RNL_EXIT_OK ? RNL_EXIT_FAILURE : code;
    }
    return code;
}
