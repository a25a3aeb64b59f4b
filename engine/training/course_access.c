#include "engine/training/course_access.h"

#include "engine/base/error.h"
#include "engine/training/course_saving.h"

/* Other workers may still be updating when a step's callback runs: they are waited for, only where
 * parameters are asked for. */
static rnl_status fetch(void *context)
{
    rnl_course *t = context;
    if (t->access.fetched)
        return RNL_OK;
    rnl_hand_await_others(t->access.hand);
    RNL_TRY(rnl_course_collect(t, t->access.hand->step.step));
    t->access.fetched = true;
    return RNL_OK;
}

void rnl_course_begin_access(rnl_course *t)
{
    t->access.model =
        (rnl_model_access){.fetch = fetch, .context = t, .shared = t->options->job != NULL};
    t->model->access = &t->access.model;
}

void rnl_course_end_access(rnl_course *t)
{
    t->model->access = NULL;
}

void rnl_course_open(rnl_course *t, rnl_hand *hand)
{
    t->access.hand = hand;
    t->access.fetched = false;
    t->access.model.open = true;
}

void rnl_course_close(rnl_course *t)
{
    t->access.model.open = false;
}

static void forget_changes(rnl_hand *hand, void *context)
{
    (void)hand;
    rnl_course *t = context;
    t->access.model.changed = false;
}

void rnl_course_take_changes(rnl_course *t, rnl_hand *hand)
{
    if (!t->access.model.changed)
        return;
    rnl_hand_prepare(hand);
    rnl_hand_decide(hand, forget_changes, t);
}
