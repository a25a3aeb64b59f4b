/*
 * What a model says that it was computed with: what its bits depend on, which is the version of the
 * cut and no instruction set.
 */
#include "simd/kernels.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has(rnl_isa isa)
{
    return rnl_kernels_of(isa) != NULL;
}

typedef struct journal {
    char warning[256];
    uint64_t stop_at;
} journal;

static int stop_at(const rnl_progress *progress, void *user)
{
    return progress->step == ((const journal *)user)->stop_at;
}

static void keep_warning(rnl_log_level level, const char *text, void *user)
{
    journal *j = user;
    if (level == RNL_LOG_WARNING && strstr(text, "computed with"))
        snprintf(j->warning, sizeof j->warning, "%s", text);
}

static rnl_status train(rnl_model *model, const rnl_data *data, journal *j)
{
    const rnl_options options = {
        .threads = 1, .on_step = stop_at, .on_log = keep_warning, .user = j};
    return rnl_train(model, data, &options);
}

static rnl_model *create_model(const rnl_data *data)
{
    return fixture_model(
        fixture_config("model: [dense: {units: 40, activation: elu},\n"
                       "        dense: {units: 5, activation: softmax}]\n"
                       "training: {loss: sparse_categorical_crossentropy, optimizer: sgd,\n"
                       "           batch_size: 16, epochs: 2}\n"),
        data);
}

static void expect_in(const char *text, const char *part)
{
    cr_expect(strstr(text, part) != NULL, "'%s' is not in '%s'", part, text);
}

/* Nothing is said, and nothing shows it. */
Test(computed_with, another_instruction_set_goes_on_with_the_same_bits)
{
    rnl_data *data = fixture_data(64, 7, 5, RNL_FLOAT32);
    rnl_model *whole = create_model(data);
    journal j = {0};
    setenv("RUNNEL_ISA", "scalar", 1);
    cr_assert_eq(train(whole, data, &j), RNL_OK, "%s", rnl_message());
    for (rnl_isa isa = RNL_ISA_SCALAR; isa < RNL_ISA_COUNT && has(isa); ++isa)
        for (rnl_isa later = RNL_ISA_SCALAR; later < RNL_ISA_COUNT && has(later); ++later) {
            rnl_model *model = create_model(data);
            setenv("RUNNEL_ISA", rnl_isa_name(isa), 1);
            j.stop_at = 3;
            cr_assert_eq(train(model, data, &j), RNL_STOPPED, "%s", rnl_message());
            setenv("RUNNEL_ISA", rnl_isa_name(later), 1);
            j.stop_at = 0;
            cr_assert_eq(train(model, data, &j), RNL_OK, "%s", rnl_message());
            cr_expect_str_eq(model->computed_with, whole->computed_with);
            cr_expect_eq(fixture_hash(model), fixture_hash(whole), "%s, then %s", rnl_isa_name(isa),
                         rnl_isa_name(later));
            rnl_model_free(model);
        }
    cr_expect_str_eq(j.warning, "");
    rnl_model_free(whole);
    rnl_data_free(data);
}

Test(computed_with, another_version_is_warned_of)
{
    rnl_data *data = fixture_data(64, 7, 5, RNL_FLOAT32);
    rnl_model *model = create_model(data);
    journal j = {.stop_at = 3};
    cr_assert_eq(train(model, data, &j), RNL_STOPPED, "%s", rnl_message());
    snprintf(model->computed_with, sizeof model->computed_with, "oneDNN 2.6.3, avx2, cut 7");
    j.stop_at = 0;
    cr_assert_eq(train(model, data, &j), RNL_OK, "%s", rnl_message());
    expect_in(j.warning,
              "the checkpoint was computed with oneDNN 2.6.3, avx2, cut 7, this is cut ");
    expect_in(model->computed_with, "cut ");
    rnl_model_free(model);
    rnl_data_free(data);
}
