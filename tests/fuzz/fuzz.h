/*
 * What the fuzzers share: the bytes at hand as a file, because the parsers take paths.
 */
#ifndef RNL_TESTS_FUZZ_FUZZ_H
#define RNL_TESTS_FUZZ_FUZZ_H

#include "engine/data/dataset.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* Ends the program, which libFuzzer takes for a finding. */
static inline void fuzz_expect(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "expected: %s\n", what);
    abort();
}

/* The path of a file in memory that holds the bytes until the next call. */
static inline const char *fuzz_file(const void *bytes, size_t count)
{
    static int descriptor = -1;
    static char path[32];
    if (descriptor < 0) {
        descriptor = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    }
    if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, bytes, count, 0) != (ssize_t)count)
        abort();
    return path;
}

/* Touches every byte, for AddressSanitizer to see whether it is there. */
static inline void fuzz_touch(const void *bytes, size_t count)
{
    const volatile unsigned char *at = bytes;
    for (size_t i = 0; i < count; ++i)
        (void)at[i];
}

/* The arrays are as large as the dataset says, and its labels within their bound. */
static inline void fuzz_check_dataset(const rnl_dataset *dataset)
{
    fuzz_expect(dataset->rows > 0 && dataset->features > 0, "rows with inputs");
    fuzz_touch(dataset->inputs, dataset->rows * rnl_dataset_input_bytes(dataset));
    fuzz_touch(dataset->values, dataset->rows * rnl_dataset_value_bytes(dataset));
    if (dataset->sample_weights)
        fuzz_touch(dataset->sample_weights, dataset->rows * sizeof(float));
    for (size_t i = 0; dataset->labels && i < dataset->rows; ++i)
        fuzz_expect(dataset->labels[i] >= 0 && dataset->labels[i] <= dataset->largest_label,
                    "class numbers from 0 to the largest");
}

/* Loads the file as inputs alone, then as inputs and targets, for every kind of loss. */
static inline void fuzz_arrays(const rnl_data_format *format, const void *parameters)
{
    const rnl_loading loadings[] = {{.predicting = true},
                                    {.target = RNL_TARGET_CLASS},
                                    {.target = RNL_TARGET_DISTRIBUTION},
                                    {.target = RNL_TARGET_VALUES}};
    for (size_t i = 0; i < sizeof loadings / sizeof *loadings; ++i) {
        rnl_dataset dataset;
        if (format->load(&dataset, parameters, &loadings[i]) == RNL_OK) {
            fuzz_check_dataset(&dataset);
            rnl_dataset_release(&dataset);
        }
    }
}

#endif
