/*
 * The updates of the optimizers over 10^4 to 10^8 parameters, alone, and fused with what makes the
 * gradients, which then are in the cache: in turns with each other and with a triad over as many
 * floats.
 */
#include "benchmarks/bench.h"
#include "benchmarks/chosen.h"
#include "benchmarks/fma_peak.h"
#include "benchmarks/optimizer_subjects.h"
#include "benchmarks/team_timing.h"
#include "benchmarks/turns.h"
#include "cli/messages.h"
#include "engine/base/error.h"

#include <stdio.h>
#include <stdlib.h>

enum { FEWEST_ROUNDS = 10, QUICK_ROUNDS = 3, MOST_ROUNDS = 400 };

/* The two subjects of each optimizer, and the triad behind them. */
typedef struct contest {
    rnl_optimizer_arrays arrays;
    size_t subject_count;
    rnl_optimizer_subject *subjects;
    rnl_contender *contenders;
} contest;

static void run_triad(size_t worker, void *context)
{
    const rnl_optimizer_arrays *a = context;
    const size_t begin = worker * a->share;
    rnl_machine_loops_of(rnl_isa_detect())
        ->triad(a->arrays[0] + begin, a->arrays[1] + begin, a->arrays[2] + begin, 0.5f, a->share);
}

static void touch(size_t worker, void *context)
{
    rnl_optimizer_arrays_fill(context, worker);
}

/* ---- results --------------------------------------------------------------------------------- */

static void report(rnl_bench *bench, const contest *c, size_t number)
{
    const rnl_optimizer_subject *s = &c->subjects[number];
    const rnl_contender *contender = &c->contenders[number];
    const double triad = rnl_samples_summarize(&c->contenders[c->subject_count].seconds).median;
    const double parameters = (double)(c->arrays.share * c->arrays.threads);
    const double bytes = rnl_optimizer_bytes(s);
    rnl_bench_result result = {.threads = c->arrays.threads,
                               .repetitions = contender->seconds.count,
                               .seconds = rnl_samples_summarize(&contender->seconds),
                               .rounds = &contender->seconds,
                               .processor_rounds = &contender->processor_seconds};
    const double seconds = result.seconds.median;
    snprintf(result.name, sizeof result.name, "optimizers/%s/%s/parameters:%.0f/threads:%zu",
             s->name, s->fused ? "fused" : "alone", parameters, c->arrays.threads);
    rnl_bench_result_count(&result, "gigaparameters_per_second", parameters / seconds / 1e9);
    rnl_bench_result_count(&result, "bytes_per_parameter", bytes);
    rnl_bench_result_count(&result, "gigabytes_per_second", bytes * parameters / seconds / 1e9);
    if (triad > 0)
        rnl_bench_result_count(&result, "share_of_triad",
                               bytes / seconds / (3 * sizeof(float) / triad));
    rnl_bench_report_add(&bench->report, &result);
}

/* ---- contests -------------------------------------------------------------------------------- */

/* "rmsprop:2" for the second of a kind. */
static void name_subject(rnl_optimizer_subject *s, const rnl_choice_list *chosen, size_t number)
{
    const rnl_kind *kind = chosen->items[number].kind;
    size_t same = 1;
    for (size_t i = 0; i < number; ++i)
        same += chosen->items[i].kind == kind;
    if (same > 1)
        snprintf(s->name, sizeof s->name, "%.20s:%zu", kind->name, same);
}

static rnl_status add_subjects(contest *c, const rnl_choice_list *chosen)
{
    c->subjects = calloc(2 * chosen->count, sizeof *c->subjects);
    c->contenders = calloc(2 * chosen->count + 1, sizeof *c->contenders);
    if (!c->subjects || !c->contenders)
        return rnl_fail_memory(2 * chosen->count * sizeof *c->subjects);
    for (size_t i = 0; i < 2 * chosen->count; ++i) {
        rnl_optimizer_subject *s = &c->subjects[c->subject_count++];
        rnl_optimizer_subject_bind(s, &chosen->items[i / 2], rnl_isa_detect(), i % 2 > 0);
        name_subject(s, chosen, i / 2);
        s->arrays = &c->arrays;
        RNL_TRY(rnl_optimizer_subject_check(s, &chosen->items[i / 2]));
        c->contenders[i] = (rnl_contender){.work = rnl_optimizer_subject_run, .context = s};
    }
    c->contenders[c->subject_count] = (rnl_contender){.work = run_triad, .context = &c->arrays};
    return RNL_OK;
}

static rnl_status run_contest(rnl_bench *bench, contest *c, const rnl_choice_list *chosen,
                              double deadline)
{
    RNL_TRY(add_subjects(c, chosen));
    rnl_team_best_time(c->arrays.threads, 1, touch, &c->arrays);
    RNL_TRY(rnl_take_turns(&(const rnl_turns){.threads = c->arrays.threads,
                                              .count = c->subject_count + 1,
                                              .contenders = c->contenders,
                                              .deadline = deadline,
                                              .fewest = bench->quick ? QUICK_ROUNDS : FEWEST_ROUNDS,
                                              .most = MOST_ROUNDS,
                                              .narrow = 0.01}));
    for (size_t i = 0; i < c->subject_count; ++i)
        report(bench, c, i);
    return RNL_OK;
}

static rnl_status run_sizes(rnl_bench *bench, const rnl_choice_list *chosen)
{
    static const size_t sizes[] = {10000, 100000, 1000000, 10000000, 100000000};
    const size_t kinds = sizeof sizes / sizeof *sizes - bench->quick;
    const size_t count = kinds * bench->thread_count_count;
    const double start = rnl_seconds(), span = bench->deadline - start;
    for (size_t i = 0; i < count; ++i) {
        contest c = {.subject_count = 0};
        rnl_status status =
            rnl_optimizer_arrays_create(&c.arrays, sizes[i / bench->thread_count_count],
                                        bench->thread_counts[i % bench->thread_count_count]);
        if (status == RNL_OK)
            status = run_contest(bench, &c, chosen, start + span * (double)(i + 1) / (double)count);
        if (c.contenders)
            rnl_turns_release(
                &(const rnl_turns){.count = c.subject_count + 1, .contenders = c.contenders});
        free(c.contenders);
        free(c.subjects);
        rnl_optimizer_arrays_release(&c.arrays);
        RNL_TRY(status);
    }
    return RNL_OK;
}

int rnl_bench_optimizers(rnl_bench *bench)
{
    rnl_choice_list chosen = {0};
    rnl_status status = rnl_choose(&chosen, &rnl_optimizers, "--optimizers", bench->optimizers,
                                   "{rmsprop: {momentum: 0.9, centered: true}}");
    if (status == RNL_OK && rnl_isa_detect() == RNL_ISA_SCALAR)
        status = rnl_fail(RNL_PRODUCT, "bench optimizers needs AVX2 or AVX-512");
    if (status == RNL_OK)
        status = run_sizes(bench, &chosen);
    rnl_choose_release(&chosen, &rnl_optimizers);
    return rnl_complain_status(status);
}
