/*
 * Requests to a predictor and what comes of them, beside the numbers of rnl_predict.
 */
#ifndef RNL_TESTS_PREDICTOR_REQUESTS_H
#define RNL_TESTS_PREDICTOR_REQUESTS_H

#include "tests/fixtures.h"

enum { ROWS = 230, FEATURES = 37, CLASSES = 5 };

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* What a predictor said of rows. */
typedef struct answers {
    float *values;
    double *exact_values;
    int32_t *classes; /* NULL of a model that predicts values */
    void *scratch;
    size_t scratch_bytes;
} answers;

answers answers_for(const rnl_predictor *predictor, size_t rows);
void answers_release(answers *a);

/* Rows from the first on, in the type of the data. */
rnl_request request_of(const rnl_dataset *rows, size_t first, size_t count, const answers *to,
                       size_t outputs);

void expect_same(const answers *got, const rnl_prediction *expected, const char *what);

/* Predicts all rows, so many at a time. */
void ask(const rnl_predictor *predictor, const rnl_dataset *rows, size_t at_a_time, answers *to);

rnl_prediction *predict(const rnl_model *model, const rnl_data *data);
rnl_predictor *predictor_of(const rnl_model *model, int fold);

/* Layers of every kind, in nets of FEATURES inputs and CLASSES outputs; NULL ends them. */
extern const char *const nets[];
rnl_model *train_net(const char *layers, const char *scaling, const rnl_data *data);

#endif
