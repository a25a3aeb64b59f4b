#include "cli/completions.h"

#include <stdio.h>

/* Prints text for troff: backslashes and hyphens are themselves, and no line is a request. */
static void print_text(const char *text)
{
    bool begins = true;
    for (; *text; ++text) {
        if (begins && (*text == '.' || *text == '\''))
            fputs("\\&", stdout);
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            putchar(*text);
        begins = *text == '\n';
    }
}

/* NAME in capitals, as the page's heading. */
static void print_heading(const char *name)
{
    for (; *name; ++name)
        putchar(*name >= 'a' && *name <= 'z' ? *name - 'a' + 'A' : *name);
}

static void print_option(const rnl_option *option)
{
    printf(".TP\n.B ");
    if (option->letter)
        printf("\\-%c, ", option->letter);
    printf("\\-\\-");
    print_text(option->name);
    if (option->value) {
        printf(" \\fI");
        print_text(option->value);
        printf("\\fR");
    }
    putchar('\n');
    print_text(option->help);
    putchar('\n');
}

void rnl_man_page_print(const rnl_command *command)
{
    printf(".TH RUNNEL-");
    print_heading(command->name);
    printf(" 1 \"\" \"runnel %s\" \"User Commands\"\n.SH NAME\nrunnel\\-", rnl_version());
    print_text(command->name);
    printf(" \\- ");
    print_text(command->purpose);
    printf("\n.SH SYNOPSIS\n.B runnel ");
    print_text(command->name);
    printf("\n");
    print_text(command->operands);
    printf(" [OPTION]...\n.SH OPTIONS\n");
    for (const rnl_option *option = command->options; option->name; ++option)
        print_option(option);
    printf(".SH DESCRIPTION\n.nf\n");
    print_text(command->details);
    printf(".fi\n.SH SEE ALSO\n.BR runnel (1)\n");
}
