#include "engine/workers/executor.h"

#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/step/mixed_precision.h"
#include "engine/step/plan.h"
#include "engine/step/shared_state.h"
#include "engine/workers/inference.h"
#include "engine/workers/machine.h"
#include "threading/thread_trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <threads.h>

void rnl_hand_fail(rnl_hand *hand, rnl_status status)
{
    rnl_executor *executor = hand->executor;
    if (!atomic_flag_test_and_set(&executor->first_failure)) {
        executor->status = status;
        snprintf(executor->message, sizeof executor->message, "%s", rnl_message());
    }
    atomic_store(&executor->failed, true);
}

void rnl_hand_barrier(rnl_hand *hand)
{
    rnl_team_barrier(hand->team);
}

void rnl_hand_await_others(rnl_hand *hand)
{
    rnl_team_await_others(hand->team);
}

void rnl_hand_decide(rnl_hand *hand, rnl_decision *decide, void *context)
{
    rnl_hand_barrier(hand);
    if (rnl_hand_leads(hand))
        decide(hand, context);
    rnl_hand_barrier(hand);
}

static void decide_to_leave(rnl_hand *hand, void *context)
{
    (void)hand;
    rnl_executor *executor = context;
    executor->leaving = atomic_load(&executor->failed);
}

bool rnl_hand_agree(rnl_hand *hand)
{
    rnl_hand_decide(hand, decide_to_leave, hand->executor);
    return hand->executor->leaving;
}

/* Returns how many of a worker's tiles, from the k-th on, one call runs. */
static size_t count_joined(const rnl_phase *phase, const rnl_own_tiles *own, size_t k)
{
    const uint32_t *tiles = own->tiles + k;
    size_t joined = 1;
    while (joined < phase->joins && k + joined < own->count && tiles[joined] == tiles[0] + joined &&
           tiles[joined] % phase->line > 0)
        ++joined;
    return joined;
}

/* Messages that were started move between two calls of worker 0. */
static void run_tiles(rnl_hand *hand, const rnl_phase *phase, const rnl_own_tiles *own)
{
    const rnl_step_shared *shared = hand->step.step->shared;
    for (size_t k = 0, next; k < own->count; k = next) {
        hand->step.joined = count_joined(phase, own, k);
        next = k + hand->step.joined;
        hand->step.next_tile = next < own->count ? own->tiles[next] : RNL_NO_TILE;
        const rnl_status status = phase->run(phase->self, own->tiles[k], &hand->step);
        if (status != RNL_OK)
            rnl_hand_fail(hand, status);
        if (shared && rnl_hand_leads(hand))
            rnl_job_move(shared->job);
    }
    hand->step.tiles += own->count;
}

/* All workers wait at the first barrier, or at one if there is none: none still reads the decisions
 * for this step when worker 0 decides on the next.  That barrier is the team's, which inactive
 * workers reach too; the others are only for workers with tiles. */
static void run_phases(rnl_hand *hand, const rnl_phase_list *list, const rnl_own_tiles *own,
                       size_t count)
{
    rnl_barrier *barrier = hand->executor->between_phases;
    const size_t index = hand->step.index;
    const bool has_tiles = index < hand->step.step->active;
    const unsigned before_second = hand->arrivals - 1;
    bool came_together = false;
    for (size_t i = 0; i < count; ++i) {
        const rnl_phase *phase = &list->items[i];
        if (phase->awaited == 1) {
            rnl_hand_barrier(hand);
            came_together = true;
        } else if (phase->awaited > 1 && has_tiles)
            rnl_barrier_await(barrier, index, before_second + (unsigned)phase->awaited);
        run_tiles(hand, phase, &own[i]);
        if (phase->arrival > 1 && has_tiles)
            hand->arrivals = rnl_barrier_arrive(barrier, index);
    }
    if (!came_together)
        rnl_hand_barrier(hand);
}

void rnl_hand_run(rnl_hand *hand, size_t count)
{
    run_phases(hand, &hand->step.step->phases, hand->step.phases, count);
}

void rnl_hand_prepare(rnl_hand *hand)
{
    const rnl_phase_list *preparation = &hand->step.step->preparation;
    rnl_hand_barrier(hand);
    run_phases(hand, preparation, hand->step.preparation, preparation->count);
    rnl_hand_barrier(hand);
}

void rnl_hand_probe(rnl_hand *hand, size_t phase)
{
    run_tiles(hand, &hand->step.step->probes.items[phase], &hand->step.probes[phase]);
}

static void log_plan(const rnl_executor *executor)
{
    const rnl_step *step = &executor->step;
    rnl_log(executor->options, RNL_LOG_DEBUG,
            "kernels %s; products %s; %zu workers; %zu row blocks of %zu rows; %.1f MB",
            rnl_isa_name(step->kernels->isa), step->onednn ? rnl_onednn_version() : "own",
            step->workers, step->rows.blocks, step->rows.size, (double)step->arena.bytes / 1e6);
}

static rnl_status arrange(rnl_executor *executor)
{
    RNL_TRY(rnl_step_arrange(&executor->step));
    log_plan(executor);
    return RNL_OK;
}

/* Memory for steps and reports. */
#define FOR_THE_TEAM ((size_t)1 << 20)

/* What training takes, malloc may keep: the evaluation that may follow needs as much once more, and
 * memory of its own. */
static rnl_status require_rest(const rnl_step *step)
{
    return rnl_require_memory(
        "the workers",
        step->given.training ? 2 * FOR_THE_TEAM + rnl_inference_bytes_beyond(step) : FOR_THE_TEAM);
}

/* true if this or another worker failed. */
static bool fails(rnl_hand *hand, rnl_status status)
{
    if (status != RNL_OK)
        rnl_hand_fail(hand, status);
    return rnl_hand_agree(hand);
}

/* Arranges the step on worker 0, then binds and prepares it on all workers. */
static bool set_up(rnl_hand *hand)
{
    rnl_executor *executor = hand->executor;
    const bool leads = rnl_hand_leads(hand);
    if (fails(hand, rnl_settle_thread()) || fails(hand, leads ? arrange(executor) : RNL_OK) ||
        fails(hand, rnl_step_bind(&executor->step, &hand->step)) ||
        fails(hand, leads ? require_rest(&executor->step) : RNL_OK))
        return false;
    run_phases(hand, &executor->step.preparation, hand->step.preparation,
               executor->step.preparation.count);
    return !fails(hand, leads ? rnl_shared_place_state(&executor->step) : RNL_OK);
}

static void finish(rnl_hand *hand)
{
    rnl_executor *executor = hand->executor;
    if (executor->finish && (!executor->leaving || executor->status == RNL_STOPPED)) {
        const rnl_status status = executor->finish(&executor->step, executor->context);
        if (status != RNL_OK)
            rnl_hand_fail(hand, status);
    }
    for (size_t i = 0; i < executor->step.workers; ++i)
        rnl_log(executor->options, RNL_LOG_DEBUG, "worker %zu computed %llu tiles", i,
                (unsigned long long)executor->hands[i].step.tiles);
    for (size_t i = 0; i < executor->step.workers; ++i)
        rnl_step_unbind(&executor->hands[i].step);
}

static void run_worker(rnl_worker *team, void *context)
{
    rnl_executor *executor = context;
    rnl_hand *hand = &executor->hands[team->index];
    *hand = (rnl_hand){
        .executor = executor,
        .team = team,
        .step = {.step = &executor->step, .index = team->index},
    };
    if (set_up(hand)) {
        executor->work(hand, executor->context);
        rnl_hand_agree(hand);
    }
    if (rnl_hand_leads(hand))
        finish(hand);
}

static rnl_status choose_isa(rnl_step *step)
{
    const char *problem = rnl_isa_request_problem();
    if (problem)
        return rnl_fail(RNL_BAD_CONFIG, "%s", problem);
    step->kernels = rnl_kernels_of(rnl_isa_detect());
    return RNL_OK;
}

/* The kernels are faster wherever they were measured (docs/performance.md). */
static rnl_status choose_products(rnl_step *step, const rnl_options *options)
{
    if ((unsigned)options->products > RNL_PRODUCTS_ONEDNN)
        return rnl_fail(RNL_BAD_CONFIG,
                        "products: expected RNL_PRODUCTS_AUTO, _OWN or _ONEDNN, "
                        "got %d",
                        (int)options->products);
    if (options->products != RNL_PRODUCTS_ONEDNN)
        return RNL_OK;
    if (rnl_step_is_mixed(step))
        return rnl_fail(RNL_BAD_CONFIG, "products by oneDNN are of float32: training.precision is "
                                        "mixed_bfloat16");
    return rnl_onednn_create(&step->onednn, step->kernels);
}

/* A system that gives no threads may lack the memory for their stacks. */
static rnl_status explain(size_t workers, const char *problem)
{
    RNL_TRY(rnl_require_memory("the workers' stacks", rnl_thread_trial_bytes(workers)));
    return rnl_fail(RNL_THREADS, "%s", problem);
}

/* Starts the team on a planned step. */
static rnl_status run_team(rnl_executor *executor, const rnl_placement *placement)
{
    const size_t bytes = placement->workers * sizeof *executor->hands;
    executor->step.workers = placement->workers;
    executor->hands = aligned_alloc(64, (bytes + 63) / 64 * 64);
    executor->between_phases = rnl_barrier_create(executor->step.active, placement->oversubscribed);
    rnl_status status = RNL_OK;
    char problem[512];
    if (!executor->hands || !executor->between_phases)
        status = rnl_fail_memory(bytes);
    else if (!rnl_team_run(placement, run_worker, executor, problem, sizeof problem))
        status = explain(placement->workers, problem);
    free(executor->between_phases);
    free(executor->hands);
    return status;
}

rnl_status rnl_executor_run(rnl_executor *executor)
{
    rnl_step *step = &executor->step;
    rnl_placement placement = {0};
    atomic_flag_clear(&executor->first_failure);
    RNL_TRY(choose_isa(step));
    if (!executor->predictor)
        RNL_TRY(choose_products(step, executor->options));
    rnl_status status =
        executor->predictor ? rnl_inference_plan(step, executor->predictor) : rnl_step_plan(step);
    if (status == RNL_OK)
        status = rnl_place_step(&placement, &step->active, &step->phases, executor->options);
    if (status == RNL_OK)
        status = run_team(executor, &placement);
    rnl_placement_release(&placement);
    rnl_step_release(step);
    RNL_TRY(status);
    return atomic_load(&executor->failed) ? rnl_fail(executor->status, "%s", executor->message)
                                          : RNL_OK;
}
