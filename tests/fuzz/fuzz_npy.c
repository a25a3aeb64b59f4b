/*
 * .npy files, of inputs and of targets.
 */
#include "engine/data/formats.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    char *path = (char *)(uintptr_t)fuzz_file(bytes, count);
    fuzz_arrays(&rnl_npy_format,
                &(const rnl_array_files){.inputs = path, .targets = path, .sample_weight = path});
    return 0;
}
