/*
 * The networks that are measured when no configuration is given, and data for them.
 */
#ifndef RNL_BENCHMARKS_BENCH_NETS_H
#define RNL_BENCHMARKS_BENCH_NETS_H

#include "cli/arguments.h"
#include "engine/model/model.h"

/* One training step to measure. */
typedef struct rnl_bench_case {
    const char *net, *activation, *optimizer;
    size_t batch_size;
} rnl_bench_case;

extern const rnl_bench_case rnl_bench_cases[];
extern const size_t rnl_bench_case_count;

/* The configuration of a case: YAML for rnl_config_parse, to be freed. */
char *rnl_bench_config(const rnl_bench_case *c);

/* Rows of bytes, as images are, of the case's net, with labels. */
rnl_data *rnl_bench_data(const rnl_bench_case *c, size_t rows);

/* A configuration of the user's, fit to be timed: without what ends or slows training beside its
 * steps.  Overrides are the user's, those that do that, and then `more`. */
rnl_status rnl_bench_load_config(rnl_config **config, const char *path,
                                 const rnl_arguments *arguments, const char *const *more,
                                 size_t more_count);

/* The same with its training rows; `batch` is one more override, or NULL. */
rnl_status rnl_bench_load(rnl_config **config, rnl_data **data, const char *path,
                          const rnl_arguments *arguments, const char *batch);

/* Multiplications and additions of a training step's products for one row: 2 in out each forward
 * and for the gradients of the weights, and for those of the inputs but in the first layer that
 * learns; a frozen layer has no gradients of weights. */
double rnl_training_flops(const rnl_model *model);

#endif
