/*
 * The model file: a safetensors file.  Its tensors are the parameters by layer ("dense_1.kernel")
 * and the scaling of inputs and targets; its metadata hold what else determines the outputs.  A
 * model between two steps of a training is written as a checkpoint, which also holds the
 * optimizer's state ("dense_1.kernel.slot_1"), the best values so far ("dense_1.kernel.best"), and
 * the position:
 *
 *     length   u64
 *     header   JSON: tensors with type, shape, offsets; metadata: configuration, encoding,
 *              position, versions, digest
 *     data     tensors, one after another
 */
#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/kinds/optimizers.h"
#include "engine/model/model.h"
#include "engine/schema/config.h"
#include "engine/storage/atomic_file.h"
#include "engine/storage/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORMAT         "runnel-model"
#define FORMAT_VERSION "2"
#define FORMAT_BEFORE  "1" /* scaled by floats, inputs alone: x scale + offset */
#define SCALING        "scaling"
#define TARGET_SCALING "target_scaling"
#define NAME_SIZE      112

typedef struct tensor_list {
    size_t count;
    rnl_tensor *tensors;
    char (*names)[NAME_SIZE];
} tensor_list;

/* The arrays in a file.  ALL_THAT_CAN_BE includes the best values before any have been found. */
typedef enum file_contents { ENDED, AS_IT_STANDS, ALL_THAT_CAN_BE } file_contents;

static bool holds(const rnl_model *model, const rnl_parameter *parameter, size_t array,
                  file_contents contents)
{
    if (!parameter->arrays[array] || contents == ALL_THAT_CAN_BE || array == RNL_VALUES)
        return parameter->arrays[array] != NULL;
    return contents == AS_IT_STANDS && model->position.step > 0 &&
           (array != RNL_BEST || model->position.patience.best_step > 0);
}

static size_t array_total(const rnl_model *model, file_contents contents)
{
    size_t count = 0;
    for (size_t i = 0; i < model->layer_count; ++i)
        for (size_t p = 0; p < model->layers[i].parameter_count; ++p)
            for (size_t a = 0; a < RNL_ARRAYS; ++a)
                count += holds(model, &model->layers[i].parameters[p], a, contents);
    return count;
}

static void tensor_name(char name[NAME_SIZE], const rnl_layer *layer,
                        const rnl_parameter *parameter, size_t array)
{
    if (array == RNL_VALUES)
        snprintf(name, NAME_SIZE, "%s.%s", layer->name, parameter->name);
    else if (array == RNL_BEST)
        snprintf(name, NAME_SIZE, "%s.%s.best", layer->name, parameter->name);
    else
        snprintf(name, NAME_SIZE, "%s.%s.slot_%zu", layer->name, parameter->name,
                 array - RNL_FIRST_SLOT + 1);
}

/* Adds a tensor without values. */
static rnl_tensor *add_tensor(tensor_list *list, const char *name, size_t rank, const size_t *shape)
{
    char *own = list->names[list->count];
    rnl_tensor *tensor = &list->tensors[list->count++];
    snprintf(own, sizeof *list->names, "%s", name);
    *tensor = (rnl_tensor){.name = own, .rank = rank};
    memcpy(tensor->shape, shape, rank * sizeof *shape);
    return tensor;
}

/* ---- scaling --------------------------------------------------------------------------------- */

/* The arrays of a scaler: "scaling.centre". */
enum { SCALER_ARRAYS = 3 };

static double *scaler_array(const rnl_scaler *scaler, size_t array)
{
    double *const arrays[SCALER_ARRAYS] = {scaler->centre, scaler->scale, scaler->offset};
    return arrays[array];
}

static void scaler_name(char name[NAME_SIZE], const char *prefix, size_t array)
{
    static const char *const names[SCALER_ARRAYS] = {"centre", "scale", "offset"};
    snprintf(name, NAME_SIZE, "%s.%s", prefix, names[array]);
}

#define CLIP "scaling.clip"

static void list_scaler(tensor_list *list, const rnl_scaler *scaler, const char *prefix)
{
    for (size_t a = 0; a < SCALER_ARRAYS && scaler->features > 0; ++a) {
        char name[NAME_SIZE];
        scaler_name(name, prefix, a);
        rnl_tensor *tensor = add_tensor(list, name, 1, &scaler->features);
        tensor->wide = true;
        tensor->wide_values = scaler_array(scaler, a);
    }
}

static void release_tensors(tensor_list *list)
{
    free(list->tensors);
    free(list->names);
}

/* Lists the arrays of the parameters and the scaling. */
static rnl_status list_tensors(tensor_list *list, const rnl_model *model, file_contents contents)
{
    const size_t most = array_total(model, contents) + 2 * SCALER_ARRAYS + 1;
    *list = (tensor_list){
        .tensors = calloc(most, sizeof *list->tensors),
        .names = calloc(most, sizeof *list->names),
    };
    if (!list->tensors || !list->names) {
        release_tensors(list);
        return rnl_fail_memory(most * (sizeof *list->tensors + sizeof *list->names));
    }
    for (size_t i = 0; i < model->layer_count; ++i)
        for (size_t p = 0; p < model->layers[i].parameter_count; ++p) {
            const rnl_parameter *parameter = &model->layers[i].parameters[p];
            for (size_t a = 0; a < RNL_ARRAYS; ++a)
                if (holds(model, parameter, a, contents)) {
                    char name[NAME_SIZE];
                    tensor_name(name, &model->layers[i], parameter, a);
                    add_tensor(list, name, parameter->rank, parameter->size)->values =
                        parameter->arrays[a];
                }
        }
    list_scaler(list, &model->scaler, SCALING);
    if (model->scaler.clip)
        add_tensor(list, CLIP, 1, &model->scaler.features)->values = model->scaler.clip;
    list_scaler(list, &model->target_scaler, TARGET_SCALING);
    return RNL_OK;
}

/* "28 28" */
static void print_shape(char *text, size_t size, const rnl_shape *shape)
{
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < shape->rank; ++i)
        length +=
            (size_t)snprintf(text + length, size - length, i > 0 ? " %zu" : "%zu", shape->size[i]);
}

static bool parse_shape(rnl_shape *shape, const char *text)
{
    *shape = (rnl_shape){0};
    size_t features = 1;
    while (*text) {
        char *end;
        const unsigned long long size = strtoull(text, &end, 10);
        if (end == text || size == 0 || shape->rank == RNL_MAX_RANK ||
            __builtin_mul_overflow(features, size, &features))
            return false;
        shape->size[shape->rank++] = size;
        text = end + strspn(end, " ");
    }
    return shape->rank > 0;
}

/* path NULL: the file is assembled, but not written. */
static rnl_status save(const rnl_model *model, const char *path, file_contents contents)
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
        {"format", FORMAT},
        {"format_version", FORMAT_VERSION},
        {"runnel_version", rnl_version()},
        {"computed_with", model->computed_with},
        {"input_shape", shape},
        {"config", config},
    };
    size_t count = 6;
    if (rnl_encoding_measured(&model->encoding))
        metadata[count++] = (rnl_metadata){"encoding", encoding};
    const bool between_steps =
        contents == ALL_THAT_CAN_BE || (model->position.step > 0 && contents == AS_IT_STANDS);
    if (between_steps)
        metadata[count++] = (rnl_metadata){"position", position};
    if (between_steps && *model->data_digest)
        metadata[count++] = (rnl_metadata){"data_digest", model->data_digest};
    tensor_list list;
    status = list_tensors(&list, model, contents);
    if (status == RNL_OK) {
        status = rnl_safetensors_write(path, metadata, count, list.tensors, list.count);
        release_tensors(&list);
    }
    rnl_text_free(config);
    rnl_text_free(encoding);
    return status;
}

rnl_status rnl_model_save(const rnl_model *model, const char *path)
{
    return save(model, path, AS_IT_STANDS);
}

rnl_status rnl_model_save_ended(const rnl_model *model, const char *path)
{
    return save(model, path, ENDED);
}

/* Memory for files, messages and the libraries' own use. */
#define BESIDE_A_SAVE ((size_t)1 << 20)

rnl_status rnl_model_rehearse_saving(const rnl_model *model)
{
    RNL_TRY(rnl_require_memory("saving the model", BESIDE_A_SAVE));
    void *room = malloc(BESIDE_A_SAVE);
    const rnl_status status =
        room ? save(model, NULL, ALL_THAT_CAN_BE) : rnl_fail_memory(BESIDE_A_SAVE);
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

static rnl_status metadata_of(const rnl_safetensors *file, const char *path, const char *key,
                              const char **value)
{
    *value = rnl_safetensors_metadata(file, key);
    return *value ? RNL_OK
                  : rnl_fail(RNL_BAD_DATA, "%s: not a Runnel model: its metadata has no '%s'", path,
                             key);
}

static rnl_status check_format(const rnl_safetensors *file, const char *path)
{
    const char *format, *version;
    RNL_TRY(metadata_of(file, path, "format", &format));
    if (strcmp(format, FORMAT) != 0)
        return rnl_fail(RNL_BAD_DATA, "%s: expected a file of format %s, got %s", path, FORMAT,
                        format);
    RNL_TRY(metadata_of(file, path, "format_version", &version));
    if (strcmp(version, FORMAT_VERSION) != 0 && strcmp(version, FORMAT_BEFORE) != 0)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: written in version %s of the format, this program reads versions %s "
                        "and %s",
                        path, version, FORMAT_BEFORE, FORMAT_VERSION);
    if (!file->has_digest)
        return rnl_fail(RNL_BAD_DATA, "%s: the digest is missing", path);
    return RNL_OK;
}

/* Finds the tensor of that name and shape. */
static rnl_status find_tensor(const rnl_safetensors *file, const char *path, const char *name,
                              size_t rank, const size_t *shape, bool wide,
                              const rnl_tensor **tensor)
{
    *tensor = rnl_safetensors_tensor(file, name);
    if (!*tensor)
        return rnl_fail(RNL_BAD_DATA, "%s: tensor %s is missing", path, name);
    if ((*tensor)->rank != rank || memcmp((*tensor)->shape, shape, rank * sizeof *shape) != 0)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: tensor %s does not have the shape that its layer expects", path, name);
    if ((*tensor)->wide != wide)
        return rnl_fail(RNL_BAD_DATA, "%s: tensor %s: expected elements of type %s", path, name,
                        wide ? "F64" : "F32");
    return RNL_OK;
}

static rnl_status find_parameter(const rnl_safetensors *file, const char *path,
                                 const rnl_layer *layer, const rnl_parameter *parameter,
                                 size_t array, const rnl_tensor **tensor)
{
    char name[NAME_SIZE];
    tensor_name(name, layer, parameter, array);
    return find_tensor(file, path, name, parameter->rank, parameter->size, false, tensor);
}

static bool is_kept(const rnl_parameter *parameter, size_t array)
{
    return array < RNL_FIRST_SLOT || array >= RNL_BEST || !parameter->fixed;
}

static rnl_status find_parameters(const rnl_model *model, const rnl_safetensors *file,
                                  const char *path, size_t array)
{
    const rnl_tensor *tensor;
    for (size_t i = 0; i < model->layer_count; ++i)
        for (size_t p = 0; p < model->layers[i].parameter_count; ++p) {
            const rnl_parameter *parameter = &model->layers[i].parameters[p];
            if (is_kept(parameter, array))
                RNL_TRY(find_parameter(file, path, &model->layers[i], parameter, array, &tensor));
        }
    return RNL_OK;
}

/* Finds all tensors before it allocates any array, so that a file cannot request more than a few
 * times its size. */
static rnl_status take_parameters(rnl_model *model, const rnl_safetensors *file, const char *path,
                                  size_t array)
{
    const rnl_tensor *tensor;
    RNL_TRY(find_parameters(model, file, path, array));
    RNL_TRY(rnl_model_allocate(model, path, array, 1));
    for (size_t i = 0; i < model->layer_count; ++i)
        for (size_t p = 0; p < model->layers[i].parameter_count; ++p) {
            const rnl_parameter *parameter = &model->layers[i].parameters[p];
            if (!is_kept(parameter, array))
                continue;
            RNL_TRY(find_parameter(file, path, &model->layers[i], parameter, array, &tensor));
            memcpy(parameter->arrays[array], tensor->values,
                   rnl_parameter_count(parameter) * sizeof *tensor->values);
        }
    return RNL_OK;
}

static rnl_status take_data_digest(rnl_model *model, const rnl_safetensors *file, const char *path)
{
    const char *text = rnl_safetensors_metadata(file, "data_digest");
    if (text && !rnl_is_data_digest(text))
        return rnl_fail(RNL_BAD_DATA, "%s: not a whole checkpoint: data_digest: got '%.60s'", path,
                        text);
    snprintf(model->data_digest, sizeof model->data_digest, "%s", text ? text : "");
    return RNL_OK;
}

/* Takes the optimizer's state and the position, if the file is a checkpoint. */
static rnl_status take_training(rnl_model *model, const rnl_safetensors *file, const char *path)
{
    const char *text = rnl_safetensors_metadata(file, "position");
    if (!text)
        return RNL_OK;
    if (!rnl_position_parse(&model->position, text))
        return rnl_fail(RNL_BAD_DATA,
                        "%s: not a whole checkpoint: no training can stand at the position '%.60s'",
                        path, text);
    RNL_TRY(take_data_digest(model, file, path));
    const size_t slots = rnl_optimizer_slots(&model->config->training.optimizer);
    for (size_t a = RNL_FIRST_SLOT; a < RNL_FIRST_SLOT + slots; ++a)
        RNL_TRY(take_parameters(model, file, path, a));
    return model->position.patience.best_step > 0 &&
                   model->config->training.early_stopping.restore_best_weights
               ? take_parameters(model, file, path, RNL_BEST)
               : RNL_OK;
}

/* Takes an array of version 1, which has only scale and offset, as floats. */
static rnl_status take_old_array(rnl_scaler *scaler, const rnl_safetensors *file, const char *path,
                                 size_t array)
{
    char name[NAME_SIZE];
    const rnl_tensor *tensor;
    scaler_name(name, SCALING, array);
    RNL_TRY(find_tensor(file, path, name, 1, &scaler->features, false, &tensor));
    for (size_t j = 0; j < scaler->features; ++j)
        scaler_array(scaler, array)[j] = (double)tensor->values[j];
    return RNL_OK;
}

static rnl_status take_scaler_array(rnl_scaler *scaler, const rnl_safetensors *file,
                                    const char *path, const char *prefix, size_t array)
{
    char name[NAME_SIZE];
    const rnl_tensor *tensor;
    scaler_name(name, prefix, array);
    RNL_TRY(find_tensor(file, path, name, 1, &scaler->features, true, &tensor));
    memcpy(scaler_array(scaler, array), tensor->wide_values, scaler->features * sizeof(double));
    return RNL_OK;
}

/* Allocates nothing before the file is known to hold the arrays. */
static rnl_status take_scaler(rnl_scaler *scaler, const rnl_safetensors *file, const char *path,
                              const char *prefix, size_t features)
{
    char name[NAME_SIZE];
    scaler_name(name, prefix, 1);
    const rnl_tensor *scale = rnl_safetensors_tensor(file, name);
    if (!scale)
        return RNL_OK;
    RNL_TRY(find_tensor(file, path, name, 1, &features, scale->wide, &scale));
    RNL_TRY(rnl_scaler_allocate(scaler, features));
    for (size_t a = 0; a < SCALER_ARRAYS; ++a)
        if (scale->wide)
            RNL_TRY(take_scaler_array(scaler, file, path, prefix, a));
        else if (a > 0)
            RNL_TRY(take_old_array(scaler, file, path, a));
    return RNL_OK;
}

static rnl_status take_clips(rnl_scaler *scaler, const rnl_safetensors *file, const char *path)
{
    const rnl_tensor *clip;
    if (scaler->features == 0 || !rnl_safetensors_tensor(file, CLIP))
        return RNL_OK;
    RNL_TRY(find_tensor(file, path, CLIP, 1, &scaler->features, false, &clip));
    RNL_TRY(rnl_scaler_add_clips(scaler));
    memcpy(scaler->clip, clip->values, scaler->features * sizeof *scaler->clip);
    return RNL_OK;
}

static rnl_status take_scalers(rnl_model *model, const rnl_safetensors *file, const char *path)
{
    RNL_TRY(take_scaler(&model->scaler, file, path, SCALING, rnl_shape_features(&model->input)));
    RNL_TRY(take_clips(&model->scaler, file, path));
    return take_scaler(&model->target_scaler, file, path, TARGET_SCALING, rnl_model_outputs(model));
}

/* Tests if there is a column of classes that the outputs can represent, or a column of values for
 * each output. */
static bool targets_fit(const rnl_model *model)
{
    const rnl_columns *targets = &model->encoding.targets;
    const size_t outputs = rnl_model_outputs(model), classes = rnl_model_classes(model);
    if (targets->count == 0)
        return true;
    if (!targets->items[0].categorical)
        return targets->count == outputs;
    return classes > 0 ? targets->items[0].category_count <= classes : outputs == 1;
}

static rnl_status take_encoding(rnl_model *model, const rnl_safetensors *file, const char *path)
{
    const char *text = rnl_safetensors_metadata(file, "encoding");
    if (!text)
        return RNL_OK;
    RNL_TRY(rnl_encoding_parse(&model->encoding, path, text));
    const size_t features = rnl_encoding_features(&model->encoding);
    if (model->input.rank != 1 || model->input.size[0] != features)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: encoding: its columns become %zu numbers, which input_shape does not "
                        "say",
                        path, features);
    return targets_fit(model)
               ? RNL_OK
               : rnl_fail(RNL_BAD_DATA, "%s: encoding: its targets do not fit the %zu outputs",
                          path, rnl_model_outputs(model));
}

/* Builds the model from the file's shape, parameters, encoding and scaling, and from the
 * configuration, of which it takes ownership. */
static rnl_status build_from(rnl_model **model, const rnl_safetensors *file, const char *path,
                             rnl_config *config)
{
    const char *shape_text = NULL, *computed_with = NULL;
    rnl_status status = metadata_of(file, path, "input_shape", &shape_text);
    if (status == RNL_OK)
        status = metadata_of(file, path, "computed_with", &computed_with);
    rnl_shape shape;
    if (status == RNL_OK && !parse_shape(&shape, shape_text))
        status = rnl_fail(RNL_BAD_DATA, "%s: input_shape: expected the sizes of a row, got '%s'",
                          path, shape_text);
    if (status != RNL_OK) {
        rnl_config_free(config);
        return status;
    }
    rnl_model *built;
    RNL_TRY(rnl_model_build(&built, config, &shape));
    snprintf(built->computed_with, sizeof built->computed_with, "%s", computed_with);
    status = take_parameters(built, file, path, RNL_VALUES);
    if (status == RNL_OK)
        status = take_training(built, file, path);
    if (status == RNL_OK)
        status = take_encoding(built, file, path);
    if (status == RNL_OK)
        status = take_scalers(built, file, path);
    if (status != RNL_OK) {
        rnl_model_free(built);
        return status;
    }
    *model = built;
    return RNL_OK;
}

/* Reads the file's configuration. */
static rnl_status config_of(rnl_config **config, const rnl_safetensors *file, const char *path,
                            const char *const *overrides, size_t override_count)
{
    const char *text;
    RNL_TRY(check_format(file, path));
    RNL_TRY(metadata_of(file, path, "config", &text));
    return rnl_config_parse(config, path, text, overrides, override_count);
}

rnl_status rnl_model_load(rnl_model **model, const char *path, const char *const *overrides,
                          size_t override_count)
{
    rnl_safetensors file;
    RNL_TRY(rnl_safetensors_read(&file, path));
    rnl_config *config;
    rnl_status status = config_of(&config, &file, path, overrides, override_count);
    if (status == RNL_OK)
        status = build_from(model, &file, path, config);
    rnl_safetensors_release(&file);
    return status;
}

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
    rnl_safetensors file;
    RNL_TRY(rnl_safetensors_read(&file, path));
    rnl_config *kept;
    rnl_status status = config_of(&kept, &file, path, NULL, 0);
    if (status == RNL_OK) {
        status = check_same(kept, config, path);
        rnl_config_free(kept);
    }
    if (status == RNL_OK)
        status = build_from(model, &file, path, rnl_config_share(config));
    rnl_safetensors_release(&file);
    return status;
}
