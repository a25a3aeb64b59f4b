#include "engine/layers/pass_through.h"

rnl_status rnl_pass_through_plan_forward(const rnl_layer *layer, rnl_step *step,
                                         const rnl_matrix *input, const rnl_matrix **output,
                                         void **state)
{
    (void)layer;
    (void)step;
    *output = input;
    *state = NULL;
    return RNL_OK;
}

rnl_status rnl_pass_through_plan_backward(void *state, rnl_step *step, const rnl_upstream *upstream,
                                          rnl_upstream *downstream)
{
    (void)state;
    (void)step;
    if (downstream)
        *downstream = *upstream;
    return RNL_OK;
}
