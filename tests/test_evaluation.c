/*
 * Evaluation, on a predictor, gives the very figures of the validation in training, which runs the
 * layers of the training step.
 */
#include "engine/schema/config.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 83, FEATURES = 37, CLASSES = 5, VALIDATION_ROWS = 330, MOST_FIGURES = 8 };

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char classifies[] = "loss: sparse_categorical_crossentropy, metrics: [accuracy]";

/* A penalty on weights is summed in training in the pieces in which they are updated: it may differ
 * in its last bits. */
typedef struct net {
    const char *layers, *loss, *data;
    double within; /* of the loss, relatively */
} net;

static const net nets[] = {
    {"[dense: {units: 70, activation: relu}, dense: {units: 5, activation: softmax}]", classifies,
     "scaling: standardize", 0},
    {"[batch_normalization, dense: {units: 130, activation: elu},\n"
     " batch_normalization: {center: false}, dense: {units: 5}, batch_normalization: {scale: "
     "false},\n"
     " activation: softmax]",
     classifies, "scaling: none", 0},
    {"[activation: tanh, scale, dense: {units: 33, activation: prelu}, dropout: 0.5,\n"
     " dense: {units: 33, activation: rrelu}, alpha_dropout: 0.1,\n"
     " dense: {units: 33, activation: swish, activity_regularizer: l2}, gaussian_noise: 0.3,\n"
     " dense: {units: 5, activation: softmax}]",
     classifies, "scaling: {robust: {smooth_clip: 3}}", 0},
    {"[residual: [dense: {units: 37, activation: gelu}, residual: [dense: {units: 37}, prelu: ],\n"
     "  dense: {units: 37, bias_regularizer: l1}], residual: [dense: {units: 37}, dropout: 0.5],\n"
     " dense: {units: 5, activation: softmax, kernel_regularizer: l2}]",
     "loss: sparse_categorical_crossentropy, metrics: [accuracy], precision: mixed_bfloat16",
     "scaling: none", 1e-9},
    {"[dense: {units: 200, activation: selu, kernel_regularizer: {l1_l2: {l1: 0.001, l2: 0.01}}},\n"
     " dense: {units: 37}]",
     "loss: mean_squared_error, metrics: [mae]", "targets: inputs, scaling: none", 1e-9},
    {"[dense: {units: 20, activation: elu}, dense: {units: 1}]", "loss: huber, metrics: [mae, r2]",
     "scaling: standardize", 0},
    {"[dense: {units: 20, activation: elu}, dense: {units: 1, activation: exponential}]",
     "loss: poisson, metrics: [mae, r2]", "scaling: standardize", 0},
    {"[dense: {units: 20, activation: elu}, dense: {units: 2}]",
     "loss: {quantile: {quantiles: [0.2, 0.5]}}, metrics: [mae, r2]", "scaling: standardize", 0},
};

/* What the last validation said. */
typedef struct validation {
    size_t count;
    char names[MOST_FIGURES][RNL_FIGURE_NAME];
    double values[MOST_FIGURES];
} validation;

static int keep_validation(const rnl_progress *progress, void *user)
{
    validation *v = user;
    v->count = 0;
    for (size_t i = 0; i < progress->figure_count; ++i)
        if (strncmp(progress->figures[i].name, "val_", 4) == 0) {
            strcpy(v->names[v->count], progress->figures[i].name + 4);
            v->values[v->count++] = progress->figures[i].value;
        }
    return 0;
}

static rnl_data *create_data(void)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_data *other = fixture_data(VALIDATION_ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    data->validation = other->train;
    free(other);
    return data;
}

static void expect_figure(const rnl_figure *got, const char *name, double expected, const net *n)
{
    const double within = strcmp(name, "loss") == 0 ? n->within * expected : 0;
    cr_expect_str_eq(got->name, name);
    cr_expect(within > 0 ? fabs(got->value - expected) <= within
                         : memcmp(&got->value, &expected, sizeof expected) == 0,
              "%s: %s %.17g, in training %.17g", n->layers, name, got->value, expected);
}

static void expect_figures(const rnl_model *model, const rnl_data *data, const validation *expected,
                           const net *n)
{
    for (size_t threads = 1; threads <= 3; ++threads) {
        const rnl_options options = {.threads = threads};
        rnl_evaluation *got = NULL;
        cr_assert_eq(rnl_evaluate(model, data, RNL_VALIDATION, &options, &got), RNL_OK, "%s",
                     rnl_message());
        cr_expect_eq(got->figure_count, expected->count);
        for (size_t i = 0; i < expected->count; ++i)
            expect_figure(&got->figures[i], expected->names[i], expected->values[i], n);
        rnl_evaluation_free(got);
    }
}

Test(evaluation, gives_the_figures_of_validation)
{
    static const int batch_sizes[] = {20, 50};
    for (size_t i = 0; i < 2 * COUNT(nets); ++i) {
        const net *n = &nets[i / 2];
        rnl_data *data = create_data();
        validation told = {0};
        const rnl_options options = {.on_epoch = keep_validation, .user = &told};
        rnl_model *model = fixture_model(
            fixture_config("data: {%s}\nmodel: %s\n"
                           "training: {%s, optimizer: adam, batch_size: %d, epochs: 2}\n",
                           n->data, n->layers, n->loss, batch_sizes[i % 2]),
            data);
        cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
        cr_assert_gt(told.count, 1);
        expect_figures(model, data, &told, n);
        rnl_model_free(model);
        rnl_data_free(data);
    }
}
