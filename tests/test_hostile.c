/*
 * Configurations and model files that ask for what no machine has, and checkpoints of trainings
 * that cannot have been: the digest is right, as the author of such a file can compute it.
 */
#include "engine/schema/config.h"
#include "tests/fixtures.h"
#include "tests/scratch.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define TRAINING                                                                                   \
    "training: {loss: sparse_categorical_crossentropy, optimizer: adam, batch_size: 16,\n"         \
    "           early_stopping: {patience: 3, monitor: loss}}\n"

TestSuite(hostile, .init = scratch_enter, .fini = scratch_leave);

static const char path[] = "model.safetensors";

static rnl_model *small_model(rnl_data **data)
{
    *data = fixture_data(40, 3, 2, RNL_FLOAT32);
    return fixture_model(
        fixture_config("model: [dense: {units: 2, activation: softmax}]\n" TRAINING), *data);
}

/* ---- groups of layers ------------------------------------------------------------------------ */

static const struct {
    const char *layers, *message;
} groups[] = {
    {"{repeat: {times: 65536, layers: [{repeat: {times: 2, layers: [flatten]}}]}}",
     "expected at most 65536 layers, got 131073"},
    {"{repeat: {times: 65536, layers: [flatten, flatten]}}", "got 131073"},
    {"{repeat: {times: 65536, layers: [{repeat: {times: 65536, layers: [{repeat: {times: 65536, "
     "layers: [{repeat: {times: 65536, layers: [flatten]}}]}}]}}]}}",
     "got 18446744073709551615 or more"},
    {"{repeat: {times: 65536, layers: [{repeat: {times: 65536, layers: [{repeat: {times: 65536, "
     "layers: [{repeat: {times: 65535, layers: [flatten]}}]}}]}}, {repeat: {times: 65536, layers: "
     "[{repeat: {times: 65536, layers: [{repeat: {times: 65536, layers: [flatten]}}]}}]}}, "
     "flatten]}}",
     "or more"},
    {"{repeat: {times: 65536, layers: [{residual: [flatten]}]}}", "got 19660"},
    {"{repeat: {times: 65536, layers: [{residual: [{repeat: {times: 65536, layers: [{residual: "
     "[{repeat: {times: 65536, layers: [{residual: [{repeat: {times: 65536, layers: "
     "[flatten]}}]}]}}]}]}}]}]}}",
     "or more"},
};

Test(hostile, layers_are_counted_before_they_are_made)
{
    rnl_data *data;
    rnl_model *model = small_model(&data);
    cr_assert_eq(rnl_model_save(model, path), RNL_OK);
    for (size_t i = 0; i < sizeof groups / sizeof *groups; ++i) {
        rnl_config *config =
            fixture_config("model: [%s, dense: {units: 2}]\n" TRAINING, groups[i].layers);
        rnl_model *made = NULL;
        cr_expect_eq(rnl_model_create(&made, config, data), RNL_BAD_CONFIG);
        cr_expect(strstr(rnl_message(), groups[i].message), "%s", rnl_message());
        rnl_config_free(config);
        char override[1024];
        const char *const overrides[] = {override};
        snprintf(override, sizeof override, "model=[%s, dense: {units: 2}]", groups[i].layers);
        cr_expect_eq(rnl_model_load(&made, path, overrides, 1), RNL_BAD_CONFIG);
        cr_expect(strstr(rnl_message(), groups[i].message), "%s", rnl_message());
    }
    rnl_model_free(model);
    rnl_data_free(data);
}

/* A layer for each that may be, with names of their own. */
Test(hostile, as_many_layers_as_there_may_be)
{
    rnl_data *data = fixture_data(2, 3, 2, RNL_FLOAT32);
    rnl_model *model = fixture_model(
        fixture_config("model: [{repeat: {times: 32767, layers: [flatten, {dropout: 0.1}]}},\n"
                       "        {dense: {units: 2, activation: softmax}}]\n" TRAINING),
        data);
    cr_expect_eq(model->layer_count, 65535);
    cr_expect_str_eq(model->layers[65532].name, "flatten_32767");
    cr_expect_str_eq(model->layers[65533].name, "dropout_32767");
    cr_expect_str_eq(model->layers[65534].name, "dense_1");
    rnl_model_free(model);
    rnl_data_free(data);
}

/* The sizes multiply beyond the address space, though each may be. */
Test(hostile, sizes_are_summed_up_before_anything_is_made)
{
    const rnl_shape wide = {.rank = 3, .size = {1u << 31, 1u << 31, 2}};
    rnl_config *config = fixture_config("model: [flatten, activation: softmax]\n" TRAINING);
    rnl_model *model = NULL;
    cr_expect_eq(rnl_model_build(&model, config, &wide), RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), "more numbers than memory can ever hold"), "%s", rnl_message());
    const rnl_shape long_row = {.rank = 1, .size = {(size_t)1 << 40}};
    config = fixture_config("model: [dense: {units: 16777216}]\n" TRAINING);
    cr_expect_eq(rnl_model_build(&model, config, &long_row), RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), "more numbers than memory can ever hold"), "%s", rnl_message());
}

/* ---- positions ------------------------------------------------------------------------------- */

static int stop_in_second_epoch(const rnl_progress *progress, void *user)
{
    (void)user;
    return progress->step == 5;
}

#define POSITION(member, value_)                                                                   \
    {                                                                                              \
#member, offsetof(rnl_position, member), .whole = (value_)                                 \
    }
#define NUMBER(member, value_)                                                                     \
    {                                                                                              \
#member, offsetof(rnl_position, member), .is_number = true, .number = (value_)             \
    }

/* What a position of step 5 of 3 to an epoch cannot have. */
static const struct {
    const char *name;
    size_t offset;
    bool is_number;
    uint64_t whole;
    double number;
} wrong[] = {
    POSITION(epoch, 2),
    POSITION(epoch, 0),
    POSITION(epoch, UINT64_MAX),
    POSITION(rows, 0),
    POSITION(rows, 33),
    POSITION(rows, 41),
    POSITION(rows, (uint64_t)-1),
    POSITION(step, 4),
    POSITION(step, UINT64_MAX),
    POSITION(reported_step, 6),
    POSITION(train_rows, 0),
    POSITION(sums.rows, (uint64_t)1 << 60),
    POSITION(schedule_start, 6),
    POSITION(plateau.looked, 2),
    POSITION(plateau.wait, (uint64_t)-1),
    POSITION(patience.best_epoch, 0),
    POSITION(patience.best_epoch, 3),
    POSITION(patience.best_step, 0),
    POSITION(patience.best_step, 6),
    POSITION(patience.wait, (uint64_t)-1),
    POSITION(patience.over, 2),
    NUMBER(sums.loss, NAN),
    NUMBER(momentum_product, NAN),
    NUMBER(momentum_product, -1),
    NUMBER(momentum_product, INFINITY),
    NUMBER(plateau.learning_rate, NAN),
    NUMBER(plateau.learning_rate, -0.5),
    NUMBER(patience.best, NAN),
    NUMBER(found_rate, NAN),
    NUMBER(found_rate, -1),
};

/* Saves the model at the position, loads it and goes on. */
static rnl_status go_on(rnl_model *model, const rnl_position *position, const rnl_data *data)
{
    const rnl_position own = model->position;
    rnl_model *read = NULL;
    model->position = *position;
    cr_assert_eq(rnl_model_save(model, path), RNL_OK, "%s", rnl_message());
    model->position = own;
    rnl_status status = rnl_model_load(&read, path, NULL, 0);
    if (status == RNL_OK)
        status = rnl_train(read, data, NULL);
    rnl_model_free(read);
    return status;
}

static rnl_model *stopped_model(rnl_data **data)
{
    const rnl_options options = {.threads = 1, .on_step = stop_in_second_epoch};
    *data = fixture_data(40, 3, 2, RNL_FLOAT32);
    rnl_model *model = fixture_model(
        fixture_config(
            "model: [dense: {units: 2, activation: softmax}]\n"
            "training: {loss: sparse_categorical_crossentropy, optimizer: nadam,\n"
            "  batch_size: 16, epochs: 4, early_stopping: {patience: 3, monitor: loss}}"),
        *data);
    cr_assert_eq(rnl_train(model, *data, &options), RNL_STOPPED);
    cr_assert_eq(model->position.patience.best_step, 3);
    return model;
}

Test(hostile, positions_that_no_training_has)
{
    rnl_data *data;
    rnl_model *model = stopped_model(&data);
    cr_assert_eq(go_on(model, &model->position, data), RNL_OK, "%s", rnl_message());
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
        rnl_position position = model->position;
        char *at = (char *)&position + wrong[i].offset;
        if (wrong[i].is_number)
            memcpy(at, &wrong[i].number, sizeof wrong[i].number);
        else
            memcpy(at, &wrong[i].whole, sizeof wrong[i].whole);
        cr_expect_eq(go_on(model, &position, data), RNL_BAD_DATA, "%s, %llu or %g", wrong[i].name,
                     (unsigned long long)wrong[i].whole, wrong[i].number);
        cr_expect(strstr(rnl_message(), "not a whole checkpoint"), "%s: %s", wrong[i].name,
                  rnl_message());
    }
    rnl_model_free(model);
    rnl_data_free(data);
}

/* The position says that there are best weights, the file has none. */
Test(hostile, best_weights_that_are_not_there)
{
    rnl_data *data;
    rnl_model *model = stopped_model(&data);
    for (size_t p = 0; p < model->layers[0].parameter_count; ++p) {
        free(model->layers[0].parameters[p].arrays[RNL_BEST]);
        model->layers[0].parameters[p].arrays[RNL_BEST] = NULL;
    }
    rnl_position position = model->position;
    cr_expect_eq(go_on(model, &position, data), RNL_BAD_DATA);
    cr_expect(strstr(rnl_message(), "tensor dense_1.kernel.best is missing"), "%s", rnl_message());
    position.patience.best_epoch = 0;
    cr_expect_eq(go_on(model, &position, data), RNL_BAD_DATA);
    rnl_model_free(model);
    rnl_data_free(data);
}

Test(hostile, positions_that_are_no_text_of_ours)
{
    rnl_position position = {.step = 1, .epoch = 1, .train_rows = 3};
    char text[RNL_POSITION_TEXT + 8];
    rnl_position_print(&position, text);
    cr_expect(rnl_position_parse(&position, text));
    const size_t length = strlen(text);
    strcpy(text + length, " 0");
    cr_expect_not(rnl_position_parse(&position, text), "%s", text);
    text[length - 2] = '\0';
    cr_expect_not(rnl_position_parse(&position, text), "%s", text);
    rnl_position_print(&position, text);
    memcpy(text, "-1", 2);
    cr_expect_not(rnl_position_parse(&position, text), "%s", text);
    cr_expect_not(rnl_position_parse(&position, ""));
}
