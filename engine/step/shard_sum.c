#include "engine/step/shard_sum.h"

#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/step/shared.h"

/* A tree of one shard has none; of two, one level beside the sum. */
size_t rnl_shard_sum_spare(const rnl_step *step)
{
    size_t levels = 0;
    while ((size_t)1 << levels < step->rows.shards)
        ++levels;
    return levels;
}

void rnl_shard_sum_add(const rnl_kernels *kernels, size_t count, const float *x, float *sum)
{
    kernels->add_rows(&(const rnl_add_rows){
        .rows = 1,
        .columns = count,
        .x = {sum, count, 1, 0},
        .addend = {x, count},
        .y = {sum, count},
    });
}

static rnl_shard_range leaves_of(const rnl_shard_sum *s, size_t first, size_t span)
{
    return (rnl_shard_range){first, rnl_least(span, s->leaves - first)};
}

/* Sums a node's leaves; below it, nodes on the right use the arrays behind `spare`. */
static rnl_status sum_node(const rnl_shard_sum *s, const rnl_kernels *kernels, size_t first,
                           size_t span, float *spare, float *sum)
{
    const size_t half = span / 2, middle = first + half;
    if (span <= s->together)
        return s->compute(s->context, leaves_of(s, first, span), false, spare, sum);
    RNL_TRY(sum_node(s, kernels, first, half, spare, sum));
    if (middle >= s->leaves)
        return RNL_OK;
    if (half <= s->together && s->adds)
        return s->compute(s->context, leaves_of(s, middle, half), true, spare, sum);
    RNL_TRY(sum_node(s, kernels, middle, half, spare + s->count, spare));
    rnl_shard_sum_add(kernels, s->count, spare, sum);
    return RNL_OK;
}

rnl_status rnl_shard_sum_run(const rnl_shard_sum *sum, const rnl_step *step, float *array)
{
    const rnl_step_shared *shared = step->shared;
    size_t span = 1;
    while (span < sum->leaves)
        span *= 2;
    if (!shared)
        return sum_node(sum, step->kernels, 0, span, sum->spare, array);
    for (size_t k = 0; k < shared->own_count && shared->own[k].first < sum->leaves; ++k)
        RNL_TRY(sum_node(sum, step->kernels, shared->own[k].first, shared->own[k].span, sum->spare,
                         array + k * shared->distance));
    return RNL_OK;
}

void rnl_shard_sum_arrays(float *arrays, size_t distance, size_t leaves, size_t count)
{
    for (size_t half = 1; half < leaves; half *= 2)
        for (size_t s = 0; s + half < leaves; s += 2 * half)
            for (size_t j = 0; j < count; ++j)
                arrays[s * distance + j] += arrays[(s + half) * distance + j];
}

double rnl_shard_sum_numbers(double *numbers, size_t leaves)
{
    for (size_t half = 1; half < leaves; half *= 2)
        for (size_t s = 0; s + half < leaves; s += 2 * half)
            numbers[s] += numbers[s + half];
    return numbers[0];
}
