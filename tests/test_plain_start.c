/*
 * Training that starts from a plain safetensors file of kernels and biases: values by name, by
 * mapped names, of float64; and what is refused.
 */
#include "engine/schema/config.h"
#include "engine/storage/safetensors.h"
#include "tests/fixtures.h"
#include "tests/scratch.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { INPUTS = 3, UNITS = 4, CLASSES = 2 };

static const char path[] = "plain.safetensors";
static rnl_data *data;

static const float kernel[INPUTS * UNITS] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
static const float bias[UNITS] = {0.5F, -0.5F, 0.25F, -0.25F};
static const double wide[UNITS] = {0.1, 0.2, 0.3, 1e-3};

static void set_up(void)
{
    scratch_enter();
    data = fixture_data(10, INPUTS, CLASSES, RNL_FLOAT32);
}

static void tear_down(void)
{
    rnl_data_free(data);
    scratch_leave();
}

TestSuite(plain_start, .init = set_up, .fini = tear_down);

static rnl_tensor tensor(const char *name, size_t rows, size_t columns, const float *values)
{
    return (rnl_tensor){.name = name,
                        .rank = rows > 0 ? 2 : 1,
                        .shape = {rows > 0 ? rows : columns, columns},
                        .values = values};
}

static void write_tensors(const rnl_tensor *tensors, size_t count)
{
    cr_assert_eq(rnl_safetensors_write(path, NULL, 0, tensors, count), RNL_OK, "%s", rnl_message());
}

static void write_plain(const char *kernel_name, const char *bias_name)
{
    const rnl_tensor tensors[] = {tensor(kernel_name, INPUTS, UNITS, kernel),
                                  tensor(bias_name, 0, UNITS, bias)};
    write_tensors(tensors, 2);
}

static rnl_model *create(const char *training)
{
    return fixture_model(
        fixture_config("model: [{dense: {units: %d, activation: tanh}},\n"
                       "        {dense: {units: %d, activation: softmax, name: head}}]\n"
                       "training: {loss: sparse_categorical_crossentropy, optimizer: adam%s}\n",
                       UNITS, CLASSES, training),
        data);
}

static void expect_taken(const rnl_model *model)
{
    float values[INPUTS * UNITS];
    cr_assert_eq(rnl_model_get_parameter(model, "dense_1.kernel", values, INPUTS * UNITS), RNL_OK);
    cr_expect_eq(memcmp(values, kernel, sizeof kernel), 0);
    cr_assert_eq(rnl_model_get_parameter(model, "dense_1.bias", values, UNITS), RNL_OK);
    cr_expect_eq(memcmp(values, bias, sizeof bias), 0);
}

static void check_start(const char *training)
{
    char *report = NULL;
    rnl_model *model = create(training);
    cr_assert_eq(rnl_model_start_from_tensors(model, path, 0, &report), RNL_OK, "%s",
                 rnl_message());
    cr_expect_str_eq(report, "taken: dense_1\nfresh: head\n");
    expect_taken(model);
    cr_expect_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
    rnl_text_free(report);
    rnl_model_free(model);
}

Test(plain_start, by_the_names_of_parameters)
{
    write_plain("dense_1.kernel", "dense_1.bias");
    check_start("");
}

Test(plain_start, by_mapped_names)
{
    write_plain("fc1.w", "fc1.b");
    check_start(", init_names: {dense_1.kernel: fc1.w, dense_1.bias: fc1.b}");
    write_plain("net.0.kernel", "net.0.bias");
    check_start(", init_names: {dense_1: net.0}");
    write_plain("w", "net.0.bias");
    check_start(", init_names: {dense_1: net.0, dense_1.kernel: w}");
}

/* Rounded once. */
Test(plain_start, float64)
{
    float values[UNITS];
    const rnl_tensor tensors[] = {
        tensor("dense_1.kernel", INPUTS, UNITS, kernel),
        {.name = "dense_1.bias", .rank = 1, .shape = {UNITS}, .wide = true, .wide_values = wide}};
    write_tensors(tensors, 2);
    rnl_model *model = create("");
    cr_assert_eq(rnl_model_start_from_tensors(model, path, 0, NULL), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_model_get_parameter(model, "dense_1.bias", values, UNITS), RNL_OK);
    for (size_t i = 0; i < UNITS; ++i)
        cr_expect_eq(values[i], (float)wide[i]);
    rnl_model_free(model);
}

Test(plain_start, is_told_from_a_model)
{
    int plain = 0;
    rnl_model *model = create("");
    write_plain("a", "b");
    cr_expect_eq(rnl_file_is_plain(path, &plain), RNL_OK);
    cr_expect_eq(plain, 1);
    cr_assert_eq(rnl_model_save(model, path), RNL_OK);
    cr_expect_eq(rnl_file_is_plain(path, &plain), RNL_OK);
    cr_expect_eq(plain, 0);
    rnl_model_free(model);
}

/* ---- refused --------------------------------------------------------------------------------- */

static void expect_refused(const char *training, unsigned how, rnl_status expected,
                           const char *words)
{
    rnl_model *model = create(training);
    const uint64_t before = fixture_hash(model);
    cr_expect_eq(rnl_model_start_from_tensors(model, path, how, NULL), expected, "%s", words);
    cr_expect(strstr(rnl_message(), words) != NULL, "'%s' is not in '%s'", words, rnl_message());
    cr_expect_eq(fixture_hash(model), before);
    rnl_model_free(model);
}

Test(plain_start, names_that_do_not_exist)
{
    write_plain("fc1.kernel", "fc1.bias");
    expect_refused("", 0, RNL_BAD_DATA, "no layer can start from it");
    expect_refused(", init_names: {dense_1: fc2}", 0, RNL_BAD_CONFIG, "has no tensor 'fc2'");
    expect_refused(", init_names: {dense_1.kernel: fc1.kernal}", 0, RNL_BAD_CONFIG,
                   "has no tensor 'fc1.kernal'; did you mean 'fc1.kernel'?");
    expect_refused(", init_names: {dense_1.kernl: fc1.kernel}", 0, RNL_BAD_CONFIG,
                   "got 'dense_1.kernl'; did you mean 'dense_1.kernel'?");
    expect_refused(", init_names: {haed: fc1}", 0, RNL_BAD_CONFIG, "did you mean 'head'?");
    expect_refused(", init_names: {dense_1.kernel: fc1.kernel}", 0, RNL_BAD_DATA,
                   "layer dense_1: tensor 'dense_1.bias' is missing");
    expect_refused(", init_names: {dense_1: fc1}", RNL_KEEP_OPTIMIZER, RNL_BAD_CONFIG,
                   "no optimizer's state");
}

Test(plain_start, other_shapes)
{
    static const float broken[UNITS] = {0, NAN, 0, 0};
    const rnl_tensor tensors[] = {
        tensor("turned", UNITS, INPUTS, kernel), tensor("flat", 0, INPUTS * UNITS, kernel),
        tensor("dense_1.bias", 0, UNITS, bias), tensor("nan", 0, UNITS, broken),
        tensor("dense_1.kernel", INPUTS, UNITS, kernel)};
    write_tensors(tensors, 5);
    expect_refused(", init_names: {dense_1.kernel: turned}", 0, RNL_BAD_DATA,
                   "tensor turned: expected 3 x 4 numbers for dense_1.kernel, got 4 x 3: it is the "
                   "other way round, as PyTorch keeps weights");
    expect_refused(", init_names: {dense_1.kernel: flat}", 0, RNL_BAD_DATA,
                   "expected 3 x 4 numbers for dense_1.kernel, got 12; another name, or "
                   "--skip-mismatch");
    expect_refused(", init_names: {dense_1.bias: nan}", 0, RNL_BAD_DATA,
                   "tensor nan: expected finite numbers, got nan at 1");
    expect_refused(", init_names: {dense_1.kernel: flat}", RNL_SKIP_MISMATCH, RNL_BAD_DATA,
                   "no layer can start from it");
}
