#include "engine/training/training_log.h"

#include "engine/data/split.h"
#include "engine/kinds/regularizers.h"
#include "engine/step/mixed_precision.h"
#include "engine/step/shared.h"
#include "engine/workers/executor.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static size_t data_bytes(const rnl_dataset *dataset)
{
    const rnl_row_parts *parts = dataset->parts;
    const size_t held = parts ? rnl_parts_rows(parts, rnl_job_own_rank(parts->job)) : dataset->rows;
    const size_t row = rnl_dataset_value_bytes(dataset) +
                       (dataset->labels ? sizeof *dataset->labels : 0) +
                       (dataset->sample_weights ? sizeof *dataset->sample_weights : 0);
    return held * rnl_dataset_input_bytes(dataset) + dataset->rows * row;
}

/* Counts parameters and optimizer state twice: checkpoints are written from a copy, of ranks by the
 * first. */
static size_t model_bytes(const rnl_step *step)
{
    const bool saves = !step->shared || step->shared->rank == 0;
    size_t parameters = 0;
    for (size_t i = 0; i < step->given.model->layer_count; ++i)
        for (size_t p = 0; p < step->given.model->layers[i].parameter_count; ++p)
            parameters += rnl_parameter_count(&step->given.model->layers[i].parameters[p]);
    return parameters * (saves ? rnl_step_arrays(step) : RNL_FIRST_SLOT) * sizeof(float);
}

#define FEW_ROWS           16
#define DEFAULT_BATCH_SIZE 32

static void log_shards(const rnl_step *step, const rnl_options *options)
{
    const size_t shards = step->rows.shards, rows = step->given.batch_size / shards;
    if (shards > 1)
        rnl_log(options, rows < FEW_ROWS ? RNL_LOG_WARNING : RNL_LOG_INFO,
                "a mini-batch has %zu rows: %zu of each of %zu shards%s", shards * rows, rows,
                shards,
                rows < FEW_ROWS ? ", so few that a step takes much longer than one without shards"
                                : "");
}

/* Leaves out the runtimes' own memory, some 13 MB. */
void rnl_log_plan(const rnl_step *step, const rnl_data *data, const rnl_options *options)
{
    const rnl_memory_plan *memory = &step->memory;
    const size_t rows =
        data_bytes(&data->train) + data_bytes(&data->validation) + data_bytes(&data->test);
    const size_t model = model_bytes(step);
    rnl_log(options, RNL_LOG_INFO,
            "%zu worker%s; %.1f MB: parameters %.1f, optimizer %.1f, gradients %.1f, activations "
            "%.1f, model %.1f, data %.1f",
            step->workers, step->workers == 1 ? "" : "s",
            (double)(step->arena.bytes + model + rows) / 1e6, (double)memory->parameters / 1e6,
            (double)memory->optimizer / 1e6, (double)memory->gradients / 1e6,
            (double)memory->activations / 1e6, (double)model / 1e6, (double)rows / 1e6);
    log_shards(step, options);
    if (rnl_step_is_mixed(step) && !rnl_kernels_have_bfloat16(step->kernels))
        rnl_log(options, RNL_LOG_WARNING,
                "precision mixed_bfloat16: without AVX512_BF16 products take about twice the time "
                "of float32; the results are the same");
}

#define LEARNERS 256

static void list_learners(char text[LEARNERS], const rnl_model *model)
{
    size_t length = 0;
    for (size_t i = 0; i < model->layer_count && length < LEARNERS; ++i)
        if (rnl_layer_learns(&model->layers[i]))
            length += (size_t)snprintf(text + length, LEARNERS - length, "%s%s",
                                       length > 0 ? ", " : "", model->layers[i].name);
}

void rnl_log_phase(const rnl_model *model, const rnl_options *options)
{
    char learners[LEARNERS];
    list_learners(learners, model);
    if (rnl_model_phases(model) > 1)
        rnl_log(options, RNL_LOG_INFO, "phase %zu of %zu, epochs %llu to %llu: %s learn%s, by %s",
                (size_t)model->position.phase + 1, rnl_model_phases(model),
                (unsigned long long)model->position.phase_epoch + 1,
                (unsigned long long)(model->position.phase_epoch + model->phase.epochs), learners,
                strchr(learners, ',') ? "" : "s", model->phase.optimizer->kind->name);
}

/* The first key that says what is to become of rows; NULL if none does.  Validation rows of the
 * caller take the place of a split. */
static const char *row_key(const rnl_data_config *config, const rnl_data *data)
{
    if (rnl_split_is_on(config) && data->validation.rows == 0)
        return rnl_split_folds(config) ? "folds" : "validation_split";
    return config->limit > 0             ? "limit"
           : config->limit_per_class > 0 ? "limit_per_class"
           : config->classes.kind        ? "classes"
                                         : NULL;
}

/* Warns of a batch size that is larger than all rows, those taken for validation among them. */
static void log_batch_size(const rnl_config *config, const rnl_data *data,
                           const rnl_options *options)
{
    const size_t given = (size_t)config->training.batch_size;
    const size_t split = rnl_split_is_on(&config->data) ? data->validation.rows : 0;
    if (given > data->train.rows + split && given != DEFAULT_BATCH_SIZE)
        rnl_log(options, RNL_LOG_WARNING,
                "batch_size: %zu is more than there are training rows: a mini-batch has all %zu",
                given, data->train.rows);
}

void rnl_log_notes(const rnl_config *config, const rnl_data *data, const rnl_options *options)
{
    const char *key = data->shaped ? NULL : row_key(&config->data, data);
    if (key)
        rnl_log(options, RNL_LOG_WARNING,
                "data.%s is not done: %s were made without the configuration; "
                "rnl_data_create_for, in Python Data(..., config=), takes it",
                key, data->train.name);
    log_batch_size(config, data, options);
    for (size_t i = 0; i < data->notes.count; ++i)
        rnl_log(options, data->notes.items[i].level, "%s", data->notes.items[i].text);
}

/* Counts the memory of the whole process. */
void rnl_log_peak(const rnl_options *options)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        rnl_log(options, RNL_LOG_DEBUG, "resident at the peak: %.1f MB",
                (double)usage.ru_maxrss * 1024 / 1e6);
}

#define NEARLY_0 1e-3f

/* Counts weights near 0: the slope of an l1 penalty makes few of them exactly 0. */
static void log_parameter(const rnl_layer *layer, const rnl_parameter *parameter,
                          const rnl_options *options)
{
    const size_t count = rnl_parameter_count(parameter);
    const float *values = parameter->arrays[RNL_VALUES];
    size_t small = 0;
    for (size_t i = 0; i < count; ++i)
        small += fabsf(values[i]) < NEARLY_0;
    if (rnl_regularizer_of(parameter->regularizer).l1 > 0)
        rnl_log(options, RNL_LOG_INFO, "%s.%s: %.1f %% of the weights are within 0.001 of 0",
                layer->name, parameter->name, 100.0 * (double)small / (double)count);
}

void rnl_log_sparsity(const rnl_model *model, const rnl_options *options)
{
    for (size_t i = 0; i < model->layer_count; ++i)
        for (size_t p = 0; p < model->layers[i].parameter_count; ++p)
            log_parameter(&model->layers[i], &model->layers[i].parameters[p], options);
}
