/*
 * Model files that are whole.
 */
#include "tests/fuzz/fuzz_model_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    rnl_model *model;
    if (count == 0 || rnl_model_load(&model, fuzz_model_file(bytes, count), NULL, 0) != RNL_OK)
        return 0;
    char *summary;
    fuzz_expect(rnl_model_summary(model, &summary) == RNL_OK, "a summary");
    fuzz_touch_model(model);
    rnl_text_free(summary);
    rnl_model_free(model);
    return 0;
}
