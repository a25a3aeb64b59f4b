/*
 * What a model says that it was computed with: the instruction sets that really ran, whatever has
 * limited them.
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

Test(computed_with, a_set_that_changes_within_a_process)
{
    if (!has(RNL_ISA_AVX512))
        cr_skip("there is one instruction set");
    rnl_data *data = fixture_data(64, 7, 5, RNL_FLOAT32);
    rnl_model *model = create_model(data);
    journal j = {.stop_at = 3};
    setenv("RUNNEL_ISA", "avx2", 1);
    cr_assert_eq(train(model, data, &j), RNL_STOPPED, "%s", rnl_message());
    expect_in(model->computed_with, "avx2, cut ");
    cr_expect_str_eq(j.warning, "");
    setenv("RUNNEL_ISA", "avx512", 1);
    j.stop_at = 0;
    cr_assert_eq(train(model, data, &j), RNL_OK, "%s", rnl_message());
    expect_in(model->computed_with, "avx512, cut ");
    expect_in(j.warning, "avx2, cut ");
    rnl_model_free(model);
    rnl_data_free(data);
}
