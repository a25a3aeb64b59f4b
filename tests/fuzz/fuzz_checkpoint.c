/*
 * Checkpoints that are whole, gone on from with the configuration in them: position, slots of the
 * optimizer and best weights, which fit together or are refused.
 */
#include "tests/fuzz/fuzz_model_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    rnl_model *model, *resumed;
    const char *path = fuzz_model_file(bytes, count);
    if (count == 0 || rnl_model_load(&model, path, NULL, 0) != RNL_OK)
        return 0;
    if (rnl_model_resume(&resumed, path, rnl_model_config(model)) == RNL_OK) {
        fuzz_touch_model(resumed);
        if (resumed->position.patience.best_step > 0)
            rnl_model_swap_best(resumed);
        fuzz_touch_model(resumed);
        fuzz_expect(rnl_model_keep_best(resumed) == RNL_OK, "the best kept");
        rnl_model_end_training(resumed);
        rnl_model_free(resumed);
    }
    rnl_model_free(model);
    return 0;
}
