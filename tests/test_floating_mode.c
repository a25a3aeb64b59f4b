/*
 * The application's floating-point mode: what it has chosen for itself changes no byte of a model,
 * and stands after every call as it stood before.
 */
#include "engine/model/model.h"
#include "tests/table_file.h"
#include "threading/floating_mode.h"

#include <criterion/criterion.h>
#include <fenv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xmmintrin.h>

TestSuite(floating_mode, .init = table_enter, .fini = table_leave);

/* Decimal fractions, whose last bits follow the rounding, in the rows and in the configuration. */
static void write_rows(void)
{
    char text[8192], *end = text;
    end += sprintf(end, "a,b,price\n");
    for (int i = 0; i < 100; ++i)
        end += sprintf(end, "%d.%d,0.%d,%d.%d\n", i % 7, 1 + i % 9, 1 + i * 37 % 997, i * i % 31,
                       1 + i % 3);
    table_write(text);
}

static const char table_net[] =
    "data: {train: {csv: {path: '%s', target: price}}, validation_split: {random: 0.2},\n"
    "       scaling: standardize, target_scaling: standardize}\n"
    "model: [dense: {units: 9, activation: elu, kernel_initializer: he_normal,\n"
    "                kernel_regularizer: {l2: 0.003}}, batch_normalization,\n"
    "        {dropout: 0.1}, dense: {units: 1}]\n"
    "training: {loss: mean_squared_error, optimizer: adam, schedule: {cosine: {warmup: 3}},\n"
    "           batch_size: 16, epochs: 3}\n";

static const char generated_net[] =
    "data: {train: {spirals: {rows: 100, classes: 3, noise: 0.3}}}\n" /* %s */
    "model: [dense: {units: 9, activation: tanh}, dense: {units: 3, activation: softmax}]\n"
    "training: {loss: sparse_categorical_crossentropy, schedule: {exponential: {steps: 7}},\n"
    "           optimizer: {nadam: {learning_rate: 0.0031}}, batch_size: 16, epochs: 3}\n";

/* A mode of the application: rounding, and bits of MXCSR. */
typedef struct host {
    int rounding;
    unsigned bits;
} host;

static void choose(const host *h)
{
    fesetround(h->rounding);
    _mm_setcsr(_mm_getcsr() | h->bits);
}

/* The sticky flags may change, which say what has happened. */
static void expect_mode(const host *h, const char *what)
{
    cr_expect_eq(fegetround(), h->rounding, "%s", what);
    cr_expect_eq(_mm_getcsr() & 0x8040u, h->bits, "%s", what);
}

static void expect_ok(rnl_status status, const host *h, const char *what)
{
    cr_assert_eq(status, RNL_OK, "%s: %s", what, rnl_message());
    expect_mode(h, what);
}

static rnl_model *make(const char *net, const host *h, rnl_data **data)
{
    char text[2048];
    rnl_config *config;
    rnl_model *model;
    snprintf(text, sizeof text, net, table_path);
    expect_ok(rnl_config_parse(&config, "test.yaml", text, NULL, 0), h, "parse");
    expect_ok(rnl_data_load(data, config, RNL_TRAIN | RNL_VALIDATION), h, "load");
    expect_ok(rnl_model_create(&model, config, *data), h, "create");
    rnl_config_free(config);
    return model;
}

static size_t read_file(const char *path, char *bytes, size_t most)
{
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file);
    const size_t count = fread(bytes, 1, most, file);
    fclose(file);
    cr_assert_lt(count, most);
    return count;
}

enum { MOST_BYTES = 1 << 16 };

/* The file of a model that was trained under the mode. */
static size_t train(const char *net, const host *h, char bytes[MOST_BYTES])
{
    char path[] = "/tmp/runnel_mode_XXXXXX";
    close(mkstemp(path));
    rnl_data *data;
    choose(h);
    rnl_model *model = make(net, h, &data);
    expect_ok(rnl_train(model, data, &(const rnl_options){.threads = 2}), h, "train");
    expect_ok(rnl_model_save(model, path), h, "save");
    rnl_model_free(model);
    expect_ok(rnl_model_load(&model, path, NULL, 0), h, "load");
    rnl_model_free(model);
    rnl_data_free(data);
    const size_t count = read_file(path, bytes, MOST_BYTES);
    unlink(path);
    fesetenv(FE_DFL_ENV);
    return count;
}

static void check(const char *net)
{
    static const host hosts[] = {{FE_TONEAREST, 0},      {FE_UPWARD, 0},
                                 {FE_DOWNWARD, 0},       {FE_TOWARDZERO, 0x8040},
                                 {FE_TONEAREST, 0x8040}, {FE_UPWARD, 0x40}};
    static char expected[MOST_BYTES], found[MOST_BYTES];
    const size_t count = train(net, &hosts[0], expected);
    for (size_t i = 1; i < sizeof hosts / sizeof *hosts; ++i) {
        cr_assert_eq(train(net, &hosts[i], found), count, "mode %zu", i);
        cr_expect_arr_eq(found, expected, count, "mode %zu", i);
    }
}

Test(floating_mode, of_the_application_changes_no_byte)
{
    write_rows();
    check(table_net);
}

Test(floating_mode, of_the_application_changes_no_generated_row)
{
    check(generated_net);
}

/* A call within a call still knows the application's mode, which its callbacks run in. */
Test(floating_mode, of_the_application_outlasts_a_call_within_a_call)
{
    rnl_floating_mode outer, inner;
    fenv_t own;
    fesetround(FE_UPWARD);
    rnl_floating_enter(&outer, NULL);
    rnl_floating_enter(&inner, NULL);
    cr_expect_eq(fegetround(), FE_TONEAREST);
    rnl_floating_suspend(&own);
    cr_expect_eq(fegetround(), FE_UPWARD);
    rnl_floating_resume(&own);
    cr_expect_eq(fegetround(), FE_TONEAREST);
    rnl_floating_leave(&inner);
    rnl_floating_leave(&outer);
    cr_expect_eq(fegetround(), FE_UPWARD);
}
