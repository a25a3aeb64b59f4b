/*
 * Two safetensors files compared, tensor by tensor.
 */
#include "engine/base/error.h"
#include "engine/storage/safetensors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(RNL_TENSOR_RANK == RNL_TENSOR_MAX_RANK, "the API shows the whole shape");

/* A comparison with the files that its names point into. */
typedef struct files_compared {
    rnl_diff diff; /* first: what the caller holds */
    rnl_safetensors first, second;
    rnl_tensor_difference *tensors;
} files_compared;

static double element(const rnl_tensor *tensor, size_t i)
{
    double wide;
    if (!tensor->wide)
        return (double)tensor->values[i];
    memcpy(&wide, (const char *)tensor->wide_values + i * sizeof wide, sizeof wide);
    return wide;
}

static const void *bytes_of(const rnl_tensor *tensor)
{
    return tensor->wide ? tensor->wide_values : tensor->values;
}

/* Tests if one element of both tensors has the same bits, or the same value in two types. */
static bool same_element(const rnl_tensor *first, const rnl_tensor *second, size_t i)
{
    const size_t bytes = rnl_tensor_element_bytes(first);
    if (first->wide != second->wide)
        return element(first, i) == element(second, i);
    return memcmp((const char *)bytes_of(first) + i * bytes,
                  (const char *)bytes_of(second) + i * bytes, bytes) == 0;
}

/* Counts elements that differ, and keeps the largest difference; one that is NaN stays. */
static void compare_elements(rnl_tensor_difference *difference, const rnl_tensor *first,
                             const rnl_tensor *second)
{
    for (size_t i = 0; i < difference->elements; ++i) {
        if (same_element(first, second, i))
            continue;
        const double apart = fabs(element(first, i) - element(second, i));
        ++difference->differing;
        if (isnan(apart) || apart > difference->largest)
            difference->largest = apart;
    }
    if (difference->differing > 0)
        difference->state = RNL_TENSOR_DIFFERS;
}

static size_t element_count(const rnl_tensor *tensor)
{
    size_t count = 1;
    for (size_t i = 0; i < tensor->rank; ++i)
        count *= tensor->shape[i];
    return count;
}

static void take_shape(size_t *rank, size_t shape[RNL_TENSOR_RANK], const rnl_tensor *tensor)
{
    *rank = tensor->rank;
    memcpy(shape, tensor->shape, tensor->rank * sizeof *shape);
}

static bool same_shape(const rnl_tensor *first, const rnl_tensor *second)
{
    return first->rank == second->rank &&
           memcmp(first->shape, second->shape, first->rank * sizeof *first->shape) == 0;
}

/* Compares a tensor of both files, or of one: the other is NULL. */
static void add(files_compared *files, const rnl_tensor *first, const rnl_tensor *second)
{
    rnl_tensor_difference *difference = &files->tensors[files->diff.count++];
    *difference = (rnl_tensor_difference){.name = first ? first->name : second->name};
    if (first)
        take_shape(&difference->first_rank, difference->first_shape, first);
    if (second)
        take_shape(&difference->second_rank, difference->second_shape, second);
    if (!first || !second)
        difference->state = first ? RNL_TENSOR_ONLY_IN_FIRST : RNL_TENSOR_ONLY_IN_SECOND;
    else if (!same_shape(first, second))
        difference->state = RNL_TENSOR_RESHAPED;
    else {
        difference->elements = element_count(first);
        compare_elements(difference, first, second);
    }
    files->diff.equal += difference->state == RNL_TENSOR_EQUAL;
}

static rnl_status compare(files_compared *files)
{
    const size_t most = files->first.tensor_count + files->second.tensor_count;
    files->tensors = calloc(most + 1, sizeof *files->tensors);
    if (!files->tensors)
        return rnl_fail_memory(most * sizeof *files->tensors);
    files->diff.tensors = files->tensors;
    for (size_t i = 0; i < files->first.tensor_count; ++i) {
        const rnl_tensor *tensor = &files->first.tensors[i];
        add(files, tensor, rnl_safetensors_tensor(&files->second, tensor->name));
    }
    for (size_t i = 0; i < files->second.tensor_count; ++i) {
        const rnl_tensor *tensor = &files->second.tensors[i];
        if (!rnl_safetensors_tensor(&files->first, tensor->name))
            add(files, NULL, tensor);
    }
    return RNL_OK;
}

rnl_status rnl_model_diff(const char *first, const char *second, rnl_diff **diff)
{
    files_compared *files = calloc(1, sizeof *files);
    if (!files)
        return rnl_fail_memory(sizeof *files);
    rnl_status status = rnl_safetensors_read(&files->first, first);
    if (status == RNL_OK)
        status = rnl_safetensors_read(&files->second, second);
    if (status == RNL_OK)
        status = compare(files);
    if (status == RNL_OK)
        *diff = &files->diff;
    else
        rnl_diff_free(&files->diff);
    return status;
}

void rnl_diff_free(rnl_diff *diff)
{
    files_compared *files = (files_compared *)diff;
    if (!files)
        return;
    rnl_safetensors_release(&files->first);
    rnl_safetensors_release(&files->second);
    free(files->tensors);
    free(files);
}
