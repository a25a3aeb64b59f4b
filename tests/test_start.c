/*
 * Training that starts from an earlier model: layers by name, scaling, categories, the optimizer's
 * state.
 */
#include "engine/schema/config.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 83, FEATURES = 7, CLASSES = 5 };

static rnl_model *create(const rnl_data *data, const char *layers, const char *rest)
{
    return fixture_model(
        fixture_config("%s\nmodel: [%s]\n"
                       "training: {loss: sparse_categorical_crossentropy, batch_size: 16, %s}\n",
                       strstr(rest, "scaled") ? "data: {scaling: standardize}" : "data: {}", layers,
                       rest + (strstr(rest, "scaled") ? strlen("scaled, ") : 0)),
        data);
}

static rnl_data *create_data(void)
{
    return fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
}

static bool equal(const rnl_parameter *a, const rnl_parameter *b, size_t array)
{
    return memcmp(a->arrays[array], b->arrays[array], rnl_parameter_count(a) * sizeof(float)) == 0;
}

#define THREE                                                                                      \
    "dense: {units: 20, activation: tanh}, batch_normalization, dense: {units: 9, name: code}, "   \
    "dense: {units: 5, activation: softmax, name: head}"

Test(start, takes_layers_of_the_same_name)
{
    rnl_data *data = create_data();
    rnl_model *earlier = create(data, THREE, "optimizer: adam, seed: 1");
    cr_assert_eq(rnl_train(earlier, data, NULL), RNL_OK);
    rnl_model *model = create(data,
                              "dense: {units: 20, activation: elu}, batch_normalization, "
                              "dense: {units: 9, name: other}, prelu, dense: {units: 9, name: "
                              "code}, dense: {units: 5, activation: softmax, name: head}",
                              "optimizer: sgd, seed: 2");
    rnl_model *plain = create(data,
                              "dense: {units: 20, activation: elu}, batch_normalization, "
                              "dense: {units: 9, name: other}, prelu, dense: {units: 9, name: "
                              "code}, dense: {units: 5, activation: softmax, name: head}",
                              "optimizer: sgd, seed: 2");
    char *report = NULL;
    cr_expect_eq(rnl_model_start_from(model, earlier, 0, &report), RNL_BAD_DATA);
    cr_expect_str_eq(rnl_message(),
                     "layer code: kernel 20 x 9 in the earlier model, kernel 9 x 9 in this one: "
                     "another name, or --skip-mismatch, lets it start fresh");
    cr_expect_eq(fixture_hash(model), fixture_hash(plain));
    cr_assert_eq(rnl_model_start_from(model, earlier, RNL_SKIP_MISMATCH, &report), RNL_OK, "%s",
                 rnl_message());
    cr_expect_str_eq(report, "taken: dense_1, batch_normalization_1, head\n"
                             "skipped: code (kernel 20 x 9 there, kernel 9 x 9 here)\n"
                             "fresh: other, prelu_1\n");
    for (size_t p = 0; p < 2; ++p) {
        cr_expect(equal(&model->layers[0].parameters[p], &earlier->layers[0].parameters[p], 0));
        cr_expect(equal(&model->layers[2].parameters[p], &plain->layers[2].parameters[p], 0));
        cr_expect(equal(&model->layers[4].parameters[p], &plain->layers[4].parameters[p], 0));
        cr_expect(equal(&model->layers[5].parameters[p], &earlier->layers[3].parameters[p], 0));
    }
    for (size_t p = 0; p < 4; ++p)
        cr_expect(equal(&model->layers[1].parameters[p], &earlier->layers[1].parameters[p], 0));
    rnl_text_free(report);
    rnl_model_free(model);
    rnl_model_free(plain);
    rnl_model_free(earlier);
    rnl_data_free(data);
}

/* Batch normalization with and without gamma have other parameters. */
Test(start, is_refused_where_nothing_fits)
{
    static const struct {
        const char *layers, *message;
    } mistakes[] = {
        {"dense: {units: 5, activation: softmax, name: top}",
         "no layer can start from the earlier model: its layers are dense_1, "
         "batch_normalization_1, code, head, those of this one top"},
        {"batch_normalization: {scale: false}, dense: {units: 5, activation: softmax, name: top}",
         "layer batch_normalization_1: gamma 20 in the earlier model, beta 7 in this one"},
        {"dense: {units: 20, use_bias: false}, dense: {units: 5, activation: softmax, name: top}",
         "layer dense_1: bias 20 in the earlier model, no more in this one"},
    };
    rnl_data *data = create_data();
    rnl_model *earlier = create(data, THREE, "optimizer: adam, seed: 1");
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; ++i) {
        rnl_model *model = create(data, mistakes[i].layers, "optimizer: adam");
        cr_expect_eq(rnl_model_start_from(model, earlier, 0, NULL), RNL_BAD_DATA);
        cr_expect(strstr(rnl_message(), mistakes[i].message) == rnl_message(), "%s", rnl_message());
        rnl_model_free(model);
    }
    rnl_model_free(earlier);
    rnl_data_free(data);
}

Test(start, takes_the_scaling_of_the_same_kind)
{
    rnl_data *data = create_data(), *others = fixture_data(40, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *earlier = create(data, THREE, "scaled, optimizer: adam");
    rnl_model *same = create(others, THREE, "scaled, optimizer: adam");
    rnl_model *plain = create(others, THREE, "optimizer: adam");
    char *report = NULL;
    cr_assert_neq(same->scaler.centre[0], earlier->scaler.centre[0]);
    cr_assert_eq(rnl_model_start_from(same, earlier, 0, &report), RNL_OK);
    cr_expect(strstr(report, "scaling of inputs: by the numbers of the earlier model\n"), "%s",
              report);
    cr_expect_eq(memcmp(same->scaler.centre, earlier->scaler.centre, FEATURES * sizeof(double)), 0);
    cr_expect_eq(memcmp(same->scaler.scale, earlier->scaler.scale, FEATURES * sizeof(double)), 0);
    rnl_text_free(report);
    cr_assert_eq(rnl_model_start_from(plain, earlier, 0, &report), RNL_OK);
    cr_expect(strstr(report, "scaling of inputs: none here, standardize there: as the "
                             "configuration says\n"),
              "%s", report);
    rnl_text_free(report);
    rnl_model_free(earlier);
    rnl_model_free(same);
    rnl_model_free(plain);
    rnl_data_free(data);
    rnl_data_free(others);
}

static int stop_at(const rnl_progress *progress, void *user)
{
    return progress->step == *(const uint64_t *)user;
}

/* One epoch, and a second from its checkpoint with the optimizer's state, are the two epochs of one
 * run, where rows and rates are the same in each. */
Test(start, goes_on_with_the_state_of_the_optimizer)
{
    static const char *const optimizers[] = {"adam", "nadam", "momentum", "rmsprop", "adamax"};
    char path[] = "/tmp/runnel_start_XXXXXX";
    close(mkstemp(path));
    rnl_data *data = create_data();
    for (size_t i = 0; i < sizeof optimizers / sizeof *optimizers; ++i) {
        char training[160];
        snprintf(training, sizeof training,
                 "optimizer: %s, shuffle: false, epochs: ", optimizers[i]);
        char one[200], two[200];
        snprintf(one, sizeof one, "%s1", training);
        snprintf(two, sizeof two, "%s2", training);
        rnl_model *whole = create(data, THREE, two), *first = create(data, THREE, two);
        rnl_model *second = create(data, THREE, one), *fresh = create(data, THREE, one), *earlier;
        uint64_t step = (ROWS + 15) / 16;
        const rnl_options options = {.on_step = stop_at, .user = &step};
        cr_assert_eq(rnl_train(first, data, &options), RNL_STOPPED);
        cr_assert_eq(rnl_model_save(first, path), RNL_OK);
        cr_assert_eq(rnl_model_load(&earlier, path, NULL, 0), RNL_OK, "%s", rnl_message());
        char *report = NULL;
        cr_assert_eq(rnl_model_start_from(second, earlier, RNL_KEEP_OPTIMIZER, &report), RNL_OK);
        cr_expect(strstr(report, "optimizer's state: after 6 steps\n"), "%s", report);
        rnl_text_free(report);
        cr_assert_eq(rnl_model_start_from(fresh, earlier, 0, NULL), RNL_OK);
        cr_assert_eq(rnl_train(whole, data, NULL), RNL_OK);
        /* Stopped, saved and resumed in between. */
        step = 2;
        cr_assert_eq(rnl_train(second, data, &options), RNL_STOPPED);
        cr_assert_eq(rnl_model_save(second, path), RNL_OK);
        rnl_model_free(second);
        cr_assert_eq(rnl_model_load(&second, path, NULL, 0), RNL_OK, "%s", rnl_message());
        cr_assert_eq(rnl_train(second, data, NULL), RNL_OK);
        cr_assert_eq(rnl_train(fresh, data, NULL), RNL_OK);
        cr_expect_eq(fixture_hash(second), fixture_hash(whole), "%s", optimizers[i]);
        cr_expect_neq(fixture_hash(fresh), fixture_hash(whole), "%s", optimizers[i]);
        rnl_model_free(whole);
        rnl_model_free(first);
        rnl_model_free(second);
        rnl_model_free(fresh);
        rnl_model_free(earlier);
    }
    unlink(path);
    rnl_data_free(data);
}

Test(start, without_state_that_fits_the_optimizer_is_fresh)
{
    rnl_data *data = create_data();
    rnl_model *earlier = create(data, THREE, "optimizer: adam");
    rnl_model *model = create(data, THREE, "optimizer: sgd");
    char *report = NULL;
    cr_assert_eq(rnl_model_start_from(model, earlier, RNL_KEEP_OPTIMIZER, &report), RNL_OK);
    cr_expect(strstr(report, "optimizer's state: fresh: the earlier model is no checkpoint\n"));
    rnl_text_free(report);
    uint64_t step = 3;
    const rnl_options options = {.on_step = stop_at, .user = &step};
    cr_assert_eq(rnl_train(earlier, data, &options), RNL_STOPPED);
    cr_assert_eq(rnl_model_start_from(model, earlier, RNL_KEEP_OPTIMIZER, &report), RNL_OK);
    cr_expect(strstr(report, "optimizer's state: fresh: sgd here, adam there\n"), "%s", report);
    rnl_text_free(report);
    cr_expect_eq(rnl_model_start_from(earlier, model, 0, NULL), RNL_BAD_CONFIG);
    cr_assert_eq(rnl_train(model, data, NULL), RNL_OK);
    rnl_model_free(earlier);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* ---- files of other programs, tables --------------------------------------------------------- */

static void write_file(const char *path, const char *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    cr_assert_eq(fwrite(bytes, 1, count, file), count);
    fclose(file);
}

Test(start, from_files_of_other_programs_is_answered)
{
    char path[] = "/tmp/runnel_start_XXXXXX";
    rnl_model *model = NULL;
    close(mkstemp(path));
    write_file(path, "\x89HDF\r\n\x1a\n with more behind", 24);
    cr_expect_eq(rnl_model_load(&model, path, NULL, 0), RNL_BAD_DATA);
    cr_expect(strstr(rnl_message(), "this is HDF5, as Keras writes .h5"), "%s", rnl_message());
    write_file(path, "PK\x03\x04 with more behind it", 24);
    cr_expect_eq(rnl_model_load(&model, path, NULL, 0), RNL_BAD_DATA);
    cr_expect(strstr(rnl_message(), "this is a zip archive, as Keras writes .keras"), "%s",
              rnl_message());
    unlink(path);
}

static rnl_config *table_config(const char *path, const char *text)
{
    write_file(path, text, strlen(text));
    return fixture_config("data: {train: {csv: {path: %s, target: y, categorical: [town, y]}}}\n"
                          "model: [dense: {units: 3, activation: softmax}]\n"
                          "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n",
                          path);
}

/* The categories of the new rows are fewer, and their columns in another order. */
Test(start, keeps_columns_and_categories)
{
    char path[] = "/tmp/runnel_start_XXXXXX";
    close(mkstemp(path));
    rnl_data *data = NULL, *later = NULL;
    rnl_config *config = table_config(path, "town,size,y\nb,1,u\na,2,v\nc,3,w\n");
    rnl_model *earlier = NULL;
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_model_create(&earlier, config, data), RNL_OK, "%s", rnl_message());
    rnl_config *next = table_config(path, "y,size,town\nw,7,c\nu,8,c\n");
    cr_assert_eq(rnl_data_load_after(&later, next, earlier, RNL_TRAIN), RNL_OK, "%s",
                 rnl_message());
    static const float expected[] = {0, 0, 1, 7, 0, 0, 1, 8};
    cr_assert_eq(later->train.features, 4);
    cr_expect_eq(memcmp(later->train.inputs, expected, sizeof expected), 0);
    cr_expect_eq(later->train.labels[0], 2);
    cr_expect_eq(later->train.labels[1], 0);
    cr_expect_eq(later->notes.count, 0);
    rnl_data_free(later);
    rnl_config_free(next);
    next = table_config(path, "town,size,y\nd,7,u\na,8,v\n");
    cr_assert_eq(rnl_data_load_after(&later, next, earlier, RNL_TRAIN), RNL_OK, "%s",
                 rnl_message());
    cr_expect_eq(later->train.features, 3);
    cr_assert_eq(later->notes.count, 1);
    cr_expect_str_eq(later->notes.items[0].text,
                     "the categories of inputs are measured anew: the earlier model does not know "
                     "'d' in column 'town'");
    rnl_data_free(later);
    rnl_data_free(data);
    rnl_config_free(next);
    rnl_config_free(config);
    rnl_model_free(earlier);
    unlink(path);
}
