/*
 * Images resized as keras.ops.image.resize does (golden/resize.json), and by a model that is asked
 * about images of other sizes.
 */
#include "engine/data/resize.h"
#include "tests/fixtures.h"
#include "tests/scratch.h"

#include <criterion/criterion.h>
#include <fenv.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t whole(const json_t *list, size_t i)
{
    return (size_t)json_integer_value(json_array_get(list, i));
}

static double number(const json_t *list, size_t i)
{
    return json_number_value(json_array_get(list, i));
}

static rnl_config *configure(const char *size)
{
    return fixture_config("data: {resize: %s}\n"
                          "model: [flatten, dense: {units: 2, activation: softmax}]\n"
                          "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n",
                          size);
}

/* Two images, as bytes and as floats, with a channel of their own or without. */
static void check_case(const json_t *golden)
{
    const json_t *from = json_object_get(golden, "from"), *to = json_object_get(golden, "to"),
                 *images = json_object_get(golden, "images"),
                 *resized = json_object_get(golden, "resized");
    const size_t shape[] = {whole(from, 0), whole(from, 1), whole(from, 2)};
    const size_t count = json_array_size(images), expected = json_array_size(resized);
    float *floats = malloc(count * sizeof *floats);
    uint8_t *bytes = malloc(count);
    char size[64];
    snprintf(size, sizeof size, "[%zu, %zu]", whole(to, 0), whole(to, 1));
    for (size_t i = 0; i < count; ++i) {
        floats[i] = (float)number(images, i);
        bytes[i] = (uint8_t)number(images, i);
    }
    rnl_config *config = configure(size);
    for (size_t kind = 0; kind < 4; ++kind) {
        const size_t rank = kind % 2 && shape[2] == 1 ? 2 : 3;
        const rnl_rows rows = {2, rank, shape, .floats = kind < 2 ? floats : NULL,
                               .bytes = kind < 2 ? NULL : bytes};
        rnl_data *data = NULL;
        fesetround(kind % 2 ? FE_UPWARD : FE_TONEAREST); /* the caller's mode changes no pixel */
        cr_assert_eq(rnl_data_create_for(&data, config, NULL, NULL, &rows), RNL_OK, "%s",
                     rnl_message());
        fesetround(FE_TONEAREST);
        const rnl_dataset *test = &data->test;
        cr_expect_eq(test->rank, rank);
        cr_expect_eq(test->shape[0], whole(to, 0));
        cr_expect_eq(test->shape[1], whole(to, 1));
        cr_assert_eq(test->rows * test->features, expected);
        for (size_t i = 0; i < expected; ++i)
            cr_expect_float_eq(rnl_element_at(test->element, test->inputs, i), number(resized, i),
                               2e-5, "%s, pixel %zu", size, i);
        rnl_data_free(data);
    }
    rnl_config_free(config);
    free(floats);
    free(bytes);
}

Test(resize, as_keras_does)
{
    json_t *golden = json_load_file(RUNNEL_GOLDEN "/resize.json", 0, NULL);
    cr_assert_not_null(golden);
    const json_t *cases = json_object_get(golden, "cases");
    cr_assert_gt(json_array_size(cases), 0);
    for (size_t i = 0; i < json_array_size(cases); ++i)
        check_case(json_array_get(cases, i));
    json_decref(golden);
}

static void write_npy(const char *path, size_t rows, size_t height, size_t width)
{
    char header[256];
    FILE *file = fopen(path, "wb");
    const int length = snprintf(header, sizeof header,
                                "{'descr': '|u1', 'fortran_order': False, "
                                "'shape': (%zu, %zu, %zu), }",
                                rows, height, width);
    const uint16_t padded = 118;
    fwrite("\x93NUMPY\x01\x00", 1, 8, file);
    fwrite(&padded, sizeof padded, 1, file);
    fprintf(file, "%-117s\n", header);
    (void)length;
    for (size_t i = 0; i < rows * height * width; ++i)
        fputc((int)(i * 37 % 256), file);
    cr_assert_eq(fclose(file), 0);
}

/* A model keeps the size: it is asked about images of any size, and one that has the size already
 * is taken as it is. */
Test(resize, is_kept_in_the_model, .init = scratch_enter, .fini = scratch_leave)
{
    uint8_t bytes[2 * 6 * 8];
    const int32_t classes[] = {0, 1};
    const size_t shape[] = {6, 8};
    for (size_t i = 0; i < sizeof bytes; ++i)
        bytes[i] = (uint8_t)(i * 11);
    const rnl_rows rows = {2, 2, shape, .bytes = bytes, .classes = classes};
    rnl_config *config = configure("[3, 4]");
    rnl_data *data = NULL, *plain = NULL, *large = NULL, *fitting = NULL;
    rnl_model *model = NULL, *loaded = NULL;
    cr_assert_eq(rnl_data_create_for(&data, config, &rows, NULL, NULL), RNL_OK, "%s",
                 rnl_message());
    cr_assert_eq(rnl_model_create(&model, config, data), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_model_save(model, "m.safetensors"), RNL_OK);
    cr_assert_eq(rnl_model_load(&loaded, "m.safetensors", NULL, 0), RNL_OK, "%s", rnl_message());
    write_npy("large.npy", 3, 9, 5);
    write_npy("fitting.npy", 3, 3, 4);
    cr_assert_eq(rnl_data_read(&large, loaded, "large.npy"), RNL_OK, "%s", rnl_message());
    cr_expect_eq(large->test.features, 12);
    cr_expect_eq(large->test.element, RNL_FLOAT32);
    cr_assert_eq(rnl_data_read(&fitting, loaded, "fitting.npy"), RNL_OK, "%s", rnl_message());
    cr_expect_eq(fitting->test.element, RNL_UINT8, "bytes stay bytes");
    rnl_prediction *prediction = NULL;
    cr_expect_eq(rnl_predict(loaded, large, RNL_TEST, NULL, &prediction), RNL_OK, "%s",
                 rnl_message());
    rnl_prediction_free(prediction);
    cr_assert_eq(rnl_data_create(&plain, &rows, NULL, NULL), RNL_OK);
    rnl_model *none = NULL;
    cr_expect_eq(rnl_model_create(&none, config, plain), RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), "rnl_data_create_for resizes") != NULL, "%s", rnl_message());
    rnl_data_free(data);
    rnl_data_free(plain);
    rnl_data_free(large);
    rnl_data_free(fitting);
    rnl_model_free(model);
    rnl_model_free(loaded);
    rnl_config_free(config);
}

static void expect_refused(const char *size, size_t rank, const size_t *shape, const char *words)
{
    static const float zeros[64];
    const rnl_rows rows = {1, rank, shape, .floats = zeros};
    rnl_config *config = configure(size);
    rnl_data *data = NULL;
    cr_expect_neq(rnl_data_create_for(&data, config, NULL, NULL, &rows), RNL_OK, "%s", size);
    cr_expect(strstr(rnl_message(), words) != NULL, "'%s' is not in '%s'", words, rnl_message());
    rnl_config_free(config);
}

Test(resize, what_is_no_image_is_refused)
{
    expect_refused("[3]", 2, (const size_t[]){4, 4}, "resize: expected [height, width]");
    expect_refused("[3, 2.5]", 2, (const size_t[]){4, 4}, "in whole pixels");
    expect_refused("[3, 2]", 1, (const size_t[]){4}, "resize: expected images of height x width");
    expect_refused("[3, 2]", 3, (const size_t[]){4, 4, 2}, "got rows of 4 x 4 x 2");
}
