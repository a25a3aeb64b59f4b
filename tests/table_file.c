#include "tests/table_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char table_classes[] = "sparse_categorical_crossentropy";
const char table_squares[] = "mean_squared_error";
const char table_binary[] = "binary_crossentropy";

char table_path[] = "/tmp/runnel_table_XXXXXX.csv";

void table_enter(void)
{
    const int descriptor = mkstemps(table_path, 4);
    cr_assert_geq(descriptor, 0);
    close(descriptor);
}

void table_leave(void)
{
    unlink(table_path);
}

void table_write_bytes(const void *bytes, size_t count)
{
    FILE *file = fopen(table_path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, count, file), count);
    cr_assert_eq(fclose(file), 0);
}

void table_write(const char *text)
{
    table_write_bytes(text, strlen(text));
}

void table_expect_message(const char *words)
{
    cr_expect(strstr(rnl_message(), words) != NULL, "'%s' is not in: %s", words, rnl_message());
}

static const char *activation_of(const char *loss)
{
    return strcmp(loss, table_classes) == 0  ? "softmax"
           : strcmp(loss, table_binary) == 0 ? "sigmoid"
                                             : "linear";
}

rnl_config *table_configure(const char *keys, size_t units, const char *loss)
{
    char text[2048];
    snprintf(text, sizeof text,
             "data: {train: {csv: {path: '%s', %s}}}\n"
             "model: [dense: {units: %zu, activation: %s}]\n"
             "training: {loss: %s, optimizer: sgd}\n",
             table_path, keys, units, activation_of(loss), loss);
    rnl_config *config = NULL;
    cr_assert_eq(rnl_config_parse(&config, "test.yaml", text, NULL, 0), RNL_OK, "%s",
                 rnl_message());
    return config;
}

rnl_data *table_load(const char *text, const char *keys, const char *loss)
{
    rnl_config *config = table_configure(keys, 1, loss);
    rnl_data *data = NULL;
    table_write(text);
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s: %s", text, rnl_message());
    rnl_config_free(config);
    return data;
}

void table_expect_inputs(const char *text, const char *keys, size_t rows, size_t features,
                         const float *expected)
{
    rnl_data *data = table_load(text, keys, table_squares);
    cr_assert_eq(data->train.rows, rows, "%s: %zu rows", text, data->train.rows);
    cr_assert_eq(data->train.features, features, "%s: %zu inputs", text, data->train.features);
    for (size_t i = 0; i < rows * features; ++i)
        cr_expect_eq(((const float *)data->train.inputs)[i], expected[i], "%s: input %zu is %g",
                     text, i, (double)((const float *)data->train.inputs)[i]);
    rnl_data_free(data);
}

void table_expect_refused(const char *text, const char *keys, const char *loss, const char *words)
{
    rnl_config *config = table_configure(keys, 1, loss);
    rnl_data *data = NULL;
    table_write(text);
    const rnl_status status = rnl_data_load(&data, config, RNL_TRAIN);
    cr_expect(status == RNL_BAD_DATA || status == RNL_BAD_CONFIG, "%s %s", text, keys);
    cr_expect_null(data);
    table_expect_message(words);
    rnl_config_free(config);
}
