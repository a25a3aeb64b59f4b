#include "engine/workers/pass.h"

#include "engine/base/number.h"
#include "engine/step/probe.h"
#include "engine/step/shared.h"

static rnl_batch batch_of(const rnl_step *step, const rnl_pass *pass, size_t begin)
{
    rnl_batch batch = rnl_batch_at(step, &pass->rows, begin);
    batch.training = pass->training;
    batch.number = pass->number;
    batch.measuring = pass->measuring;
    batch.begin = begin;
    return batch;
}

/* Sums rows up by the mini-batches of the configuration, however many are computed at once. */
static void add_sums(rnl_pass *pass, const rnl_step *step, const rnl_batch *batch)
{
    const size_t at_once = pass->summed_rows;
    if (at_once == 0) {
        rnl_sums_add(&pass->sums, step, batch);
        return;
    }
    for (size_t i = 0; i < batch->rows; i += at_once)
        rnl_sums_add_rows(&pass->sums, step, batch,
                          (rnl_row_range){i, i + rnl_least(batch->rows - i, at_once)});
}

static void account_batch(rnl_hand *hand, void *context)
{
    rnl_pass *pass = context;
    const rnl_step *step = hand->step.step;
    if (!step->given.predicting)
        add_sums(pass, step, &hand->step.batch);
    pass->stopped = !pass->visit(step, &hand->step.batch, pass->context);
}

static void take_all(rnl_hand *hand, void *all)
{
    rnl_step_take_all(hand->step.step, all != NULL);
}

/* Each rank makes the whole pass. */
void rnl_pass_run(rnl_hand *hand, rnl_pass *pass)
{
    const rnl_step *step = hand->step.step;
    if (step->shared)
        rnl_hand_decide(hand, take_all, hand);
    for (size_t begin = 0; begin < pass->rows.count && !pass->stopped;
         begin += step->given.batch_size) {
        hand->step.batch = batch_of(step, pass, begin);
        rnl_hand_run(hand, step->evaluation_phases);
        if (pass->probing) {
            rnl_hand_barrier(hand);
            rnl_hand_probe(hand, RNL_PROBE_OUTPUTS);
        }
        rnl_hand_decide(hand, account_batch, pass);
    }
    if (step->shared)
        rnl_hand_decide(hand, take_all, NULL);
}
