#include "engine/base/error.h"
#include "engine/base/utf8.h"
#include "engine/storage/atomic_file.h"
#include "engine/storage/safetensors.h"
#include "engine/storage/safetensors_file.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char zero_digest[] = RNL_SAFETENSORS_DIGEST_PREFIX "00000000000000000000000000000000";

static size_t tensor_bytes(const rnl_tensor *tensor)
{
    size_t bytes = rnl_tensor_element_bytes(tensor);
    for (size_t i = 0; i < tensor->rank; ++i)
        bytes *= tensor->shape[i];
    return bytes;
}

/* Takes ownership of the value.  A name that is not UTF-8 or already present is refused. */
static rnl_status add(json_t *object, const char *path, const char *name, json_t *value)
{
    if (!rnl_is_utf8(name) || json_object_get(object, name)) {
        json_decref(value);
        return rnl_fail(RNL_IO, "%s: expected a unique name of UTF-8, got %s", path, name);
    }
    if (!value || json_object_set_new(object, name, value) != 0)
        return rnl_fail_memory(strlen(name) + 1);
    return RNL_OK;
}

static rnl_status add_text(json_t *object, const char *path, const char *name, const char *text)
{
    if (!rnl_is_utf8(text))
        return rnl_fail(RNL_IO, "%s: %s: expected a text of UTF-8", path, name);
    return add(object, path, name, json_string(text));
}

static json_t *describe_shape(const rnl_tensor *tensor)
{
    json_t *shape = json_array();
    for (size_t i = 0; i < tensor->rank; ++i)
        if (json_array_append_new(shape, json_integer((json_int_t)tensor->shape[i])) != 0) {
            json_decref(shape);
            return NULL;
        }
    return shape;
}

static json_t *describe_tensor(const rnl_tensor *tensor, size_t begin)
{
    json_t *shape = describe_shape(tensor);
    if (!shape)
        return NULL;
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", tensor->wide ? "F64" : "F32", "shape", shape,
                     "data_offsets", (json_int_t)begin, (json_int_t)(begin + tensor_bytes(tensor)));
}

static rnl_status describe(json_t *header, const char *path, const rnl_metadata *metadata,
                           size_t metadata_count, const rnl_tensor *tensors, size_t tensor_count)
{
    json_t *texts = json_object();
    RNL_TRY(add(header, path, RNL_SAFETENSORS_METADATA, texts));
    for (size_t i = 0; i < metadata_count; ++i)
        RNL_TRY(add_text(texts, path, metadata[i].key, metadata[i].value));
    RNL_TRY(add_text(texts, path, RNL_SAFETENSORS_DIGEST_KEY, zero_digest));
    size_t begin = 0;
    for (size_t i = 0; i < tensor_count; ++i) {
        RNL_TRY(add(header, path, tensors[i].name, describe_tensor(&tensors[i], begin)));
        begin += tensor_bytes(&tensors[i]);
    }
    return RNL_OK;
}

/* Assembles the header's length, its text, and spaces up to a multiple of 8. */
static rnl_status assemble(rnl_bytes *head, const json_t *header)
{
    char *text = json_dumps(header, JSON_COMPACT);
    if (!text)
        return rnl_fail(RNL_NO_MEMORY, "out of memory: a header of %zu tensors could not be made",
                        json_object_size(header));
    const size_t text_length = strlen(text);
    const uint64_t length = (text_length + 7) / 8 * 8;
    char *bytes = malloc(RNL_SAFETENSORS_LENGTH_BYTES + length);
    if (!bytes) {
        free(text);
        return rnl_fail_memory(RNL_SAFETENSORS_LENGTH_BYTES + length);
    }
    memcpy(bytes, &length, RNL_SAFETENSORS_LENGTH_BYTES);
    memset(bytes + RNL_SAFETENSORS_LENGTH_BYTES, ' ', length);
    memcpy(bytes + RNL_SAFETENSORS_LENGTH_BYTES, text, text_length);
    free(text);
    *head = (rnl_bytes){bytes, RNL_SAFETENSORS_LENGTH_BYTES + length};
    return RNL_OK;
}

/* Where the bytes go: to a file, or to memory that is allocated here; neither: nowhere. */
typedef struct destination {
    const char *path;
    void **bytes;
    size_t *count;
} destination;

static const char *name_of(const destination *to)
{
    return to->path ? to->path : "a model in memory";
}

static rnl_status copy_parts(const destination *to, const rnl_bytes *parts, size_t count,
                             size_t size)
{
    char *bytes = malloc(size);
    if (!bytes)
        return rnl_fail_memory(size);
    *to->bytes = bytes;
    *to->count = size;
    for (size_t i = 0; i < count; bytes += parts[i++].count)
        if (parts[i].count > 0)
            memcpy(bytes, parts[i].start, parts[i].count);
    return RNL_OK;
}

static rnl_status write_parts(const destination *to, const rnl_bytes *parts, size_t count)
{
    uint64_t size = 0;
    for (size_t i = 0; i < count; ++i)
        size += parts[i].count;
    if (!to->path)
        return copy_parts(to, parts, count, size);
    rnl_atomic_file file;
    RNL_TRY(rnl_atomic_file_open(&file, to->path, size));
    rnl_status status = RNL_OK;
    for (size_t i = 0; i < count && status == RNL_OK; ++i)
        status = rnl_atomic_file_write(&file, parts[i].start, parts[i].count);
    if (status == RNL_OK)
        status = rnl_atomic_file_commit(&file);
    rnl_atomic_file_release(&file);
    return status;
}

static rnl_status seal_and_write(const destination *to, rnl_bytes head, const rnl_tensor *tensors,
                                 size_t tensor_count)
{
    if (head.count - RNL_SAFETENSORS_LENGTH_BYTES > RNL_SAFETENSORS_HEADER_LIMIT)
        return rnl_fail(RNL_IO, "%s: expected a header of at most %d bytes, got %zu", name_of(to),
                        RNL_SAFETENSORS_HEADER_LIMIT, head.count - RNL_SAFETENSORS_LENGTH_BYTES);
    rnl_bytes *parts = malloc((tensor_count + 1) * sizeof *parts);
    if (!parts)
        return rnl_fail_memory((tensor_count + 1) * sizeof *parts);
    parts[0] = head;
    for (size_t i = 0; i < tensor_count; ++i)
        parts[i + 1] = (rnl_bytes){tensors[i].wide ? tensors[i].wide_values : tensors[i].values,
                                   tensor_bytes(&tensors[i])};
    char digits[RNL_DIGEST_DIGITS + 1];
    rnl_status status = rnl_digest(digits, parts, tensor_count + 1);
    if (status == RNL_OK) {
        memcpy(rnl_safetensors_find_digest(head.start, head.count), digits, RNL_DIGEST_DIGITS);
        status = write_parts(to, parts, tensor_count + 1);
    }
    free(parts);
    return status;
}

static rnl_status write_to(const destination *to, const rnl_metadata *metadata,
                           size_t metadata_count, const rnl_tensor *tensors, size_t tensor_count)
{
    json_t *header = json_object();
    if (!header)
        return rnl_fail_memory(tensor_count * sizeof *tensors);
    rnl_bytes head = {NULL, 0};
    rnl_status status =
        describe(header, name_of(to), metadata, metadata_count, tensors, tensor_count);
    if (status == RNL_OK)
        status = assemble(&head, header);
    json_decref(header);
    if (status == RNL_OK && (to->path || to->bytes))
        status = seal_and_write(to, head, tensors, tensor_count);
    free((void *)head.start);
    return status;
}

rnl_status rnl_safetensors_write(const char *path, const rnl_metadata *metadata,
                                 size_t metadata_count, const rnl_tensor *tensors,
                                 size_t tensor_count)
{
    return write_to(&(const destination){.path = path}, metadata, metadata_count, tensors,
                    tensor_count);
}

rnl_status rnl_safetensors_write_memory(void **bytes, size_t *count, const rnl_metadata *metadata,
                                        size_t metadata_count, const rnl_tensor *tensors,
                                        size_t tensor_count)
{
    return write_to(&(const destination){.bytes = bytes, .count = count}, metadata, metadata_count,
                    tensors, tensor_count);
}
