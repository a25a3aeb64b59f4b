#include "tests/fixtures.h"

#include "engine/data/formats.h"
#include "engine/schema/config.h"
#include "simd/philox.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <xxhash.h>

rnl_config *fixture_config(const char *format, ...)
{
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    rnl_config *config = NULL;
    cr_assert_eq(rnl_config_parse(&config, "test.yaml", text, NULL, 0), RNL_OK, "%s",
                 rnl_message());
    return config;
}

rnl_dataset fixture_spirals(rnl_spirals_parameters parameters, uint64_t seed)
{
    rnl_dataset dataset;
    cr_assert_eq(rnl_spirals_format.load(&dataset, &parameters, &(const rnl_loading){.seed = seed}),
                 RNL_OK);
    return dataset;
}

rnl_data *fixture_data(size_t rows, size_t features, size_t classes, rnl_element element)
{
    const size_t size = element == RNL_UINT8 ? 1 : sizeof(float);
    rnl_data *data = calloc(1, sizeof *data);
    data->train = (rnl_dataset){
        .rows = rows,
        .features = features,
        .rank = 1,
        .shape = {features},
        .element = element,
        .inputs = malloc(rows * features * size),
        .labels = malloc(rows * sizeof(int32_t)),
        .largest_label = (int32_t)classes - 1,
        .name = strdup("noise"),
    };
    for (size_t i = 0; i < rows; ++i) {
        const rnl_random_place place = {RNL_RANDOM_GENERATED_DATA, .row = (uint32_t)i};
        data->train.labels[i] = (int32_t)(rnl_random(7, place).word[0] % classes);
        for (size_t j = 0; j < features; ++j) {
            const rnl_random_place at = {RNL_RANDOM_GENERATED_DATA, .row = (uint32_t)i,
                                         .column = (uint32_t)j + 1};
            const uint32_t word = rnl_random(7, at).word[0];
            if (element == RNL_UINT8)
                ((uint8_t *)data->train.inputs)[i * features + j] = (uint8_t)(word >> 24);
            else
                ((float *)data->train.inputs)[i * features + j] =
                    (float)(4 * rnl_random_uniform(word) - 2);
        }
    }
    return data;
}

rnl_model *fixture_model(rnl_config *config, const rnl_data *data)
{
    rnl_model *model = NULL;
    cr_assert_eq(rnl_model_create(&model, config, data), RNL_OK, "%s", rnl_message());
    rnl_config_free(config);
    return model;
}

double fixture_loss(const rnl_model *model, const rnl_data *data)
{
    rnl_evaluation *evaluation = NULL;
    cr_assert_eq(rnl_evaluate(model, data, RNL_TRAIN, NULL, &evaluation), RNL_OK, "%s",
                 rnl_message());
    const double loss = evaluation->figures[0].value;
    rnl_evaluation_free(evaluation);
    return loss;
}

int fixture_keep_loss(const rnl_progress *progress, void *user)
{
    *(double *)user = progress->figures[0].value;
    return 0;
}

uint64_t fixture_hash(const rnl_model *model)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < model->layer_count; ++i)
        for (size_t p = 0; p < model->layers[i].parameter_count; ++p) {
            const rnl_parameter *parameter = &model->layers[i].parameters[p];
            hash = XXH3_64bits_withSeed(parameter->arrays[RNL_VALUES],
                                        rnl_parameter_count(parameter) * sizeof(float), hash);
        }
    return hash;
}

static int stop_at(const rnl_progress *progress, void *user)
{
    return progress->step == *(const uint64_t *)user;
}

uint64_t fixture_interrupted(rnl_model *model, const rnl_data *data, uint64_t step)
{
    static const char path[] = "interrupted.safetensors";
    const rnl_options stopping = {.threads = 2, .on_step = stop_at, .user = &step};
    cr_assert_eq(rnl_train(model, data, &stopping), RNL_STOPPED, "%s", rnl_message());
    cr_assert_eq(rnl_model_save(model, path), RNL_OK, "%s", rnl_message());
    rnl_model_free(model);
    cr_assert_eq(rnl_model_load(&model, path, NULL, 0), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = 3}), RNL_OK, "%s",
                 rnl_message());
    const uint64_t hash = fixture_hash(model);
    rnl_model_free(model);
    return hash;
}
