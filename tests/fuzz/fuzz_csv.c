/*
 * Tables under several configurations.  Read again with the encoding that was measured, after it
 * has been through its JSON, a table gives the same numbers.
 */
#include "engine/data/csv_reader.h"
#include "engine/data/formats.h"
#include "tests/fuzz/fuzz.h"

static char comma[] = ",", semicolon[] = ";", point[] = ".", whitespace[] = RNL_CSV_WHITESPACE,
            name_x[] = "x", name_y[] = "y", number_1[] = "1", number_2[] = "2",
            question_mark[] = "?", automatic[] = "auto";
static char *list_x[] = {name_x}, *list_y[] = {name_y}, *list_1[] = {number_1},
            *list_2[] = {number_2}, *list_missing[] = {question_mark}, *list_auto[] = {automatic};

#define LIST(items_) ((rnl_text_list){.count = 1, .items = (items_), .place.source = "fuzz.yaml"})

static rnl_status load(rnl_dataset *dataset, const rnl_csv_parameters *table, rnl_target target,
                       bool predicting, rnl_encoding *encoding)
{
    rnl_notes notes = {0};
    const rnl_loading loading = {.target = target,
                                 .two_classes = target == RNL_TARGET_VALUES,
                                 .predicting = predicting,
                                 .encoding = encoding,
                                 .notes = &notes};
    const rnl_status status = rnl_csv_format.load(dataset, table, &loading);
    rnl_notes_release(&notes);
    if (status == RNL_OK)
        fuzz_check_dataset(dataset);
    return status;
}

static void expect_same_again(const rnl_csv_parameters *table, const rnl_dataset *first,
                              const rnl_encoding *encoding)
{
    rnl_encoding copy;
    rnl_dataset again;
    fuzz_expect(rnl_encoding_copy(&copy, encoding) == RNL_OK, rnl_message());
    fuzz_expect(load(&again, table, RNL_TARGET_CLASS, true, &copy) == RNL_OK, rnl_message());
    fuzz_expect(again.rows == first->rows && again.features == first->features, "the same shape");
    fuzz_expect(
        memcmp(again.inputs, first->inputs, first->rows * first->features * sizeof(float)) == 0,
        "the same inputs");
    rnl_dataset_release(&again);
    rnl_encoding_release(&copy);
}

static void fuzz_table(const rnl_csv_parameters *table, rnl_target target)
{
    rnl_encoding encoding = {.rules.rare = target == RNL_TARGET_CLASS ? 2 : 0};
    rnl_dataset dataset;
    if (load(&dataset, table, target, false, &encoding) == RNL_OK) {
        if (table->missing.kind != &rnl_missing_rules.kinds[RNL_MISSING_DROP])
            expect_same_again(table, &dataset, &encoding);
        rnl_dataset_release(&dataset);
    }
    rnl_encoding_release(&encoding);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    const rnl_kind *const rules = rnl_missing_rules.kinds;
    rnl_csv_parameters table = {
        .path = (char *)(uintptr_t)fuzz_file(bytes, count),
        .target = LIST(list_y),
        .delimiter = comma,
        .decimal = point,
        .header = true,
        .missing.kind = &rules[RNL_MISSING_FILL],
        .missing_values = LIST(list_missing),
    };
    fuzz_table(&table, RNL_TARGET_VALUES);
    table.categorical = LIST(list_x);
    fuzz_table(&table, RNL_TARGET_CLASS);
    table.categorical = LIST(list_auto);
    fuzz_table(&table, RNL_TARGET_CLASS);
    table.missing.kind = &rules[RNL_MISSING_DROP];
    table.categorical = (rnl_text_list){0};
    table.sample_weight = LIST(list_x);
    fuzz_table(&table, RNL_TARGET_DISTRIBUTION);
    table.sample_weight = (rnl_text_list){0};
    table.header = false;
    table.delimiter = semicolon;
    table.target = LIST(list_1);
    table.categorical = LIST(list_2);
    table.missing.kind = &rules[RNL_MISSING_ERROR];
    fuzz_table(&table, RNL_TARGET_CLASS);
    table.delimiter = whitespace;
    table.decimal = comma;
    table.categorical = (rnl_text_list){0};
    table.ignore = LIST(list_2);
    fuzz_table(&table, RNL_TARGET_VALUES);
    return 0;
}
