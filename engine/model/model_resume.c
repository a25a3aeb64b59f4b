/*
 * How a checkpoint is read for training to go on.
 */
#include "engine/base/error.h"
#include "engine/model/model_file.h"
#include "engine/schema/config.h"
#include "threading/floating_mode.h"

/* Prints what must be equal for a training to be resumed.  A preset derives early stopping's first
 * epoch from the number of epochs. */
static rnl_status print_lasting(const rnl_config *config, bool by_preset, char **text)
{
    char name[] = "any";
    rnl_config lasting = {
        .name = name, .data = config->data, .model = config->model, .training = config->training};
    lasting.training.epochs = 1;
    lasting.training.checkpoint_every = 0;
    lasting.training.inspect = false;
    if (by_preset)
        lasting.training.early_stopping.start_from_epoch = 0;
    lasting.training.tensorboard = false;
    return rnl_config_print_json(&lasting, text);
}

/* Returns the text from a little before the difference. */
static const char *from_difference(const char *text, size_t same)
{
    return text + (same > 30 ? same - 30 : 0);
}

static rnl_status check_same(const rnl_config *kept, const rnl_config *asked, const char *path)
{
    char *before, *now;
    RNL_TRY(print_lasting(kept, asked->preset, &before));
    rnl_status status = print_lasting(asked, asked->preset, &now);
    if (status != RNL_OK) {
        rnl_text_free(before);
        return status;
    }
    size_t same = 0;
    while (before[same] && before[same] == now[same])
        ++same;
    if (before[same] || now[same])
        status = rnl_fail(RNL_BAD_CONFIG,
                          "%s: made under another configuration: it has ...%.70s... where now "
                          "stands ...%.70s...",
                          path, from_difference(before, same), from_difference(now, same));
    rnl_text_free(before);
    rnl_text_free(now);
    return status;
}

rnl_status rnl_model_resume(rnl_model **model, const char *path, const rnl_config *config)
{
    RNL_OWN_FLOATING_MODE;
    rnl_safetensors file;
    RNL_TRY(rnl_safetensors_read(&file, path));
    rnl_config *kept;
    rnl_status status = rnl_config_of_file(&kept, &file, path, NULL, 0);
    if (status == RNL_OK) {
        status = check_same(kept, config, path);
        rnl_config_free(kept);
    }
    if (status == RNL_OK)
        status = rnl_model_from_file(model, &file, path, rnl_config_share(config));
    rnl_safetensors_release(&file);
    return status;
}
