/*
 * .npy files, of inputs and of targets.
 */
#include "engine/data/formats.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    char *path = (char *)(uintptr_t)fuzz_file(bytes, count);
    rnl_array_files files = {.inputs = path, .targets = path};
    fuzz_arrays(&rnl_npy_format, &files);
    files.sample_weight = path;
    fuzz_arrays(&rnl_npy_format, &files);
    return 0;
}
