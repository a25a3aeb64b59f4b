/*
 * Formulas.  One that is accepted has operands before each operation, slopes included, and is read
 * again to the same value.
 */
#include "engine/schema/formula.h"
#include "tests/fuzz/fuzz.h"

static const char *const names[] = {"z", "epoch", NULL};

static void check_order(const rnl_formula *formula)
{
    fuzz_expect(formula->count <= RNL_FORMULA_OPERATIONS, "room for the operations");
    for (size_t i = 0; i < formula->count && !formula->full; ++i) {
        const rnl_operation *operation = &formula->operations[i];
        for (unsigned k = 0; k < rnl_operator_takes(operation->op); ++k)
            fuzz_expect(operation->operands[k] < i, "operands before their operation");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    char *text = strndup((const char *)bytes, count);
    rnl_formula *formula = NULL, *again = NULL;
    const rnl_place place = {.source = "fuzz"};
    const double at[] = {0.75, 3};
    if (rnl_formula_parse(&formula, text, place, "formula", names) == RNL_OK) {
        const double value = rnl_formula_compute(formula, formula->value, at);
        fuzz_expect(rnl_formula_parse(&again, formula->text, place, "formula", names) == RNL_OK,
                    "the same text accepted again");
        const double second = rnl_formula_compute(again, again->value, at);
        fuzz_expect(memcmp(&value, &second, sizeof value) == 0, "the same value");
        rnl_formula_slope(formula, 0);
        check_order(formula);
    }
    rnl_formula_free(formula);
    rnl_formula_free(again);
    free(text);
    return 0;
}
