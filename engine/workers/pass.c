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
        rnl_sums_add(&pass->sums, pass->tally, step, batch);
        return;
    }
    for (size_t i = 0; i < batch->rows; i += at_once)
        rnl_sums_add_rows(&pass->sums, pass->tally, step, batch,
                          (rnl_row_range){i, i + rnl_least(batch->rows - i, at_once)});
}

static void account_batch(rnl_hand *hand, void *context)
{
    rnl_pass *pass = context;
    const rnl_step *step = hand->step.step;
    if (!step->given.predicting && !pass->measuring)
        add_sums(pass, step, &hand->step.batch);
    pass->stopped = !pass->visit(step, &hand->step.batch, pass->context);
}

static void take_all(rnl_hand *hand, void *all)
{
    rnl_step_take_all(hand->step.step, all != NULL);
}

static void run_all(rnl_hand *hand, rnl_pass *pass)
{
    const rnl_step *step = hand->step.step;
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
}

/* Mini-batches that the ranks compute at the same time, one each. */
typedef struct round {
    rnl_pass *pass;
    size_t begin;
} round;

/* Adds up all mini-batches of the round. */
static void account_round(rnl_hand *hand, void *context)
{
    const round *r = context;
    rnl_pass *pass = r->pass;
    const rnl_step *step = hand->step.step;
    bool stop = false;
    const rnl_status status = atomic_load(&hand->executor->failed)
                                  ? hand->executor->status
                                  : rnl_pass_sharing_exchange(pass->sharing, &stop);
    if (status != RNL_OK) {
        rnl_hand_fail(hand, status);
        pass->stopped = true;
        return;
    }
    size_t begin = r->begin;
    for (size_t rank = 0;
         rank < rnl_pass_sharing_ranks(pass->sharing) && begin < pass->rows.count && !pass->stopped;
         ++rank, begin += step->given.batch_size) {
        rnl_pass_sharing_take(pass->sharing, rank);
        hand->step.batch = batch_of(step, pass, begin);
        account_batch(hand, pass);
    }
    pass->stopped |= stop && pass->stoppable;
}

static void run_rounds(rnl_hand *hand, rnl_pass *pass)
{
    const rnl_step *step = hand->step.step;
    round r = {.pass = pass};
    while (r.begin < pass->rows.count && !pass->stopped) {
        const size_t own = r.begin + rnl_pass_sharing_own(pass->sharing) * step->given.batch_size;
        if (own < pass->rows.count) {
            hand->step.batch = batch_of(step, pass, own);
            rnl_hand_run(hand, step->evaluation_phases);
        }
        rnl_hand_decide(hand, account_round, &r);
        r.begin += rnl_pass_sharing_ranks(pass->sharing) * step->given.batch_size;
    }
}

/* In the final pass ranks compute their shards, whose rows they hold. */
void rnl_pass_run(rnl_hand *hand, rnl_pass *pass)
{
    const rnl_step *step = hand->step.step;
    const bool alone = step->shared && !pass->measuring;
    if (alone)
        rnl_hand_decide(hand, take_all, hand);
    if (pass->sharing)
        run_rounds(hand, pass);
    else
        run_all(hand, pass);
    if (alone)
        rnl_hand_decide(hand, take_all, NULL);
}
