/*
 * Layers that make noise in training: the mean and the variance of what they give on.
 */
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <math.h>

enum { CLASSES = 4 };

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A unit of noise more or less: the sums of many elements. */
Test(noise_layers, keep_mean_and_variance)
{
    static const struct {
        const char *layer;
        double variance; /* of inputs of mean 0 and variance 1 */
    } runs[] = {{"dropout: 0.2", 1.25}, {"alpha_dropout: 0.2", 1}, {"gaussian_noise: 0.5", 1.25}};
    enum { ROWS = 4000, UNITS = 50 };
    for (size_t r = 0; r < COUNT(runs); ++r) {
        rnl_data *data = fixture_data(ROWS, UNITS, CLASSES, RNL_FLOAT32);
        for (size_t i = 0; i < ROWS * UNITS; ++i)
            ((float *)data->train.inputs)[i] *= sqrtf(3) / 2; /* uniform from -2 to 2 */
        rnl_model *model = fixture_model(
            fixture_config("model:\n"
                           "  - %s\n"
                           "  - batch_normalization: {momentum: 0}\n"
                           "  - dense: {units: %d, activation: softmax}\n"
                           "training: {loss: sparse_categorical_crossentropy, optimizer: sgd,\n"
                           "           batch_size: %d}\n",
                           runs[r].layer, CLASSES, ROWS),
            data);
        cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
        const rnl_parameter *moving = &model->layers[1].parameters[2];
        double mean = 0, variance = 0;
        for (size_t j = 0; j < UNITS; ++j) {
            mean += (double)moving[0].arrays[RNL_VALUES][j] / UNITS;
            variance += (double)moving[1].arrays[RNL_VALUES][j] / UNITS;
        }
        cr_expect_float_eq(mean, 0, 0.012, "%s: mean %g", runs[r].layer, mean);
        cr_expect_float_eq(variance, runs[r].variance, 0.02, "%s: variance %g", runs[r].layer,
                           variance);
        rnl_model_free(model);
        rnl_data_free(data);
    }
}
