/*
 * Whole runs under each optimizer against the oracle, weight by weight.
 */
#include "engine/kinds/optimizers.h"
#include "simd/kernels.h"
#include "tests/dense_net.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>

struct optimizer_case {
    char text[64];
    double learning_rate, momentum;
    bool nesterov;
    bool adam;
    double tolerance;
};

ParameterizedTestParameters(optimizers, follow_the_oracle)
{
    static struct optimizer_case cases[] = {
        {"{sgd: {learning_rate: 0.05}}", 0.05, 0, false, false, 2e-6},
        {"{momentum: {learning_rate: 0.05}}", 0.05, 0.9, false, false, 2e-6},
        {"{sgd: {learning_rate: 0.05, momentum: 0.8}}", 0.05, 0.8, false, false, 2e-6},
        {"{nesterov: {learning_rate: 0.05}}", 0.05, 0.9, true, false, 2e-6},
        /* Where the gradient is nearly 0, its sign and so the step hang on rounding. */
        {"{adam: {learning_rate: 0.002}}", 0.002, 0, false, true, 4e-5},
    };
    return cr_make_param_array(struct optimizer_case, cases, sizeof cases / sizeof *cases);
}

/* The loss and the confusion matrix are those of the oracle's outputs. */
static void check_evaluation(const rnl_model *model, const rnl_data *data, const oracle *net,
                             const double *x, const double *targets)
{
    rnl_evaluation *evaluation = NULL;
    cr_assert_eq(rnl_evaluate(model, data, RNL_TRAIN, NULL, &evaluation), RNL_OK, "%s",
                 rnl_message());
    cr_expect_eq(evaluation->rows, ROWS);
    cr_expect_str_eq(evaluation->figures[0].name, "loss");
    cr_expect_float_eq(evaluation->figures[0].value, oracle_loss(net, x, targets, ROWS), 1e-5);
    uint64_t counted = 0, right = 0;
    for (size_t i = 0; i < CLASSES; ++i)
        for (size_t j = 0; j < CLASSES; ++j)
            counted += evaluation->confusion[i * CLASSES + j];
    for (size_t r = 0; r < ROWS; ++r) {
        double logits[CLASSES];
        oracle_forward(net, x + r * FEATURES, logits);
        size_t best = 0;
        for (size_t k = 1; k < CLASSES; ++k)
            best = logits[k] > logits[best] ? k : best;
        right += best == (size_t)data->train.labels[r];
    }
    uint64_t diagonal = 0;
    for (size_t i = 0; i < CLASSES; ++i)
        diagonal += evaluation->confusion[i * CLASSES + i];
    cr_expect_eq(counted, ROWS);
    cr_expect_eq(diagonal, right);
    rnl_evaluation_free(evaluation);
}

/* Three epochs of two whole mini-batches and a short one, and the evaluation of what they come to.
 */
ParameterizedTest(struct optimizer_case *c, optimizers, follow_the_oracle)
{
    enum { BATCH = 16, EPOCHS = 3 };
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model = dense_net(data, "elu", "softmax", "sparse_categorical_crossentropy", c->text,
                                 BATCH, EPOCHS);
    oracle net = dense_net_oracle(model, ORACLE_ELU, 1);
    double x[ROWS * FEATURES], targets[ROWS * CLASSES];
    dense_net_widen(x, targets, data);
    int number = 0;
    for (size_t epoch = 0; epoch < EPOCHS; ++epoch)
        for (size_t begin = 0; begin < ROWS; begin += BATCH) {
            const size_t rows = ROWS - begin < BATCH ? ROWS - begin : BATCH;
            oracle_gradients(&net, x + begin * FEATURES, targets + begin * CLASSES, rows);
            if (c->adam)
                oracle_adam(&net, c->learning_rate, ++number);
            else
                oracle_update(&net, c->learning_rate, c->momentum, c->nesterov);
        }
    cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = 3}), RNL_OK, "%s",
                 rnl_message());
    for (size_t l = 0; l < net.layer_count; ++l) {
        const oracle_layer *layer = &net.layers[l];
        const rnl_parameter *parameters = model->layers[l].parameters;
        cr_expect_lt(dense_net_distance(parameters[0].arrays[RNL_VALUES], layer->kernel,
                                        layer->fan_in * layer->units),
                     c->tolerance, "kernel of layer %zu", l);
        cr_expect_lt(
            dense_net_distance(parameters[1].arrays[RNL_VALUES], layer->bias, layer->units),
            c->tolerance, "bias of layer %zu", l);
    }
    check_evaluation(model, data, &net, x, targets);
    oracle_release(&net);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* Rounding may bring the mean square below the square of the mean: the variance is 0 then. */
Test(optimizers, centered_divisors_are_numbers)
{
    rnl_config *config = fixture_config(
        "model: [dense: {units: 1}]\n"
        "training: {loss: mean_squared_error, optimizer: {rmsprop: {centered: true,\n"
        "           epsilon: 0.25}}}\n");
    const rnl_choice *choice = &config->training.optimizer;
    rnl_bound_optimizer bound;
    rnl_optimizer_of(choice)->bind(&bound, rnl_kernels_of(RNL_ISA_SCALAR), choice->parameters);
    float squares[] = {8.5f, 10}, means[] = {3, 3}, divisors[2];
    bound.divisors(
        &(const rnl_update){
            .count = 2, .squares = squares, .means = means, .epsilon = bound.epsilon},
        divisors);
    cr_expect_eq(divisors[0], 0.5f, "%g", (double)divisors[0]);
    cr_expect_float_eq((double)divisors[1], sqrt(1.25), 1e-6);
    rnl_config_free(config);
}
