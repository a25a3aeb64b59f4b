#include "tests/failing_runs.h"
#include "engine/schema/difference.h"

const char run_config[] =
    "data: {train: {csv: {path: rows.csv, target: class, categorical: town}},\n"
    "       validation_split: 0.2, scaling: standardize}\n"
    "model:\n"
    "  defaults: {activation: elu, kernel_regularizer: l2}\n"
    "  layers:\n"
    "    - dense: {units: 8, kernel_constraint: max_norm}\n"
    "    - dense: {units: 2, activation: softmax}\n"
    "training: {loss: sparse_categorical_crossentropy, metrics: [auc, f1], optimizer: adam,\n"
    "           class_weight: {0: 2}, batch_size: 8, epochs: 2, checkpoint_every: 2, inspect: "
    "true}\n";

static const char generated_text[] =
    "preset: {default_dnn: {batch_normalization: always}}\n"
    "data: {train: {spirals: {rows: 30}}, validation_split: 0.2}\n"
    "model: [dense: {units: 3}, dense: {units: 3, activation: softmax}]\n"
    "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n";

void run_release(run *r)
{
    rnl_prediction_free(r->prediction);
    rnl_predictor_free(r->predictor);
    rnl_diff_free(r->diff);
    rnl_evaluation_free(r->evaluation);
    for (size_t i = 0; i < sizeof r->texts / sizeof *r->texts; ++i)
        rnl_text_free(r->texts[i]);
    rnl_model_free(r->model);
    rnl_data_free(r->generated);
    rnl_data_free(r->rows);
    rnl_data_free(r->data);
    rnl_config_free(r->config);
}

static rnl_status begin(run *r)
{
    static const char *const overrides[] = {"training.optimizer.adam.learning_rate=0.01"};
    rnl_status status = rnl_config_load(&r->config, "config.yaml", overrides, 1);
    return status == RNL_OK ? rnl_data_load(&r->data, r->config, RNL_TRAIN | RNL_VALIDATION)
                            : status;
}

rnl_status run_train(run *r, const rnl_options *how)
{
    rnl_status status = begin(r);
    if (status == RNL_OK)
        status = rnl_model_create(&r->model, r->config, r->data);
    if (status != RNL_OK)
        return status;
    r->training = true;
    status = rnl_train(r->model, r->data, how);
    r->trained = status == RNL_OK;
    return status == RNL_OK ? rnl_model_save(r->model, MODEL) : status;
}

static int look(const rnl_inspection *inspection, void *user)
{
    (void)user;
    return inspection->layer_count != 2;
}

const rnl_options run_options = {.threads = 2, .checkpoint = CHECKPOINT, .on_inspect = look};

rnl_status run_train_and_save(run *r)
{
    return run_train(r, &run_options);
}

static rnl_status print(run *r)
{
    rnl_status status = rnl_model_summary(r->model, &r->texts[0]);
    if (status == RNL_OK)
        status = rnl_config_print(r->config, &r->texts[1]);
    if (status == RNL_OK)
        status = rnl_config_print_origins(r->config, &r->texts[5]);
    if (status == RNL_OK)
        status = rnl_config_help(NULL, &r->texts[2]);
    if (status == RNL_OK)
        status = rnl_config_help("training", &r->texts[3]);
    char difference[RNL_DIFFERENCE_TEXT];
    if (status == RNL_OK)
        status = rnl_difference_describe("{\"a\": [1]}", "{\"a\": [2]}", difference);
    return status == RNL_OK ? rnl_topology_describe(NULL, NULL, &run_options, &r->texts[4])
                            : status;
}

rnl_status run_use(run *r)
{
    rnl_status status = rnl_config_parse(&r->config, "spirals", generated_text, NULL, 0);
    if (status == RNL_OK)
        status = rnl_data_load(&r->generated, r->config, RNL_TRAIN | RNL_VALIDATION);
    if (status == RNL_OK)
        status = rnl_model_load(&r->model, MODEL, NULL, 0);
    if (status == RNL_OK)
        status = print(r);
    if (status == RNL_OK)
        status = rnl_model_diff(MODEL, MODEL, &r->diff);
    if (status == RNL_OK)
        status = rnl_data_load_for(&r->data, r->model, RNL_VALIDATION);
    if (status == RNL_OK)
        status = rnl_evaluate(r->model, r->data, RNL_VALIDATION, &run_options, &r->evaluation);
    if (status == RNL_OK)
        status = rnl_data_read(&r->rows, r->model, "rows.csv");
    if (status == RNL_OK)
        status = rnl_predictor_create(&r->predictor, r->model, 1);
    return status == RNL_OK ? rnl_predict(r->model, r->rows, RNL_TEST, &run_options, &r->prediction)
                            : status;
}

rnl_status run_go_on(run *r)
{
    rnl_status status = begin(r);
    if (status == RNL_OK)
        status = rnl_model_resume(&r->model, CHECKPOINT, r->config);
    if (status != RNL_OK && r->data)
        status = rnl_model_resume(&r->model, CHECKPOINT ".previous", r->config);
    if (status == RNL_OK)
        status = rnl_train(r->model, r->data, &run_options);
    return status == RNL_OK ? rnl_model_save(r->model, MODEL) : status;
}
