/*
 * Pretraining: what is trained is what the same layers and their mirror image train when they are
 * written out, whole or stage by stage; it gives back rows better than their mean does.
 */
#include "engine/model/model.h"
#include "engine/schema/config.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define DATA                                                                                       \
    "data: {train: {blobs: {rows: 600, features: 12, classes: 4, spread: 0.3}},\n"                 \
    "       validation_split: 0.2, scaling: standardize%s}\n"
#define TRAINING "training: {loss: %s, optimizer: adam, epochs: %d, batch_size: 32, seed: 3}\n"

static rnl_config *configure(const char *pretraining, const char *layers)
{
    return fixture_config(DATA "model:\n%s" TRAINING "pretraining: %s\n", "", layers,
                          "sparse_categorical_crossentropy", 2, pretraining);
}

static const char plain[] = "  - dense: {units: 8, activation: tanh}\n"
                            "  - dense: {units: 5, activation: elu, kernel_initializer: "
                            "he_normal}\n"
                            "  - dense: {units: 4, activation: softmax}\n";

static const char normalized[] = "  - flatten\n"
                                 "  - dense: 8\n"
                                 "  - batch_normalization\n"
                                 "  - activation: {elu: {alpha: 0.5}}\n"
                                 "  - dropout: 0.05\n"
                                 "  - dense: {units: 5, name: code}\n"
                                 "  - batch_normalization\n"
                                 "  - prelu\n"
                                 "  - dense: {units: 4, activation: softmax}\n";

static rnl_pretraining *pretrain(rnl_config *config)
{
    rnl_pretraining *p = NULL;
    cr_assert_eq(rnl_pretraining_create(&p, config), RNL_OK, "%s", rnl_message());
    for (size_t k = 1; k <= rnl_pretraining_stages(p); ++k) {
        rnl_model *model = NULL;
        const rnl_data *data = NULL;
        cr_assert_eq(rnl_pretraining_begin(p, k, NULL, &model, &data), RNL_OK, "%s", rnl_message());
        cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
        cr_assert_eq(rnl_pretraining_take(p, k, model), RNL_OK, "%s", rnl_message());
        rnl_model_free(model);
    }
    rnl_config_free(config);
    return p;
}

static double loss_of(const rnl_model *model, const rnl_data *data, rnl_part part)
{
    rnl_evaluation *evaluation = NULL;
    cr_assert_eq(rnl_evaluate(model, data, part, NULL, &evaluation), RNL_OK, "%s", rnl_message());
    const double loss = evaluation->figures[0].value;
    rnl_evaluation_free(evaluation);
    return loss;
}

static void expect_parameter(const rnl_model *model, const char *name, const rnl_model *other,
                             const char *other_name)
{
    float got[200], expected[200];
    rnl_parameter_description d;
    size_t count = 0;
    for (size_t i = 0; i < rnl_model_parameter_count(model); ++i) {
        cr_assert_eq(rnl_model_describe_parameter(model, i, &d), RNL_OK);
        count = strcmp(d.name, name) == 0 ? d.count : count;
    }
    cr_assert_gt(count, 0, "%s", name);
    cr_assert_eq(rnl_model_get_parameter(model, name, got, count), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_model_get_parameter(other, other_name, expected, count), RNL_OK, "%s",
                 rnl_message());
    cr_expect_eq(memcmp(got, expected, count * sizeof *got), 0, "%s", name);
}

/* ---- whole ----------------------------------------------------------------------------------- */

/* The autoencoder written out by hand ends with the same weights. */
Test(pretraining, whole_is_the_net_and_its_mirror_image)
{
    rnl_pretraining *p = pretrain(configure("{denoising: {dropout: 0.1}, epochs: 3}", plain));
    rnl_config *config = fixture_config(
        DATA "model:\n"
             "  - dropout: 0.1\n"
             "  - dense: {units: 8, activation: tanh}\n"
             "  - dense: {units: 5, activation: elu, kernel_initializer: he_normal}\n"
             "  - dense: {units: 8, activation: tanh}\n"
             "  - dense: {units: 12}\n" TRAINING,
        ", targets: inputs", "mean_squared_error", 3);
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN | RNL_VALIDATION), RNL_OK, "%s",
                 rnl_message());
    rnl_model *model = fixture_model(config, data);
    cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
    static const char *const names[][2] = {{"dense_1", "dense_1"},
                                           {"dense_2", "dense_2"},
                                           {"decoder_2", "dense_3"},
                                           {"decoder_1", "dense_4"}};
    for (size_t i = 0; i < 4; ++i) {
        char name[64], other[64];
        snprintf(name, sizeof name, "%s.kernel", names[i][0]);
        snprintf(other, sizeof other, "%s.kernel", names[i][1]);
        expect_parameter(rnl_pretraining_model(p), name, model, other);
        snprintf(name, sizeof name, "%s.bias", names[i][0]);
        snprintf(other, sizeof other, "%s.bias", names[i][1]);
        expect_parameter(rnl_pretraining_model(p), name, model, other);
    }
    cr_expect_eq(loss_of(rnl_pretraining_model(p), rnl_pretraining_data(p), RNL_VALIDATION),
                 loss_of(model, data, RNL_VALIDATION));
    rnl_model_free(model);
    rnl_data_free(data);
    rnl_pretraining_free(p);
}

/* With tied weights it is the net whose decoder is tied by hand, and each stage's decoder has its
 * encoder's kernel. */
Test(pretraining, tied_weights_are_those_of_tied_layers)
{
    rnl_pretraining *p =
        pretrain(configure("{tied: true, denoising: {gaussian_noise: 0.1}, epochs: 3}", plain));
    rnl_config *config = fixture_config(
        DATA "model:\n"
             "  - gaussian_noise: 0.1\n"
             "  - dense: {units: 8, activation: tanh}\n"
             "  - dense: {units: 5, activation: elu, kernel_initializer: he_normal}\n"
             "  - dense: {units: 8, activation: tanh, tied_to: dense_2}\n"
             "  - dense: {units: 12, tied_to: dense_1}\n" TRAINING,
        ", targets: inputs", "mean_squared_error", 3);
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN | RNL_VALIDATION), RNL_OK, "%s",
                 rnl_message());
    rnl_model *model = fixture_model(config, data);
    cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
    expect_parameter(rnl_pretraining_model(p), "dense_2.kernel", model, "dense_2.kernel");
    expect_parameter(rnl_pretraining_model(p), "decoder_2.kernel", model, "dense_3.kernel");
    expect_parameter(rnl_pretraining_model(p), "decoder_1.kernel", model, "dense_4.kernel");
    expect_parameter(rnl_pretraining_model(p), "decoder_1.bias", model, "dense_4.bias");
    rnl_model_free(model);
    rnl_data_free(data);
    rnl_pretraining_free(p);
}

/* ---- stacked --------------------------------------------------------------------------------- */

/* The codes of the first layer, computed here, in double; the second autoencoder trained on them by
 * hand ends with the same weights as the second stage, up to the codes' rounding. */
Test(pretraining, a_stage_learns_the_codes_of_those_before)
{
    rnl_config *config = configure("{mode: stacked, epochs: 2}", plain);
    rnl_pretraining *p = NULL;
    rnl_model *first = NULL, *second = NULL;
    const rnl_data *rows = NULL, *codes = NULL;
    cr_assert_eq(rnl_pretraining_create(&p, config), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_pretraining_stages(p), 2);
    cr_expect_eq(rnl_pretraining_begin(p, 2, NULL, &second, &codes), RNL_BAD_CONFIG);
    cr_assert_eq(rnl_pretraining_begin(p, 1, NULL, &first, &rows), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_train(first, rows, NULL), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_pretraining_take(p, 1, first), RNL_OK);
    cr_assert_eq(rnl_pretraining_begin(p, 2, NULL, &second, &codes), RNL_OK, "%s", rnl_message());
    cr_assert_eq(codes->train.rows, rows->train.rows);
    cr_assert_eq(codes->train.features, 8);
    cr_assert_eq(codes->validation.rows, rows->validation.rows);
    const float *kernel = first->layers[0].parameters[0].arrays[RNL_VALUES],
                *bias = first->layers[0].parameters[1].arrays[RNL_VALUES];
    for (size_t i = 0; i < rows->train.rows; ++i)
        for (size_t j = 0; j < 8; ++j) {
            double z = (double)bias[j];
            for (size_t k = 0; k < 12; ++k)
                z += rnl_scaler_apply(
                         &first->scaler, k,
                         rnl_element_at(rows->train.element, rows->train.inputs, i * 12 + k)) *
                     (double)kernel[k * 8 + j];
            cr_assert_float_eq(((const float *)codes->train.inputs)[i * 8 + j], tanh(z), 1e-5);
        }
    rnl_config *by_hand = fixture_config(
        "data: {targets: inputs}\n"
        "model: [{dense: {units: 5, activation: elu, kernel_initializer: he_normal}},\n"
        "        {dense: {units: 8, activation: tanh}}]\n" TRAINING,
        "mean_squared_error", 2);
    rnl_model *model = fixture_model(by_hand, codes);
    for (size_t i = 0; i < 2; ++i)
        for (size_t q = 0; q < 2; ++q)
            memcpy(model->layers[i].parameters[q].arrays[RNL_VALUES],
                   second->layers[i].parameters[q].arrays[RNL_VALUES],
                   rnl_parameter_count(&model->layers[i].parameters[q]) * sizeof(float));
    cr_assert_eq(rnl_train(second, codes, NULL), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_train(model, codes, NULL), RNL_OK, "%s", rnl_message());
    cr_expect_eq(fixture_hash(second), fixture_hash(model));
    cr_assert_eq(rnl_pretraining_take(p, 2, second), RNL_OK);
    expect_parameter(rnl_pretraining_model(p), "dense_1.kernel", first, "dense_1.kernel");
    expect_parameter(rnl_pretraining_model(p), "decoder_1.kernel", first, "decoder_1.kernel");
    expect_parameter(rnl_pretraining_model(p), "dense_2.kernel", second, "dense_2.kernel");
    expect_parameter(rnl_pretraining_model(p), "decoder_2.bias", second, "decoder_2.bias");
    cr_expect_eq(rnl_pretraining_take(p, 3, second), RNL_BAD_CONFIG);
    rnl_model_free(first);
    rnl_model_free(second);
    rnl_model_free(model);
    rnl_pretraining_free(p);
    rnl_config_free(config);
}

/* ---- what it is good for --------------------------------------------------------------------- */

/* The mean squared error of the training rows' mean, on the validation rows. */
static double error_of_the_mean(const rnl_model *model, const rnl_data *data)
{
    double error = 0;
    const rnl_dataset *train = &data->train, *validation = &data->validation;
    for (size_t k = 0; k < train->features; ++k) {
        double mean = 0;
        for (size_t i = 0; i < train->rows; ++i)
            mean += rnl_scaler_apply(
                        &model->scaler, k,
                        rnl_element_at(train->element, train->inputs, i * train->features + k)) /
                    (double)train->rows;
        for (size_t i = 0; i < validation->rows; ++i) {
            const double x = rnl_scaler_apply(
                &model->scaler, k,
                rnl_element_at(validation->element, validation->inputs, i * train->features + k));
            error += (x - mean) * (x - mean) / (double)(validation->rows * train->features);
        }
    }
    return error;
}

Test(pretraining, gives_back_rows_better_than_their_mean)
{
    static const char *const kinds[] = {
        "{mode: whole, epochs: 30}",
        "{mode: whole, tied: true, epochs: 30}",
        "{mode: stacked, tied: true, denoising: {dropout: 0.1}, epochs: 30}",
        "{mode: stacked, epochs: 30}",
        "{mode: whole, denoising: {gaussian_noise: 0.1}, epochs: 30, batch_size: 16}",
        "{mode: stacked, denoising: {dropout: 0.1}, epochs: 30, optimizer: nesterov}",
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; ++i)
        for (size_t n = 0; n < 2; ++n) {
            rnl_pretraining *p = pretrain(configure(kinds[i], n ? normalized : plain));
            const rnl_model *model = rnl_pretraining_model(p);
            const double error = loss_of(model, rnl_pretraining_data(p), RNL_VALIDATION),
                         of_the_mean = error_of_the_mean(model, rnl_pretraining_data(p));
            cr_expect_lt(error, 0.6 * of_the_mean, "%s: %g, the mean's %g", kinds[i], error,
                         of_the_mean);
            rnl_pretraining_free(p);
        }
}

/* Every layer of the net but its head has its own name in the autoencoder, whatever stands between
 * them. */
Test(pretraining, layers_keep_their_names)
{
    static const char *const modes[] = {"{mode: whole}", "{mode: stacked}"};
    static const char *const names[] = {
        "dense_1.kernel",    "batch_normalization_1.gamma",
        "code.kernel",       "batch_normalization_2.moving_variance",
        "prelu_1.alpha",     "decoder_2.kernel",
        "decoder_2_1.gamma", "decoder_1.bias",
    };
    for (size_t m = 0; m < 2; ++m) {
        rnl_pretraining *p = pretrain(configure(modes[m], normalized));
        const rnl_model *model = rnl_pretraining_model(p);
        for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
            bool there = false;
            rnl_parameter_description d;
            for (size_t k = 0; k < rnl_model_parameter_count(model); ++k) {
                cr_assert_eq(rnl_model_describe_parameter(model, k, &d), RNL_OK);
                there |= strcmp(d.name, names[i]) == 0;
            }
            cr_expect(there, "%s: %s", modes[m], names[i]);
        }
        rnl_pretraining_free(p);
    }
}

/* ---- refused --------------------------------------------------------------------------------- */

static void expect_refused(const char *layers, const char *words)
{
    rnl_config *config = configure("{}", layers);
    rnl_pretraining *p = NULL;
    cr_expect_eq(rnl_pretraining_create(&p, config), RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), words) != NULL, "'%s' is not in '%s'", words, rnl_message());
    rnl_config_free(config);
}

Test(pretraining, needs_a_plain_stack)
{
    expect_refused("  - dense: {units: 4, activation: softmax}\n",
                   "pretraining needs a hidden dense layer");
    expect_refused("  - residual: [dense: {units: 12}]\n"
                   "  - dense: {units: 8}\n"
                   "  - dense: {units: 4, activation: softmax}\n",
                   "test.yaml:4:5: pretraining needs a plain stack of layers, got residual");
}
