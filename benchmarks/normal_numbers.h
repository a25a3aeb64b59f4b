/*
 * Numbers of stated distributions, the same in every run.
 */
#ifndef RNL_BENCHMARKS_NORMAL_NUMBERS_H
#define RNL_BENCHMARKS_NORMAL_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

/* The next number from 0 to 1, neither of them. */
double rnl_uniform_number(uint64_t *state);

/* Fills the array with standard normal numbers. */
void rnl_normal_numbers(float *numbers, size_t count, uint64_t *state);

#endif
