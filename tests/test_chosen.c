/*
 * Lists that benchmarks take, `--activations relu,elu`, and all of a table in their place.
 */
#include "benchmarks/chosen.h"
#include "engine/kinds/activations.h"
#include "engine/kinds/optimizers.h"

#include <criterion/criterion.h>
#include <string.h>

static bool has(const rnl_choice_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; ++i)
        if (strcmp(list->items[i].kind->name, name) == 0)
            return true;
    return false;
}

Test(chosen, all_are_those_that_need_no_parameters)
{
    rnl_choice_list list = {0};
    cr_assert_eq(rnl_choose(&list, &rnl_activations, "--activations", NULL, NULL), RNL_OK, "%s",
                 rnl_message());
    cr_expect(has(&list, "relu"));
    cr_expect(has(&list, "gelu"));
    cr_expect_not(has(&list, "formula"));
    cr_expect_not(has(&list, "callback"));
    rnl_choose_release(&list, &rnl_activations);
}

Test(chosen, more_stand_behind_all)
{
    rnl_choice_list list = {0};
    cr_assert_eq(
        rnl_choose(&list, &rnl_optimizers, "--optimizers", NULL, "rmsprop: {momentum: 0.9}"),
        RNL_OK, "%s", rnl_message());
    cr_expect_eq(list.count, rnl_optimizers.count + 1);
    cr_expect_str_eq(list.items[list.count - 1].kind->name, "rmsprop");
    rnl_choose_release(&list, &rnl_optimizers);
}
