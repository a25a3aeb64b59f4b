/*
 * Generated sets.  A point is a function of the run's seed, the set's seed and its row.
 */
#include "engine/base/error.h"
#include "engine/base/functions.h"
#include "engine/base/memory.h"
#include "engine/data/formats.h"
#include "simd/philox.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static rnl_philox_block draw(uint64_t seed, uint32_t stream, size_t row, size_t column)
{
    return rnl_random(seed, (rnl_random_place){
                                .purpose = RNL_RANDOM_GENERATED_DATA,
                                .step = stream,
                                .row = (uint32_t)row,
                                .column = (uint32_t)column,
                            });
}

typedef struct normal_pair {
    double first, second;
} normal_pair;

/* Two independent standard normal numbers, by Box and Muller. */
static normal_pair normals(uint32_t a, uint32_t b)
{
    const double radius = sqrt(-2 * rnl_logarithm(rnl_random_uniform(a)));
    const rnl_circle_point direction = rnl_circle(rnl_random_uniform(b));
    return (normal_pair){radius * direction.cosine, radius * direction.sine};
}

/* A set without values in it; classes 0 for none. */
static rnl_status create(rnl_dataset *dataset, const char *name, int64_t rows, int64_t features,
                         int64_t classes, int64_t targets)
{
    *dataset = (rnl_dataset){
        .rows = (size_t)rows,
        .features = (size_t)features,
        .rank = 1,
        .shape = {(size_t)features},
        .element = RNL_FLOAT32,
        .largest_label = (int32_t)((rows < classes ? rows : classes) - 1),
        .value_columns = (size_t)targets,
        .name = strdup(name),
    };
    rnl_status status = dataset->name ? RNL_OK : rnl_fail_memory(strlen(name) + 1);
    if (status == RNL_OK)
        status = rnl_allocate_rows(&dataset->inputs, name, dataset->rows, dataset->features,
                                   sizeof(float));
    if (status == RNL_OK && classes > 0)
        status = rnl_allocate_rows(&dataset->labels, name, dataset->rows, 1, sizeof(int32_t));
    if (status == RNL_OK && targets > 0)
        status = rnl_allocate_rows(&dataset->values, name, dataset->rows, dataset->value_columns,
                                   sizeof(float));
    if (status != RNL_OK)
        rnl_dataset_release(dataset);
    return status;
}

/* Its rows are labelled by the classes in turn: every stretch of it is balanced. */
static rnl_status create_classes(rnl_dataset *dataset, const char *name, int64_t rows,
                                 int64_t features, int64_t classes)
{
    RNL_TRY(create(dataset, name, rows, features, classes, 0));
    for (int64_t i = 0; i < rows; ++i)
        dataset->labels[i] = (int32_t)(i % classes);
    return RNL_OK;
}

/* Arm k of K winds by the angle 2 pi (turns r + k / K) as the radius r goes from 0 to 1.  Along a
 * ray, neighbouring arms are 1 / (turns K) apart. */
static rnl_status load_spirals(rnl_dataset *dataset, const void *parameters,
                               const rnl_loading *loading)
{
    const rnl_spirals_parameters *p = parameters;
    RNL_TRY(create_classes(dataset, "spirals", p->rows, 2, p->classes));
    const double deviation = p->noise / (p->turns * (double)p->classes);
    float *inputs = dataset->inputs;
    for (size_t i = 0; i < dataset->rows; ++i) {
        const rnl_philox_block block = draw(loading->seed, (uint32_t)p->seed, i, 0);
        const double r = rnl_random_uniform(block.word[0]);
        const double k = dataset->labels[i];
        const rnl_circle_point direction = rnl_circle(p->turns * r + k / (double)p->classes);
        const normal_pair noise = normals(block.word[1], block.word[2]);
        inputs[2 * i] = (float)(r * direction.cosine + deviation * noise.first);
        inputs[2 * i + 1] = (float)(r * direction.sine + deviation * noise.second);
    }
    return RNL_OK;
}

static bool add_need(rnl_data_need *need, int64_t rows, int64_t features, int64_t others)
{
    return rnl_add_bytes(&need->kept, (size_t)rows, (size_t)features, sizeof(float)) &&
           rnl_add_bytes(&need->kept, (size_t)rows, (size_t)others, sizeof(float));
}

static bool need_spirals(rnl_data_need *need, const void *parameters, const rnl_loading *loading)
{
    (void)loading;
    return add_need(need, ((const rnl_spirals_parameters *)parameters)->rows, 2, 1);
}

const rnl_data_format rnl_spirals_format = {.add_need = need_spirals, .load = load_spirals};

/* The centres are the same for every set's seed, so a test set shares them with its training set:
 * they come from words 0 and 1 of stream 0, the points from words 2 and 3. */
static double blob_centre(uint64_t seed, size_t class, size_t feature)
{
    const rnl_philox_block block = draw(seed, 0, class, feature);
    return normals(block.word[0], block.word[1]).first;
}

static double point_noise(uint64_t seed, uint32_t stream, size_t row, size_t feature)
{
    const rnl_philox_block block = draw(seed, stream, row, feature);
    return normals(block.word[2], block.word[3]).first;
}

static rnl_status load_blobs(rnl_dataset *dataset, const void *parameters,
                             const rnl_loading *loading)
{
    const rnl_blobs_parameters *p = parameters;
    RNL_TRY(create_classes(dataset, "blobs", p->rows, p->features, p->classes));
    float *inputs = dataset->inputs;
    for (size_t i = 0; i < dataset->rows; ++i)
        for (size_t j = 0; j < dataset->features; ++j)
            inputs[i * dataset->features + j] =
                (float)(blob_centre(loading->seed, (size_t)dataset->labels[i], j) +
                        p->spread * point_noise(loading->seed, (uint32_t)p->seed, i, j));
    return RNL_OK;
}

static bool need_blobs(rnl_data_need *need, const void *parameters, const rnl_loading *loading)
{
    const rnl_blobs_parameters *p = parameters;
    (void)loading;
    return add_need(need, p->rows, p->features, 1);
}

const rnl_data_format rnl_blobs_format = {.add_need = need_blobs, .load = load_blobs};

/* The function is the same for every set's seed: its weights come from words 0 and 1 of stream 0,
 * the rows from words 2 and 3.  Weights of deviation 1 / sqrt(features) make targets of
 * deviation 1.
 */
static double regression_weight(uint64_t seed, size_t target, size_t feature)
{
    const rnl_philox_block block = draw(seed, 0, target, feature);
    return normals(block.word[0], block.word[1]).first;
}

static rnl_status load_regression(rnl_dataset *dataset, const void *parameters,
                                  const rnl_loading *loading)
{
    const rnl_regression_parameters *p = parameters;
    RNL_TRY(create(dataset, "regression", p->rows, p->features, 0, p->targets));
    const size_t features = dataset->features, targets = dataset->value_columns;
    const double scale = 1 / sqrt((double)features);
    for (size_t i = 0; i < dataset->rows; ++i) {
        float *x = (float *)dataset->inputs + i * features;
        for (size_t j = 0; j < features; ++j)
            x[j] = (float)point_noise(loading->seed, (uint32_t)p->seed, i, j);
        for (size_t k = 0; k < targets; ++k) {
            double sum = p->noise * point_noise(loading->seed, (uint32_t)p->seed, i, features + k);
            for (size_t j = 0; j < features; ++j)
                sum += scale * regression_weight(loading->seed, k, j) * (double)x[j];
            dataset->values[i * targets + k] = (float)sum;
        }
    }
    return RNL_OK;
}

static bool need_regression(rnl_data_need *need, const void *parameters, const rnl_loading *loading)
{
    const rnl_regression_parameters *p = parameters;
    (void)loading;
    return add_need(need, p->rows, p->features, p->targets);
}

const rnl_data_format rnl_regression_format = {.add_need = need_regression,
                                               .load = load_regression};
