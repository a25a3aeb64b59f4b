/*
 * Generated sets.  A point is a function of the run's seed, the set's seed and its row.
 */
#include "engine/data/formats.h"
#include "engine/error.h"
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
    const double radius = sqrt(-2 * log(rnl_random_uniform(a)));
    const double angle = 2 * M_PI * rnl_random_uniform(b);
    return (normal_pair){radius * cos(angle), radius * sin(angle)};
}

/* A set without inputs, its rows labelled by the classes in turn: every stretch of it is balanced.
 */
static rnl_status create(rnl_dataset *dataset, const char *name, int64_t rows, int64_t features,
                         int64_t classes)
{
    size_t bytes;
    if (__builtin_mul_overflow((size_t)rows * sizeof(float), (size_t)features, &bytes))
        return rnl_fail(RNL_NO_MEMORY, "%s: %lld rows of %lld features do not fit in memory", name,
                        (long long)rows, (long long)features);
    *dataset = (rnl_dataset){
        .rows = (size_t)rows,
        .features = (size_t)features,
        .rank = 1,
        .shape = {(size_t)features},
        .element = RNL_FLOAT32,
        .inputs = malloc(bytes),
        .labels = malloc((size_t)rows * sizeof(int32_t)),
        .largest_label = (int32_t)((rows < classes ? rows : classes) - 1),
        .name = strdup(name),
    };
    if (!dataset->inputs || !dataset->labels || !dataset->name) {
        rnl_dataset_release(dataset);
        return rnl_fail_memory(bytes);
    }
    for (int64_t i = 0; i < rows; i++)
        dataset->labels[i] = (int32_t)(i % classes);
    return RNL_OK;
}

/* Arm k of K winds by the angle 2 pi (turns r + k / K) as the radius r goes from 0 to 1.  Along a
 * ray, neighbouring arms are 1 / (turns K) apart. */
static rnl_status load_spirals(rnl_dataset *dataset, const void *parameters, uint64_t seed)
{
    const rnl_spirals_parameters *p = parameters;
    RNL_TRY(create(dataset, "spirals", p->rows, 2, p->classes));
    const double deviation = p->noise / (p->turns * (double)p->classes);
    float *inputs = dataset->inputs;
    for (size_t i = 0; i < dataset->rows; i++) {
        const rnl_philox_block block = draw(seed, (uint32_t)p->seed, i, 0);
        const double r = rnl_random_uniform(block.word[0]);
        const double k = dataset->labels[i];
        const double angle = 2 * M_PI * (p->turns * r + k / (double)p->classes);
        const normal_pair noise = normals(block.word[1], block.word[2]);
        inputs[2 * i] = (float)(r * cos(angle) + deviation * noise.first);
        inputs[2 * i + 1] = (float)(r * sin(angle) + deviation * noise.second);
    }
    return RNL_OK;
}

const rnl_data_format rnl_spirals_format = {.load = load_spirals};

/* The centres are the same for every set's seed, so a test set shares them with its training set:
 * they come from words 0 and 1 of stream 0, the points from words 2 and 3. */
static double blob_centre(uint64_t seed, size_t class, size_t feature)
{
    const rnl_philox_block block = draw(seed, 0, class, feature);
    return normals(block.word[0], block.word[1]).first;
}

static double blob_noise(uint64_t seed, uint32_t stream, size_t row, size_t feature)
{
    const rnl_philox_block block = draw(seed, stream, row, feature);
    return normals(block.word[2], block.word[3]).first;
}

static rnl_status load_blobs(rnl_dataset *dataset, const void *parameters, uint64_t seed)
{
    const rnl_blobs_parameters *p = parameters;
    RNL_TRY(create(dataset, "blobs", p->rows, p->features, p->classes));
    float *inputs = dataset->inputs;
    for (size_t i = 0; i < dataset->rows; i++)
        for (size_t j = 0; j < dataset->features; j++)
            inputs[i * dataset->features + j] =
                (float)(blob_centre(seed, (size_t)dataset->labels[i], j) +
                        p->spread * blob_noise(seed, (uint32_t)p->seed, i, j));
    return RNL_OK;
}

const rnl_data_format rnl_blobs_format = {.load = load_blobs};
