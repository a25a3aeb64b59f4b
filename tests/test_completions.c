/*
 * Completions and man pages say of every command what its help page says.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(completions, .init = program_enter, .fini = scratch_leave);

/* What bash would offer for the last word of a line. */
static void complete(const char *words, const char *expected)
{
    cr_assert_eq(program_shell("\"$R\" help --completions bash > c.sh"), 0);
    program_write("ask.sh", "source ./c.sh\n"
                            "COMP_WORDS=(\"$@\")\n"
                            "COMP_CWORD=$(($# - 1))\n"
                            "_runnel\n"
                            "echo \"${COMPREPLY[@]}\" > reply\n");
    cr_assert_eq(program_shell("bash ask.sh runnel %s", words), 0, "%s", program_read("err"));
    cr_expect_str_eq(program_read("reply"), expected, "%s: %s", words, program_read("reply"));
}

Test(completions, of_bash)
{
    complete("eval", "evaluate\n");
    complete("pre", "pretrain predict\n");
    complete("train --thr", "--threads\n");
    complete("train --pin ''", "auto on off\n");
    complete("help conf", "config\n");
    complete("fold ''", "\n");
    complete("bench ma", "machine matrix\n");
    complete("bench diff ''", "\n");
}

/* What `bench` measures, in each shell. */
Test(completions, of_the_words_that_an_operand_is_one_of)
{
    cr_assert_eq(program_shell("\"$R\" help --completions zsh > c.zsh &&"
                               "\"$R\" help --completions fish > c.fish"),
                 0);
    cr_expect_eq(program_shell("grep -q \"'1:what:(machine train .*diff )'\" c.zsh"), 0);
    cr_expect_eq(program_shell("grep -q \"from bench' -a 'machine train .*diff '\" c.fish"), 0);
    cr_expect_eq(program_shell("grep -c \"'1:what\" c.zsh | grep -qx 1"), 0);
}

/* Each command is there, with each of its options. */
Test(completions, name_every_option)
{
    cr_assert_eq(
        program_shell(
            "for s in bash zsh fish; do \"$R\" help --completions $s > c.$s || exit; done\n"
            "for c in $(\"$R\" help | sed -n '/^Commands/,/^Options/p' | awk '/^  /{print $1}'); "
            "do\n"
            "  \"$R\" help --man $c > c.man && grep -q \"^.TH RUNNEL-\" c.man || exit\n"
            "  grep -q \"from help' -f -a $c\\$\" c.fish || { echo \"help $c\"; exit 1; }\n"
            "  for o in $(\"$R\" help $c | grep -oE '^ .{5}--[a-z-]+' | grep -oE -- '--.*'); do\n"
            "    grep -q -- \"[ ']$o \" c.bash && grep -q -- \"$o[]}'[]\" c.zsh &&\n"
            "    grep -q \"from $c' -l ${o#--}\" c.fish &&\n"
            "    sed 's/\\\\-/-/g' c.man | grep -qE -- \"^.B (-., )?$o\" ||\n"
            "      { echo \"$c $o\"; exit 1; }\n"
            "  done\n"
            "done"),
        0, "%s%s", program_read("out"), program_read("err"));
}

Test(completions, of_another_shell_are_refused)
{
    cr_expect_eq(program_run("help --completions tcsh"), 2);
    program_expect("err", "--completions expects bash, zsh or fish, got 'tcsh'");
    cr_expect_eq(program_run("help --man"), 2);
    program_expect("err", "--man needs a command");
    cr_expect_eq(program_run("help --man trian"), 2);
    program_expect("err", "train");
}
