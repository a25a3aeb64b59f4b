/*
 * Models in memory: the bytes of a model file, without a file.
 */
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static rnl_model *train_some(const rnl_data *data)
{
    rnl_model *model = fixture_model(
        fixture_config("data: {scaling: standardize}\n"
                       "model: [dense: {units: 9, activation: elu}, batch_normalization,\n"
                       "        dense: {units: 3, activation: softmax}]\n"
                       "training: {loss: sparse_categorical_crossentropy, optimizer: adam,\n"
                       "           epochs: 2}\n"),
        data);
    cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
    return model;
}

static void read_file(const char *path, char *bytes, size_t count)
{
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file);
    cr_assert_eq(fread(bytes, 1, count, file), count);
    cr_expect_eq(fgetc(file), EOF);
    fclose(file);
}

Test(model_memory, holds_the_bytes_of_a_file)
{
    rnl_data *data = fixture_data(50, 4, 3, RNL_FLOAT32);
    rnl_model *model = train_some(data), *loaded = NULL;
    void *bytes = NULL;
    size_t count = 0;
    cr_assert_eq(rnl_model_save_memory(model, &bytes, &count), RNL_OK, "%s", rnl_message());
    char path[] = "/tmp/rnl_memory_XXXXXX";
    close(mkstemp(path));
    cr_assert_eq(rnl_model_save(model, path), RNL_OK);
    char *file = malloc(count);
    read_file(path, file, count);
    cr_expect_arr_eq(bytes, file, count);
    free(file);
    unlink(path);
    cr_assert_eq(rnl_model_load_memory(&loaded, "bytes", bytes, count, NULL, 0), RNL_OK, "%s",
                 rnl_message());
    rnl_memory_free(bytes);
    cr_expect_eq(fixture_hash(loaded), fixture_hash(model));
    rnl_model_free(loaded);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* A model that stands between two steps goes on from memory as from where it stood. */
static int stop_at_once(const rnl_progress *progress, void *user)
{
    (void)progress;
    (void)user;
    return 1;
}

Test(model_memory, holds_a_training_that_goes_on)
{
    rnl_data *data = fixture_data(50, 4, 3, RNL_FLOAT32);
    rnl_model *whole = train_some(data), *loaded = NULL;
    rnl_model *stopped = fixture_model(
        fixture_config("data: {scaling: standardize}\n"
                       "model: [dense: {units: 9, activation: elu}, batch_normalization,\n"
                       "        dense: {units: 3, activation: softmax}]\n"
                       "training: {loss: sparse_categorical_crossentropy, optimizer: adam,\n"
                       "           epochs: 2}\n"),
        data);
    cr_assert_eq(rnl_train(stopped, data, &(const rnl_options){.on_step = stop_at_once}),
                 RNL_STOPPED);
    void *bytes = NULL;
    size_t count = 0;
    cr_assert_eq(rnl_model_save_memory(stopped, &bytes, &count), RNL_OK);
    cr_assert_eq(rnl_model_load_memory(&loaded, "bytes", bytes, count, NULL, 0), RNL_OK);
    rnl_memory_free(bytes);
    cr_expect_eq(rnl_model_step(loaded), 1);
    cr_assert_eq(rnl_train(loaded, data, NULL), RNL_OK, "%s", rnl_message());
    cr_expect_eq(fixture_hash(loaded), fixture_hash(whole));
    rnl_model_free(loaded);
    rnl_model_free(stopped);
    rnl_model_free(whole);
    rnl_data_free(data);
}

static void expect_refused(const void *bytes, size_t count, const char *words)
{
    rnl_model *model = NULL;
    cr_expect_eq(rnl_model_load_memory(&model, "bytes", bytes, count, NULL, 0), RNL_BAD_DATA);
    cr_expect_null(model);
    cr_expect(strstr(rnl_message(), words) != NULL, "%s", rnl_message());
}

Test(model_memory, that_is_damaged_is_refused)
{
    rnl_data *data = fixture_data(50, 4, 3, RNL_FLOAT32);
    rnl_model *model = train_some(data);
    void *bytes = NULL;
    size_t count = 0;
    cr_assert_eq(rnl_model_save_memory(model, &bytes, &count), RNL_OK);
    expect_refused(NULL, 0, "bytes: expected a safetensors file of at least 8 bytes, got 0");
    expect_refused(bytes, 7, "bytes: expected a safetensors file of at least 8 bytes, got 7");
    expect_refused(bytes, count / 3, "bytes: expected");
    expect_refused(bytes, count - 4, "bytes: ");
    ((char *)bytes)[count - 1] ^= 1;
    expect_refused(bytes, count, "bytes: damaged");
    rnl_memory_free(bytes);
    rnl_model_free(model);
    rnl_data_free(data);
}
