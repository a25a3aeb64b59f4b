/*
 * Every activation and its backward pass on every instruction set of this processor, from each
 * level of the memory, on one thread and on all: in turns with each other, with the C library's
 * vector functions, with a triad over as much memory, and with a chain of multiplications that
 * tells the frequency.
 */
#include "benchmarks/activation_subjects.h"
#include "benchmarks/bench.h"
#include "benchmarks/caches.h"
#include "benchmarks/chosen.h"
#include "benchmarks/eltwise.h"
#include "benchmarks/fma_peak.h"
#include "benchmarks/team_timing.h"
#include "benchmarks/turns.h"
#include "cli/messages.h"
#include "engine/base/error.h"
#include "simd/proven_ulp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS = 4, FEWEST_ROUNDS = 10, QUICK_ROUNDS = 3, MOST_ROUNDS = 400, MOST_WORKERS = 4096 };

/* Floats between another instruction set's result and the scalar kernel's, and another library's.
 */
enum { OWN_DISTANCE = 8, LIBRARY_DISTANCE = 16 };

/* oneDNN subtracts 1 from an exponential for elu, which leaves few digits near 0. */
enum { ELTWISE_DISTANCE = 1 << 20 };

/* One level with one number of threads.  Contenders are the subjects, then the two others. */
typedef struct contest {
    const char *level;
    size_t threads, count; /* floats of a worker's array */
    rnl_activation_arrays *arrays;
    size_t subject_count;
    rnl_activation_subject *subjects;
    rnl_contender *contenders;
} contest;

static const char *const levels[LEVELS] = {"L1", "L2", "L3", "memory"};

/* Floats of an array, so that three of them fill three quarters of a worker's share of the cache;
 * of memory, four times the largest cache, all workers together. */
static size_t floats_at(size_t level, size_t threads)
{
    size_t sharing;
    const size_t size = rnl_cache_size(level < 3 ? (int)level + 1 : 3, &sharing);
    const size_t users = sharing < threads ? sharing : threads;
    const size_t bytes = level < 3 ? size / (level == 2 ? users : 1) / 4 * 3 : 4 * size / threads;
    const size_t floats = bytes / (3 * sizeof(float)) / 512 * 512;
    return floats > 512 ? floats : 512;
}

/* ---- contenders ------------------------------------------------------------------------------ */

static void run_triad(size_t worker, void *context)
{
    const contest *c = context;
    const rnl_activation_arrays *a = &c->arrays[worker];
    rnl_machine_loops_of(rnl_isa_detect())->triad(a->out, a->z, a->y, 0.5f, a->count);
}

static void run_chain(size_t worker, void *context)
{
    (void)worker, (void)context;
    rnl_clock_chain();
}

static void add_subject(contest *c, const rnl_choice *choice, bool backward, rnl_isa isa,
                        const rnl_vector_function *library, const char *of)
{
    rnl_activation_subject *s = &c->subjects[c->subject_count++];
    *s = (rnl_activation_subject){.activation = choice->kind->name,
                                  .backward = backward,
                                  .isa = isa,
                                  .library = library,
                                  .arrays = c->arrays};
    rnl_activation_of(choice)->bind(&s->bound, rnl_kernels_of(isa), choice->parameters);
    snprintf(s->name, sizeof s->name, "%s/%s/%s%s", s->activation,
             backward ? "backward" : "forward", library ? of : "", rnl_isa_name(isa));
}

static const rnl_vector_function *library_function(const char *activation, rnl_isa isa)
{
    const rnl_vector_function *all = isa == RNL_ISA_AVX512 ? rnl_vector_math_avx512
                                     : isa == RNL_ISA_AVX2 ? rnl_vector_math_avx2
                                                           : NULL;
    for (size_t i = 0; all && i < RNL_VECTOR_FUNCTIONS; ++i)
        if (all[i].activation && strcmp(all[i].activation, activation) == 0)
            return &all[i];
    return NULL;
}

/* Both passes on each instruction set from the least on, and what the C library has. */
static void add_activation(contest *c, const rnl_choice *choice, rnl_isa least)
{
    if (rnl_activation_of(choice)->only_with_loss)
        return;
    for (rnl_isa isa = least; isa <= rnl_isa_detect(); ++isa) {
        const rnl_vector_function *library = library_function(choice->kind->name, isa);
        add_subject(c, choice, false, isa, NULL, "");
        add_subject(c, choice, true, isa, NULL, "");
        if (library)
            add_subject(c, choice, false, isa, library, "libmvec_");
    }
    const rnl_vector_function *eltwise = rnl_eltwise_function(choice->kind->name);
    if (eltwise)
        add_subject(c, choice, false, rnl_isa_detect(), eltwise, "onednn_");
}

/* What all subjects are compared with is among them, whatever was chosen. */
static void add_subjects(contest *c, const rnl_choice_list *chosen, const rnl_choice *relu,
                         rnl_isa least)
{
    bool has_relu = false;
    for (size_t i = 0; i < chosen->count; ++i) {
        add_activation(c, &chosen->items[i], least);
        has_relu |= strcmp(chosen->items[i].kind->name, "relu") == 0;
    }
    if (!has_relu)
        add_activation(c, relu, least);
    for (size_t i = 0; i < c->subject_count; ++i)
        c->contenders[i] =
            (rnl_contender){.work = rnl_activation_subject_run, .context = &c->subjects[i]};
    c->contenders[c->subject_count] = (rnl_contender){.work = run_triad, .context = c};
    c->contenders[c->subject_count + 1] = (rnl_contender){.work = run_chain};
}

/* ---- results --------------------------------------------------------------------------------- */

/* Samples of one element, not of an array. */
static rnl_samples scaled(const rnl_samples *samples, double factor)
{
    rnl_samples made = {0};
    for (size_t i = 0; i < samples->count; ++i)
        rnl_samples_add(&made, factor * samples->values[i]);
    return made;
}

static double median_of(const rnl_contender *c)
{
    return rnl_samples_summarize(&c->seconds).median;
}

/* The contender of relu with the same pass and instruction set. */
static const rnl_contender *relu_for(const contest *c, const rnl_activation_subject *s)
{
    for (size_t i = 0; i < c->subject_count; ++i)
        if (strcmp(c->subjects[i].activation, "relu") == 0 && c->subjects[i].isa == s->isa &&
            c->subjects[i].backward == s->backward)
            return &c->contenders[i];
    return NULL;
}

static void count_figures(const contest *c, size_t number, rnl_bench_result *result)
{
    const rnl_activation_subject *s = &c->subjects[number];
    const double seconds = median_of(&c->contenders[number]);
    const double hertz = RNL_CLOCK_CHAIN_CYCLES / median_of(&c->contenders[c->subject_count + 1]);
    const double bytes = sizeof(float) * (s->backward ? 3 : 2);
    const double triad = median_of(&c->contenders[c->subject_count]);
    const double elements = (double)(c->count * c->threads);
    const rnl_ratio ratio =
        rnl_samples_ratio(&c->contenders[number].seconds, &relu_for(c, s)->seconds, 1);
    rnl_bench_result_count(result, "cycles", seconds * hertz / (double)c->count);
    rnl_bench_result_count(result, "gigaelements_per_second", elements / seconds / 1e9);
    rnl_bench_result_count(result, "gigabytes_per_second", bytes * elements / seconds / 1e9);
    rnl_bench_result_count(result, "share_of_triad", bytes / seconds / (3 * sizeof(float) / triad));
    rnl_bench_result_count(result, "over_relu", ratio.median);
    rnl_bench_result_count(result, "over_relu_low", ratio.low);
    rnl_bench_result_count(result, "over_relu_high", ratio.high);
    if (!s->library && !s->backward && rnl_proven_ulp(s->activation) > 0)
        rnl_bench_result_count(result, "proven_ulp", rnl_proven_ulp(s->activation));
}

static void report_subject(rnl_bench *bench, const contest *c, size_t number)
{
    const rnl_contender *contender = &c->contenders[number];
    rnl_samples rounds = scaled(&contender->seconds, 1 / (double)c->count);
    rnl_samples processor = scaled(&contender->processor_seconds, 1 / (double)c->count);
    rnl_bench_result result = {.threads = c->threads,
                               .repetitions = rounds.count,
                               .seconds = rnl_samples_summarize(&rounds),
                               .rounds = &rounds,
                               .processor_rounds = &processor};
    snprintf(result.name, sizeof result.name, "activations/%s/%s/threads:%zu",
             c->subjects[number].name, c->level, c->threads);
    count_figures(c, number, &result);
    rnl_bench_report_add(&bench->report, &result);
    rnl_samples_release(&rounds);
    rnl_samples_release(&processor);
}

/* ---- contests -------------------------------------------------------------------------------- */

static rnl_status check_subjects(contest *c, const rnl_choice_list *chosen)
{
    for (size_t i = 0; i < c->subject_count; ++i) {
        rnl_activation_subject *s = &c->subjects[i];
        rnl_bound_activation scalar = s->bound;
        for (size_t k = 0; k < chosen->count; ++k)
            if (chosen->items[k].kind->name == s->activation)
                rnl_activation_of(&chosen->items[k])
                    ->bind(&scalar, rnl_kernels_of(RNL_ISA_SCALAR), chosen->items[k].parameters);
        const double distance = rnl_activation_subject_distance(s, &scalar);
        const bool eltwise = s->library && s->library == rnl_eltwise_function(s->activation);
        if (distance > (eltwise ? ELTWISE_DISTANCE : s->library ? LIBRARY_DISTANCE : OWN_DISTANCE))
            return rnl_fail(RNL_PRODUCT, "%s differs from the scalar kernel by %.0f floats",
                            s->name, distance);
    }
    return RNL_OK;
}

/* On the worker that uses them, which so has them near. */
static void create_arrays(size_t worker, void *context)
{
    const contest *c = context;
    rnl_activation_arrays_create(&c->arrays[worker], c->count);
}

static rnl_status create_contest(contest *c, size_t subjects)
{
    c->arrays = calloc(c->threads, sizeof *c->arrays);
    c->subjects = calloc(subjects, sizeof *c->subjects);
    c->contenders = calloc(subjects + 2, sizeof *c->contenders);
    if (!c->arrays || !c->subjects || !c->contenders)
        return rnl_fail_memory((subjects + 2) * sizeof *c->contenders);
    rnl_team_best_time(c->threads, 1, create_arrays, c);
    for (size_t i = 0; i < c->threads; ++i)
        if (!c->arrays[i].out)
            return rnl_fail_memory(3 * c->count * sizeof(float));
    return RNL_OK;
}

static void release_contest(contest *c)
{
    for (size_t i = 0; c->arrays && i < c->threads; ++i)
        rnl_activation_arrays_release(&c->arrays[i]);
    if (c->contenders)
        rnl_turns_release(
            &(const rnl_turns){.count = c->subject_count + 2, .contenders = c->contenders});
    free(c->arrays);
    free(c->subjects);
    free(c->contenders);
}

static rnl_status run_contest(rnl_bench *bench, contest *c, const rnl_choice_list *chosen,
                              const rnl_choice *relu, double deadline)
{
    const rnl_isa least = bench->quick ? rnl_isa_detect() : RNL_ISA_SCALAR;
    RNL_TRY(create_contest(c, (chosen->count + 1) * (RNL_ISA_COUNT * 3 + 1)));
    add_subjects(c, chosen, relu, least);
    RNL_TRY(check_subjects(c, chosen));
    RNL_TRY(rnl_take_turns(&(const rnl_turns){.threads = c->threads,
                                              .count = c->subject_count + 2,
                                              .contenders = c->contenders,
                                              .deadline = deadline,
                                              .fewest = bench->quick ? QUICK_ROUNDS : FEWEST_ROUNDS,
                                              .most = MOST_ROUNDS,
                                              .narrow = 0.01}));
    for (size_t i = 0; i < c->subject_count; ++i)
        report_subject(bench, c, i);
    return RNL_OK;
}

static rnl_status run_all(rnl_bench *bench, const rnl_choice_list *chosen, const rnl_choice *relu)
{
    const size_t count = LEVELS * bench->thread_count_count;
    const double start = rnl_seconds(), span = bench->deadline - start;
    for (size_t i = 0; i < count; ++i) {
        const size_t level = i / bench->thread_count_count;
        contest c = {.level = levels[level],
                     .threads = bench->thread_counts[i % bench->thread_count_count]};
        c.count = floats_at(level, c.threads);
        const rnl_status status =
            run_contest(bench, &c, chosen, relu, start + span * (double)(i + 1) / (double)count);
        release_contest(&c);
        RNL_TRY(status);
    }
    return RNL_OK;
}

int rnl_bench_activations(rnl_bench *bench)
{
    rnl_choice_list chosen = {0}, relu = {0};
    rnl_status status =
        rnl_choose(&chosen, &rnl_activations, "--activations", bench->activations, NULL);
    if (status == RNL_OK)
        status = rnl_choose(&relu, &rnl_activations, "--activations", "relu", NULL);
    if (status == RNL_OK && rnl_isa_detect() == RNL_ISA_SCALAR)
        status = rnl_fail(RNL_PRODUCT, "bench activations needs AVX2 or AVX-512");
    if (status == RNL_OK)
        status = run_all(bench, &chosen, &relu.items[0]);
    rnl_choose_release(&chosen, &rnl_activations);
    rnl_choose_release(&relu, &rnl_activations);
    return rnl_complain_status(status);
}
