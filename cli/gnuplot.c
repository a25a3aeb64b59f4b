#include "cli/gnuplot.h"
#include "cli/messages.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Only a quote is special in single quotes. */
void rnl_gnuplot_quote(FILE *script, const char *text)
{
    fputc('\'', script);
    for (; *text; ++text) {
        if (*text == '\'')
            fputc('\'', script);
        fputc(*text == '\n' ? ' ' : *text, script);
    }
    fputc('\'', script);
}

/* Okabe and Ito (2008): distinct to the colour-blind, too; their yellow, pale on white, left out.
 * Then a few that differ from them. */
void rnl_gnuplot_colours(FILE *script)
{
    static const char *const colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00",
                                          "#56b4e9", "#000000", "#7e2f8e", "#8c564b", "#7f7f7f"};
    const size_t count = sizeof colours / sizeof *colours;
    for (size_t i = 0; i < count; ++i)
        fprintf(script, "set linetype %zu linecolor rgb '%s'\n", i + 1, colours[i]);
    fprintf(script, "set linetype cycle %zu\n", count);
}

/* Complains with what gnuplot said of a plot that it did not draw. */
static bool fail_drawing(FILE *said)
{
    char text[512];
    rewind(said);
    text[fread(text, 1, sizeof text - 1, said)] = '\0';
    rnl_complain("gnuplot failed: %s", text);
    return false;
}

/* Starts gnuplot, which reads the script and writes into the pipe.  It warns of what the plot shows
 * well enough. */
static bool start_gnuplot(pid_t *child, int script, int pipe_end, FILE *said)
{
    char *const words[] = {(char *)(uintptr_t) "gnuplot", NULL};
    posix_spawn_file_actions_t files;
    if (posix_spawn_file_actions_init(&files) != 0)
        return false;
    const bool ready = posix_spawn_file_actions_adddup2(&files, script, STDIN_FILENO) == 0 &&
                       posix_spawn_file_actions_adddup2(&files, pipe_end, STDOUT_FILENO) == 0 &&
                       posix_spawn_file_actions_adddup2(&files, fileno(said), STDERR_FILENO) == 0;
    const int error = ready ? posix_spawnp(child, words[0], &files, NULL, words, environ) : ENOMEM;
    posix_spawn_file_actions_destroy(&files);
    if (error != 0)
        rnl_complain("gnuplot, which draws PNG and SVG, cannot be run: %s", strerror(error));
    return error == 0;
}

/* All that comes is read, so that the other side ends. */
static void copy(int from, FILE *to)
{
    char bytes[1 << 14];
    for (ssize_t count; (count = read(from, bytes, sizeof bytes)) != 0;)
        if (count > 0)
            fwrite(bytes, 1, (size_t)count, to);
        else if (errno != EINTR)
            return;
}

static bool await(pid_t child, FILE *said)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return status == 0 || fail_drawing(said);
}

/* gnuplot does not look whether what it writes arrives, so its drawing comes through a pipe. */
static bool run_gnuplot(int script, FILE *output, FILE *said)
{
    int ends[2];
    pid_t child;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        rnl_complain("cannot make a pipe: %s", strerror(errno));
        return false;
    }
    const bool started = start_gnuplot(&child, script, ends[1], said);
    close(ends[1]);
    if (started)
        copy(ends[0], output);
    close(ends[0]);
    return started && await(child, said);
}

FILE *rnl_gnuplot_script(void)
{
    FILE *script = tmpfile();
    if (!script)
        rnl_complain("cannot make a temporary file: %s", strerror(errno));
    return script;
}

bool rnl_gnuplot_run(FILE *script, FILE *output)
{
    FILE *said = rnl_gnuplot_script();
    const bool written =
        said && fflush(script) == 0 && !ferror(script) && lseek(fileno(script), 0, SEEK_SET) == 0;
    if (said && !written)
        rnl_complain("cannot write a temporary file: %s", strerror(errno));
    const bool drawn = written && run_gnuplot(fileno(script), output, said);
    fclose(script);
    if (said)
        fclose(said);
    return drawn;
}

bool rnl_gnuplot_is_there(void)
{
    const char *path = getenv("PATH");
    bool found = false;
    while (path && *path && !found) {
        const size_t length = strcspn(path, ":");
        char *candidate = NULL;
        if (asprintf(&candidate, "%.*s/gnuplot", (int)length, path) < 0)
            return false;
        found = access(candidate, X_OK) == 0;
        free(candidate);
        path += length + (path[length] == ':');
    }
    return found;
}
