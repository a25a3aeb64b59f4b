#include "engine/training/inspect.h"

/* A step that is taken back leaves no trouble behind: the run may end before it. */
void rnl_inspect_step(rnl_hand *hand, const rnl_batch *batch, rnl_pass *before)
{
    rnl_step *step = hand->step.step;
    const uint64_t trouble = atomic_load(&step->trouble);
    rnl_hand_probe(hand, RNL_PROBE_KEEP);
    rnl_hand_barrier(hand);
    if (before)
        rnl_pass_run(hand, before);
    hand->step.batch = *batch;
    rnl_hand_run(hand, step->phases.count);
    rnl_hand_barrier(hand);
    rnl_hand_probe(hand, RNL_PROBE_UPDATE);
    if (rnl_hand_leads(hand))
        atomic_store(&step->trouble, trouble);
    rnl_hand_barrier(hand);
}

bool rnl_inspect_report(const rnl_step *step, size_t epoch, const rnl_options *options)
{
    rnl_inspection inspection = {.epoch = epoch};
    inspection.layers = rnl_probe_read(step, &inspection.layer_count, &inspection.rows);
    return rnl_call_inspect(options, &inspection);
}
