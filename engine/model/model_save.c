/*
 * How a model file is written.
 */
#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/model/model_file.h"
#include "engine/model/model_tensors.h"
#include "engine/schema/config.h"
#include "engine/storage/atomic_file.h"
#include "threading/floating_mode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "28 28" */
static void print_shape(char *text, size_t size, const rnl_shape *shape)
{
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < shape->rank; ++i)
        length +=
            (size_t)snprintf(text + length, size - length, i > 0 ? " %zu" : "%zu", shape->size[i]);
}

/* Where a model goes: to a file, or to memory; neither: it is assembled, but not written. */
typedef struct destination {
    const char *path;
    void **bytes;
    size_t *count;
} destination;

static rnl_status write_to(const destination *to, const rnl_metadata *metadata, size_t count,
                           const rnl_tensor_list *list)
{
    if (to->bytes)
        return rnl_safetensors_write_memory(to->bytes, to->count, metadata, count, list->tensors,
                                            list->count);
    return rnl_safetensors_write(to->path, metadata, count, list->tensors, list->count);
}

static rnl_status save(const rnl_model *model, const destination *to, rnl_file_contents contents)
{
    char shape[RNL_MAX_RANK * 21 + 1];
    print_shape(shape, sizeof shape, &model->input);
    char position[RNL_POSITION_TEXT];
    rnl_position_print(&model->position, position);
    char *config, *encoding;
    RNL_TRY(rnl_config_print_json(model->config, &config));
    rnl_status status = rnl_encoding_print(&model->encoding, &encoding);
    if (status != RNL_OK) {
        rnl_text_free(config);
        return status;
    }
    rnl_metadata metadata[9] = {
        {"format", RNL_MODEL_FORMAT},
        {"format_version", RNL_MODEL_VERSION},
        {"runnel_version", rnl_version()},
        {"computed_with", model->computed_with},
        {"input_shape", shape},
        {"config", config},
    };
    size_t count = 6;
    if (rnl_encoding_measured(&model->encoding))
        metadata[count++] = (rnl_metadata){"encoding", encoding};
    const bool between_steps = contents == RNL_ALL_THAT_CAN_BE ||
                               (model->position.step > 0 && contents == RNL_AS_IT_STANDS);
    if (between_steps)
        metadata[count++] = (rnl_metadata){"position", position};
    if (between_steps && *model->data_digest)
        metadata[count++] = (rnl_metadata){"data_digest", model->data_digest};
    rnl_tensor_list list;
    status = rnl_tensors_list(&list, model, contents);
    if (status == RNL_OK) {
        status = write_to(to, metadata, count, &list);
        rnl_tensors_release(&list);
    }
    rnl_text_free(config);
    rnl_text_free(encoding);
    return status;
}

rnl_status rnl_model_save(const rnl_model *model, const char *path)
{
    RNL_OWN_FLOATING_MODE;
    return save(model, &(const destination){.path = path}, RNL_AS_IT_STANDS);
}

rnl_status rnl_model_save_memory(const rnl_model *model, void **bytes, size_t *count)
{
    RNL_OWN_FLOATING_MODE;
    return save(model, &(const destination){.bytes = bytes, .count = count}, RNL_AS_IT_STANDS);
}

void rnl_memory_free(void *bytes)
{
    free(bytes);
}

rnl_status rnl_model_save_ended(const rnl_model *model, const char *path)
{
    return save(model, &(const destination){.path = path}, RNL_ENDED);
}

/* Memory for files, messages and the libraries' own use. */
#define BESIDE_A_SAVE ((size_t)1 << 20)

rnl_status rnl_model_rehearse_saving(const rnl_model *model)
{
    RNL_TRY(rnl_require_memory("saving the model", BESIDE_A_SAVE));
    void *room = malloc(BESIDE_A_SAVE);
    const rnl_status status = room ? save(model, &(const destination){0}, RNL_ALL_THAT_CAN_BE)
                                   : rnl_fail_memory(BESIDE_A_SAVE);
    free(room);
    return status;
}

rnl_status rnl_model_save_keeping(const rnl_model *model, const char *path, bool trusted)
{
    const rnl_status found = trusted ? RNL_OK : rnl_safetensors_verify(path);
    if (found == RNL_NO_MEMORY)
        return found;
    char *fresh;
    if (asprintf(&fresh, "%s.next", path) < 0)
        return rnl_fail_memory(strlen(path) + 6);
    unlink(fresh); /* a link would be followed */
    rnl_status status = rnl_model_save(model, fresh);
    if (status == RNL_OK)
        status = rnl_file_rotate(fresh, path, found == RNL_OK);
    free(fresh);
    return status;
}
