#include "engine/training/inspect.h"

#include "engine/step/shared.h"

/* Restores the recorded trouble: the run may end before the reverted step is reached. */
static void put_trouble_back(rnl_hand *hand, void *trouble)
{
    rnl_step *step = hand->step.step;
    atomic_store(&step->update.trouble, *(const uint64_t *)trouble);
    if (step->shared)
        step->shared->probing = false;
}

/* Lets ranks gather the gradients of the step, which are measured. */
static void ask_for_gradients(rnl_hand *hand, void *shared)
{
    (void)hand;
    ((rnl_step_shared *)shared)->probing = true;
}

void rnl_inspect_step(rnl_hand *hand, const rnl_batch *batch, rnl_pass *before)
{
    rnl_step *step = hand->step.step;
    uint64_t trouble = atomic_load(&step->update.trouble);
    rnl_hand_probe(hand, RNL_PROBE_KEEP);
    rnl_hand_barrier(hand);
    if (before)
        rnl_pass_run(hand, before);
    if (step->shared)
        rnl_hand_decide(hand, ask_for_gradients, step->shared);
    hand->step.batch = *batch;
    rnl_hand_run(hand, step->phases.count);
    rnl_hand_barrier(hand);
    rnl_hand_probe(hand, RNL_PROBE_UPDATE);
    rnl_hand_decide(hand, put_trouble_back, &trouble);
}

bool rnl_inspect_report(const rnl_step *step, size_t epoch, const rnl_options *options)
{
    rnl_inspection inspection = {.epoch = epoch};
    inspection.layers = rnl_probe_read(step, &inspection.layer_count, &inspection.rows);
    return rnl_call_inspect(options, &inspection);
}
