#include "engine/workers/pass.h"

#include "engine/schema/config.h"
#include "engine/step/probe.h"

void rnl_pass_run(rnl_hand *hand, rnl_pass *pass)
{
    const rnl_step *step = hand->step.step;
    const size_t rows = pass->dataset->rows;
    for (size_t begin = 0; begin < rows && !pass->stopped; begin += step->batch_size) {
        hand->step.batch = (rnl_batch){
            .dataset = pass->dataset,
            .indices = pass->order + begin,
            .rows = rows - begin < step->batch_size ? rows - begin : step->batch_size,
            .target_variances = pass->variances,
            .training = pass->training,
            .number = pass->number,
            .measuring = pass->measuring,
            .begin = begin,
        };
        rnl_hand_run(hand, step->evaluation_phases);
        rnl_hand_barrier(hand);
        if (pass->probing)
            rnl_hand_probe(hand, RNL_PROBE_OUTPUTS);
        if (rnl_hand_leads(hand)) {
            if (!step->predicting)
                rnl_sums_add(&pass->sums, step, &hand->step.batch);
            pass->stopped = !pass->visit(step, &hand->step.batch, pass->context);
        }
        rnl_hand_barrier(hand);
    }
}

size_t rnl_batch_size(const rnl_model *model, const rnl_dataset *dataset)
{
    const size_t asked = (size_t)model->config->training.batch_size;
    return asked < dataset->rows ? asked : dataset->rows;
}

size_t rnl_epoch_rows(const rnl_model *model, const rnl_dataset *train)
{
    const size_t rest = train->rows % rnl_batch_size(model, train);
    return model->config->training.drop_last ? train->rows - rest : train->rows;
}
