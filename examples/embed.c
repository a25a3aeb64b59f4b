/* Trains a network on the program's own arrays, and asks it about new points: is a point inside of
 * the unit circle?
 *
 *     cc embed.c $(pkg-config --cflags --libs runnel) -o embed && ./embed
 */
#include <runnel/runnel.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 2000, ASKED = 3 };

static const char text[] =
    "model: [{dense: {units: 32, activation: tanh}}, {dense: {units: 1, activation: sigmoid}}]\n"
    "training:\n"
    "  loss: binary_crossentropy\n"
    "  optimizer: {adam: {learning_rate: 0.01}}\n"
    "  epochs: 20\n";

static int print_epoch(const rnl_progress *progress, void *user)
{
    (void)user;
    printf("epoch %zu: loss %.4f\n", progress->epoch, progress->figures[0].value);
    return 0; /* anything else would stop training */
}

int main(void)
{
    static float points[ROWS][2], inside[ROWS];
    static const float asked[ASKED][2] = {{0, 0}, {0.5f, -0.6f}, {1, 1}};
    for (size_t i = 0; i < ROWS; ++i) {
        for (size_t j = 0; j < 2; ++j)
            points[i][j] = 4.0f * (float)rand() / (float)RAND_MAX - 2;
        inside[i] = points[i][0] * points[i][0] + points[i][1] * points[i][1] < 1;
    }
    const size_t shape[] = {2};
    const rnl_rows train = {
        ROWS, 1, shape, .floats = *points, .values = inside, .value_columns = 1};
    const rnl_rows test = {ASKED, 1, shape, .floats = *asked};
    const rnl_options options = {.on_epoch = print_epoch};
    rnl_config *config = NULL;
    rnl_data *data = NULL;
    rnl_model *model = NULL;
    rnl_prediction *prediction = NULL;
    if (rnl_config_parse(&config, "circle", text, NULL, 0) != RNL_OK ||
        rnl_data_create(&data, &train, NULL, &test) != RNL_OK ||
        rnl_model_create(&model, config, data) != RNL_OK ||
        rnl_train(model, data, &options) != RNL_OK ||
        rnl_predict(model, data, RNL_TEST, NULL, &prediction) != RNL_OK)
        fprintf(stderr, "%s\n", rnl_message());
    for (size_t i = 0; prediction && i < ASKED; ++i)
        printf("(%g, %g) is inside with probability %.3f\n", (double)asked[i][0],
               (double)asked[i][1], (double)prediction->values[i]);
    const int code = prediction ? 0 : 1;
    rnl_prediction_free(prediction);
    rnl_model_free(model);
    rnl_data_free(data);
    rnl_config_free(config);
    return code;
}
