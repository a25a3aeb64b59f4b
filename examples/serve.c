/* Serves single rows from eight threads that share one predictor, and tells how many a second:
 *
 *     cc serve.c $(pkg-config --cflags --libs runnel) -lpthread -o serve
 *     ./serve                                            1,000,000 rows of a net of 784-300-100-10
 *     ./serve 50000 runs/spirals/model.safetensors       50,000 rows of a model of your own
 *
 * Each thread has buffers of its own; the answers are compared with those of rnl_predict.
 */
#include <pthread.h>
#include <runnel/runnel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { THREADS = 8, DISTINCT = 256, FEATURES = 784 };

static const char text[] =
    "model:\n"
    "  - dense: {units: 300, activation: elu, kernel_initializer: he_normal}\n"
    "  - dense: {units: 100, activation: elu, kernel_initializer: he_normal}\n"
    "  - dense: {units: 10, activation: softmax}\n"
    "training: {loss: sparse_categorical_crossentropy, optimizer: adam}\n";

typedef struct server {
    pthread_t thread;
    const rnl_predictor *predictor;
    const float *rows;     /* (DISTINCT, features) */
    const float *expected; /* (DISTINCT, outputs) */
    size_t begin, end;     /* rows that this thread serves; row i is DISTINCT row i % DISTINCT */
    size_t wrong;
} server;

/* Serves its rows one by one, with memory that it takes once. */
static void *serve(void *context)
{
    server *s = context;
    const size_t features = rnl_predictor_features(s->predictor),
                 outputs = rnl_predictor_outputs(s->predictor),
                 bytes = rnl_predictor_scratch(s->predictor, 1);
    float *values = malloc(outputs * sizeof *values);
    void *scratch = malloc(bytes);
    for (size_t i = s->begin; i < s->end; ++i) {
        const rnl_request request = {
            .rows = 1,
            .features = features,
            .floats = s->rows + i % DISTINCT * features,
            .values = values,
            .scratch = scratch,
            .scratch_bytes = bytes,
        };
        if (!values || rnl_predictor_run(s->predictor, &request) != RNL_OK ||
            memcmp(values, s->expected + i % DISTINCT * outputs, outputs * sizeof *values) != 0)
            ++s->wrong;
    }
    free(values);
    free(scratch);
    return NULL;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Returns the number of rows whose answer was not the expected one. */
static size_t serve_all(const rnl_predictor *predictor, const float *rows, const float *expected,
                        size_t count)
{
    server servers[THREADS];
    size_t wrong = 0;
    const double start = seconds();
    for (size_t t = 0; t < THREADS; ++t) {
        servers[t] = (server){.predictor = predictor,
                              .rows = rows,
                              .expected = expected,
                              .begin = t * count / THREADS,
                              .end = (t + 1) * count / THREADS};
        if (pthread_create(&servers[t].thread, NULL, serve, &servers[t]) != 0) {
            fprintf(stderr, "no thread is to be had\n");
            exit(1);
        }
    }
    for (size_t t = 0; t < THREADS; ++t) {
        pthread_join(servers[t].thread, NULL);
        wrong += servers[t].wrong;
    }
    const double taken = seconds() - start;
    printf("%zu rows from %d threads in %.2f s: %.0f a second, %zu wrong\n", count, THREADS, taken,
           (double)count / taken, wrong);
    return wrong;
}

/* Loads the model, or makes one that has learned nothing. */
static rnl_status make_model(rnl_model **model, const char *path)
{
    static float rows[2][FEATURES] = {{1}};
    static const int32_t classes[2] = {0, 9};
    const size_t shape[] = {FEATURES};
    const rnl_rows train = {2, 1, shape, .floats = *rows, .classes = classes};
    rnl_config *config = NULL;
    rnl_data *data = NULL;
    if (path)
        return rnl_model_load(model, path, NULL, 0);
    rnl_status status = rnl_config_parse(&config, "serve", text, NULL, 0);
    if (status == RNL_OK)
        status = rnl_data_create(&data, &train, NULL, NULL);
    if (status == RNL_OK)
        status = rnl_model_create(model, config, data);
    rnl_data_free(data);
    rnl_config_free(config);
    return status;
}

/* What rnl_predict says of the distinct rows. */
static rnl_status predict(rnl_prediction **prediction, const rnl_model *model, const float *rows,
                          size_t features)
{
    rnl_data *data = NULL;
    const rnl_rows test = {DISTINCT, 1, &features, .floats = rows};
    rnl_status status = rnl_data_create(&data, NULL, NULL, &test);
    if (status == RNL_OK)
        status = rnl_predict(model, data, RNL_TEST, NULL, prediction);
    rnl_data_free(data);
    return status;
}

int main(int count, char **words)
{
    const size_t rows = count > 1 ? (size_t)strtoull(words[1], NULL, 10) : 1000000;
    rnl_model *model = NULL;
    rnl_predictor *predictor = NULL;
    rnl_prediction *prediction = NULL;
    float *inputs = NULL;
    rnl_status status = make_model(&model, count > 2 ? words[2] : NULL);
    if (status == RNL_OK)
        status = rnl_predictor_create(&predictor, model, 0);
    if (status == RNL_OK) {
        const size_t features = rnl_predictor_features(predictor);
        inputs = malloc(DISTINCT * features * sizeof *inputs);
        for (size_t i = 0; inputs && i < DISTINCT * features; ++i)
            inputs[i] = (float)rand() / (float)RAND_MAX;
        status = inputs ? predict(&prediction, model, inputs, features) : RNL_NO_MEMORY;
    }
    int code = 1;
    if (status == RNL_OK)
        code = serve_all(predictor, inputs, prediction->values, rows) > 0;
    else
        fprintf(stderr, "%s\n", rnl_message());
    rnl_prediction_free(prediction);
    rnl_predictor_free(predictor);
    rnl_model_free(model);
    free(inputs);
    return code;
}
