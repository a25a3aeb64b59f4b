#include "engine/workers/steps.h"

void rnl_steps_run(rnl_hand *hand, const rnl_steps *steps, size_t begin, uint64_t number)
{
    const rnl_step *step = hand->step.step;
    for (; begin < steps->rows->count && !steps->is_over(steps->context);
         begin += step->given.batch_size) {
        hand->step.batch = rnl_batch_to_learn(step, steps->rows, begin, number++);
        rnl_hand_run(hand, step->phases.count);
        if (rnl_hand_leads(hand))
            steps->account(hand, steps->context);
        rnl_hand_barrier(hand);
        if (steps->settle)
            steps->settle(hand, steps->context);
    }
}
