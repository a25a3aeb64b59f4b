/*
 * `--products onednn` where the library that it loads is another, or none.
 */
#include "engine/onednn_name.h"
#include "tests/program.h"

#include <criterion/criterion.h>

TestSuite(program_products, .init = program_enter, .fini = scratch_leave);

#define TRAIN "\"$R\" train " SPIRALS " --set training.epochs=1 --products onednn "

/* Another file by the name of oneDNN's library. */
static void plant(const char *command)
{
    cr_assert_eq(program_shell("mkdir -p lib && %s lib/" RNL_DNNL_SONAME, command), 0);
}

/* Without AVX-512 such a run has been refused for that. */
static bool loads_onednn(void)
{
    const int code = program_shell(TRAIN "-o a >out 2>err");
    cr_assert(code == 0 || code == 2, "%s", program_read("err"));
    return code == 0;
}

static void expect_refused(const char *says)
{
    cr_expect_eq(program_shell("LD_LIBRARY_PATH=lib:$LD_LIBRARY_PATH " TRAIN "-o b >out 2>err"), 1);
    program_expect("err", "oneDNN's library " RNL_DNNL_SONAME " cannot be loaded: ");
    program_expect("err", says);
    cr_expect_not(program_has("b"));
    cr_expect_eq(
        program_shell("LD_LIBRARY_PATH=lib:$LD_LIBRARY_PATH " TRAIN "-o a --force >out 2>err"), 1);
    cr_expect(program_has("a/model.safetensors"));
}

Test(program_products, a_library_that_is_none_is_refused)
{
    if (!loads_onednn())
        return;
    plant(": >");
    expect_refused("file too short");
    plant("cp '" NO_LOCKS "'");
    expect_refused("dnnl_engine_create");
}

/* All else does without it. */
Test(program_products, nothing_else_loads_it)
{
    plant(": >");
    cr_expect_eq(
        program_shell("LD_LIBRARY_PATH=lib:$LD_LIBRARY_PATH \"$R\" --version >out 2>err && "
                      "LD_LIBRARY_PATH=lib:$LD_LIBRARY_PATH \"$R\" train " SPIRALS
                      " --set training.epochs=1 -o c >out 2>err"),
        0, "%s", program_read("err"));
}
