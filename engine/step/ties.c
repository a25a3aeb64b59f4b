#include "engine/step/ties.h"

#include "engine/base/error.h"

typedef struct rnl_tie {
    struct rnl_tie *next;
    rnl_phase add_gradient, follow;
} rnl_tie;

rnl_status rnl_step_tie(rnl_step *step, rnl_phase add_gradient, rnl_phase follow)
{
    rnl_tie *tie = rnl_step_allocate(step, sizeof *tie, NULL);
    if (!tie)
        return rnl_fail_memory(sizeof *tie);
    *tie = (rnl_tie){step->blocks.ties, add_gradient, follow};
    step->blocks.ties = tie;
    return RNL_OK;
}

rnl_status rnl_plan_tied_gradients(rnl_step *step)
{
    for (const rnl_tie *tie = step->blocks.ties; tie; tie = tie->next)
        RNL_TRY(rnl_phases_add(&step->phases, tie->add_gradient));
    return RNL_OK;
}

rnl_status rnl_plan_tied_values(rnl_step *step)
{
    for (const rnl_tie *tie = step->blocks.ties; tie; tie = tie->next)
        RNL_TRY(rnl_phases_add(&step->phases, tie->follow));
    return RNL_OK;
}
