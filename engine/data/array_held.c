/*
 * Inputs of the rows that this rank holds, read from their file in pieces: rows that are near each
 * other at once, with what lies between them.
 */
#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/base/number.h"
#include "engine/data/array.h"
#include "engine/storage/input_file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)4 << 20) /* at most, but at least a row */
#define GAP_BYTES   ((size_t)64 << 10)

typedef struct held_file {
    rnl_array array; /* its header */
    int descriptor;
    size_t row_bytes, columns;
    rnl_dataset *dataset;
    rnl_array piece; /* rows of it that are read at once */
} held_file;

/* The row behind those from `first` on that are read together. */
static size_t piece_end(const held_file *file, size_t first, size_t end)
{
    const uint64_t *origins = file->dataset->origins;
    const size_t most = PIECE_BYTES / file->row_bytes, gap = GAP_BYTES / file->row_bytes + 1;
    size_t i = first + 1;
    while (i < end && origins[i] - origins[first] < most && origins[i] - origins[i - 1] <= gap)
        ++i;
    return i;
}

static rnl_status take_row(const held_file *file, size_t row)
{
    const rnl_dataset *dataset = file->dataset;
    const size_t first = (dataset->origins[row] - file->piece.first) * file->columns;
    char *to = (char *)dataset->inputs + row * rnl_dataset_input_bytes(dataset);
    double number;
    if (dataset->element == RNL_UINT8) {
        memcpy(to, file->piece.bytes + first, file->columns);
        return RNL_OK;
    }
    for (size_t j = 0; j < file->columns; ++j) {
        RNL_TRY(rnl_array_number(&file->piece, first + j, &number));
        rnl_element_put(dataset->element, to, j, number);
    }
    return RNL_OK;
}

static rnl_status read_piece(held_file *file, size_t first, size_t end)
{
    const uint64_t *origins = file->dataset->origins;
    rnl_array *piece = &file->piece;
    piece->first = origins[first];
    piece->shape[0] = origins[end - 1] - origins[first] + 1;
    piece->count = piece->shape[0] * file->columns;
    RNL_TRY(rnl_input_read(file->descriptor, piece->path, piece->bytes,
                           piece->shape[0] * file->row_bytes,
                           file->array.begin + piece->first * file->row_bytes));
    for (size_t i = first; i < end; ++i)
        RNL_TRY(take_row(file, i));
    return RNL_OK;
}

static rnl_status read_rows(held_file *file)
{
    const rnl_row_parts *parts = file->dataset->parts;
    for (size_t run = 0; run < parts->count; ++run) {
        const size_t end = parts->ends[run];
        for (size_t first = rnl_parts_begin(parts, run), next;
             first < end && rnl_parts_own(parts, run); first = next) {
            next = piece_end(file, first, end);
            RNL_TRY(read_piece(file, first, next));
        }
    }
    return RNL_OK;
}

/* The file may be another one by now. */
static rnl_status check_same(const held_file *file)
{
    const rnl_array *array = &file->array;
    const rnl_dataset *dataset = file->dataset;
    const bool bytes = array->type.kind == RNL_UNSIGNED && array->type.size == 1;
    return array->plain && !array->first_index_fastest && file->columns == dataset->features &&
                   dataset->origins[dataset->rows - 1] < array->shape[0] &&
                   bytes == (dataset->element == RNL_UINT8)
               ? RNL_OK
               : rnl_fail(RNL_BAD_DATA, "%s: has changed while it was read", array->path);
}

void rnl_array_list_files(const char *paths[RNL_MOST_FILES], const void *parameters)
{
    const rnl_array_files *files = parameters;
    paths[0] = files->inputs;
    paths[1] = files->targets;
    paths[2] = files->sample_weight;
}

rnl_status rnl_array_read_held(rnl_dataset *dataset, rnl_array_header *header,
                               const rnl_array_files *files)
{
    held_file file = {.dataset = dataset};
    uint64_t size;
    RNL_TRY(rnl_array_open(&file.array, header, files->inputs));
    file.columns = file.array.count / file.array.shape[0];
    file.row_bytes = file.columns * file.array.type.size;
    file.piece = file.array;
    RNL_TRY(check_same(&file));
    RNL_TRY(rnl_allocate_rows(
        &file.piece.bytes, files->inputs, 1,
        rnl_least(PIECE_BYTES + file.row_bytes, file.array.shape[0] * file.row_bytes), 1));
    rnl_status status = rnl_input_open(&file.descriptor, &size, files->inputs);
    if (status == RNL_OK) {
        status = read_rows(&file);
        close(file.descriptor);
    }
    free(file.piece.bytes);
    return status;
}
