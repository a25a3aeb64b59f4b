#include "engine/storage/safetensors.h"

#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/storage/input_file.h"
#include "engine/storage/json_failure.h"
#include "engine/storage/model_input.h"
#include "engine/storage/safetensors_file.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The header, with its length before it, and the data are apart, so that values are aligned even
 * where the header's length is odd. */
typedef struct file_memory {
    char *head;
    size_t head_bytes;
    char *data;
    size_t data_bytes;
    json_t *header; /* owns every name, key and value */
} file_memory;

static void release_memory(file_memory *memory)
{
    if (!memory)
        return;
    json_decref(memory->header);
    free(memory->data);
    free(memory->head);
    free(memory);
}

char *rnl_safetensors_find_digest(const char *header, size_t length)
{
    static const char mark[] =
        "\"" RNL_SAFETENSORS_DIGEST_KEY "\":\"" RNL_SAFETENSORS_DIGEST_PREFIX;
    const size_t mark_length = sizeof mark - 1;
    char *found = memmem(header, length, mark, mark_length);
    if (!found || length - (size_t)(found - header) < mark_length + RNL_DIGEST_DIGITS)
        return NULL;
    return found + mark_length;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Estimated bytes of parsed JSON for each byte of its text, for the shortest values. */
#define PARSED 20

/* The bytes of a file: behind a descriptor, or in memory. */
typedef struct source {
    const char *path; /* for messages */
    int descriptor;
    const char *bytes; /* NULL: read from the descriptor */
    uint64_t size;
} source;

static rnl_status read_from(const source *from, void *bytes, size_t count, uint64_t position)
{
    if (!from->bytes)
        return rnl_input_read(from->descriptor, from->path, bytes, count, position);
    memcpy(bytes, from->bytes + position, count);
    return RNL_OK;
}

static rnl_status read_head(file_memory *memory, const source *from)
{
    const char *path = from->path;
    const uint64_t size = from->size;
    unsigned char start[RNL_FORMAT_BYTES] = {0};
    uint64_t length;
    if (size < sizeof length)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected a safetensors file of at least %zu bytes, got %llu", path,
                        sizeof length, (unsigned long long)size);
    RNL_TRY(read_from(from, start, size < sizeof start ? sizeof length : sizeof start, 0));
    memcpy(&length, start, sizeof length);
    const char *format = rnl_foreign_format(start);
    if (format)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: this is %s; expected a safetensors file, which the package "
                        "safetensors writes of any arrays",
                        path, format);
    if (length > RNL_SAFETENSORS_HEADER_LIMIT || length > size - sizeof length)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected a safetensors header within %d bytes and the file's %llu, "
                        "got a length of %llu",
                        path, RNL_SAFETENSORS_HEADER_LIMIT, (unsigned long long)size,
                        (unsigned long long)length);
    memory->head_bytes = sizeof length + length;
    RNL_TRY(rnl_check_memory(path, memory->head_bytes * PARSED));
    memory->head = malloc(memory->head_bytes);
    if (!memory->head)
        return rnl_fail_memory(memory->head_bytes);
    return read_from(from, memory->head, memory->head_bytes, 0);
}

static rnl_status read_data(file_memory *memory, const source *from)
{
    memory->data_bytes = from->size - memory->head_bytes;
    if (memory->data_bytes == 0)
        return RNL_OK;
    RNL_TRY(rnl_check_memory(from->path, memory->data_bytes));
    memory->data = malloc(memory->data_bytes);
    if (!memory->data)
        return rnl_fail_memory(memory->data_bytes);
    return read_from(from, memory->data, memory->data_bytes, memory->head_bytes);
}

static rnl_status parse_header(file_memory *memory, const char *path)
{
    const char *text = memory->head + RNL_SAFETENSORS_LENGTH_BYTES;
    const size_t length = memory->head_bytes - RNL_SAFETENSORS_LENGTH_BYTES;
    if (length == 0 || text[0] != '{')
        return rnl_fail(RNL_BAD_DATA, "%s: expected a safetensors header that begins with {", path);
    json_error_t error = {0};
    memory->header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (!memory->header && rnl_json_lacked_memory(&error))
        return rnl_fail_memory(length);
    if (!memory->header)
        return rnl_fail(RNL_BAD_DATA, "%s: expected a header of JSON, got a mistake at byte %d: %s",
                        path, error.position, error.text);
    return RNL_OK;
}

/* ---- metadata ------------------------------------------------------------------------------ */

static rnl_status list_metadata(rnl_safetensors *file, const json_t *header, const char *path)
{
    json_t *texts = json_object_get(header, RNL_SAFETENSORS_METADATA);
    if (!texts)
        return RNL_OK;
    if (!json_is_object(texts))
        return rnl_fail(RNL_BAD_DATA, "%s: %s: expected an object", path, RNL_SAFETENSORS_METADATA);
    const size_t bytes = json_object_size(texts) * sizeof *file->metadata;
    file->metadata = malloc(bytes + 1);
    if (!file->metadata)
        return rnl_fail_memory(bytes);
    const char *key;
    json_t *value;
    json_object_foreach(texts, key, value)
    {
        if (!json_is_string(value))
            return rnl_fail(RNL_BAD_DATA, "%s: %s: %s: expected a text", path,
                            RNL_SAFETENSORS_METADATA, key);
        file->metadata[file->metadata_count++] = (rnl_metadata){key, json_string_value(value)};
    }
    return RNL_OK;
}

static bool announces_digest(const rnl_safetensors *file)
{
    static const char prefix[] = RNL_SAFETENSORS_DIGEST_PREFIX;
    for (size_t i = 0; i < file->metadata_count; ++i)
        if (strcmp(file->metadata[i].key, RNL_SAFETENSORS_DIGEST_KEY) == 0 ||
            strncmp(file->metadata[i].value, prefix, sizeof prefix - 1) == 0)
            return true;
    return false;
}

/* Copies the digits out of the head and replaces them by '0', as the digest counts them. */
static rnl_status take_digest(char digits[RNL_DIGEST_DIGITS + 1], file_memory *memory,
                              const char *path)
{
    char *stored = rnl_safetensors_find_digest(memory->head, memory->head_bytes);
    if (!stored)
        return rnl_fail(RNL_BAD_DATA, "%s: damaged: its digest cannot be read", path);
    memcpy(digits, stored, RNL_DIGEST_DIGITS);
    digits[RNL_DIGEST_DIGITS] = '\0';
    memset(stored, '0', RNL_DIGEST_DIGITS);
    return RNL_OK;
}

static rnl_status compare_digests(const char *expected, const char *got, const char *path)
{
    if (strcmp(expected, got) != 0)
        return rnl_fail(RNL_BAD_DATA, "%s: damaged: expected contents of digest %s, got %s", path,
                        expected, got);
    return RNL_OK;
}

static rnl_status check_digest(rnl_safetensors *file, file_memory *memory, const char *path)
{
    file->has_digest = announces_digest(file);
    if (!file->has_digest)
        return RNL_OK;
    char expected[RNL_DIGEST_DIGITS + 1], got[RNL_DIGEST_DIGITS + 1];
    RNL_TRY(take_digest(expected, memory, path));
    const rnl_bytes parts[] = {{memory->head, memory->head_bytes},
                               {memory->data, memory->data_bytes}};
    RNL_TRY(rnl_digest(got, parts, 2));
    return compare_digests(expected, got, path);
}

/* ---- tensors ------------------------------------------------------------------------------- */

typedef struct extent {
    json_int_t begin, end; /* in the data, in bytes */
} extent;

typedef struct placed_tensor {
    rnl_tensor tensor;
    extent extent;
} placed_tensor;

static rnl_status read_shape(rnl_tensor *tensor, const json_t *shape, const char *path)
{
    if (!json_is_array(shape) || json_array_size(shape) > RNL_TENSOR_MAX_RANK)
        return rnl_fail(RNL_BAD_DATA, "%s: tensor %s: expected a shape of at most %d dimensions",
                        path, tensor->name, RNL_TENSOR_MAX_RANK);
    tensor->rank = json_array_size(shape);
    for (size_t i = 0; i < tensor->rank; ++i) {
        const json_t *size = json_array_get(shape, i);
        if (!json_is_integer(size) || json_integer_value(size) < 0)
            return rnl_fail(RNL_BAD_DATA,
                            "%s: tensor %s: expected dimensions that are integers from 0", path,
                            tensor->name);
        tensor->shape[i] = (size_t)json_integer_value(size);
    }
    return RNL_OK;
}

static rnl_status check_extent(const placed_tensor *placed, size_t data_bytes, const char *path)
{
    const rnl_tensor *tensor = &placed->tensor;
    const json_int_t begin = placed->extent.begin, end = placed->extent.end;
    if (begin < 0 || end < begin || (uint64_t)end > data_bytes)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: tensor %s: expected offsets within %zu bytes of data, got %lld to "
                        "%lld",
                        path, tensor->name, data_bytes, (long long)begin, (long long)end);
    size_t bytes = rnl_tensor_element_bytes(tensor);
    bool fits = true;
    for (size_t i = 0; i < tensor->rank; ++i)
        fits = !__builtin_mul_overflow(bytes, tensor->shape[i], &bytes) && fits;
    if (!fits || bytes != (size_t)(end - begin))
        return rnl_fail(RNL_BAD_DATA, "%s: tensor %s: its %lld bytes of data do not fit its shape",
                        path, tensor->name, (long long)(end - begin));
    return RNL_OK;
}

static rnl_status read_tensor(placed_tensor *placed, const char *name, json_t *description,
                              size_t data_bytes, const char *path)
{
    const char *type;
    json_t *shape;
    json_error_t error;
    *placed = (placed_tensor){.tensor.name = name};
    if (json_unpack_ex(description, &error, JSON_STRICT, "{s:s, s:o, s:[I, I]}", "dtype", &type,
                       "shape", &shape, "data_offsets", &placed->extent.begin,
                       &placed->extent.end) != 0)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: tensor %s: expected dtype, shape and data_offsets alone: %s", path,
                        name, error.text);
    placed->tensor.wide = strcmp(type, "F64") == 0;
    if (strcmp(type, "F32") != 0 && !placed->tensor.wide)
        return rnl_fail(RNL_BAD_DATA, "%s: tensor %s: expected elements of type F32 or F64, got %s",
                        path, name, type);
    RNL_TRY(read_shape(&placed->tensor, shape, path));
    return check_extent(placed, data_bytes, path);
}

static int compare_extents(const void *a, const void *b)
{
    const extent x = ((const placed_tensor *)a)->extent;
    const extent y = ((const placed_tensor *)b)->extent;
    if (x.begin != y.begin)
        return x.begin < y.begin ? -1 : 1;
    return (x.end > y.end) - (x.end < y.end);
}

/* Places tensors in the order of their data, which they must fill without gap or overlap. */
static rnl_status place_tensors(rnl_safetensors *file, placed_tensor *placed, size_t count,
                                const file_memory *memory, const char *path)
{
    qsort(placed, count, sizeof *placed, compare_extents);
    json_int_t position = 0;
    for (size_t i = 0; i < count; ++i) {
        if (placed[i].extent.begin != position)
            return rnl_fail(RNL_BAD_DATA,
                            "%s: tensor %s: expected its data at byte %lld, without hole or "
                            "overlap, got byte %lld",
                            path, placed[i].tensor.name, (long long)position,
                            (long long)placed[i].extent.begin);
        file->tensors[i] = placed[i].tensor;
        if (memory->data && placed[i].tensor.wide)
            file->tensors[i].wide_values = memory->data + position;
        else if (memory->data)
            file->tensors[i].values = (const float *)(const void *)(memory->data + position);
        position = placed[i].extent.end;
    }
    if ((size_t)position != memory->data_bytes)
        return rnl_fail(RNL_BAD_DATA, "%s: expected %lld bytes of data, got %zu", path,
                        (long long)position, memory->data_bytes);
    file->tensor_count = count;
    return RNL_OK;
}

static rnl_status read_tensors(placed_tensor *placed, size_t *count, const file_memory *memory,
                               const char *path)
{
    const char *name;
    json_t *description;
    json_object_foreach(memory->header, name,
                        description) if (strcmp(name, RNL_SAFETENSORS_METADATA) != 0)
        RNL_TRY(read_tensor(&placed[(*count)++], name, description, memory->data_bytes, path));
    return RNL_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp((*(const rnl_tensor *const *)a)->name, (*(const rnl_tensor *const *)b)->name);
}

static rnl_status sort_by_name(rnl_safetensors *file)
{
    const size_t bytes = file->tensor_count * sizeof(const rnl_tensor *);
    file->by_name = malloc(bytes + 1);
    if (!file->by_name)
        return rnl_fail_memory(bytes);
    for (size_t i = 0; i < file->tensor_count; ++i)
        file->by_name[i] = &file->tensors[i];
    qsort(file->by_name, file->tensor_count, sizeof *file->by_name, compare_names);
    return RNL_OK;
}

static rnl_status list_tensors(rnl_safetensors *file, const file_memory *memory, const char *path)
{
    const size_t limit = json_object_size(memory->header);
    placed_tensor *placed = malloc(limit * sizeof *placed + 1);
    file->tensors = malloc(limit * sizeof *file->tensors + 1);
    size_t count = 0;
    rnl_status status = placed && file->tensors ? read_tensors(placed, &count, memory, path)
                                                : rnl_fail_memory(limit * sizeof *placed);
    if (status == RNL_OK)
        status = place_tensors(file, placed, count, memory, path);
    if (status == RNL_OK)
        status = sort_by_name(file);
    free(placed);
    return status;
}

/* ---- the file ------------------------------------------------------------------------------ */

static rnl_status read_parts(file_memory *memory, const source *from)
{
    RNL_TRY(read_head(memory, from));
    RNL_TRY(parse_header(memory, from->path));
    return read_data(memory, from);
}

static rnl_status build(rnl_safetensors *file, file_memory *memory, const source *from)
{
    RNL_TRY(read_parts(memory, from));
    RNL_TRY(list_metadata(file, memory->header, from->path));
    RNL_TRY(check_digest(file, memory, from->path));
    return list_tensors(file, memory, from->path);
}

static rnl_status read_source(rnl_safetensors *file, const source *from)
{
    file_memory *memory = calloc(1, sizeof *memory);
    if (!memory)
        return rnl_fail_memory(sizeof *memory);
    rnl_safetensors built = {.memory = memory};
    const rnl_status status = build(&built, memory, from);
    if (status != RNL_OK) {
        rnl_safetensors_release(&built);
        return status;
    }
    *file = built;
    return RNL_OK;
}

rnl_status rnl_safetensors_read(rnl_safetensors *file, const char *path)
{
    source from = {.path = path};
    RNL_TRY(rnl_model_input_open(&from.descriptor, &from.size, path));
    const rnl_status status = read_source(file, &from);
    close(from.descriptor);
    return status;
}

rnl_status rnl_safetensors_read_memory(rnl_safetensors *file, const char *name, const void *bytes,
                                       size_t count)
{
    return read_source(file,
                       &(const source){.path = name, .bytes = bytes, .size = bytes ? count : 0});
}

void rnl_safetensors_release(rnl_safetensors *file)
{
    free(file->by_name);
    free(file->tensors);
    free(file->metadata);
    release_memory(file->memory);
    *file = (rnl_safetensors){0};
}

static rnl_status verify(file_memory *memory, const source *from)
{
    char expected[RNL_DIGEST_DIGITS + 1], got[RNL_DIGEST_DIGITS + 1];
    RNL_TRY(read_head(memory, from));
    RNL_TRY(take_digest(expected, memory, from->path));
    const rnl_bytes head = {memory->head, memory->head_bytes};
    RNL_TRY(
        rnl_digest_file(got, head, from->descriptor, memory->head_bytes, from->size, from->path));
    return compare_digests(expected, got, from->path);
}

rnl_status rnl_safetensors_verify(const char *path)
{
    source from = {.path = path};
    file_memory memory = {0};
    RNL_TRY(rnl_model_input_open(&from.descriptor, &from.size, path));
    const rnl_status status = verify(&memory, &from);
    free(memory.head);
    close(from.descriptor);
    return status;
}

static int compare_name(const void *name, const void *tensor)
{
    return strcmp(name, (*(const rnl_tensor *const *)tensor)->name);
}

const rnl_tensor *rnl_safetensors_tensor(const rnl_safetensors *file, const char *name)
{
    const rnl_tensor *const *found =
        bsearch(name, file->by_name, file->tensor_count, sizeof *file->by_name, compare_name);
    return found ? *found : NULL;
}

const char *rnl_safetensors_metadata(const rnl_safetensors *file, const char *key)
{
    for (size_t i = 0; i < file->metadata_count; ++i)
        if (strcmp(file->metadata[i].key, key) == 0)
            return file->metadata[i].value;
    return NULL;
}
