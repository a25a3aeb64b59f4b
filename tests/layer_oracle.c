#include "tests/layer_oracle.h"

#include "engine/kinds/regularizers.h"
#include "engine/layers/layers.h"
#include "engine/schema/config.h"
#include "engine/step/cut.h"
#include "simd/philox.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A matrix over the mini-batch. */
typedef struct values {
    size_t columns;
    double *at; /* (rows, columns) */
} values;

static bool is(const rnl_choice *choice, const char *name)
{
    return strcmp(choice->kind->name, name) == 0;
}

layer_oracle layer_oracle_create(const rnl_model *model, size_t rows, uint32_t step)
{
    layer_oracle oracle = {.model = model, .rows = rows, .step = step};
    oracle.row_block = rnl_cut_rows((size_t)model->config->training.batch_size,
                                    (size_t)model->config->training.shards)
                           .size;
    for (size_t l = 0; l < model->layer_count; ++l)
        for (size_t p = 0; p < model->layers[l].parameter_count; ++p) {
            const rnl_parameter *parameter = &model->layers[l].parameters[p];
            const size_t count = rnl_parameter_count(parameter);
            oracle.parameters[l][p] = malloc(count * sizeof(double));
            for (size_t i = 0; i < count; ++i)
                oracle.parameters[l][p][i] = (double)parameter->arrays[RNL_VALUES][i];
        }
    for (size_t l = 0; l < model->layer_count; ++l)
        oracle.outputs[l] =
            malloc(rows * rnl_shape_features(&model->layers[l].output) * sizeof(double));
    return oracle;
}

void layer_oracle_release(layer_oracle *oracle)
{
    for (size_t l = 0; l < LAYER_ORACLE_LAYERS; ++l) {
        for (size_t p = 0; p < LAYER_ORACLE_PARAMETERS; ++p)
            free(oracle->parameters[l][p]);
        free(oracle->outputs[l]);
    }
}

static uint32_t word_of(const layer_oracle *oracle, const rnl_layer *layer, size_t row,
                        size_t column, size_t word)
{
    const rnl_random_place place = {
        .purpose = RNL_RANDOM_TRAINING,
        .layer = layer->stream,
        .step = oracle->step,
        .row = (uint32_t)row,
        .column = (uint32_t)(column / 64 * 16 + column % 16),
    };
    return rnl_random((uint64_t)oracle->model->config->training.seed, place).word[word] >> 8;
}

static double uniform(const layer_oracle *oracle, const rnl_layer *layer, size_t row, size_t column)
{
    return word_of(oracle, layer, row, column, column % 64 / 16) * 0x1p-24;
}

static double normal(const layer_oracle *oracle, const rnl_layer *layer, size_t row, size_t column)
{
    const size_t word = column % 64 / 16;
    const double u = (word_of(oracle, layer, row, column, word / 2 * 2) + 0.5) * 0x1p-24;
    const double angle = 2 * M_PI * word_of(oracle, layer, row, column, word / 2 * 2 + 1) * 0x1p-24;
    return sqrt(-2 * log(u)) * (word % 2 == 0 ? cos(angle) : sin(angle));
}

static double activate(const rnl_choice *activation, double z)
{
    return is(activation, "tanh") ? tanh(z) : is(activation, "elu") && z < 0 ? expm1(z) : z;
}

static void dense(const layer_oracle *oracle, const rnl_layer *layer, const values *x, values *y)
{
    const rnl_dense *p = rnl_dense_of(layer);
    const double *bias = oracle->parameters[layer->index][RNL_DENSE_BIAS];
    for (size_t i = 0; i < oracle->rows; ++i) {
        double *z = y->at + i * y->columns;
        for (size_t u = 0; u < y->columns; ++u)
            z[u] = p->use_bias ? bias[u] : 0;
        for (size_t k = 0; k < x->columns; ++k) {
            const double factor = x->at[i * x->columns + k];
            const double *kernel =
                oracle->parameters[layer->index][RNL_DENSE_KERNEL] + k * y->columns;
            for (size_t u = 0; u < y->columns; ++u)
                z[u] += factor * kernel[u];
        }
        for (size_t u = 0; u < y->columns; ++u)
            z[u] = activate(&p->activation, z[u]);
    }
}

static void normalize(const layer_oracle *oracle, const rnl_layer *layer, const values *x,
                      values *y)
{
    const rnl_batch_normalization *p = rnl_batch_normalization_of(layer);
    const rnl_normalization_places at = rnl_normalization_places_of(layer);
    double *const *parameters = oracle->parameters[layer->index];
    const size_t group = is(&p->statistics, "shard") ? oracle->row_block : oracle->rows;
    for (size_t begin = 0; begin < oracle->rows; begin += group)
        for (size_t j = 0; j < x->columns; ++j) {
            const size_t end = begin + group < oracle->rows ? begin + group : oracle->rows;
            double mean = 0, variance = 0;
            for (size_t i = begin; i < end; ++i)
                mean += x->at[i * x->columns + j] / (double)(end - begin);
            for (size_t i = begin; i < end; ++i)
                variance += pow(x->at[i * x->columns + j] - mean, 2) / (double)(end - begin);
            if (layer->frozen) {
                mean = parameters[at.moving_mean][j];
                variance = parameters[at.moving_variance][j];
            }
            for (size_t i = begin; i < end; ++i) {
                const double scaled =
                    (x->at[i * x->columns + j] - mean) / sqrt(variance + p->epsilon);
                y->at[i * x->columns + j] = scaled * (p->scale ? parameters[at.gamma][j] : 1) +
                                            (p->center ? parameters[at.beta][j] : 0);
            }
        }
}

/* Klambauer et al. 2017, with what is dropped set to alpha'. */
static double alpha_drop(double x, double rate, bool kept)
{
    const double alpha = -1.7580993408473766;
    const double a = pow((1 - rate) * (1 + rate * alpha * alpha), -0.5);
    return a * (kept ? x : alpha) - a * alpha * rate;
}

static double element(const layer_oracle *oracle, const rnl_layer *layer, double x, size_t row,
                      size_t column)
{
    const rnl_choice *choice = layer->choice;
    if (is(choice, "activation"))
        return activate(&((const rnl_activation_layer *)choice->parameters)->function, x);
    if (is(choice, "prelu"))
        return x >= 0 ? x : x * oracle->parameters[layer->index][0][column];
    if (is(choice, "scale"))
        return x * oracle->parameters[layer->index][0][column];
    if (is(choice, "rrelu")) {
        const rnl_rrelu *p = choice->parameters;
        const double u = oracle->step > 0 ? uniform(oracle, layer, row, column) : 0.5;
        return x >= 0 ? x : x * (p->lower + (p->upper - p->lower) * u);
    }
    if (oracle->step == 0)
        return x;
    if (is(choice, "gaussian_noise"))
        return x + ((const rnl_gaussian_noise *)choice->parameters)->stddev *
                       normal(oracle, layer, row, column);
    if (is(choice, "dropout")) {
        const double rate = ((const rnl_dropout *)choice->parameters)->rate;
        return uniform(oracle, layer, row, column) >= (double)(float)rate ? x / (1 - rate) : 0;
    }
    if (is(choice, "alpha_dropout")) {
        const double rate = ((const rnl_dropout *)choice->parameters)->rate;
        return alpha_drop(x, rate, uniform(oracle, layer, row, column) >= (double)(float)rate);
    }
    return x;
}

/* The outputs of this layer and of those above. */
static void forward(const layer_oracle *oracle, size_t from, const values *input, values *outputs)
{
    const rnl_model *model = oracle->model;
    for (size_t l = 0; l < model->layer_count; ++l) {
        const rnl_layer *layer = &model->layers[l];
        const values *x = l > 0 ? &outputs[l - 1] : input;
        values *y = &outputs[l];
        *y = (values){rnl_shape_features(&layer->output), oracle->outputs[l]};
        if (l < from)
            continue;
        if (is(layer->choice, "dense"))
            dense(oracle, layer, x, y);
        else if (is(layer->choice, "batch_normalization"))
            normalize(oracle, layer, x, y);
        else
            for (size_t i = 0; i < oracle->rows * y->columns; ++i)
                y->at[i] = element(oracle, layer, x->at[i], i / y->columns, i % y->columns);
        if (is(layer->choice, "add")) {
            const values *skipped = layer->begin > 0 ? &outputs[layer->begin - 1] : input;
            for (size_t i = 0; i < oracle->rows * y->columns; ++i)
                y->at[i] += skipped->at[i];
        }
    }
}

/* The penalties of all rows, divided by their number. */
static double activity_penalties(const layer_oracle *oracle, const values *outputs)
{
    double sum = 0;
    for (size_t l = 0; l < oracle->model->layer_count; ++l) {
        const rnl_choice *choice = oracle->model->layers[l].choice;
        if (!is(choice, "activity_regularization"))
            continue;
        const rnl_activity_regularization *p = choice->parameters;
        const rnl_regularizer r = rnl_regularizer_of(&p->regularizer);
        for (size_t i = 0; i < oracle->rows * outputs[l].columns; ++i)
            sum += r.l1 * fabs(outputs[l].at[i]) + r.l2 * pow(outputs[l].at[i], 2);
    }
    return sum / (double)oracle->rows;
}

static double cross_entropy(const double *z, size_t count, size_t label)
{
    double sum = 0;
    for (size_t i = 0; i < count; ++i)
        sum += exp(z[i] - z[label]);
    return log(sum);
}

static double penalties(const layer_oracle *oracle)
{
    double sum = 0;
    for (size_t l = 0; l < oracle->model->layer_count; ++l)
        for (size_t p = 0; p < oracle->model->layers[l].parameter_count; ++p) {
            const rnl_parameter *parameter = &oracle->model->layers[l].parameters[p];
            const rnl_regularizer r = rnl_regularizer_of(parameter->regularizer);
            const bool frozen = oracle->model->layers[l].frozen;
            for (size_t i = 0; !frozen && i < rnl_parameter_count(parameter); ++i)
                sum += (r.l1 * fabs(oracle->parameters[l][p][i]) +
                        r.l2 * pow(oracle->parameters[l][p][i], 2)) /
                       (r.by_rows ? (double)oracle->model->config->training.batch_size : 1);
        }
    return sum;
}

double layer_oracle_loss_from(layer_oracle *oracle, size_t layer, const float *x,
                              const int32_t *labels)
{
    const rnl_model *model = oracle->model;
    const size_t features = rnl_shape_features(&model->input);
    values input = {features, malloc(oracle->rows * features * sizeof(double))};
    values outputs[LAYER_ORACLE_LAYERS];
    for (size_t i = 0; i < oracle->rows * features; ++i)
        input.at[i] = (double)x[i];
    forward(oracle, layer, &input, outputs);
    free(input.at);
    const values *last = &outputs[model->layer_count - 1];
    double sum = 0;
    for (size_t i = 0; i < oracle->rows; ++i)
        sum += cross_entropy(last->at + i * last->columns, last->columns, (size_t)labels[i]);
    return sum / (double)oracle->rows + activity_penalties(oracle, outputs) + penalties(oracle);
}

double layer_oracle_loss(layer_oracle *oracle, const float *x, const int32_t *labels)
{
    return layer_oracle_loss_from(oracle, 0, x, labels);
}
