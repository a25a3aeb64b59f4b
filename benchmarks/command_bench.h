/*
 * `runnel bench`.
 */
#ifndef RNL_BENCHMARKS_COMMAND_BENCH_H
#define RNL_BENCHMARKS_COMMAND_BENCH_H

#include "cli/arguments.h"

extern const rnl_command rnl_bench_command;

#endif
