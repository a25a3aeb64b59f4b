#include "tests/predictor_requests.h"

#include <criterion/criterion.h>
#include <stdlib.h>

answers answers_for(const rnl_predictor *predictor, size_t rows)
{
    const size_t outputs = rnl_predictor_outputs(predictor),
                 bytes = rnl_predictor_scratch(predictor, rows);
    return (answers){
        .values = calloc(rows * outputs, sizeof(float)),
        .exact_values = calloc(rows * outputs, sizeof(double)),
        .classes = rnl_predictor_classes(predictor) > 0 ? calloc(rows, sizeof(int32_t)) : NULL,
        .scratch = malloc(bytes),
        .scratch_bytes = bytes,
    };
}

void answers_release(answers *a)
{
    free(a->values);
    free(a->exact_values);
    free(a->classes);
    free(a->scratch);
}

rnl_request request_of(const rnl_dataset *rows, size_t first, size_t count, const answers *to,
                       size_t outputs)
{
    const size_t before = first * rows->features;
    return (rnl_request){
        .rows = count,
        .features = rows->features,
        .floats = rows->element == RNL_FLOAT32 ? (float *)rows->inputs + before : NULL,
        .doubles = rows->element == RNL_FLOAT64 ? (double *)rows->inputs + before : NULL,
        .bytes = rows->element == RNL_UINT8 ? (uint8_t *)rows->inputs + before : NULL,
        .values = to->values + first * outputs,
        .exact_values = to->exact_values + first * outputs,
        .classes = to->classes ? to->classes + first : NULL,
        .scratch = to->scratch,
        .scratch_bytes = to->scratch_bytes,
    };
}

void expect_same(const answers *got, const rnl_prediction *expected, const char *what)
{
    const size_t count = expected->rows * expected->outputs;
    cr_expect_arr_eq(got->values, expected->values, count * sizeof(float), "%s", what);
    cr_expect_eq(got->classes == NULL, expected->classes == NULL, "%s", what);
    if (expected->classes)
        cr_expect_arr_eq(got->classes, expected->classes, expected->rows * sizeof(int32_t), "%s",
                         what);
    for (size_t i = 0; i < count; ++i)
        cr_expect_eq(got->exact_values[i], expected->exact_values ? expected->exact_values[i]
                                                                  : (double)expected->values[i]);
}

void ask(const rnl_predictor *predictor, const rnl_dataset *rows, size_t at_a_time, answers *to)
{
    for (size_t first = 0; first < rows->rows; first += at_a_time) {
        const size_t left = rows->rows - first, count = left < at_a_time ? left : at_a_time;
        const rnl_request request =
            request_of(rows, first, count, to, rnl_predictor_outputs(predictor));
        cr_assert_eq(rnl_predictor_run(predictor, &request), RNL_OK, "%s", rnl_message());
    }
}

rnl_prediction *predict(const rnl_model *model, const rnl_data *data)
{
    rnl_prediction *prediction = NULL;
    cr_assert_eq(rnl_predict(model, data, RNL_TRAIN, NULL, &prediction), RNL_OK, "%s",
                 rnl_message());
    return prediction;
}

rnl_predictor *predictor_of(const rnl_model *model, int fold)
{
    rnl_predictor *predictor = NULL;
    cr_assert_eq(rnl_predictor_create(&predictor, model, fold), RNL_OK, "%s", rnl_message());
    return predictor;
}

const char *const nets[] = {
    "[dense: {units: 70, activation: relu}, dense: {units: 5, activation: softmax}]",
    "[dense: {units: 5, use_bias: false, activation: softmax}]",
    "[batch_normalization, dense: {units: 130, activation: elu},\n"
    " batch_normalization: {center: false}, dense: {units: 5}, batch_normalization: {scale: "
    "false},\n"
    " activation: softmax]",
    "[activation: tanh, scale, dense: {units: 33, activation: prelu}, dropout: 0.5,\n"
    " dense: {units: 33, activation: rrelu}, alpha_dropout: 0.1,\n"
    " dense: {units: 33, activation: swish, activity_regularizer: l2}, gaussian_noise: 0.3,\n"
    " dense: {units: 5, activation: softmax}]",
    "[residual: [dense: {units: 37, activation: gelu}, residual: [dense: {units: 37}, prelu: ],\n"
    "  dense: {units: 37}], residual: [dense: {units: 37, activation: selu}, dropout: 0.5],\n"
    " dense: {units: 5, activation: softmax}]",
    "[repeat: {times: 3, layers: [dense: {units: 20, activation: softplus},\n"
    "  batch_normalization: {statistics: shard}]}, flatten, dense: {units: 5, activation: "
    "softmax}]",
    "[dense: {units: 600, activation: leaky_relu}, dense: {units: 20, activation: sigmoid},\n"
    " dense: {units: 5, activation: softmax}]",
    NULL,
};

rnl_model *train_net(const char *layers, const char *scaling, const rnl_data *data)
{
    rnl_model *model =
        fixture_model(fixture_config("data: {scaling: %s}\nmodel: %s\n"
                                     "training: {loss: sparse_categorical_crossentropy,\n"
                                     "           optimizer: {sgd: {learning_rate: 0.1}},\n"
                                     "           batch_size: 50, epochs: 2}\n",
                                     scaling, layers),
                      data);
    cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
    return model;
}
