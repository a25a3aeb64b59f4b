#include "benchmarks/bench.h"
#include "cli/commands.h"
#include "cli/messages.h"
#include "engine/workers/machine.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(rnl_bench *bench);
    bool takes_configs, takes_layers;
} kinds[] = {
    {"machine", rnl_bench_machine, false, false},
    {"train", rnl_bench_train, true, true},
    {"latency", rnl_bench_latency, true, false},
    {"optimizers", rnl_bench_optimizers, false, false},
};

/* What the benchmark would not look at is refused. */
static int check_arguments(const rnl_arguments *arguments, size_t kind)
{
    const char *name = kinds[kind].name;
    if (arguments->operand_count > 1 && !kinds[kind].takes_configs)
        return rnl_complain_usage("bench", "%s takes no CONFIG, got '%s'", name,
                                  arguments->operands[1]);
    if (arguments->override_count > 0 && arguments->operand_count < 2)
        return rnl_complain_usage("bench", "--set changes a CONFIG, and there is none");
    if (arguments->layers && !kinds[kind].takes_layers)
        return rnl_complain_usage("bench", "--layers is of train alone");
    return RNL_EXIT_OK;
}

enum { KINDS = sizeof kinds / sizeof *kinds };

int rnl_bench_complain(rnl_status status)
{
    return rnl_complain_status(status);
}

/* One and all of the cores, where nothing is asked for. */
static rnl_status default_threads(rnl_bench *bench)
{
    const rnl_options options = {0};
    rnl_placement placement;
    const rnl_status status = rnl_place_workers(&placement, &options);
    if (status != RNL_OK)
        return status;
    bench->thread_counts[bench->thread_count_count++] = 1;
    if (placement.workers > 1)
        bench->thread_counts[bench->thread_count_count++] = placement.workers;
    rnl_placement_release(&placement);
    return RNL_OK;
}

/* "1,2,4" */
static bool read_threads(rnl_bench *bench, const char *text)
{
    while (bench->thread_count_count < RNL_MAX_BENCH_THREADS) {
        char *end;
        const unsigned long count = strtoul(text, &end, 10);
        if (end == text || *text == '-' || count == 0 || count > 4096)
            return false;
        bench->thread_counts[bench->thread_count_count++] = count;
        if (*end == '\0')
            return true;
        if (*end != ',')
            return false;
        text = end + 1;
    }
    return false;
}

int rnl_command_bench(const rnl_arguments *arguments)
{
    rnl_bench bench = {
        .arguments = arguments,
        .deadline = rnl_seconds() + (arguments->quick ? 4 : 120),
        .report = {.json = arguments->json},
    };
    size_t kind = 0;
    while (kind < KINDS && strcmp(arguments->operands[0], kinds[kind].name) != 0)
        ++kind;
    if (arguments->thread_list && !read_threads(&bench, arguments->thread_list))
        return rnl_complain_usage("bench",
                                  "--threads expects numbers from 1, as in 1,2,4, got '%s'",
                                  arguments->thread_list);
    if (!arguments->thread_list) {
        const int code = rnl_complain_status(default_threads(&bench));
        if (code != RNL_EXIT_OK)
            return code;
    }
    if (kind == KINDS)
        return rnl_complain_usage(
            "bench", "unknown benchmark '%s': expected machine, train, latency or optimizers",
            arguments->operands[0]);
    int code = check_arguments(arguments, kind);
    if (code == RNL_EXIT_OK)
        code = kinds[kind].run(&bench);
    rnl_bench_report_finish(&bench.report);
    return code;
}
