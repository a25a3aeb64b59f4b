#include "engine/workers/batch.h"

#include "engine/base/number.h"
#include "engine/data/row_order.h"
#include "engine/data/row_parts.h"
#include "engine/schema/config.h"

rnl_batch rnl_batch_at(const rnl_step *step, const rnl_sequence *rows, size_t begin)
{
    const size_t left = rows->count - begin;
    return (rnl_batch){
        .dataset = rows->dataset,
        .indices = rows->order + begin,
        .rows = rnl_least(left, step->given.batch_size),
        .target_variances = rows->variances,
    };
}

rnl_batch rnl_batch_to_learn(const rnl_step *step, const rnl_sequence *rows, size_t begin,
                             uint64_t number)
{
    rnl_batch batch = rnl_batch_at(step, rows, begin);
    batch.training = true;
    batch.number = number;
    return batch;
}

size_t rnl_batch_size(const rnl_model *model, const rnl_dataset *dataset)
{
    return rnl_config_batch(model->config, dataset->rows);
}

void rnl_order_epoch(const rnl_sequence *rows, const rnl_model *model, uint32_t epoch, bool shuffle)
{
    const rnl_training_config *config = &model->config->training;
    rnl_row_order_in_shards(rows->order, rows->dataset->rows, rnl_batch_size(model, rows->dataset),
                            (size_t)config->shards, (uint64_t)config->seed, epoch, shuffle);
}

size_t rnl_epoch_rows(const rnl_model *model, const rnl_dataset *train)
{
    const size_t rest = train->rows % rnl_batch_size(model, train);
    return model->config->training.drop_last ? train->rows - rest : train->rows;
}
