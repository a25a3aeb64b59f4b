/*
 * Weights under a constraint are those of a step without it, projected.
 */
#include "tests/dense_net.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <string.h>

/* (rows, columns) as the constraint makes them: axis 0 or 1, or -1 for non_neg; limit 0 for norms
 * of 1. */
static void project(double *w, size_t rows, size_t columns, int axis, double limit)
{
    const size_t groups = axis == 1 ? rows : columns, members = axis == 1 ? columns : rows;
    const size_t step = axis == 1 ? columns : 1, stride = axis == 1 ? 1 : columns;
    for (size_t i = 0; axis < 0 && i < rows * columns; ++i)
        w[i] = fmax(w[i], 0);
    for (size_t g = 0; axis >= 0 && g < groups; ++g) {
        double squares = 0;
        for (size_t i = 0; i < members; ++i)
            squares += w[g * step + i * stride] * w[g * step + i * stride];
        for (size_t i = 0; i < members; ++i)
            w[g * step + i * stride] *= limit == 0              ? 1 / sqrt(squares)
                                        : sqrt(squares) > limit ? limit / sqrt(squares)
                                                                : 1;
    }
}

struct constraint_case {
    char text[48];
    int axis;
    double limit;
    size_t rows; /* of one row block or several */
};

ParameterizedTestParameters(constraints, project)
{
    static struct constraint_case cases[] = {
        {"{max_norm: {max_value: 1.7}}", 0, 1.7, ROWS},
        {"{max_norm: {max_value: 1.7}}", 0, 1.7, 20},
        {"{max_norm: {max_value: 4, axis: 1}}", 1, 4, ROWS},
        {"unit_norm", 0, 0, ROWS},
        {"{unit_norm: {axis: 1}}", 1, 0, 20},
        {"non_neg", -1, 0, ROWS},
        {"non_neg", -1, 0, 20},
    };
    return cr_make_param_array(struct constraint_case, cases, sizeof cases / sizeof *cases);
}

/* After one step, the weights are those of a step without the constraint, projected. */
ParameterizedTest(struct constraint_case *c, constraints, project)
{
    double expected[FEATURES * WIDE];
    const char *const texts[] = {"null", c->text};
    for (size_t constrained = 0; constrained < 2; ++constrained) {
        rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
        data->train.rows = c->rows;
        rnl_model *model = fixture_model(
            fixture_config("model:\n"
                           "  - dense: {units: %d, kernel_initializer: he_normal,\n"
                           "            kernel_constraint: %s}\n"
                           "  - dense: {units: %d, activation: softmax}\n"
                           "training: {loss: sparse_categorical_crossentropy, optimizer: sgd,\n"
                           "           batch_size: %d}\n",
                           WIDE, texts[constrained], CLASSES, ROWS),
            data);
        cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = 2}), RNL_OK, "%s",
                     rnl_message());
        const float *kernel = model->layers[0].parameters[0].arrays[RNL_VALUES];
        for (size_t i = 0; !constrained && i < FEATURES * WIDE; ++i)
            expected[i] = (double)kernel[i];
        if (constrained) {
            double before[FEATURES * WIDE];
            memcpy(before, expected, sizeof before);
            project(expected, FEATURES, WIDE, c->axis, c->limit);
            cr_expect_lt(dense_net_distance(kernel, expected, FEATURES * WIDE), 2e-6, "%s",
                         c->text);
            cr_expect_gt(dense_net_distance(kernel, before, FEATURES * WIDE), 0.1, "%s", c->text);
        }
        rnl_model_free(model);
        rnl_data_free(data);
    }
}
