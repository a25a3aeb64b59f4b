/*
 * A checkpoint knows the rows that it was made with: training goes on with those alone.
 */
#include "engine/schema/config.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 40, FEATURES = 3 };

/* The arrays of both parts, and what changes in them. */
typedef struct arrays {
    float x[2][ROWS * FEATURES], weights[2][ROWS];
    int32_t classes[2][ROWS];
    float values[2][ROWS];
    bool regression;
} arrays;

static arrays fill(void)
{
    arrays a = {0};
    for (size_t p = 0; p < 2; ++p)
        for (size_t i = 0; i < ROWS; ++i) {
            a.classes[p][i] = (int32_t)(i % 2);
            a.values[p][i] = (float)i / ROWS;
            a.weights[p][i] = 1 + (float)i / ROWS;
            for (size_t j = 0; j < FEATURES; ++j)
                a.x[p][i * FEATURES + j] = (float)((i * 7 + j * 5 + p) % 11) / 11;
        }
    return a;
}

static rnl_data *data_of(const arrays *a)
{
    static const size_t shape[] = {FEATURES};
    rnl_rows parts[2];
    for (size_t p = 0; p < 2; ++p)
        parts[p] = (rnl_rows){.rows = ROWS,
                              .rank = 1,
                              .shape = shape,
                              .floats = a->x[p],
                              .classes = a->regression ? NULL : a->classes[p],
                              .values = a->regression ? a->values[p] : NULL,
                              .value_columns = a->regression,
                              .sample_weights = a->weights[p]};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &parts[0], &parts[1], NULL), RNL_OK, "%s", rnl_message());
    return data;
}

static rnl_config *config_of(const arrays *a)
{
    return fixture_config("model: [dense: {units: %d%s}]\n"
                          "training: {loss: %s, optimizer: adam, batch_size: 8, epochs: 4}\n",
                          a->regression ? 1 : 2, a->regression ? "" : ", activation: softmax",
                          a->regression ? "mean_squared_error" : "sparse_categorical_crossentropy");
}

static int stop_at_7(const rnl_progress *progress, void *user)
{
    (void)user;
    return progress->step == 7;
}

/* A checkpoint in the middle of the second epoch. */
static void make_checkpoint(const char *path, const arrays *a)
{
    const rnl_options options = {.threads = 1, .on_step = stop_at_7, .checkpoint = path};
    rnl_data *data = data_of(a);
    rnl_model *model = fixture_model(config_of(a), data);
    cr_assert_eq(rnl_train(model, data, &options), RNL_STOPPED, "%s", rnl_message());
    rnl_model_free(model);
    rnl_data_free(data);
}

static rnl_status go_on(const char *path, const arrays *a)
{
    rnl_config *config = config_of(a);
    rnl_data *data = data_of(a);
    rnl_model *model = NULL;
    cr_assert_eq(rnl_model_resume(&model, path, config), RNL_OK, "%s", rnl_message());
    const rnl_status status = rnl_train(model, data, NULL);
    rnl_model_free(model);
    rnl_data_free(data);
    rnl_config_free(config);
    return status;
}

static void expect_refused(const char *path, const arrays *a, const char *part)
{
    char words[160];
    snprintf(words, sizeof words,
             "%s rows: %s rows are not those that the checkpoint was made with: bring those "
             "back, or begin anew: --force",
             strstr(part, "validation") ? "validation" : "training", part);
    cr_expect_eq(go_on(path, a), RNL_BAD_DATA, "%s", part);
    cr_expect_str_eq(rnl_message(), words);
}

static char path[] = "/tmp/rnl_test_resume_data_XXXXXX", previous[64];

static void enter(void)
{
    const int file = mkstemp(path);
    cr_assert_geq(file, 0);
    close(file);
    snprintf(previous, sizeof previous, "%s.previous", path);
}

static void leave(void)
{
    unlink(path);
    unlink(previous);
}

TestSuite(resume_data, .init = enter, .fini = leave);

Test(resume_data, every_part_is_looked_at)
{
    for (int regression = 0; regression < 2; ++regression) {
        arrays kept = fill();
        kept.regression = regression;
        make_checkpoint(path, &kept);
        arrays a = kept;
        a.x[0][ROWS * FEATURES - 1] += 0.001f;
        expect_refused(path, &a, "the inputs of the training");
        a = kept;
        a.classes[0][5] = 1 - a.classes[0][5];
        a.values[0][5] += 1;
        expect_refused(path, &a, "the targets of the training");
        a = kept;
        a.weights[0][0] = 3;
        expect_refused(path, &a, "the sample weights of the training");
        a = kept;
        a.x[1][0] = -1;
        expect_refused(path, &a, "the inputs of the validation");
        a = kept;
        a.classes[1][ROWS - 1] = 1 - a.classes[1][ROWS - 1];
        a.values[1][ROWS - 1] += 1;
        expect_refused(path, &a, "the targets of the validation");
        a = kept;
        a.weights[1][3] = 0;
        expect_refused(path, &a, "the sample weights of the validation");
        cr_expect_eq(go_on(path, &kept), RNL_OK, "%s", rnl_message());
    }
}

/* A model whose training has ended has no rows to go on with: any will do, and its file says
 * nothing of them. */
Test(resume_data, a_finished_model_takes_any_rows)
{
    arrays a = fill();
    rnl_data *data = data_of(&a);
    rnl_model *model = fixture_model(config_of(&a), data);
    cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
    rnl_data_free(data);
    cr_assert_eq(rnl_model_save(model, path), RNL_OK);
    char text[1 << 14];
    FILE *file = fopen(path, "r");
    const size_t length = fread(text, 1, sizeof text, file);
    fclose(file);
    cr_expect_null(memmem(text, length, "data_digest", 11));
    a.x[0][0] = 9;
    data = data_of(&a);
    cr_expect_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
    rnl_data_free(data);
    rnl_model_free(model);
}
