#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void program_enter(void)
{
    scratch_enter();
    setenv("R", RUNNEL_PROGRAM, 1);
}

static int run(const char *command)
{
    const int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int program_shell(const char *format, ...)
{
    char command[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    return run(command);
}

int program_run(const char *format, ...)
{
    char words[2048], command[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    snprintf(command, sizeof command, "\"$R\" %s >out 2>err </dev/null", words);
    return run(command);
}

const char *program_read(const char *path)
{
    static char texts[4][1 << 20];
    static size_t next;
    char *text = texts[next++ % 4];
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    text[fread(text, 1, sizeof texts[0] - 1, file)] = '\0';
    fclose(file);
    return text;
}

void program_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file, "%s", path);
    fputs(text, file);
    fclose(file);
}

bool program_has(const char *path)
{
    return access(path, F_OK) == 0;
}

void program_expect(const char *path, const char *part)
{
    const char *text = program_read(path);
    cr_expect(strstr(text, part) != NULL, "'%s' is not in %s:\n%s", part, path, text);
}

void program_expect_swept(void)
{
    cr_expect_eq(program_shell("! find . -name '*.tmp' -o -name '*.next' | grep ."), 0);
}
