/*
 * Safetensors files as any program may have written them.
 */
#include "engine/storage/safetensors.h"
#include "tests/fuzz/fuzz.h"

static void touch_tensor(const rnl_tensor *tensor)
{
    size_t bytes = rnl_tensor_element_bytes(tensor);
    for (size_t i = 0; i < tensor->rank; ++i)
        bytes *= tensor->shape[i];
    fuzz_touch(tensor->wide ? tensor->wide_values : tensor->values, bytes);
    fuzz_touch(tensor->name, strlen(tensor->name));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    rnl_safetensors file;
    if (rnl_safetensors_read(&file, fuzz_file(bytes, count)) != RNL_OK)
        return 0;
    for (size_t i = 0; i < file.tensor_count; ++i)
        touch_tensor(&file.tensors[i]);
    for (size_t i = 0; i < file.metadata_count; ++i)
        fuzz_touch(file.metadata[i].value, strlen(file.metadata[i].value));
    rnl_safetensors_release(&file);
    return 0;
}
